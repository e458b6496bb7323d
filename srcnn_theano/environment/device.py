"""Where functions run, and what the machine has to run them."""

from __future__ import annotations

import contextlib
import os
import platform
import subprocess
from pathlib import Path

from srcnn_theano.errors import UserError

DEVICES = ("cpu", "xla", "gpu")


def default_device() -> str:
    """Where functions run by default: what SRCNN_DEVICE says, else ``cpu``.

    Raises
    ------
    UserError
        It says something else than `DEVICES`.
    """
    device = os.environ.get("SRCNN_DEVICE") or "cpu"
    if device not in DEVICES:
        raise UserError(
            "SRCNN_DEVICE={}: no such device; use one of {}".format(
                device, ", ".join(DEVICES)
            )
        )
    return device


def processor() -> str:
    """The processor's name, as Linux or else Python knows it."""
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def has_instructions(*names: str) -> bool:
    """Whether the processor has all of these, by Linux' names: "avx2", "avx512vl"."""
    return set(names) <= set(_cpuinfo("flags").split())


def _cpuinfo(key: str) -> str:
    """What Linux says of the first core under this word; "" where it does not."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(key):
                return line.partition(":")[2].strip()
    return ""


def accelerators() -> list[str]:
    """Names and memories of NVIDIA's graphics cards, as their driver tells them."""
    command = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        answer = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    names = answer.stdout.decode(errors="replace").splitlines()
    return names if answer.returncode == 0 else []
