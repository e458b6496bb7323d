"""Files that are never half-written, and their checksums."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import math
import os
import stat
from pathlib import Path
from typing import Any, Iterator, Union

from srcnn_theano.errors import UserError
from srcnn_theano.scratch import scratch_file

PathLike = Union[str, Path]

_MOST_JSON = 1 << 28


class DiskFull(UserError):
    """No space is left, or none that this user may take: other files would not fit."""


# Errors of a full, failing or read-only disk while a file is written.
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
def atomic_path(path: PathLike) -> Iterator[Path]:
    """Yield a temporary path beside `path`; rename it to `path` if the block succeeds.

    The temporary name keeps the suffix of `path` (libraries choose the format by it),
    and is short, since `path` may be as long as the file system allows. If the block
    raises, the temporary file is removed and `path` is untouched; if the process is
    killed, the next that writes to the folder removes it.

    Raises
    ------
    UserError
        As `check_target`; the folder cannot be written.
    DiskFull
    """
    path = Path(path)
    _check_kind(path)
    try:
        new_folders = [folder for folder in path.parents if not folder.exists()]
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = scratch_file(path.parent, path.stem[:20], path.suffix[-20:])
    except OSError as error:
        raise _cannot_write(path, error) from error
    try:
        yield temporary
        # mkstemp makes a private file; the result gets the rights of open().
        temporary.chmod(0o666 & ~_umask())
        _flush(temporary)
        temporary.replace(path)
        for folder in [path, *new_folders]:
            _flush_folder(folder.parent)
    except OSError as error:
        if error.errno in _DISK_ERRORS:
            raise _cannot_write(path, error) from error
        raise
    finally:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        os.close(handle)


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _flush_folder(folder: Path) -> None:
    """Write the names of a folder to the disk, where the system can.

    Without it, a power failure may take back a renaming that was reported as done.
    """
    with contextlib.suppress(OSError):
        _flush(folder)


def _cannot_write(path: Path, error: OSError) -> UserError:
    full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return (DiskFull if full else UserError)(
        f"{path}: cannot be written ({error.strerror or error}); choose another place "
        "or free some space"
    )


# --- What lies at a path ---

_KINDS = {
    stat.S_IFBLK: "a device",
    stat.S_IFCHR: "a device",
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a named pipe",
    stat.S_IFREG: "a file",
    stat.S_IFSOCK: "a socket",
}


def kind_at(path: PathLike) -> str:
    """What is at `path`, links followed: "a file", "a folder", "a named pipe" ...

    Returns
    -------
    str
        Empty if nothing is there.

    Raises
    ------
    UserError
        It cannot be told: a circle of links, a name too long, no permission.
    """
    try:
        mode = Path(path).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return ""
    except OSError as error:
        raise UserError(
            f"{path}: cannot be looked at ({error.strerror}); name another file"
        ) from error
    return _KINDS.get(stat.S_IFMT(mode), "no regular file")


def require_file(path: PathLike, what: str = "file", cure: str = "") -> None:
    """Refuse what is no regular file; a named pipe or a device may wait for ever.

    Parameters
    ----------
    path : path
    what : str
        What the file should be.
    cure : str
        What to do if it is not; without it, to name a file.

    Raises
    ------
    UserError
    """
    kind = kind_at(path)
    if not kind:
        raise UserError(f"{path}: no such {what}" + (cure and "; " + cure))
    if kind != "a file":
        raise UserError(f"{path}: is {kind}; {cure or 'name a ' + what}")


def require_folder(path: PathLike, source: str = "", cure: str = "") -> None:
    """Refuse what is no folder.

    Parameters
    ----------
    path : path
    source : str
        What stands before the path in the message: "--data ", say.
    cure : str
        What to do; without it, to name a folder.

    Raises
    ------
    UserError
    """
    kind = kind_at(path)
    if kind != "a folder":
        wrong = f"is {kind}" if kind else "no such folder"
        raise UserError(f"{source}{path}: {wrong}; {cure or 'name a folder'}")


def is_there(path: PathLike) -> bool:
    """Whether anything is at `path`, a broken link or something unreadable, too."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        pass
    return True


def check_target(path: PathLike) -> None:
    """Refuse a path where no file can be put, before the work for it is done.

    Raises
    ------
    UserError
        Something is there that is no regular file; a circle of links; a name too long;
        the folder, or the one that it would be made in, cannot be written.
    """
    _check_kind(path)
    _check_writable(Path(path).parent, Path(path))


