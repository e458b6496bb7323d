"""Arrays of Caffe's binary models.

A ``.caffemodel`` is one message of Google's Protocol Buffers: fields of a number, a
kind and a value, messages within messages. Four of Caffe's messages matter here, so
this reads them by itself. Their numbers stand in caffe.proto.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import numpy as np

from srcnn_theano.convert.readers.bounds import n_values

# NetParameter: the field that holds layers, and in a layer those of name and blobs.
_LAYERS = {
    2: (4, 6),  # V1LayerParameter, until 2014
    100: (1, 7),  # LayerParameter
}
# BlobProto
_OLD_SHAPE, _NEW_SHAPE = (1, 2, 3, 4), 7  # num, channels, height, width; BlobShape
_DATA = {5: "<f4", 8: "<f8"}

_MOST_FIELDS = 1000000


def read_caffe(path: Path) -> dict[str, np.ndarray]:
    """The blobs of a .caffemodel: ``conv1_1.0`` (filters), ``conv1_1.1`` (biases)."""
    # Mapped, not read: of half a gigabyte only the layers that are used are loaded.
    content: Any = np.memmap(path, np.uint8, "r")
    arrays = {}
    left = iter(range(_MOST_FIELDS))
    for number, value in _fields(memoryview(content), left):
        if number in _LAYERS and not isinstance(value, int):
            name_field, blob_field = _LAYERS[number]
            fields = list(_fields(value, left))
            names = [bytes(x).decode() for n, x in fields if n == name_field]
            blobs = [_blob(x, left) for n, x in fields if n == blob_field]
            for i, blob in enumerate(blobs):
                arrays[f"{names[0]}.{i}"] = blob
    if not arrays:
        raise ValueError("it has no layers with weights")
    return arrays


def _fields(message: memoryview, left: Iterator[int]) -> Iterator[tuple[int, Any]]:
    """(number, value) of each field; a value is an int, or bytes.

    Raises
    ------
    ValueError
        It is damaged, or `left`, of which a number is taken for each field, is empty.
    """
    at = 0
    value: Any
    while at < len(message):
        if next(left, None) is None:
            raise ValueError(f"more than {_MOST_FIELDS} fields")
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value, at = _varint(message, at)
        elif kind in (1, 2, 5):
            length, at = _varint(message, at) if kind == 2 else ({1: 8, 5: 4}[kind], at)
            if at + length > len(message):
                raise ValueError("it ends within a field")
            value, at = message[at : at + length], at + length
        else:
            raise ValueError(f"a field of kind {kind}")
        yield number, value


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    """An integer of seven bits a byte, the lowest first; and where it ends."""
    value = 0
    for i in range(10):
        byte = message[at + i]
        value |= (byte & 127) << 7 * i
        if byte < 128:
            return value, at + i + 1
    raise ValueError("an integer of more than ten bytes")


def _blob(message: memoryview, left: Iterator[int]) -> np.ndarray:
    old_shape: dict[int, int] = {}
    shape: list[int] | None = None
    parts = []
    for number, value in _fields(message, left):
        if number in _OLD_SHAPE:
            old_shape[number] = value
        elif number == _NEW_SHAPE:
            shape = [n for _, dims in _fields(value, left) for n in _dims(dims)]
        elif number in _DATA:
            parts.append(np.frombuffer(value, _DATA[number]))
    if shape is None:
        shape = [old_shape.get(number, 1) for number in _OLD_SHAPE]
    data = parts[0] if len(parts) == 1 else np.concatenate(parts)
    if n_values(shape) != len(data):
        raise ValueError(f"{len(data)} values for an array of {n_values(shape)}")
    return data.reshape(shape)


def _dims(value: Any) -> list[int]:
    """The lengths in a field: a number, or several packed into bytes."""
    if isinstance(value, int):
        return [value]
    dims, at = [], 0
    while at < len(value):
        n, at = _varint(value, at)
        dims.append(n)
    return dims
