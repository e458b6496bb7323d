"""Figures and settings of a row as the words of a cell."""

from __future__ import annotations

from statistics import median
from typing import Any

from srcnn_theano.evaluation.rule import Spread
from srcnn_theano.experiments.records import Experiment
from srcnn_theano.report.rows import Row

_PIXELS = {
    "mse": "MSE",
    "mse_per_channel": "MSE of each channel",
    "sse": "sum of squares",
}


def row_title(experiment: Experiment) -> str:
    """The title of a row, which tells it from the others of its table."""
    if experiment.row.table == "models":  # three of the same name
        return f"{experiment.row.title}, x{experiment.training.scale}"
    return experiment.row.title


def as_printed(experiment: Experiment, field: str) -> str:
    """A published figure; those of the first two tables are not all of two digits."""
    published = getattr(experiment.row, field)
    if published is None:
        return "-"
    as_it_is = experiment.row.table in ("table1", "table2")
    return str(published) if as_it_is else f"{published:.2f}"


def decibels(psnr: float | None) -> str:
    """A PSNR, or nothing."""
    return "" if psnr is None else f"{psnr:.2f}"


def range_of(spread: Spread) -> str:
    """From the lowest to the highest of several seeds, or nothing of a single one."""
    if spread.n == 1:
        return ""
    return f"{spread.lowest:.2f}-{spread.highest:.2f}"


def epochs(row: Row) -> str:
    """How many epochs were run, and of how many if not of all."""
    if row.status in ("not run", "unreadable") or row.n_epochs == row.planned_epochs:
        return str(row.planned_epochs)
    return f"{row.n_epochs} of {row.planned_epochs}"


def last_epochs(row: Row) -> str:
    """Median and range of Set5, sub-image by sub-image, over the last ten epochs."""
    last = [float(epoch["set5_psnr"]) for epoch in row.history[: row.n_epochs][-10:]]
    if not last:
        return ""
    return f"{median(last):.2f} ({min(last):.2f} to {max(last):.2f})"


def cost_in_words(settings: dict[str, Any]) -> str:
    """What a training minimises, from the settings of its experiment, as in 'MSE'."""
    parts = []
    pixels = _PIXELS.get(settings["cost"], settings["cost"])
    for name, weight in (
        ("VGG", settings.get("vgg_weight", 0.0)),
        (pixels, settings.get("pixel_weight", 1.0)),
    ):
        if weight:
            parts.append(name if weight == 1 else f"{weight:g} {name}")
    return " + ".join(parts)
