"""A document put together once and written as Markdown and as one HTML page.

A document is a list of blocks. Texts know two marks, `code` and **bold**; everything
else in them is literal.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any, NamedTuple, Union

from srcnn_theano.pages.page import COLOURS, DOCUMENT, data_uri, html_page
from srcnn_theano.tables import markdown_table

_MARK = re.compile(r"(`[^`]+`|\*\*[^*]+\*\*)")
_OPTION = re.compile(r"(?<!\S)--[a-z][\w-]*")  # it breaks behind no dash


class Heading(NamedTuple):
    """A title; level 1 is that of the document."""

    level: int
    text: str


class Paragraph(NamedTuple):
    text: str


class Items(NamedTuple):
    """A list with bullets."""

    texts: list[str]


class Links(NamedTuple):
    """A list of links: (text, address)."""

    links: list[tuple[str, str]]


class Table(NamedTuple):
    """Rows of texts under a header; `align` has an 'l' or 'r' for each column."""

    align: str
    header: list[str]
    rows: list[list[str]]


class Pictures(NamedTuple):
    """Pictures side by side: (label, file name), all in the folder of the document."""

    pictures: list[tuple[str, str]]
    caption: str = ""


class Details(NamedTuple):
    """Blocks that are folded away under a title."""

    title: str
    blocks: list[Any]


class Raw(NamedTuple):
    """HTML as it is, and a text that stands for it in Markdown."""

    html: str
    text: str


Block = Union[Raw, Heading, Paragraph, Items, Links, Table, Pictures, Details]


# --- Markdown ---


def to_markdown(blocks: list[Block]) -> str:
    """The document as GitHub's Markdown."""
    return "\n\n".join(_MARKDOWN[type(block)](block) for block in blocks) + "\n"


def _markdown_text(text):
    parts = _MARK.split(text)
    # Marks stand at the odd places, and are the same as Markdown's.
    parts[::2] = [
        re.sub(r"([\\*_|])", r"\\\1", html.escape(part, quote=False))
        for part in parts[::2]
    ]
    return "".join(parts)


def _markdown_table(table):
    header, *rows = (
        [_markdown_text(cell) for cell in row] for row in [table.header, *table.rows]
    )
    return markdown_table(table.align, header, rows)


def _markdown_pictures(block):
    labels, files = zip(*block.pictures)
    shown = [f"![{label}]({file_name})" for label, file_name in block.pictures]
    if len(files) > 1:
        header = [_markdown_text(label) for label in labels]
        shown = [markdown_table("l" * len(files), header, [shown])]
    return "\n\n".join(shown + [_markdown_text(block.caption)] * bool(block.caption))


_MARKDOWN = {
    Heading: lambda block: "#" * block.level + " " + _markdown_text(block.text),
    Paragraph: lambda block: _markdown_text(block.text),
    Raw: lambda block: _markdown_text(block.text),
    Items: lambda block: "\n".join("- " + _markdown_text(t) for t in block.texts),
    Links: lambda block: "\n".join(
        f"- [{_markdown_text(text)}]({url})" for text, url in block.links
    ),
    Table: _markdown_table,
    Pictures: _markdown_pictures,
    Details: lambda block: (
        f"<details><summary>{html_text(block.title)}</summary>\n\n"
        f"{to_markdown(block.blocks)}\n</details>"
    ),
}


# --- HTML ---


def to_html(blocks: list[Block], folder: Path) -> str:
    """The document as one HTML page that needs no other file.

    Parameters
    ----------
    blocks : list of blocks
        Its first heading is the title of the page.
    folder : Path
        Where the pictures are; they are copied into the page.
    """
    title = next(block.text for block in blocks if isinstance(block, Heading))
    return html_page(title, [COLOURS, DOCUMENT], body_html(blocks, folder))


def body_html(blocks: list[Block], folder: Path, deeper: int = 0) -> str:
    """Blocks as a part of a page; their headings stand so many levels deeper."""
    lowered = [
        block._replace(level=block.level + deeper)
        if isinstance(block, Heading)
        else block
        for block in blocks
    ]
    return "\n".join(_to_html(block, folder) for block in lowered)


def _to_html(block, folder):
    if isinstance(block, Pictures):
        return _html_pictures(block, folder)
    if isinstance(block, Details):
        inner = "\n".join(_to_html(b, folder) for b in block.blocks)
        summary = f"<summary>{html_text(block.title)}</summary>"
        return f"<details>{summary}\n{inner}\n</details>"
    return _HTML[type(block)](block)


def html_text(text: str) -> str:
    """A text with its marks as HTML."""
    parts = [html.escape(part) for part in _MARK.split(text)]
    for i in range(1, len(parts), 2):
        if parts[i].startswith("`"):
            code = _OPTION.sub(r'<span class="option">\g<0></span>', parts[i][1:-1])
            parts[i] = f"<code>{code}</code>"
        else:
            parts[i] = f"<strong>{parts[i][2:-2]}</strong>"
    return "".join(parts)


def without_marks(text: str) -> str:
    """A text as an attribute of HTML shows it."""
    return _MARK.sub(lambda mark: mark.group().strip("`*"), text)


def _html_table(table):
    def row(cells, tag):
        # On a narrow screen a cell stands below its name, see document.css.
        shown = (
            f'<{tag} class="{side}"{label}>{html_text(cell)}</{tag}>'
            for side, cell, label in zip(
                table.align, cells, labels if tag == "td" else [""] * len(cells)
            )
        )
        return f"<tr>{''.join(shown)}</tr>"

    labels = [
        f' data-label="{html.escape(without_marks(name))}"' * bool(name)
        for name in table.header
    ]
    body = "\n".join(row(cells, "td") for cells in table.rows)
    return (
        f'<div class="wide"><table>\n<thead>{row(table.header, "th")}</thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def _html_pictures(block, folder):
    figures = "\n".join(
        f'<div><img src="{data_uri(folder / name)}"'
        f' alt="{html.escape(without_marks(label))}">'
        f"<span>{html_text(label) if len(block.pictures) > 1 else ''}</span></div>"
        for label, name in block.pictures
    )
    caption = f"<figcaption>{html_text(block.caption)}</figcaption>"
    return f"<figure>\n<div>\n{figures}\n</div>\n{caption}\n</figure>"


def _html_items(texts):
    return "<ul>\n" + "\n".join(f"<li>{text}</li>" for text in texts) + "\n</ul>"


_HTML = {
    Heading: lambda block: f"<h{block.level}>{html_text(block.text)}</h{block.level}>",
    Raw: lambda block: block.html,
    Paragraph: lambda block: f"<p>{html_text(block.text)}</p>",
    Items: lambda block: _html_items(map(html_text, block.texts)),
    Links: lambda block: _html_items(
        f'<a href="{html.escape(url)}">{html_text(text)}</a>'
        for text, url in block.links
    ),
    Table: _html_table,
}
