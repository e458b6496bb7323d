"""One seed of a row trained again, and held against the range of those shipped."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator, NamedTuple, Sequence

from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.rule import WIDENED, alive, distance, is_dead, spread
from srcnn_theano.experiments import EXPERIMENTS
from srcnn_theano.files import is_there
from srcnn_theano.record import read_results
from srcnn_theano.report.rows import Row, Seed, load_rows
from srcnn_theano.report.verdicts import PRINTED, figures_of_seeds, of_history
from srcnn_theano.report.words import range_of
from srcnn_theano.runs.plan import NO_VGG, rows_of
from srcnn_theano.runs.run import Run, load_vgg, runs_of_seeds
from srcnn_theano.runs.runs import carry_out
from srcnn_theano.streams import say
from srcnn_theano.training.history import read_history
from srcnn_theano.vgg16_weights import VGG16Weights


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

    The trainings are in ``RUNS/check`` until all are compared, so that the same call
    goes on with them, and in ``RUNS/check-1`` and so on then: each check trains anew.

    Parameters
    ----------
    table, only, data_dir, runs_dir, vgg : as in `runs.plan.make_plan`
    seeds : sequence of int or None
        None for each row's own.
    n_epochs : int or None
        Train for no more; the shipped trainings are then looked at as far, and figures
        in VGG space are left out.

    Returns
    -------
    bool
        Whether all of them lie in the ranges of the shipped seeds that did not die,
        widened by 0.1 dB. One that dies does if the shipped one from its seed died.

    Raises
    ------
    UserError
        Nothing is shipped that the rows could be held against; or, after all others,
        rows that could not be compared: they need VGG16, where there is none; their
        shipped records cannot be read; nothing is shipped of one that is named.
    """
    rows, lacking = _comparable(table, only)
    check = _Check(data_dir, runs_dir / "check", load_vgg(vgg), n_epochs, {})
    if is_there(check.folder):
        say(
            f"goes on with {check.folder}, which an earlier check has left; remove it "
            "to train all anew"
        )
    good = True
    for row in rows:
        if EXPERIMENTS[row.experiment.trained_by].needs_vgg and check.vgg is None:
            lacking[row.experiment.name] = NO_VGG
            continue
        for ours in check.trained(row, seeds, rows):
            for field in PRINTED if check.measures(row) else PRINTED[:1]:
                good &= _compare(row, ours, field, check.length(row))
    if check.folder.is_dir():
        print(f"the trainings are in {_set_aside(check.folder)}")
    if lacking:
        reasons = "; ".join(f"{name}: {why}" for name, why in lacking.items())
        raise UserError(f"--check: left out {reasons}")
    return good


def _comparable(table: str, only: Sequence[str]) -> tuple[list[Row], dict[str, str]]:
    """The rows with figures of seeds in results/; why others that matter are left out.

    Rows that measure the network of another one in another way have no seeds.
    """
    shipped = load_rows()
    wanted = [shipped[experiment.name] for experiment in rows_of(table, only)]
    rows = [row for row in wanted if _figures(row, row.seeds)]
    others = [row for row in wanted if row not in rows]
    lacking = {
        row.experiment.name: "its records in results/ cannot be read"
        for row in others
        if not row.is_readable
    }
    without = [r.experiment.name for r in others if r.experiment.name not in lacking]
    if without:
        say(f"results/ has no seeds to compare with of {', '.join(without)}")
    named = {name: "has no seeds in results/" for name in without if name in only}
    if not rows and not lacking:
        raise UserError(
            f"--check: results/ has no seeds of {' '.join(only) or table} to compare "
            "with; 'srcnn-theano experiments' shows which rows have some"
        )
    return rows, {**lacking, **named}


class _Check(NamedTuple):
    """What all trainings of a check have in common."""

    data_dir: Path
    folder: Path
    vgg: VGG16Weights | None
    n_epochs: int | None
    histories: dict[Path, list[dict[str, str]]]

    def length(self, row: Row) -> int:
        whole = row.experiment.measure.n_epochs
        return min(whole, self.n_epochs or whole)

    def measures(self, row: Row) -> bool:
        """Whether a row has figures that only the whole of its networks give."""
        is_whole = self.length(row) == row.experiment.measure.n_epochs
        return is_whole and bool(_figures(row, row.seeds, "published_vgg"))

    def trained(
        self, row: Row, seeds: Sequence[int] | None, rows: Sequence[Row]
    ) -> Iterator[Seed]:
        """Each seed of a row, trained as far as any of the rows measures it."""
        trained = EXPERIMENTS[row.experiment.trained_by]
        of_it = [r for r in rows if r.experiment.trained_by == trained.name]
        listed = trained.changed(n_epochs=max(map(self.length, of_it)))
        measuring = runs_of_seeds(row.experiment, self.folder, seeds)
        for run, its_own in zip(runs_of_seeds(listed, self.folder, seeds), measuring):
            if run.folder not in self.histories:
                self._carry_out(run, train_only=True)
                self.histories[run.folder] = read_history(run.folder / "history.csv")
            history = self.histories[run.folder][: self.length(row)]
            results = None
            if self.measures(row):
                self._carry_out(its_own)
                path = its_own.folder / "results.json"
                results = read_results(path, row.experiment)
            yield Seed(run.experiment.training.seed, history, results)

    def _carry_out(self, run: Run, train_only: bool = False) -> None:
        run = run._replace(vgg=self.vgg)
        carry_out(run, self.data_dir, resume=True, train_only=train_only)


def _compare(row: Row, ours: Seed, field: str, length: int) -> bool:
    """Print a line; whether the figure lies in the range."""
    shipped = [one._replace(history=one.history[:length]) for one in row.seeds]
    theirs, figures = _figures(row, shipped, field), _figures(row, [ours], field)
    if not figures:
        raise UserError(
            f"{row.experiment.name}: its history has no column of the row's "
            "minibatches; train it again by this version, in another --runs folder"
        )
    figure, living = figures[0], spread(alive(theirs))
    assert living is not None  # at least half of them
    far = distance(figure, living)
    good = far <= WIDENED
    verdict = "in the range" if good else f"{far:.2f} dB out of the range"
    same = _figures(row, [one for one in shipped if one.seed == ours.seed], field)
    if is_dead(figure, theirs):
        good = bool(same) and is_dead(same[0], theirs)
        verdict = f"died, {'as' if good else 'not as'} the shipped one of this seed"
    n_dead = len(theirs) - living.n
    print(
        f"{row.experiment.name}: {figure:.2f} dB "
        + ("in VGG space " if field == "published_vgg" else "")
        + f"after epoch {length} from seed {ours.seed}; "
        f"shipped {range_of(living) or f'{living.median:.2f}'} of {living.n} "
        f"seed{'s' if living.n > 1 else ''}"
        + (f" ({n_dead} died)" if n_dead else "")
        + (f", {same[0]:.2f} from this one" if same else "")
        + f": {verdict}"
    )
    return good


def _figures(row: Row, seeds: Sequence[Seed], field: str = PRINTED[0]) -> list[float]:
    """Figures of seeds at the best validation; in pixels, of minibatches."""
    if field == "published_vgg":
        return figures_of_seeds(row._replace(seeds=list(seeds)), field)
    of_seeds = [of_history(row.experiment, seed.history) for seed in seeds]
    return [one["best_validation"] for one in of_seeds if one]


def _set_aside(folder: Path) -> Path:
    """Give a folder the next name that is free: what is in it is compared."""
    number = 1
    while is_there(folder.with_name(f"{folder.name}-{number}")):
        number += 1
    return folder.rename(folder.with_name(f"{folder.name}-{number}"))
