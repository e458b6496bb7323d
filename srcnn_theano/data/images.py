"""Image files of any kind as arrays, and back."""

import os
import struct
import warnings
import zlib
from pathlib import Path
from typing import FrozenSet, NamedTuple, Optional

import numpy as np

from srcnn_theano.errors import UserError
from srcnn_theano.files import atomic_path


class Picture(NamedTuple):
    """An image with everything that should survive processing."""

    pixels: np.ndarray  # (rows, cols, 1 or 3), uint8 or uint16: grey or RGB
    alpha: Optional[np.ndarray] = None  # (rows, cols), of the same dtype
    icc_profile: Optional[bytes] = None
    exif: Optional[bytes] = None  # from b"Exif\0\0" on; the pixels are upright


class _Format(NamedTuple):
    name: str  # Pillow's
    holds: FrozenSet[str]  # kinds of picture, see _kind
    options: dict  # for Image.save
    metadata: bool = False  # takes an ICC profile and EXIF


def _kinds(text):
    return frozenset(text.split())


# What each format holds without loss of depth or transparency.
_JPEG = _Format("JPEG", _kinds("L RGB"), {"quality": 95, "subsampling": 0}, True)
_TIFF = _Format("TIFF", _kinds("L LA RGB RGBA L16"), {}, True)
_NETPBM = _Format("PPM", _kinds("L RGB"), {})
_FORMATS = {
    ".bmp": _Format("BMP", _kinds("L RGB"), {}),
    ".gif": _Format("GIF", _kinds("L"), {}),
    ".jpeg": _JPEG,
    ".jpg": _JPEG,
    ".pgm": _NETPBM,
    ".png": _Format("PNG", _kinds("L LA RGB RGBA L16 LA16 RGB16 RGBA16"), {}, True),
    ".ppm": _NETPBM,
    ".tif": _TIFF,
    ".tiff": _TIFF,
    ".webp": _Format("WEBP", _kinds("L LA RGB RGBA"), {"lossless": True}, True),
}
IMAGE_SUFFIXES = frozenset(_FORMATS)
_WORDS = {
    "L": "a grey image",
    "LA": "a grey image with transparency",
    "RGB": "a colour image",
    "RGBA": "a colour image with transparency",
}


def _kind(picture):
    """Such as "L", "RGBA" or "RGB16": channels, alpha, and 16 if it has 16 bits."""
    colours = "L" if picture.pixels.shape[2] == 1 else "RGB"
    alpha = "" if picture.alpha is None else "A"
    return colours + alpha + ("16" if picture.pixels.dtype == np.uint16 else "")


# Reading


def read_picture(path):
    """Read an image file.

    Palettes and CMYK become RGB and 1 bit becomes grey; grey stays grey and 16 bits
    stay 16 bits. Of an animation the first image is taken. The orientation that EXIF
    asks for is applied.

    Parameters
    ----------
    path : path

    Returns
    -------
    Picture

    Raises
    ------
    UserError
        The file is missing, empty, damaged, too large or no image.
    """
    from PIL import Image, UnidentifiedImageError

    _require_file(path)
    try:
        with warnings.catch_warnings():
            # Pillow warns from 89 megapixels on and refuses from 179 on.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(str(path)) as image:
                return _to_picture(path, image)
    except UserError:
        raise
    except UnidentifiedImageError:
        raise UserError(f"{path}: not an image, or of a kind unknown here") from None
    except Image.DecompressionBombError as error:
        raise UserError(f"{path}: too large to be opened ({error})") from error
    except Exception as error:  # decoders raise all kinds for damaged files
        raise UserError(
            f"{path}: damaged or incomplete image ({error}); get another copy of it"
        ) from error


def _require_file(path):
    path = Path(path)
    if path.is_dir():
        raise UserError(f"{path}: is a folder, not an image")
    if not path.exists():
        raise UserError(f"{path}: no such file")
    if path.stat().st_size == 0:
        raise UserError(f"{path}: the file is empty (0 bytes)")
    if not os.access(str(path), os.R_OK):
        raise UserError(f"{path}: no permission to read this file")


def _to_picture(path, image):
    icc_profile = image.info.get("icc_profile") or None
    if image.mode in ("CMYK", "LAB", "HSV", "YCbCr"):
        icc_profile = None  # it describes colours that are converted away
    values = _values(path, image)
    image.load()  # here newer versions of Pillow turn a TIFF upright by themselves
    orientation, exif = _upright_exif(image)
    values = _turn(values, orientation)
    n_colours = 1 if values.shape[2] < 3 else 3
    alpha = values[..., -1] if values.shape[2] in (2, 4) else None
    return Picture(values[..., :n_colours], alpha, icc_profile, exif)


