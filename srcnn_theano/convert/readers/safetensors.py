"""Arrays of .safetensors files: a header in JSON, then the values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Sequence

import numpy as np

_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "I64": "<i8"}


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """Arrays of a .safetensors file, by name."""
    content = np.memmap(path, np.uint8, "r")
    n = int.from_bytes(content[:8].tobytes(), "little")
    header = json.loads(content[8 : 8 + n].tobytes().decode("utf-8"))
    header.pop("__metadata__", None)
    return {name: _array(content[8 + n :], **about) for name, about in header.items()}


def _array(
    values: np.ndarray, dtype: str, shape: Sequence[int], data_offsets: Sequence[int]
) -> np.ndarray:
    start, end = data_offsets
    array = values[start:end].view(_DTYPES[dtype]).reshape(shape)
    if dtype == "BF16":  # the upper half of a float32
        array = (array.astype("<u4") << 16).view("<f4")
    return array
