"""The chunks of a PNG file, and whether all of its rows are there.

Pillow leaves out what is not, without a word.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import BinaryIO, Iterator

import numpy as np

_BLOCK = 1 << 16
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by the kind of colour
# First column and row of the seven passes of an interlaced file, and their steps.
_PASSES = (
    *[(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)],
    *[(0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)],
)


def chunk_heads(stream: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Name and length of each chunk of a PNG file; the stream is where its data are."""
    start = stream.seek(8)
    while len(head := stream.read(8)) == 8:
        length, name = struct.unpack(">I4s", head)
        if name == b"IEND":
            return
        yield name, length
        start = stream.seek(start + length + 12)


def check_rows(path: Path, values: np.ndarray) -> None:
    """Refuse a PNG file whose pixels end early.

    They are counted only where a row at the end is of one colour, as rows that lack
    are: the last of all, or of the last pass. It takes as long as reading did.

    Parameters
    ----------
    path : path
    values : array, (rows, cols, channels)
        As they were read.

    Raises
    ------
    OSError
    """
    if not any((row == row[0]).all() for row in values[-2:]):
        return
    with path.open("rb") as stream:
        stream.seek(16)
        cols, rows, bits, colours, interlaced = struct.unpack(
            ">IIBB2xB", stream.read(13)
        )
        bits *= _CHANNELS[colours]
        passes = _PASSES if interlaced else ((0, 0, 1, 1),)
        sizes = [
            (-(-(cols - left) // across), -(-(rows - top) // down))
            for left, top, across, down in passes
        ]
        # Each row begins with the number of its filter.
        wanted = sum(n * (1 + (m * bits + 7) // 8) for m, n in sizes if m > 0 and n > 0)
        given = _n_inflated(stream, wanted)
    if given < wanted:
        raise OSError(f"{100 * given // wanted} % of its pixels are there")


def _n_inflated(stream: BinaryIO, most: int) -> int:
    """Bytes that the compressed data of a PNG file hold, as far as that matters."""
    inflating, n = zlib.decompressobj(), 0
    for block in _compressed(stream):
        while n < most:
            n_new = len(inflating.decompress(block, _BLOCK))
            block = inflating.unconsumed_tail
            n += n_new
            if inflating.eof or n_new < _BLOCK and not block:
                break
        if n >= most or inflating.eof:
            break
    return n


def _compressed(stream: BinaryIO) -> Iterator[bytes]:
    """The blocks of data of all IDAT chunks."""
    for name, length in chunk_heads(stream):
        if name == b"IDAT":
            while length and (block := stream.read(min(length, _BLOCK))):
                length -= len(block)
                yield block
