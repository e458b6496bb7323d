"""How much memory a picture takes while it is read and written, and how much it may."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from srcnn_theano.errors import UserError
from srcnn_theano.files import PathLike

GIB = 1 << 30
# What the program takes by itself: libraries, a network, a tile.
_PROGRAM = 230 << 20
# Where no limit is named, as many pixels as Pillow opens by itself.
_MOST_PIXELS = 178_956_970
# Bytes that Pillow keeps for a pixel; four where the mode is none of these.
_STORED = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
# And what decoders take beside, all of the picture at once.
_DECODERS = {"WEBP": 8, "AVIF": 8, "HEIF": 8, "JPEG2000": 16, "GIF": 4}


def check_memory(
    path: PathLike,
    size: tuple[int, int],
    bytes_per_pixel: float,
    most: int | None,
    cure: str = "cut it into pieces",
    beside: float = 0,
) -> None:
    """Refuse a picture that would take more memory than it may.

    Parameters
    ----------
    path : path
    size : (rows, cols)
    bytes_per_pixel : float
        While it is read or written.
    most : int or None
        Bytes of memory that the program may take; None for a limit of pixels alone.
    cure : str
        What to do beside allowing more.
    beside : float
        Bytes that do not grow with the picture's pixels.

    Raises
    ------
    UserError
    """
    rows, cols = size
    n_pixels = rows * cols
    if most is None:
        if n_pixels > _MOST_PIXELS:
            raise UserError(
                f"{path}: {cols}x{rows} pixels are too many to be opened at once, at "
                f"most {_MOST_PIXELS // 10**6} megapixels are; {cure}"
            )
        return
    needed = _PROGRAM + n_pixels * bytes_per_pixel + beside
    if needed > most:
        raise UserError(
            f"{path}: {cols}x{rows} pixels take about {needed / GIB:.1f} GiB of "
            f"memory, and {most / GIB:g} GiB are allowed; allow it with --memory "
            f"{math.ceil(needed / GIB)}, or {cure}"
        )


def bytes_to_read(image: Any, n_result: int, n_way: int) -> float:
    """Bytes for each pixel of an image of Pillow's while it is read.

    Parameters
    ----------
    image : Image of Pillow's, not loaded yet
    n_result, n_way : int
        Bytes of a pixel of the resulting array, and of what there is while it is made.
    """
    decoder: float = _DECODERS.get(image.format, 0)
    if image.format in ("JPEG", "MPO") and image.info.get("progressive"):
        # Two bytes for each coefficient; colours may have fewer of them.
        layers = [(across, down) for _, across, down, _ in image.layer]
        widest, highest = (max(sides) for sides in zip(*layers))
        decoder += 2 * sum(a * b for a, b in layers) / (widest * highest)
    stored = bytes_stored(image)
    if image.format == "PPM":
        return stored + max(n_result + n_way, _bytes_to_decode_ppm(image))
    # The array is turned upright, or colours under alpha spread, when Pillow's is gone.
    return max(stored + n_result + n_way + decoder, 2 * n_result)


def bytes_stored(image: Any) -> int:
    """Bytes for each pixel of an image of Pillow's."""
    return _STORED.get(image.mode, 4)


def _bytes_to_decode_ppm(image: Any) -> float:
    """What Pillow makes of values that are text, or have a white of their own.

    An array that grows, by an eighth more than it needs, and a copy of it.
    """
    if image.tile[0][0] not in ("ppm", "ppm_plain"):
        return 0
    if image.mode == "1":
        return 3
    return 2.125 * len(image.getbands()) * (4 if image.mode == "I" else 1)


def bytes_to_write(values: np.dtype, n_channels: int, name: str) -> float:
    """Bytes for each pixel of a result that is written all at once.

    Parameters
    ----------
    values : dtype
    n_channels : int
    name : str
        Pillow's, of the format.
    """
    whole = n_channels * np.dtype(values).itemsize
    stored = 4 if n_channels > 1 else whole
    return whole + stored + (16 if name == "WEBP" else 0)
