"""SRCNN of Dong et al., as the MATLAB files of its authors hold it."""

from __future__ import annotations

from typing import Any, Mapping

import numpy as np

from srcnn_theano.convert.networks.patches import square_filters


def is_srcnn_mat(arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether these arrays, by name, are those of such a file."""
    n_axes = {"weights_conv1": 2, "weights_conv2": 3, "weights_conv3": 2}
    n_axes.update({"biases_conv1": 2, "biases_conv2": 2, "biases_conv3": 2})
    return set(n_axes) <= set(arrays) and all(
        arrays[name].ndim == n and arrays[name].dtype.kind == "f"
        for name, n in n_axes.items()
    )


def from_srcnn_mat(
    arrays: Mapping[str, np.ndarray],
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The arrays of Dong et al.'s demo: correlations on Y in [0, 1].

    weights_conv1 is (patch, maps out), weights_conv2 (maps in, patch, maps out) and
    weights_conv3 (maps in, patch); see `patches`.

    Returns
    -------
    (options, values) of an SRCNN

    Raises
    ------
    ValueError
        The arrays do not fit together.
    """
    banks = (  # (maps in, patch, maps out)
        arrays["weights_conv1"][np.newaxis],
        arrays["weights_conv2"],
        arrays["weights_conv3"][:, :, np.newaxis],
    )
    values: dict[str, np.ndarray] = {}
    n_out = 1
    for i, bank in enumerate(banks, start=1):
        name = f"weights_conv{i}"
        filters = square_filters(name, bank.transpose(2, 0, 1))
        if filters.shape[1] != n_out:
            raise ValueError(
                f"{name} takes {filters.shape[1]} maps, the layer before gives {n_out}"
            )
        n_out = filters.shape[0]
        bias = arrays[f"biases_conv{i}"].ravel()
        if bias.size != n_out:
            raise ValueError(f"{name} gives {n_out} maps and has {bias.size} biases")
        values[f"conv{i}.W"] = filters
        values[f"conv{i}.b"] = bias.astype("float32")
    options = {
        "channels": 1,
        "n_filters": [len(values["conv1.b"]), len(values["conv2.b"])],
        "filter_sizes": [values[f"conv{i}.W"].shape[2] for i in (1, 2, 3)],
    }
    return options, values
