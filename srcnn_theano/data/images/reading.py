"""Image files as pictures."""

from __future__ import annotations

import contextlib
import os
import warnings
from pathlib import Path
from typing import Any, Callable, Sequence

import numpy as np

from srcnn_theano.data.images.colour import from_inks, misfit
from srcnn_theano.data.images.colour_meaning import has_gain_map, meaning_of
from srcnn_theano.data.images.memory import bytes_stored, bytes_to_read, check_memory
from srcnn_theano.data.images.metadata import (
    Metadata,
    metadata_of,
    metadata_of_tiff,
    png_chunks,
    stored_bits,
    turn,
)
from srcnn_theano.data.images.netpbm import count_pictures
from srcnn_theano.data.images.opening import open_image, unidentified
from srcnn_theano.data.images.picture import READ_ONLY, Picture
from srcnn_theano.data.images.png_reading import check_rows
from srcnn_theano.data.images.tiff import Page, Samples, read_page
from srcnn_theano.data.images.tiff_pages import is_tiff, stream_at
from srcnn_theano.data.images.tiff_pages import n_pixels as n_pixels_of_tiff
from srcnn_theano.data.images.values import (
    has_16_bit_channels,
    has_undeclared_alpha,
    mode_8_bit,
    ppm_levels,
    rounded,
    strips,
    values_of,
)
from srcnn_theano.errors import UserError
from srcnn_theano.files import PathLike, kind_at

# Those whose further images are of the same rank, and not previews or depths.
_OF_SEVERAL = ("AVIF", "GIF", "HEIF", "PNG", "WEBP")


def read_picture(path: PathLike, most_memory: int | None = None) -> Picture:
    """Read a BMP, GIF, JPEG, PNG, PPM, QOI, TIFF or WebP file, whatever its name.

    So are AVIF, HEIF and JPEG 2000 where Pillow has a reader, and TGA by its suffix.

    Palettes and CMYK become RGB and 1 bit becomes grey; grey stays grey and 16 bits
    stay 16 bits. An animation, and a file of several pages, gives its first image that
    is no preview of another. The orientation that EXIF asks for is applied. What is
    left out stands in `notes`.

    Parameters
    ----------
    path : path
    most_memory : int or None
        Bytes that the program may take; see `memory.check_memory`.

    Returns
    -------
    Picture

    Raises
    ------
    UserError
        The file is missing, empty, damaged, too large, no image or no regular file.
    """
    from PIL import UnidentifiedImageError

    path = Path(path)
    _require_file(path)
    try:
        with warnings.catch_warnings():
            # Pillow warns of metadata that it passes over.
            warnings.simplefilter("ignore")
            return _read(path, most_memory)
    except UserError:
        raise
    except UnidentifiedImageError:
        raise unidentified(path) from None
    except Exception as error:  # decoders raise all kinds for damaged files
        if isinstance(error, MemoryError) or "out of memory" in str(error):
            raise UserError(
                f"{path}: too large for the memory that is left; cut it into pieces, "
                "or get another copy if it should be small"
            ) from error
        raise UserError(
            f"{path}: damaged or incomplete image ({error}); get another copy of it"
        ) from error


def _require_file(path: Path) -> None:
    kind = kind_at(path)
    if not kind:
        raise UserError(f"{path}: no such file")
    if kind != "a file":  # to open a named pipe would wait for ever
        raise UserError(f"{path}: is {kind}, not an image; name the file of an image")
    if path.stat().st_size == 0:
        raise UserError(f"{path}: the file is empty (0 bytes)")
    if not os.access(path, os.R_OK):
        raise UserError(f"{path}: no permission to read this file")


def _read(path: Path, most_memory: int | None) -> Picture:
    page = Page(None, None, ())
    if _is_tiff(path):
        page = read_page(path, most_memory)
    if page.samples is not None:
        return _of_samples(path, page, page.samples)
    at: Any = contextlib.nullcontext()
    if page.directory is not None:
        at = stream_at(path, page.directory)
    with at as stream, open_image(path, stream) as image:
        size = image.height, image.width
        check_memory(path, size, bytes_to_read(image, *_n_result(image)), most_memory)
        return _to_picture(path, image, page.notes)


