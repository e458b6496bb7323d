"""Arrays of MATLAB files, read by their published format, level 5.

A file is a header and a row of elements: a type, a length, bytes. An element may hold
others, or be packed by zlib. This reads numeric arrays and cells of them, which is all
that weights need, and believes no length before it was compared with the file's.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any, Iterator

import numpy as np

from srcnn_theano.convert.readers.bounds import LARGEST, most_unpacked, n_values
from srcnn_theano.errors import UserError

_MATRIX, _COMPRESSED, _INT32, _UINT32 = 14, 15, 5, 6
# Types of values in an element, and classes of arrays: what MATLAB shows them as.
_TYPES = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8"}
_TYPES.update({12: "i8", 13: "u8"})
_CLASSES = {6: "f8", 7: "f4", 8: "i1", 9: "u1", 10: "i2", 11: "u2", 12: "i4", 13: "u4"}
_CLASSES.update({14: "i8", 15: "u8"})
_CELL, _COMPLEX = 1, 0x800
_MOST_ELEMENTS = 100000


def read_matlab(path: Path) -> dict[str, np.ndarray]:
    """Arrays of a MATLAB file (version 5 to 7), by name.

    Arrays of anything but real numbers, and cells of them, are left out.
    """
    mapped: Any = np.memmap(path, np.uint8, "r")
    content = memoryview(mapped)
    order = {b"IM": "<", b"MI": ">"}.get(bytes(content[126:128]))
    if bytes(content[:10]) == b"MATLAB 7.3" or b"\x89HDF" in (
        bytes(content[:4]),
        bytes(content[512:516]),
    ):
        raise UserError(f"{path}: a MATLAB 7.3 file; save it in MATLAB with -v7")
    if order is None or struct.unpack(order + "H", content[124:126]) != (0x100,):
        raise ValueError("it does not begin as version 5 to 7 does")
    return _Reader(order).variables(content[128:])


class _Reader:
    """Reads elements in one order of bytes; knows how much it may still read."""

    def __init__(self, order: str):
        self.order = order
        self.elements_left, self.bytes_left = _MOST_ELEMENTS, LARGEST

    def variables(self, content: Any) -> dict[str, np.ndarray]:
        arrays = {}
        for kind, data in self.elements(content):
            if kind == _COMPRESSED:
                [(kind, data)] = self.elements(self._unpacked(data))
            if kind != _MATRIX:
                raise ValueError(f"an element of type {kind}")
            name, array = self.matrix(data, cells=True)
            if array is not None:
                arrays[name] = array
        return arrays

    def elements(self, content: Any) -> Iterator[tuple[int, Any]]:
        """(type, data) of the elements that stand one after another."""
        at = 0
        while at < len(content):
            self.elements_left -= 1
            if self.elements_left < 0:
                raise ValueError(f"more than {_MOST_ELEMENTS} elements")
            kind, length = struct.unpack(self.order + "II", content[at : at + 8])
            start = at + 8
            if kind >> 16:  # both in one word, and up to four bytes of data beside it
                kind, length, start = kind & 0xFFFF, kind >> 16, at + 4
                if length > 4:
                    raise ValueError("a small element that is not small")
                at += 8
            else:
                # Packed elements are followed at once by the next.
                padding = 0 if kind == _COMPRESSED else -length % 8
                at = start + length + padding
            if start + length > len(content):
                raise ValueError("it ends within an element")
            yield kind, content[start : start + length]

    def _unpacked(self, data: Any) -> memoryview:
        packed = zlib.decompressobj()
        most = min(self.bytes_left, most_unpacked(len(data)))
        content = packed.decompress(data, most)
        self.bytes_left -= len(content)
        if not packed.eof:
            raise ValueError("an element cut off, or much larger when unpacked")
        return memoryview(content)

    def matrix(self, data: Any, cells: bool) -> tuple[str, np.ndarray | None]:
        """(name, array) of a matrix; no array where it is of no kind that is read."""
        elements = self.elements(data)
        flags = self._values(next(elements, None), (_UINT32,))
        shape = [int(n) for n in self._values(next(elements, None), (_INT32,))]
        name = self._values(next(elements, None), (1, 2)).tobytes().decode("ascii")
        kind, is_complex = int(flags[0]) & 0xFF, int(flags[0]) & _COMPLEX
        n = n_values(shape)
        if kind == _CELL and cells:
            return name, self._cell(elements, shape, n)
        if kind not in _CLASSES or is_complex:
            return name, None
        values = self._values(next(elements, None), _TYPES)
        if len(values) != n:
            raise ValueError(f"{len(values)} values for an array of {n}")
        self.bytes_left -= n * np.dtype(_CLASSES[kind]).itemsize
        if self.bytes_left < 0:
            raise ValueError(f"more than {LARGEST >> 20} MB of values")
        return name, values.astype(_CLASSES[kind]).reshape(shape, order="F")

    def _cell(self, elements: Any, shape: list[int], n: int) -> np.ndarray | None:
        """The arrays in a cell; None if it holds anything else, other cells as well."""
        if n > _MOST_ELEMENTS:
            raise ValueError(f"a cell of {n}")
        content = np.empty(n, object)
        for i in range(n):
            kind, data = next(elements, (None, b""))
            if kind != _MATRIX:
                raise ValueError("a cell that does not hold arrays")
            content[i] = self.matrix(data, cells=False)[1] if data else np.zeros((1, 0))
            if content[i] is None:
                return None
        return content.reshape(shape, order="F")

    def _values(self, element: Any, types: Any) -> np.ndarray:
        kind, data = element or (0, b"")
        if kind not in types:
            raise ValueError(f"an element of type {kind} where others belong")
        return np.frombuffer(data, self.order + _TYPES[kind])
