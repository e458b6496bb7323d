"""Folders and files for a while that do not outlive their process, even a killed one.

Each is locked by its process for as long as that lives; the system takes the lock away
when the process ends, however it ends. Whoever starts next, or writes next to the same
folder, removes what nobody holds.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import Iterator

_PREFIX = "srcnn_theano-scratch-"
# The name of a folder, or of a file, which starts and ends as it will be called.
_NAME = re.compile(r"(\..*\.)?" + _PREFIX + r"[a-z0-9_]{8}.*", re.DOTALL)
_swept: set[Path] = set()

# Files that Theano and Aesara leave in the temporary directory: the source of a module
# that did not compile, and what a trial of g++ was killed over.
_LEFT_BEHIND = (
    "theano_compilation_error_",
    "aesara_compilation_error_",
    "try_march_",
    "try_flags_",
    "try_blas_",
)
_DAY = 24 * 60 * 60


@contextlib.contextmanager
def scratch_folder(parent: str | Path | None = None) -> Iterator[Path]:
    """A folder for the block, in `parent` or in the temporary directory."""
    handle, folder = _locked_folder(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def _locked_folder(parent: str | Path | None) -> tuple[int, Path]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        # A process that starts may lock the folder before this one, and remove it.
        with contextlib.suppress(FileNotFoundError):
            handle = os.open(folder, os.O_RDONLY)
            with contextlib.suppress(OSError):  # no locks there: nobody will remove it
                fcntl.flock(handle, fcntl.LOCK_EX)
            if folder.exists():
                return handle, folder
            os.close(handle)


def scratch_file(parent: str | Path, stem: str, suffix: str) -> tuple[int, Path]:
    """Open and lock a new hidden file in `parent`, which is swept at its first.

    The lock is a shared one, which keeps no reader away. Who removes or renames the
    file closes the handle after that, not before.
    """
    folder = Path(parent).resolve()
    if folder not in _swept:
        _swept.add(folder)
        _sweep(folder)
    while True:
        handle, name = tempfile.mkstemp(
            prefix=f".{stem}.{_PREFIX}", suffix=suffix, dir=str(parent)
        )
        with contextlib.suppress(OSError):  # no locks there
            fcntl.flock(handle, fcntl.LOCK_SH)
        if os.fstat(handle).st_nlink:  # a process that swept was not faster
            return handle, Path(name)
        os.close(handle)


def remove_stale(*parents: str | Path) -> None:
    """Remove what dead processes of this user have left in these folders.

    In the temporary directory, too; there also Theano's own files, after a day.
    """
    temporary = Path(tempfile.gettempdir())
    for parent in {temporary, *map(Path, parents)}:
        _sweep(parent)
    with contextlib.suppress(OSError):
        for path in temporary.iterdir():
            if path.name.startswith(_LEFT_BEHIND):
                with contextlib.suppress(OSError):
                    _remove_if_old(path)


def _sweep(parent: str | Path) -> None:
    with contextlib.suppress(OSError):
        for path in Path(parent).iterdir():
            if _NAME.fullmatch(path.name):
                with contextlib.suppress(OSError):
                    _remove_unless_locked(path)


def _remove_unless_locked(path: Path) -> None:
    status = path.lstat()
    is_file = stat.S_ISREG(status.st_mode)
    if status.st_uid != os.getuid() or not (is_file or stat.S_ISDIR(status.st_mode)):
        return
    # Over a network, an exclusive lock needs a file that may be written.
    handle = os.open(path, (os.O_RDWR if is_file else os.O_DIRECTORY) | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink() if is_file else shutil.rmtree(path)
    finally:
        os.close(handle)


def _remove_if_old(path: Path) -> None:
    status = path.lstat()
    if status.st_uid == os.getuid() and time.time() - status.st_mtime > _DAY:
        path.unlink()
