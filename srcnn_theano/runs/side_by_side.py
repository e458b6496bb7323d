"""Runs in processes of their own, several at a time: `srcnn-theano reproduce`."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple, Sequence

from srcnn_theano import shipped
from srcnn_theano.environment import default_device, usable_cores
from srcnn_theano.environment.flags import theano_flags
from srcnn_theano.errors import UserError
from srcnn_theano.progress import Bar, say_above
from srcnn_theano.runs.costs import correct, peak_gib
from srcnn_theano.runs.plan import Planned, take_ready

COMMAND = (sys.executable, "-m", "srcnn_theano")  # that a run is started with
_LOG = "log.txt"
_POLL = 0.1  # seconds between two looks at the processes
_SECONDS_TO_END = 30  # that a process has, once it has been interrupted


class Settings(NamedTuple):
    """What all runs have in common.

    Attributes
    ----------
    data_dir, runs_dir : Path
    vgg : path or None
    jobs : int
        How many run at a time.
    """

    data_dir: Path
    runs_dir: Path
    vgg: str | Path | None = None
    jobs: int = 1

    @property
    def threads(self) -> int:
        """Threads of each, so that together they take all cores."""
        return max(1, usable_cores() // self.jobs)

    @property
    def at_once(self) -> int:
        """How many runs go on as if alone: more than cores, or two on a card, share."""
        return 1 if default_device() == "gpu" else min(self.jobs, usable_cores())


class _Job(NamedTuple):
    plan: Planned
    slot: int
    process: subprocess.Popen
    started: float


def run_all(
    planned: Sequence[Planned], settings: Settings, seconds: dict[str, float]
) -> dict[str, str]:
    """Do all runs, `settings.jobs` at a time; each goes on from its checkpoint.

    A run that fails does not stop the others, but those that measure its network.

    Parameters
    ----------
    planned : sequence of Planned, see `plan.in_order`
    settings : Settings
    seconds : dict of str to float
        What each is expected to take, by its name.

    Returns
    -------
    dict of str to str
        Why a run failed, by its name.
    """
    waiting, running = list(planned), []  # type: list[Planned], list[_Job]
    failed: dict[str, str] = {}
    peaks: dict[str, float] = {}  # the memory of each process, in GiB
    total = round(sum(seconds[plan.name] for plan in planned) / settings.at_once)
    with Bar(total=total, unit="s", disable=None, desc="all runs") as bar:
        try:
            while waiting or running:
                _start(waiting, running, failed, settings)
                time.sleep(_POLL)
                for job in list(running):
                    name = job.plan.name
                    gib = peak_gib(job.process.pid)
                    peaks[name] = max(gib, peaks.get(name, 0.0))
                    if job.process.poll() is None:
                        continue
                    running.remove(job)
                    _end(job, failed, settings)
                    if name not in failed:
                        about = (seconds[name], peaks[name], job.started)
                        with contextlib.suppress(UserError):  # a cache, no more
                            correct(job.plan.run, *about, settings.threads)
                    bar.update(round(seconds[name] / settings.at_once))
                bar.set_postfix_str(", ".join(job.plan.name for job in running), False)
        finally:
            _interrupt(running)
    return failed


def _start(
    waiting: list[Planned],
    running: list[_Job],
    failed: dict[str, str],
    settings: Settings,
) -> None:
    """Start whatever can be started now."""
    while len(running) < settings.jobs:
        names = [job.plan.name for job in running]
        plan = next(take_ready(waiting, names, failed), None)
        if plan is None:
            return
        slots = set(range(settings.jobs)) - {job.slot for job in running}
        try:
            running.append(_process(plan, min(slots), settings))
        except OSError as error:  # a file is where its folder should be, or the like
            failed[plan.name] = f"cannot be started ({error})"
            say_above(f"{plan.name}: failed, {failed[plan.name]}")


def command_of(
    row: str, seed: int, data_dir: Path, runs_dir: Path, vgg: str | Path | None
) -> list[str]:
    """The command that begins or goes on with the run of a row from a seed."""
    words = [*COMMAND, "train", row, "--seeds", str(seed), "--resume"]
    words += ["--data", str(data_dir), "--runs", str(runs_dir)]
    return words + (["--vgg", str(vgg)] if vgg else [])


def _process(plan: Planned, slot: int, settings: Settings) -> _Job:
    experiment = plan.run.experiment
    words = command_of(
        experiment.name,
        experiment.training.seed,
        settings.data_dir,
        settings.runs_dir,
        settings.vgg,
    )
    folder = plan.run.folder
    folder.mkdir(parents=True, exist_ok=True)
    flags = {}
    if settings.jobs > 1:
        # Processes that share a folder of compiled functions wait for each other.
        compiled = shipped.cache_dir() / "compiled" / f"job-{slot}"
        flags["base_compiledir"] = str(compiled)
    alone = settings.jobs == 1  # its own progress bar is shown
    with theano_flags(flags), (folder / _LOG).open("ab") as log:
        process = subprocess.Popen(
            words,
            env=dict(os.environ, OMP_NUM_THREADS=str(settings.threads)),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=None if alone else log,
            # Ctrl-C comes to this process alone, which passes it on.
            start_new_session=True,
        )
    return _Job(plan, slot, process, time.time())


def _end(job: _Job, failed: dict[str, str], settings: Settings) -> None:
    name, status = job.plan.name, job.process.returncode
    if status == 0:
        minutes = (time.time() - job.started) / 60
        say_above(f"{name}: done in {minutes:.1f} minutes")
        return
    log = job.plan.run.folder / _LOG
    failed[name] = f"exit status {status}; see {log}"
    say_above(f"{name}: failed, {failed[name]}")


def _interrupt(running: list[_Job]) -> None:
    """End what still runs: each leaves the checkpoint of its last epoch."""
    for job in running:
        job.process.send_signal(signal.SIGINT)
    for job in running:
        try:
            job.process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            job.process.kill()
            job.process.wait()
