"""Which epoch of a training counts, and how far several trainings lie apart.

The report's program went by Set5: wherever its mean cost was lower than ever before,
Set14 was scored, and the last such score is what the report prints.
"""

from __future__ import annotations

from typing import Iterable, Mapping, NamedTuple, Sequence

import numpy as np

from srcnn_theano.data.datasets import TEST_SETS

# The sets as columns of the history and keys of the rule are named.
SCORED = tuple(name.lower() for name in TEST_SETS)
VALIDATION_SET = SCORED[0]


def best_validation(history: Sequence[Mapping[str, str]]) -> int | None:
    """The epoch of the lowest cost on Set5, the first of equals.

    None if the history has no such cost, as those of earlier versions.
    """
    column = f"{VALIDATION_SET}_cost"
    if not history or column not in history[0]:
        return None
    return 1 + int(np.argmin([float(row[column]) for row in history]))


def chosen_epochs(
    history: Sequence[Mapping[str, str]], batch_size: int
) -> dict[str, int]:
    """The epochs that can be said to count.

    Parameters
    ----------
    history : rows of ``history.csv``
    batch_size : int

    Returns
    -------
    dict of str to int
        ``best_validation``: see there; the report's. ``last``. ``best_psnr``: that of
        the highest PSNR of Set5 in minibatches. Empty if the history does not say.
    """
    best, column = best_validation(history), f"{VALIDATION_SET}_batch{batch_size}"
    if best is None or column not in history[0]:
        return {}
    highest = 1 + int(np.argmax([float(row[column]) for row in history]))
    return {"best_validation": best, "last": len(history), "best_psnr": highest}


class Spread(NamedTuple):
    """A figure of several seeds, in dB."""

    n: int
    median: float
    lowest: float
    highest: float
    n_dead: int = 0  # of the seeds; see `alive`


def spread(figures: Sequence[float]) -> Spread | None:
    """Median and range of a figure over several seeds; None without any."""
    if not figures:
        return None
    return Spread(
        len(figures),
        float(np.median(figures)),
        min(figures),
        max(figures),
        len(figures) - len(alive(figures)),
    )


# How far below the median of its row a seed counts as dead, in dB.
_DEAD = 5.0


def is_dead(figure: float, figures: Iterable[float]) -> bool:
    """Whether a figure lies far below the median of those of its row."""
    return bool(figure < np.median(list(figures)) - _DEAD)


def alive(figures: Iterable[float]) -> list[float]:
    """The figures of those seeds that did not die."""
    figures = list(figures)
    return [one for one in figures if not is_dead(one, figures)]


# How far from the range of the seeds a printed figure may lie, in dB.
WIDENED, _NEAR = 0.1, 0.5


def distance(printed: float, ours: Spread) -> float:
    """How far a printed figure is from the range of the seeds; 0 within it."""
    return round(max(ours.lowest - printed, printed - ours.highest, 0.0), 6)


def verdict(printed: float, ours: Spread, shown: Spread | None = None) -> str:
    """What becomes of a printed figure, by rule.

    Parameters
    ----------
    printed : float
    ours : Spread
    shown : Spread or None
        Of an experiment which is said to show why the figure is another.

    Returns
    -------
    str
        'reproduced': within the range of the seeds, widened by 0.1 dB; 'near': within
        0.5 dB of the range; 'explained': neither, but the experiment that is said to
        show why is reproduced or near; 'open': nothing of these.
    """
    for name, reach in (("reproduced", WIDENED), ("near", _NEAR)):
        if distance(printed, ours) <= reach:
            return name
    if shown is not None and distance(printed, shown) <= _NEAR:
        return "explained"
    return "open"


VERDICTS = ("reproduced", "near", "explained", "open")
