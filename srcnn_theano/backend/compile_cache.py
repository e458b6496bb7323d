"""Several processes on one folder of compiled modules, and errors of that folder.

The folder is Theano's, with one folder in it for each module: the shared library, its
source, and ``key.pkl``, which says for which graphs it can be used. Theano writes that
file in place, and reads all of them without the lock when it starts. A process that
came in between took the module for broken and deleted it under all others, which died
when they wanted to load it. Modules of Theano's own, ``cutils_ext`` and others, lie
beside these, and their folders are made without the lock: a process that started just
then deleted them for being empty. Aesara has the same code. Here

- ``key.pkl`` is replaced in one step;
- folders of Theano's own modules are never deleted for being empty;
- a module that seems broken is looked at again, under the lock, before it is deleted;
- a module that is gone after all is compiled again;
- a folder that cannot be written becomes a `UserError`.
"""

from __future__ import annotations

import contextlib
import os
import pickle
from pathlib import Path
from typing import Any

from srcnn_theano import scratch
from srcnn_theano.backend.internals import cmodule
from srcnn_theano.backend.library import theano
from srcnn_theano.errors import UserError

# Theano's own, before `install` puts other functions in their places.
_save_pkl = cmodule.KeyData.save_pkl
_check_key = cmodule.ModuleCache.check_key
_get_from_hash = cmodule.ModuleCache._get_from_hash
_get_from_key = cmodule.ModuleCache._get_from_key
_module_from_key = cmodule.ModuleCache.module_from_key
_on_atexit = cmodule.ModuleCache._on_atexit
_refresh = cmodule.ModuleCache.refresh
_rmtree = cmodule._rmtree

# Why Theano deletes a module's folder after a look at it without the lock.
_SEEMS_BROKEN = (
    "broken cache directory",
    "invalid cache entry",
    "missing module file",
    "module file path mismatch",
)

# What g++ and the linker write when they cannot write anything else.
_DISK_IS_FULL = (
    "No space left on device",
    "Disk quota exceeded",
    "File size limit exceeded",
    "File too large",
    "Read-only file system",
)


def install() -> None:
    """Put all this into the place of what Theano does, and remove what is stale."""
    cmodule.KeyData.save_pkl = save_pkl
    cache = cmodule.ModuleCache
    cache.check_key = check_key
    cache._get_from_hash = get_from_hash
    cache._get_from_key = get_from_key
    cache._on_atexit = on_atexit
    cache.module_from_key = module_from_key
    cache.refresh = refresh
    cmodule._rmtree = rmtree
    scratch.remove_stale(theano.config.base_compiledir)


# --- The key of a module ---


def save_pkl(self: Any) -> None:
    """KeyData.save_pkl in one step: a reader sees the file of before or the new one."""
    try:
        pickled = pickle.dumps(self, protocol=pickle.HIGHEST_PROTOCOL)
    except pickle.PicklingError:
        return _save_pkl(self)  # fails again, and says so
    path = Path(self.key_pkl)
    new = path.with_name(path.name + ".new")  # Theano holds the lock
    # Without its folder the module has been deleted; this process has it in memory.
    with contextlib.suppress(FileNotFoundError):
        try:
            new.write_bytes(pickled)
            new.replace(path)
        except OSError:
            new.unlink()
            raise
    return None


def check_key(self: Any, key: Any, key_pkl: str) -> None:
    """ModuleCache.check_key where the file is still there."""
    with contextlib.suppress(FileNotFoundError):
        _check_key(self, key, key_pkl)


# --- The folder of a module ---


def rmtree(parent: str, *args: Any, **kwargs: Any) -> None:
    """Theano's, but for a module's folder that only seems to be broken or stale."""
    folder, reason = Path(parent), kwargs.get("msg", "")
    if reason.startswith(_SEEMS_BROKEN) and _is_whole(folder):
        return
    if reason == "empty dir" and folder.name.endswith("_ext"):
        return
    _rmtree(parent, *args, **kwargs)


def _is_whole(folder):
    try:
        with (folder / "key.pkl").open("rb") as stream:
            key_data = pickle.load(stream)
        return isinstance(key_data, cmodule.KeyData) and Path(
            key_data.get_entry()
        ).samefile(cmodule.module_name_from_dir(str(folder)))
    except Exception:  # of any kind: the file is whatever it is
        return False


def refresh(self: Any, *args: Any, **kwargs: Any) -> list:
    """ModuleCache.refresh, again where another process deletes what is being read."""
    for _ in range(100):
        try:
            return _refresh(self, *args, **kwargs)
        except (FileNotFoundError, NotADirectoryError):
            continue
    return _refresh(self, *args, **kwargs)


def get_from_key(self: Any, key: Any, key_data: Any = None) -> Any:
    """ModuleCache._get_from_key: the module, or None if its file is gone by now."""
    if key_data is None and _is_gone(self, self.entry_from_key.get(key)):
        self.refresh(cleanup=False)  # forgets it
    return _get_from_key(self, key, key_data)


def get_from_hash(self: Any, module_hash: Any, key: Any) -> Any:
    """ModuleCache._get_from_hash: the module, or None if its file is gone by now."""
    key_data = self.module_hash_to_key_data.get(module_hash)
    if key_data is not None and _is_gone(self, key_data.get_entry()):
        self.refresh(cleanup=False)
    return _get_from_hash(self, module_hash, key)


def _is_gone(cache, entry):
    loaded = entry is None or entry in cache.module_from_name
    return not loaded and not os.path.exists(entry)  # noqa: PTH110


def on_atexit(self: Any) -> None:
    """ModuleCache._on_atexit: what cannot be tidied up now is left to the next."""
    with contextlib.suppress(OSError):
        _on_atexit(self)


# --- Errors ---


def module_from_key(self: Any, *args: Any, **kwargs: Any) -> Any:
    """ModuleCache.module_from_key, whose errors say what the user can do.

    Raises
    ------
    UserError
        The folder cannot be written, or the disk is full, or another process has held
        the lock for the time of the flag ``compile__timeout``.
    """
    try:
        return _module_from_key(self, *args, **kwargs)
    except Exception as error:
        reason = _reason(error, Path(self.dirname))
        if reason is None:
            raise
        raise UserError(
            f"{self.dirname}: compiled functions cannot be kept there ({reason}); free "
            "some space, or name another folder with "
            "THEANO_FLAGS=base_compiledir=FOLDER"
        ) from error


def _reason(error, folder):
    """Why the folder cannot be used, or None if the error has another cause."""
    causes = [error]
    # Theano stumbles over the clean-up: the cause is in the context.
    while causes[-1].__context__ is not None:
        causes.append(causes[-1].__context__)
    for cause in causes:
        if isinstance(cause, TimeoutError):
            seconds = theano.config.compile__timeout
            return f"another process has held its lock for {seconds} seconds"
        if isinstance(cause, OSError):
            return cause.strerror or str(cause)
        for text in _DISK_IS_FULL:
            if text in str(cause):
                return text
    return None
