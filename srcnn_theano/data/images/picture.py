"""A picture in memory, and the formats of image files."""

from __future__ import annotations

from typing import Any, NamedTuple, Tuple

import numpy as np

Chunks = Tuple[Tuple[bytes, bytes], ...]  # of a PNG file, each its name and data


class Picture(NamedTuple):
    """An image with all that should survive processing."""

    pixels: np.ndarray  # (rows, cols, 1 or 3), uint8 or uint16: grey or RGB
    alpha: np.ndarray | None = None  # (rows, cols), of the same dtype
    icc_profile: bytes | None = None
    exif: bytes | None = None  # from b"Exif\0\0" on; the pixels are upright
    dpi: tuple[float, float] | None = None  # dots per inch across and down
    colour_chunks: Chunks = ()  # of a PNG file, how its colours are meant
    texts: Chunks = ()  # of a PNG file
    comment: bytes = b""  # of a JPEG or GIF file
    # Dots across for one down, where they are not as many and `dpi` is not known.
    aspect: float | None = None
    notes: tuple[str, ...] = ()  # what of the file is not in here, for people


class Format(NamedTuple):
    """A format that pictures can be written in."""

    name: str  # Pillow's
    holds: frozenset[str]  # kinds of picture, see `kind_of`
    options: dict[str, Any]  # for Image.save
    metadata: bool = False  # takes an ICC profile and EXIF
    dpi: bool = False  # takes a resolution beside EXIF
    comment: bool = False  # takes a comment
    grey: bool = True  # keeps grey as grey
    max_side: int = (1 << 31) - 1  # pixels
    max_bytes: int = 1 << 62  # of all pixels


def _kinds(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ALL = _kinds("L LA RGB RGBA L16 LA16 RGB16 RGBA16")
_4_GIB = (1 << 32) - (1 << 20)
# The kinds of picture that a format holds without loss of depth or transparency.
# libjpeg writes 65500 pixels at most, though JPEG could hold 65535.
_JPEG = Format(
    "JPEG",
    _kinds("L RGB"),
    {"quality": 95, "subsampling": 0},
    True,
    True,
    True,
    max_side=65500,
)
# Offsets of 32 bits; the first MB is left for metadata.
_TIFF = Format("TIFF", _ALL, {}, True, True, max_bytes=_4_GIB)
_NETPBM = Format("PPM", _kinds("L RGB L16 RGB16"), {})
FORMATS = {
    ".bmp": Format("BMP", _kinds("L RGB"), {}, dpi=True, max_bytes=_4_GIB),
    ".gif": Format("GIF", _kinds("L"), {}, comment=True, max_side=65535),
    ".jfif": _JPEG,
    ".jpe": _JPEG,
    ".jpeg": _JPEG,
    ".jpg": _JPEG,
    ".pgm": _NETPBM,
    ".png": Format("PNG", _ALL, {}, True, True, True),
    ".ppm": _NETPBM,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".webp": Format(
        "WEBP",
        _kinds("L LA RGB RGBA"),
        {"lossless": True},
        metadata=True,
        grey=False,
        max_side=16383,
    ),
}
# Formats that are only read, by their suffixes: Pillow's names.
READ_ONLY = {
    ".avif": "AVIF",
    ".heic": "HEIF",
    ".heif": "HEIF",
    ".hif": "HEIF",
    ".j2k": "JPEG2000",
    ".jp2": "JPEG2000",
    ".jpf": "JPEG2000",
    ".jpx": "JPEG2000",
    ".qoi": "QOI",
    ".tga": "TGA",
}
# Other names of files of formats that are written.
_OTHER_NAMES = (".apng", ".dib", ".mpo", ".pbm", ".pnm")
IMAGE_SUFFIXES = frozenset([*FORMATS, *READ_ONLY, *_OTHER_NAMES])
# Formats that can be written with more or less loss.
QUALITY = ("JPEG", "WEBP")
# The kinds of picture in words, for messages.
WORDS = {
    "L": "a grey image",
    "LA": "a grey image with transparency",
    "RGB": "a colour image",
    "RGBA": "a colour image with transparency",
}


def picture_of(array: np.ndarray) -> Picture:
    """Pixels as a picture without metadata.

    Parameters
    ----------
    array : uint8 or uint16 array, (rows, cols) or (rows, cols, 1 to 4)
        Grey, grey and alpha, RGB, RGB and alpha; 0 is black.
    """
    _check_values(array)
    if array.ndim not in (2, 3) or array.ndim == 3 and array.shape[2] > 4:
        raise ValueError(f"pixels {array.shape}: (rows, cols[, 1 to 4]) needed")
    array = array.reshape(array.shape[:2] + (-1,))
    n_colours = 1 if array.shape[2] < 3 else 3
    alpha = None if array.shape[2] == n_colours else array[..., n_colours]
    return Picture(array[..., :n_colours], alpha)


def check_picture(picture: Picture) -> None:
    """Refuse arrays that are not of the types and shapes that `Picture` has.

    Raises
    ------
    ValueError
    """
    pixels, alpha = picture.pixels, picture.alpha
    _check_values(pixels)
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3):
        raise ValueError(f"pixels {pixels.shape}: (rows, cols, 1 or 3) needed")
    size = pixels.shape[:2]
    if alpha is not None and (alpha.dtype != pixels.dtype or alpha.shape != size):
        raise ValueError(
            f"alpha {alpha.dtype} {alpha.shape}: {pixels.dtype} {size} needed, as the "
            "pixels are"
        )


def _check_values(pixels: np.ndarray) -> None:
    if not pixels.size:
        raise ValueError(f"pixels {pixels.shape}: empty, a pixel at least is needed")
    if pixels.dtype not in (np.uint8, np.uint16):
        raise ValueError(
            f"pixels {pixels.dtype} {pixels.shape}: uint8 or uint16 needed"
        )


def array_of(picture: Picture) -> np.ndarray:
    """The pixels of a picture, (rows, cols, channels), alpha as the last."""
    if picture.alpha is None:
        return picture.pixels
    return np.concatenate([picture.pixels, picture.alpha[..., np.newaxis]], axis=2)


def pixel_bytes(picture: Picture) -> int:
    """Bytes of a pixel with its alpha."""
    n_channels = picture.pixels.shape[2] + (picture.alpha is not None)
    return n_channels * picture.pixels.itemsize


def kind_of(picture: Picture) -> str:
    """Channels, alpha, and the bits if they are 16: "L", "RGBA", "RGB16"."""
    colours = "L" if picture.pixels.shape[2] == 1 else "RGB"
    alpha = "" if picture.alpha is None else "A"
    return colours + alpha + ("16" if picture.pixels.dtype == np.uint16 else "")
