"""Damaged files by the hundred, and what the command line does with each.

For tests, which load it by `runpy`: `mutated` damages bytes by a seed, `outcomes` runs
commands and `complaint` says what must not happen. The commands run in a process of
their own, the worker, which has the modules loaded and forks for each command: so a
crash, a hang or a full memory ends that command alone, and each starts afresh.

`pytest --slow` prints the table of all that its sweeps tried.
"""

from __future__ import annotations

import importlib
import json
import math
import os
import resource
import signal
import struct
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Callable, Iterable, Iterator, NamedTuple, Sequence

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
GIB = 1 << 30

# --- Damage ---

# Lengths and counts at the edges of their types.
_EDGES = (0, 1, 2, 3, 7, 8, 9, 33, 127, 128, 255, 256, 4095, 32767, 32768, 65535)
_EDGES += (1 << 20, 10**9, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 40, 1 << 62)
_EDGES += ((1 << 63) - 1, (1 << 64) - 1)


def mutated(content: bytes, rng: np.random.RandomState, other: bytes = b"") -> bytes:
    """`content` with one to four kinds of damage, often near its start.

    Parameters
    ----------
    content : bytes, not empty
    rng : RandomState
    other : bytes
        Another file, of which a part may be spliced in; without it, of `content`.
    """
    for _ in range(rng.choice([1, 1, 1, 2, 2, 3, 4])):
        damage = _DAMAGES[rng.randint(len(_DAMAGES))]
        content = damage(content, rng, other or content) or content[:1] or b"\0"
    return content


def _place(content: bytes, rng: np.random.RandomState) -> int:
    """Where to damage: headers are small and come first or last."""
    n = max(len(content), 1)
    near = min(n, [64, 512, n][rng.randint(3)])
    at = int(rng.randint(near))
    return at if rng.randint(4) else n - 1 - at


def _flip(content: bytes, rng: np.random.RandomState, other: bytes) -> bytes:
    result = bytearray(content)
    for _ in range(rng.choice([1, 1, 1, 2, 8])):
        result[_place(content, rng)] ^= 1 << rng.randint(8)
    return bytes(result)


def _replace(content: bytes, rng: np.random.RandomState, other: bytes) -> bytes:
    at = _place(content, rng)
    return content[:at] + bytes([rng.randint(256)]) + content[at + 1 :]


def _truncate(content: bytes, rng: np.random.RandomState, other: bytes) -> bytes:
    return content[: _place(content, rng)]


def _cut_out(content: bytes, rng: np.random.RandomState, other: bytes) -> bytes:
    at = _place(content, rng)
    return content[:at] + content[at + 1 + rng.randint(32) :]


def _splice(content: bytes, rng: np.random.RandomState, other: bytes) -> bytes:
    """A part of the other file, inserted or over what is there."""
    start, length = _place(other, rng), 1 + rng.randint(200)
    part, at = other[start : start + length], _place(content, rng)
    return content[:at] + part + content[at + len(part) * rng.randint(2) :]


def _repeat(content: bytes, rng: np.random.RandomState, other: bytes) -> bytes:
    at = _place(content, rng)
    part = content[at : at + 1 + rng.randint(16)]
    return content[:at] + part * int(rng.choice([2, 10, 3000])) + content[at:]


def _set_number(content: bytes, rng: np.random.RandomState, other: bytes) -> bytes:
    """A number of one to eight bytes becomes a number at the edge of a type."""
    form = ["<B", "<H", "<I", "<Q", ">H", ">I", ">Q"][rng.randint(7)]
    size = struct.calcsize(form)
    value = _EDGES[rng.randint(len(_EDGES))] & ((1 << 8 * size) - 1)
    at = _place(content, rng)
    return content[:at] + struct.pack(form, value) + content[at + size :]


_DAMAGES = (_flip, _replace, _truncate, _cut_out, _splice, _repeat, _set_number)

# --- Commands ---


class Outcome(NamedTuple):
    """What became of a command.

    Attributes
    ----------
    status : int
        Its exit status; minus the number of the signal that ended it, -SIGXCPU when
        its time was over, -SIGALRM when it waited for too long.
    message : str
        The end of what it wrote to stdout and stderr.
    seconds : float
        Of the processor, which do not depend on what else runs.
    megabytes : float
        The most memory that it had in use, the modules' included.
    """

    status: int
    message: str
    seconds: float
    megabytes: float


