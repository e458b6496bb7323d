"""Reports of measurements as Markdown.

    python -m benchmarks.table FIGURES.json [README.md [BLOCK]]

prints the tables of a report that `python -m benchmarks --out FIGURES.json` has made,
or puts them into a file, between the lines ``<!-- figures -->`` and
``<!-- end of figures -->``. Those of a run with ``--device xla`` go between
``<!-- xla figures -->`` and ``<!-- end of xla figures -->``; BLOCK names others, such
as "gpu fsrcnn figures".
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from benchmarks.machine import measured_by
from benchmarks.marks import AT_MOST, evaluate
from srcnn_theano.errors import UserError
from srcnn_theano.files import read_json, write_text
from srcnn_theano.tables import markdown_table

BEGIN, END = "<!-- {} -->", "<!-- end of {} -->"

_MEASURES = {
    "speed": "times as fast as the others",
    "share": "share of the rate of sgemm",
    "memory": "peak memory over PyTorch's",
    "threads": "times as fast as 1 thread",
    "jax": "times as fast as JAX by hand",
    "eager": "times as fast as PyTorch, eager",
    "compile": "times as fast as torch.compile",
    "whole": "times as fast as the others",
    "growth": "cost per {unit} over the least work's",
    "first": "seconds with an empty compile folder",
}
_MET = {True: "met", False: "**missed**", None: "not measured"}


def markdown(report: dict[str, Any]) -> str:
    """A report as Markdown."""
    parts = [measured_by(report["command"], report["machine"])]
    marks = evaluate(report)  # the marks of today, whatever the report's age
    if marks:
        parts.append(_marks(marks, report["growths"]))
    parts += [_jobs(int(n), jobs) for n, jobs in report["passes"].items() if jobs]
    parts += [_growth(growth) for growth in report["growths"].values()]
    if report.get("commands"):
        parts.append(_commands(report["commands"]))
    if report["first_use"]:
        parts.append(_first_use(report["first_use"]))
    return "\n\n".join(parts)


def _marks(marks, growths):
    rows = []
    for mark in marks:
        growth = growths.get(mark["job"], {})
        bound = "at most" if mark["measure"] in AT_MOST else "at least"
        rows.append(
            [
                mark["title"],
                _MEASURES[mark["measure"]].format(**growth),
                "{} {:g}".format(bound, mark["value"]),
                *_median_and_spread(mark["measured"]),
                mark["against"],
                _MET[mark["met"]],
            ]
        )
    head = ["work", "measure", "mark", "measured", "spread", "against", ""]
    return markdown_table("lllrlll", head, rows)


def _jobs(threads, jobs):
    rows = []
    for job in jobs.values():
        for label, side in job["sides"].items():
            ratio = _median_and_spread(side.get("times_ours"))
            if "our_share" in side:
                ratio = _median_and_spread(side["our_share"], "ours has {:.2f} of it")
            rows.append(
                [
                    job["title"],
                    label,
                    "{:.2f}".format(side["median_ms"]),
                    *ratio,
                    "{:.0f}".format(side["GFLOP_per_s"]),
                    "{:.0f}".format(side["peak_memory_MiB"]),
                ]
            )
        for label, reason in job["left_out"].items():
            rows.append([job["title"], label, "", reason.replace("|", "/"), "", "", ""])
    title = "### {} thread{}".format(threads, "" if threads == 1 else "s")
    head = ["job", "side", "ms", "times ours", "spread", "GFLOP/s", "peak MiB"]
    return title + "\n\n" + markdown_table("llrrlrr", head, rows)


def _growth(growth):
    rows = [
        [
            label,
            "{:.2f}".format(figures["median_ms"]),
            "{:.3f}".format(figures["ms_per_unit"]),
            *_median_and_spread(figures["times_smallest"]),
            "{:.2f}".format(figures["cpu_ms"] / 1e3),
            "{:.0f}".format(figures["peak_memory_MiB"]),
        ]
        for label, figures in growth["amounts"].items()
    ]
    unit = growth["unit"]
    head = [unit + "s", "ms", "ms per " + unit, "times the first's", "spread"]
    head += ["CPU seconds", "peak MiB"]
    title = "### {}, {} thread(s)".format(growth["title"], growth["threads"])
    return title + "\n\n" + markdown_table("rrrrlrr", head, rows)


def _commands(commands):
    rows = [
        [
            command["title"],
            label,
            "{:.2f}".format(side["median_ms"] / 1e3),
            "{:.2f}".format(side["cpu_ms"] / 1e3),
            *_median_and_spread(side["times_ours"]),
            "{:.0f}".format(side["peak_memory_MiB"]),
        ]
        for command in commands.values()
        for label, side in command["sides"].items()
    ]
    head = ["command", "side", "s", "CPU s", "times ours", "spread", "peak MiB"]
    return "### Whole commands\n\n" + markdown_table("llrrrlr", head, rows)


def _first_use(uses):
    rows = [
        [
            use["title"],
            "{:.1f}".format(use["seconds"]) if "seconds" in use else "failed",
        ]
        for use in uses.values()
    ]
    head = ["first use, with an empty compile folder", "seconds"]
    return "### First use\n\n" + markdown_table("lr", head, rows)


def _median_and_spread(values, form="{:.2f}"):
    """Two cells."""
    if values is None:
        return ["", ""]
    middle = form.format(values["median"])
    if values["from"] == values["to"]:
        return [middle, ""]
    return [middle, "{:.2f} to {:.2f}".format(values["from"], values["to"])]


def update(path: str | Path, report: dict[str, Any], block: str | None = None) -> None:
    """Put the tables of a report between the marks of a block in a Markdown file.

    Raises
    ------
    UserError
        The file has no such marks.
    """
    path = Path(path)
    device = report.get("device", "cpu")
    block = block or ("figures" if device == "cpu" else f"{device} figures")
    begin, end = BEGIN.format(block), END.format(block)
    before, _, rest = path.read_text(encoding="utf-8").partition(begin)
    _, mark, after = rest.partition(end)
    if not mark:
        raise UserError(
            f"{path}: has no lines {begin} and {end}; put them where the tables go"
        )
    tables = f"\n\n{markdown(report)}\n\n"
    write_text(path, before + begin + tables + end + after)


def main(figures: str, target: str | None = None, block: str | None = None) -> None:
    """Print the tables of a JSON file, or put them into a Markdown file."""
    report = read_json(figures)
    if target is None:
        print(markdown(report))
    else:
        update(target, report, block)


if __name__ == "__main__":
    main(*sys.argv[1:])
