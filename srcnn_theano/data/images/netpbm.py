"""PPM and PGM files: written row by row, and how many pictures one of them holds."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

_MOST_PICTURES = 10000
_SPACE = rb"(?:\s|#[^\n]*\n)+"
# Of the kinds whose values are bytes: others hold one picture. White is 1 in P4.
_HEAD = re.compile(
    rb"\s*P(?:4"
    + 2 * (_SPACE + rb"(\d+)")
    + rb"|([56])"
    + 3 * (_SPACE + rb"(\d+)")
    # One character, after which values begin.
    + rb")\s"
)


class NetpbmWriter:
    """A PPM or PGM file in the making."""

    def __init__(self, stream: Any, shape: tuple[int, ...], dtype: np.dtype) -> None:
        rows, cols, channels = shape
        kind = {1: "P5", 3: "P6"}[channels]
        self._stream, self._dtype = stream, dtype.newbyteorder(">")
        white = np.iinfo(dtype).max
        stream.write(f"{kind}\n{cols} {rows}\n{white}\n".encode("ascii"))

    def write(self, values: np.ndarray) -> None:
        self._stream.write(np.ascontiguousarray(values, self._dtype))

    def close(self) -> None:
        """Nothing stands at the end."""

    def stop(self) -> None:
        """Nothing goes on in the background."""


def count_pictures(path: Path) -> int:
    """How many pictures follow one another in a file; at least one."""
    n, place = 0, 0
    with path.open("rb") as stream:
        while n < _MOST_PICTURES:
            stream.seek(place)
            head = _HEAD.match(stream.read(1024))
            if head is None:
                break
            n, place = n + 1, place + head.end() + _n_bytes(head)
    return max(n, 1)


def _n_bytes(head: re.Match[bytes]) -> int:
    """Of the values that follow a head."""
    if head[3] is None:
        cols, rows = int(head[1]), int(head[2])
        return rows * ((cols + 7) // 8)
    cols, rows, white = (int(number) for number in head.groups()[3:])
    return rows * cols * (1 if head[3] == b"5" else 3) * (1 if white < 256 else 2)
