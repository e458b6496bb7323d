"""PNG files whose compressed data end, as they should, before the picture does."""

import struct
import zlib

import numpy as np
import pytest

from srcnn_theano.data.images import png_reading, read_picture
from srcnn_theano.errors import UserError

# The matrix of the specification: in which pass a pixel of each square of 8x8 comes.
ADAM7 = ["16462646", "77777777", "56565656", "77777777"]
ADAM7 += ["36463646", "77777777", "56565656", "77777777"]


def chunk(name, data):
    check = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + check


def lines(rows, cols, bits, interlaced):
    """Bytes of each row of each pass, without the number of its filter."""
    if not interlaced:
        return rows * [(cols * bits + 7) // 8]
    found = []
    for number in "1234567":
        of_row = [
            sum(ADAM7[y % 8][x % 8] == number for x in range(cols)) for y in range(rows)
        ]
        found += [(n * bits + 7) // 8 for n in of_row if n]
    return found


def write(path, size, kind, n_missing=0, value=0):
    """A PNG of bytes alike, less the last rows (of passes), in two chunks."""
    bits, colours, n_channels, interlaced = kind
    counts = lines(*size, bits * n_channels, interlaced)
    given = counts[: len(counts) - n_missing]
    packed = zlib.compress(b"".join(b"\0" + bytes([value]) * n for n in given))
    rows, cols = size
    head = struct.pack(">IIBBBBB", cols, rows, bits, colours, 0, 0, interlaced)
    parts = [(b"IHDR", head), (b"IDAT", packed[:5]), (b"IDAT", packed[5:])]
    if colours == 3:
        parts.insert(1, (b"PLTE", bytes([9, 8, 7, 200, 100, 50])))
    parts.append((b"IEND", b""))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts))
    return path


KINDS = {
    "grey": (8, 0, 1, 0),
    "1 bit": (1, 0, 1, 0),
    "16 bits": (16, 0, 1, 0),
    "RGB16": (16, 2, 3, 0),
    "palette": (4, 3, 1, 0),
    "alpha": (8, 6, 4, 0),
    "passes": (8, 2, 3, 1),
    "passes of 2 bits": (2, 0, 1, 1),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(9, 13), (8, 3), (2, 40)])
def test_a_row_that_lacks_is_told(tmp_path, kind, size, monkeypatch):
    monkeypatch.setattr(png_reading, "_BLOCK", 7)
    whole = write(tmp_path / "a.png", size, KINDS[kind])
    assert read_picture(whole).pixels.shape[:2] == size
    part = write(tmp_path / "b.png", size, KINDS[kind], n_missing=1)
    with pytest.raises(UserError, match=r"b.png: damaged .* % of its pixels are there"):
        read_picture(part)


def test_what_is_there_is_told_in_per_cent(tmp_path):
    """Of rows that are white, below which Pillow leaves black ones."""
    path = write(tmp_path / "a.png", (100, 9), KINDS["grey"], 60, value=255)
    with pytest.raises(UserError, match=r"\(40 % of its pixels are there\)"):
        read_picture(path)


def test_pixels_are_not_counted_where_the_last_rows_are_no_blank_ones(tmp_path):
    values = np.arange(12, dtype=np.uint8).reshape(3, 4, 1)
    png_reading.check_rows(tmp_path / "none.png", values)
    values[1] = 5
    with pytest.raises(FileNotFoundError):
        png_reading.check_rows(tmp_path / "none.png", values)
