"""Metadata of image files: EXIF, the orientation that it asks for, resolution."""

from __future__ import annotations

import struct
import warnings
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from srcnn_theano.data.images.picture import Picture

EXIF_PREFIX = b"Exif\0\0"

_ORIENTATION = 0x0112
_PROFILE = 34675
_X_RESOLUTION, _Y_RESOLUTION, _UNIT = 282, 283, 296
_CENTIMETRE = 3
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825  # exposure and the like; position
_WIDTH, _HEIGHT = 0xA002, 0xA003  # of the picture, in the first of these
# The tags of a TIFF that describe the picture and not the layout of the file.
_DESCRIPTIVE = (270, 271, 272, 305, 306, 315, 33432)
_COLOUR_CHUNKS = (b"cICP", b"cHRM", b"gAMA", b"sRGB")


class Metadata(NamedTuple):
    """What an image file says of its picture beside the pixels."""

    orientation: int = 1  # that EXIF asks for, 1 to 8
    exif: bytes | None = None  # without the orientation
    icc_profile: bytes | None = None
    dpi: tuple[float, float] | None = None  # of the file as it lies


def metadata_of(image: Any) -> Metadata:
    """The metadata of an image that Pillow has opened."""
    profile = image.info.get("icc_profile") or None
    try:
        exif = image.getexif()
        orientation = int(exif.get(_ORIENTATION, 1))
        if "exif" not in image.info:
            kept = _descriptive(exif)
        elif orientation == 1:
            kept = _with_prefix(image.info["exif"])
        else:
            exif[_ORIENTATION] = 1
            kept = exif.tobytes()
        return Metadata(orientation, kept, profile, _dpi_of(image, exif))
    except Exception:  # malformed metadata is no reason to refuse a picture
        return Metadata(1, None, profile, None)


def metadata_of_tiff(path: Path) -> Metadata:
    """The metadata of a TIFF whose pixels Pillow cannot read."""
    from PIL import Image

    try:
        with path.open("rb") as stream:
            tags = Image.Exif()
            tags.load_from_fp(stream)
            profile = tags.get(_PROFILE)
            return Metadata(
                int(tags.get(_ORIENTATION, 1)),
                _descriptive(tags),
                profile if isinstance(profile, bytes) else None,
                _dpi_of_tags(tags),
            )
    except Exception:  # as above
        return Metadata()


def _descriptive(tags: Any) -> bytes | None:
    """The tags of a TIFF that go along, as EXIF."""
    from PIL import Image

    kept = Image.Exif()
    for tag in _DESCRIPTIVE:
        if tag in tags:
            kept[tag] = tags[tag]
    for tag in (_EXIF_IFD, _GPS_IFD):
        if tags.get_ifd(tag):
            kept[tag] = dict(tags.get_ifd(tag))
    return kept.tobytes() if len(kept) else None


# --- Resolution ---


def _dpi_of(image: Any, exif: Any) -> tuple[float, float] | None:
    is_guess = image.format == "JPEG" and image.info.get("jfif_unit") not in (1, 2)
    if is_guess or "dpi" not in image.info:
        return _dpi_of_tags(exif)
    return _checked_dpi(*image.info["dpi"])


def _dpi_of_tags(tags: Any) -> tuple[float, float] | None:
    if _X_RESOLUTION not in tags or _Y_RESOLUTION not in tags:
        return None
    unit = int(tags.get(_UNIT, 2))
    if unit == 1:
        return None  # a ratio of sides alone
    factor = 2.54 if unit == _CENTIMETRE else 1.0
    return _checked_dpi(
        factor * float(tags[_X_RESOLUTION]), factor * float(tags[_Y_RESOLUTION])
    )


def _checked_dpi(across: Any, down: Any) -> tuple[float, float] | None:
    dpi = float(across), float(down)
    return dpi if all(0.1 < value < 1e6 for value in dpi) else None


def enlarged(picture: Picture, scale: int) -> Picture:
    """A picture's size and resolution for one `scale` times as large."""
    if scale == 1:
        return picture
    dpi, exif = picture.dpi, picture.exif
    if dpi:
        dpi = dpi[0] * scale, dpi[1] * scale
    if exif:
        rows, cols = (scale * n for n in picture.pixels.shape[:2])
        exif = _enlarged_exif(exif, scale, rows, cols)
    return picture._replace(dpi=dpi, exif=exif)


def _enlarged_exif(exif: bytes, scale: int, rows: int, cols: int) -> bytes:
    """EXIF for a picture `scale` times as large, now of `rows` and `cols`.

    Resolution and size follow; what cannot be read stays as it is.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what it passes over
            tags = Image.Exif()
            tags.load(exif)
            inner = tags.get_ifd(_EXIF_IFD)
            resolutions = [tag for tag in (_X_RESOLUTION, _Y_RESOLUTION) if tag in tags]
            sizes = [tag for tag in (_WIDTH, _HEIGHT) if tag in inner]
            if not resolutions and not sizes:
                return exif
            for tag in resolutions:
                tags[tag] = float(tags[tag]) * scale
            inner.update({tag: {_WIDTH: cols, _HEIGHT: rows}[tag] for tag in sizes})
            return tags.tobytes()
    except Exception:
        return exif


# --- Colour in PNG files ---


def colour_chunks(path: Path) -> tuple[tuple[bytes, bytes], ...]:
    """The chunks before the pixels of a PNG file that say how its colours are meant."""
    chunks: list[tuple[bytes, bytes]] = []
    with path.open("rb") as stream:
        stream.seek(8)
        while True:
            head = stream.read(8)
            if len(head) < 8 or head[4:] == b"IDAT":
                return tuple(chunks)
            (length,) = struct.unpack(">I", head[:4])
            if head[4:] in _COLOUR_CHUNKS and length <= 32:
                chunks.append((head[4:], stream.read(length)))
                stream.seek(4, 1)
            else:
                stream.seek(length + 4, 1)


# --- Depth ---


def stored_bits(path: Path, format_name: str) -> int:
    """Bits per channel in an AVIF or JPEG 2000 file, which Pillow cuts to 8.

    8 where the beginning of the file does not tell.
    """
    with path.open("rb") as stream:
        start = stream.read(1 << 16)
    if format_name == "AVIF":
        _, box, rest = start.partition(b"av1C")
        # Version; profile and level; tier, high_bitdepth, twelve_bit, ...
        flags = rest[2] if box and len(rest) > 2 else 0
        return (12 if flags & 0x20 else 10) if flags & 0x40 else 8
    if format_name == "JPEG2000":
        # The marker SIZ, its length, and 36 bytes of sizes before the first depth.
        _, marker, rest = start.partition(b"\xff\x4f\xff\x51")
        return (rest[38] & 0x7F) + 1 if marker and len(rest) > 38 else 8
    return 8


# --- Orientation ---


def _with_prefix(exif: bytes) -> bytes:
    """The prefix belongs to EXIF in JPEG; WebP leaves it out."""
    return exif if exif.startswith(EXIF_PREFIX) else EXIF_PREFIX + exif


def turn(array: np.ndarray, orientation: int) -> np.ndarray:
    """Undo the turning and mirroring of an EXIF orientation, 1 to 8."""
    if orientation in (5, 6, 7, 8):
        array = np.swapaxes(array, 0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)
