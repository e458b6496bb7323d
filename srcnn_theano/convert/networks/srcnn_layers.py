"""SRCNN as Caffe, Keras, PyTorch and NumPy files hold it: three convolutions."""

from __future__ import annotations

from itertools import permutations
from typing import Any, Iterable, Mapping, Sequence

import numpy as np

from srcnn_theano.convert.networks.layers import Layer, in_sequence, layers_of

# (maps out, maps in, rows, cols) from that, and from (rows, cols, maps in, maps out).
_ORDERS = ((0, 1, 2, 3), (3, 2, 0, 1))


def is_srcnn_layers(arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether these arrays, by name, are three convolutions, one behind the other."""
    return bool(_readings(arrays))


def from_srcnn_layers(
    arrays: Mapping[str, np.ndarray],
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Three banks of filters and biases, one behind the other.

    Filters are correlations on Y or RGB in [0, 1], in the order (maps out, maps in,
    rows, cols) of Caffe and PyTorch or (rows, cols, maps in, maps out) of TensorFlow;
    the shapes tell which.

    Returns
    -------
    (options, values) of an SRCNN

    Raises
    ------
    ValueError
        The filters have no odd sides, or fit together in more than one order.
    """
    readings = _readings(arrays)
    if len(readings) > 1:
        raise ValueError("its filters fit together in more than one order")
    values: dict[str, np.ndarray] = {}
    sizes = []
    for i, (filters, biases) in enumerate(readings[0], start=1):
        rows, cols = filters.shape[2:]
        if rows != cols or rows % 2 == 0:
            raise ValueError(
                f"layer {i} has filters of {rows}x{cols}; those of SRCNN are squares "
                "with an odd side"
            )
        sizes.append(rows)
        values[f"conv{i}.W"] = np.ascontiguousarray(filters, "float32")
        values[f"conv{i}.b"] = biases.astype("float32")
    options = {
        "channels": len(values["conv3.b"]),
        "n_filters": [len(values["conv1.b"]), len(values["conv2.b"])],
        "filter_sizes": sizes,
    }
    return options, values


def _readings(
    arrays: Mapping[str, np.ndarray],
) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    """Each way to read the arrays as three layers of (filters, biases) that fit.

    Where the layers do not fit in the order of their numbers or of the file, the maps
    that go in and out tell it; of these there are more than channels.
    """
    layers = layers_of(arrays)
    if layers is None or len(layers) != 3:
        return []
    told = in_sequence(layers, layers) or layers
    return _fitting([told]) or [
        [first, second, last]
        for first, second, last in _fitting(permutations(layers))
        if min(len(first[1]), len(second[1])) > len(last[1])
    ]


def _fitting(
    sequences: Iterable[Sequence[Layer]],
) -> list[list[tuple[np.ndarray, np.ndarray]]]:
    readings = []
    for layers in sequences:
        for order in _ORDERS:
            banks = [
                (layer.filters.transpose(order), layer.vector)
                for layer in layers
                if layer.filters is not None
            ]
            if len(banks) == 3 and _fits(banks):
                readings.append(banks)
    return readings


def _fits(banks: list[tuple[np.ndarray, np.ndarray]]) -> bool:
    n_in = n_channels = banks[0][0].shape[1]
    for filters, biases in banks:
        if filters.shape[1] != n_in or filters.shape[0] != len(biases):
            return False
        n_in = len(filters)
    return n_in == n_channels and n_channels in (1, 3)
