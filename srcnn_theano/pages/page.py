"""One HTML file that needs no other: styles, scripts and pictures are inside."""

import base64
import html
from pathlib import Path
from string import Template
from typing import Sequence

_HERE = Path(__file__).parent
_MEDIA_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}

# The colours of all pages, for light and for dark screens.
COLOURS = _HERE / "colours.css"
# What a page of text, tables and pictures looks like.
DOCUMENT = _HERE / "document.css"


# Curves that can be pointed at, see uplot/ORIGIN.txt.
UPLOT_STYLE, UPLOT = (
    _HERE / "uplot" / f"uPlot.{end}" for end in ("min.css", "iife.min.js")
)


def html_page(
    title: str, styles: Sequence[Path], body: str, scripts: Sequence[Path] = ()
) -> str:
    """A whole page.

    Parameters
    ----------
    title : str
        As plain text.
    styles : sequence of Path
        Style sheets, which are copied into the page.
    body : str
        As HTML.
    scripts : sequence of Path
        Copied into the page, below its body.
    """
    skeleton = Template((_HERE / "skeleton.html").read_text(encoding="utf-8"))
    sheets = "".join(path.read_text(encoding="utf-8") for path in styles)
    for path in scripts:
        body += f"\n<script>\n{path.read_text(encoding='utf-8')}</script>"
    return skeleton.substitute(title=html.escape(title), styles=sheets, body=body)


def data_uri(path: Path) -> str:
    """A picture (.svg or .png) as an address that holds it."""
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"data:{_MEDIA_TYPES[path.suffix]};base64,{data}"
