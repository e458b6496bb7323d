"""Which runs a table needs, which of them are proved, and in which order they go."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path
from typing import Collection, Iterable, Iterator, NamedTuple, Sequence

from srcnn_theano import shipped
from srcnn_theano.errors import UserError
from srcnn_theano.experiments import EXPERIMENTS, find_experiment
from srcnn_theano.experiments.records import Experiment
from srcnn_theano.files import kind_at, read_json
from srcnn_theano.record import TRAINS_ALIKE, data_checksums, read_results
from srcnn_theano.runs.run import Run, load_vgg, runs_of_seeds

ALL = "all"
NO_VGG = (
    "it needs VGG16, and there is none; --vgg FILE names it (weights/README.md says "
    "where to get it)"
)


class Planned(NamedTuple):
    """A run, and where it is proved already.

    Attributes
    ----------
    run : Run
    proved : str
        'runs' or 'results': a record there says that it was done; '' if none does.
    lacks : str
        Why it cannot be run: a sentence on what is missing; '' if nothing is.
    """

    run: Run
    proved: str
    lacks: str = ""

    @property
    def name(self) -> str:
        """Of its folder: that of the row, with the seed behind it."""
        return self.run.folder.name

    @property
    def after(self) -> str:
        """The folder of the run that trains its network; '' for its own training."""
        experiment = self.run.experiment
        return "" if experiment.trains else experiment.trained_by + self.run.suffix


def make_plan(
    table: str,
    data_dir: Path,
    runs_dir: Path,
    vgg: str | Path | None = None,
    seeds: Sequence[int] | None = None,
    only: Sequence[str] = (),
    anew: bool = False,
) -> list[Planned]:
    """The runs of all rows of a table, each after the one whose network it measures.

    Parameters
    ----------
    table : str
        One of `experiments.TABLES`, or `ALL`.
    data_dir, runs_dir : Path
    vgg : path or None
        As in `run.load_vgg`. Without it, what needs it lacks it.
    seeds : sequence of int or None
        A run for each of them; None for each row's own.
    only : sequence of str
        Names of rows, ``*`` standing for any letters; empty for all.
    anew : bool
        Whether what results/ proves is run again.

    Raises
    ------
    UserError
        A pattern fits no row; image sets are missing; a VGG16 that is named is not
        there, or one that is there is damaged.
    """
    runs = [
        run
        for experiment in _rows(table, only)
        for run in runs_of_seeds(experiment, runs_dir, seeds)
    ]
    checksums = data_checksums(data_dir)
    planned = []
    for run in runs:
        try:
            is_done = _is_done(run)
        except UserError as error:  # a damaged record of its own stops no other
            planned.append(Planned(run, "", str(error)))
            continue
        if is_done:
            proved = "runs"
        else:
            proved = "results" if not anew and is_proved(run, checksums) else ""
        planned.append(Planned(run, proved))
    planned = _without_networks(_with_networks(planned))
    # What is missing shows before hours of training.
    return planned if load_vgg(vgg) else _without_vgg(planned)


def rows_of(table: str, only: Sequence[str]) -> list[Experiment]:
    """The rows of a table that patterns name, or all; as in `make_plan`."""
    rows = [e for e in EXPERIMENTS.values() if table in (ALL, e.row.table)]
    # A name of an earlier version gives what replaced it.
    patterns = [
        p if "*" in p or p in EXPERIMENTS else find_experiment(p).name for p in only
    ]
    for given, pattern in zip(only, patterns):
        if not any(fnmatchcase(row.name, pattern) for row in rows):
            raise UserError(f"--only {given}: no row of {table} has such a name")
    if patterns:
        rows = [r for r in rows if any(fnmatchcase(r.name, p) for p in patterns)]
    return rows


def _rows(table: str, only: Sequence[str]) -> list[Experiment]:
    """The rows that are asked for, after the rows that train their networks."""
    rows = rows_of(table, only)
    trainers = {row.trained_by: EXPERIMENTS[row.trained_by] for row in rows}
    measured = [row for row in rows if not row.trains]
    return [*trainers.values(), *measured]


def _with_networks(planned: list[Planned]) -> list[Planned]:
    """Plan the trainings again whose networks rows are going to measure.

    What results/ proves has no network in the folder of runs.
    """
    needed = {plan.after for plan in planned if not plan.proved}
    return [
        plan._replace(proved="")
        if plan.name in needed and not plan.run.network.exists()
        else plan
        for plan in planned
    ]


def _without_networks(planned: list[Planned]) -> list[Planned]:
    """Say of what measures the network of a run that is left out that it lacks it."""
    lacking = {
        plan.name for plan in planned if plan.lacks and not plan.run.network.exists()
    }
    return [
        plan._replace(lacks=f"{plan.after}, whose network it measures, is left out")
        if plan.after in lacking and not (plan.proved or plan.lacks)
        else plan
        for plan in planned
    ]


def _without_vgg(planned: list[Planned]) -> list[Planned]:
    """Say of what is left and needs VGG16, or a network that does, that it lacks it."""
    lacking = {
        plan.name
        for plan in planned
        if not (plan.proved or plan.lacks) and plan.run.experiment.needs_vgg
    }
    return [
        plan._replace(lacks=NO_VGG)
        if plan.name in lacking
        or (not (plan.proved or plan.lacks) and plan.after in lacking)
        else plan
        for plan in planned
    ]


# --- Proofs ---


def _is_done(run: Run) -> bool:
    path = run.folder / "results.json"
    if not kind_at(path):
        return False
    results = read_results(path, run.experiment)
    return results["n_epochs"] >= run.experiment.measure.n_epochs


def is_proved(run: Run, checksums: dict[str, str]) -> bool:
    """Whether results/ has the very run.

    That is one of the same training, seed included, at least as long, by the same
    recipe and protocol, on the same data, by code that trains alike
    (`record.TRAINS_ALIKE`). Device, threads and versions of libraries do not count:
    they change the rounding.
    """
    folder = shipped.results_dir() / run.folder.name
    if not (folder / "results.json").is_file():
        return False
    try:
        record = read_json(folder / "experiment.json")
        results = read_results(folder / "results.json", run.experiment)
        return (
            results["n_epochs"] >= run.experiment.measure.n_epochs
            and not run.experiment.differences(record["experiment"])
            and record["recipe"]["hash"] == run.recipe.hash
            and record["protocol"]["hash"] == run.protocol.hash
            and record.get("trains_alike", 1) == TRAINS_ALIKE
            and all(record["data"].get(name) == sum for name, sum in checksums.items())
        )
    except (UserError, KeyError, TypeError, AttributeError):
        return False


def take_ready(
    waiting: list[Planned], running: Collection[str], failed: dict[str, str]
) -> Iterator[Planned]:
    """Take from `waiting`, one by one, the runs whose networks are there.

    Those whose network has failed go from `waiting` to `failed`, with the reason.

    Parameters
    ----------
    waiting : list of Planned
    running : collection of str
        Names of the runs that go on; what is taken counts as running when the next is
        asked for.
    failed : dict of str to str
        Why runs failed, by their names.
    """
    for plan in list(waiting):
        pending = {other.name for other in waiting} | set(running)
        if plan.after in failed:
            waiting.remove(plan)
            failed[plan.name] = f"{plan.after}, whose network it measures, failed"
        elif plan.after not in pending:
            waiting.remove(plan)
            yield plan


def in_order(planned: Iterable[Planned], seconds: dict[str, float]) -> list[Planned]:
    """What is left to do, cheap before dear, and each after what it needs.

    Parameters
    ----------
    planned : iterable of Planned
    seconds : dict of str to float
        What each costs, by its name.
    """
    left = [plan for plan in planned if not (plan.proved or plan.lacks)]
    return sorted(left, key=lambda plan: (bool(plan.after), seconds[plan.name]))
