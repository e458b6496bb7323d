"""T91, Set5 and Set14 brought into one folder from what people have."""

from __future__ import annotations

import http.client
import lzma
import re
import shutil
import urllib.parse
import urllib.request
import zipfile
import zlib
from pathlib import Path
from typing import Any, ContextManager, Iterator, Sequence

from srcnn_theano.data import datasets
from srcnn_theano.errors import UserError
from srcnn_theano.files import (
    PathLike,
    atomic_path,
    check_target_folder,
    kind_at,
    require_file,
    sha256,
)
from srcnn_theano.progress import Bar, say_above
from srcnn_theano.scratch import remove_stale, scratch_folder

_SECONDS = 60  # without an answer, after which a server is given up
_BLOCK = 1 << 16
_MOST_BYTES = 2 << 30  # of a download
# Of archives: how many there may lie in each other, and members of all in a source.
_MOST_DEEP = 3
_MOST_MEMBERS = 20_000
_MOST_UNPACKED = 1 << 30  # bytes of all archives that lie in others, in a source
_ARCHIVES = (".zip",)  # members that are looked into though no image is so large
_ADDRESS = re.compile("(https?|ftp|file)://", re.I)


def get(sources: Sequence[str], data_dir: PathLike) -> None:
    """Copy every image of the sets that turns up in the sources to its place.

    A file is recognised by its content, whatever its name and folder: by its SHA-256,
    or by the SHA-256 of its pixels, as that of a lossless copy in PNG is. Files that
    are there already stay; ask again with other sources to complete a set.

    Parameters
    ----------
    sources : sequence of str
        Folders, zip archives, images, and addresses of archives and images.
    data_dir : path
        Gets T91, Set5 and Set14 as folders.

    Raises
    ------
    UserError
        A source is neither a file nor a folder nor an address, or `data_dir` cannot be
        written.
    """
    for source in sources:
        if not _ADDRESS.match(source) and kind_at(_path(source)) not in _KINDS:
            raise UserError(
                f"--from {source}: no such folder or file, and no address such as "
                "https://...; name what holds copies of the images"
            )
    check_target_folder(data_dir)
    remove_stale(data_dir)
    collector = Collector(data_dir)
    for source in sources:
        if not collector.wanted:
            return
        n_wanted = len(collector.wanted)
        collector.members_left = _MOST_MEMBERS
        collector.bytes_left = _MOST_UNPACKED
        if _ADDRESS.match(source):
            _collect_from_address(collector, source)
        else:
            _collect_from_path(collector, _path(source))
        if len(collector.wanted) == n_wanted:
            say_above(
                f"--from {source}: nothing that is still missing was in it; archives "
                "are read as zip alone"
            )


_KINDS = ("a file", "a folder")


def _path(source: str) -> Path:
    try:
        return Path(source).expanduser()
    except RuntimeError as error:
        raise UserError(f"--from {source}: no such user ({error})") from error


class TooMany(ValueError):
    """More members of archives than anybody packs: the whole source is left."""


