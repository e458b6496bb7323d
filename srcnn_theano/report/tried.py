"""Printed figures: what is not known of them, and all that was tried."""

from __future__ import annotations

from typing import Mapping, NamedTuple

from srcnn_theano.experiments.records import Experiment
from srcnn_theano.report.facts import TITLES, Printed, printed_figures
from srcnn_theano.report.rows import Row
from srcnn_theano.report.verdicts import BySeeds, by_seeds
from srcnn_theano.report.words import range_of
from srcnn_theano.tables import markdown_table

# --- Why ---

_ORDER = (
    "Which version of the program printed this table, and in which order its files "
    "came, is not known, nor how the bug of the enlargement was mended. All seeds have "
    "the same order."
)
_VGG = (
    "The rows take Adam, which the report names, and filters from N(0, 2 / side^2), "
    "because a first epoch from them came near the printed 27.19. In the file that is "
    "left RMSProp is switched on, filters begin from N(0, 0.01^2) and biases from 1; "
    "what the printed rows began from is not known."
)
_IMPROVED = f"{_VGG} 'All the best parameters' is all that is said of them."
_FSRCNN_VGG = (
    "No file of this network is left. The rows are put together from two: the layers "
    "and first filters of FSRCNN, and the cost, rate, minibatches and whole targets of "
    "SRCNN with VGG16."
)
# By the name of a row less its last word; what is known does not depend on records.
WHY = {
    "table1_adam": _ORDER,
    "table1_rmsprop": f"{_ORDER} The step is that of the program with VGG16, the only "
    "RMSProp of it that is left.",
    "table1_rmsprop_l2": f"{_ORDER} Beside a sum of squares the norm weighs next to "
    "nothing.",
    "table1_sgd": "One bias is trained, so the figure is that of the first filters, "
    "drawn from a generator without a seed: `python -m claims sgd`.",
    "table1_bn_l2": "The graph of this row is not left: after which layers the "
    "normalization stood, and which statistics it had at test time, is not known. That "
    "all layers have it, and those of the minibatch, was inferred from the print.",
    "table2_set5": _ORDER,
    "table2_set14": _ORDER,
    "fsrcnn_relu": "Which filters the printed training began from is not known.",
    "fsrcnn_prelu": "Which filters the printed training began from is not known.",
    "fsrcnn_augmented_20": "Inputs are mirrored and targets are not, by the program's "
    "file. Which of its switches were on for this figure, and whether minibatches had "
    "50 or 25, is not known.",
    "fsrcnn_augmented": "With mirrored inputs a network that learns what it is asked "
    "for cannot reach it: `python -m claims augmented_100`. Of the other switches, "
    "translation moves by nothing, and rotation turns inputs alone.",
    "vgg_only": _VGG,
    "vgg_mse_20": _VGG,
    "vgg_mse": _VGG,
    "vgg_last_layer": _VGG,
    "vgg_improved_20": _IMPROVED,
    "vgg_improved": _IMPROVED,
    "fsrcnn_vgg": _FSRCNN_VGG,
    "fsrcnn_vgg_mse": _FSRCNN_VGG,
}

# Why ours may lie elsewhere, of figures that are open as programmed.
_ADAM_OPEN = (
    "Why ours is better than the print is not known. Every version, order and start "
    "that was run is better, too, and the figure of the first version swings by "
    "several dB from epoch to epoch, so much depends on where the printed training "
    "stopped."
)
_IMPROVED_OPEN = (
    "Why ours is better than the print, in pixels and in VGG space and after both "
    "lengths, is not known: it has learned faster, so that rate, update or first "
    "filters may be others than the printed row's."
)
OPEN = {
    ("table1_adam", "published"): _ADAM_OPEN,
    ("table2_set5", "published"): _ADAM_OPEN,
    ("table2_set14", "published"): _ADAM_OPEN,
    ("fsrcnn_augmented_20", "published"): "Why ours is worse than the print is not "
    "known. From filters of N(0, 0.5^2) this network learns slowly; rows with other "
    "filters, switches and minibatches show what each of these is worth.",
    ("fsrcnn_augmented", "published"): "So it was not made as the file is, with its "
    "flips; without them ours is better, but below the print as well, and what else "
    "was changed is not known.",
    ("vgg_mse_20", "published"): "Why ours is better than the print is not known. Ours "
    "is after 20 epochs where it is after 50, while the printed row was still "
    "learning: from a slower start, or at a smaller rate, it would have been.",
    ("vgg_improved_20", "published_vgg"): _IMPROVED_OPEN,
    ("vgg_improved", "published"): _IMPROVED_OPEN,
    ("vgg_improved", "published_vgg"): _IMPROVED_OPEN,
    ("fsrcnn_vgg_mse", "published_vgg"): "Why ours is worse than the print is not "
    "known. That targets are whole was inferred from the print, which lies above what "
    "the target itself then scores: `python -m claims other_scale`.",
}

# Readings of Tables 1 and 2 that might count in the place of those that do.
LATER = (
    "table1_adam_later_programmed",
    "table1_rmsprop_later_programmed",
    "table1_rmsprop_l2_later_programmed",
    "table1_sgd_later_programmed",
    "table1_bn_l2_initial_programmed",
)

# --- What was tried ---


class Try(NamedTuple):
    """Another row that may have given a printed figure; None where it was not run.

    `is_kept` is false where the row has no figure after so few epochs, run or not.
    """

    experiment: Experiment
    ours: BySeeds | None
    is_kept: bool = True


def is_open(figure: Printed) -> bool:
    """Whether one of its two rows has been run and missed it."""
    return any(one and one.verdict == "open" for one in figure.ours.values())


