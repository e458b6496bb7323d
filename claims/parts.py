"""What of a page is made: tables between marks, and numbers within sentences.

The pages are written by hand, but for what stands here: a block goes between the marks
`<!-- NAME -->` and `<!-- end of NAME -->`, a sentence is known by its words, and each
``{}`` in it is a figure.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable, Mapping, NamedTuple, Sequence

_FIGURE = r"([+-]?\d[\d,]*(?:\.\d+)?)"


class Parts(NamedTuple):
    """What of a page is made.

    Attributes
    ----------
    blocks : dict of str to function () -> str
        The text between the marks, by their name.
    sentences : dict of str to function () -> sequence of str
        The figures of a sentence, by its words.
    """

    blocks: Mapping[str, Callable[[], str]]
    sentences: Mapping[str, Callable[[], Sequence[str]]]


def made_again(path: Path, parts: Parts) -> str:
    """The text of a page with its blocks and the figures of its sentences made again.

    Raises
    ------
    ValueError
        The page lacks marks or a sentence, or has them twice.
    """
    text = path.read_text(encoding="utf-8")
    for name, make in parts.blocks.items():
        before, mark, rest = text.partition(f"<!-- {name} -->")
        _, end, after = rest.partition(f"<!-- end of {name} -->")
        if not end or mark in after:
            raise ValueError(f"{path}: has not the marks of {name!r} once")
        text = f"{before}{mark}\n\n{make()}\n\n{end}{after}"
    for words, make_figures in parts.sentences.items():
        text = _with_figures(text, words, make_figures(), path)
    return text


def span_of(text: str, words: str, path: Path) -> tuple[int, int]:
    """Where a sentence begins and ends.

    Raises
    ------
    ValueError
        It is not there, or twice.
    """
    return _sentence(text, words, path).span()


def _sentence(text: str, words: str, path: Path) -> re.Match[str]:
    pieces = [re.escape(word).replace(r"\{\}", _FIGURE) for word in words.split()]
    found = list(re.finditer(r"\s+".join(pieces), text))
    if len(found) != 1:
        raise ValueError(f"{path}: {len(found)} sentences read {words!r}")
    return found[0]


def _with_figures(text: str, words: str, figures: Sequence[str], path: Path) -> str:
    sentence = _sentence(text, words, path)
    for group, figure in reversed(list(enumerate(figures, start=1))):
        begin, end = sentence.span(group)
        text = text[:begin] + figure + text[end:]
    return text
