"""The list of experiments on the terminal: `srcnn-theano experiments`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from srcnn_theano.experiments import TABLES
from srcnn_theano.files import json_text
from srcnn_theano.report.rows import (
    PERCEPTUAL,
    Row,
    caveats,
    load_rows,
    of_table,
    row_figures,
)
from srcnn_theano.report.sections import title
from srcnn_theano.report.words import as_printed, decibels, epochs
from srcnn_theano.tables import text_lines

_ALIGN = "llllrrrrrr"
_COLUMNS = ["protocol", "set", "mean", "published", "ours", "bicubic"]


def print_experiments(runs_dir: Path | None = None, as_json: bool = False) -> None:
    """Print every experiment with its protocol, published figure and ours."""
    rows = load_rows(runs_dir)
    if as_json:
        print(json_text([_as_dict(rows, row) for row in rows.values()]))
        return
    cells: list[list[str]] = []
    headers = {}  # the table by the number of the line that is its header
    for table in TABLES:
        headers[len(cells)] = table
        pair = ["printed", "ours"] if table in PERCEPTUAL else ["ours", "bicubic"]
        cells.append([title(table), *_COLUMNS, *pair, "epochs"])
        cells += [_cells(rows, row) for row in of_table(rows, table)]
    print("PSNR in dB; bicubic tells what a figure is worth under a protocol.")
    above = None
    for number, line in enumerate(text_lines(_ALIGN, cells, gap=" ")):
        if number in headers:
            perceptual = headers[number] in PERCEPTUAL
            beside = "in VGG space" if perceptual else "under standard"
            print("" if beside == above else "\n" + _over(line, beside))
            above = beside
        print(line)
    for row in rows.values():
        if _is_marked(rows, row):
            print(f"\n* {row.experiment.name}: {'; '.join(caveats(rows, row))}")
    print("\nNotes, curves and pictures: srcnn-theano report --data DIR")


def _over(header: str, beside: str) -> str:
    """The line above a header, which says what its two pairs of figures are."""
    first = header.index("bicubic") + len("bicubic")
    second = len(header[: -len("epochs")].rstrip())
    return f"{'under its protocol':>{first}}{beside:>{second - first}}"


def _is_marked(rows: dict[str, Row], row: Row) -> bool:
    """Whether a row has figures which are not those of the experiment as listed."""
    return row.results is not None and bool(caveats(rows, row))


def _cells(rows: dict[str, Row], row: Row) -> list[str]:
    experiment = row.experiment
    mark = " *" if _is_marked(rows, row) else ""
    cells = [
        f"  {experiment.name}{mark}",
        f"{experiment.training.protocol} x{experiment.training.scale}",
        experiment.measure.test_set,
        experiment.measure.aggregation,
        as_printed(experiment, "published"),
    ]
    figures = row_figures(row)
    if figures is None:
        cells += [row.status, ""]
    else:
        cells += [decibels(figures.ours), decibels(figures.bicubic)]
    if experiment.row.table in PERCEPTUAL:
        cells += [
            as_printed(experiment, "published_vgg"),
            decibels(figures.vgg if figures else None),
        ]
    elif figures is None:
        cells += ["", ""]
    else:
        cells += [decibels(figures.standard[k]) for k in ("psnr", "bicubic_psnr")]
    return cells + [epochs(row)]


_TOLD = (
    "name",
    "table",
    "row",
    "protocol",
    "scale",
    "test_set",
    "aggregation",
    "published",
    "published_vgg",
)


def _as_dict(rows: dict[str, Row], row: Row) -> dict[str, Any]:
    settings = row.experiment.flat()
    summary = {name: settings[name] for name in _TOLD}
    summary.update(
        status=row.status,
        n_epochs=row.n_epochs,
        planned_epochs=row.planned_epochs,
        caveats=caveats(rows, row),
    )
    figures = row_figures(row)
    if figures is not None:
        summary.update(figures._asdict())
    return summary
