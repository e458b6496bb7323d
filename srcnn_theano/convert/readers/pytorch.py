"""Arrays of PyTorch's checkpoints, without PyTorch.

A checkpoint is a pickle. It may build tensors and ordered dictionaries, and nothing
else; a tensor is a record here that says where in which storage its values are.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import Any, Mapping, NamedTuple

import numpy as np

from srcnn_theano.convert.readers.bounds import Archive, BoundedStream, n_values
from srcnn_theano.convert.readers.pickles import (
    Call,
    ForbiddenPickleError,
    load,
    new_dict,
)
from srcnn_theano.convert.readers.safetensors import from_bfloat16
from srcnn_theano.errors import UserError

# The first of several pickles in files from before PyTorch 1.6, torchvision's among
# them.
_OLD_MAGIC = 0x1950A86A20F9469CFC6C

# Dictionaries within dictionaries, and those that are taken where there are several.
_MOST_WRAPPINGS = 4
_PREFERRED = ("params_ema", "state_dict", "model")

# NumPy has no such type.
_BFLOAT16 = "bfloat16"
_DTYPES = {
    "BFloat16Storage": _BFLOAT16,
    "DoubleStorage": "<f8",
    "FloatStorage": "<f4",
    "HalfStorage": "<f2",
    "LongStorage": "<i8",
    "IntStorage": "<i4",
    "ShortStorage": "<i2",
    "CharStorage": "i1",
    "ByteStorage": "u1",
    "BoolStorage": "?",
}


def read_pytorch(path: Path) -> dict[str, np.ndarray]:
    """Arrays of a .pth file by name, from ``torch.save(model.state_dict(), path)``."""
    try:
        if zipfile.is_zipfile(str(path)):
            tensors, storages = _read_zip(path)
        else:
            tensors, storages = _read_old(path)
    except ForbiddenPickleError as error:
        raise UserError(
            f"{path}: holds more than tensors ({error}), and is not unpickled for "
            "safety; save model.state_dict() alone"
        ) from error
    return {name: _array(tensor, storages) for name, tensor in tensors.items()}


class _Storage(NamedTuple):
    dtype: str
    key: str


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def _rebuild_tensor(
    storage: Any, offset: Any, shape: Any, strides: Any, *_: Any
) -> _Tensor:
    numbers = (offset, *shape, *strides)
    if not isinstance(storage, _Storage) or {type(n) for n in numbers} != {int}:
        raise ValueError("a tensor that is not described by integers")
    if len(shape) != len(strides):
        raise ValueError("a tensor without a stride for each axis")
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


def _rebuild_parameter(tensor: Any, *_: Any) -> Any:
    return tensor


_MAY_BE_CALLED = {
    ("collections", "OrderedDict"): Call(new_dict),
    ("torch._utils", "_rebuild_tensor"): Call(_rebuild_tensor),
    ("torch._utils", "_rebuild_tensor_v2"): Call(_rebuild_tensor),
    ("torch._utils", "_rebuild_parameter"): Call(_rebuild_parameter),
    **{("torch", name): dtype for name, dtype in _DTYPES.items()},
}


def _storage(pid: Any) -> _Storage:
    kind, dtype, key = pid[:3]
    if kind != "storage" or (len(pid) > 5 and pid[5] is not None):
        raise ValueError("a storage of unknown kind")
    if dtype not in _DTYPES.values() or type(key) not in (str, int):
        raise ValueError("a storage without a type or a key")
    return _Storage(dtype, str(key))


class _Storages:
    """Makes the storages that a pickle names, and keeps the type of each by its key."""

    def __init__(self) -> None:
        self.dtypes: dict[str, str] = {}

    def __call__(self, pid: Any) -> _Storage:
        storage = _storage(pid)
        if self.dtypes.setdefault(storage.key, storage.dtype) != storage.dtype:
            raise ValueError("a storage of two types")
        return storage


def _read_zip(path: Path) -> tuple[dict[str, _Tensor], dict[str, np.ndarray]]:
    with Archive(path) as archive:
        pickles = [name for name in archive.names if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ValueError("a zip archive without a data.pkl")
        root = pickles[0][: -len("data.pkl")]
        if root + "byteorder" in archive.names:
            _check_order(archive.read(root + "byteorder") == b"little")
        stream = BoundedStream(io.BytesIO(archive.read(pickles[0])))
        tensors = _tensors(load(stream, _MAY_BE_CALLED, _Storages()))
        storages = {
            key: _values(archive.read(root + "data/" + key), dtype)
            for dtype, key in {tensor.storage for tensor in tensors.values()}
        }
    return tensors, storages


def _read_old(path: Path) -> tuple[dict[str, _Tensor], dict[str, np.ndarray]]:
    with path.open("rb") as file:
        stream = BoundedStream(file)
        if load(stream, {}) != _OLD_MAGIC:
            raise ValueError("it does not begin as checkpoints do")
        load(stream, {})  # version of the format
        _check_order(load(stream, {})["little_endian"])
        named = _Storages()
        tensors = _tensors(load(stream, _MAY_BE_CALLED, named))
        storages = {}
        for key in load(stream, {}):
            n = int.from_bytes(stream.read(8), "little")
            dtype = named.dtypes[key]
            content = stream.read(n * np.dtype(_stored(dtype)).itemsize)
            storages[key] = _values(content, dtype)
            if len(storages[key]) != n:
                raise ValueError("it ends within a storage")
    return tensors, storages


def _stored(dtype: str) -> str:
    return "<u2" if dtype == _BFLOAT16 else dtype


def _values(content: bytes, dtype: str) -> np.ndarray:
    """A storage's values; those of bfloat16 as float32."""
    values = np.frombuffer(content, _stored(dtype))
    return from_bfloat16(values) if dtype == _BFLOAT16 else values