def _check_kind(path: PathLike) -> None:
    kind = kind_at(path)
    if kind not in ("", "a file"):
        raise UserError(
            f"{path}: cannot be written (it is {kind}); choose another name"
        )


def check_not_source(target: PathLike, source: PathLike) -> None:
    """Refuse to write where the file lies that is read, by another name or a link, too.

    Raises
    ------
    UserError
    """
    with contextlib.suppress(OSError):  # one of them is not there
        if Path(target).samefile(source):
            raise UserError(
                f"{target}: is the file that is read, {source}, and would be "
                "overwritten; choose another name"
            )


def check_target_folder(path: PathLike) -> None:
    """Refuse a folder for results where something else is, before the work is done.

    Raises
    ------
    UserError
        The path, or one on the way to it, is no folder, or it cannot be written.
    """
    for place in (Path(path), *Path(path).parents):
        kind = kind_at(place)
        if kind == "a folder":
            _check_writable(place, Path(path))
            return
        if kind:
            which = "it" if place == Path(path) else str(place)
            raise UserError(
                f"{path}: cannot be the folder for the results ({which} is {kind}); "
                "choose another name"
            )


def _check_writable(folder: Path, path: Path) -> None:
    """Refuse a folder where no file can be made, as a read-only one.

    Permissions alone do not tell, to root least of all; so a file is made and removed.
    """
    while not is_there(folder):
        folder = folder.parent
    try:
        handle, probe = scratch_file(folder, "probe", "")
    except OSError as error:
        raise _cannot_write(path, error) from error
    with contextlib.suppress(OSError):
        probe.unlink()
    os.close(handle)


# --- Text ---


def write_text(path: PathLike, text: str) -> None:
    """Write `text` (UTF-8) to `path` in one step.

    Names of files that are not UTF-8 are written with escapes, which JSON reads back.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(text.encode("utf-8", "backslashreplace"))


def json_text(value: Any) -> str:
    """`value` as indented JSON in ASCII, which standard output leaves as it is.

    Numbers that JSON has not become words, as in "inf".
    """
    return json.dumps(_finite(value), indent=2, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {name: _finite(part) for name, part in value.items()}
    is_list = isinstance(value, (list, tuple))
    return [_finite(part) for part in value] if is_list else value


def write_json(path: PathLike, value: Any) -> None:
    """Write `value` to `path` as `json_text` has it, but in UTF-8, in one step."""
    text = json.dumps(_finite(value), indent=2, ensure_ascii=False, allow_nan=False)
    write_text(path, text + "\n")


def read_json(path: PathLike) -> Any:
    """The value that a JSON file holds.

    Raises
    ------
    UserError
        The file is missing, or does not hold JSON.
    """
    try:
        if not is_there(path):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
        require_file(path)
        return parse_json(Path(path).read_text(encoding="utf-8"), most=_MOST_JSON)
    except OSError as error:
        raise UserError(
            f"{path}: missing or unreadable ({error.strerror}); has the experiment "
            "been run?"
        ) from error
    except ValueError as error:
        raise UserError(
            f"{path}: not readable as JSON ({error}); use another copy"
        ) from error


def parse_json(text: Any, most: int = 1 << 16) -> Any:
    """The value of JSON that may come from anywhere, of at most `most` characters.

    Raises
    ------
    ValueError
        Not text, too long, not JSON, nested too deep, or with a number that is not
        finite or of so many digits that reading it would take long.
    """
    if not isinstance(text, str):
        raise ValueError("no text where JSON was expected")
    if len(text) > most:
        raise ValueError(f"JSON of {len(text)} characters, at most {most} are read")
    try:
        return json.loads(
            text, parse_int=_short_int, parse_float=_number, parse_constant=_number
        )
    except RecursionError:
        raise ValueError("JSON whose brackets are nested too deep") from None


def _number(text: str) -> float:
    if not math.isfinite(float(text)):
        raise ValueError(f"the number {text[:40]}, which is not finite")
    return float(text)


def _short_int(digits: str) -> int:
    if len(digits) > 40:
        raise ValueError(f"a number of {len(digits)} digits")
    return int(digits)


def sha256(path: PathLike, skip: int = 0) -> str:
    """Hexadecimal SHA-256 of a file's bytes, but for the first `skip`."""
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        stream.seek(skip)
        for block in iter(lambda: stream.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()