class Collector:
    """Copies wanted images to their places in `folder`, wherever they turn up.

    Attributes
    ----------
    wanted : dict of Path to dict
        The manifest's facts of each file that is not there yet.
    members_left : int
        How many members of archives may still be looked at.
    bytes_left : int
        How much of archives in archives may still be unpacked.
    """

    members_left = _MOST_MEMBERS
    bytes_left = _MOST_UNPACKED

    def __init__(self, folder: PathLike):
        self.folder = Path(folder)
        self.wanted: dict[Path, dict[str, Any]] = {
            self.folder / set_name / file_name: facts
            for set_name, files in datasets.manifest().items()
            for file_name, facts in files.items()
            if not datasets.is_right(self.folder / set_name / file_name, facts)
        }

    def offer(self, path: Path, depth: int = 0, name: str | None = None) -> None:
        """Take the file if it is wanted; look into it if it is a zip archive.

        Parameters
        ----------
        path : Path
        depth : int
            In how many archives it lies.
        name : str or None
            What the user knows it by; None for the path.

        Raises
        ------
        ValueError
            Too many archives lie in each other; `TooMany` members in them.
        """
        if not (self._take_copy(path) or self._take_pixels(path)):
            if zipfile.is_zipfile(path):
                if depth == _MOST_DEEP:
                    raise ValueError(f"over {_MOST_DEEP} archives in each other")
                self._offer_members(path, depth + 1, name or str(path))

    def _take_copy(self, path: Path) -> bool:
        size = path.stat().st_size
        if all(size != facts["bytes"] for facts in self.wanted.values()):
            return False
        digest = sha256(path)
        targets = self._wanted("sha256", digest)
        for target in targets:
            with atomic_path(target) as temporary:
                shutil.copyfile(path, temporary)
        return bool(targets)

    def _take_pixels(self, path: Path) -> bool:
        """Take a copy in another format, written as BMP with the same pixels."""
        from PIL import Image

        sizes = [facts["size"] for facts in self.wanted.values()]
        digest = datasets.pixels_sha256(path, sizes)
        targets = self._wanted("pixels", digest) if digest else {}
        for target in targets:
            with Image.open(path) as image, atomic_path(target) as temporary:
                image.convert(targets[target]["mode"]).save(temporary, "BMP")
        return bool(targets)

    def _wanted(self, key: str, digest: str) -> dict[Path, dict[str, Any]]:
        """Take the files with that checksum from `wanted`, with their facts."""
        # t36 and t65 of T91 are the same image.
        targets = [path for path, facts in self.wanted.items() if facts[key] == digest]
        for target in targets:
            target.parent.mkdir(parents=True, exist_ok=True)
        return {target: self.wanted.pop(target) for target in targets}

    def _offer_members(self, path: Path, depth: int, name: str) -> None:
        largest = max((facts["bytes"] for facts in self.wanted.values()), default=0)
        with zipfile.ZipFile(path) as archive, _scratch(self.folder) as scratch:
            for member in archive.infolist():
                self.members_left -= 1
                if self.members_left < 0:
                    raise TooMany(f"over {_MOST_MEMBERS} members of archives")
                of_member = f"{name}: {member.filename}"
                is_archive = member.filename.lower().endswith(_ARCHIVES)
                # A lossless copy may be a little larger than a BMP, not much.
                most = self.bytes_left if is_archive else 2 * largest
                if is_archive and member.file_size > most:
                    say_above(f"{of_member}: passed over, too large; unpack it first")
                if not 0 < member.file_size <= most:
                    continue
                self.bytes_left -= member.file_size if is_archive else 0
                try:
                    copy = scratch / "member"
                    with archive.open(member) as source, copy.open("wb") as sink:
                        shutil.copyfileobj(source, sink)
                    self.offer(copy, depth, of_member)
                except TooMany:
                    raise
                except _UNREADABLE as error:
                    say_above(f"{of_member}: cannot be read ({error}); left out")


def _scratch(folder: Path) -> ContextManager[Path]:
    """A temporary folder on the disk that the images go to."""
    folder.mkdir(parents=True, exist_ok=True)
    return scratch_folder(folder)


# --- Folders and archives ---

# Damaged and encrypted archives raise all of these.
_UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
)


def _collect_from_path(collector: Collector, source: Path) -> None:
    files = sorted(_files(source))
    for path in Bar(files, desc=source.name, unit="file", disable=None):
        try:
            collector.offer(path)
        except _UNREADABLE as error:
            say_above(f"{path}: cannot be read ({error}); left out")


def _files(source: Path) -> Iterator[Path]:
    return (
        path
        for path in (source.rglob("*") if source.is_dir() else [source])
        if path.is_file()
    )


# --- Addresses ---


def _collect_from_address(collector: Collector, url: str) -> None:
    with _scratch(collector.folder) as scratch:
        path = scratch / "download"
        try:
            download(url, path)
            collector.offer(path)
        except (*_UNREADABLE, http.client.HTTPException, UserError) as error:
            say_above(f"{url}: cannot be had ({error}); left out")


def download(url: str, path: Path) -> None:
    """Write the file at `url` to `path`; an OSError if a part of it is missing."""
    parts = urllib.parse.urlparse(url)
    if parts.scheme == "file":
        # Others never end, or wait for somebody who writes.
        require_file(urllib.request.url2pathname(parts.path))
    name = Path(parts.path).name or url
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer:
        length = answer.headers.get("Content-Length")
        total = int(length) if length else None
        with path.open("wb") as sink, Bar(
            total=total, desc=name, unit="B", unit_scale=True, disable=None
        ) as bar:
            for block in iter(lambda: answer.read(_BLOCK), b""):
                sink.write(block)
                bar.update(len(block))
                if sink.tell() > _MOST_BYTES:
                    raise OSError(f"larger than {_MOST_BYTES >> 30} GiB")
            if total is not None and sink.tell() < total:
                raise OSError(f"broke off after {sink.tell()} of {total} bytes")
