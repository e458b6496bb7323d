"""How many threads may compute, and what they do without work."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from pathlib import Path

_CGROUP = Path("/sys/fs/cgroup")


def usable_cores() -> int:
    """Cores that this process may use: its CPU affinity, or less under a quota."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores, _core_quota()))


def _core_quota() -> int:
    # Containers limit CPU time, not the cores that are seen: cgroup 2, then 1.
    with contextlib.suppress(OSError, ValueError):
        quota, period = (_CGROUP / "cpu.max").read_text().split()
        return -(-int(quota) // int(period))
    with contextlib.suppress(OSError, ValueError):
        limit = int((_CGROUP / "cpu/cpu.cfs_quota_us").read_text())
        if limit > 0:
            return -(-limit // int((_CGROUP / "cpu/cpu.cfs_period_us").read_text()))
    return sys.maxsize


def limit_threads() -> None:
    """Give OMP_NUM_THREADS a value where the libraries would start too many threads.

    It is the one knob: oneDNN (libgomp) reads it, and so do every build of OpenBLAS
    and MKL unless OPENBLAS_NUM_THREADS or MKL_NUM_THREADS is set. All of them know the
    CPU affinity and none of them a container's quota.

    oneDNN needs all the threads that it asks for: with fewer, its gradients to filters
    are sums of a part. So OMP_DYNAMIC, which grants fewer on a busy machine, is
    switched off, and a limit of OMP_THREAD_LIMIT counts as the number of threads.
    """
    if _core_quota() < sys.maxsize:
        os.environ.setdefault("OMP_NUM_THREADS", str(usable_cores()))
    if "OMP_DYNAMIC" in os.environ:
        os.environ["OMP_DYNAMIC"] = "false"
    limit = os.environ.get("OMP_THREAD_LIMIT", "")
    if limit.isdigit() and int(limit) < _threads_asked_for():
        os.environ["OMP_NUM_THREADS"] = limit


def _threads_asked_for() -> int:
    first = os.environ.get("OMP_NUM_THREADS", "").split(",")[0].strip()
    return int(first) if first.isdigit() else usable_cores()


def let_idle_threads_sleep() -> None:
    """Let an OpenMP thread without work spin for some microseconds only.

    By default it spins for milliseconds, and where something else wants the cores it
    keeps the very threads that it waits for from running: with two threads on two busy
    cores, steps took eight to ten times as long as with this. Four thousand turns are
    some tens of microseconds, as long as a small network is between two convolutions:
    with fewer, its threads fall asleep there. libgomp reads this when it is loaded:
    with oneDNN, if not before.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "4000")


def compute_alone_after_fork(library: ctypes.CDLL) -> None:
    """Let a forked child compute with one thread, by the OpenMP that `library` loads.

    The others stay with the parent, and libgomp would wait for them for ever. Threads
    that the child starts itself compute with as many as before.
    """
    set_threads = getattr(library, "omp_set_num_threads", None)
    if set_threads is not None:
        os.register_at_fork(after_in_child=lambda: set_threads(1))
