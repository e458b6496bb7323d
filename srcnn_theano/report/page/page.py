"""The page put together: first screen, contents, sections, styles and scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Mapping, NamedTuple, Sequence

from srcnn_theano.evaluation.rule import VERDICTS
from srcnn_theano.pages.document import Block, body_html, html_text
from srcnn_theano.pages.markup import plain, tag
from srcnn_theano.pages.page import COLOURS, DOCUMENT, UPLOT, UPLOT_STYLE, html_page
from srcnn_theano.report.page.curves import curves_section
from srcnn_theano.report.page.filters import filters_blocks
from srcnn_theano.report.page.hero import MEANINGS, Shown, hero, title
from srcnn_theano.report.page.printed import printed_section
from srcnn_theano.report.page.speed import speed_blocks
from srcnn_theano.report.page.trade import trade_section
from srcnn_theano.report.page.worth import worth_section
from srcnn_theano.report.rows import Row

_HERE = Path(__file__).parent


class Section(NamedTuple):
    """A part of the page: its anchor, its heading, a text with marks, and HTML."""

    anchor: str
    title: str
    text: str
    html: str


def page(
    rows: Mapping[str, Row],
    out_dir: Path,
    pictures: Sequence[Shown],
    strips: list[Block],
    records: list[Block],
    source: str,
) -> str:
    """The whole page.

    Parameters
    ----------
    rows : dict of str to Row
    out_dir : Path
        Holds the pictures of the blocks, and gets those of filters.
    pictures : sequence of Shown
        Of the first screen.
    strips, records : lists of blocks
        Details of images, and everything that is recorded.
    source : str
        Where the records are from, for the last line.
    """
    sections = _sections(rows, out_dir, strips, records)
    links = [
        tag("li", tag("a", plain(one.title), href="#" + one.anchor)) for one in sections
    ]
    contents = tag(
        "nav",
        tag(
            "details",
            tag("summary", "Contents"),
            tag("ol", *links),
            open=True,
            id="contents",
        ),
        aria_label="Contents",
    )
    body = "\n".join(
        [
            tag("a", "To the contents of the page", href="#main", class_="skip"),
            tag(
                "div",
                contents,
                tag(
                    "main",
                    hero(rows, pictures),
                    *map(_section, sections),
                    tag("footer", tag("p", html_text(source))),
                    id="main",
                ),
                class_="frame",
            ),
        ]
    )
    styles = [COLOURS, DOCUMENT, UPLOT_STYLE, _HERE / "page.css"]
    scripts = [UPLOT, _HERE / "page.js", _HERE / "curves.js"]
    return html_page(title(rows), styles, body, scripts)


def _section(one: Section) -> str:
    link = tag(
        "a",
        "#",
        href="#" + one.anchor,
        class_="anchor",
        aria_label=f"Link to: {one.title}",
    )
    heading = tag("h2", plain(one.title), " ", link, id=one.anchor)
    text = tag("p", html_text(one.text)) if one.text else ""
    return tag("section", heading, text, one.html)


# The heading of each part by its anchor, and a text below it.
_ABOUT = {
    "printed": (
        "What is printed, and what comes out",
        "The report's own tables. Each figure leads to its story: the same training "
        "run again as programmed and as described, every seed as a dot.",
    ),
    "curves": (
        "How the networks learned",
        "Every training here, after each of its epochs. Point at the curves to read "
        "them off; drag over a part to enlarge it, double-click to go back.",
    ),
    "slips": (
        "What each slip was worth",
        "The report's program did not do what its words say. Here each of its slips "
        "stands alone: the training done right, and the same with the slip.",
    ),
    "filters": ("Inside the networks", ""),
    "pictures": ("Details, side by side", ""),
    "features": (
        "Pixels against what another network sees",
        "PSNR compares pixels. The report also asked VGG16, a network that names what "
        "is in photographs, how far two pictures are apart. A training that listens "
        "to VGG16 may lose in pixels what it gains there.",
    ),
    "speed": (
        "How long it took",
        "Steps of training in a second, scoring after each epoch included, on "
        "machines that often had other work as well.",
    ),
    "words": ("Words and rules", ""),
    "records": (
        "Everything recorded, and the settings",
        "All figures under all protocols, every image, every setting, folded away. "
        "What names such as `batch20` and `standard` mean is under Words and rules.",
    ),
}


def _sections(
    rows: Mapping[str, Row], out_dir: Path, strips: list[Block], records: list[Block]
) -> list[Section]:
    filters = body_html(filters_blocks(rows, out_dir), out_dir)
    parts = {
        "printed": printed_section(rows),
        "curves": curves_section(rows),
        "slips": worth_section(rows),
        "filters": tag("div", filters, id="sheets"),
        "pictures": body_html(strips, out_dir, deeper=1),
        "features": trade_section(rows),
        "speed": body_html(speed_blocks(rows), out_dir),
        "words": _words(),
        "records": body_html(records, out_dir, deeper=1),
    }
    return [Section(anchor, *_ABOUT[anchor], html) for anchor, html in parts.items()]


_WORDS = (
    (
        "PSNR",
        "How close a picture is to the original, in decibels (dB): 6 dB more is half "
        "the error (its root mean square). It depends as much on what is compared, and "
        "how means are taken, as on the pictures.",
    ),
    (
        "bicubic",
        "What every picture program does to enlarge: a smooth surface through the "
        "pixels. No learning; whoever is no better than it has gained nothing.",
    ),
    ("SRCNN, FSRCNN", "Two small networks for enlarging, of 2014 and 2016."),
    (
        "Set5, Set14, T91",
        "5 and 14 photographs that everybody tests on, and 91 to learn from.",
    ),
    (
        "as programmed",
        "Trained as the report's program did it, as far as it is known.",
    ),
    ("as described", "Trained as the report's words say, done right."),
    (
        "training, seed",
        "A training begins from random numbers; another seed gives other ones, and "
        "another figure. So we give the median, which is the middle one in order, and "
        "the range.",
    ),
    (
        "died",
        "A training that ends 5 dB or more below the median of its row. It counts, and "
        "is marked; the story of the figure says what the verdict is without it.",
    ),
    (
        "`patch`, `batch20`, `global`",
        "How one PSNR is made of many small squares of the pictures: the mean of each "
        "one's; the mean of groups of 20 (`batch50`, `batch100`: 50 and 100) in the "
        "order of the files, as in the report's program; the PSNR of all errors "
        "together.",
    ),
    (
        "`standard`",
        "The measure of the literature: whole pictures, their brightness alone, sharp "
        "originals. `programmed` and `course` are the report's own.",
    ),
    (
        "which epoch",
        "As in the report: that of the lowest cost on Set5 is scored on Set14.",
    ),
)


def _words() -> str:
    verdicts = [(name, MEANINGS[name]) for name in (*VERDICTS, "not run")]
    items = [
        tag("div", tag("dt", html_text(word)), tag("dd", html_text(means)))
        for word, means in (*_WORDS, *verdicts)
    ]
    return tag("dl", *items)
