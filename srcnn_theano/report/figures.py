"""Tables and sentences of the documents, made from the records of results/."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import Mapping

from srcnn_theano.data.datasets import TEST_SETS
from srcnn_theano.evaluation.rule import Spread, spread
from srcnn_theano.report.facts import (
    TITLES,
    Printed,
    Worth,
    bicubic_of,
    bicubic_of_later,
    lead_in_words,
    printed_figures,
    printed_in_table2,
    slips,
)
from srcnn_theano.report.looked import close_in_words
from srcnn_theano.report.rows import Row, mean_scores
from srcnn_theano.report.tried import LATER, tries
from srcnn_theano.report.verdicts import KINDS, by_seeds, counts, in_words
from srcnn_theano.report.words import range_of
from srcnn_theano.tables import markdown_table


def counts_sentence(rows: Mapping[str, Row]) -> str:
    """How many printed figures have which verdict, as README.md begins with it."""
    programmed, described = (counts(rows, kind) for kind in KINDS)
    n_figures = sum(programmed.values())
    text = (
        f"Of the report's {n_figures} printed PSNR figures, made again as its program "
        f"made them: **{in_words(programmed)}**. **{close_in_words(rows)}.** As its "
        f"words describe them, done right: {in_words(described)}."
    )
    return textwrap.fill(text, width=92)


def readings_sentence(rows: Mapping[str, Row]) -> str:
    """Which readings of the program count, and what the others would give."""
    later: Counter[str] = Counter()
    for figure in printed_figures(rows):
        own = figure.ours["programmed"]
        other = [
            one.ours
            for one in tries(rows, figure)
            if one.experiment.name in LATER and one.ours is not None
        ]
        counted = other[0] if other else own
        later[counted.verdict if counted else "not run"] += 1
    text = (
        "In Tables 1 and 2 the program's first version counts, in mixed order, because "
        "two trainings of Adam by it that were made before any of these rows came near "
        "the printed 36.5 and those of the later one did not; of batch normalization "
        "the reading that had come near its print in an earlier training. Had the "
        "later version counted, and of batch normalization the data from before the "
        f"mend, it would be {in_words(later)}.{_beside_trials(rows)} "
        f"{_not_counted(rows)}"
    )
    return textwrap.fill(text, width=92)


def _not_counted(rows: Mapping[str, Row]) -> str:
    """Of which choices that looked at the print there are no other counts."""
    of_vgg = [one for one in printed_figures(rows) if one.table == "vgg"]
    tried = [tries(rows, one) for one in of_vgg]
    n_run = sum(any(t.ours for t in some) for some in tried)
    return (
        "By the other two choices that looked at the print the counts are not known: "
        f"rows from the start of the program's file are declared for "
        f"{sum(map(bool, tried))} of the {len(of_vgg)} figures of SRCNN with VGG16 "
        f"and run for {n_run}, and no row of FSRCNN with VGG16 has its targets cut "
        "first. What is explained is so by rows as programmed, and rests on the "
        "choices of these."
    )


def _beside_trials(rows: Mapping[str, Row]) -> str:
    """What the rows have where earlier trainings decided what counts."""
    adam = by_seeds(rows, rows["table2_set5_programmed"])
    seeds = rows["vgg_improved_programmed"].seeds
    first = spread([float(s.history[0]["set14_batch100"]) for s in seeds if s.history])
    if adam is None or first is None:
        return ""
    return (
        f" The rows themselves are less near: Adam has {range_of(adam.ours)} dB on "
        f"Set5 ({adam.ours.n} seeds), and the first epoch with VGG16 and the mended "
        "data, from the filters that were chosen by the printed 27.19, "
        f"{range_of(first)} dB ({first.n} seeds)."
    )


def lead_sentence(rows: Mapping[str, Row]) -> str:
    """What this project is, with the claim that it looks into, for README.md."""
    text = (
        "Networks that enlarge pictures, in Theano: SRCNN, FSRCNN and a VGG16 "
        "perceptual loss, as a reproduction of the course report *Super Resolution "
        "Convolutional Neural Network* (Jindal, Chan, Arora; Columbia University), "
        f"whose tables are {lead_in_words(rows)} dB above everybody else's."
    )
    return textwrap.fill(text, width=92)


def bicubic_sentence(rows: Mapping[str, Row]) -> str:
    """What bicubic alone scores, beside the report's best figures, for README.md."""
    # Of the program's later version, whose outputs are compared with the centres.
    row = rows["table1_adam_later_programmed"]
    if row.results is None:
        return "What bicubic scores has not been measured."
    set5, set14 = (bicubic_of_later(rows)[name] for name in TEST_SETS)
    literature = mean_scores(row.results, "standard", TEST_SETS[0])["bicubic_psnr"]
    best5, best14 = (printed_in_table2(rows)[name] for name in TEST_SETS)
    first = bicubic_of(rows, rows["table2_set5_programmed"])
    of_first = ""
    if first is not None:
        of_first = f" ({first:.2f} dB in the first version of its program)"
    text = (
        f"Plain bicubic scores {literature:.2f} dB on Set5 at x4 in the literature and "
        f"{set5:.2f} dB in the report's way of measuring{of_first}, where the report's "
        f"best network has {best5}. On Set14 bicubic has {set14:.2f} dB, and the best "
        f"network {best14}. So the {lead_in_words(rows)} dB are not the networks': "
        "bicubic alone has them."
    )
    return textwrap.fill(text, width=92)


def printed_table(rows: Mapping[str, Row]) -> str:
    """Every printed figure beside ours, as programmed and as described, in Markdown."""
    header = ["row", "name", "set", "published"]
    for kind in KINDS:
        header += [f"as {kind}", "range (seeds)", "verdict"]
    figures, lines = printed_figures(rows), []
    for table, title in TITLES.items():
        lines.append([f"**{title}**", *[""] * (len(header) - 1)])
        lines += [_line_of(one) for one in figures if one.table == table]
    return markdown_table("lllr" + "rrl" * 2, header, lines)


def _line_of(figure: Printed) -> list[str]:
    line = [figure.title, f"`{figure.stem}_...`", figure.test_set, figure.printed]
    for kind in KINDS:
        of_row = figure.ours[kind]
        line += (
            ["not run", "", ""]
            if of_row is None
            else [*_figure(of_row.ours), of_row.in_words]
        )
    return line


def _figure(ours: Spread) -> list[str]:
    return [f"**{ours.median:.2f}**", f"{range_of(ours)} ({ours.n})".strip()]


# --- What each slip is worth ---

_SLIPS_HEADER = [
    "slip",
    "figure",
    "as described",
    "with the slip",
    "difference",
    "all seeds as described",
    "command",
]


def slips_table(rows: Mapping[str, Row]) -> str:
    """What each slip is worth in dB, in Markdown."""
    lines = [_slip_line(one) for one in slips(rows)]
    return markdown_table("llrrrrl", _SLIPS_HEADER, lines)


def _slip_line(slip: Worth) -> list[str]:
    described, slipped, of_all = (
        "not run" if one is None else " ".join([f"{one.median:.2f}", _of_seeds(one)])
        for one in (slip.described, slip.slipped, slip.of_all)
    )
    difference = slip.difference
    worth = "" if difference is None else f"**{difference:+.2f}**"
    command = f"`srcnn-theano train {slip.row}`"
    return [slip.title, slip.figure, described, slipped, worth, of_all, command]


def _of_seeds(ours: Spread) -> str:
    return "(1 seed)" if ours.n == 1 else f"({range_of(ours)}, {ours.n} seeds)"
