"""Pictures as image files."""

from __future__ import annotations

import contextlib
import io
import struct
import warnings
import zlib
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator

import numpy as np

from srcnn_theano.data.images.colour import misfit
from srcnn_theano.data.images.exif import (
    EXIF_PREFIX,
    enlarged,
    tags_for_tiff,
    with_resolution,
)
from srcnn_theano.data.images.jpeg import JpegWriter
from srcnn_theano.data.images.memory import bytes_to_write, check_memory
from srcnn_theano.data.images.metadata import HDR_CHUNKS
from srcnn_theano.data.images.netpbm import NetpbmWriter
from srcnn_theano.data.images.picture import (
    FORMATS,
    QUALITY,
    WORDS,
    Format,
    Picture,
    array_of,
    check_picture,
    kind_of,
    pixel_bytes,
)
from srcnn_theano.data.images.png import PngWriter, workers
from srcnn_theano.data.images.tiff_writing import TiffWriter, write_deep
from srcnn_theano.errors import UserError
from srcnn_theano.files import PathLike, atomic_path

# Formats that are written while the picture is computed.
_IN_BANDS = ("PNG", "JPEG", "TIFF", "PPM")
# Kinds of which Pillow writes no TIFF.
_DEEP = ("LA16", "RGB16", "RGBA16")
# JPEG has 16 bits for a resolution, as many for the length of a comment and of EXIF,
# and 8 for the number of such pieces of a profile, each with 14 bytes of its own.
_MOST_JPEG_DPI, _MOST_SEGMENT = 65535, 65533
_MOST_JPEG_PROFILE = 255 * (_MOST_SEGMENT - 14)


def check_writable(
    path: PathLike,
    kind: Picture | str = "RGB",
    scale: int = 1,
    most_memory: int | None = None,
    band_bytes: int = 0,
) -> None:
    """Raise the error that `write_picture` would, before the picture is computed.

    Parameters
    ----------
    path : path
        The format goes by its suffix.
    kind : Picture or str
        The picture or one like it; or "L", "LA", "RGB" or "RGBA", with 16 appended for
        16 bits.
    scale : int
        How many times larger than a Picture the result is going to be.
    most_memory : int or None
        Bytes that the program may take; None for any.
    band_bytes : int
        Of the largest of the bands that `write_bands` is going to be given.
    """
    picture = kind if isinstance(kind, Picture) else None
    if isinstance(kind, Picture):
        check_picture(kind)
        kind = kind_of(kind)
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        known = " ".join(sorted(FORMATS))
        raise UserError(
            f"{path}: pictures cannot be written as {suffix!r}; choose one of {known}"
        )
    if kind not in FORMATS[suffix].holds:
        words = WORDS[kind.replace("16", "")] + (", 16-bit" if "16" in kind else "")
        raise UserError(
            f"{path}: a {suffix} file cannot hold this picture ({words}); choose .png"
        )
    if picture is not None:
        _check_size(path, picture, scale, FORMATS[suffix])
        if most_memory is not None:
            _check_memory(path, picture, scale, most_memory, band_bytes)


def _check_memory(
    path: PathLike, picture: Picture, scale: int, most_memory: int, band_bytes: int
) -> None:
    """Refuse a result that would take more memory while it is computed and written."""
    rows, cols, n_channels = picture.pixels.shape
    source = pixel_bytes(picture)
    if picture.alpha is not None:  # colours are spread beneath it
        source += picture.pixels[0, 0].nbytes
        n_channels += 1
    name, n_bytes, cure = FORMATS[Path(path).suffix.lower()].name, 0.0, {}
    if name not in _IN_BANDS:
        n_bytes = scale**2 * bytes_to_write(picture.pixels.dtype, n_channels, name)
        pieces = "choose .png, .jpg, .tif or .ppm, which are written piece by piece"
        cure = {"cure": pieces}
    size = scale * rows, scale * cols
    per_pixel = (n_bytes + source) / scale**2
    beside = 2 * band_bytes  # a band, and as the writer takes it
    if name == "PNG":
        beside += workers(size[1] * pixel_bytes(picture))[1]
    check_memory(path, size, per_pixel, most_memory, beside=beside, **cure)


def fitted(path: PathLike, picture: Picture, scale: int = 1) -> Picture:
    """A picture as the format of the path's suffix holds it, without a loss to see.

    Where the format knows no transparency, an alpha channel that is opaque everywhere
    goes. What the file is not going to hold is told in `notes`.

    Parameters
    ----------
    path : path
    picture : Picture
    scale : int
        How many times larger the result is going to be.
    """
    check_picture(picture)
    format_ = FORMATS.get(Path(path).suffix.lower())
    if format_ is None:
        return picture
    if kind_of(picture) not in format_.holds and picture.alpha is not None:
        if picture.alpha.min() == np.iinfo(picture.alpha.dtype).max:
            picture = picture._replace(alpha=None)
    notes = list(picture.notes)
    n_colours = picture.pixels.shape[2] if format_.grey else 3
    if format_.metadata and picture.icc_profile:
        note = misfit(picture.icc_profile, n_colours)
        if note:
            notes.append(note)
            picture = picture._replace(icc_profile=None)
    lost, where = _lost(picture, format_, scale), format_.name
    if "EXIF" in lost and where == "TIFF":
        where = "TIFF of 16 bits in colour"
    if lost:
        what = "it" if len(lost) == 1 and lost != ["texts"] else "them"
        notes.append(f"{', '.join(lost)} left out: {where} does not hold {what}")
    return picture._replace(notes=tuple(notes))


