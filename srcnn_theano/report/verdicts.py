"""Figures of a row over its seeds, and what becomes of the figures that are printed."""

from __future__ import annotations

from collections import Counter
from typing import Any, Iterator, Mapping, NamedTuple, Sequence

from srcnn_theano.evaluation.rule import (
    VERDICTS,
    Spread,
    alive,
    chosen_epochs,
    spread,
    verdict,
)
from srcnn_theano.experiments.records import Experiment
from srcnn_theano.report.rows import Row, Seed

# The choices of `chosen_epochs`, the report's first.
CHOICES = ("best_validation", "last", "best_psnr")
# Fields of `experiments.records.Row` with printed figures.
PRINTED = ("published", "published_vgg")
# What the report's rows stand twice as: what its program did, and what its words say.
KINDS = ("programmed", "described")


class BySeeds(NamedTuple):
    """A row's figure over its seeds.

    Attributes
    ----------
    printed : float or None
    spreads : dict of str to Spread
        By the choices of `CHOICES`; those that are known.
    verdict : str
        Of the printed figure, see `rule.verdict`; empty without one.
    of_the_living : str
        The same without seeds that died (`rule.alive`); empty if none has. The verdict
        that counts is of all seeds.
    """

    printed: float | None
    spreads: dict[str, Spread]
    verdict: str
    of_the_living: str = ""

    @property
    def ours(self) -> Spread:
        """That at the report's choice of epoch, or else at the last."""
        return self.spreads.get("best_validation") or self.spreads["last"]

    @property
    def in_words(self) -> str:
        """The verdict, and what dead seeds have to do with it."""
        n_dead = self.ours.n_dead
        if not (self.verdict and n_dead):
            return self.verdict
        died = f"{n_dead} seed{'s' if n_dead > 1 else ''} died"
        if self.of_the_living == self.verdict:
            return f"{self.verdict} ({died}; so without)"
        return f"{self.verdict} ({died}; without, {self.of_the_living})"


def by_seeds(
    rows: Mapping[str, Row], row: Row, field: str = "published"
) -> BySeeds | None:
    """A row's figure over its seeds.

    Parameters
    ----------
    rows : dict of str to Row
        All of them, for the experiment that explains a figure.
    row : Row
    field : str
        'published' for pixels, in minibatches of the row's size; 'published_vgg' for
        the figure in VGG space.

    Returns
    -------
    BySeeds or None
        None where no history has what the rule needs, as those of earlier versions.
    """
    printed, figures = getattr(row.experiment.row, field), _by_choice(row, field)
    if not figures:
        return None
    spreads = {choice: spread(some) for choice, some in figures.items()}
    result = BySeeds(printed, {how: one for how, one in spreads.items() if one}, "")
    if printed is None:
        return result
    explaining = rows.get(row.experiment.row.explained_by)
    # A seed that died shows nothing.
    shown = (
        spread(alive(_counted(_by_choice(explaining, field)))) if explaining else None
    )
    result = result._replace(verdict=verdict(printed, result.ours, shown))
    living = spread(alive(_counted(figures)))
    if living is None or not result.ours.n_dead:
        return result
    return result._replace(of_the_living=verdict(printed, living, shown))


def _by_choice(row: Row, field: str) -> dict[str, list[float]]:
    """The figures of the seeds by the choice of their epoch; those that are known."""
    of_seeds = [_of_seed(row, seed, field) for seed in row.seeds]
    figures = {
        choice: [one[choice] for one in of_seeds if choice in one] for choice in CHOICES
    }
    return {choice: some for choice, some in figures.items() if some}


def _counted(figures: Mapping[str, list[float]]) -> list[float]:
    """Those at the report's choice of epoch, or else at the last; see `ours`."""
    return figures.get("best_validation") or figures.get("last", [])


def figures_of_seeds(row: Row, field: str = "published") -> list[float]:
    """The figure of each seed, at the choice of epoch that `BySeeds.ours` takes."""
    return _counted(_by_choice(row, field))


def _of_seed(row: Row, seed: Seed, field: str) -> dict[str, float]:
    """The figure of one seed by the choice of its epoch."""
    if field == "published":
        # A history has minibatches; what is printed of whole images is another figure.
        measure = row.experiment.measure
        if measure.aggregation == "image":
            return {}
        if not seed.history and seed.results is not None:
            of_set = seed.results["sub_images"][measure.test_set]["ours"]
            return {"last": of_set[measure.aggregation]}
        return of_history(row.experiment, seed.history)
    return _in_vgg_space(row, seed)


def of_history(
    experiment: Experiment, history: Sequence[Mapping[str, str]]
) -> dict[str, float]:
    """What a row scores on its test set, by the choice of its epoch.

    Empty where the history does not say, as those of earlier versions.
    """
    size = experiment.training.batch_size
    column = f"{experiment.measure.test_set.lower()}_batch{size}"
    return {
        choice: float(history[epoch - 1][column])
        for choice, epoch in chosen_epochs(history, size).items()
    }


def _in_vgg_space(row: Row, seed: Seed) -> dict[str, float]:
    measure = row.experiment.measure
    if not chosen_epochs(seed.history, row.experiment.training.batch_size):
        return {}
    # What a network scores in VGG space is measured where it was kept.
    blocks = {"best_validation": best_validation_of(seed), "last": seed.results or {}}
    return {
        choice: block["vgg"][measure.test_set][measure.aggregation]
        for choice, block in blocks.items()
        if "vgg" in block
    }


def best_validation_of(seed: Seed) -> dict[str, Any]:
    """What the results of a seed say of the epoch of the best validation."""
    return (seed.results or {}).get("rule", {}).get("best_validation", {})


# --- Counts ---


def counts(rows: Mapping[str, Row], kind: str) -> Counter[str]:
    """How many printed figures have which verdict.

    Parameters
    ----------
    rows : dict of str to Row
    kind : 'programmed' or 'described'
        The rows that count: of each printed figure there is one of a kind. Other
        readings of what the program did do not count.

    Returns
    -------
    Counter
        Of `rule.VERDICTS` and, where a row has not been run, 'not run'.
    """
    return Counter(verdict for _, verdict in verdicts_of(rows, kind))


def verdicts_of(rows: Mapping[str, Row], kind: str) -> Iterator[tuple[str, str]]:
    """What becomes of each printed figure, with its row's name less the last word."""
    for name, row in rows.items():
        stem = name[: -len(kind) - 1]
        twin = stem + ("_described" if kind == "programmed" else "_programmed")
        if not name.endswith("_" + kind) or twin not in rows:
            continue
        for field in PRINTED:
            if getattr(row.experiment.row, field) is not None:
                of_row = by_seeds(rows, row, field)
                yield stem, of_row.verdict if of_row else "not run"


def in_words(counted: Counter[str]) -> str:
    """Counts as '12 reproduced, 4 near, ...'."""
    names = [*VERDICTS, "not run"] if counted["not run"] else VERDICTS
    return ", ".join(f"{counted[name]} {name}" for name in names)
