"""Tables and sentences of the documents, made from the records of results/."""

from __future__ import annotations

import textwrap
from typing import Mapping

from srcnn_theano.evaluation.rule import Spread, spread
from srcnn_theano.experiments.slips import SLIPS, Slip
from srcnn_theano.report.rows import Row
from srcnn_theano.report.verdicts import (
    KINDS,
    best_validation_of,
    by_seeds,
    counts,
    in_words,
)
from srcnn_theano.report.words import as_printed, range_of
from srcnn_theano.tables import markdown_table

# Tables of the report, and what README.md calls them.
_TITLES = {
    "table1": "Table 1",
    "table2": "Table 2 (Adam)",
    "fsrcnn": "FSRCNN (section 5.1.2)",
    "vgg": "VGG16 in the cost (section 5.1.3)",
    "fsrcnn-vgg": "FSRCNN, VGG16 in the cost (section 5.1.4)",
}


def counts_sentence(rows: Mapping[str, Row]) -> str:
    """How many printed figures have which verdict, as README.md begins with it."""
    programmed, described = (counts(rows, kind) for kind in KINDS)
    n_figures = sum(programmed.values())
    text = (
        f"Of the report's {n_figures} printed PSNR figures, made again as its program "
        f"made them: **{in_words(programmed)}**. As its words describe them, done "
        f"right: {in_words(described)}."
    )
    return textwrap.fill(text, width=92)


def printed_table(rows: Mapping[str, Row]) -> str:
    """Every printed figure beside ours, as programmed and as described, in Markdown."""
    header = ["row", "name", "set", "published"]
    for kind in KINDS:
        header += [f"as {kind}", "range (seeds)", "verdict"]
    lines: list[list[str]] = []
    for table, title in _TITLES.items():
        lines.append([f"**{title}**", *[""] * (len(header) - 1)])
        for name, row in rows.items():
            twin = rows.get(name.replace("_programmed", "_described"))
            if row.experiment.row.table == table and twin not in (None, row):
                lines += _lines_of(rows, row, twin)
    return markdown_table("lllr" + "rrl" * 2, header, lines)


def _lines_of(rows: Mapping[str, Row], row: Row, twin: Row) -> list[list[str]]:
    experiment = row.experiment
    title = experiment.row.title.replace(", as programmed", "").replace(" first", "")
    name, lines = experiment.name[: -len("_programmed")], []
    for field, space in (("published", ""), ("published_vgg", ", VGG space")):
        if getattr(experiment.row, field) is None:
            continue
        line = [title + space, f"`{name}_...`", experiment.measure.test_set]
        line.append(as_printed(experiment, field))
        for one in (row, twin):
            of_row = by_seeds(rows, one, field)
            line += (
                ["not run", "", ""]
                if of_row is None
                else [*_figure(of_row.ours), of_row.verdict]
            )
        lines.append(line)
    return lines


def _figure(ours: Spread) -> list[str]:
    return [f"**{ours.median:.2f}**", f"{range_of(ours)} ({ours.n})".strip()]


# --- What each slip is worth ---

_SLIPS_HEADER = ["slip", "figure", "as described", "with the slip", "difference"]


def slips_table(rows: Mapping[str, Row]) -> str:
    """What each slip is worth in dB, in Markdown."""
    lines = []
    for slip in SLIPS:
        lines += _slip_lines(rows, slip)
    lines += [_decibels_line(rows, "table1_adam_described")]
    header = [*_SLIPS_HEADER, "command"]
    return markdown_table("llrrrl", header, lines)


def _slip_lines(rows: Mapping[str, Row], slip: Slip) -> list[list[str]]:
    experiment, lines = slip.row, []
    fields = {"published": f"Set14, `{experiment.measure.aggregation}`"}
    if experiment.measure.vgg_maps is not None:
        fields["published_vgg"] = "Set14, VGG space"
    for field, figure in fields.items():
        both = [
            by_seeds(rows, rows[name], field)
            for name in (slip.without, experiment.name)
        ]
        lines.append(
            [
                experiment.row.title,
                figure,
                *_beside(*(one.ours if one else None for one in both)),
                f"`srcnn-theano train {experiment.name}`",
            ]
        )
    return lines


def _beside(described: Spread | None, slipped: Spread | None) -> list[str]:
    cells = [
        "not run" if one is None else " ".join([f"{one.median:.2f}", _of_seeds(one)])
        for one in (described, slipped)
    ]
    if described is None or slipped is None:
        return [*cells, ""]
    return [*cells, f"**{slipped.median - described.median:+.2f}**"]


def _of_seeds(ours: Spread) -> str:
    return "(1 seed)" if ours.n == 1 else f"({range_of(ours)}, {ours.n} seeds)"


def _decibels_line(rows: Mapping[str, Row], name: str) -> list[str]:
    """The same networks: the PSNR of all errors, and the mean of minibatches' PSNR."""
    kept = [
        block["sub_images"]["set14"]
        for block in map(best_validation_of, rows[name].seeds)
        if "sub_images" in block
    ]
    spreads = [spread([one[how] for one in kept]) for how in ("global", "batch20")]
    return [
        "A mean of decibels over minibatches, not of errors",
        "Set14, `global` and `batch20`",
        *_beside(*spreads),
        f"`srcnn-theano train {name}`",
    ]