def _lost(picture: Picture, format_: Format, scale: int) -> list[str]:
    """Names of what a file of the format does not hold of a picture."""
    name, dpi = format_.name, picture.dpi
    is_deep_tiff = name == "TIFF" and kind_of(picture) in _DEEP
    too_long = name == "JPEG" and len(picture.comment) > _MOST_SEGMENT
    profile, exif = picture.icc_profile, enlarged(picture, scale).exif
    lost = {
        "colour profile": profile and not _holds_profile(format_, profile),
        "EXIF": exif and (is_deep_tiff or not _holds_exif(format_, exif)),
        "resolution": dpi and not _holds_dpi(format_, scale * max(dpi)),
        "comment": picture.comment and (too_long or not format_.comment),
        "texts": picture.texts and name != "PNG",
        "shape of pixels": picture.aspect and name != "PNG",
    }
    names = [what for what, is_lost in lost.items() if is_lost]
    if name != "PNG" and _says_more_than_srgb(picture):
        chunks = ", ".join(name.decode() for name, _ in picture.colour_chunks)
        names.append(f"what its {chunks} say of colour")
    return names


def _holds_dpi(format_: Format, most: float) -> bool:
    if format_.name == "JPEG":
        return most < _MOST_JPEG_DPI
    return format_.dpi or format_.metadata  # in EXIF


def _holds_profile(format_: Format, profile: bytes) -> bool:
    most = _MOST_JPEG_PROFILE if format_.name == "JPEG" else len(profile)
    return format_.metadata and len(profile) <= most


def _holds_exif(format_: Format, exif: bytes) -> bool:
    most = _MOST_SEGMENT if format_.name == "JPEG" else len(exif)
    return format_.metadata and len(exif) <= most


def _says_more_than_srgb(picture: Picture) -> bool:
    """Whether colours are meant otherwise than programs take them without a word."""
    chunks = dict(picture.colour_chunks)
    return any(name in chunks for name in HDR_CHUNKS) or bool(
        chunks and b"sRGB" not in chunks and not picture.icc_profile
    )


def _check_size(path: PathLike, picture: Picture, scale: int, format_: Format) -> None:
    rows, cols = (scale * n for n in picture.pixels.shape[:2])
    n_bytes = rows * cols * pixel_bytes(picture)
    limit = ""
    if max(rows, cols) > format_.max_side:
        limit = f"{format_.max_side} on each side"
    elif n_bytes > format_.max_bytes:
        limit = f"{format_.max_bytes} bytes of them"
    if limit:
        raise UserError(
            f"{path}: {cols}x{rows} pixels cannot be written as {format_.name}, which "
            f"holds at most {limit}; choose .png"
        )


def write_picture(path: PathLike, picture: Picture, quality: int | None = None) -> None:
    """Write a picture in one step, in the format of the path's suffix.

    As `fitted` has it: what the file does not hold of it is a warning.

    Parameters
    ----------
    path : path
    picture : Picture
    quality : int or None
        1 to 100, of JPEG and WebP; None for 95 and for WebP without loss.

    Raises
    ------
    UserError
        The format is unknown or cannot hold the picture (depth, transparency, size), or
        the file cannot be written.
    ValueError
        Its arrays are not as `Picture` has them.
    """
    n_known = len(picture.notes)
    picture = fitted(path, picture)
    check_writable(path, picture)
    write_bands(path, picture, 1, [picture], quality)
    for note in picture.notes[n_known:]:
        warnings.warn(f"{path}: {note}", stacklevel=2)


def write_bands(
    path: PathLike,
    like: Picture,
    scale: int,
    bands: Iterable[Picture],
    quality: int | None = None,
) -> None:
    """Write a picture that is computed from top to bottom, while it is computed.

    PNG, JPEG, TIFF and PPM are written as the bands come; for the other formats they
    are collected first.

    Parameters
    ----------
    path : path
    like : Picture
        One whose metadata and kind the result has.
    scale : int
        How many times larger than `like` the result is.
    bands : iterable of Picture
        Whole rows of pixels and alpha.
    quality : as in `write_picture`

    Raises
    ------
    UserError
        As `write_picture`.
    """
    format_ = FORMATS[Path(path).suffix.lower()]
    if quality is not None and format_.name in QUALITY:
        options = {**format_.options, "quality": quality, "lossless": False}
        format_ = format_._replace(options=options)
    like = enlarged(like, scale)
    rows, cols, channels = like.pixels.shape
    channels += like.alpha is not None
    shape = (scale * rows, scale * cols, channels)
    with atomic_path(path) as temporary:
        # See `_Unnumbered`.
        with io.BufferedRandom(_Unnumbered(temporary, "w+")) as stream:
            with _refusals(path, shape, format_):
                writer = _writer(stream, shape, like, format_)
            try:
                for band in bands:
                    with _refusals(path, shape, format_):
                        writer.write(array_of(band))
                    del band  # not to be there while the next is computed
                with _refusals(path, shape, format_):
                    writer.close()
            finally:
                writer.stop()


