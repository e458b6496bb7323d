"""A document put together once and written as Markdown and as one HTML page.

A document is a list of blocks. Texts know two marks, `code` and **bold**; everything
else in them is literal.
"""

import base64
import html
import re
from pathlib import Path
from string import Template
from typing import Any, List, NamedTuple, Tuple

_TEMPLATE = Path(__file__).with_name("report.html")
_MEDIA_TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
_MARK = re.compile(r"(`[^`]+`|\*\*[^*]+\*\*)")


class Heading(NamedTuple):
    """A title; level 1 is that of the document."""

    level: int
    text: str


class Paragraph(NamedTuple):
    text: str


class Items(NamedTuple):
    """A list with bullets."""

    texts: List[str]


class Links(NamedTuple):
    """A list of links: (text, address)."""

    links: List[Tuple[str, str]]


class Table(NamedTuple):
    """Rows of texts under a header; `align` has an 'l' or 'r' for each column."""

    align: str
    header: List[str]
    rows: List[List[str]]


class Pictures(NamedTuple):
    """Pictures side by side: (label, file name), all in the folder of the document."""

    pictures: List[Tuple[str, str]]
    caption: str = ""


class Details(NamedTuple):
    """Blocks that are folded away under a title."""

    title: str
    blocks: List[Any]


# Markdown


def to_markdown(blocks):
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
    rules = {"l": ":---", "r": "---:"}
    lines = [
        [_markdown_text(cell) for cell in table.header],
        [rules[side] for side in table.align],
    ]
    lines += [[_markdown_text(cell) for cell in row] for row in table.rows]
    return "\n".join("| {} |".format(" | ".join(line)) for line in lines)


def _markdown_pictures(block):
    labels, files = zip(*block.pictures)
    shown = ["![{}]({})".format(*picture) for picture in block.pictures]
    if len(files) > 1:
        rule = ["---"] * len(files)
        lines = [[_markdown_text(label) for label in labels], rule, shown]
        shown = ["\n".join("| {} |".format(" | ".join(line)) for line in lines)]
    return "\n\n".join(shown + [_markdown_text(block.caption)] * bool(block.caption))


_MARKDOWN = {
    Heading: lambda block: "#" * block.level + " " + _markdown_text(block.text),
    Paragraph: lambda block: _markdown_text(block.text),
    Items: lambda block: "\n".join("- " + _markdown_text(t) for t in block.texts),
    Links: lambda block: "\n".join(
        f"- [{_markdown_text(text)}]({url})" for text, url in block.links
    ),
    Table: _markdown_table,
    Pictures: _markdown_pictures,
    Details: lambda block: (
        f"<details><summary>{_html_text(block.title)}</summary>\n\n{to_markdown(block.blocks)}\n</details>"
    ),
}


# HTML


def to_html(blocks, folder):
    """The document as one HTML page that needs no other file.

    Parameters
    ----------
    blocks : list of blocks, the first a Heading
    folder : Path
        Where the pictures are; they are copied into the page.
    """
    page = Template(_TEMPLATE.read_text(encoding="utf-8"))
    body = "\n".join(_to_html(block, folder) for block in blocks)
    return page.substitute(title=html.escape(blocks[0].text), body=body)


def _to_html(block, folder):
    if isinstance(block, Pictures):
        return _html_pictures(block, folder)
    if isinstance(block, Details):
        inner = "\n".join(_to_html(b, folder) for b in block.blocks)
        summary = f"<summary>{_html_text(block.title)}</summary>"
        return f"<details>{summary}\n{inner}\n</details>"
    return _HTML[type(block)](block)


def _html_text(text):
    parts = [html.escape(part) for part in _MARK.split(text)]
    for i in range(1, len(parts), 2):
        if parts[i].startswith("`"):
            parts[i] = f"<code>{parts[i][1:-1]}</code>"
        else:
            parts[i] = f"<strong>{parts[i][2:-2]}</strong>"
    return "".join(parts)


def _html_table(table):
    def row(cells, tag):
        return "<tr>{}</tr>".format(
            "".join(
                f'<{tag} class="{side}">{_html_text(cell)}</{tag}>'
                for side, cell in zip(table.align, cells)
            )
        )

    return (
        '<div class="wide"><table>\n<thead>{}</thead>\n<tbody>\n{}\n</tbody>\n'
        "</table></div>"
    ).format(row(table.header, "th"), "\n".join(row(r, "td") for r in table.rows))


def _html_pictures(block, folder):
    figures = "\n".join(
        '<div><img src="{}" alt="{}"><span>{}</span></div>'.format(
            _data_uri(folder / name),
            html.escape(label),
            _html_text(label) if len(block.pictures) > 1 else "",
        )
        for label, name in block.pictures
    )
    caption = f"<figcaption>{_html_text(block.caption)}</figcaption>"
    return f"<figure>\n<div>\n{figures}\n</div>\n{caption}\n</figure>"


def _data_uri(path):
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    return f"data:{_MEDIA_TYPES[path.suffix]};base64,{data}"


_HTML = {
    Heading: lambda block: f"<h{block.level}>{_html_text(block.text)}</h{block.level}>",
    Paragraph: lambda block: f"<p>{_html_text(block.text)}</p>",
    Items: lambda block: "<ul>\n{}\n</ul>".format(
        "\n".join(f"<li>{_html_text(text)}</li>" for text in block.texts)
    ),
    Links: lambda block: "<ul>\n{}\n</ul>".format(
        "\n".join(
            f'<li><a href="{html.escape(url)}">{_html_text(text)}</a></li>'
            for text, url in block.links
        )
    ),
    Table: _html_table,
}
