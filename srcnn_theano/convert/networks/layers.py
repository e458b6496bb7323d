"""Arrays of a file, put together to layers by their names and shapes."""

from __future__ import annotations

import re
from typing import Any, Iterable, Mapping, NamedTuple, Sequence

import numpy as np

# The end of a name that says what an array is to its layer: ``conv1.weight``,
# ``conv2d/kernel:0``, ``convolution2d_1_W:0``, Caffe's ``conv1.0``, ``conv1_W``.
_ROLE = re.compile(r"[./_](weights?|bias(es)?|kernel|alpha|W|b|[01])(:0)?$")
_MOST_LAYERS = 100


class Layer(NamedTuple):
    """A layer of a convolutional network.

    Attributes
    ----------
    name : str
        What the names of its arrays begin with.
    filters : array of 4 axes, or None
    vector : array of 1 axis
        Biases; slopes where there are no filters.
    """

    name: str
    filters: np.ndarray | None
    vector: np.ndarray


def natural(name: str) -> list[Any]:
    """A key by which layer_10 comes after layer_9."""
    parts = re.split(r"([0-9]{1,9})", name)
    return [int(x) if i % 2 else x for i, x in enumerate(parts)]


def layers_of(arrays: Mapping[str, np.ndarray]) -> list[Layer] | None:
    """The layers of a network that has only filters with biases, and slopes.

    Returns
    -------
    list of Layer, in the order of the file; None where there are other arrays
    """
    groups: dict[str, list[np.ndarray]] = {}
    for name, array in arrays.items():
        if not name.lower().startswith("optimizer"):
            groups.setdefault(_ROLE.sub("", name), []).append(array)
    if len(groups) > _MOST_LAYERS:
        return None
    layers = [_layer(name, arrays) for name, arrays in groups.items()]
    return None if None in layers else [x for x in layers if x is not None]


def by_name(layers: Iterable[Layer]) -> list[Layer]:
    """The layers by their names, with layer_10 after layer_9."""
    return sorted(layers, key=lambda layer: natural(layer.name))


def in_sequence(some: Sequence[Layer], layers: Sequence[Layer]) -> list[Layer] | None:
    """Some of a file's layers as data pass them: by their numbers, or else as they lie.

    Returns
    -------
    list of Layer
        None where names have no numbers, and the file has its arrays by the alphabet,
        which tells nothing.
    """
    sorted_ = by_name(some)
    if all(_is_counted(a.name, b.name) for a, b in zip(sorted_, sorted_[1:])):
        return sorted_
    names = [layer.name for layer in layers]
    if names == sorted(names):
        return None
    return [layer for layer in layers if any(layer is x for x in some)]


def _is_counted(name: str, after: str) -> bool:
    """Whether a number makes the difference: conv2 and conv3, conv and conv_1."""
    if after.startswith(name):
        return True
    parts = zip(natural(name), natural(after))
    return isinstance(next(a for a, b in parts if a != b), int)


def _layer(name: str, arrays: Sequence[np.ndarray]) -> Layer | None:
    if any(array.dtype.kind != "f" or not array.size for array in arrays):
        return None
    if len(arrays) == 1 and _is_vector(arrays[0]):
        return Layer(name, None, arrays[0].ravel())
    if len(arrays) != 2:
        return None
    for filters, biases in (arrays, arrays[::-1]):
        if filters.ndim == 4 and _is_vector(biases):
            return Layer(name, filters, biases.ravel())
    return None


def _is_vector(array: np.ndarray) -> bool:
    """Whether it has one axis; Caffe once gave four to everything: (1, 1, 1, maps)."""
    return array.ndim == 1 or (array.ndim == 4 and array.shape[:3] == (1, 1, 1))
