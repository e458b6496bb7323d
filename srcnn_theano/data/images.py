"""Image files of any kind as arrays, and back."""

import struct
import warnings
import zlib
from pathlib import Path
from typing import NamedTuple, Optional

import numpy as np

from srcnn_theano.errors import UserError

IMAGE_SUFFIXES = frozenset(
    ".bmp .gif .jpeg .jpg .pgm .png .pnm .ppm .tif .tiff .webp".split()
)


class Picture(NamedTuple):
    """An image with everything that should survive processing."""

    pixels: np.ndarray  # (rows, cols, 1 or 3), uint8 or uint16: grey or RGB
    alpha: Optional[np.ndarray] = None  # (rows, cols), same dtype
    icc_profile: Optional[bytes] = None
    exif: Optional[bytes] = None


def read_picture(path):
    from PIL import Image

    image = Image.open(str(path))
    image = image.convert("L" if image.mode in ("1", "L") else "RGB")
    pixels = np.array(image)
    return Picture(pixels.reshape(pixels.shape[:2] + (-1,)))


def read_pixels(path):
    """Grey or RGB values of an image file as uint8, (rows, cols, 1 or 3).

    16-bit values are rounded to 8 bits; transparency is left out.
    """
    pixels = read_picture(path).pixels
    if pixels.dtype == np.uint16:
        pixels = ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return pixels


def read_rgb(path):
    """RGB values of an image file as uint8, (rows, cols, 3); grey is replicated."""
    pixels = read_pixels(path)
    return pixels if pixels.shape[2] == 3 else np.repeat(pixels, 3, axis=2)
