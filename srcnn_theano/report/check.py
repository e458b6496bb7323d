"""One seed of a row trained again, and held against the range of those shipped."""

from __future__ import annotations

from pathlib import Path
from typing import Sequence

from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.rule import WIDENED, distance, spread
from srcnn_theano.experiments import EXPERIMENTS
from srcnn_theano.experiments.records import Experiment
from srcnn_theano.report.rows import Row, load_rows
from srcnn_theano.report.verdicts import of_history
from srcnn_theano.report.words import range_of
from srcnn_theano.runs.plan import NO_VGG, rows_of
from srcnn_theano.runs.run import load_vgg, runs_of_seeds
from srcnn_theano.runs.runs import carry_out
from srcnn_theano.training.history import read_history


def check_rows(
    table: str,
    only: Sequence[str],
    data_dir: Path,
    runs_dir: Path,
    vgg: str | Path | None = None,
    seeds: Sequence[int] | None = None,
    n_epochs: int | None = None,
) -> bool:
    """Train rows again and print whether their figures lie in the shipped ranges.

    Parameters
    ----------
    table, only, data_dir, runs_dir, vgg : as in `runs.plan.make_plan`
    seeds : sequence of int or None
        None for each row's own.
    n_epochs : int or None
        Train for no more; the shipped trainings are then looked at as far.

    Returns
    -------
    bool
        Whether all of them lie in the ranges, widened by 0.1 dB.

    Raises
    ------
    UserError
        Nothing is shipped that the rows could be held against; or, after all others,
        rows that need VGG16, where there is none.
    """
    rows = _comparable(table, only)
    lengths: dict[str, int] = {}
    for row in rows:
        name = row.experiment.trained_by
        lengths[name] = max(lengths.get(name, 0), _length(row, n_epochs))
    vgg16 = load_vgg(vgg)
    good, lacking, histories = True, [], {}
    for row in rows:
        trained = EXPERIMENTS[row.experiment.trained_by]
        if trained.needs_vgg and vgg16 is None:
            lacking.append(row.experiment.name)
            continue
        listed = trained.changed(n_epochs=lengths[trained.name])
        for run in runs_of_seeds(listed, runs_dir, seeds):
            if run.folder not in histories:
                run = run._replace(vgg=vgg16)
                carry_out(run, data_dir, resume=True, train_only=True)
                histories[run.folder] = read_history(run.folder / "history.csv")
            good &= _compare(
                row, run.experiment.training.seed, histories[run.folder], n_epochs
            )
    if lacking:
        raise UserError(f"--check: left out {', '.join(lacking)}: {NO_VGG}")
    return good


def _comparable(table: str, only: Sequence[str]) -> list[Row]:
    """The rows with seeds in results/ that have the figures which are compared."""
    shipped = load_rows()
    rows = [row for row in (shipped[e.name] for e in rows_of(table, only)) if row.seeds]
    rows = [row for row in rows if of_history(row.experiment, row.seeds[0].history)]
    if not rows:
        raise UserError(
            f"--check: results/ has no seeds of {' '.join(only) or table} to compare "
            "with; 'srcnn-theano experiments' shows which rows have some"
        )
    return rows


def _length(row: Row, n_epochs: int | None) -> int:
    whole = row.experiment.measure.n_epochs
    return min(whole, n_epochs or whole)


def _compare(
    row: Row, seed: int, history: list[dict[str, str]], n_epochs: int | None
) -> bool:
    """Print a line; whether the figure lies in the range."""
    experiment, length = row.experiment, _length(row, n_epochs)
    ours = _figure(experiment, history[:length])
    shipped = spread([_figure(experiment, one.history[:length]) for one in row.seeds])
    assert shipped is not None
    far = distance(ours, shipped)
    verdict = "in the range" if far <= WIDENED else f"{far:.2f} dB out of the range"
    print(
        f"{experiment.name}: {ours:.2f} dB after epoch {length} from seed {seed}; "
        f"shipped {range_of(shipped) or f'{shipped.median:.2f}'} of {shipped.n} "
        f"seed{'s' if shipped.n > 1 else ''}: {verdict}"
    )
    return far <= WIDENED


def _figure(experiment: Experiment, history: list[dict[str, str]]) -> float:
    figures = of_history(experiment, history)
    if "best_validation" not in figures:
        raise UserError(
            f"{experiment.name}: its history has no column of the row's minibatches; "
            "train it again by this version, in another --runs folder"
        )
    return figures["best_validation"]
