"""FSRCNN of Dong et al., as the MATLAB files of its authors hold it."""

from __future__ import annotations

from typing import Any, Mapping

import numpy as np

from srcnn_theano.convert.networks.patches import square_filters

_CELLS = ("weights_conv", "biases_conv", "prelu_conv")
# Rows and columns that are cut off the first stamp, by scale: as the authors trained.
_CROPS = {2: 4, 3: 3, 4: 4}


def is_fsrcnn_mat(arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether these arrays, by name, are those of such a file."""
    return set(_CELLS) <= set(arrays) and all(
        arrays[name].dtype == object and arrays[name].size >= 4 for name in _CELLS
    )


def from_fsrcnn_mat(
    arrays: Mapping[str, np.ndarray], scale: int
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """The cells of Dong et al.'s demo: correlations on Y in [0, 1], then stamps.

    Cell l of weights_conv is (maps in, patch, maps out), the last cell (1, patch, maps
    in) of the deconvolution; see `patches`. prelu_conv has a slope for each
    convolution. The scale, 2 to 4, is told by no array.

    Returns
    -------
    (options, values) of an FSRCNN

    Raises
    ------
    ValueError
        The arrays do not fit together.
    """
    weights, biases, slopes = (list(arrays[name].ravel()) for name in _CELLS)
    n = len(weights) - 1
    if len(biases) != n + 1 or len(slopes) < n:
        raise ValueError(
            f"it has {n + 1} banks of filters, {len(biases)} of biases and "
            f"{len(slopes)} slopes"
        )
    values: dict[str, np.ndarray] = {}
    n_out = 1
    for i in range(n):
        filters = square_filters(f"layer {i + 1}", weights[i].transpose(2, 0, 1))
        if filters.shape[1] != n_out:
            raise ValueError(
                f"layer {i + 1} takes {filters.shape[1]} maps, the layer before gives "
                f"{n_out}"
            )
        n_out = filters.shape[0]
        values[f"conv{i + 1}.W"] = filters
        values[f"conv{i + 1}.b"] = _vector(i, biases[i], n_out)
        values[f"prelu{i + 1}.a"] = _vector(i, slopes[i], 1)
    values["deconv.W"] = square_filters(f"layer {n + 1}", weights[n].transpose(2, 0, 1))
    if values["deconv.W"].shape[:2] != (n_out, 1):
        raise ValueError(
            f"the deconvolution takes {len(values['deconv.W'])} maps, the layer before "
            f"gives {n_out}"
        )
    values["deconv.b"] = _vector(n, biases[n], 1)
    options = {
        "channels": 1,
        "scale": scale,
        "d": len(values["conv1.b"]),
        "s": len(values["conv2.b"]),
        "m": n - 3,
        "n_deconv": n_out,
        "deconv_size": values["deconv.W"].shape[2],
        "slopes": "layer",
        "crop": _CROPS[scale],
    }
    return options, values


def _vector(i: int, values: np.ndarray, n: int) -> np.ndarray:
    if values.size != n:
        raise ValueError(f"layer {i + 1} has {values.size} values where {n} belong")
    return values.ravel().astype("float32")
