"""What runs are going to cost on this machine: time of a step, and memory.

python -m srcnn_theano.runs.costs NAME --data DIR    # measures one kind of step
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NamedTuple, Sequence

from srcnn_theano import environment, shipped
from srcnn_theano.data import cache, datasets
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.rule import SCORED
from srcnn_theano.experiments import find_experiment
from srcnn_theano.files import write_json
from srcnn_theano.progress import Bar
from srcnn_theano.runs.plan import Planned
from srcnn_theano.runs.run import Run, make_run
from srcnn_theano.training.history import read_history

_SECONDS = 2.0  # that steps of a kind are timed for
_KEPT = 24 * 3600.0  # seconds that figures are believed for: other work comes and goes
# Scoring takes the forward pass alone, about a third of a step's work.
_FORWARD = 1 / 3
_MEASURE = 60.0  # seconds that measuring a network takes, about


class StepCost(NamedTuple):
    """What a step of a kind costs: seconds, and the process's memory in GiB.

    Attributes
    ----------
    seconds, gib : float
    at : float
        When it was seen, in seconds since 1970.
    """

    seconds: float
    gib: float
    at: float = 0.0

    @property
    def is_new(self) -> bool:
        return 0 <= time.time() - self.at < _KEPT


def kind(run: Run) -> str:
    """Trainings of the same kind take the same time for a step."""
    training = run.experiment.training
    words = [training.model, f"batch {training.batch_size}"]
    words.append(f"{training.options.get('channels', 1)} channels")
    words += ["VGG16"] * bool(training.vgg_weight)
    return ", ".join(words)


def step_costs(
    planned: Sequence[Planned],
    data_dir: Path,
    vgg: str | Path | None,
    threads: int,
    anew: bool = False,
) -> dict[str, StepCost]:
    """What steps of each kind cost here, on today's device with so many threads.

    Each kind is measured in a process of its own, and kept for a day in the cache, or
    until trainings show what it really takes (`correct`).

    Parameters
    ----------
    planned : sequence of Planned
    data_dir : Path
    vgg : path or None
    threads : int
    anew : bool
        Whether what the cache has is measured again.
    """
    known = _read()
    here = known.setdefault(_where(threads), {})
    trained = {kind(p.run): p.run for p in planned if p.run.experiment.trains}
    new = [
        name for name in trained if anew or name not in here or not here[name].is_new
    ]
    for name in Bar(new, desc="timing steps", disable=None):
        seconds, gib = _measure_apart(trained[name], data_dir, vgg, threads)
        here[name] = StepCost(seconds, gib, time.time())
        write_json(_file(), known)
    return {name: here[name] for name in trained}


def correct(
    run: Run, expected: float, gib: float, started: float, threads: int
) -> None:
    """Keep what a training really took, in the place of what was measured before it.

    Parameters
    ----------
    run : Run
    expected : float
        The seconds of `seconds_of`.
    gib : float
        The most memory that its process had; 0 if that is not known.
    started : float
        When it began, in seconds since 1970; what an earlier call trained says nothing.
    threads : int
    """
    known = _read()
    before = known.get(_where(threads), {}).get(kind(run))
    path = run.folder / "history.csv"
    if before is None or not path.is_file() or path.stat().st_mtime < started:
        return
    last = [float(epoch["seconds"]) for epoch in read_history(path)[-3:]]
    share = (expected - _MEASURE) / run.experiment.measure.n_epochs
    if share <= 0 or not sum(last):
        return
    seconds = before.seconds * statistics.fmean(last) / share
    known[_where(threads)][kind(run)] = StepCost(
        seconds, max(gib, before.gib), time.time()
    )
    write_json(_file(), known)


def _where(threads: int) -> str:
    device = environment.default_device()
    chips = environment.accelerators() if device == "gpu" else []
    return ", ".join([*chips, environment.processor(), device, f"{threads} threads"])


def _file() -> Path:
    return shipped.cache_dir() / "step_costs.json"


def _read() -> dict[str, dict[str, StepCost]]:
    try:
        known = json.loads(_file().read_text(encoding="utf-8"))
        return {
            str(where): {name: _step_cost(cost) for name, cost in kinds.items()}
            for where, kinds in known.items()
        }
    except (OSError, ValueError, AttributeError, TypeError):
        return {}  # a cache: it is measured again


def _step_cost(cost: Any) -> StepCost:
    seconds, gib, at = map(float, cost)
    if not (0 < seconds < math.inf and 0 <= gib < math.inf):
        raise ValueError("no figures of a step")
    return StepCost(seconds, gib, at)


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
    """Time the step of a run on its own sub-images, and look at the memory."""
    from srcnn_theano.runs.training import build_trainer

    pairs = cache.prepare(data_dir, datasets.SETS[0], run.recipe)
    scored = {
        column: cache.prepare(data_dir, name, run.scored_recipe)
        for column, name in zip(SCORED, datasets.TEST_SETS)
    }
    trainer = build_trainer(run, pairs, scored)
    step = trainer.step
    step.function(0)
    trainer.validate()
    started, n_steps = time.perf_counter(), 0
    while time.perf_counter() - started < _SECONDS:
        step.function(n_steps % step.pairs.n_batches)
        n_steps += 1
    seconds = (time.perf_counter() - started) / n_steps
    return StepCost(seconds, peak_gib())


def peak_gib(process: int | str = "self") -> float:
    """The most memory that a process has had; 0 where Linux does not tell it."""
    # Not ru_maxrss, which begins with that of the process that started this.
    with contextlib.suppress(OSError, IndexError):
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0]) / 2**20
    return 0.0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("name")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--vgg")
    options = parser.parse_args()
    run = make_run(find_experiment(options.name), Path("runs"), options.vgg)
    print(json.dumps(measure_step(run, options.data)[:2]))