def _is_tiff(path: Path) -> bool:
    with path.open("rb") as stream:
        return is_tiff(stream)


def _n_result(image: Any) -> tuple[int, int]:
    """Bytes of a pixel of the array, and of what is made on the way to it."""
    if image.mode == "CMYK":
        return 3, 0
    is_deep = has_16_bit_channels(image)
    if not is_deep and not image.mode.startswith("I"):
        return len(mode_8_bit(image)), 0
    n_bands = len(image.getbands())
    # Decoded twice; or copied as bytes and then as an array of the same numbers.
    n_way = 4 if is_deep else 2 * bytes_stored(image) - 2
    if "transparency" in image.info:
        # The value that is transparent is marked in integers of 64 bits.
        return 2 * n_bands + 2, 10 + (n_way if is_deep else 0)
    return 2 * n_bands, n_way


def _of_samples(path: Path, page: Page, samples: Samples) -> Picture:
    """A picture of what tifffile has read."""
    from PIL import Image

    metadata = metadata_of_tiff(path, page.directory)
    values, notes = samples.values, list(page.notes)
    if samples.n_colours < 4:
        return _described(values, metadata, notes)
    if values.dtype == np.uint16:
        notes.append("CMYK of 16 bits became 8 bits")
        values = rounded(values)
    rgb = np.empty((*values.shape[:2], values.shape[2] - 1), np.uint8)
    rgb[..., 3:] = values[..., 4:]

    def inks(rows: slice) -> Any:
        return Image.fromarray(np.ascontiguousarray(values[rows, :, :4]), "CMYK")

    note = _fill_from_inks(rgb, inks, metadata.icc_profile)
    return _described(rgb, metadata._replace(icc_profile=None), notes + [note])


def _fill_from_inks(
    rgb: np.ndarray, inks: Callable[[slice], Any], profile: bytes | None
) -> str:
    """Fill an array from the images that there are of its rows; what to say of it."""
    convert, note = from_inks(profile)
    for rows, strip in strips(rgb):
        strip[..., :3] = convert(inks(rows))
    return note


def _to_picture(path: Path, image: Any, notes_before: Sequence[str]) -> Picture:
    meaning = meaning_of(path, image.format)
    if meaning.profile:
        image.info["icc_profile"] = meaning.profile
    notes = [*notes_before, *_notes(path, image), *meaning.notes]
    picture = _with_colours(path, image, notes)
    if not picture.icc_profile:
        picture = picture._replace(colour_chunks=meaning.chunks)
    if image.format == "PNG":
        colours, texts = png_chunks(path)
        picture = picture._replace(colour_chunks=colours, texts=texts)
    comment = image.info.get("comment")
    if isinstance(comment, bytes):
        # Of a JPEG, Pillow has the last here, and each in a list.
        segments = getattr(image, "applist", ())
        several = [data for name, data in segments if name == "COM"]
        picture = picture._replace(comment=b"\n".join(several) or comment)
    return picture


def _with_colours(path: Path, image: Any, notes: list[str]) -> Picture:
    if image.mode == "CMYK":
        image.load()
        metadata = metadata_of(image)
        rgb = np.empty((image.height, image.width, 3), np.uint8)

        def inks(rows: slice) -> Any:
            return image.crop((0, rows.start, image.width, rows.stop))

        note = _fill_from_inks(rgb, inks, metadata.icc_profile)
        image.close()
        return _described(rgb, metadata._replace(icc_profile=None), notes + [note])
    mode = image.mode
    before = metadata_of(image).orientation if image.format == "TIFF" else 1
    values = values_of(path, image)
    if image.format == "PNG":
        check_rows(path, values)
    if image.format != "PPM":  # which has nothing more
        image.load()  # here newer versions of Pillow turn a TIFF upright by themselves
    metadata = metadata_of(image)
    image.close()  # its pixels would be there beside the array and one turned upright
    if before >= 5 and metadata.orientation == 1:
        metadata = metadata.turned()
    # A profile describes colours that were converted away.
    if mode in ("LAB", "HSV", "YCbCr") and metadata.icc_profile:
        metadata = metadata._replace(icc_profile=None)
        notes = [*notes, f"colour profile left out: {mode} became RGB"]
    return _described(values, metadata, notes)


