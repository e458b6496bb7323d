"""The section of one table: its figures, notes, curves, averages, images, settings."""

from __future__ import annotations

from srcnn_theano.data.datasets import TEST_SETS
from srcnn_theano.evaluation.protocols import make_protocol
from srcnn_theano.evaluation.sub_images import AGGREGATIONS
from srcnn_theano.pages.document import Block, Details, Items, Paragraph, Table
from srcnn_theano.record import command
from srcnn_theano.report.rows import (
    PERCEPTUAL,
    Row,
    caveats,
    of_table,
    protocol_of,
    row_figures,
)
from srcnn_theano.report.sections import section
from srcnn_theano.report.verdicts import CHOICES, by_seeds
from srcnn_theano.report.words import (
    as_printed,
    cost_in_words,
    decibels,
    epochs,
    last_epochs,
    range_of,
    row_title,
)


def table_section(rows: dict[str, Row], table: str) -> list[Block]:
    """Everything that the report says of a table.

    Parameters
    ----------
    rows : dict of str to Row
    table : str
        One of `experiments.TABLES`.
    """
    own = of_table(rows, table)
    blocks: list[Block] = [
        _main_table(rows, own),
        *_vgg_table(rows, own),
        Paragraph(
            "**As the literature measures them** (`standard`): the network of the "
            "first seed, after its last epoch"
        ),
        _standard_table(own),
        Items([_note(rows, row) for row in own]),
        *_averages(own),
        *(_image_scores(row) for row in own if _shows_images(row)),
        _settings(own),
    ]
    return section(table, figures=blocks)


# --- The figures ---


def _main_table(rows, own):
    header = ["", "set", "mean", *_OVER_SEEDS, "bicubic"]
    return Table("lllrrrrrlr", header, [_main_cells(rows, row) for row in own])


def _vgg_table(rows, own):
    if own[0].experiment.row.table not in PERCEPTUAL:
        return []
    lines = []
    for row in own:
        figures = row_figures(row)
        last = figures and figures.vgg
        lines.append([_name(row), *_over_seeds(rows, row, "published_vgg", last)])
    return [
        Paragraph("**The same in VGG space**"),
        Table("lrrrrrl", ["", *_OVER_SEEDS], lines),
    ]


def _standard_table(own):
    header = ["", "ours: PSNR / SSIM", "bicubic: PSNR / SSIM", "epochs"]
    header += ["Set5 `patch`, last 10 epochs: median (range)"]
    return Table("lrrrr", header, [_standard_cells(row) for row in own])


def _standard_cells(row):
    figures = row_figures(row)
    if figures is None:
        return [_name(row), "", "", epochs(row), ""]
    return [
        _name(row),
        "{psnr:.2f} / {ssim:.4f}".format(**figures.standard),
        "{bicubic_psnr:.2f} / {bicubic_ssim:.4f}".format(**figures.standard),
        epochs(row),
        last_epochs(row),
    ]


def _name(row):
    return f"{row_title(row.experiment)} `{row.experiment.name}`"


_OVER_SEEDS = ["published", "ours", "range (seeds)", "last", "best", "verdict"]


def _main_cells(rows, row):
    experiment, figures = row.experiment, row_figures(row)
    return [
        _name(row),
        experiment.measure.test_set,
        f"`{experiment.measure.aggregation}`",
        *_over_seeds(rows, row, "published", figures and figures.ours),
        decibels(figures and figures.bicubic),
    ]


def _over_seeds(rows, row, field, last):
    """Published, ours over the seeds, and the verdict; else ours at the last epoch."""
    printed, of_row = as_printed(row.experiment, field), by_seeds(rows, row, field)
    if of_row is None:
        missing = row.status if field == "published" else ""
        return [printed, missing if last is None else f"**{last:.2f}**", *[""] * 4]
    others = [of_row.spreads.get(choice) for choice in CHOICES[1:]]
    return [
        printed,
        f"**{of_row.ours.median:.2f}**",
        f"{range_of(of_row.ours)} ({of_row.ours.n})".strip(),
        *(decibels(other and other.median) for other in others),
        of_row.in_words,
    ]


