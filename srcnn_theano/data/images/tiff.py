"""TIFF files of the kinds that Pillow refuses or garbles, by tifffile.

TIFF leaves much open: samples in planes or side by side, of 1 to 64 bits, signed or
not, white as 0, channels beyond the colours that may be alpha, tiles, files beyond 4
GiB. What is read here is checked against the tags first, so that a file cannot ask for
more memory than its size in pixels allows, and what has no meaning as a picture is
refused by name. Files with lossy compression or in colours that need a conversion
(YCbCr, Lab, palettes) are left to Pillow, which decodes them by libtiff.
"""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path
from typing import Any, BinaryIO, Iterator, NamedTuple

import numpy as np

from srcnn_theano.data.images.memory import check_memory
from srcnn_theano.errors import UserError

# Values of the tags that matter.
_WHITE_IS_0, _BLACK_IS_0, _RGB, _INKS = 0, 1, 2, 5
_COLOURS = {_WHITE_IS_0: 1, _BLACK_IS_0: 1, _RGB: 3, _INKS: 4}
_NO_COMPRESSION = 1
_LOSSLESS = {5: "LZW", 8: "deflate", 32773: "PackBits", 32946: "deflate"}
_ASSOCIATED, _UNASSOCIATED = 1, 2
_NUMBERS = {2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}
_MOST_SAMPLES, _MOST_PAGES = 16, 10000
_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class Samples(NamedTuple):
    """The first image of a TIFF as it lies in the file, not turned."""

    colours: np.ndarray  # (rows, cols, 1, 3 or 4), uint8 or uint16; 4 are inks
    alpha: np.ndarray | None  # (rows, cols), of the same dtype
    notes: tuple[str, ...]  # what was left out


def is_tiff(stream: BinaryIO) -> bool:
    """Whether a file begins as a TIFF does; its position is kept."""
    position = stream.tell()
    start = stream.read(4)
    stream.seek(position)
    return start in _MAGIC


def read_samples(path: Path, most_memory: int | None = None) -> Samples | None:
    """Read the first image of a TIFF, if it is of a kind for which this is the way.

    Returns
    -------
    Samples or None
        None where Pillow is to read it.

    Raises
    ------
    UserError
        Its pixels are no picture's, or it needs a package that is not there.
    """
    import tifffile

    # It tells of damage on stderr, and what it cannot read is an error besides.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)
    # Never the series: those of microscopes name further files, which it would open.
    with tifffile.TiffFile(path, _multifile=False) as file:
        page = file.pages[0]
        if not _is_ours(page):
            _check_for_pillow(path, page)
            return None
        _check(path, page, most_memory)
        samples = _samples(path, page, _as_grid(page, page.asarray(maxworkers=1)))
        n_images = _n_images(file)
        if n_images > 1:
            note = f"the first of {n_images} images is taken"
            samples = samples._replace(notes=(note, *samples.notes))
        return samples


def _n_images(file: Any) -> int:
    """How many of the pages are neither previews nor masks; counted up to a bound."""
    n_images = 0
    for i in range(_MOST_PAGES):
        try:
            # Bit 0 of NewSubfileType: of reduced size; bit 2: a mask.
            n_images += not int(file.pages[i].subfiletype) & 5
        except Exception:  # the end of the chain, or a damaged page
            break
    return n_images


def _is_ours(page: Any) -> bool:
    if int(page.photometric) not in _COLOURS:
        return False
    return page.compression == _NO_COMPRESSION or (
        int(page.compression) in _LOSSLESS
        and (_has_imagecodecs() or not _is_plain(page))
    )


def _is_plain(page: Any) -> bool:
    """Whether Pillow reads it right: (8 bits or fewer, side by side, known meaning)."""
    extras = tuple(int(extra) for extra in page.extrasamples)
    n_colours = _COLOURS.get(int(page.photometric), page.samplesperpixel)
    return (
        all(bits in (1, 2, 4, 8) for bits in _each(page.bitspersample))
        and all(number == 1 for number in _each(page.sampleformat))
        and (page.samplesperpixel == 1 or int(page.planarconfig) == 1)
        and extras in ((), (_UNASSOCIATED,))
        and page.samplesperpixel == n_colours + len(extras)
    )


def _check_for_pillow(path: Path, page: Any) -> None:
    """Refuse what Pillow would read wrong, in words of the file."""
    if not _is_plain(page):
        raise UserError(
            f"{path}: a TIFF compressed by {_word(page.compression)} in colours "
            f"{_word(page.photometric)} with {page.samplesperpixel} samples of "
            f"{page.bitspersample} bits is not read here; save it with LZW or no "
            "compression, in 8 or 16 bits"
        )


