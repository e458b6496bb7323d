"""Files that are never half-written, and their checksums."""

import contextlib
import errno
import hashlib
import json
import os
import tempfile
from pathlib import Path

from srcnn_theano.errors import UserError

# What a full, failing or read-only disk answers while a file is written.
_DISK_ERRORS = frozenset(
    [
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EFBIG,
        errno.EIO,
        errno.EROFS,
        errno.EACCES,
    ]
)


@contextlib.contextmanager
def atomic_path(path):
    """Yield a temporary path beside `path`; rename it to `path` if the block succeeds.

    The temporary name keeps the suffix of `path` (libraries choose the format by it).
    If the block raises, the temporary file is removed and `path` is untouched.

    Raises
    ------
    UserError
        The folder cannot be written, or the disk is full.
    """
    path = Path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(
            prefix="." + path.stem + ".", suffix=path.suffix, dir=str(path.parent)
        )
        os.close(handle)
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        yield Path(temporary)
        # mkstemp makes a private file; the result gets what open() would have given.
        os.chmod(temporary, 0o666 & ~_umask())
        _flush(temporary)
        os.replace(temporary, str(path))
    except OSError as error:
        if error.errno in _DISK_ERRORS:
            raise _cannot_write(path, error) from error
        raise
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)


def _umask():
    current = os.umask(0)
    os.umask(current)
    return current


def _flush(path):
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _cannot_write(path, error):
    return UserError(
        f"{path}: cannot be written ({error.strerror or error}); choose another place "
        "or free some space"
    )


def write_text(path, text):
    """Write `text` (UTF-8) to `path` in one step."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path, value):
    """Write `value` to `path` as indented JSON, in one step."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def sha256(path):
    """Hexadecimal SHA-256 of a file's bytes."""
    digest = hashlib.sha256()
    with open(str(path), "rb") as stream:
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
