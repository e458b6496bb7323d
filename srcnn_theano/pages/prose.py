"""The text of a page, written in a Markdown file beside the code that fills it in."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from srcnn_theano.pages.document import Block, Heading, Items, Paragraph


def read_prose(path: Path, **fills: str | list[Block]) -> list[Block]:
    """The blocks of a Markdown file of headings, paragraphs and lists with bullets.

    Parameters
    ----------
    path : Path
    **fills
        What `$name` in the file stands for: words inside a text, or, where `$name` is a
        paragraph by itself, blocks.

    Raises
    ------
    KeyError
        The file asks for a name that `fills` lacks.
    """
    blocks: list[Block] = []
    for text in path.read_text(encoding="utf-8").strip().split("\n\n"):
        fill = fills[text[1:]] if re.fullmatch(r"\$\w+", text) else text
        if isinstance(fill, list):
            blocks += fill
        else:
            blocks.append(_block(Template(text).substitute(fills)))
    return blocks


def _block(text):
    if text.startswith("- "):
        items = re.split(r"^- ", text, flags=re.MULTILINE)[1:]
        return Items([" ".join(item.split()) for item in items])
    words = " ".join(text.split())
    marks = re.match(r"#+ ", words)
    if marks:
        return Heading(marks.end() - 1, words[marks.end() :])
    return Paragraph(words)
