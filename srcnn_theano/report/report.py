"""The report: everything that is recorded, as Markdown and as one HTML page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from srcnn_theano import __version__
from srcnn_theano.data.datasets import find_data_dir
from srcnn_theano.data.patches import SCALES, Recipe
from srcnn_theano.evaluation.protocols import PROTOCOLS, Protocol, make_protocol
from srcnn_theano.experiments import TABLES
from srcnn_theano.files import check_target_folder, write_text
from srcnn_theano.pages.document import (
    Block,
    Details,
    Heading,
    Paragraph,
    Raw,
    Table,
    to_markdown,
)
from srcnn_theano.report import figures
from srcnn_theano.report.facts import sentences
from srcnn_theano.report.features import features_section
from srcnn_theano.report.page.hero import shipped_picture
from srcnn_theano.report.page.page import page
from srcnn_theano.report.rows import Row, load_rows
from srcnn_theano.report.sections import section
from srcnn_theano.report.strips import slider_pictures, strips_section
from srcnn_theano.report.table import table_section


def write_report(
    out_dir: Path,
    runs_dir: Path | None = None,
    data_dir: str | Path | None = None,
) -> None:
    """Write report.html for people, report.md with the same records, and pictures.

    Parameters
    ----------
    out_dir : Path
    runs_dir : Path or None
        As in `rows.load_rows`.
    data_dir : str, Path or None
        Folder with the image sets, for the image strips; by default what the variable
        SRCNN_DATA names. Without one the report has no strips.
    """
    check_target_folder(out_dir)
    if data_dir or os.environ.get("SRCNN_DATA"):
        data_dir = find_data_dir(data_dir)
    rows = load_rows(runs_dir)
    opening = _opening(rows, runs_dir)
    tables = {table: table_section(rows, table) for table in TABLES}
    features = features_section(rows)
    strips = strips_section(rows, out_dir, Path(data_dir) if data_dir else None)
    protocols = _protocols_section()
    sections = [opening, *tables.values(), features, protocols]
    records: list[Block] = [_folded(one) for one in sections]
    pictures = [
        shipped_picture(),
        *(slider_pictures(rows, out_dir) if data_dir else ()),
    ]
    html = page(rows, out_dir, pictures, strips[1:], records, _source(rows))
    write_text(out_dir / "report.html", html)
    blocks = [*opening, *_first(rows)]
    for one in (*tables.values(), features, strips, protocols):
        blocks += one
    write_text(out_dir / "report.md", to_markdown(blocks))
    print(f"{out_dir}/report.html and {out_dir}/report.md are written")


def _folded(blocks: list[Block]) -> Details:
    """A section under its title."""
    title = blocks[0]
    assert isinstance(title, Heading)
    return Details(title.text, blocks[1:])


def _first(rows: dict[str, Row]) -> list[Block]:
    """What came out, before all records: what the page begins with, as Markdown."""
    return [
        Heading(2, "What came out"),
        Raw("", " ".join(figures.counts_sentence(rows).split())),
        *(Paragraph(sentence) for sentence in sentences(rows)),
        Raw("", figures.printed_table(rows)),
        Heading(2, "What each slip was worth"),
        Raw("", figures.slips_table(rows)),
    ]


def _count(rows: dict[str, Row]) -> str:
    done = [row for row in rows.values() if row.status == "done"]
    shorter = [row for row in done if row.n_epochs != row.planned_epochs]
    count = f"{len(done)} of {len(rows)} rows have been run"
    if shorter:
        count += f", {len(shorter)} of them for another number of epochs than listed"
    return count


def _source(rows: dict[str, Row]) -> str:
    return (
        f"Written by `srcnn-theano report`, version {__version__}. {_count(rows)}. "
        "Curves by uPlot (MIT licence, Leon Sorokin). The raccoon is in the public "
        "domain."
    )


def _opening(rows: dict[str, Row], runs_dir: Path | None) -> list[Block]:
    source = "the results that come with the package"
    if runs_dir is not None:
        source = "a folder of runs and, for what it lacks, " + source
    return section("opening", version=__version__, source=source, count=_count(rows))


def _protocols_section() -> list[Block]:
    protocols = [make_protocol(name) for name in PROTOCOLS]
    lines = []
    for knob in Recipe._fields[1:] + Protocol._fields[2:]:
        holders = [p if knob in Protocol._fields else p.recipe for p in protocols]
        lines.append([knob] + [_plain(getattr(holder, knob)) for holder in holders])
    for scale in SCALES:
        hashes = [make_protocol(name, scale).hash for name in PROTOCOLS]
        lines.append([f"hash at x{scale}"] + [f"`{h}`" for h in hashes])
    table = Table("l" * (len(protocols) + 1), ["", *PROTOCOLS], lines)
    return section("protocols", figures=[table])


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
