"""The machine that something was measured on, and what of it decides its speed."""

from __future__ import annotations

import contextlib
import platform
import re
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Mapping

from srcnn_theano import __version__, environment

_CPU = Path("/sys/devices/system/cpu/cpu0")
_CPUINFO = Path("/proc/cpuinfo")
# What oneDNN chooses its code by, the newest last.
_INSTRUCTIONS = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_vnni": "AVX512-VNNI",
    "avx512_bf16": "AVX512-BF16",
    "avx512_fp16": "AVX512-FP16",
    "amx_bf16": "AMX-BF16",
}


def machine() -> dict[str, Any]:
    """Processor, accelerators and versions, by name; None for what is not installed."""
    library = environment.find_library().distribution
    told = {
        "processor": environment.processor(),
        "cores": environment.usable_cores(),
        "accelerators": environment.accelerators(),
        **hardware(),
        "python": platform.python_version(),
        "srcnn-theano": __version__,
    }
    for name in (
        "numpy",
        library,
        "onednn-cpu-gomp",
        "torch",
        "jax",
        "jaxlib",
        "onnxruntime",
    ):
        try:
            told[name] = version(name)
        except PackageNotFoundError:
            told[name] = None
    return told


def command(module: str = "benchmarks") -> str:
    """The command line; files outside of the checkout by their names alone."""
    words = [Path(w).name if Path(w).is_absolute() else w for w in sys.argv[1:]]
    return " ".join([f"python -m {module}", *words])


def measured_by(command: str, machine: Mapping[str, Any]) -> str:
    """A sentence with all that `machine` tells."""
    machine = dict(machine)
    names = {"python": "Python", "numpy": "NumPy", "torch": "PyTorch", "jax": "JAX"}
    names["onednn-cpu-gomp"] = "oneDNN"
    accelerators = machine.pop("accelerators", None)
    if accelerators == []:
        accelerators = ["no accelerator"]
    told = ("caches", "instruction sets", "cores are")
    hardware = [f"{name} {machine.pop(name)}" for name in told if name in machine]
    return "Measured by `{}` on {} ({} cores{}) with {}.".format(
        command,
        machine.pop("processor"),
        machine.pop("cores"),
        "".join("; " + name for name in [*hardware, *(accelerators or [])]),
        ", ".join(
            f"{names.get(name, name)} {number}"
            for name, number in machine.items()
            if number is not None
        ),
    )


def hardware() -> dict[str, str]:
    """Sentences' parts by name, of Linux; what cannot be told is left out."""
    told = {
        "caches": ", ".join(_caches()),
        "instruction sets": ", ".join(_instruction_sets()),
        "cores are": _threads_of_a_core(),
    }
    return {name: text for name, text in told.items() if text}


def _caches():
    for index in sorted(_CPU.glob("cache/index*")):
        with contextlib.suppress(OSError):
            level, kind, size = (
                (index / name).read_text().strip() for name in ("level", "type", "size")
            )
            if kind != "Instruction":
                yield f"L{level} {size}"


def _instruction_sets():
    with contextlib.suppress(OSError):
        line = re.search(r"^flags\s*:(.*)$", _CPUINFO.read_text(), re.MULTILINE)
        flags = line[1].split() if line else []
        return [name for flag, name in _INSTRUCTIONS.items() if flag in flags]
    return []


def _threads_of_a_core():
    """Two hyperthreads share what computes; two cores do not."""
    with contextlib.suppress(OSError):
        siblings = (_CPU / "topology" / "thread_siblings_list").read_text().strip()
        shared = bool(re.search("[-,]", siblings))
        return "threads of shared cores" if shared else "whole cores"
    return ""
