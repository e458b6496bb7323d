"""Arrays of .safetensors files: a header in JSON, then the values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from srcnn_theano.convert.readers.bounds import n_values

_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8"}
_LONGEST_HEADER = 1 << 20  # of VGG16: 4 kB


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """Arrays of a .safetensors file, by name."""
    content = np.memmap(path, np.uint8, "r")
    n = int.from_bytes(content[:8].tobytes(), "little")
    if n > min(len(content) - 8, _LONGEST_HEADER):
        raise ValueError(f"a header of {n} bytes")
    text = content[8 : 8 + n].tobytes().decode("utf-8")
    header = json.loads(text, parse_int=_integer)
    if not isinstance(header, dict):
        raise ValueError("a header that is no dictionary")
    header.pop("__metadata__", None)
    values = content[8 + n :]
    end = 0
    for name, about in sorted(header.items(), key=lambda item: _place(*item)):
        start = _place(name, about)[0]
        if start < end:
            raise ValueError(f"{name} overlaps the array before it")
        end = _place(name, about)[1]
    return {name: _array(name, values, about) for name, about in header.items()}


def _integer(text: str) -> int:
    if len(text) > 20:
        raise ValueError("a number of more than 20 digits")
    return int(text)


def _place(name: str, about: Any) -> tuple[int, int]:
    """The first byte of an array, and that after its last."""
    if not isinstance(about, dict) or set(about) != {"dtype", "shape", "data_offsets"}:
        raise ValueError(f"{name} is not described by dtype, shape and data_offsets")
    offsets = about["data_offsets"]
    if not isinstance(offsets, list) or [type(n) for n in offsets] != [int, int]:
        raise ValueError(f"{name} has no beginning and end")
    return offsets[0], offsets[1]


def _array(name: str, values: np.ndarray, about: dict[str, Any]) -> np.ndarray:
    start, end = _place(name, about)
    dtype, shape = about["dtype"], about["shape"]
    if not isinstance(dtype, str) or dtype not in _DTYPES:
        raise ValueError(f"{name} has values of a type that is not known")
    if not isinstance(shape, list):
        raise ValueError(f"{name} has no shape")
    size = n_values(shape) * np.dtype(_DTYPES[dtype]).itemsize
    if end - start != size or not 0 <= start <= end <= len(values):
        raise ValueError(f"{name} is not as long as its shape, or ends after the file")
    array = values[start:end].view(_DTYPES[dtype]).reshape(shape)
    return from_bfloat16(array) if dtype == "BF16" else array


def from_bfloat16(bits: np.ndarray) -> np.ndarray:
    """Values of which these unsigned integers are the upper halves, as float32."""
    return (bits.astype("<u4") << 16).view("<f4")
