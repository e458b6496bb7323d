"""Get T91, Set5 and Set14 together in one folder, and verify every file.

    python scripts/get_data.py DIR --from FOLDER
    python scripts/get_data.py DIR --urls FILE

The images cannot be given away with this project. Name a folder with copies that you
have, or a file that lists addresses to download, one to a line (# begins a comment).
Zip archives in either are looked into. A file is recognised by its SHA-256, so names
and folders of the source do not matter; converted copies (.png, .jpg) are others and
are left out. What is there already is kept: run it again to complete a set.
"""

from __future__ import annotations

import argparse
import http.client
import shutil
import sys
import tempfile
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path
from typing import Sequence

from srcnn_theano.data.datasets import check, manifest
from srcnn_theano.errors import UserError
from srcnn_theano.files import atomic_path, sha256
from srcnn_theano.progress import Bar, say_above

_SECONDS = 60  # without an answer, after which a server is given up
_BLOCK = 1 << 16


class Collector:
    """Copies wanted files to their places in `folder`, wherever they turn up."""

    def __init__(self, folder: str | Path):
        self.folder = Path(folder)
        # SHA-256 -> places for the file; t36 and t65 of T91 are the same file.
        self.wanted: dict[str, list[Path]] = {}
        self.sizes: set[int] = set()
        for set_name, files in manifest().items():
            for file_name, facts in files.items():
                target = self.folder / set_name / file_name
                if not (target.is_file() and sha256(target) == facts["sha256"]):
                    self.wanted.setdefault(facts["sha256"], []).append(target)
                    self.sizes.add(facts["bytes"])

    def offer(self, path: Path) -> None:
        """Take the file if it is wanted; look into it if it is a zip archive."""
        if path.stat().st_size in self.sizes:
            for target in self.wanted.pop(sha256(path), []):
                with atomic_path(target) as temporary:
                    shutil.copyfile(path, temporary)
        if zipfile.is_zipfile(path):
            self._offer_members(path)

    def _offer_members(self, path):
        with zipfile.ZipFile(path) as archive, _scratch(self.folder) as scratch:
            for member in archive.infolist():
                if member.file_size in self.sizes:
                    copy = Path(scratch) / "member"
                    with archive.open(member) as source, copy.open("wb") as sink:
                        shutil.copyfileobj(source, sink)
                    self.offer(copy)


def _scratch(folder):
    """A temporary folder on the disk that the images go to."""
    return tempfile.TemporaryDirectory(prefix=".get_data-", dir=folder)


def collect_from_folder(collector: Collector, source: str | Path) -> None:
    """Offer every file in and below a folder."""
    source = Path(source).expanduser()
    if not source.is_dir():
        raise UserError(f"--from {source}: no such folder")
    files = sorted(path for path in source.rglob("*") if path.is_file())
    for path in Bar(files, desc=source.name, unit="file", disable=None):
        try:
            collector.offer(path)
        except (OSError, zipfile.BadZipFile) as error:
            say_above(f"{path}: cannot be read ({error}); left out")


def collect_from_urls(collector: Collector, list_file: str | Path) -> None:
    """Download every address of a list, one after another, until nothing is missing."""
    for url in _read_list(list_file):
        if not collector.wanted:
            break
        with _scratch(collector.folder) as scratch:
            path = Path(scratch) / "download"
            try:
                download(url, path)
                collector.offer(path)
            except (
                OSError,
                ValueError,
                http.client.HTTPException,
                zipfile.BadZipFile,
            ) as error:
                say_above(f"{url}: cannot be had ({error}); left out")


def _read_list(list_file):
    try:
        text = Path(list_file).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"--urls {list_file}: cannot be read ({error})") from error
    lines = [line.partition(" #")[0].strip() for line in text.splitlines()]
    urls = [line for line in lines if line and not line.startswith("#")]
    if not urls:
        raise UserError(f"--urls {list_file}: no addresses in this file")
    return urls


def download(url: str, path: Path) -> None:
    """Write the file at `url` to `path`; an OSError if a part of it is missing."""
    name = Path(urllib.parse.urlparse(url).path).name or url
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer:
        length = answer.headers.get("Content-Length")
        total = int(length) if length else None
        with path.open("wb") as sink, Bar(
            total=total, desc=name, unit="B", unit_scale=True, disable=None
        ) as bar:
            for block in iter(lambda: answer.read(_BLOCK), b""):
                sink.write(block)
                bar.update(len(block))
            if total is not None and sink.tell() < total:
                raise OSError(f"broke off after {sink.tell()} of {total} bytes")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the script; returns 0 if all three sets are complete, otherwise 1 or 2."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", metavar="DIR", help="where T91, Set5, Set14 belong")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--from", dest="source", metavar="FOLDER")
    source.add_argument("--urls", metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        collector = _start(options.folder)
        if options.source:
            collect_from_folder(collector, options.source)
        else:
            collect_from_urls(collector, options.urls)
    except UserError as error:
        print(f"get_data.py: {error}", file=sys.stderr)
        return 2
    result = check(options.folder)
    print(result)
    return 0 if result.ok else 1


def _start(folder):
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{folder}: cannot be made ({error.strerror})") from error
    return Collector(folder)


if __name__ == "__main__":
    sys.exit(main())
