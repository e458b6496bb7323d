"""The figure of a deconvolution's stamps, whose sizes are moved by sliders."""

from __future__ import annotations

from pathlib import Path

from srcnn_theano.pages.document import Raw
from srcnn_theano.pages.page import COLOURS, DOCUMENT, html_page

_FIGURE = Path(__file__).with_name("stamps.html")


def stamps_figure() -> Raw:
    """The figure as a block of a document; a page has one of it."""
    return Raw(
        _FIGURE.read_text(encoding="utf-8"),
        "(The page in HTML has a figure here whose kernel, stride and crop are moved.)",
    )


def stamps_page() -> str:
    """The figure as a page by itself, which needs no other file."""
    body = "<h1>Stamps of a deconvolution</h1>\n" + stamps_figure().html
    return html_page("Stamps of a deconvolution", [COLOURS, DOCUMENT], body)
