"""The report's tables cell by cell as printed, and the story of each figure."""

from __future__ import annotations

from typing import Mapping, NamedTuple, Sequence, Union

from srcnn_theano.evaluation.rule import Spread
from srcnn_theano.pages.document import html_text
from srcnn_theano.pages.markup import figure, plain, tag, ticks
from srcnn_theano.record import command
from srcnn_theano.report.facts import (
    INVENTORS,
    Printed,
    bicubic_of,
    printed_figures,
    printed_in_table2,
)
from srcnn_theano.report.rows import Row, caveats
from srcnn_theano.report.tried import WHY, is_open, why
from srcnn_theano.report.verdicts import KINDS, BySeeds, figures_of_seeds
from srcnn_theano.report.words import range_of


def claim(rows: Mapping[str, Row]) -> str:
    """What the report claimed, and what was done about it, with marks."""
    printed = " and ".join(printed_in_table2(rows).values())
    inventors = " and ".join(map(str, INVENTORS.values()))
    return (
        "In 2016 a course report at Columbia University taught small neural networks "
        f"to enlarge photographs four times, and printed **{printed} dB** where the "
        f"inventors of the method had **{inventors}**, on two sets of pictures. The "
        "more decibels, the closer to the original: six more are half the error. This "
        "project trained everything again, once as the report's program did it and "
        "once as its words describe it."
    )


class Cell(NamedTuple):
    """A printed figure in a table: the row's name less its last word, and the field."""

    stem: str
    field: str = "published"


_Content = Union[str, Sequence[Cell]]


class Layout(NamedTuple):
    """A table as the report prints it; the first column has the names of the rows."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[_Content]]


def _one(stem: str, field: str = "published") -> tuple[Cell]:
    return (Cell(stem, field),)


def _two(title: str, stem: str) -> Sequence[_Content]:
    return (title, _one(stem), _one(stem, "published_vgg"))


LAYOUTS = (
    Layout(
        "Table 1: which way to train (SRCNN, PSNR in dB on Set14)",
        ("Experiment", "SGD", "Adam", "RMSProp"),
        (
            (
                "Test PSNR",
                _one("table1_sgd"),
                _one("table1_adam"),
                _one("table1_rmsprop"),
            ),
        ),
    ),
    Layout(
        "Table 1, continued: the L2 norm, and batch normalization",
        ("Experiment", "RMSProp + L2", "Batch normalization + L2"),
        (("Test PSNR", _one("table1_rmsprop_l2"), _one("table1_bn_l2")),),
    ),
    Layout(
        "Table 2: beside the literature (SRCNN by Adam)",
        ("PSNR", "inventors", "report"),
        (
            ("Set5", str(INVENTORS["Set5"]), _one("table2_set5")),
            ("Set14", str(INVENTORS["Set14"]), _one("table2_set14")),
        ),
    ),
    Layout(
        "Section 5.1.2: FSRCNN (Set14)",
        ("PSNR", "inventors, another measure", "report"),
        (
            ("ReLU", "31.95", _one("fsrcnn_relu")),
            ("PReLU", "32.95", _one("fsrcnn_prelu")),
            (
                "Data augmentation, 20 and 100 epochs",
                "not reported",
                (Cell("fsrcnn_augmented_20"), Cell("fsrcnn_augmented")),
            ),
        ),
    ),
    Layout(
        "Section 5.1.3: SRCNN judged by another network, VGG16 (Set14)",
        ("Experiment", "PSNR of pixels", "PSNR in VGG space"),
        (
            _two("Only VGG loss", "vgg_only"),
            _two("VGG + SRCNN loss, 20 epochs", "vgg_mse_20"),
            _two("VGG + SRCNN loss, 50 epochs", "vgg_mse"),
            _two("Lower rate in the last layer", "vgg_last_layer"),
            _two("Improved upsampling, 20 epochs", "vgg_improved_20"),
            _two("Improved upsampling, 40 epochs", "vgg_improved"),
        ),
    ),
    Layout(
        "Section 5.1.4: FSRCNN judged by VGG16 (Set14)",
        ("Cost", "PSNR in VGG space"),
        (
            ("VGG loss", _one("fsrcnn_vgg", "published_vgg")),
            ("VGG loss + MSE", _one("fsrcnn_vgg_mse", "published_vgg")),
        ),
    ),
)


def printed_section(rows: Mapping[str, Row]) -> str:
    """All tables, the stories of a table's figures below it, as HTML."""
    figures = {Cell(one.stem, one.field): one for one in printed_figures(rows)}
    return "\n".join(_table(rows, layout, figures) for layout in LAYOUTS)


