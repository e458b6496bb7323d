"""Processes that do jobs by turns.

Machines are noisy: another program, or the clock of the processor, changes how fast
everything is from one second to the next. So the sides of a comparison take turns, and
ratios are taken turn by turn.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple, Sequence

import numpy as np
from tqdm import tqdm

from benchmarks.work import N_COSTS, Work
from srcnn_theano.errors import UserError

# `python -m benchmarks.worker` works from here.
ROOT = Path(__file__).resolve().parents[1]

TURNS = 7
LEAST_TURNS = 3
SECONDS_PER_TURN = 0.3
SECONDS_PER_JOB = 15
# Runs before the first turn; their results are compared.
FIRST_RUNS = {"step": N_COSTS, "steps": 1, "image": 2, "picture": 1}
# On a graphics card: processes that share its memory, and convolutions in float32, as
# the others' are, where JAX would take numbers of fewer bits.
GPU_VARIABLES = {
    "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
    "JAX_DEFAULT_MATMUL_PRECISION": "highest",
}


class Contender(NamedTuple):
    """Who does which job: a row of a table.

    Attributes
    ----------
    label : str
    side : 'ours', 'torch', 'jax' or 'sgemm'
    variant : str
    work : Work
    threads : int
    device : 'cpu', 'xla' or 'gpu'
        'xla' is ours alone; to the others it is the CPU.
    """

    label: str
    side: str
    variant: str
    work: Work
    threads: int
    device: str = "cpu"


class Side:
    """A contender's process.

    Attributes
    ----------
    contender : Contender
    first : list of lists of float
        Numbers from the results of the first runs.
    seconds, cpu_seconds : lists of float
        Medians of the turns.
    """

    def __init__(self, contender: Contender):
        self.contender = contender
        self.first: list[list[float]] = []
        self.seconds: list[float] = []
        self.cpu_seconds: list[float] = []
        self._errors = tempfile.TemporaryFile("w+")
        arguments = [
            contender.side,
            contender.variant,
            json.dumps(contender.work._asdict()),
            str(contender.threads),
        ]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", *arguments],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=_variables(contender),
            universal_newlines=True,
        )
        assert self._process.stdin and self._process.stdout
        self._stdin, self._stdout = self._process.stdin, self._process.stdout

    def send(self, command: str) -> None:
        """Give a command without waiting for its answer."""
        try:
            self._stdin.write(command + "\n")
            self._stdin.flush()
        except BrokenPipeError:  # `answer` says why
            pass

    def answer(self) -> dict[str, Any]:
        """The process's answer to the oldest command.

        Raises
        ------
        UserError
            It has ended instead; the message is the last of what it said.
        """
        for line in self._stdout:
            if line.startswith("{"):
                return json.loads(line)
        self._errors.seek(0)
        said = self._errors.read().strip().splitlines() or ["ended"]
        raise UserError(f"{self.contender.label}: {said[-1]}")

    def ask(self, command: str) -> dict[str, Any]:
        """Give a command and wait for its answer."""
        self.send(command)
        return self.answer()

    def close(self) -> None:
        """End the process."""
        try:
            self._stdin.close()
        except BrokenPipeError:
            pass
        self._process.wait()
        self._stdout.close()
        self._errors.close()


def _variables(contender):
    """The environment of a contender's process."""
    variables = dict(os.environ, OMP_NUM_THREADS=str(contender.threads))
    variables["SRCNN_DEVICE"] = contender.device
    return {**variables, **(GPU_VARIABLES if contender.device == "gpu" else {})}


def start(contenders: Sequence[Contender]) -> tuple[list[Side], dict[str, str]]:
    """Start all processes and let them do their first runs.

    Returns
    -------
    sides : list of Side
        To be closed by the caller.
    failed : dict of label to the reason
    """
    started = [Side(contender) for contender in contenders]
    try:
        # All at the same time: what takes long here is compiling, and is not timed.
        for side in started:
            side.send(f"run {FIRST_RUNS[side.contender.work.kind]}")
        sides, failed = [], {}
        for side in started:
            try:
                side.first = side.answer()["values"]
                sides.append(side)
            except UserError as error:
                failed[side.contender.label] = str(error)
                side.close()
        return sides, failed
    except BaseException:
        close(started)
        raise


def close(sides: Sequence[Side]) -> None:
    """End all processes."""
    for side in sides:
        side.close()


def take_turns(sides: Sequence[Side], title: str) -> None:
    """Let each side run for about `SECONDS_PER_TURN`, one after the other, again."""
    # Now that nothing compiles any more, how long does a run take?
    once = [side.ask("run 1")["seconds"][0] for side in sides]
    counts = [max(1, int(SECONDS_PER_TURN / seconds)) for seconds in once]
    seconds_per_round = sum(n * seconds for n, seconds in zip(counts, once))
    n_turns = int(np.clip(SECONDS_PER_JOB / seconds_per_round, LEAST_TURNS, TURNS))
    for _ in tqdm(range(n_turns), desc=title, leave=False, disable=None):
        for side, count in zip(sides, counts):
            answer = side.ask(f"run {count}")
            side.seconds.append(float(np.median(answer["seconds"])))
            side.cpu_seconds.append(float(np.median(answer["cpu_seconds"])))


def figures(side: Side) -> dict[str, Any]:
    """The figures of a side after its turns, by name."""
    return {
        "median_ms": 1e3 * float(np.median(side.seconds)),
        "cpu_ms": 1e3 * float(np.median(side.cpu_seconds)),
        "peak_memory_MiB": side.ask("memory")["memory"],
        "seconds_by_turn": side.seconds,
    }


def spread(values: np.ndarray) -> dict[str, float]:
    """Median, smallest and largest of the turns."""
    return {
        "median": float(np.median(values)),
        "from": float(np.min(values)),
        "to": float(np.max(values)),
    }
