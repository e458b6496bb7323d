"""TIFF files of the kinds that Pillow refuses or garbles, by tifffile.

TIFF leaves much open: samples in planes or side by side, of 1 to 64 bits, signed or
not, white as 0, channels beyond the colours that may be alpha, tiles, files beyond 4
GiB. What is read here is checked against the tags first, so that a file cannot ask for
more memory than its size in pixels allows, and what has no meaning as a picture is
refused by name. It is decoded strip by strip into the result, which is nearly all the
memory that is taken. Files with JPEG inside or in colours that need a conversion
(YCbCr, Lab, palettes) are left to Pillow, which decodes them by libtiff.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any, Iterator, NamedTuple

import numpy as np

from srcnn_theano.data.images.memory import check_memory
from srcnn_theano.data.images.tiff_pages import opened, picture_page
from srcnn_theano.data.images.values import strips
from srcnn_theano.errors import UserError

# Values of the tags that matter.
_WHITE_IS_0, _BLACK_IS_0, _RGB, _INKS = 0, 1, 2, 5
_COLOURS = {_WHITE_IS_0: 1, _BLACK_IS_0: 1, _RGB: 3, _INKS: 4}
_CAMERAS = (32803, 34892)  # the values of sensors, in DNG
_NO_COMPRESSION, _WEBP = 1, 50001
_LOSSLESS = {
    *(5, 8, 32773, 32946),  # LZW, deflate, PackBits, deflate
    *(34925, 50000),  # LZMA, Zstandard
}
# And what Pillow reads beside: for fax, JPEG old and new; palettes, YCbCr and Lab.
_BY_PILLOW = {_NO_COMPRESSION, 2, 3, 4, 6, 7, *_LOSSLESS}
_COLOURS_OF_PILLOW = {*_COLOURS, 3, 6, 8}
_ASSOCIATED, _UNASSOCIATED = 1, 2
_NUMBERS = {2: "signed", 3: "floating-point", 5: "complex", 6: "complex"}
_MOST_SAMPLES = 16
_BLOCK_SAMPLES = 1 << 19


class Samples(NamedTuple):
    """The picture of a TIFF as it lies in the file, not turned."""

    values: np.ndarray  # (rows, cols, colours, or with alpha as the last), uint8 or 16
    n_colours: int  # 1, 3 or 4: these are inks


class Page(NamedTuple):
    """The page of a TIFF that is the picture."""

    directory: int | None  # where in the file it is; None for the first
    samples: Samples | None  # None where Pillow is to read it
    notes: tuple[str, ...]  # what was left out


def read_page(path: Path, most_memory: int | None = None) -> Page:
    """Find the picture of a TIFF, and read it if this is the way for its kind.

    Raises
    ------
    UserError
        Its pixels are no picture's, or it needs a package that is not there.
    """
    with opened(path) as file:
        page, n_images = picture_page(file)
        directory = None if page.offset == file.pages[0].offset else page.offset
        notes = [f"the first of {n_images} images is taken"] * (n_images > 1)
        if not _is_ours(page):
            _check_for_pillow(path, page)
            return Page(directory, None, tuple(notes))
        alpha = _alpha_of(page)
        _check(path, page, alpha is not None, most_memory)
        samples = _samples(path, page, alpha)
        n_left_out = page.samplesperpixel - samples.values.shape[2]
        if n_left_out:
            channels = "channel" if n_left_out == 1 else "channels"
            notes.append(f"{n_left_out} {channels} besides colour and alpha left out")
        return Page(directory, samples, tuple(notes))


# --- What is read, and by what ---


def _is_ours(page: Any) -> bool:
    if int(page.photometric) not in _COLOURS:
        return False
    # Pillow's own wheels have a libtiff without WebP.
    if page.compression == _WEBP:
        return True
    if int(page.compression) not in {_NO_COMPRESSION, *_LOSSLESS}:
        return False
    return not (_needs_codecs(page) and not _has_imagecodecs() and _is_plain(page))


def _needs_codecs(page: Any) -> bool:
    """Whether tifffile needs imagecodecs for it."""
    bits = max(_each(page.bitspersample))
    return page.compression != _NO_COMPRESSION or bits not in (1, 8, 16, 32)


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
    """Refuse what Pillow would read wrong or not at all, in words of the file."""
    if int(page.photometric) in _CAMERAS:
        raise UserError(
            f"{path}: holds what the sensor of a camera saw, which is no picture yet; "
            "develop it with a program for raw photographs"
        )
    if not (
        _is_plain(page)
        and int(page.compression) in _BY_PILLOW
        and int(page.photometric) in _COLOURS_OF_PILLOW
    ):
        raise UserError(
            f"{path}: a TIFF compressed by {_word(page.compression)} in colours "
            f"{_word(page.photometric)} with {page.samplesperpixel} samples of "
            f"{page.bitspersample} bits is not read here; save it with LZW or no "
            "compression, in 8 or 16 bits"
        )


def _check(path: Path, page: Any, has_alpha: bool, most_memory: int | None) -> None:
    """Refuse what is no picture, and what would take more memory than a picture."""
    n_pixels = page.imagewidth * page.imagelength
    n_bytes, beside = _bytes_to_read(page, has_alpha)
    size = page.imagelength, page.imagewidth
    check_memory(path, size, n_bytes, most_memory, beside=beside)
    if n_pixels == 0 or page.imagedepth != 1:
        raise UserError(
            f"{path}: {page.imagewidth}x{page.imagelength}x{page.imagedepth} pixels "
            "are no picture; get another copy of it"
        )
    # A tile may be larger than the picture.
    check_memory(path, (page.tilelength, page.tilewidth), 0, None)
    _check_numbers(path, page)
    n_colours = _COLOURS[int(page.photometric)]
    if not n_colours <= page.samplesperpixel <= _MOST_SAMPLES:
        raise UserError(
            f"{path}: {page.samplesperpixel} samples for each pixel, where a picture "
            f"has {n_colours} or a few more; take its colours out of it"
        )
    _check_segments(path, page)
    if _needs_codecs(page) and not _has_imagecodecs():
        raise UserError(
            f"{path}: to read a TIFF of this kind ({_word(page.compression)}, "
            f"{max(_each(page.bitspersample))} bits) needs the package imagecodecs; "
            "put it right with `pip install 'srcnn-theano[tiff]'`"
        )


def _bytes_to_read(page: Any, has_alpha: bool) -> tuple[float, float]:
    """Bytes of memory for each pixel, and those for a strip or a tile beside."""
    bits = max(_each(page.bitspersample))
    n_colours = _COLOURS.get(int(page.photometric), 0)
    sample = 1 if bits <= 8 else 2
    result = sample * (n_colours + has_alpha)
    most = [result]
    if "Orientation" in page.tags and page.tags["Orientation"].value != 1:
        most.append(2 * result)
    if n_colours == 4:  # of 8 bits, in Pillow's RGB, and as an array
        most.append(result + 4 + 4 + 3 + has_alpha)
    elif has_alpha:  # with colours that are spread, see `colour.spread_colours`
        most.append(result + sample * n_colours)
    if _is_raw(page):
        return max(most), 0
    stored = 1 if bits <= 8 else 2 if bits <= 16 else 4
    # As it lies in the file, without its compression, and as numbers of whole bytes.
    n_copies = 1 + (page.compression != _NO_COMPRESSION)
    segment = n_copies * stored * float(np.prod(page.chunks, dtype=float))
    return max(most), max(page.databytecounts, default=0) + segment


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


# --- Pixels ---


def _alpha_of(page: Any) -> tuple[int, bool] | None:
    """Which of the samples is alpha, and whether colours are multiplied by it."""
    n_colours = _COLOURS[int(page.photometric)]
    # Those beyond the list of the tag are of no known meaning.
    meanings = [int(extra) for extra in page.extrasamples]
    for i in range(n_colours, min(page.samplesperpixel, n_colours + len(meanings))):
        if meanings[i - n_colours] in (_ASSOCIATED, _UNASSOCIATED):
            return i, meanings[i - n_colours] == _ASSOCIATED
    return None


def _samples(path: Path, page: Any, alpha: tuple[int, bool] | None) -> Samples:
    """Decode strip by strip into what becomes the picture."""
    bits, n_colours = max(_each(page.bitspersample)), _COLOURS[int(page.photometric)]
    kept = [*range(n_colours), *([alpha[0]] if alpha else [])]
    shape = page.imagelength, page.imagewidth, len(kept)
    values = np.zeros(shape, np.uint8 if bits <= 8 else np.uint16)
    colours = slice(0, n_colours)
    for piece, plane, top, left in _pieces(page):
        target = values[top : top + piece.shape[0], left : left + piece.shape[1]]
        if plane is None:  # samples side by side
            pairs = [(colours, colours)]
            if alpha:
                pairs.append((slice(n_colours, None), slice(alpha[0], alpha[0] + 1)))
        else:
            pairs = [(slice(i, i + 1), slice(1)) for i in range(shape[2])]
            pairs = [pairs[i] for i, sample in enumerate(kept) if sample == plane]
        for rows, block in _blocks(piece):
            for to, of in pairs:
                part = _full_range(_narrow(path, block[..., of]), bits)
                if page.photometric == _WHITE_IS_0 and to.start < n_colours:
                    part = np.iinfo(part.dtype).max - part
                target[rows][..., to] = part
    if alpha and alpha[1]:
        for _, block in _blocks(values):
            block[..., colours] = _without_alpha(block[..., colours], block[..., -1])
    return Samples(values, n_colours)


def _pieces(page: Any) -> Iterator[tuple[np.ndarray, int | None, int, int]]:
    """(rows, cols, samples) of the file with their plane, first row and column.

    The plane is None where samples lie side by side.
    """
    handle, raw = page.parent.filehandle, _is_raw(page)
    in_planes = page.samplesperpixel > 1 and int(page.planarconfig) == 2
    for index, offset in enumerate(page.dataoffsets):
        handle.seek(offset)
        if raw:
            plane, pieces = _raw_pieces(page, index, in_planes)
        else:
            data = handle.read(page.databytecounts[index])
            segment, (plane, _, top, left, _), _ = page.decode(data, index)
            rows, cols = page.imagelength - top, page.imagewidth - left
            pieces = iter([(segment[0, :rows, :cols], top, left)])
        for piece, top, left in pieces:
            yield piece, plane if in_planes else None, top, left


def _is_raw(page: Any) -> bool:
    """Whether rows lie in strips as they are in memory."""
    return (
        page.compression == _NO_COMPRESSION
        and not page.is_tiled
        and max(_each(page.bitspersample)) in (8, 16, 32)
        and page.fillorder == page.predictor == 1
    )


def _raw_pieces(
    page: Any, index: int, in_planes: bool
) -> tuple[int, Iterator[tuple[np.ndarray, int, int]]]:
    """The plane of a strip, and what it holds, read some rows at a time."""
    rows, cols = page.imagelength, page.imagewidth
    in_strip = min(page.rowsperstrip or rows, rows)
    plane, number = divmod(index, -(-rows // in_strip))
    dtype = np.dtype(page.dtype).newbyteorder(page.parent.byteorder)
    n_samples = 1 if in_planes else page.samplesperpixel
    row_bytes = cols * n_samples * dtype.itemsize
    step = max(1, _BLOCK_SAMPLES // (cols * n_samples))
    first = number * in_strip
    last = min(first + in_strip, rows)

    def pieces() -> Iterator[tuple[np.ndarray, int, int]]:
        for top in range(first, last, step):
            n_rows = min(step, last - top)
            data = page.parent.filehandle.read(n_rows * row_bytes)
            piece = np.frombuffer(data, dtype)
            yield piece.reshape(n_rows, cols, n_samples), top, 0

    return plane, pieces()


def _blocks(array: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Strips of as many samples whatever their bits: what is made of each is wider."""
    return strips(array, _BLOCK_SAMPLES * array.itemsize)


def _narrow(path: Path, array: np.ndarray) -> np.ndarray:
    """Integers of 32 bits as 16, of which they may have no more."""
    if array.dtype.itemsize < 4:
        return array
    if array.min() < 0 or array.max() > 65535:
        raise UserError(f"{path}: 32 bits per channel; convert it to 8 or 16 bits")
    return array.astype(np.uint16)


def _full_range(array: np.ndarray, bits: int) -> np.ndarray:
    """Values of `bits` bits as uint8 or uint16, white as the largest."""
    bits = min(bits, 16)
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
