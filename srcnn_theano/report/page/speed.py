"""How long the trainings took, from their histories."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple

import numpy as np

from srcnn_theano.pages.document import Block, Paragraph, Table
from srcnn_theano.report.rows import Row

_NETWORKS = {
    "srcnn": "SRCNN 9-1-5",
    "fsrcnn": "FSRCNN",
    "half-fsrcnn": "FSRCNN, half of it",
    "fsrcnn-strideless": "FSRCNN, without a stride",
    "half-strideless": "FSRCNN, half of it, without a stride",
}


class Kind(NamedTuple):
    """What makes steps comparable."""

    network: str
    in_vgg: bool
    colours: int
    batch_size: int
    machine: str


def speed_blocks(rows: Mapping[str, Row]) -> list[Block]:
    """A table of steps per second, a line for each kind of step."""
    kinds = steps_per_second(rows)
    if not kinds:
        return [Paragraph("No network has been trained yet.")]
    lines = []
    for kind in sorted(kinds):
        speeds, hours = map(list, zip(*kinds[kind]))
        spread = f"{min(speeds):,.1f} to {max(speeds):,.1f}" if len(speeds) > 1 else ""
        lines.append(
            [
                kind.network + ", VGG16 in the cost" * kind.in_vgg,
                "RGB" if kind.colours == 3 else "luma",
                str(kind.batch_size),
                kind.machine,
                f"{np.median(speeds):,.1f}",
                spread,
                str(len(speeds)),
                f"{sum(hours):.1f}",
            ]
        )
    header = ["network", "colours", "batch", "machine", "steps per second", "range"]
    header += ["trainings", "hours in all"]
    return [Table("llrlrrrr", header, lines)]


def steps_per_second(
    rows: Mapping[str, Row],
) -> dict[Kind, list[tuple[float, float]]]:
    """(steps per second, hours) of each row's training, by the kind of its steps.

    Other seeds may have been trained on other machines, which a row does not know.
    """
    kinds: dict[Kind, list[tuple[float, float]]] = {}
    for row in rows.values():
        seconds = sum(float(line["seconds"]) for line in row.history)
        if row.experiment.trains and seconds > 0:
            entry = (int(row.history[-1]["iteration"]) / seconds, seconds / 3600)
            kinds.setdefault(_kind(row), []).append(entry)
    return kinds


def _kind(row: Row) -> Kind:
    training = row.experiment.training
    return Kind(
        _NETWORKS.get(training.model, training.model),
        bool(training.vgg_weight),
        training.options.get("channels", 1),
        training.batch_size,
        _machine(row.record),
    )


def _machine(record: Mapping[str, Any]) -> str:
    cards = record.get("accelerators") or []
    if record.get("device") == "gpu":
        return str(cards[0]).split(",")[0] if cards else "a GPU"
    threads = record.get("threads")
    if threads is None:
        return "processor"
    return f"processor, {threads} thread{'s' if str(threads) != '1' else ''}"
