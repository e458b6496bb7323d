"""What a claim is, and where the figures that speak for or against it are read.

Figures come from records of trainings (results/), from networks (weights/), from
counting, and from measured.json, which `measured.py` makes of the image sets.
"""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, NamedTuple, Sequence, Tuple, Union

import numpy as np

from srcnn_theano.evaluation import rule
from srcnn_theano.experiments import find_experiment
from srcnn_theano.files import read_json
from srcnn_theano.runs.run import network_file
from srcnn_theano.shipped import results_dir, weights_dir
from srcnn_theano.training.history import read_history
from srcnn_theano.weights import load_weights

MEASURED = Path(__file__).with_name("measured.json")

# In the order in which the page counts them.
VERDICTS = {
    "true": "it is so",
    "false": "it is not so, or of something else",
    "reproduced": "the printed figure lies within the range of our seeds, widened by "
    "0.1 dB",
    "near": "it lies within 0.5 dB of that range",
    "holds here": "what the report saw is seen in our trainings, too",
    "not here": "it is not",
    "cannot be said": "the report does not say enough to try",
    "open": "none of these, or not measured yet",
}

Finding = Tuple[str, str]  # verdict and evidence
Figures = Union[Sequence[float], np.ndarray]


class Missing(Exception):
    """The records that a figure needs are not there yet."""


class Found(NamedTuple):
    """What became of a claim.

    Attributes
    ----------
    verdict : str
        A key of `VERDICTS`.
    evidence : str
        A sentence or more.
    rows : tuple of str
        Whose records the evidence was read from.
    measured : bool
        Whether it was read from measured.json, too.
    """

    verdict: str
    evidence: str
    rows: tuple[str, ...]
    measured: bool


class Claim(NamedTuple):
    """A claim of the report.

    Attributes
    ----------
    name : str
        On the command line.
    section : str
        Of the report.
    text : str
        In our words, or quoted.
    find : function
        Gives the verdict and the evidence.
    """

    name: str
    section: str
    text: str
    find: Callable[[], Finding]

    def finding(self) -> Found:
        """Verdict and evidence, and what was read; what lacks records is open."""
        _read.clear()
        try:
            verdict, evidence = self.find()
        except Missing as missing:
            verdict = "open"
            evidence = f"Not measured yet: {missing} has not been trained."
        rows = tuple(name for name in _read if name != _MEASURED)
        return Found(verdict, evidence, rows, _MEASURED in _read)


CLAIMS: dict[str, Claim] = {}


def claim(section: str, text: str) -> Callable[..., Any]:
    """Make a function the evidence for a claim; its name is that of the claim."""

    def register(find: Callable[[], Finding]) -> Callable[..., Any]:
        name = find.__name__
        CLAIMS[name] = Claim(name, section, text, find)
        return find

    return register


# --- Records: all that evidence is read from is read, and noted, here ---

_MEASURED = "measured"
# What was read since a claim began: names of rows, and whether measured.json was. In
# the order of reading; a dict stands for a set that keeps it.
_read: dict[str, None] = {}
_runs: list[Path] = []  # one folder to read instead of results/, or none


def read_runs(folder: Path) -> None:
    """From now on read the records of rows from a folder of runs."""
    _runs[:] = [folder]


@lru_cache(maxsize=None)
def _measured() -> dict[str, Any]:
    return json.loads(MEASURED.read_text(encoding="utf-8"))


def measured() -> dict[str, Any]:
    """The figures that need the image sets."""
    _read[_MEASURED] = None
    return _measured()


def perfect(row: str, test_set: str = "Set14", how: str = "batch100") -> float:
    """What the target itself scores in VGG space in a row that cuts its maps."""
    return measured()["perfect_in_vgg_space"][row][test_set][how]


def folders(name: str) -> list[Path]:
    """Folders of a row's records, one for each seed.

    Raises
    ------
    Missing
        There is none.
    """
    parent = _runs[0] if _runs else results_dir()
    found = [parent / name, *sorted(parent.glob(f"{name}-seed*"))]
    found = [folder for folder in found if (folder / "results.json").is_file()]
    if not found:
        raise Missing(f"`{name}`")
    _read[name] = None
    return found


def network_of(name: str) -> Path | None:
    """The file of a row's network, of its first seed; None if there is none."""
    file = (
        network_file(find_experiment(name), _runs[0])
        if _runs
        else weights_dir() / f"{name}.h5"
    )
    if not file.is_file():
        return None
    _read[name] = None
    return file