def _writer(
    stream: Any, shape: tuple[int, ...], like: Picture, format_: Format
) -> PngWriter | JpegWriter | TiffWriter | NetpbmWriter | _WholeWriter:
    if format_.name == "PNG":
        return PngWriter(stream, shape, like.pixels.dtype, _png_chunks(like))
    options = _pillow_options(like, format_)
    if format_.name == "JPEG":
        options["restart_marker_rows"] = 1
        encode = partial(_save, format_=format_, options=options)
        return JpegWriter(stream, shape[0], encode)
    if format_.name == "PPM":
        return NetpbmWriter(stream, shape, like.pixels.dtype)
    save = partial(_save, format_=format_, options=options)
    if format_.name == "TIFF":
        if kind_of(like) in _DEEP:
            save = partial(write_deep, profile=like.icc_profile, dpi=like.dpi)
        return TiffWriter(stream, shape, like.pixels.dtype, save)
    return _WholeWriter(stream, shape, like.pixels.dtype, save)


class _Unnumbered(io.FileIO):
    """A file that keeps its descriptor to itself.

    Pillow's encoders write to a descriptor without a look at how much was written: on a
    full disk, the end of the file would be missing without an error.
    """

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")


class _WholeWriter:
    """A file of a format that is written from the whole picture at once.

    `save` is a function (stream, values).
    """

    def __init__(
        self,
        stream: Any,
        shape: tuple[int, ...],
        dtype: Any,
        save: Callable[[Any, np.ndarray], None],
    ) -> None:
        self._stream, self._save = stream, save
        self._values = np.empty(shape, dtype)
        self._n_rows = 0

    def write(self, values: np.ndarray) -> None:
        self._values[self._n_rows : self._n_rows + len(values)] = values
        self._n_rows += len(values)

    def close(self) -> None:
        self._save(self._stream, self._values)

    def stop(self) -> None:
        """Nothing goes on in the background."""


@contextlib.contextmanager
def _refusals(
    path: PathLike, shape: tuple[int, ...], format_: Format
) -> Iterator[None]:
    """Say in a sentence what an encoder refuses."""
    try:
        yield
    except (OSError, SyntaxError, ValueError, struct.error) as error:
        if getattr(error, "errno", None):
            raise  # an error of the disk: atomic_path says so
        raise UserError(
            f"{path}: {shape[1]}x{shape[0]} pixels cannot be written as "
            f"{format_.name} ({error}); choose .png"
        ) from error


def _pillow_options(picture: Picture, format_: Format) -> dict[str, Any]:
    options, dpi, exif = dict(format_.options), picture.dpi, picture.exif
    if format_.dpi and dpi and _holds_dpi(format_, max(dpi)):
        options["dpi"] = dpi
    if format_.comment and 0 < len(picture.comment) <= _MOST_SEGMENT:
        options["comment"] = picture.comment
    if not format_.metadata:
        return options
    if picture.icc_profile and _holds_profile(format_, picture.icc_profile):
        options["icc_profile"] = picture.icc_profile
    if dpi and not format_.dpi:
        exif = with_resolution(exif, dpi)
    if exif and _holds_exif(format_, exif):
        options["exif"] = tags_for_tiff(exif) if format_.name == "TIFF" else exif
    return options


def _save(
    stream: Any, values: np.ndarray, format_: Format, options: dict[str, Any]
) -> None:
    from PIL import Image

    image = Image.fromarray(values[..., 0] if values.shape[2] == 1 else values)
    image.save(stream, format_.name, **options)


def _png_chunks(picture: Picture) -> list[tuple[bytes, bytes]]:
    """The metadata of a PNG file."""
    chunks = [*picture.colour_chunks, *picture.texts]
    if picture.dpi:
        across, down = (round(dots / 0.0254) for dots in picture.dpi)
        chunks.append((b"pHYs", struct.pack(">IIB", across, down, 1)))
    elif picture.aspect:
        ratio = Fraction(picture.aspect).limit_denominator(10000)
        chunks.append(
            (b"pHYs", struct.pack(">IIB", ratio.numerator, ratio.denominator, 0))
        )
    if picture.comment:
        chunks.append((b"tEXt", b"Comment\0" + picture.comment.replace(b"\0", b" ")))
    if picture.icc_profile:
        profile = b"ICC profile\0\0" + zlib.compress(picture.icc_profile)
        chunks.append((b"iCCP", profile))
    if picture.exif:
        chunks.append((b"eXIf", picture.exif[len(EXIF_PREFIX) :]))
    return chunks
