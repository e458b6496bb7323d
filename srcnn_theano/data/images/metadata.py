"""Metadata of image files: EXIF, and the orientation that it asks for."""

from __future__ import annotations

from typing import Any

import numpy as np

EXIF_PREFIX = b"Exif\0\0"

_ORIENTATION = 0x0112
_EXIF_IFDS = (0x8769, 0x8825)  # exposure and the like; position
# The tags of a TIFF that describe the picture and not the layout of the file.
_DESCRIPTIVE = (270, 271, 272, 305, 306, 315, 33432)


def upright_exif(image: Any) -> tuple[int, bytes | None]:
    """The orientation that EXIF asks for (1..8), and the EXIF without it."""
    from PIL import Image

    try:
        exif = image.getexif()
    except Exception:  # malformed metadata is no reason to refuse a picture
        return 1, None
    orientation = exif.get(_ORIENTATION, 1)
    if "exif" in image.info:
        if orientation == 1:
            return 1, _with_prefix(image.info["exif"])
        exif[_ORIENTATION] = 1
        return orientation, exif.tobytes()
    kept = Image.Exif()
    for tag in _DESCRIPTIVE:
        if tag in exif:
            kept[tag] = exif[tag]
    for tag in _EXIF_IFDS:
        if exif.get_ifd(tag):
            kept[tag] = dict(exif.get_ifd(tag))
    return orientation, kept.tobytes() if len(kept) else None


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
