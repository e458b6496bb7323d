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
from srcnn_theano.pages.document import Block, Table, to_html, to_markdown
from srcnn_theano.report.features import features_section
from srcnn_theano.report.rows import Row, load_rows
from srcnn_theano.report.sections import section
from srcnn_theano.report.strips import strips_section
from srcnn_theano.report.table import table_section


def write_report(
    out_dir: Path,
    runs_dir: Path | None = None,
    data_dir: str | Path | None = None,
) -> None:
    """Write report.md, the pictures it shows, and report.html, which holds them.

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
    blocks = _opening(rows, runs_dir)
    for table in TABLES:
        blocks += table_section(rows, table, out_dir)
    blocks += features_section(rows, out_dir)
    blocks += strips_section(rows, out_dir, Path(data_dir) if data_dir else None)
    blocks += _protocols_section()
    write_text(out_dir / "report.md", to_markdown(blocks))
    write_text(out_dir / "report.html", to_html(blocks, out_dir))
    print(f"{out_dir}/report.html and {out_dir}/report.md are written")


def _opening(rows: dict[str, Row], runs_dir: Path | None) -> list[Block]:
    done = [row for row in rows.values() if row.status == "done"]
    shorter = [row for row in done if row.n_epochs != row.planned_epochs]
    source = "the results that come with the package"
    if runs_dir is not None:
        source = "a folder of runs and, for what it lacks, " + source
    count = f"{len(done)} of {len(rows)} rows have been run"
    if shorter:
        count += f", {len(shorter)} of them for another number of epochs than listed"
    return section("opening", version=__version__, source=source, count=count)


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
