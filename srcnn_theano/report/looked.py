"""Choices that were made because something had come near a printed figure.

They were made before any row here was trained; docs/protocols.md tells of each. A row
that rests on one was in part looked for, so its nearness to the print says less.
"""

from __future__ import annotations

from typing import Iterable, Mapping, NamedTuple

from srcnn_theano.report.rows import Row
from srcnn_theano.report.verdicts import verdicts_of
from srcnn_theano.tables import markdown_table


class Looked(NamedTuple):
    """A choice, what it looked at, and the rows as programmed that rest on it."""

    choice: str
    at: str
    stems: tuple[str, ...]  # names of rows, less their last word


LOOKED = (
    Looked(
        "Tables 1 and 2 by the program's first version, in mixed order",
        "36.5",
        (
            "table1_adam",
            "table1_rmsprop",
            "table1_rmsprop_l2",
            "table1_sgd",
            "table2_set5",
            "table2_set14",
        ),
    ),
    Looked(
        "Batch normalization after all layers, by the statistics of the minibatch",
        "14.0",
        ("table1_bn_l2",),
    ),
    Looked(
        "SRCNN with VGG16 from N(0, 2 / side^2)",
        "27.19",
        (
            "vgg_only",
            "vgg_mse_20",
            "vgg_mse",
            "vgg_last_layer",
            "vgg_improved_20",
            "vgg_improved",
        ),
    ),
    Looked(
        "FSRCNN with VGG16 against maps of whole targets",
        "20.49 and 20.55",
        ("fsrcnn_vgg", "fsrcnn_vgg_mse"),
    ),
)


class Resting(NamedTuple):
    """Printed figures, and how many of them the rows have reproduced or are near."""

    figures: int
    close: int


def resting(rows: Mapping[str, Row], choices: Iterable[Looked] = LOOKED) -> Resting:
    """The printed figures whose rows as programmed rest on one of the choices."""
    stems = {stem for one in choices for stem in one.stems}
    return _counted(rows, lambda stem: stem in stems)


def close_in_words(rows: Mapping[str, Row]) -> str:
    """'13 of the 15 reproduced or near rest on ...', as a part of a sentence."""
    of_all = _counted(rows, lambda stem: True)
    return (
        f"{resting(rows).close} of the {of_all.close} reproduced or near rest on a "
        "choice that looked at a printed figure"
    )


def looked_table(rows: Mapping[str, Row]) -> str:
    """The choices, with what rests on them, in Markdown."""
    header = ["choice", "looked at", "figures that rest on it", "reproduced or near"]
    lines = [[one.choice, one.at, *map(str, resting(rows, [one]))] for one in LOOKED]
    of_all, of_these = _counted(rows, lambda stem: True), resting(rows)
    rest = (str(a - b) for a, b in zip(of_all, of_these))
    lines.append(["none of these", "", *rest])
    return markdown_table("llrr", header, lines)


def _counted(rows, wanted) -> Resting:
    verdicts = [
        verdict for stem, verdict in verdicts_of(rows, "programmed") if wanted(stem)
    ]
    return Resting(len(verdicts), sum(v in ("reproduced", "near") for v in verdicts))
