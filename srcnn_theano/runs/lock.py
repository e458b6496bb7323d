"""One process at a time works in the folder of a run."""

from __future__ import annotations

import contextlib
import os
import socket
from pathlib import Path
from typing import Iterator

from srcnn_theano.errors import UserError

try:
    import fcntl
except ImportError:  # not on Windows; there nothing is locked
    fcntl = None  # type: ignore[assignment]

_NAME = ".lock"


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep all other processes out of a run folder for as long as the block lasts.

    The system itself holds the lock, on a file that says which process it is for; so
    it ends with its process, however that ends. A folder that the block leaves empty is
    removed.

    Raises
    ------
    UserError
        Another process works there, or the folder cannot be written.
    """
    new_folders = [path for path in (folder, *folder.parents) if not path.exists()]
    handle = _lock(folder)
    try:
        yield
    finally:
        # While it is locked still: who waits for it sees that this file has gone.
        with contextlib.suppress(OSError):
            (folder / _NAME).unlink()
        os.close(handle)
        with contextlib.suppress(OSError):
            for path in new_folders:
                path.rmdir()


def _lock(folder: Path) -> int:
    """The open and locked file of a folder."""
    path = folder / _NAME
    while True:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise UserError(
                f"{path}: cannot be written ({error.strerror}); choose another --runs "
                "folder"
            ) from error
        try:
            if fcntl is not None:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.read(handle, 1000).decode("utf-8", "replace").strip()
            os.close(handle)
            raise UserError(
                f"{folder}: another process works in this folder "
                f"({owner or 'it has just begun'}); wait for it, end it, or choose "
                "another --runs folder"
            ) from None
        except OSError:
            pass  # a file system without locks
        if _is_same(handle, path):
            break
        os.close(handle)
    with contextlib.suppress(OSError):  # on a full disk, it does not say whose it is
        os.ftruncate(handle, 0)
        os.write(handle, f"process {os.getpid()} on {socket.gethostname()}\n".encode())
    return handle


def _is_same(handle: int, path: Path) -> bool:
    """Whether the path is the open file still: whoever had it may have removed it."""
    try:
        return os.path.samestat(os.fstat(handle), path.stat())
    except OSError:
        return False