def outcomes(
    commands: Iterable[Sequence[str]],
    modules: Sequence[str] = (),
    seconds: float = 10,
    memory: int = 2 * GIB,
    function: str = "srcnn_theano.cli:main",
    kind: Callable[[Sequence[str]], str] | None = None,
) -> Iterator[Outcome]:
    """What becomes of each command, in order, each run when it is asked for.

    Parameters
    ----------
    commands : iterable of argument lists
        Each is drawn after the command before it has ended, so that a generator may
        write the file of a command just before it is run.
    modules : sequence of str
        Loaded once, before the first command.
    seconds : float
        Of the processor, for each command; it may wait for six times as long.
    memory : int
        Bytes of address space that a command may take beside the modules.
    function : str, "module:name", of the package or of a file beside this one
        What is called with the argument list and returns the exit status.
    kind : function of a command, or None
        What sort of case it is, in the table of a long sweep; None for none.
    """
    about = {"modules": list(modules), "seconds": seconds, "memory": memory}
    worker = subprocess.Popen(
        [sys.executable, str(Path(__file__).resolve()), function, json.dumps(about)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=dict(
            os.environ, PYTHONPATH=str(ROOT), OMP_NUM_THREADS="1", PYTHONHASHSEED="0"
        ),
        universal_newlines=True,
    )
    assert worker.stdin is not None and worker.stdout is not None
    try:
        for command in commands:
            worker.stdin.write(json.dumps(list(map(str, command))) + "\n")
            worker.stdin.flush()
            answer = worker.stdout.readline()
            if not answer:
                raise RuntimeError(f"the worker itself ended with {worker.wait()}")
            outcome = Outcome(*json.loads(answer))
            if kind is not None:
                _log(kind(command), outcome)
            yield outcome
    finally:
        worker.stdin.close()
        worker.wait()
        worker.stdout.close()


# What ends a command whose time is over.
_HANGS = (signal.SIGALRM, signal.SIGXCPU)


def complaint(outcome: Outcome, path: str | Path, megabytes: float = 2048) -> str:
    """What is wrong with how a command took the file `path`; empty if nothing is.

    Right are success (0), and a refusal (2) that names the file.
    """
    if outcome.status < 0:
        reason = signal.Signals(-outcome.status).name
        return "it hangs" if -outcome.status in _HANGS else f"ended by {reason}"
    if "Traceback" in outcome.message:
        return "a traceback"
    if outcome.status not in (0, 2):
        return f"exit status {outcome.status}"
    if outcome.status == 2 and str(path) not in outcome.message:
        return "the message does not name the file"
    if outcome.megabytes > megabytes:
        return f"{outcome.megabytes:.0f} MB of memory"
    return ""


# --- The table of a sweep ---

# The variable that names a file for a line of JSON for each case.
LOG = "SRCNN_FUZZ_LOG"
_HEADER = "kind,cases,accepted,refused,tracebacks,signals,hangs,longest,most memory"


def _log(kind: str, outcome: Outcome) -> None:
    if os.environ.get(LOG):
        ending = _ending(outcome)
        line = json.dumps([kind, ending, outcome.seconds, outcome.megabytes])
        with Path(os.environ[LOG]).open("a") as stream:
            stream.write(line + "\n")


def _ending(outcome: Outcome) -> str:
    if outcome.status < 0:
        return "hangs" if -outcome.status in _HANGS else "signals"
    if "Traceback" in outcome.message:
        return "tracebacks"
    return "refused" if outcome.status else "accepted"


def table(log: str | Path) -> str:
    """What became of all cases in a log, a line of Markdown for each kind."""
    kinds: dict[str, list[tuple[str, float, float]]] = {"all": []}
    for line in Path(log).read_text().splitlines():
        kind, *case = json.loads(line)
        for name in (kind, "all"):
            kinds.setdefault(name, []).append(case)
    header = _HEADER.split(",")
    lines = [header, ["---"] + ["---:"] * (len(header) - 1)]
    for kind in sorted(set(kinds) - {"all"}) + ["all"]:
        endings, seconds, megabytes = zip(*kinds[kind])
        counts = [str(endings.count(name)) for name in header[2:7]]
        most = [f"{max(seconds):.1f} s", f"{max(megabytes):.0f} MB"]
        lines.append([kind, str(len(endings)), *counts, *most])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


# --- The worker ---


def _work(function: str, modules: Sequence[str], seconds: float, memory: int) -> None:
    module, name = function.split(":")
    for other in (*modules, module):
        importlib.import_module(other)
    main = getattr(sys.modules[module], name)
    for line in sys.stdin:
        with tempfile.TemporaryFile() as output:
            process = os.fork()
            if not process:
                _limit(seconds, memory)
                _call(main, json.loads(line), output.fileno())
            _, ended, usage = os.wait4(process, 0)
            took = usage.ru_utime + usage.ru_stime
            status = -os.WTERMSIG(ended) if os.WIFSIGNALED(ended) else ended >> 8
            output.seek(0)
            message = output.read()[-4000:].decode("utf-8", "replace")
        unit = 1 << 20 if sys.platform == "darwin" else 1 << 10
        print(json.dumps([status, message, took, usage.ru_maxrss / unit]), flush=True)


def _limit(seconds: float, memory: int) -> None:
    """From here on: so much time until SIGALRM, and so much memory."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, 6 * seconds)
    resource.setrlimit(
        resource.RLIMIT_CPU, (math.ceil(seconds), math.ceil(seconds) + 5)
    )
    statm = Path("/proc/self/statm")
    if statm.exists():
        used = int(statm.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + memory, used + memory))


def _call(main, arguments: Sequence[str], output: int) -> None:
    """Runs it with its words in a file, and ends this process."""
    os.dup2(output, 1)
    os.dup2(output, 2)
    status = 1
    try:
        status = main(arguments)
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else int(bool(error.code))
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status or 0)


if __name__ == "__main__":
    _work(sys.argv[1], **json.loads(sys.argv[2]))
