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
        named = user_flag(name)
        if named is not None:
            reason = _why_unusable(expanded(named))
            if reason:
                raise UserError(
                    f"{name}={named}: cannot be used for compiled functions "
                    f"({reason}); put it right, or name another folder with "
                    f"THEANO_FLAGS={name}=FOLDER"
                )
            return None
    usual = "." + find_library().module
    if not _why_unusable(expanded(os.environ.get("HOME") or "~") / usual):
        return None
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir()) / f"srcnn_theano-{user}"
    if _why_unusable(folder) or not _private(folder):
        raise UserError(
            f"{folder}: cannot be used for compiled functions, nor can ~/{usual}; name "
            "a folder of yours with THEANO_FLAGS=base_compiledir=FOLDER"
        )
    return str(folder)


def _why_unusable(folder: Path) -> str:
    """What the system says to a file written there, or nothing if it can be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=str(folder)) as stream:
            stream.write(bytes(4096))
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _private(folder: Path) -> bool:
    # Compiled code is loaded from here: nobody else may have put it there.
    status = folder.lstat()
    ours = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return stat.S_ISDIR(status.st_mode) and ours and not status.st_mode & 0o022
