"""What the C library does with freed memory."""

from __future__ import annotations

import ctypes
import os


def keep_freed_memory() -> None:
    """Let glibc keep what is freed, for the next minibatch's maps.

    Theano frees every intermediate array after each call. By default glibc gives
    arrays of this size back to the kernel, which then clears each page anew: a sixth
    of a step of SRCNN at batch 100.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None or any(name.startswith("MALLOC_") for name in os.environ):
        return  # not glibc, or tuned by the user
    m_trim_threshold, m_mmap_threshold = -1, -3
    mallopt(m_mmap_threshold, 32 << 20)  # the most that glibc allows
    mallopt(m_trim_threshold, 512 << 20)
