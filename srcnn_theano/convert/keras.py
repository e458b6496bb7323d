"""Arrays of Keras' weight files."""

import numpy as np

from srcnn_theano.errors import UserError


def read_keras(path):
    """Arrays of a Keras file (.h5 of Keras 1 to 3), by path: ``block1_conv1/kernel:0``.

    Kernels come as correlations. Those in Theano's order (maps out, maps in, rows,
    cols) are of Keras 1, whose Theano side convolved: they are flipped here. From
    Keras 2 on files have one order, (rows, cols, maps in, maps out).
    """
    import h5py

    arrays = {}

    def collect(name, item):
        if isinstance(item, h5py.Dataset):
            arrays[name] = _correlation(np.asarray(item))

    with h5py.File(str(path), "r") as file:
        # A whole model keeps its weights apart from the optimiser's.
        weights = file.get("model_weights", file)
        _refuse_unsuited(path, file.attrs, weights.attrs)
        weights.visititems(collect)
    return arrays


def _correlation(array):
    if array.ndim != 4 or sum(array.shape[2:]) >= sum(array.shape[:2]):
        return array
    return array[:, :, ::-1, ::-1]


def _refuse_unsuited(path, *attributes):
    for attrs in attributes:
        if _text(attrs.get("format")).startswith("srcnn_theano"):
            raise UserError(
                f"{path}: is a file of srcnn_theano already; convert the file it was "
                "made from, or write trained weights as OUT.onnx"
            )
        if _text(attrs.get("backend")) == "theano":
            # Flipped kernels in the new order, and no word on how maps are flattened.
            raise UserError(
                f"{path}: written by Keras 2 with Theano, which does not say the order "
                "of its arrays; load it with TensorFlow and save it again"
            )


def _text(value):
    return value.decode() if isinstance(value, bytes) else str(value)
