"""SRCNN of Dong et al., as the MATLAB files of its authors hold it."""

import numpy as np


def is_srcnn_mat(arrays):
    """Whether these arrays, by name, are of one of their files."""
    n_axes = {"weights_conv1": 2, "weights_conv2": 3, "weights_conv3": 2}
    n_axes.update({"biases_conv1": 2, "biases_conv2": 2, "biases_conv3": 2})
    return set(n_axes) <= set(arrays) and all(
        arrays[name].ndim == n and arrays[name].dtype.kind == "f"
        for name, n in n_axes.items()
    )


def from_srcnn_mat(arrays):
    """The arrays of Dong et al.'s demo: correlations on Y in [0, 1].

    weights_conv1 is (patch, maps out), weights_conv2 (maps in, patch, maps out) and
    weights_conv3 (maps in, patch), each patch a square in MATLAB's order, column after
    column.
    """
    banks = (  # (maps in, patch, maps out)
        arrays["weights_conv1"][np.newaxis],
        arrays["weights_conv2"],
        arrays["weights_conv3"][:, :, np.newaxis],
    )
    values, n_out = {}, 1
    for i, bank in enumerate(banks, start=1):
        name = f"weights_conv{i}"
        n_in, patch, n_maps = bank.shape
        size = int(round(patch**0.5))
        if size * size != patch or size % 2 == 0:
            raise ValueError(f"{name} has patches of {patch} values, not an odd square")
        if n_in != n_out:
            raise ValueError(
                f"{name} takes {n_in} maps, the layer before gives {n_out}"
            )
        n_out = n_maps
        bias = arrays[f"biases_conv{i}"].ravel()
        if bias.size != n_out:
            raise ValueError(f"{name} gives {n_out} maps and has {bias.size} biases")
        # (maps out, maps in, cols, rows), then rows before cols
        filters = bank.transpose(2, 0, 1).reshape(n_out, n_in, size, size)
        filters = filters.transpose(0, 1, 3, 2)
        values[f"conv{i}.W"] = filters.astype("float32")
        values[f"conv{i}.b"] = bias.astype("float32")
    options = {
        "channels": 1,
        "n_filters": [len(values["conv1.b"]), len(values["conv2.b"])],
        "filter_sizes": [values[f"conv{i}.W"].shape[2] for i in (1, 2, 3)],
    }
    return options, values