def _check_order(is_little_endian: bool) -> None:
    if not is_little_endian:
        raise ValueError("from a machine with the other byte order")


def _tensors(content: Any) -> dict[str, _Tensor]:
    """The dictionary of tensors, which may lie in others, beside an epoch for instance.

    What an optimiser keeps is left alone.
    """
    found: dict[str, Any] = {}
    seen: set[int] = set()
    level: list[tuple[str, Any]] = [("", content)]
    for _ in range(_MOST_WRAPPINGS):
        inside = []
        for name, value in level:
            if not isinstance(value, dict) or id(value) in seen or "optim" in name:
                continue
            seen.add(id(value))
            if value and all(isinstance(x, _Tensor) for x in value.values()):
                found[name] = value
            else:
                inside += [(str(key), x) for key, x in value.items()]
        level = inside
    for name in _PREFERRED if len(found) > 1 else ():
        if name in found:
            found = {name: found[name]}
    if len(found) > 1:
        names = ", ".join(repr(name) for name in sorted(found)[:8])
        raise ForbiddenPickleError(f"{len(found)} networks: {names}")
    for tensors in found.values():
        if all(isinstance(name, str) for name in tensors):
            return tensors
    raise ForbiddenPickleError("not one tensor for each name")


def _array(tensor: _Tensor, storages: Mapping[str, np.ndarray]) -> np.ndarray:
    storage = storages[tensor.storage.key]
    if n_values(tensor.shape) > len(storage):
        raise ValueError("a tensor reaches beyond its storage")
    last = sum((n - 1) * step for n, step in zip(tensor.shape, tensor.strides))
    if min(tensor.shape + tensor.strides + (tensor.offset,), default=0) < 0 or (
        tensor.offset + last >= len(storage)
    ):
        raise ValueError("a tensor reaches beyond its storage")
    return np.lib.stride_tricks.as_strided(
        storage[tensor.offset :],
        tensor.shape,
        [step * storage.itemsize for step in tensor.strides],
        writeable=False,
    )
