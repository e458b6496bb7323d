"""The curves of a table's trainings, with plain bicubic beside them."""

from __future__ import annotations

from pathlib import Path
from typing import Iterable

from srcnn_theano.pages.charts import Curve, Panel, draw_curves
from srcnn_theano.pages.document import Block, Pictures
from srcnn_theano.report.rows import Row
from srcnn_theano.report.words import row_title

_NEAR = 6  # dB below bicubic; what stays farther off is not drawn enlarged


def curves_of(rows: list[Row], table: str, out_dir: Path) -> list[Block]:
    """The picture of a table's curves, if any of its rows has a training to show."""
    trained = _trainings(rows)
    if table == "table2" or not trained:  # the curve stands in table 1
        return []
    panels: list[Panel] = []
    if table == "models":  # each scale has its own bicubic
        for row in trained:
            curve = _curve(row)._replace(label="network")
            title = row_title(row.experiment)
            panels.append(Panel(title, [curve], _validation_bicubic(row)))
    else:
        for title, rows_of_data in _by_data(trained).items():
            panels += _far_and_near(title, rows_of_data)
    name = f"curves-{table}.svg"
    draw_curves(out_dir / name, panels)
    caption = (
        "Set5 after each epoch of training, on sub-images under the row's protocol: "
        "the mean of their PSNR."
    )
    if any(panel.bicubic is not None for panel in panels):
        caption += " The dashed line is what plain bicubic scores."
    return [Pictures([("PSNR against iterations", name)], caption)]


def _trainings(rows: Iterable[Row]) -> list[Row]:
    """For each training the row that looks at most of its epochs: the one that trains,
    if it is in the table."""
    longest: dict[str, Row] = {}
    for row in rows:
        name = row.experiment.trained_by
        if row.history and (name not in longest or _reach(row) > _reach(longest[name])):
            longest[name] = row
    return list(longest.values())


def _reach(row):
    return row.n_epochs, row.experiment.trains


def _curve(row):
    history = row.history[: row.n_epochs]
    return Curve(
        row_title(row.experiment),
        [int(epoch["iteration"]) for epoch in history],
        [float(epoch["set5_psnr"]) for epoch in history],
    )


def _by_data(rows: list[Row]) -> dict[str, list[Row]]:
    """The rows by the data of their curves, with a title if these are not all alike."""
    groups: dict[str, list[Row]] = {}
    for row in rows:
        training = row.experiment.training
        changes = [f"{knob} {value}" for knob, value in training.recipe.items()]
        name = ", ".join(["Set5", training.protocol, *changes])
        groups.setdefault(name, []).append(row)
    return groups if len(groups) > 1 else {"Set5": rows}


def _far_and_near(title, rows):
    """All curves in one panel, and those near bicubic in another one, enlarged."""
    curves = [_curve(row) for row in rows]
    bicubic = next(filter(None, map(_validation_bicubic, rows)), None)
    panels = [Panel(title, curves, bicubic)]
    near = [c for c in curves if bicubic and max(c.y) > bicubic - _NEAR]
    if 0 < len(near) < len(curves):
        top = max([bicubic] + [max(c.y) for c in near])
        limits = (bicubic - _NEAR, top + 0.5)
        panels.append(Panel(title + ", close to bicubic", near, bicubic, limits))
    return panels


def _validation_bicubic(row: Row) -> float | None:
    """What bicubic scores on the data of the curve; None before it is measured."""
    if row.results is None:
        return None
    return row.results["sub_images"]["Set5"]["bicubic"]["patch"]
