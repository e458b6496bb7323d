"""Arrays of PyTorch's checkpoints, without PyTorch.

A checkpoint is a pickle. It may build tensors and ordered dictionaries, and nothing
else.
"""

from __future__ import annotations

import collections
import zipfile
from pathlib import Path
from typing import Any, Mapping, NamedTuple

import numpy as np

from srcnn_theano.convert.readers.pickles import (
    ForbiddenPickleError,
    RestrictedUnpickler,
)
from srcnn_theano.errors import UserError

# The first of several pickles in files from before PyTorch 1.6, torchvision's among
# them.
_OLD_MAGIC = 0x1950A86A20F9469CFC6C

_DTYPES = {
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
    storage: _Storage,
    offset: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    *_: Any,
) -> _Tensor:
    return _Tensor(storage, offset, tuple(shape), tuple(strides))


def _rebuild_parameter(tensor: _Tensor, *_: Any) -> _Tensor:
    return tensor


class _Unpickler(RestrictedUnpickler):
    """Builds `_Tensor`s that say where in which storage their values are."""

    may_be_called = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("torch._utils", "_rebuild_tensor"): _rebuild_tensor,
        ("torch._utils", "_rebuild_tensor_v2"): _rebuild_tensor,
        ("torch._utils", "_rebuild_parameter"): _rebuild_parameter,
        **{("torch", name): dtype for name, dtype in _DTYPES.items()},
    }

    def persistent_load(self, pid: Any) -> _Storage:
        kind, dtype, key = pid[:3]
        if kind != "storage" or (len(pid) > 5 and pid[5] is not None):
            raise ValueError("a storage of unknown kind")
        return _Storage(dtype, str(key))


def _read_zip(path: Path) -> tuple[dict[str, _Tensor], dict[str, np.ndarray]]:
    with zipfile.ZipFile(str(path)) as archive:
        pickles = [name for name in archive.namelist() if name.endswith("/data.pkl")]
        if len(pickles) != 1:
            raise ValueError("a zip archive without a data.pkl")
        root = pickles[0][: -len("data.pkl")]
        if root + "byteorder" in archive.namelist():
            _check_order(archive.read(root + "byteorder") == b"little")
        with archive.open(pickles[0]) as stream:
            tensors = _tensors(_Unpickler(stream).load())
        storages = {
            storage.key: np.frombuffer(
                archive.read(root + "data/" + storage.key), storage.dtype
            )
            for storage in {tensor.storage for tensor in tensors.values()}
        }
    return tensors, storages


def _read_old(path: Path) -> tuple[dict[str, _Tensor], dict[str, np.ndarray]]:
    with path.open("rb") as stream:
        if _Unpickler(stream).load() != _OLD_MAGIC:
            raise ValueError("it does not begin as checkpoints do")
        _Unpickler(stream).load()  # version of the format
        _check_order(_Unpickler(stream).load()["little_endian"])
        tensors = _tensors(_Unpickler(stream).load())
        dtypes = {t.storage.key: np.dtype(t.storage.dtype) for t in tensors.values()}
        storages = {}
        for key in _Unpickler(stream).load():
            n_values = int.from_bytes(stream.read(8), "little")
            content = stream.read(n_values * dtypes[key].itemsize)
            storages[key] = np.frombuffer(content, dtypes[key])
            if len(storages[key]) != n_values:
                raise ValueError("it ends within a storage")
    return tensors, storages


def _check_order(is_little_endian: bool) -> None:
    if not is_little_endian:
        raise ValueError("from a machine with the other byte order")


def _tensors(content: Any) -> dict[str, _Tensor]:
    """The dictionary of tensors, which some programs put into another dictionary."""
    if isinstance(content, dict):
        content = content.get("state_dict", content)
    if not isinstance(content, dict) or not all(
        isinstance(value, _Tensor) for value in content.values()
    ):
        raise ForbiddenPickleError("not one tensor for each name")
    return content


def _array(tensor: _Tensor, storages: Mapping[str, np.ndarray]) -> np.ndarray:
    storage = storages[tensor.storage.key]
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
