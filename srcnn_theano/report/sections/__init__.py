"""The text of the report, a Markdown file a section; `$figures` are its blocks."""

from __future__ import annotations

from pathlib import Path

from srcnn_theano.pages.document import Block
from srcnn_theano.pages.prose import read_prose

_FOLDER = Path(__file__).parent


def section(name: str, **fills: str | list[Block]) -> list[Block]:
    """The blocks of a section, see `pages.prose.read_prose`."""
    return read_prose(_FOLDER / f"{name}.md", **fills)


def title(name: str) -> str:
    """The heading of a section, the first line of its file."""
    with (_FOLDER / f"{name}.md").open(encoding="utf-8") as stream:
        return stream.readline().lstrip("#").strip()
