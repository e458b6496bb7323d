"""Numbers too small for float32's normal form count as 0 inside of compiled functions.

An L2 norm shrinks filters that nothing else moves without end, and the averages of an
update do the same where gradients have stopped. Below 1.2e-38 such numbers are
subnormal: they change no pixel, and some processors take a hundred times as long for
each. A bit of the processor's makes 0 of them, for a thread at a time: it is set when a
function is called and set back when that returns, so that the caller's NumPy keeps
them. Threads of OpenMP take it over from the caller in our ops (`cpp/threads.h`).
"""

from __future__ import annotations

import ctypes
import functools
import platform
import sys
from typing import Any

from srcnn_theano.backend.internals import Function

# x86-64: the last of the eight words of Linux's fenv_t is the MXCSR register. Two of
# its bits: results that are subnormal become 0 (FTZ), and so do arguments (DAZ).
_Environment = ctypes.c_uint32 * 8
_MXCSR, _TO_ZERO = 7, 0x8040


def install() -> None:
    """Put this around the calls of all compiled functions, where it is known how."""
    if not (sys.platform == "linux" and platform.machine() == "x86_64"):
        return
    # PyDLL keeps the interpreter's lock: a call takes no longer than one of NumPy's.
    library = ctypes.PyDLL(None)
    if hasattr(library, "fegetenv") and hasattr(library, "fesetenv"):
        Function.__call__ = _flushing(
            Function.__call__, library.fegetenv, library.fesetenv
        )


def _flushing(call: Any, get: Any, put: Any) -> Any:
    """Function.__call__, with subnormal numbers as 0 while it runs."""

    @functools.wraps(call)
    def flushing_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        if getattr(self.maker.linker, "flushes_itself", False):
            return call(self, *args, **kwargs)
        state = _Environment()
        get(state)
        before = state[_MXCSR]
        if before & _TO_ZERO == _TO_ZERO:
            return call(self, *args, **kwargs)
        state[_MXCSR] = before | _TO_ZERO
        put(state)
        try:
            return call(self, *args, **kwargs)
        finally:
            get(state)
            state[_MXCSR] = state[_MXCSR] & ~_TO_ZERO | before & _TO_ZERO
            put(state)

    return flushing_call
