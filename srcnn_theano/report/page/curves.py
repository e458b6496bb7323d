"""Every training's curve as data, for the chart that page.js makes of it."""

from __future__ import annotations

import json
from typing import Any, Iterator, Mapping, NamedTuple, Sequence

from srcnn_theano.experiments import EXPERIMENTS, TABLES
from srcnn_theano.pages.markup import plain, tag
from srcnn_theano.report.facts import TITLES
from srcnn_theano.report.rows import Row, of_table
from srcnn_theano.report.sections import title
from srcnn_theano.report.words import row_title

# What can be drawn: the history's column (of the minibatches of the row), and words.
MEASURES = {
    "set5": ("set5_psnr", "Set5, mean of the sub-images"),
    "set14": ("set14_batch{}", "Set14, in minibatches, as the report prints it"),
    "train": ("train_psnr", "the training set, while training"),
}


_AT_FIRST = 5  # lines that are easily told apart


class Run(NamedTuple):
    """A training: its row, its seed, and an entry per epoch."""

    row: Row
    seed: int
    history: Sequence[Mapping[str, str]]


def runs_of(row: Row) -> Iterator[Run]:
    """The trainings of a row, those of other seeds as well."""
    own = row.experiment.training.seed
    if not row.experiment.trains:
        return
    if row.history:
        yield Run(row, own, row.history)
    for seed in row.seeds:
        if seed.seed != own:
            yield Run(row, seed.seed, seed.history)


def curves_section(rows: Mapping[str, Row]) -> str:
    """The chart's place, its switches, and its data, as HTML."""
    data = curves_data(rows)
    if not data["runs"]:
        return tag("p", "No network has been trained yet.")
    presets = [
        tag("option", plain(words), value=key) for key, words in data["tables"].items()
    ]
    measures = [
        tag("option", plain(words), value=key) for key, (_, words) in MEASURES.items()
    ]
    switches = tag(
        "div",
        tag("label", "Trainings of ", tag("select", *presets, id="preset")),
        tag("label", "Scored on ", tag("select", *measures, id="measure")),
        tag(
            "label", tag("input", type="checkbox", id="near"), " only close to bicubic"
        ),
        tag("button", "All of them", type="button", id="all-on"),
        tag("button", "All off", type="button", id="all-off"),
        class_="switches",
    )
    chart = tag(
        "div",
        id="chart",
        tabindex="0",
        role="group",
        aria_label="Curves: PSNR in dB after each epoch. Left and right arrow keys "
        "move the pointer; its values stand below.",
    )
    groups = [_group(data, table, words) for table, words in data["tables"].items()]
    return "\n".join(
        [
            switches,
            chart,
            tag("div", id="readout"),
            tag(
                "details",
                tag("summary", f"Switch on any of the {len(data['runs'])} trainings"),
                *groups,
                class_="runs",
            ),
            tag("noscript", tag("p", "The curves need JavaScript.")),
            tag("script", _json(data), type="application/json", id="curves-data"),
        ]
    )


def _json(data: Any) -> str:
    """Data for a script element, whose end no text may spell."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")


def curves_data(rows: Mapping[str, Row]) -> dict[str, Any]:
    """What page.js draws: tables, and runs with curves and bicubic by `MEASURES`."""
    tables, runs = {}, []
    for table in TABLES:
        of = [_run(run) for row in of_table(dict(rows), table) for run in runs_of(row)]
        if of:
            tables[table] = TITLES.get(table) or title(table)
            for run in _few(of):
                run["start"] = True
            runs += of
    return {"tables": tables, "runs": runs}


def _few(runs: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The runs of a table that are shown at first: of each row one, of the printed."""
    firsts = list({run["name"]: run for run in reversed(runs)}.values())[::-1]
    own = [EXPERIMENTS[run["name"]].row for run in firsts]
    printed = [run for run, row in zip(firsts, own) if row.published is not None]
    return (printed or firsts)[:_AT_FIRST]


def _run(run: Run) -> dict[str, Any]:
    experiment = run.row.experiment
    several = len(list(runs_of(run.row))) > 1
    size = experiment.training.batch_size
    curves, bicubic = {}, {}
    for key, (column, _) in MEASURES.items():
        column = column.format(size)
        if column in run.history[0]:
            curves[key] = [round(float(line[column]), 3) for line in run.history]
    results = run.row.results
    if results is not None and "sub_images" in results:
        scores = results["sub_images"]
        bicubic["set5"] = scores["Set5"]["bicubic"]["patch"]
        if f"batch{size}" in scores["Set14"]["bicubic"]:
            bicubic["set14"] = scores["Set14"]["bicubic"][f"batch{size}"]
    return {
        "name": experiment.name,
        "table": experiment.row.table,
        "title": row_title(experiment) + f", seed {run.seed}" * several,
        "seed": run.seed,
        "planned": EXPERIMENTS[experiment.name].measure.n_epochs,
        "curves": curves,
        "data": _data_of(run.row),
        "bicubic": {key: round(value, 3) for key, value in bicubic.items()},
    }


def _data_of(row: Row) -> str:
    """What tells the data of a curve from those of others."""
    training = row.experiment.training
    changes = [f"{knob} {value}" for knob, value in training.recipe.items()]
    return ", ".join([training.protocol, *changes, f"x{training.scale}"])


def _group(data: Mapping[str, Any], table: str, words: str) -> str:
    boxes = [
        tag(
            "label",
            tag("input", type="checkbox", data_run=str(number)),
            " ",
            plain(run["title"]),
            " ",
            tag("code", plain(run["name"])),
        )
        for number, run in enumerate(data["runs"])
        if run["table"] == table
    ]
    return tag("fieldset", tag("legend", plain(words)), *boxes)
