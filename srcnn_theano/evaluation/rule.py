"""Which epoch of a training counts, and how far several trainings lie apart.

The report's program went by Set5: wherever its mean cost was lower than ever before,
Set14 was scored, and the last such score is what the report prints.
"""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Sequence

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


def spread(
    results: Sequence[Mapping[str, Any]],
    test_set: str = "set14",
    choice: str = "best_validation",
) -> Spread:
    """Median and range of a figure over the ``results.json`` of several seeds.

    Parameters
    ----------
    results : sequence of dict
        Those without the block ``rule`` are left out.
    test_set : 'set5' or 'set14'
    choice : str
        A key of `chosen_epochs`.

    Raises
    ------
    ValueError
        None of the results has the figure.
    """
    figures = [
        float(run["rule"][choice][test_set]) for run in results if run.get("rule")
    ]
    if not figures:
        raise ValueError(f"no results have a figure of {test_set} at {choice}")
    return Spread(len(figures), float(np.median(figures)), min(figures), max(figures))
