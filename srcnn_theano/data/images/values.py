"""The pixels of an image that Pillow has opened, with all their bits."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any, Iterator

import numpy as np

from srcnn_theano.data.images.opening import open_image
from srcnn_theano.errors import UserError

_STRIP_BYTES = 1 << 22
_COLOUR_MAP = 320  # a tag


def rounded(values: np.ndarray) -> np.ndarray:
    """16 bits as 8."""
    result = np.empty(values.shape, np.uint8)
    for rows, strip in strips(result):
        strip[...] = (values[rows].astype(np.uint32) + 128) // 257
    return result


def values_of(path: Path, image: Any) -> np.ndarray:
    """Grey or RGB, with alpha if there is: (rows, cols, 1 to 4), uint8 or uint16."""
    if has_16_bit_channels(image):
        return _read_16_bit_channels(path, image.mode)
    if image.mode.startswith("I"):
        return _read_16_bit_grey(path, image)
    if image.mode == "F":
        raise UserError(
            f"{path}: floating-point pixels have no known range; convert it to 8 or 16 "
            "bits per channel"
        )
    mode = mode_8_bit(image)
    if has_undeclared_alpha(path, image):
        mode = mode[:-1]
    _scale_transparent_value(image)
    _scale_colour_map(image)
    image.load()  # Pillow 10 turns a TIFF upright here, and its size with it
    array = np.empty((image.height, image.width, len(mode)), np.uint8)
    parts = list(strips(array))
    for rows, strip in parts:
        part = image.crop((0, rows.start, image.width, rows.stop)).convert(mode)
        strip[...] = np.asarray(part).reshape(strip.shape)
    if image.mode == "P" and len(mode) > 2:
        if all(np.all(strip[..., :1] == strip[..., 1:3]) for _, strip in parts):
            array = array[..., 2:]  # a palette of greys, as in any grey GIF
    return array


def _scale_transparent_value(image: Any) -> None:
    """Give the grey that a PNG declares transparent the range that pixels will have.

    Pillow makes 8 bits of 1, 2 and 4, and in some versions leaves this value as it is.
    """
    bits = {"1": 1, "L;2": 2, "L;4": 4}.get(
        _raw_mode(image.tile[0]) if image.tile else ""
    )
    value = image.info.get("transparency")
    if bits and image.format == "PNG" and isinstance(value, int):
        most = (1 << bits) - 1
        if value <= most:
            image.info["transparency"] = value * 255 // most


def _scale_colour_map(image: Any) -> None:
    """Take the palette of a TIFF for 8 bits where it has no more, as libtiff does.

    It should have 16, of which Pillow takes the upper 8: all would be black.
    """
    from PIL import ImagePalette

    if image.format == "TIFF" and image.mode in ("P", "PA"):
        levels = image.tag_v2[_COLOUR_MAP]
        if max(levels) < 256:
            # All of red, then of green, then of blue.
            image.palette = ImagePalette.raw("RGB;L", bytes(levels))


def strips(
    array: np.ndarray, n_bytes: int | None = None
) -> Iterator[tuple[slice, np.ndarray]]:
    """Parts of an array with some rows each: copies of all are large."""
    step = max(1, (n_bytes or _STRIP_BYTES) // max(1, array[:1].nbytes))
    for start in range(0, len(array), step):
        rows = slice(start, min(start + step, len(array)))
        yield rows, array[rows]


def mode_8_bit(image: Any) -> str:
    colours = "L" if image.mode in ("1", "L", "LA", "La") else "RGB"
    return colours + ("A" if _has_alpha(image) else "")


def _has_alpha(image: Any) -> bool:
    in_palette = image.mode == "P" and image.palette and image.palette.mode == "RGBA"
    return bool(image.mode[-1] in "Aa" or "transparency" in image.info or in_palette)


def has_undeclared_alpha(path: Path, image: Any) -> bool:
    """Whether it has room for alpha that the header of a TGA says there is none of.

    Many programs leave 0 there, which would be transparent all over.
    """
    if image.format != "TGA" or not _has_alpha(image):
        return False
    with path.open("rb") as stream:
        return not stream.read(18)[17] & 15  # the number of bits


def _read_16_bit_grey(path: Path, image: Any) -> np.ndarray:
    array = np.array(image)
    if array.min() < 0 or array.max() > 65535:
        raise UserError(f"{path}: 32 bits per channel; convert it to 8 or 16 bits")
    array = array.astype(np.uint16)[..., np.newaxis]
    return _with_transparent_value(array, image.info.get("transparency"))


def _with_transparent_value(array: np.ndarray, value: Any) -> np.ndarray:
    """Add the alpha channel of a PNG that declares one value to be transparent."""
    if value is None:
        return array
    opaque = np.any(array != np.array(value), axis=2, keepdims=True)
    return np.concatenate([array, np.where(opaque, 65535, 0).astype(np.uint16)], 2)


def _raw_mode(tile: Any) -> str:
    args = tile[3]
    return str(args[0] if args and not isinstance(args, str) else args)


def has_16_bit_channels(image: Any) -> bool:
    """Whether the file has 16 bits per channel, which Pillow cuts to 8 for colour."""
    tiles = getattr(image, "tile", None)
    if not tiles or image.mode not in ("RGB", "RGBA"):
        return False
    if image.format == "PPM":
        return tiles[0][0] == "ppm" and ppm_levels(image) == 65535
    return _raw_mode(tiles[0]).partition(";")[2] in ("16B", "16L", "16N")


def _read_16_bit_channels(path: Path, mode: str) -> np.ndarray:
    """Colour (or grey and alpha) with 16 bits per channel.

    Pillow keeps the more significant byte of each value, and the less significant byte
    if it is told that the two are the other way round.
    """
    with open_image(path) as image:
        raw_mode = _raw_mode(image.tile[0])
        transparent = image.info.get("transparency")
    if raw_mode == "LA;16B":
        # Two values of two bytes, taken as four channels of one byte.
        array = np.asarray(_decoded_as(path, "RGBA")).astype(np.uint16)
        return array[..., 0::2] << 8 | array[..., 1::2]
    high, low = _decoded_as(path, mode + ";16B"), _decoded_as(path, mode + ";16L")
    if _is_little_endian(raw_mode):
        high, low = low, high
    array = np.empty((high.height, high.width, len(mode)), np.uint16)
    for rows, strip in strips(array):
        box = (0, rows.start, high.width, rows.stop)
        strip[...] = np.asarray(high.crop(box))
        strip <<= 8
        strip |= np.asarray(low.crop(box))
    return _with_transparent_value(array, transparent)


def _is_little_endian(raw_mode: str) -> bool:
    native = struct.pack("=H", 1) == struct.pack("<H", 1)
    return raw_mode.endswith("16L") or (raw_mode.endswith("16N") and native)


def _decoded_as(path: Path, raw_mode: str) -> Any:
    """Decode a file, its samples in the order that `raw_mode` says."""
    with open_image(path) as image:
        image.tile = [_with_raw_mode(tile, raw_mode) for tile in image.tile]
        image.load()
        return image


def _with_raw_mode(tile: Any, raw_mode: str) -> Any:
    codec, extents, offset, args = tile
    if codec == "ppm":
        # It would divide; values of two bytes lie there as they are.
        codec, args = "raw", (raw_mode, 0, 1)
    else:
        args = raw_mode if isinstance(args, str) else (raw_mode,) + tuple(args[1:])
    parts = (codec, extents, offset, args)
    # Named since Pillow 11, a plain tuple before.
    return tile._make(parts) if hasattr(tile, "_make") else parts


def ppm_levels(image: Any) -> int:
    """The value of white in a PPM file with pixels."""
    args = image.tile[0][3] if image.tile else ()
    return args[1] if isinstance(args, tuple) and isinstance(args[-1], int) else 255
