"""What reading takes, held to what is promised of it before."""

import struct
import subprocess
import sys

import numpy as np
import pytest
import tifffile
from PIL import Image

from srcnn_theano.data.images.memory import bytes_to_read
from srcnn_theano.data.images.opening import open_image
from srcnn_theano.data.images.reading import _n_result
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
    taken = most_taken(PROGRAM, small, large)
    # Blocks of rows, of which there are a few at a time, are the program's own.
    assert taken <= reckoned + 24 * MIB
    # Nor is what is refused what would have had room.
    assert reckoned <= 2.5 * taken + 24 * MIB


def most_taken(program, small, large):
    """Bytes that reading the large file takes beyond what reading the small one did."""
    command = [sys.executable, "-c", program, small, large]
    return int(subprocess.run(command, stdout=-1, check=True, text=True).stdout)


def save_otherwise(path, rows, kind):
    """A file of no TIFF: a format, a mode or a white, and an orientation."""
    name, what, *orientation = kind.split()
    options = {"exif": Image.Exif()}
    options["exif"][0x112] = int((orientation or [1])[0])
    ramp = np.broadcast_to((np.arange(COLS) % 200)[:, None], (rows, COLS, 3))
    if name in ("P5", "P6"):
        values = ramp[..., : 3 if name == "P6" else 1]
        head = f"{name} {COLS} {rows} {what}\n".encode()
        values = values.astype(np.uint8 if int(what) < 256 else ">u2")
        path.write_bytes(head + values.tobytes())
    elif what == "I;16":
        values = ramp[..., 0].astype(np.uint16)
        Image.fromarray(values).save(path, name, transparency=7)
    else:
        image = Image.fromarray(ramp.astype(np.uint8)).convert(what)
        if name == "PNG":
            options["compress_level"] = 1
        image.save(path, name, **options)
    return path


@pytest.mark.parametrize(
    "kind",
    [
        *["JPEG RGB", "JPEG RGB 3", "JPEG RGB 6", "JPEG L 6", "JPEG CMYK"],
        *["PNG RGBA 6", "PNG P 6", "PNG I;16"],
        *["P5 65535", "P5 200", "P6 200", "P6 65535"],
    ],
)
def test_what_pillow_reads_takes_no_more_than_was_reckoned(tmp_path, kind):
    rows = 400 if kind.endswith(" 200") else ROWS  # these are slow
    small, large = (save_otherwise(tmp_path / f"{n}.x", n, kind) for n in (2, rows))
    with open_image(large) as image:
        reckoned = bytes_to_read(image, *_n_result(image)) * rows * COLS
    low = "from srcnn_theano.data.images import values; values._STRIP_BYTES = 1 << 18\n"
    taken = most_taken(low + PROGRAM, small, large)
    assert taken <= reckoned + 2 * MIB
    assert reckoned <= 1.3 * taken + 2 * MIB
