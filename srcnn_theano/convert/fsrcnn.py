"""FSRCNN of Dong et al., as the MATLAB files of its authors hold it."""

import numpy as np

_CELLS = ("weights_conv", "biases_conv", "prelu_conv")


def is_fsrcnn_mat(arrays):
    """Whether these arrays, by name, are of one of their files."""
    return set(_CELLS) <= set(arrays) and all(
        arrays[name].dtype == object and arrays[name].size >= 4 for name in _CELLS
    )


def from_fsrcnn_mat(arrays):
    """The cells of Dong et al.'s demo: correlations on Y in [0, 1], then stamps.

    Cell l of weights_conv is (maps in, patch, maps out), the last one (1, patch, maps
    in) of the deconvolution; each patch is a square in MATLAB's order, column after
    column. prelu_conv has one slope for each convolution. The first stamp is cut by
    four rows and columns, as their training definition has it.
    """
    weights, biases, slopes = (list(arrays[name].ravel()) for name in _CELLS)
    n = len(weights) - 1
    if len(biases) != n + 1 or len(slopes) < n:
        raise ValueError(
            f"it has {n + 1} banks of filters, {len(biases)} of biases and "
            f"{len(slopes)} slopes"
        )
    values, n_out = {}, 1
    for i in range(n):
        filters = _filters(i, weights[i].transpose(2, 0, 1))
        if filters.shape[1] != n_out:
            raise ValueError(
                f"layer {i + 1} takes {filters.shape[1]} maps, the layer before gives "
                f"{n_out}"
            )
        n_out = filters.shape[0]
        values[f"conv{i + 1}.W"] = filters
        values[f"conv{i + 1}.b"] = _vector(i, biases[i], n_out)
        values[f"prelu{i + 1}.a"] = _vector(i, slopes[i], 1)
    values["deconv.W"] = _filters(n, weights[n].transpose(2, 0, 1))
    if values["deconv.W"].shape[:2] != (n_out, 1):
        raise ValueError(
            "the deconvolution takes {} maps, the layer before gives {}".format(
                values["deconv.W"].shape[0], n_out
            )
        )
    values["deconv.b"] = _vector(n, biases[n], 1)
    options = {
        "channels": 1,
        "d": len(values["conv1.b"]),
        "s": len(values["conv2.b"]),
        "m": n - 3,
        "n_deconv": n_out,
        "deconv_size": values["deconv.W"].shape[2],
        "slopes": "layer",
        "crop": 4,
    }
    return options, values


def _filters(i, bank):
    """(maps, maps, patch) -> (maps, maps, rows, cols), float32."""
    size = int(round(bank.shape[2] ** 0.5))
    if size * size != bank.shape[2] or size % 2 == 0:
        raise ValueError(
            f"layer {i + 1} has patches of {bank.shape[2]} values, not an odd square"
        )
    # (maps, maps, cols, rows), then rows before cols
    filters = bank.reshape(bank.shape[:2] + (size, size)).transpose(0, 1, 3, 2)
    return np.ascontiguousarray(filters, dtype="float32")


def _vector(i, values, n):
    if values.size != n:
        raise ValueError(f"layer {i + 1} has {values.size} values where {n} belong")
    return values.ravel().astype("float32")
