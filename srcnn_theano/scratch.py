"""Folders for a while that do not outlive their process, even one that was killed.

Each is locked by its process for as long as that lives; the system takes the lock away
when the process ends, however it ends. Whoever starts next removes the folders that
nobody holds.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Iterator

_PREFIX = "srcnn_theano-scratch-"

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


def remove_stale(*parents: str | Path) -> None:
    """Remove what dead processes of this user have left in these folders.

    In the temporary directory, too; there also Theano's own files, after a day.
    """
    temporary = Path(tempfile.gettempdir())
    for parent in {temporary, *map(Path, parents)}:
        with contextlib.suppress(OSError):
            for path in parent.glob(_PREFIX + "*"):
                with contextlib.suppress(OSError):
                    _remove_unless_locked(path)
    with contextlib.suppress(OSError):
        for path in temporary.iterdir():
            if path.name.startswith(_LEFT_BEHIND):
                with contextlib.suppress(OSError):
                    _remove_if_old(path)


def _remove_unless_locked(folder: Path) -> None:
    if folder.lstat().st_uid != os.getuid():
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)
    finally:
        os.close(handle)


def _remove_if_old(path: Path) -> None:
    status = path.lstat()
    if status.st_uid == os.getuid() and time.time() - status.st_mtime > _DAY:
        path.unlink()
