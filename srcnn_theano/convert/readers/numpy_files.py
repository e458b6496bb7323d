"""Arrays of .npy and .npz files, also of dictionaries of arrays in them.

A header says the type and the shape of an array; a type of objects is followed by a
pickle. NumPy would evaluate the header and unpickle with its own types, into whose
memory the file could reach; here a pickle makes records of shape, type and bytes.
"""

from __future__ import annotations

import io
import re
import struct
import zipfile
from pathlib import Path
from typing import Any, Iterator

import numpy as np

from srcnn_theano.convert.readers.bounds import (
    LARGEST,
    Archive,
    BoundedStream,
    n_values,
)
from srcnn_theano.convert.readers.pickles import (
    Built,
    Call,
    ForbiddenPickleError,
    load,
    new_dict,
)
from srcnn_theano.errors import UserError

_DEEPEST, _MOST_NAMES = 8, 10000

_NUMBERS = re.compile(r"[<>|=]?(f[248]|[iu][1248]|b1)")
_DESCR = re.compile(r"'descr'\s*:\s*'([^']{1,20})'")
_FORTRAN = re.compile(r"'fortran_order'\s*:\s*(True|False)")
_SHAPE = re.compile(r"'shape'\s*:\s*\(([0-9L, ]{0,200})\)")


def read_numpy(path: Path) -> dict[str, np.ndarray]:
    """Arrays of a .npz file, or of a dictionary in a .npy file, by name.

    Dictionaries within dictionaries and lists become names such as ``conv1_1.0``.
    Arrays of anything but numbers are left out of a .npz file.
    """
    try:
        if zipfile.is_zipfile(str(path)):
            with Archive(path) as archive:
                content = {
                    name[: -len(".npy")]: _read(archive.read(name))
                    for name in archive.names
                    if name.endswith(".npy")
                }
            content = {name: x for name, x in content.items() if x is not None}
        else:
            if path.stat().st_size > LARGEST:
                raise ValueError(f"more than {LARGEST >> 20} MB")
            content = _read(path.read_bytes())
    except ForbiddenPickleError as error:
        raise UserError(
            f"{path}: holds more than arrays ({error}), and is not unpickled for "
            "safety; save the arrays with numpy.savez"
        ) from error
    return dict(_flattened(content))


def _read(content: bytes) -> Any:
    """An array or what a pickle holds; None for an array of no numbers."""
    if content[:6] != b"\x93NUMPY" or content[6:7] not in (b"\1", b"\2", b"\3"):
        raise ValueError("it does not begin as arrays do")
    form = "<H" if content[6] == 1 else "<I"
    start = 8 + struct.calcsize(form)
    end = start + struct.unpack(form, content[8:start])[0]
    header = content[start : min(end, start + 10000)].decode("latin1")
    matches = [pattern.search(header) for pattern in (_DESCR, _FORTRAN, _SHAPE)]
    if end > len(content) or None in matches:
        raise ValueError("a header that names no type and shape")
    dtype, fortran, lengths = (match.group(1) for match in matches if match)
    shape = [int(n.strip(" L")) for n in lengths.split(",") if n.strip()]
    if dtype in ("O", "|O"):
        stream = BoundedStream(io.BytesIO(content))
        stream.seek(end)
        return _object(load(stream, _MAY_BE_CALLED))
    if not _NUMBERS.fullmatch(dtype):
        return None
    data = memoryview(content)[end:]
    return _numbers(data, dtype, shape, fortran == "True")


def _numbers(data: Any, dtype: str, shape: Any, fortran: bool) -> np.ndarray:
    size = n_values(shape) * np.dtype(dtype).itemsize
    if size > len(data):
        raise ValueError("it ends within an array")
    values = np.frombuffer(data[:size], dtype)
    return values.reshape(shape, order="F" if fortran else "C")


def _flattened(content: Any) -> Iterator[tuple[str, np.ndarray]]:
    """(name, array) of each array in dictionaries and lists."""
    visits, left = 0, LARGEST
    todo: list[tuple[str, Any, int]] = [("", content, 0)]
    while todo:
        name, value, depth = todo.pop()
        visits += 1
        if visits > _MOST_NAMES or depth > _DEEPEST:
            raise ValueError("too many names, or too deep within each other")
        if isinstance(value, _Array):
            left -= len(value.data)
            if left < 0:
                raise ValueError(f"more than {LARGEST >> 20} MB of arrays")
            value = value.numbers()
        if isinstance(value, (dict, list, tuple)):
            if len(value) > _MOST_NAMES:
                raise ValueError("too many names")
            items: Any = value.items() if isinstance(value, dict) else enumerate(value)
            todo += [
                (f"{name}.{k}" if name else str(k), x, depth + 1) for k, x in items
            ]
        elif isinstance(value, np.ndarray) and name:
            yield name, value
        else:
            raise ValueError("it is no dictionary of arrays")


# --- NumPy's objects in pickles, as records ---


class _Type(Built):
    """A type: ``f4`` and, by its state, the order of bytes."""

    def __init__(self, text: Any, *_: Any):
        self.text = text.decode("latin1") if isinstance(text, bytes) else str(text)[:20]
        self.order = "="

    def build(self, state: Any) -> None:
        self.order = "=" if state[1] == "|" else str(state[1])[:1]


class _Array(Built):
    """Shape, type and bytes of an array; a list for an array of objects."""

    shape: tuple[Any, ...] = (0,)
    data: Any = b""
    type: Any = None
    fortran = False

    def build(self, state: Any) -> None:
        _, self.shape, self.type, self.fortran, self.data = state
        if not isinstance(self.type, _Type) or type(self.shape) is not tuple:
            raise ValueError("an array without a type or a shape")
        is_text = type(self.data) in (bytes, str)
        if not (is_text or type(self.data) is list and self.type.text[:1] == "O"):
            raise ValueError("an array without values")

    def numbers(self) -> np.ndarray:
        if self.type is None:
            raise ValueError("an array without a state")
        dtype = self.type.order + self.type.text
        if not _NUMBERS.fullmatch(dtype):
            raise ValueError(f"an array of {self.type.text}")
        data = self.data
        if isinstance(data, str):  # from Python 2
            data = data.encode("latin1")
        return _numbers(data, dtype, self.shape, bool(self.fortran))


def _object(content: Any) -> Any:
    """What an array of a single object holds."""
    if not isinstance(content, _Array) or type(content.data) is not list:
        raise ValueError("it is no array of objects")
    if content.shape != () or len(content.data) != 1:
        raise ValueError(f"an array of {len(content.data)} objects")
    return content.data[0]


def _latin1(text: Any, encoding: Any) -> Any:
    """How Python 3 writes bytes into pickles for Python 2; encoded when used."""
    if encoding != "latin1" or type(text) is not str:
        raise ValueError("bytes in another encoding")
    return text


_RECONSTRUCT = Call(lambda *_: _Array())
_MAY_BE_CALLED = {
    ("collections", "OrderedDict"): Call(new_dict),
    ("numpy", "ndarray"): None,
    ("numpy", "dtype"): Call(_Type),
    ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
    ("_codecs", "encode"): Call(_latin1),
    ("__builtin__", "bytes"): Call(lambda: b""),  # of an array without values
}
