"""Tables of docs/results.md and lines of README.md beside the printed figures."""

from __future__ import annotations

from typing import Mapping

from srcnn_theano.report.rows import Row, of_table, row_figures
from srcnn_theano.report.words import decibels, last_epochs
from srcnn_theano.tables import markdown_table

# --- What section 5.1.2 says in words ---


def deconvolution_table(rows: Mapping[str, Row]) -> str:
    """Each way to enlarge after so many epochs, in Markdown."""
    trainings: dict[str, dict[int, Row]] = {}
    for row in of_table(dict(rows), "fsrcnn-deconv"):
        of_training = trainings.setdefault(row.experiment.trained_by, {})
        of_training[row.experiment.measure.n_epochs] = row
    lengths = sorted({length for held in trainings.values() for length in held})
    lines = []
    for name, held in trainings.items():
        title = rows[name].experiment.row.title.rsplit(", ", 1)[0]
        cells = [_two_figures(held[n]) if n in held else "" for n in lengths]
        lines.append([title, f"`{name}`", *cells])
    measured = [
        row_figures(row) for held in trainings.values() for row in held.values()
    ]
    for one in filter(None, measured[:1]):
        cell = f"{one.bicubic:.2f} / {one.standard['bicubic_psnr']:.2f}"
        lines.append(["Bicubic", "", *[cell] * len(lengths)])
    header = ["", "name", *(f"{length} epochs" for length in lengths)]
    return markdown_table("ll" + "r" * len(lengths), header, lines)


def _two_figures(row: Row) -> str:
    figures = row_figures(row)
    if figures is None:
        return row.status
    return f"{figures.ours:.2f} / {figures.standard['psnr']:.2f}"


def words_table(rows: Mapping[str, Row]) -> str:
    """Trainings and layers that the report tells of without figures, in Markdown."""
    lines = []
    for table in ("fsrcnn-training", "fsrcnn-layers"):
        for row in of_table(dict(rows), table):
            figures = row_figures(row)
            lines.append(
                [
                    row.experiment.row.title,
                    f"`{row.experiment.name}`",
                    row.status if figures is None else f"**{figures.ours:.2f}**",
                    decibels(figures and figures.standard["psnr"]),
                    last_epochs(row),
                ]
            )
    header = ["", "name", "Set14, `batch20`", "Set14, `standard`"]
    header += ["Set5, `patch`, last 10 epochs"]
    return markdown_table("llrrr", header, lines)


# --- Networks for pictures ---


def pictures_table(rows: Mapping[str, Row]) -> str:
    """PSNR / SSIM of the networks for pictures under `standard`, in Markdown."""
    lines = []
    for scale in (2, 3, 4):
        named = [rows[f"{model}_x{scale}"] for model in _FOR_PICTURES]
        cells = [f"x{scale}"]
        for test_set in ("Set5", "Set14"):
            cells += [_mean_of(named[0], test_set, "bicubic_")]
            cells += [_ours_and_published(row, test_set) for row in named]
        lines.append(cells)
    names = list(_FOR_PICTURES.values())
    header = ["", "Set5 bicubic", *names, "Set14 bicubic", *names]
    return markdown_table("l" + "r" * (len(header) - 1), header, lines)


_FOR_PICTURES = {"srcnn": "SRCNN", "fsrcnn": "FSRCNN", "fsrcnn_large": "larger FSRCNN"}
# What Dong et al. publish for Set14; for Set5 the experiments say it.
_OF_SET14 = {
    "srcnn_x2": 32.18,
    "srcnn_x3": 29.00,
    "srcnn_x4": 27.20,
    "fsrcnn_x2": 32.63,
    "fsrcnn_x3": 29.43,
    "fsrcnn_x4": 27.59,
}


def _ours_and_published(row: Row, test_set: str) -> str:
    published = row.experiment.row.published
    if test_set == "Set14":
        published = _OF_SET14.get(row.experiment.name)
    ours = _mean_of(row, test_set, "")
    beside = "" if published is None else f" ({published:.2f})"
    return f"**{ours}**{beside}" if ours else row.status


def _mean_of(row: Row, test_set: str, whose: str) -> str:
    if row.results is None:
        return ""
    scores = row.results["images"]["standard"]["scores"][test_set][-1]
    ssim = f"{scores[whose + 'ssim']:.4f}".lstrip("0")
    return f"{scores[whose + 'psnr']:.2f} / {ssim}"


# --- How long it takes ---


def durations(rows: Mapping[str, Row]) -> dict[str, tuple[int, float, int]]:
    """How long the trainings of each table took that are in results/.

    Returns
    -------
    dict of str to tuple
        By the table: trainings that are there, their hours, and all its trainings,
        one seed of each.
    """
    told: dict[str, tuple[int, float, int]] = {}
    for row in rows.values():
        if row.experiment.trains:
            table = row.experiment.row.table
            done, hours, planned = told.get(table, (0, 0.0, 0))
            seconds = sum(float(epoch["seconds"]) for epoch in row.history)
            of_this = row.status == "done"
            told[table] = (
                done + of_this,
                hours + of_this * seconds / 3600,
                planned + 1,
            )
    return told


def durations_table(rows: Mapping[str, Row]) -> str:
    """The trainings of each table and their hours, in Markdown."""
    devices: dict[str, set[str]] = {}
    for row in rows.values():
        if row.experiment.trains and row.status == "done":
            # Only records of later versions say it; the earlier ran on processors.
            parts = [row.record, *row.record.get("earlier", [])]
            table = devices.setdefault(row.experiment.row.table, set())
            table.update(part.get("device") or "cpu" for part in parts)
    lines = [
        [
            f"`srcnn-theano reproduce {table}`",
            f"{done} of {planned}",
            f"{hours:.1f}" if done else "",
            ", ".join(sorted(devices.get(table, ()))),
        ]
        for table, (done, hours, planned) in durations(rows).items()
    ]
    header = ["command", "trainings in results/", "hours", "device"]
    return markdown_table("lrrl", header, lines)


def commands_block(rows: Mapping[str, Row]) -> str:
    """The commands that reproduce, with how long they took, for README.md."""
    told = durations(rows).values()
    done, hours, planned = (sum(part) for part in zip(*told))
    lines = [
        ("data get --from SOURCE... --data DIR", "the image sets: seconds"),
        (
            "reproduce all --data DIR",
            f"the {planned - done} of {planned} trainings that results/ lacks",
        ),
        (
            "reproduce all --anew --data DIR",
            f"all; the {done} that were timed took {hours:.0f} hours",
        ),
        ("report --runs runs --data DIR", "report/report.html: minutes"),
    ]
    return "\n".join(f"    srcnn-theano {line:37}# {told}" for line, told in lines)
