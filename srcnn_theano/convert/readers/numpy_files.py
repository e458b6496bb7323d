"""Arrays of .npy and .npz files, also of dictionaries of arrays in them."""

from __future__ import annotations

import collections
import io
import zipfile
from pathlib import Path
from typing import Any, Iterator

import numpy as np

from srcnn_theano.convert.readers.pickles import (
    ForbiddenPickleError,
    RestrictedUnpickler,
)
from srcnn_theano.errors import UserError


def read_numpy(path: Path) -> dict[str, np.ndarray]:
    """Arrays of a .npz file, or of a dictionary in a .npy file, by name.

    Dictionaries within dictionaries and lists become names such as ``conv1_1.0``.
    """
    try:
        if zipfile.is_zipfile(str(path)):
            with zipfile.ZipFile(str(path)) as archive:
                content = {
                    name[: -len(".npy")]: _read(archive.read(name))
                    for name in archive.namelist()
                    if name.endswith(".npy")
                }
        else:
            content = _read(path.read_bytes())
    except ForbiddenPickleError as error:
        raise UserError(
            f"{path}: holds more than arrays ({error}), and is not unpickled for "
            "safety; save the arrays with numpy.savez"
        ) from error
    return dict(_flattened(content, ""))


def _read(content: bytes) -> Any:
    stream = io.BytesIO(content)
    version = np.lib.format.read_magic(stream)
    read_header = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }[version]
    _, _, dtype = read_header(stream)
    if not dtype.hasobject:
        stream.seek(0)
        return np.lib.format.read_array(stream, allow_pickle=False)
    # From Python 2, bytes would be taken for ASCII otherwise.
    objects = _Unpickler(stream, encoding="latin1").load()
    if objects.shape != ():
        raise ValueError(f"an array of {objects.size} objects")
    return objects.item()


def _flattened(content: Any, name: str) -> Iterator[tuple[str, np.ndarray]]:
    """(name, array) of each array in dictionaries and lists."""
    if isinstance(content, (dict, list, tuple)):
        items: Any = enumerate(content)
        if isinstance(content, dict):
            items = content.items()
        for key, value in items:
            yield from _flattened(value, f"{name}.{key}" if name else key)
    elif isinstance(content, np.ndarray) and name:
        yield str(name), content
    else:
        raise ValueError("it is no dictionary of arrays")


def _latin1(text: str, encoding: str) -> bytes:
    """How Python 3 writes bytes into pickles for Python 2."""
    if encoding != "latin1":
        raise ValueError(f"bytes in {encoding}")
    return text.encode("latin1")


# The function that makes an array from a pickle.
_RECONSTRUCT = np.zeros(0).__reduce__()[0]


class _Unpickler(RestrictedUnpickler):
    """Builds arrays and dictionaries."""

    may_be_called = {
        ("collections", "OrderedDict"): collections.OrderedDict,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
        ("numpy._core.multiarray", "_reconstruct"): _RECONSTRUCT,
        ("_codecs", "encode"): _latin1,
    }