def _values(path, image):
    """Grey or RGB, with alpha if there is: (rows, cols, 1 to 4), uint8 or uint16."""
    if _has_16_bit_channels(image):
        return _read_16_bit_channels(path, image.mode)
    if image.mode.startswith("I"):
        return _read_16_bit_grey(path, image)
    if image.mode == "F":
        raise UserError(
            f"{path}: floating-point pixels have no known range; convert it to 8 or 16 "
            "bits per channel"
        )
    array = np.array(image.convert(_mode_8_bit(image)))
    array = array.reshape(array.shape[:2] + (-1,))
    if image.mode == "P" and np.all(array[..., :1] == array[..., 1:3]):
        array = array[..., 2:]  # a palette of greys, as in any grey GIF
    return array


def _mode_8_bit(image):
    colours = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    alpha = image.mode[-1] in "Aa" or "transparency" in image.info
    return colours + ("A" if alpha else "")


def _read_16_bit_grey(path, image):
    array = np.array(image)
    if array.min() < 0 or array.max() > 65535:
        raise UserError(f"{path}: 32 bits per channel; convert it to 8 or 16 bits")
    array = array.astype(np.uint16)[..., np.newaxis]
    return _with_transparent_value(array, image.info.get("transparency"))


def _with_transparent_value(array, value):
    """Add the alpha channel of a PNG that declares one value to be transparent."""
    if value is None:
        return array
    opaque = np.any(array != np.array(value), axis=2, keepdims=True)
    return np.concatenate([array, np.where(opaque, 65535, 0).astype(np.uint16)], 2)


def _raw_mode(tile):
    return tile[3] if isinstance(tile[3], str) else tile[3][0]


def _has_16_bit_channels(image):
    """Whether the file has 16 bits per channel, which Pillow cuts to 8 for colour."""
    tiles = getattr(image, "tile", None)
    return bool(
        tiles
        and image.mode in ("RGB", "RGBA")
        and str(_raw_mode(tiles[0])).partition(";")[2] in ("16B", "16L", "16N")
    )


def _read_16_bit_channels(path, mode):
    """Colour (or grey and alpha) with 16 bits per channel.

    Pillow keeps the more significant byte of each value. Told that the bytes are the
    other way round it keeps the other one.
    """
    from PIL import Image

    with Image.open(str(path)) as image:
        raw_mode = _raw_mode(image.tile[0])
        transparent = image.info.get("transparency")
    if raw_mode == "LA;16B":
        # Two values of two bytes, taken as four channels of one byte.
        array = _decode_as(path, "RGBA").astype(np.uint16)
        return array[..., 0::2] << 8 | array[..., 1::2]
    big_endian = _decode_as(path, mode + ";16B").astype(np.uint16)
    little_endian = _decode_as(path, mode + ";16L").astype(np.uint16)
    high, low = big_endian, little_endian
    if _is_little_endian(raw_mode):
        high, low = little_endian, big_endian
    return _with_transparent_value(high << 8 | low, transparent)


def _is_little_endian(raw_mode):
    native = struct.pack("=H", 1) == struct.pack("<H", 1)
    return raw_mode.endswith("16L") or (raw_mode.endswith("16N") and native)


def _decode_as(path, raw_mode):
    """Decode a file, its samples in the order that `raw_mode` says."""
    from PIL import Image

    with Image.open(str(path)) as image:
        image.tile = [_with_raw_mode(tile, raw_mode) for tile in image.tile]
        image.load()
        return np.array(image)


def _with_raw_mode(tile, raw_mode):
    args = raw_mode
    if not isinstance(tile[3], str):
        args = (raw_mode,) + tuple(tile[3][1:])
    # Named since Pillow 11, a plain tuple before.
    return tile._replace(args=args) if hasattr(tile, "_replace") else tile[:3] + (args,)


# Orientation and EXIF

_ORIENTATION = 0x0112
_EXIF_PREFIX = b"Exif\0\0"
_EXIF_IFDS = (0x8769, 0x8825)  # exposure and the like; position
# Of a TIFF's tags those that describe the picture and not the layout of the file.
_DESCRIPTIVE = (270, 271, 272, 305, 306, 315, 33432)


def _upright_exif(image):
    """The orientation that EXIF asks for (1..8), and the EXIF without it."""
    from PIL import Image

    try:
        exif = image.getexif()
    except Exception:  # malformed metadata is no reason to refuse a picture
        return 1, None
    orientation = exif.get(_ORIENTATION, 1)
    if "exif" in image.info:
        if orientation == 1:
            return 1, _with_exif_prefix(image.info["exif"])
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


