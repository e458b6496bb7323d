"""What of a machine decides its speed: caches, instruction sets, threads of a core."""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

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
