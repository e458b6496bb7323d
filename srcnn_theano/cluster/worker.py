"""The side of a worker: what it was sent, and processes that do not outlive it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Callable, Iterator

from srcnn_theano import __version__, shipped
from srcnn_theano.files import atomic_path, sha256

_PATIENCE = 120  # seconds that a job waits for what is being sent
_CHECKSUM = re.compile("[0-9a-f]{64}")
# Loaded before any process is forked.
_LIBC = ctypes.CDLL(None)
_PR_SET_PDEATHSIG = 1  # of Linux


def version() -> str:
    """Of this package, where the worker is."""
    return __version__


# --- Files that were sent ---


def has(checksum: str) -> bool:
    """Whether a file was sent earlier, to this worker or another of the same cache."""
    path = _path(checksum)
    return path.is_file() and sha256(path) == checksum


def keep(content: bytes, checksum: str) -> None:
    """Keep a file that was sent."""
    with atomic_path(_path(checksum)) as temporary:
        temporary.write_bytes(content)


def kept(checksum: str) -> Path:
    """The file with this checksum; waits for it where it is still on its way.

    Raises
    ------
    RuntimeError
        It does not come.
    """
    path = _path(checksum)
    return awaited(lambda: path if path.is_file() else None, "a file")


def awaited(find: Callable[[], Path | None], what: str) -> Path:
    """What a client is sending, when it has come.

    Raises
    ------
    RuntimeError
        It does not come.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        path = find()
        if path is not None:
            return path
        if time.monotonic() > end:
            raise RuntimeError(f"{what} has not come from the client")
        time.sleep(0.2)


def _path(checksum: str) -> Path:
    if not _CHECKSUM.fullmatch(checksum):
        raise ValueError(f"{checksum!r} is no SHA-256")
    return shipped.cache_dir() / "cluster" / f"{checksum}.h5"


# --- Processes ---


@contextlib.contextmanager
def process(
    words: list[str], log: Any, folder: Path, **variables: str
) -> Iterator[subprocess.Popen]:
    """A command as a process, which does not outlive the block.

    Parameters
    ----------
    words : list of str
    log : file
        For all that it says.
    folder : Path
        Where it runs.
    **variables : str
        Of its environment.
    """
    threads = os.environ.get("OMP_NUM_THREADS", "1")
    started = subprocess.Popen(
        words,
        env={**os.environ, "OMP_NUM_THREADS": threads, **variables},
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        preexec_fn=_end_with_parent,
    )
    try:
        yield started
    finally:
        if started.poll() is None:
            started.kill()
            started.wait()


def _end_with_parent() -> None:
    """Have Linux end this process when its worker has been killed."""
    with contextlib.suppress(AttributeError):
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def last_line(log: Any) -> str:
    """The last line of what a process has said."""
    log.seek(0)
    lines = log.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else "ended without a word"
