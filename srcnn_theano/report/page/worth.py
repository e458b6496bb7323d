"""What each slip of the report's program was worth, as bars."""

from __future__ import annotations

from typing import Mapping

from srcnn_theano.evaluation.rule import Spread
from srcnn_theano.pages.document import html_text
from srcnn_theano.pages.markup import figure, tag
from srcnn_theano.report.facts import Worth, slips
from srcnn_theano.report.rows import Row


def worth_section(rows: Mapping[str, Row]) -> str:
    """A bar for each slip; one that has not been run says so."""
    worth = slips(rows)
    known = [abs(one.difference) for one in worth if one.difference is not None]
    widest = max([1.0, *known])
    lines = [_line(one, widest) for one in worth]
    head = [
        tag("th", words, scope="col")
        for words in ("slip", "in dB", "worth", "scored on")
    ]
    table = tag(
        "table",
        tag("caption", "With the slip, less without it; to the right: a better score"),
        tag("thead", tag("tr", *head)),
        tag("tbody", *lines),
        class_="bars",
    )
    link = tag("a", "What the names of the measures mean", href="#words")
    return table + tag("p", link, class_="more")


def _line(one: Worth, widest: float) -> str:
    name = tag("th", html_text(one.title), scope="row")
    scored = tag("td", html_text(one.figure), class_="scored")
    if one.difference is None:
        missing = " and ".join(
            words
            for words, spread in (
                ("the row with the slip", one.slipped),
                ("the row without it", one.described),
            )
            if spread is None
        )
        left = tag("td", tag("small", f"not run yet: {missing}"), class_="bar-cell")
        return tag("tr", name, left, tag("td"), scored)
    share = 50 * abs(one.difference) / widest
    start = 50.0 if one.difference >= 0 else 50.0 - share
    bar = tag(
        "svg",
        tag("line", x1="50%", x2="50%", y1=0, y2=18, class_="grid"),
        tag("rect", x=f"{start:.2f}%", width=f"{share:.2f}%", y=3, height=12),
        height=18,
        aria_hidden="true",
        class_="up" if one.difference >= 0 else "down",
    )
    assert one.described is not None and one.slipped is not None
    small = tag(
        "small", _of(one.described), " without, ", _of(one.slipped), " with the slip"
    )
    value = tag("td", figure(one.difference, "+.2f"), class_="worth")
    return tag("tr", name, tag("td", bar, small, class_="bar-cell"), value, scored)


def _of(spread: Spread) -> str:
    seeds = "1 seed" if spread.n == 1 else f"{spread.n} seeds"
    return f"{figure(spread.median)} ({seeds})"