def _n_images(path: Path, image: Any) -> int:
    """How many pictures there are of the first one's rank."""
    if image.format == "PPM":
        return count_pictures(path)
    if image.format == "MPO":  # of a camera: previews, depths, or views beside views
        kinds = [entry["Attribute"]["MPType"] for entry in image.mpinfo[0xB002]]
        n_images = sum("Thumbnail" not in kind for kind in kinds)
        return n_images - has_gain_map(path, image)
    return getattr(image, "n_frames", 1) if image.format in _OF_SEVERAL else 1


def _notes(path: Path, image: Any) -> list[str]:
    """What Pillow is going to leave out, and what is not as the name says."""
    notes = []
    suffix = path.suffix.lower()
    if image.format in READ_ONLY.values() and READ_ONLY.get(suffix) != image.format:
        notes.append(f"this is {image.format}, whatever its name says")
    n_images = _n_images(path, image)
    if n_images > 1:
        notes.append(f"the first of {n_images} images is taken")
    if has_gain_map(path, image):
        notes.append("gain map (HDR) left out")
    if has_undeclared_alpha(path, image):
        notes.append("alpha left out: the file's header says that there is none")
    if image.format == "PPM" and image.mode == "RGB" and ppm_levels(image) > 255:
        if not has_16_bit_channels(image):
            notes.append(f"{ppm_levels(image) + 1} levels became 256")
    n_bits = image.info.get("bit_depth") or stored_bits(path, image.format)
    if n_bits > 8 and not image.mode.startswith("I"):
        notes.append(f"{n_bits} bits per channel became 8")
    return notes


def _described(values: np.ndarray, metadata: Metadata, notes: list[str]) -> Picture:
    """The picture of (rows, cols, 1 to 4) values as they lie in the file."""
    values = turn(values, metadata.orientation)
    n_colours = 1 if values.shape[2] < 3 else 3
    alpha = values[..., -1] if values.shape[2] in (2, 4) else None
    if metadata.orientation >= 5:
        metadata = metadata.turned()
    profile, notes = metadata.icc_profile, notes + list(metadata.notes)
    if profile and misfit(profile, n_colours):
        notes = notes + [misfit(profile, n_colours)]
        profile = None
    return Picture(
        values[..., :n_colours],
        alpha,
        profile,
        metadata.exif,
        metadata.dpi,
        aspect=metadata.aspect,
        notes=tuple(notes),
    )


def n_pixels(path: PathLike) -> int | None:
    """How many pixels an image file says that it has; None if it cannot be told."""
    path = Path(path)
    try:
        _require_file(path)
        if _is_tiff(path):
            return n_pixels_of_tiff(path)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with open_image(path) as image:
                return image.width * image.height
    except Exception:  # of any kind; `read_picture` says what is wrong
        return None


def read_pixels(path: PathLike) -> np.ndarray:
    """Grey or RGB values of an image file as uint8, (rows, cols, 1 or 3).

    16-bit values are rounded to 8 bits; transparency is left out.
    """
    pixels = read_picture(path).pixels
    if pixels.dtype == np.uint16:
        pixels = rounded(pixels)
    return pixels


def read_rgb(path: PathLike) -> np.ndarray:
    """RGB values of an image file as uint8, (rows, cols, 3); grey is replicated."""
    pixels = read_pixels(path)
    return pixels if pixels.shape[2] == 3 else np.repeat(pixels, 3, axis=2)
