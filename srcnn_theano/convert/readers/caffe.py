"""Arrays of Caffe's binary models.

A ``.caffemodel`` is one message of Google's Protocol Buffers. Four of Caffe's messages
matter here, so this reads them by itself. Their numbers stand in caffe.proto.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from srcnn_theano.convert.readers.bounds import n_values
from srcnn_theano.convert.readers.protobuf import Message, integers

# NetParameter: the field that holds layers, and in a layer those of name and blobs.
_LAYERS = {
    2: (4, 6),  # V1LayerParameter, until 2014
    100: (1, 7),  # LayerParameter
}
# BlobProto
_OLD_SHAPE, _NEW_SHAPE = (1, 2, 3, 4), 7  # num, channels, height, width; BlobShape
_DATA = {5: "<f4", 8: "<f8"}


def read_caffe(path: Path) -> dict[str, np.ndarray]:
    """The blobs of a .caffemodel: ``conv1_1.0`` (filters), ``conv1_1.1`` (biases)."""
    arrays = {}
    # Of half a gigabyte only the layers that are used are loaded.
    for number, value in Message.in_file(path).fields():
        if number in _LAYERS and isinstance(value, Message):
            name_field, blob_field = _LAYERS[number]
            fields = list(value.fields())
            names = [x.text() for n, x in fields if n == name_field]
            blobs = [_blob(x) for n, x in fields if n == blob_field]
            for i, blob in enumerate(blobs):
                arrays[f"{names[0]}.{i}"] = blob
    if not arrays:
        raise ValueError("it has no layers with weights")
    return arrays


def _blob(message: Message) -> np.ndarray:
    old_shape: dict[int, int] = {}
    shape: list[int] | None = None
    parts = []
    for number, value in message.fields():
        if number in _OLD_SHAPE:
            old_shape[number] = value
        elif number == _NEW_SHAPE:
            shape = [n for _, dims in value.fields() for n in integers(dims)]
        elif number in _DATA:
            parts.append(value.numbers(_DATA[number]))
    if shape is None:
        shape = [old_shape.get(number, 1) for number in _OLD_SHAPE]
    data = parts[0] if len(parts) == 1 else np.concatenate(parts)
    if n_values(shape) != len(data):
        raise ValueError(f"{len(data)} values for an array of {n_values(shape)}")
    return data.reshape(shape)
