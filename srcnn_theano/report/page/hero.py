"""The first screen: what the report claimed, what came out, a picture to slide over."""

from __future__ import annotations

from pathlib import Path
from typing import Mapping, NamedTuple, Sequence

from srcnn_theano.evaluation.rule import VERDICTS
from srcnn_theano.files import read_json
from srcnn_theano.pages.document import html_text
from srcnn_theano.pages.markup import figure, plain, tag
from srcnn_theano.pages.page import data_uri
from srcnn_theano.report.facts import lead_in_words, sentences
from srcnn_theano.report.page.printed import claim
from srcnn_theano.report.rows import Row
from srcnn_theano.report.verdicts import KINDS, counts

_PICTURES = Path(__file__).with_name("pictures")
VERSIONS = ("low", "bicubic", "network", "original")
MEANINGS = {
    "reproduced": "the printed figure lies within the range of our trainings, widened "
    "by 0.1 dB",
    "near": "it lies within 0.5 dB of that range",
    "explained": "it does not, but another experiment comes near it and shows why",
    "open": "none of these",
    "not run": "not trained yet",
}


def title(rows: Mapping[str, Row]) -> str:
    """Of the page."""
    return (
        f"A course report beat the inventors by {lead_in_words(rows)} decibels. Did it?"
    )


class Shown(NamedTuple):
    """A picture in four versions.

    Attributes
    ----------
    title, network : str
    scale : int
    files : dict of str to Path
        By `VERSIONS`.
    psnr : dict of str to float
        Of bicubic and of the network, in dB.
    """

    title: str
    network: str
    scale: int
    files: Mapping[str, Path]
    psnr: Mapping[str, float]


def shipped_picture() -> Shown:
    """The picture that the package has, see scripts/draw_report_picture.py."""
    about = read_json(_PICTURES / "raccoon.json")
    files = {name: _PICTURES / f"raccoon-{name}.png" for name in VERSIONS}
    return Shown(about["title"], about["network"], about["scale"], files, about["psnr"])


def hero(rows: Mapping[str, Row], pictures: Sequence[Shown]) -> str:
    """The first screen as HTML."""
    said = [tag("li", html_text(part)) for part in sentences(rows)]
    outcome = tag(
        "div",
        tag("p", tag("a", "What the verdicts mean", href="#words"), class_="more"),
        tag("h2", "What came out", id="verdicts"),
        *(_tally(rows, kind) for kind in KINDS),
        tag("ol", *said, class_="sentences"),
        class_="outcome",
    )
    lead = tag("p", html_text(claim(rows)), class_="lead")
    return tag(
        "header",
        tag("h1", plain(title(rows))),
        tag("div", lead, _compare(pictures), outcome, class_="first"),
        id="top",
    )


_OF_KIND = {
    "programmed": "Run as the report's program ran",
    "described": "Run as the report's words say, done right",
}


def _tally(rows: Mapping[str, Row], kind: str) -> str:
    """How many printed figures have which verdict, as a bar and in words."""
    counted = counts(rows, kind)
    n_figures = sum(counted.values())
    names = [name for name in (*VERDICTS, "not run") if counted[name]]
    bar = [
        tag(
            "span",
            class_="part " + name.replace(" ", "-"),
            style=f"width: {100 * counted[name] / n_figures:.3f}%",
        )
        for name in names
    ]
    words = [
        tag(
            "li",
            tag("span", class_="dot " + name.replace(" ", "-")),
            f"{counted[name]} {name}",
            title=MEANINGS[name],
        )
        for name in names
    ]
    return tag(
        "div",
        tag("p", f"{_OF_KIND[kind]}: {n_figures} printed figures"),
        tag("div", *bar, class_="bar", aria_hidden="true"),
        tag("ul", *words, class_="key"),
        class_="tally",
        data_kind=kind,
    )


# --- The picture ---


def _compare(pictures: Sequence[Shown]) -> str:
    """The versions side by side; page.js lays two over each other under a slider."""
    chosen = [
        tag("option", plain(picture.title), value=str(number))
        for number, picture in enumerate(pictures)
    ]
    choice = tag(
        "label", "Picture ", tag("select", *chosen, id="picture"), class_="choice"
    )
    about = (
        "A photograph was made smaller and enlarged again. Drag the line, or use the "
        "arrow keys. dB: how close the whole picture is to the original."
    )
    return tag(
        "section",
        choice if len(pictures) > 1 else "",
        *(_versions(picture, number) for number, picture in enumerate(pictures)),
        tag("p", about, class_="note"),
        class_="compare",
        aria_label="One picture in four versions",
    )


def _versions(picture: Shown, number: int) -> str:
    names = {
        "low": f"low resolution, 1/{picture.scale} of each side",
        "bicubic": "bicubic: no network",
        "network": f"ours: {picture.network}",
        "original": "original",
    }
    shown = []
    for version in VERSIONS:
        words = plain(names[version])
        if version in picture.psnr:
            words += f", {figure(picture.psnr[version])} dB"
        image = tag(
            "img",
            src=data_uri(picture.files[version]),
            alt=f"{picture.title}: {names[version]}",
        )
        shown.append(
            tag("figure", image, tag("figcaption", words), data_version=version)
        )
    return tag("div", *shown, class_="versions", data_picture=str(number))
