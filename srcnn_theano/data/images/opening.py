"""Image files as Pillow opens them."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any, BinaryIO

from srcnn_theano.data.images.picture import FORMATS, READ_ONLY
from srcnn_theano.data.images.signatures import format_of, has_reader
from srcnn_theano.data.images.tiff_pages import is_tiff
from srcnn_theano.errors import UserError

# Others are never tried: Pillow hands an EPS, whatever its name, to Ghostscript.
_READ = sorted({form.name for form in FORMATS.values()} | {"QOI"})
_READERS = {
    "AVIF": "Pillow reads it from 11.3 on",
    "HEIF": "`pip install 'srcnn-theano[heif]'` adds one",
}

_opening = threading.Lock()


def open_image(path: Path, stream: BinaryIO | None = None) -> Any:
    """The image as Pillow opens it, of any size: `check_memory` comes later.

    Out of the `stream`, if that is not the file as it is.
    """
    from PIL import Image

    with _opening:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            return _identified(path, stream)
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _identified(path: Path, stream: BinaryIO | None) -> Any:
    from PIL import Image

    name = format_of(path)
    is_read = name in READ_ONLY.values() and has_reader(name)
    return Image.open(stream or path, formats=[*_READ, *([name] if is_read else [])])


def unidentified(path: Path) -> UserError:
    """The refusal of a file that is none of the formats read here."""
    with path.open("rb") as stream:
        is_one = is_tiff(stream)
        stream.seek(0)
        is_jpeg = stream.read(3) == b"\xff\xd8\xff"
    if is_jpeg:  # of 12 bits, or with its height behind its pixels, say
        return UserError(
            f"{path}: a JPEG of a kind that is not read here, or a damaged one; save "
            "it as an ordinary JPEG of 8 bits, or as .png, or get another copy of it"
        )
    if is_one:
        return UserError(
            f"{path}: a TIFF of a kind that is not read here; save it with LZW or no "
            "compression, in 8 or 16 bits"
        )
    name = format_of(path)
    if name in _READERS and not has_reader(name):
        return UserError(
            f"{path}: this is {name}, and no reader of it is installed; "
            f"{_READERS[name]}"
        )
    if name and name not in READ_ONLY.values():
        return UserError(
            f"{path}: this is {name}, which is not read here; convert it to .png"
        )
    if name and name != "TGA":
        return UserError(
            f"{path}: damaged or incomplete image ({name}); get another copy of it"
        )
    read = sorted({*_READ, *filter(has_reader, READ_ONLY.values())})
    return UserError(
        f"{path}: not an image, or of a format that is not read here "
        f"({', '.join(read)} are); convert it to .png"
    )
