"""The compiler's options for this processor, asked for once and not by each process.

Theano runs g++ three times and a program of its own to find out what ``-march=native``
means, before it looks into its folder of compiled modules: up to half a second. The
answer depends on the compiler, the flags and the processor, and is kept beside the
modules under a name made of these.
"""

from __future__ import annotations

import contextlib
import hashlib
import platform
import shutil
from pathlib import Path
from typing import Any

from srcnn_theano.backend.internals import cmodule, gcc_version_str
from srcnn_theano.backend.library import theano
from srcnn_theano.errors import UserError
from srcnn_theano.files import read_json, write_json

_compile_args = cmodule.GCC_compiler.compile_args
_CPU_LINES = ("flags", "Features", "model name", "CPU part")


def install() -> None:
    """Put this into the place of what Theano does."""
    cmodule.GCC_compiler.compile_args = staticmethod(compile_args)


def compile_args(march_flags: bool = True) -> list[str]:
    """GCC_compiler.compile_args, with the flags for the processor from a file."""
    gcc = cmodule.GCC_compiler
    if gcc.march_flags is not None or not march_flags:
        return _compile_args(march_flags)
    path = _folder() / f"processor-{_identity()}.json"
    with contextlib.suppress(UserError):
        kept = read_json(path)
        if _are_flags(kept):
            gcc.march_flags = kept
    if gcc.march_flags is None:
        arguments = _compile_args(march_flags)
        # Without the file the next process asks again.
        with contextlib.suppress(UserError, OSError):
            write_json(path, gcc.march_flags)
        return arguments
    return _compile_args(march_flags)


def _folder() -> Path:
    return Path(theano.config.compiledir)


def _are_flags(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(flag, str) for flag in value)


def _identity() -> str:
    compiler = Path(shutil.which(theano.config.cxx) or theano.config.cxx)
    facts: list[Any] = [compiler, gcc_version_str, theano.config.gcc__cxxflags]
    with contextlib.suppress(OSError):
        status = compiler.stat()
        facts += [status.st_size, status.st_mtime_ns]
    facts.append(platform.machine())
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text(errors="replace").splitlines()
        facts += sorted({line for line in lines if line.startswith(_CPU_LINES)})
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]