def looks(*names: str) -> list[dict[str, float]]:
    """What is measured of the pictures of rows, see `measured.py`."""
    found = measured()["pictures"]
    for name in names:
        if name not in found:
            raise Missing(f"`{name}`")
        _read[name] = None
    return [found[name] for name in names]


def results_of(name: str) -> list[dict[str, Any]]:
    """results.json of every seed."""
    return [read_json(folder / "results.json") for folder in folders(name)]


def histories_of(name: str) -> list[list[dict[str, str]]]:
    """The history of every seed of the training of a row, as long as the row."""
    experiment = find_experiment(name)
    n_epochs = experiment.measure.n_epochs
    found = [
        read_history(folder / "history.csv")[:n_epochs]
        for folder in folders(experiment.trained_by)
    ]
    found = [history for history in found if len(history) == n_epochs]
    if not found:
        raise Missing(f"`{name}`")
    _read[name] = None  # beside the row that trains its network
    return found


def curve(history: Sequence[dict[str, str]], column: str) -> np.ndarray:
    """A column of a history as numbers.

    Raises
    ------
    Missing
        The history is of an earlier version and lacks it.
    """
    if column not in history[0]:
        raise Missing(f"a training with `{column}` in its history")
    return np.array([float(row[column]) for row in history])


def curves(name: str, column: str) -> np.ndarray:
    """A column of every seed's history, (seeds, epochs)."""
    return np.array([curve(history, column) for history in histories_of(name)])


def by_rule(
    name: str, test_set: str = "set14", choice: str = "best_validation"
) -> np.ndarray:
    """A row's figure in dB, one for each seed, at the epoch that counts."""
    size = find_experiment(name).training.batch_size
    figures = []
    for history in histories_of(name):
        chosen = rule.chosen_epochs(history, size)
        if choice not in chosen:
            raise Missing(f"`{name}` with scores after each epoch")
        epoch = chosen[choice]
        figures.append(float(history[epoch - 1][f"{test_set}_batch{size}"]))
    return np.array(figures)


def bicubic(name: str, test_set: str = "Set14") -> float:
    """What plain bicubic scores under the protocol of a row."""
    experiment = find_experiment(name)
    results = results_of(experiment.trained_by)[0]
    how = experiment.measure.aggregation
    return results["sub_images"][test_set]["bicubic"][how]


def vanished() -> str:
    """Shares of weights that are gone in networks that were trained with the norm."""
    told, rows = (
        [],
        ("l2_programmed", "l2_later_programmed", "l2_described", "decoupled"),
    )
    for name in (f"table1_rmsprop_{row}" for row in rows):
        path = network_of(name)
        if path is not None:
            values = load_weights(path).values
            filters = [v for key, v in values.items() if key.endswith(".W")]
            gone = np.concatenate([np.abs(v).ravel() < 1e-20 for v in filters])
            dead = int(np.sum(np.abs(filters[0]).max(axis=(1, 2, 3)) < 1e-20))
            told.append(
                f"`{name}.h5`: {100 * gone.mean():.0f} % of the weights, {dead} of "
                f"{len(filters[0])} first filters"
            )
    return f"Below 1e-20 in {'; '.join(told)}." if told else ""


# --- Words ---


def spread(figures: Figures, unit: str = " dB", digits: int = 2) -> str:
    """Median and range: "35.52 dB (35.38 to 35.78, 3 seeds)"."""
    low, middle, high = (
        f"{value:.{digits}f}"
        for value in (min(figures), float(np.median(figures)), max(figures))
    )
    if len(figures) == 1:
        return f"{middle}{unit} (one seed)"
    return f"{middle}{unit} ({low} to {high}, {len(figures)} seeds)"


def dead(figures: Figures) -> str:
    """A sentence on seeds that died, if there are some."""
    n = len(figures) - len(rule.alive(figures))
    return f" So far below the others that it counts as dead: {n}." if n else ""


MUCH = 0.5  # dB; what is much better, or significantly


def better(ours: Figures, theirs: Figures, by: float = 0.0) -> bool:
    """Whether each seed is above each of the others, and the medians more than `by` dB
    apart: the one meaning of 'better' and 'improves'."""
    gain = np.median(ours) - np.median(theirs)
    return bool(min(ours) > max(theirs) and gain > by)


def holds(condition: bool) -> str:
    return "holds here" if condition else "not here"


def printed(published: float, figures: Figures, text: str) -> Finding:
    """The verdict on a printed figure by `rule.verdict`."""
    ours = rule.spread(list(figures))
    assert ours is not None  # `figures` are not empty
    return rule.verdict(published, ours), text
