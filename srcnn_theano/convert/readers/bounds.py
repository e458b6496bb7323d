"""What a file of somebody else may ask for, and files that are read within it.

The largest network here is VGG16, with 553 MB of float32; nothing larger is made from a
file, whatever lengths it names.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, BinaryIO, Sequence

LARGEST = 600 << 20  # bytes that come out of a compressed file
MOST_AXES = 8
_MOST_MEMBERS = 10000
_LARGEST_DIRECTORY = 1 << 20


def most_unpacked(n: int) -> int:
    """The most bytes that `n` packed ones may become.

    Weights hardly become smaller; a whole array of zeros may, to a thousandth.
    """
    return min(LARGEST, (1 << 20) + 64 * n)


def n_values(shape: Sequence[Any]) -> int:
    """The product of lengths out of a file.

    Raises
    ------
    ValueError
        They are no lengths, too many, or too large.
    """
    if len(shape) > MOST_AXES:
        raise ValueError(f"an array of {len(shape)} axes")
    product = 1
    for n in shape:
        if type(n) is not int or not 0 <= n <= LARGEST:
            raise ValueError("an array of a length that cannot be")
        product *= n
    if product > LARGEST:
        raise ValueError("an array of more values than VGG16 has")
    return product


class BoundedStream:
    """A file that refuses to read more at once than it has, or than `at_most`.

    Attributes
    ----------
    at_most : int
        The most bytes for one reading, and for one line.
    """

    def __init__(self, stream: BinaryIO, at_most: int = LARGEST):
        self._stream = stream
        stream.seek(0, 2)
        self.size = stream.tell()
        stream.seek(0)
        self.at_most = at_most
        self.seek, self.tell, self.close = stream.seek, stream.tell, stream.close

    def read(self, n: int | None = -1) -> bytes:
        left = max(self.size - self.tell(), 0)
        n = left if n is None or n < 0 else n
        if min(n, left) > self.at_most:
            raise ValueError(f"a part of {n} bytes")
        return self._stream.read(min(n, left))

    def readline(self) -> bytes:
        line = self._stream.readline(4096)
        if len(line) == 4096:
            raise ValueError("a line without end")
        return line

    def seekable(self) -> bool:
        return True


class Archive:
    """A zip archive of arrays; its members are read within bounds.

    Attributes
    ----------
    names : list of str

    Raises
    ------
    ValueError
        It has too many members, two of a name, or members packed in ways that no
        program packs weights.
    """

    def __init__(self, path: Path):
        self._file = path.open("rb")
        try:
            # zipfile reads the table of all members at once, and only that here.
            stream: Any = BoundedStream(self._file, at_most=_LARGEST_DIRECTORY)
            self._archive = zipfile.ZipFile(stream)
            stream.at_most = LARGEST
            self.names = self._archive.namelist()
            if len(self.names) > _MOST_MEMBERS:
                raise ValueError(f"a zip archive of {len(self.names)} members")
            if len(set(self.names)) < len(self.names):
                raise ValueError("a zip archive with two members of a name")
        except BaseException:
            self._file.close()
            raise
        self._left = LARGEST

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: Any) -> None:
        self._file.close()

    def read(self, name: str) -> bytes:
        """The content of a member."""
        info = self._archive.getinfo(name)
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ValueError(f"a member packed by method {info.compress_type}")
        if info.file_size > most_unpacked(info.compress_size):
            raise ValueError(
                f"a member of {info.file_size} bytes out of {info.compress_size}"
            )
        self._left -= info.file_size
        if self._left < 0:
            raise ValueError(f"more than {LARGEST >> 20} MB when unpacked")
        return self._archive.read(name)
