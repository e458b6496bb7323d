"""Arrays of TensorFlow's frozen graphs.

A ``.pb`` is a GraphDef, one message of Google's Protocol Buffers: nodes with a name, an
operation and attributes. Its weights are the values of the nodes 'Const'. The numbers
of the fields stand in TensorFlow's graph.proto, node_def.proto, attr_value.proto,
tensor.proto and tensor_shape.proto.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from srcnn_theano.convert.readers.bounds import LARGEST, most_unpacked, n_values
from srcnn_theano.convert.readers.protobuf import Message, integers

_NODE = 1  # of a GraphDef
_NAME, _OPERATION, _ATTRIBUTES = 1, 2, 5  # of a NodeDef
_KEY, _VALUE = 1, 2  # of an entry of a map
_TENSOR = 8  # of an AttrValue
_DTYPE, _SHAPE, _CONTENT = 1, 2, 4  # of a TensorProto
_AXIS, _LENGTH = 2, 1  # of a TensorShapeProto, of a Dim
# Of a type the name in NumPy, and the field that holds values which are not in
# `_CONTENT`.
_TYPES = {1: ("<f4", 5), 2: ("<f8", 6)}


def read_tensorflow(path: Path) -> dict[str, np.ndarray]:
    """The constant float arrays of a frozen graph, by the names of their nodes."""
    arrays: dict[str, np.ndarray] = {}
    left = LARGEST
    for number, node in Message.in_file(path).fields():
        if number != _NODE or not isinstance(node, Message):
            continue
        fields = list(node.fields())
        if [x.text() for n, x in fields if n == _OPERATION] != ["Const"]:
            continue
        names = [x.text() for n, x in fields if n == _NAME]
        for entry in (x for n, x in fields if n == _ATTRIBUTES):
            array = _value(entry)
            if array is not None:
                arrays[names[0]] = array
                left -= array.nbytes
                if left < 0:
                    raise ValueError(f"more than {LARGEST >> 20} MB of values")
    if not arrays:
        raise ValueError("it has no constant arrays; a frozen graph has its weights so")
    return arrays


def _value(entry: Message) -> np.ndarray | None:
    """The array of the attribute 'value'; None of others, and of other types."""
    attribute = dict(entry.fields())
    if attribute[_KEY].text() != "value" or _VALUE not in attribute:
        return None
    tensor = dict(attribute[_VALUE].fields()).get(_TENSOR)
    return None if tensor is None else _array(tensor)


def _array(tensor: Message) -> np.ndarray | None:
    fields = list(tensor.fields())
    dtype, loose = _TYPES.get(dict(fields).get(_DTYPE, 0), ("", 0))
    if not dtype:
        return None
    shape = [
        n
        for number, axes in fields
        if number == _SHAPE
        for axis, dim in axes.fields()
        if axis == _AXIS
        for of_dim, length in dim.fields()
        if of_dim == _LENGTH
        for n in integers(length)
    ]
    parts = [x.numbers(dtype) for number, x in fields if number in (_CONTENT, loose)]
    values = np.concatenate(parts) if parts else np.zeros(0, dtype)
    n = n_values(shape)
    if _CONTENT not in dict(fields) and len(values) < n <= _most(len(values)):
        # The last value stands for all behind it, nothing for zeros.
        last = values[-1:] if len(values) else np.zeros(1, dtype)
        values = np.concatenate([values, np.repeat(last, n - len(values))])
    if n != len(values):
        raise ValueError(f"{len(values)} values for an array of {n}")
    return values.reshape(shape)


def _most(n: int) -> int:
    """So many values may `n` of a file stand for."""
    return most_unpacked(4 * n) // 8