def _with_exif_prefix(exif):
    """As in JPEG; WebP has the same bytes without it."""
    return exif if exif.startswith(_EXIF_PREFIX) else _EXIF_PREFIX + exif


def _turn(array, orientation):
    """Undo the turning and mirroring of an EXIF orientation, 1 to 8."""
    if orientation in (5, 6, 7, 8):
        array = np.swapaxes(array, 0, 1)
    if orientation in (3, 4, 7, 8):
        array = array[::-1]
    if orientation in (2, 3, 6, 7):
        array = array[:, ::-1]
    return np.ascontiguousarray(array)


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


# Writing


def check_writable(path, kind="RGB"):
    """Raise the error that `write_picture` would, before the picture is computed.

    Parameters
    ----------
    path : path
        The format goes by its suffix.
    kind : Picture or str
        The picture, or one like it; or "L", "LA", "RGB", "RGBA", with 16 appended for
        16 bits.
    """
    if isinstance(kind, Picture):
        kind = _kind(kind)
    suffix = Path(path).suffix.lower()
    if suffix not in _FORMATS:
        raise UserError(
            "{}: pictures cannot be written as {!r}; choose one of {}".format(
                path, suffix, " ".join(sorted(_FORMATS))
            )
        )
    if kind not in _FORMATS[suffix].holds:
        words = _WORDS[kind.replace("16", "")] + (", 16-bit" if "16" in kind else "")
        raise UserError(
            f"{path}: a {suffix} file cannot hold this picture ({words}); choose .png"
        )


def write_picture(path, picture):
    """Write a picture in one step, in the format of the path's suffix.

    Raises
    ------
    UserError
        The format is unknown or cannot hold the picture (depth, transparency, size), or
        the file cannot be written.
    """
    check_writable(path, picture)
    format_ = _FORMATS[Path(path).suffix.lower()]
    values = picture.pixels
    if picture.alpha is not None:
        values = np.concatenate([values, picture.alpha[..., np.newaxis]], axis=2)
    with atomic_path(path) as temporary:
        if format_.name == "PNG" and values.dtype == np.uint16:
            temporary.write_bytes(_png_16_bit(values, picture))
        else:
            _save(path, temporary, values, picture, format_)


def _save(path, temporary, values, picture, format_):
    from PIL import Image

    options = dict(format_.options)
    if format_.metadata and picture.icc_profile:
        options["icc_profile"] = picture.icc_profile
    if format_.metadata and picture.exif:
        options["exif"] = picture.exif
    image = Image.fromarray(values[..., 0] if values.shape[2] == 1 else values)
    try:
        image.save(str(temporary), format_.name, **options)
    except (OSError, ValueError, struct.error) as error:
        if getattr(error, "errno", None):
            raise  # the disk's doing: atomic_path tells it
        raise UserError(
            f"{path}: {values.shape[1]}x{values.shape[0]} pixels cannot be written as "
            f"{format_.name} ({error}); choose .png"
        ) from error


def _png_16_bit(values, picture):
    """A PNG file with 16 bits per channel, which Pillow writes for grey only."""
    rows, cols, n_channels = values.shape
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[n_channels]
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", cols, rows, 16, colour_type, 0, 0, 0))]
    if picture.icc_profile:
        profile = b"ICC profile\0\0" + zlib.compress(picture.icc_profile)
        chunks.append((b"iCCP", profile))
    if picture.exif:
        chunks.append((b"eXIf", picture.exif[len(_EXIF_PREFIX) :]))
    chunks += [(b"IDAT", _compressed_rows(values)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(*chunk) for chunk in chunks)


def _compressed_rows(values, n_rows=64):
    """The samples of a PNG file, a few rows at a time: copies of all are large."""
    deflate, compressed = zlib.compressobj(), []
    above = np.zeros((1, values[0].size * 2), np.uint8)
    for start in range(0, len(values), n_rows):
        block = np.ascontiguousarray(values[start : start + n_rows], ">u2")
        samples = np.concatenate([above, block.view(np.uint8).reshape(len(block), -1)])
        filtered = np.empty((len(block), samples.shape[1] + 1), np.uint8)
        filtered[:, 0] = 2  # each byte less the one above it
        np.subtract(samples[1:], samples[:-1], out=filtered[:, 1:])
        compressed.append(deflate.compress(filtered))
        above = samples[-1:]
    return b"".join(compressed) + deflate.flush()


def _png_chunk(name, data):
    checksum = zlib.crc32(name + data) & 0xFFFFFFFF
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)