def _note(rows, row):
    experiment = row.experiment
    protocol = protocol_of(experiment)
    sentences = [
        f"**{row_title(experiment)}**. {experiment.row.notes} Protocol "
        f"`{protocol.name}` x{experiment.training.scale} (`{protocol.hash}`)."
    ]
    if row.history and experiment.trains:
        minutes = sum(float(epoch["seconds"]) for epoch in row.history) / 60
        iterations = int(row.history[-1]["iteration"])
        sentences.append(
            f"Trained for {row.n_epochs} epochs, {iterations:,} iterations, in "
            f"{minutes:.0f} minutes."
        )
    reasons = caveats(rows, row)
    if reasons:
        sentences.append(f"**Mind: {'; '.join(reasons)}.**")
    return " ".join([*sentences, f"`{command(experiment)}`"])


# --- Every way to average ---


def _averages(rows):
    measured = [row for row in rows if row.results and not _shows_images(row)]
    if not measured:
        return []
    header = [""] + [f"{name} `{how}`" for name in TEST_SETS for how in AGGREGATIONS]
    lines, bicubic = [], []
    for row in measured:
        lines.append(_average_cells(row.experiment.row.title, row, "ours"))
        if "vgg" in row.results:
            lines.append(_vgg_average_cells(row))
        plain = _average_cells("bicubic", row, "bicubic")
        if plain not in bicubic:
            bicubic.append(plain)
    table = Table("l" + "r" * (len(header) - 1), header, lines + bicubic)
    return section("averages", figures=[table])


def _average_cells(title, row, whose):
    cells, measure = [title], row.experiment.measure
    for name in TEST_SETS:
        scores = row.results["sub_images"][name][whose]
        for how in AGGREGATIONS:
            own = (measure.test_set, measure.aggregation) == (name, how)
            text = decibels(scores.get(how))
            cells.append(f"**{text}**" if own and whose == "ours" else text)
    return cells


def _vgg_average_cells(row):
    cells = [row.experiment.row.title + ": VGG space, `mean` of the maps"]
    for name in TEST_SETS:
        scores = row.results["vgg"][name]
        cells += [decibels(scores.get(how)) for how in AGGREGATIONS]
    return cells


# --- Every image ---


def _shows_images(row):
    return row.experiment.measure.aggregation == "image" and row.results is not None


def _image_scores(row):
    protocol = make_protocol("standard", row.experiment.training.scale)
    lines = []
    for name in TEST_SETS:
        for score in row.results["images"]["standard"]["scores"][name]:
            values = [
                name,
                score["image"],
                f"{score['psnr']:.2f}",
                f"{score['ssim']:.4f}",
                f"{score['bicubic_psnr']:.2f}",
                f"{score['bicubic_ssim']:.4f}",
                f"{score['psnr'] - score['bicubic_psnr']:+.2f}",
            ]
            if score["image"] == "mean":
                values = [f"**{value}**" for value in values]
            lines.append(values)
    header = ["set", "image", "PSNR", "SSIM", "bicubic", "SSIM", "gain"]
    return Details(
        f"`{row.experiment.name}`: every image",
        [Paragraph(protocol.describe() + "."), Table("llrrrrr", header, lines)],
    )


# --- Settings and versions ---

_SETTINGS = ["cost", "update", "rate", "decay", "batch", "L2", "options", "seed"]


def _settings(rows):
    """How each row is trained, and what it was run with."""
    header = ["", *_SETTINGS, "run with"]
    lines = [_setting_cells(row) for row in rows]
    return Details("Settings and versions", [Table("llllrrrlrl", header, lines)])


def _setting_cells(row):
    # What was run, else what would be.
    settings = dict(row.experiment.flat(), **row.record.get("experiment", {}))
    rates = [f"{settings['learning_rate']:g}"]
    rates += [f"{name} x{factor:g}" for name, factor in settings["layer_rates"].items()]
    options = [f"{name}: {value}" for name, value in settings["options"].items()]
    versions = row.record.get("versions", {})
    return [
        f"`{settings['name']}`",
        cost_in_words(settings),
        settings["update"],
        ", ".join(rates),
        f"{settings['decay']:g}",
        str(settings["batch_size"]),
        f"{settings['L2_reg']:g}",
        ", ".join(options),
        str(settings["seed"]),
        ", ".join(f"{name} {version}" for name, version in versions.items()),
    ]