def _table(
    rows: Mapping[str, Row], layout: Layout, figures: Mapping[Cell, Printed]
) -> str:
    head = [tag("th", plain(name), scope="col") for name in layout.header]
    lines, told = [], []
    for title, *cells in layout.rows:
        line = [tag("th", plain(str(title)), scope="row")]
        for cell in cells:
            if isinstance(cell, str):
                line.append(tag("td", plain(cell)))
                continue
            line.append(tag("td", *(_cell(figures[one]) for one in cell)))
            told += [figures[one] for one in cell]
        lines.append(tag("tr", *line))
    table = tag(
        "table",
        tag("caption", plain(layout.caption)),
        tag("thead", tag("tr", *head)),
        tag("tbody", *lines),
        class_="printed",
    )
    summary = "The story of this figure"
    if len(told) > 1:
        summary = f"The stories of these {len(told)} figures"
    stories = tag(
        "details",
        tag("summary", summary),
        *(_story(rows, one) for one in told),
        class_="stories",
    )
    return tag("div", table, stories, class_="told")


def _cell(one: Printed) -> str:
    """A printed figure, which leads to its story, and what became of it."""
    ours = one.ours["programmed"]
    link = tag(
        "a",
        plain(one.printed),
        href="#" + story_id(one),
        aria_label=f"{one.printed} dB printed, {one.title}: its story",
    )
    again = "" if ours is None else _ours(ours.ours)
    return tag("div", link, again, _verdict(ours), class_="cell")


def _ours(spread: Spread) -> str:
    """Ours in a cell: of several trainings the median, the range, and how many died."""
    if spread.n == 1:
        return tag("small", "ours ", figure(spread.median), ", one training")
    parts = ["ours ", figure(spread.median), f" (median of {spread.n}, "]
    parts += [figure(spread.lowest), " to ", figure(spread.highest)]
    if spread.n_dead:
        parts.append(tag("b", f"; {spread.n_dead} died"))
    parts.append(")")
    return tag("small", *parts)


def story_id(one: Printed) -> str:
    return _told_id(one.stem, one.field)


def _verdict(ours: BySeeds | None, whole: bool = False) -> str:
    """The verdict; the whole of it says what seeds that died have to do with it."""
    name = ours.verdict if ours else "not run"
    words = ours.in_words if ours and whole else name
    return tag("span", words, class_="verdict " + name.replace(" ", "-"))


# --- A story ---


def _story(rows: Mapping[str, Row], one: Printed) -> str:
    heading = tag(
        "h3",
        tag("b", plain(one.title)),
        f" {plain(one.test_set)}, printed {plain(one.printed)} dB ",
        _verdict(one.ours["programmed"]),
    )
    reason = ""
    if is_open(one) and one.stem in WHY:
        reason = tag(
            "p", tag("b", "Why it is open, as far as known: "), html_text(why(one))
        )
    return tag(
        "article",
        heading,
        _dots(rows, one),
        *(_told(rows, one, kind) for kind in KINDS),
        reason,
        tag("p", tag("a", "Back to the tables", href="#printed"), class_="more"),
        class_="story",
        id=story_id(one),
    )


