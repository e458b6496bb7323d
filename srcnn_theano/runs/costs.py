"""What runs are going to cost on this machine: time of a step, and memory.

python -m srcnn_theano.runs.costs NAME --data DIR    # measures one kind of step
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple, Sequence

from srcnn_theano import environment, shipped
from srcnn_theano.data import cache, datasets
from srcnn_theano.errors import UserError
from srcnn_theano.experiments import find_experiment
from srcnn_theano.files import write_json
from srcnn_theano.progress import Bar
from srcnn_theano.runs.plan import Planned
from srcnn_theano.runs.run import Run, make_run

_SECONDS = 2.0  # that steps of a kind are timed for
# Scoring takes the forward pass alone, about a third of a step's work.
_FORWARD = 1 / 3
_MEASURE = 60.0  # seconds that measuring a network takes, about


class StepCost(NamedTuple):
    """What a step of a kind costs: seconds, and the process's memory in GiB."""

    seconds: float
    gib: float


def kind(run: Run) -> str:
    """Trainings of the same kind take the same time for a step."""
    training = run.experiment.training
    words = [training.model, f"batch {training.batch_size}"]
    words.append(f"{training.options.get('channels', 1)} channels")
    words += ["VGG16"] * bool(training.vgg_weight)
    return ", ".join(words)


def step_costs(
    planned: Sequence[Planned], data_dir: Path, vgg: str | Path | None, threads: int
) -> dict[str, StepCost]:
    """What steps of each kind cost here, with so many threads.

    Each kind is measured once, in a process of its own, and kept in the cache.
    """
    file = shipped.cache_dir() / "step_costs.json"
    where = f"{environment.processor()}, {threads} threads"
    known = _read(file)
    here = known.setdefault(where, {})
    trained = {kind(p.run): p.run for p in planned if p.run.experiment.trains}
    new = {name: run for name, run in trained.items() if name not in here}
    for name, run in Bar(new.items(), desc="timing steps", disable=None):
        here[name] = _measure_apart(run, data_dir, vgg, threads)
        write_json(file, known)
    return {name: StepCost(*here[name]) for name in trained}


def _read(file: Path) -> dict[str, dict[str, Any]]:
    try:
        return {
            str(where): {name: [float(v) for v in cost] for name, cost in kinds.items()}
            for where, kinds in json.loads(file.read_text(encoding="utf-8")).items()
        }
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # a cache: it is measured again


def _measure_apart(
    run: Run, data_dir: Path, vgg: str | Path | None, threads: int
) -> list[float]:
    words = [sys.executable, "-m", __name__, run.experiment.name, "--data", data_dir]
    words += ["--vgg", vgg] if vgg else []
    done = subprocess.run(
        list(map(str, words)),
        env=dict(os.environ, OMP_NUM_THREADS=str(threads)),
        capture_output=True,
        text=True,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["no message"]
        raise UserError(f"{run.experiment.name}: its step cannot be timed; {lines[-1]}")
    return json.loads(done.stdout.splitlines()[-1])


def seconds_of(
    planned: Sequence[Planned], costs: dict[str, StepCost], data_dir: Path
) -> dict[str, float]:
    """About how long each run takes, by its name."""
    counts: dict[str, list[int]] = {}  # sub-images of each set by a recipe
    for plan in planned:
        if plan.run.experiment.trains and plan.run.recipe.hash not in counts:
            sets = (cache.prepare(data_dir, s, plan.run.recipe) for s in datasets.SETS)
            counts[plan.run.recipe.hash] = [len(pairs.low_res) for pairs in sets]
    return {plan.name: _seconds(plan.run, costs, counts) for plan in planned}


def _seconds(
    run: Run, costs: dict[str, StepCost], counts: dict[str, list[int]]
) -> float:
    experiment = run.experiment
    if not experiment.trains:
        return _MEASURE
    n_trained, *n_scored = counts[run.recipe.hash]
    n_steps = float(n_trained // experiment.training.batch_size)
    n_steps += sum(n_scored) / experiment.training.batch_size * _FORWARD
    return experiment.measure.n_epochs * n_steps * costs[kind(run)].seconds + _MEASURE


def measure_step(run: Run, data_dir: Path) -> StepCost:
    """Time the step of a run on sub-images of Set5, and look at the memory."""
    from srcnn_theano.training.step import build_step

    pairs = cache.prepare(data_dir, datasets.TEST_SETS[0], run.recipe)
    training = run.experiment.compiled
    step = build_step(training, pairs, run.vgg)
    step.function(0)
    started, n_steps = time.perf_counter(), 0
    while time.perf_counter() - started < _SECONDS:
        step.function(n_steps % step.pairs.n_batches)
        n_steps += 1
    seconds = (time.perf_counter() - started) / n_steps
    return StepCost(seconds, _peak_gib())


def _peak_gib() -> float:
    """The most memory that this process has had; 0 where Linux does not tell it."""
    # Not ru_maxrss, which begins with that of the process that started this.
    with contextlib.suppress(OSError, IndexError):
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) / 2**20
    return 0.0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--vgg")
    options = parser.parse_args()
    run = make_run(find_experiment(options.name), Path("runs"), options.vgg)
    print(json.dumps(measure_step(run, options.data)))
