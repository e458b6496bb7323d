"""The list of experiments on the terminal: `srcnn-theano experiments`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Collection, Iterable

from srcnn_theano.experiments import TABLES
from srcnn_theano.files import json_text, kind_at
from srcnn_theano.report.looked import close_in_words
from srcnn_theano.report.rows import Row, caveats, load_rows, of_table, row_figures
from srcnn_theano.report.sections import title
from srcnn_theano.report.verdicts import (
    CHOICES,
    KINDS,
    PRINTED,
    BySeeds,
    by_seeds,
    counts,
    in_words,
)
from srcnn_theano.report.words import as_printed, decibels, epochs, range_of
from srcnn_theano.tables import text_lines

_ALIGN = "lllrrlrrrrrrl"
_HEADER = ["set", "mean", "published", "ours", "range", "seeds", "last", "best"]
_HEADER += ["bicubic", "standard", "epochs", "verdict"]
_ABOVE = """\
PSNR in dB. ours, range, seeds: median and range over the seeds at the best validation,
the epoch that the report's program took; last, best: at the last epoch and at the best
PSNR of Set5. Where a training has not kept what that needs, ours is its last epoch.
bicubic: under the same protocol. standard: as the literature measures it, of the first
seed alone and after its last epoch, which need not be the network that ours is of."""


def print_experiments(runs_dir: Path | None = None, as_json: bool = False) -> None:
    """Print each experiment: published figures, ours over the seeds, verdicts."""
    rows = load_rows(runs_dir)
    if as_json:
        print(json_text([_as_dict(rows, row) for row in rows.values()]))
        return
    _print_tables(rows, rows)
    for kind in KINDS:
        print(f"Printed figures, rows as {kind}: {in_words(counts(rows, kind))}.")
    print(f"{close_in_words(rows)}: docs/protocols.md")
    print("What else was tried for a figure: docs/tried.md")
    print("Notes, curves and pictures: srcnn-theano report --data DIR")


def print_rows(names: Iterable[str], runs_dir: Path) -> None:
    """Print some experiments as `print_experiments` does: where a run has left them.

    There need be no folder of runs, where results/ has all of them.
    """
    rows = load_rows(runs_dir if kind_at(runs_dir) else None)
    shown = rows.keys() & set(names)
    if shown:
        _print_tables(rows, shown)


def _print_tables(rows: dict[str, Row], shown: Collection[str]) -> None:
    cells: list[list[str]] = []
    headers = set()  # the numbers of lines that are headers
    for table in TABLES:
        of_shown = [r for r in of_table(rows, table) if r.experiment.name in shown]
        if of_shown:
            headers.add(len(cells))
            cells.append([title(table), *_HEADER])
        for row in of_shown:
            cells += _lines(rows, row)
    print(_ABOVE)
    for number, line in enumerate(text_lines(_ALIGN, cells, gap=" ")):
        print("\n" + line if number in headers else line)
    print()
    for name, row in rows.items():
        if name in shown and _is_marked(rows, row):
            print(f"* {name}: {'; '.join(caveats(rows, row))}")
        for field in PRINTED if name in shown else ():
            of_row = by_seeds(rows, row, field)
            if of_row and _is_by_the_dead(of_row):
                space = " in VGG space" * (field == "published_vgg")
                print(f"+ {name}{space}: {of_row.in_words}")


def _lines(rows: dict[str, Row], row: Row) -> list[list[str]]:
    """The line of a row, and that of its figure in VGG space."""
    experiment, figures = row.experiment, row_figures(row)
    measure = experiment.measure
    mark = " *" if _is_marked(rows, row) else ""
    start = [f"  {experiment.name}{mark}", measure.test_set, measure.aggregation]
    of_row = by_seeds(rows, row)
    lines = [[*start, as_printed(experiment, "published"), *_over_seeds(of_row)]]
    lines[0] += ["", "", epochs(row), _verdict(of_row)]
    if figures is not None:
        lines[0][-4] = decibels(figures.bicubic)
        lines[0][-3] = decibels(figures.standard["psnr"])
    if of_row is None:
        lines[0][4] = decibels(figures.ours) if figures else row.status
    if measure.vgg_maps is not None:
        lines.append(_vgg_line(rows, row, start[1:], figures and figures.vgg))
    return lines


def _is_marked(rows: dict[str, Row], row: Row) -> bool:
    """Whether a row has figures which are not those of the experiment as listed."""
    return row.results is not None and bool(caveats(rows, row))


def _vgg_line(
    rows: dict[str, Row], row: Row, start: list[str], last: float | None
) -> list[str]:
    of_row = by_seeds(rows, row, "published_vgg")
    line = ["    in VGG space", *start, as_printed(row.experiment, "published_vgg")]
    line += [*_over_seeds(of_row), "", "", "", _verdict(of_row)]
    if of_row is None:
        line[4] = decibels(last)
    return line


def _verdict(of_row: BySeeds | None) -> str:
    if of_row is None or not (of_row.verdict and of_row.ours.n_dead):
        return of_row.verdict if of_row else ""
    mark = " +" * _is_by_the_dead(of_row)
    return f"{of_row.verdict}, {of_row.ours.n_dead} dead{mark}"


def _is_by_the_dead(of_row: BySeeds) -> bool:
    """Whether the verdict would be another without the seeds that died."""
    return of_row.of_the_living not in ("", of_row.verdict)


def _over_seeds(of_row: BySeeds | None) -> list[str]:
    """Median, range, number of seeds, and the medians of the other choices."""
    if of_row is None:
        return [""] * 5
    others = [of_row.spreads.get(choice) for choice in CHOICES[1:]]
    return [
        decibels(of_row.ours.median),
        range_of(of_row.ours),
        str(of_row.ours.n),
        *(decibels(other and other.median) for other in others),
    ]


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
        # Unlike the figures of the seeds, those are of one network.
        seed = row.experiment.training.seed
        summary["measured"] = {"seed": seed, "epoch": row.n_epochs}
    for field in PRINTED:
        of_row = by_seeds(rows, row, field)
        if of_row is not None:
            spreads = {how: part._asdict() for how, part in of_row.spreads.items()}
            key = "seeds_vgg" if field == "published_vgg" else "seeds"
            told = {"verdict": of_row.verdict, "of_the_living": of_row.of_the_living}
            summary[key] = {**told, **spreads}
    return summary