def why(figure: Printed) -> str:
    """What is not known of a figure; of one that is open as programmed, also why."""
    programmed, text = figure.ours["programmed"], WHY[figure.stem]
    if programmed is None or programmed.verdict != "open":
        return text
    reason = OPEN.get((figure.stem, figure.field), "Why ours differs is not known.")
    return f"{text} {reason}"


def tries(rows: Mapping[str, Row], figure: Printed) -> list[Try]:
    """Every other row that was declared for what the program did, whatever it hit.

    Those are the ones with the same print, and for a row that measures the network of
    another those with that row's print: on the set of the figure, and after as many
    epochs.
    """
    base = figure.rows["programmed"].experiment
    print_of_trained = getattr(rows[base.trained_by].experiment.row, figure.field)
    wanted = {getattr(base.row, figure.field), print_of_trained}
    seen, others = [_network(base)], []
    for row in rows.values():
        if getattr(row.experiment.row, figure.field) not in wanted:
            continue
        row = _after(row, base.measure.n_epochs)
        experiment = row.experiment
        is_reading = not experiment.name.endswith("_described")
        is_reading &= experiment.measure.n_epochs <= base.measure.n_epochs
        # Histories are of pixels: there is no earlier figure in VGG space.
        is_kept = figure.field == "published" or row is rows[experiment.name]
        if is_reading and _network(experiment) not in seen:
            seen.append(_network(experiment))
            ours = by_seeds(rows, _as(row, base), figure.field)
            others.append(Try(experiment, ours, is_kept))
    return others


def _after(row: Row, n_epochs: int) -> Row:
    """A row after fewer epochs than it has, by its histories."""
    experiment = row.experiment
    if not experiment.trains or experiment.measure.n_epochs <= n_epochs:
        return row
    length, title = f"{n_epochs} epochs", experiment.row.title
    longer = f"{experiment.measure.n_epochs} epochs"
    title = title.replace(longer, length) if longer in title else f"{title}, {length}"
    return row._replace(
        experiment=experiment._replace(
            row=experiment.row._replace(title=title),
            measure=experiment.measure._replace(n_epochs=n_epochs),
        ),
        seeds=[
            seed._replace(history=seed.history[:n_epochs], results=None)
            for seed in row.seeds
        ],
    )


def _network(experiment: Experiment) -> tuple:
    """What tells a measured network from others."""
    how = sorted(experiment.options.items(), key=str)
    return experiment.trained_by, experiment.measure.n_epochs, str(how)


def _as(row: Row, base: Experiment) -> Row:
    """A row measured on the set, and held against the print, of another."""
    experiment = row.experiment
    measure = experiment.measure._replace(test_set=base.measure.test_set)
    printed = experiment.row._replace(
        published=base.row.published, published_vgg=base.row.published_vgg
    )
    return row._replace(experiment=experiment._replace(measure=measure, row=printed))


# --- The page ---


def tried_list(rows: Mapping[str, Row]) -> str:
    """Every printed figure that has been tried, in Markdown."""
    parts = []
    for table, title in TITLES.items():
        of_table = [
            one
            for one in printed_figures(rows)
            if one.table == table and one.ours["programmed"]
        ]
        if of_table:
            parts.append(f"## {title}")
            parts += [_part(rows, one) for one in of_table]
    return "\n\n".join(parts) if parts else "None has been tried."


def _part(rows: Mapping[str, Row], figure: Printed) -> str:
    programmed = figure.ours["programmed"]
    assert programmed is not None  # only what has been tried is listed
    told = f"`{figure.stem}_programmed`: {_told(programmed)}. {why(figure)}"
    if programmed.verdict == "open":
        told += _at_the_end(programmed)
    lines = [_line(one) for one in tries(rows, figure)]
    header = ["tried besides", "row", "ours", "range (seeds)", "the print", "verdict"]
    table = markdown_table("llrrll", header, lines)
    return f"### {figure.title}: {figure.printed} dB on {figure.test_set}\n\n" + (
        f"{told}\n\n{table}" if lines else f"{told} Nothing else was tried."
    )


def _at_the_end(of_row: BySeeds) -> str:
    """The figure of the last epoch, where the rule takes another."""
    last = of_row.spreads.get("last")
    if last is None or last == of_row.ours:
        return ""
    spread = f" ({range_of(last)})" if last.n > 1 else ""
    return f" At the last epoch ours is {last.median:.2f} dB{spread}."


def _told(of_row: BySeeds) -> str:
    ours = of_row.ours
    spread = f" ({range_of(ours)}, {ours.n} seeds)" if ours.n > 1 else " (1 seed)"
    where = f"the print lies {_where(of_row)}: {of_row.in_words}"
    return f"{ours.median:.2f} dB{spread}; {where}"


def _where(of_row: BySeeds) -> str:
    """Where the printed figure is, as seen from the range."""
    assert of_row.printed is not None
    ours = of_row.ours
    for far, word in (
        (ours.lowest - of_row.printed, "below"),
        (of_row.printed - ours.highest, "above"),
    ):
        if far > 0:
            return f"{far:.2f} dB {word}"
    return "within"


def _line(tried: Try) -> list[str]:
    experiment, of_row, is_kept = tried
    line = [experiment.row.title, f"`{experiment.name}`"]
    if not is_kept:
        return [*line, "not kept after so few epochs", "", "", ""]
    if of_row is None:
        return [*line, "not run yet", "", "", ""]
    ours = of_row.ours
    spread = f"{range_of(ours)} ({ours.n})".strip()
    return [*line, f"{ours.median:.2f}", spread, _where(of_row), of_row.in_words]