def _check(path: Path, page: Any, most_memory: int | None) -> None:
    """Refuse what is no picture, and what would take more memory than a picture."""
    n_pixels = page.imagewidth * page.imagelength
    # As it lies in the file, and as it is turned into grey or RGB.
    bits = page.samplesperpixel * max(_each(page.bitspersample))
    size = page.imagelength, page.imagewidth
    check_memory(path, size, bits / 8 + max(bits, 8) / 4, most_memory)
    if n_pixels == 0 or page.imagedepth != 1:
        raise UserError(
            f"{path}: {page.imagewidth}x{page.imagelength}x{page.imagedepth} pixels "
            "are no picture; get another copy of it"
        )
    _check_numbers(path, page)
    n_colours = _COLOURS[int(page.photometric)]
    if not n_colours <= page.samplesperpixel <= _MOST_SAMPLES:
        raise UserError(
            f"{path}: {page.samplesperpixel} samples for each pixel, where a picture "
            f"has {n_colours} or a few more; take its colours out of it"
        )
    _check_segments(path, page)
    if page.compression != _NO_COMPRESSION and not _has_imagecodecs():
        raise UserError(
            f"{path}: to read a TIFF of this kind that is compressed needs the package "
            "imagecodecs; put it right with `pip install 'srcnn-theano[tiff]'`"
        )


def _check_numbers(path: Path, page: Any) -> None:
    bits = set(_each(page.bitspersample))
    kinds = {_NUMBERS.get(int(n), "") for n in _each(page.sampleformat)} - {""}
    # Integers of 32 bits may hold no more than 16: their values tell.
    if kinds and not (kinds == {"signed"} and bits == {32}):
        raise UserError(
            f"{path}: {min(kinds)} pixels have no known range; convert it to 8 or 16 "
            "bits per channel, without sign"
        )
    if len(bits) > 1 or 16 < max(bits) != 32:
        raise UserError(
            f"{path}: {'/'.join(map(str, sorted(bits)))} bits per channel; convert it "
            "to 8 or 16 bits"
        )


def _check_segments(path: Path, page: Any) -> None:
    """Refuse a file without all of its strips or tiles, which would be read as 0."""
    size, n_given = path.stat().st_size, len(page.dataoffsets)
    ends = [
        offset + length if offset and length else size + 1
        for offset, length in zip(page.dataoffsets, page.databytecounts)
    ]
    n_needed = int(np.prod(page.chunked))
    if n_given < n_needed or len(ends) < n_given or max(ends) > size:
        raise ValueError("a part of its pixels is not in the file")


def _as_grid(page: Any, array: np.ndarray) -> np.ndarray:
    """(rows, cols, samples), whatever the order in the file."""
    rows, cols, n = page.imagelength, page.imagewidth, page.samplesperpixel
    if n > 1 and int(page.planarconfig) == 2:
        return np.moveaxis(array.reshape(n, rows, cols), 0, 2)
    return array.reshape(rows, cols, n)


def _samples(path: Path, page: Any, array: np.ndarray) -> Samples:
    bits = max(_each(page.bitspersample))
    if bits == 32:
        if array.min() < 0 or array.max() > 65535:
            raise UserError(f"{path}: 32 bits per channel; convert it to 8 or 16 bits")
        bits, array = 16, array.astype(np.uint16)
    array = _full_range(array, bits)
    if page.photometric == _WHITE_IS_0:
        array = np.iinfo(array.dtype).max - array
    n_colours = _COLOURS[int(page.photometric)]
    colours, extras = array[..., :n_colours], array[..., n_colours:]
    # Those beyond the list of the tag are of no known meaning.
    meanings = [int(extra) for extra in page.extrasamples][: extras.shape[2]]
    alpha, notes = None, []
    n_left_out = extras.shape[2]
    for i, meaning in enumerate(meanings):
        if meaning in (_ASSOCIATED, _UNASSOCIATED):
            alpha = np.ascontiguousarray(extras[..., i])
            n_left_out -= 1
            if meaning == _ASSOCIATED:
                colours = _without_alpha(colours, alpha)
            break
    if n_left_out:
        channels = "channel" if n_left_out == 1 else "channels"
        notes.append(f"{n_left_out} {channels} besides colour and alpha left out")
    return Samples(np.ascontiguousarray(colours), alpha, tuple(notes))


def _full_range(array: np.ndarray, bits: int) -> np.ndarray:
    """Values of `bits` bits as uint8 or uint16, white as the largest."""
    most, peak = (1 << bits) - 1, 255 if bits <= 8 else 65535
    if most == peak:
        return array.astype(np.uint8 if bits == 8 else np.uint16, copy=False)
    levels = np.arange(most + 1)
    table = ((levels * peak + most // 2) // most).astype(
        np.uint8 if bits <= 8 else np.uint16
    )
    return table[np.minimum(array.astype(np.intp), most)]


def _without_alpha(colours: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """Colours that were multiplied by their alpha, as they were before."""
    peak = np.iinfo(colours.dtype).max
    divisor = np.maximum(alpha, 1).astype(np.uint32)[..., np.newaxis]
    full = (colours.astype(np.uint32) * peak + divisor // 2) // divisor
    return np.minimum(full, peak).astype(colours.dtype)


def _each(values: Any) -> Iterator[int]:
    """A tag's values, of which tifffile makes a number where all are the same."""
    return map(int, values if isinstance(values, tuple) else (values,))


def _word(value: Any) -> str:
    return getattr(value, "name", str(value))


def _has_imagecodecs() -> bool:
    return importlib.util.find_spec("imagecodecs") is not None