def _told(rows: Mapping[str, Row], one: Printed, kind: str) -> str:
    row, ours = one.rows[kind], one.ours[kind]
    parts = [tag("b", f"As {kind}: ")]
    if ours is None:
        parts.append("not run yet. ")
    else:
        parts += [tag("b", figure(ours.ours.median), " dB"), " ", _range(ours), ": "]
        parts.append(_verdict(ours, whole=True) + " ")
    plain_psnr = bicubic_of(rows, row) if one.field == "published" else None
    if plain_psnr is not None:
        parts.append(f"Bicubic on the same data: {figure(plain_psnr)} dB. ")
    explaining = row.experiment.row.explained_by
    if ours is not None and ours.verdict == "explained":
        title = plain(rows[explaining].experiment.row.title)
        if explaining in (other.experiment.name for other in one.rows.values()):
            title = tag("a", title, href="#" + _told_id(explaining, one.field))
        parts.append(f"What explains it: {title}. ")
    notes = row.experiment.row.notes
    parts.append(html_text(notes + " " if notes else ""))
    reasons = caveats(dict(rows), row)
    if reasons:
        parts.append(tag("b", plain(f"Mind: {'; '.join(reasons)}. ")))
    parts.append(html_text(f"`{command(row.experiment)}`"))
    name = row.experiment.name
    return tag(
        "p",
        *parts,
        id=_told_id(name, one.field),
        data_row=name,
        data_field=one.field,
    )


def _told_id(name: str, field: str) -> str:
    """Of what tells of a figure: a row's paragraph, or a story of both rows."""
    return name + ("-vgg" if field == "published_vgg" else "")


def _range(ours: BySeeds) -> str:
    spread = ours.ours
    if spread.n == 1:
        return "(one training)"
    low, high = figure(spread.lowest), figure(spread.highest)
    return f"(median of {spread.n} trainings, {low} to {high})"


# --- The drawing ---

_LANE, _TOP = 34, 20  # px


def _dots(rows: Mapping[str, Row], one: Printed) -> str:
    """Each training as a dot, the printed figure and bicubic as lines."""
    printed = float(one.printed)
    seeds = {k: figures_of_seeds(one.rows[k], one.field) for k in KINDS}
    lines = {
        k: bicubic_of(rows, one.rows[k]) if one.field == "published" else None
        for k in KINDS
    }
    known = [printed, *(line for line in lines.values() if line is not None)]
    known += [value for values in seeds.values() for value in values]
    low, high = min(known), max(known)
    margin = max(0.08 * (high - low), 0.25)
    low, high = low - margin, high + margin

    def at(value: float) -> str:
        return f"{100 * (value - low) / (high - low):.2f}%"

    bottom = _TOP + _LANE * len(KINDS)
    marks = [
        tag("line", x1=at(tick), x2=at(tick), y1=_TOP, y2=bottom, class_="grid")
        + _words(at(tick), bottom + 14, f"{tick:g}", "soft")
        for tick in ticks(low, high, 5)
    ]
    marks.append(tag("line", x1=at(printed), x2=at(printed), y1=_TOP, y2=bottom))
    marks.append(_words(at(printed), _TOP - 6, f"printed {one.printed}"))
    for number, kind in enumerate(KINDS):
        middle = _TOP + _LANE * (number + 0.5)
        line = lines[kind]
        if line is not None:
            ends = {"y1": middle - 13, "y2": middle + 13}
            marks.append(
                tag("line", x1=at(line), x2=at(line), **ends, class_="bicubic")
            )
        marks += [
            tag("circle", cx=at(value), cy=middle, r=5, class_=kind)
            for value in seeds[kind]
        ]
    drawing = tag(
        "svg",
        *marks,
        height=bottom + 20,
        role="img",
        aria_label=_in_words(one, lines),
    )
    names = [tag("span", f"as {kind}") for kind in KINDS]
    key = "Dots: our trainings, above as programmed, below as described. "
    key += "Solid line: printed."
    if any(line is not None for line in lines.values()):
        key += " Dashed: bicubic, no network."
    return tag(
        "figure",
        tag("div", tag("div", *names, class_="lanes"), drawing, class_="dots"),
        tag("figcaption", key),
    )


def _words(x: str, y: float, words: str, kind: str | None = None) -> str:
    return tag("text", plain(words), x=x, y=y, text_anchor="middle", class_=kind)


def _in_words(one: Printed, lines: Mapping[str, float | None]) -> str:
    parts = [f"printed {one.printed} dB"]
    for kind in KINDS:
        ours, line = one.ours[kind], lines[kind]
        said = "not run"
        if ours is not None:
            said = f"{ours.ours.median:.2f} dB {range_of(ours.ours)}".strip()
        parts.append(f"as {kind} {said}")
        if line is not None:
            parts.append(f"bicubic {line:.2f} dB")
    return f"{one.title}: {', '.join(parts)}"
