"""Pictures as image files."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np

from srcnn_theano.data.images.metadata import EXIF_PREFIX
from srcnn_theano.data.images.picture import FORMATS, WORDS, Format, Picture, kind_of
from srcnn_theano.errors import UserError
from srcnn_theano.files import PathLike, atomic_path


def check_writable(path: PathLike, kind: Picture | str = "RGB", scale: int = 1) -> None:
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
    """
    picture = kind if isinstance(kind, Picture) else None
    if isinstance(kind, Picture):
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


def _check_size(path: PathLike, picture: Picture, scale: int, format_: Format) -> None:
    rows, cols = (scale * n for n in picture.pixels.shape[:2])
    n_bytes = rows * cols * picture.pixels[0, 0].nbytes
    if picture.alpha is not None:
        n_bytes += rows * cols * picture.alpha.itemsize
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


def write_picture(path: PathLike, picture: Picture) -> None:
    """Write a picture in one step, in the format of the path's suffix.

    Raises
    ------
    UserError
        The format is unknown or cannot hold the picture (depth, transparency, size), or
        the file cannot be written.
    """
    check_writable(path, picture)
    format_ = FORMATS[Path(path).suffix.lower()]
    values = picture.pixels
    if picture.alpha is not None:
        values = np.concatenate([values, picture.alpha[..., np.newaxis]], axis=2)
    with atomic_path(path) as temporary:
        if format_.name == "PNG" and values.dtype == np.uint16:
            temporary.write_bytes(_png_16_bit(values, picture))
        else:
            _save(path, temporary, values, picture, format_)


class _Unnumbered(io.FileIO):
    """A file that keeps its descriptor to itself.

    Pillow's encoders write to a descriptor without a look at how much was written: on a
    full disk, the end of the file would be missing without an error.
    """

    def fileno(self) -> int:
        raise io.UnsupportedOperation("fileno")


def _save(
    path: PathLike,
    temporary: Path,
    values: np.ndarray,
    picture: Picture,
    format_: Format,
) -> None:
    from PIL import Image

    options = dict(format_.options)
    if format_.metadata and picture.icc_profile:
        options["icc_profile"] = picture.icc_profile
    if format_.metadata and picture.exif:
        options["exif"] = picture.exif
    image = Image.fromarray(values[..., 0] if values.shape[2] == 1 else values)
    try:
        with io.BufferedRandom(_Unnumbered(temporary, "w+")) as stream:
            image.save(stream, format_.name, **options)
    except (OSError, ValueError, struct.error) as error:
        if getattr(error, "errno", None):
            raise  # an error of the disk: atomic_path says so
        raise UserError(
            f"{path}: {values.shape[1]}x{values.shape[0]} pixels cannot be written as "
            f"{format_.name} ({error}); choose .png"
        ) from error


def _png_16_bit(values: np.ndarray, picture: Picture) -> bytes:
    """A PNG file with 16 bits per channel, which Pillow writes for grey only."""
    rows, cols, n_channels = values.shape
    colour_type = {1: 0, 2: 4, 3: 2, 4: 6}[n_channels]
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", cols, rows, 16, colour_type, 0, 0, 0))]
    if picture.icc_profile:
        profile = b"ICC profile\0\0" + zlib.compress(picture.icc_profile)
        chunks.append((b"iCCP", profile))
    if picture.exif:
        chunks.append((b"eXIf", picture.exif[len(EXIF_PREFIX) :]))
    chunks += [(b"IDAT", _compressed_rows(values)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(_png_chunk(*chunk) for chunk in chunks)


def _compressed_rows(values: np.ndarray, n_rows: int = 64) -> bytes:
    """The samples of a PNG file, a few rows at a time: copies of all are large."""
    deflate, compressed = zlib.compressobj(), []
    above = np.zeros((1, values[0].size * 2), np.uint8)
    for start in range(0, len(values), n_rows):
        block = np.ascontiguousarray(values[start : start + n_rows], ">u2")
        samples = np.concatenate([above, block.view(np.uint8).reshape(len(block), -1)])
        filtered = np.empty((len(block), samples.shape[1] + 1), np.uint8)
        filtered[:, 0] = 2  # each byte less the one above it
        np.subtract(samples[1:], samples[:-1], out=filtered[:, 1:])
        compressed.append(deflate.compress(filtered.tobytes()))
        above = samples[-1:]
    return b"".join(compressed) + deflate.flush()


def _png_chunk(name: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(name + data) & 0xFFFFFFFF
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", checksum)
