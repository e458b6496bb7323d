"""JPEG files from bands of rows.

Each band is encoded as a JPEG by itself, with a restart marker after every row of
blocks: after it, a decoder depends on nothing before. So the data of all bands in a
row, with a marker between them, are those of the whole picture.
"""

from __future__ import annotations

import io
import struct
from typing import Any, BinaryIO, Callable, Sequence

import numpy as np

# Eight rows of blocks: markers are numbered 0 to 7, and each band begins with 0.
_BAND_ROWS = 8 * 8
_LAST_RESTART = b"\xff\xd7"
_END = b"\xff\xd9"


class JpegWriter:
    """A JPEG file in the making.

    Parameters
    ----------
    stream : binary file
    rows : int
        Of the whole picture.
    encode : function of (stream, array)
        Writes rows as a JPEG file of its own, in blocks of 8x8 pixels, with a restart
        marker after each row of them, and always with the same tables.
    """

    def __init__(
        self, stream: BinaryIO, rows: int, encode: Callable[[Any, np.ndarray], None]
    ) -> None:
        self._stream = stream
        self._rows = rows
        self._encode = encode
        self._waiting: list[np.ndarray] = []
        self._is_first = True

    def write(self, values: np.ndarray) -> None:
        """Take the next rows, (rows, cols, 1 or 3), uint8."""
        rows = np.concatenate([*self._waiting, values])
        # A view would keep all of the rows in memory.
        whole = len(rows) - len(rows) % _BAND_ROWS
        self._waiting = [rows[whole:].copy()]
        # A megapixel or so at once.
        step = max(1, (1 << 20) // (rows.shape[1] * _BAND_ROWS)) * _BAND_ROWS
        for start in range(0, whole, step):
            self._write_band(rows[start : min(start + step, whole)])

    def close(self) -> None:
        """Write the rows that are left, and the end of the file."""
        if self._waiting and len(self._waiting[0]):
            self._write_band(self._waiting[0])
        self._stream.write(_END)

    def stop(self) -> None:
        """Nothing goes on in the background."""

    def _write_band(self, values: np.ndarray) -> None:
        band = io.BytesIO()
        self._encode(band, values)
        encoded = band.getvalue()
        frame, scan = _places(encoded)
        if self._is_first:
            # The length in rows stands behind the marker, a length and the precision.
            at = frame + 5
            head = encoded[:at] + struct.pack(">H", self._rows) + encoded[at + 2 : scan]
            self._stream.write(head)
        else:
            self._stream.write(_LAST_RESTART)
        self._is_first = False
        self._stream.write(memoryview(encoded)[scan : -len(_END)])


def _places(encoded: Sequence[int] | bytes) -> tuple[int, int]:
    """Where the marker of the frame (SOF0) begins, and the data of the scan."""
    frame = 0
    at = 2  # after the marker of the start
    while encoded[at + 1] != 0xDA:  # the start of the scan
        if encoded[at + 1] == 0xC0:
            frame = at
        at += 2 + (encoded[at + 2] << 8 | encoded[at + 3])
    return frame, at + 2 + (encoded[at + 2] << 8 | encoded[at + 3])
