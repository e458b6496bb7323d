"""The folder in which compiled functions are kept."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

from srcnn_theano.environment.flags import expanded, user_flag
from srcnn_theano.environment.library import find_library
from srcnn_theano.errors import UserError


def find_compile_folder() -> str | None:
    """None where the library's own choice will do, else a private folder.

    The library's own choice is ~/.theano or ~/.aesara.

    Raises
    ------
    UserError
        Neither can be used.
    """
    for name in ("compiledir", "base_compiledir"):
        if user_flag(name) is not None:
            return None
    usual = "." + find_library().module
    if _writable(expanded(os.environ.get("HOME") or "~") / usual):
        return None
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir()) / f"srcnn_theano-{user}"
    if not _writable(folder) or not _private(folder):
        raise UserError(
            f"{folder}: cannot be used for compiled functions, nor can ~/{usual}; name "
            "a folder of yours with THEANO_FLAGS=base_compiledir=FOLDER"
        )
    return str(folder)


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=str(folder)):
            return True
    except OSError:
        return False


def _private(folder: Path) -> bool:
    # Compiled code is loaded from here: nobody else may have put it there.
    status = folder.lstat()
    ours = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return stat.S_ISDIR(status.st_mode) and ours and not status.st_mode & 0o022
