"""Which of the directories of a TIFF holds the picture.

The first may be a preview: then the picture is in one of the next, or in a SubIFD.
"""

from __future__ import annotations

import io
import json
import logging
import math
import struct
from pathlib import Path
from typing import Any, BinaryIO

_MOST_PAGES = 10000
_MOST_TEXT = 1 << 12  # letters of a description of pages
_CLASSIC, _BIG = (b"II*\0", b"MM\0*"), (b"II+\0", b"MM\0+")
# Bits of NewSubfileType: of reduced size; a mask.
_PREVIEW, _MASK = 1, 4


def is_tiff(stream: BinaryIO) -> bool:
    """Whether a file begins as a TIFF does; its position is kept."""
    return _start(stream) in _CLASSIC + _BIG


def is_big(stream: BinaryIO) -> bool:
    """Whether it begins as a BigTIFF."""
    return _start(stream) in _BIG


def _start(stream: BinaryIO) -> bytes:
    position = stream.tell()
    start = stream.read(4)
    stream.seek(position)
    return start


def opened(path: Path) -> Any:
    """The file as tifffile opens it, to be used in a `with`."""
    import tifffile

    # It tells of damage on stderr, and what it cannot read is an error besides.
    logging.getLogger("tifffile").setLevel(logging.CRITICAL + 1)
    # Never the series: those of microscopes name further files, which it would open.
    return tifffile.TiffFile(path, _multifile=False)


def picture_page(file: Any) -> tuple[Any, int]:
    """The first page that is neither a preview nor a mask, and how many such there are.

    Where all are, those are looked at that the first page has in its SubIFDs. Where
    these are as well, the first page it is.
    """
    first = file.pages[0]
    for pages in (file.pages, first.pages or ()):
        page, n_images = _first_whole(pages)
        if n_images:
            return page, n_images if n_images > 1 else _n_in_a_row(file, page)
    return first, 1


def _first_whole(pages: Any) -> tuple[Any, int]:
    found, n_images = None, 0
    for i in range(_MOST_PAGES):
        try:
            page = pages[i]
            if not int(page.subfiletype) & (_PREVIEW | _MASK):
                found, n_images = found or page, n_images + 1
        except Exception:  # the end of the chain, or a damaged page
            break
    return found, n_images


def _n_in_a_row(file: Any, page: Any) -> int:
    """How many images lie one behind the other where there is one directory for all.

    So ImageJ writes beyond 4 GiB, and tifffile if it is asked to. The description says
    their number; what it says may be of another file, and it counts if they are there.
    """
    try:
        text = page.description[:_MOST_TEXT]
        if text.startswith("ImageJ="):
            n_images = int(text.partition("\nimages=")[2].split()[0])
        elif text.startswith("{"):
            n_images = math.prod(json.loads(text)["shape"]) // math.prod(page.shape)
        else:
            return 1
        end = page.dataoffsets[0] + n_images * sum(page.databytecounts)
    except Exception:  # whatever else it may be
        return 1
    is_there = page.compression == 1 and end <= file.filehandle.size
    return max(n_images, 1) if is_there else 1


def n_pixels(path: Path) -> int:
    """How many pixels the picture of a TIFF has."""
    with opened(path) as file:
        page, _ = picture_page(file)
        return page.imagewidth * page.imagelength


def stream_at(path: Path, directory: int | None) -> BinaryIO:
    """The file, so that Pillow takes one of its directories for the first.

    Parameters
    ----------
    path : path
    directory : int or None
        Where in the file it is; None for the first.
    """
    if directory is None:
        return path.open("rb")
    return io.BufferedReader(_Redirected(path, directory))


class _Redirected(io.FileIO):
    """A TIFF file whose header leads to another of its directories."""

    # Those of FileIO pass over `readinto`.
    read = io.RawIOBase.read  # type: ignore[assignment]
    readall = io.RawIOBase.readall

    def __init__(self, path: Path, directory: int) -> None:
        super().__init__(path)
        self._head = b""
        head = self.read(4)
        order = "<" if head[:2] == b"II" else ">"
        if head in _BIG:
            self._head = head + struct.pack(order + "HHQ", 8, 0, directory)
        else:
            self._head = head + struct.pack(order + "I", directory)
        self.seek(0)

    def readinto(self, buffer: Any) -> int:
        start = self.tell()
        n_read = super().readinto(buffer) or 0
        part = self._head[start : start + n_read]
        memoryview(buffer).cast("B")[: len(part)] = part
        return n_read
