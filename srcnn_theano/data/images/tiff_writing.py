"""TIFF files from rows of pixels, not compressed."""

from __future__ import annotations

import io
import struct
from typing import Any, BinaryIO, Callable

import numpy as np

_PROFILE, _BYTES = 34675, 7  # a tag, and the type of its value
# Tags of a strip: where it is, and those with rows in them; the type of 32 bits.
_STRIP_OFFSETS, _OF_ROWS, _LONG = 273, (257, 278, 279), 4


def write_deep(
    stream: BinaryIO,
    values: np.ndarray,
    profile: bytes | None,
    dpi: tuple[float, float] | None,
) -> None:
    """Write 16-bit values, (rows, cols, 1 to 4), with alpha as the last of 2 or 4."""
    import tifffile

    n = values.shape[2]
    tifffile.imwrite(
        stream,
        values,
        photometric="rgb" if n > 2 else "minisblack",
        planarconfig="contig",
        extrasamples=["unassalpha"] if n in (2, 4) else None,
        resolution=dpi,
        resolutionunit="inch" if dpi else None,
        metadata=None,
        software=False,
        extratags=[(_PROFILE, _BYTES, len(profile), profile, True)] if profile else [],
    )


class TiffWriter:
    """A TIFF file in the making, not compressed: one strip, row after row.

    Parameters
    ----------
    stream : binary file
    shape : (rows, cols, samples)
    dtype : dtype
    save : function (stream, values)
        Writes a whole file. It is asked for one of a single row, whose directory is
        then told of the others.
    """

    def __init__(
        self,
        stream: BinaryIO,
        shape: tuple[int, ...],
        dtype: np.dtype,
        save: Callable[[Any, np.ndarray], None],
    ) -> None:
        row = io.BytesIO()
        save(row, np.zeros((1, *shape[1:]), dtype))
        self._stream: Any = stream
        head, order = _head_of_more_rows(row.getvalue(), shape[0])
        self._dtype = np.dtype(order + dtype.str[1:])
        stream.write(head)

    def write(self, values: np.ndarray) -> None:
        self._stream.write(np.ascontiguousarray(values, self._dtype))

    def close(self) -> None:
        """Nothing stands at the end."""

    def stop(self) -> None:
        """Nothing goes on in the background."""


def _head_of_more_rows(content: bytes, rows: int) -> tuple[bytes, str]:
    """What stands before the pixels of a TIFF file of one row, changed to more rows.

    Returns
    -------
    (bytes, "<" or ">")
        And the byte order.
    """
    order = "<" if content[:2] == b"II" else ">"
    (start,) = struct.unpack_from(order + "I", content, 4)
    (n_tags,) = struct.unpack_from(order + "H", content, start)
    places = {}
    for place in range(start + 2, start + 2 + 12 * n_tags, 12):
        tag, kind, count = struct.unpack_from(order + "HHI", content, place)
        if tag in (_STRIP_OFFSETS, *_OF_ROWS):
            (value,) = struct.unpack_from(order + "_HI"[kind - 2], content, place + 8)
            if count != 1:
                raise ValueError("its pixels are in several strips")
            places[tag] = place, value
    head = bytearray(content[: places[_STRIP_OFFSETS][1]])
    for tag in _OF_ROWS:
        place, value = places[tag]
        struct.pack_into(order + "HHII", head, place, tag, _LONG, 1, rows * value)
    return bytes(head), order
