"""What reading takes, held to what is promised of it before."""

import struct
import subprocess
import sys

import numpy as np
import pytest
import tifffile

from srcnn_theano.data.images.tiff import _alpha_of, _bytes_to_read

ROWS, COLS = 2000, 4000
MIB = 1 << 20
PROGRAM = """
import sys; from pathlib import Path
from srcnn_theano.data.images import read_picture
status = Path('/proc/self/status')
peak = lambda: int(status.read_text().split('VmHWM:')[1].split()[0])
read_picture(sys.argv[1])
before = peak()
picture = read_picture(sys.argv[2])
print(1024 * (peak() - before))
"""


def write_packed(path, data, rows):
    """A TIFF of 12 bits in RGB, which tifffile does not write, in one strip."""
    n_tags, first = 9, 8 + 2 + 12 * 9 + 4
    tags = [
        *[(256, 4, 1, COLS), (257, 4, 1, rows), (258, 3, 3, first), (259, 3, 1, 1)],
        *[(262, 3, 1, 2), (273, 4, 1, first + 6), (277, 3, 1, 3), (278, 4, 1, rows)],
        (279, 4, 1, len(data)),
    ]
    head = struct.pack("<2sHIH", b"II", 42, 8, n_tags)
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    path.write_bytes(head + entries + bytes(4) + struct.pack("<3H", 12, 12, 12) + data)
    return path


def save(path, rows, kind):
    """A TIFF of one of the kinds, flat within a row."""
    ramp = (np.arange(COLS) % 251).astype(np.uint8)
    colours = np.broadcast_to(ramp[:, None], (rows, COLS, 4)).copy()
    options = {"photometric": "rgb", "compression": "zlib", "metadata": None}
    if kind == "12 bits":
        levels = (np.arange(3 * COLS) % 4096)[:, None] >> np.arange(12)[::-1] & 1
        data = np.packbits(levels.astype(np.uint8)).tobytes() * rows
        return write_packed(path, data, rows)
    if kind == "1 bit":
        colours, options["photometric"] = colours[..., 0] > 99, "miniswhite"
        options.update(compression="packbits", rowsperstrip=rows)
    elif kind == "turned":
        colours = colours[..., :3]
        options["extratags"] = [(274, "H", 1, 6, True)]
    elif kind == "inks":
        options["photometric"] = "separated"
    else:
        options["extrasamples"] = ["assocalpha"]
    if kind == "16 bits":
        colours = colours.astype(np.uint16) * 257
    if kind == "tiles":
        options["tile"] = (256, 256)
    if kind == "one strip":
        options["rowsperstrip"] = rows
    if kind == "big-endian":
        options.update(compression=None, byteorder=">")
        colours = colours.astype(np.uint16)
    if kind == "planes":
        colours, options["planarconfig"] = np.moveaxis(colours, 2, 0), "separate"
    tifffile.imwrite(str(path), colours, **options)
    return path


@pytest.mark.parametrize(
    "kind",
    [
        "8 bits",
        "16 bits",
        "1 bit",
        "12 bits",
        "one strip",
        "tiles",
        "planes",
        "big-endian",
        "turned",
        "inks",
    ],
)
def test_a_tiff_takes_no_more_than_was_reckoned(tmp_path, kind):
    small, large = (save(tmp_path / f"{rows}.tif", rows, kind) for rows in (2, ROWS))
    with tifffile.TiffFile(large) as file:
        page = file.pages[0]
        per_pixel, beside = _bytes_to_read(page, _alpha_of(page) is not None)
    reckoned = per_pixel * ROWS * COLS + beside
    answer = subprocess.run(
        [sys.executable, "-c", PROGRAM, small, large],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    # Blocks of rows, of which there are a few at a time, are the program's own.
    assert int(answer.stdout) <= reckoned + 24 * MIB
    # Nor is what is refused what would have had room.
    assert reckoned <= 2.5 * int(answer.stdout) + 24 * MIB
