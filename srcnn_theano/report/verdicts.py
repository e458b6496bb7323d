"""Figures of a row over its seeds, and what becomes of the figures that are printed."""

from __future__ import annotations

from collections import Counter
from typing import Any, Mapping, NamedTuple, Sequence

from srcnn_theano.evaluation.rule import (
    VERDICTS,
    Spread,
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
    """

    printed: float | None
    spreads: dict[str, Spread]
    verdict: str

    @property
    def ours(self) -> Spread:
        """That at the report's choice of epoch, or else at the last."""
        return self.spreads.get("best_validation") or self.spreads["last"]


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
    printed = getattr(row.experiment.row, field)
    spreads = _spreads(row, field)
    if not spreads:
        return None
    result = BySeeds(printed, spreads, "")
    if printed is None:
        return result
    explaining = rows.get(row.experiment.row.explained_by)
    shown = _spreads(explaining, field) if explaining else {}
    return result._replace(
        verdict=verdict(
            printed, result.ours, shown and BySeeds(None, shown, "").ours or None
        )
    )


def _spreads(row: Row, field: str) -> dict[str, Spread]:
    figures = [_of_seed(row, seed, field) for seed in row.seeds]
    spreads = {}
    for choice in CHOICES:
        of_choice = spread([one[choice] for one in figures if choice in one])
        if of_choice is not None:
            spreads[choice] = of_choice
    return spreads


def _of_seed(row: Row, seed: Seed, field: str) -> dict[str, float]:
    """The figure of one seed by the choice of its epoch."""
    if field == "published":
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
    counted: Counter[str] = Counter()
    for name, row in rows.items():
        stem = name[: -len(kind) - 1]
        twin = stem + ("_described" if kind == "programmed" else "_programmed")
        if not name.endswith("_" + kind) or twin not in rows:
            continue
        for field in PRINTED:
            if getattr(row.experiment.row, field) is not None:
                of_row = by_seeds(rows, row, field)
                counted[of_row.verdict if of_row else "not run"] += 1
    return counted


def in_words(counted: Counter[str]) -> str:
    """Counts as '12 reproduced, 4 near, ...'."""
    names = [*VERDICTS, "not run"] if counted["not run"] else VERDICTS
    return ", ".join(f"{counted[name]} {name}" for name in names)
