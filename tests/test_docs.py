"""What the pages in docs/ quote and link to is there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs").glob("*.md"))
_QUOTE = re.compile(r"<!-- from (\S+) -->\n```python\n(.*?)```", re.S)
_LINK = re.compile(r"\]\(([^)#]+)[^)]*\)")


def lines_of(text):
    """Lines without what indents all of them."""
    lines = [line.rstrip() for line in text.strip("\n").splitlines()]
    indent = min(len(line) - len(line.lstrip()) for line in lines if line)
    return [line[indent:] for line in lines]


def holds(source, quoted):
    """Whether the quoted lines stand in the source in one piece."""
    lines, quoted = source.splitlines(), lines_of(quoted)
    pieces = (
        "\n".join(lines[i : i + len(quoted)])
        for i in range(len(lines) - len(quoted) + 1)
    )
    return any(piece.strip() and lines_of(piece) == quoted for piece in pieces)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_quoted_code_is_in_the_source(page):
    for path, quoted in _QUOTE.findall(page.read_text(encoding="utf-8")):
        source = (ROOT / path).read_text(encoding="utf-8")
        assert holds(source, quoted), f"{path} does not hold\n{quoted}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:")):
            assert (page.parent / target).exists(), target


def test_holds():
    source = "def f(x):\n    if x:\n        return 1\n\n    return 2\n"
    assert holds(source, "if x:\n    return 1\n\nreturn 2\n")
    assert holds(source, "    if x:\n        return 1\n")
    assert not holds(source, "if x:\nreturn 1\n")
    assert not holds(source, "return 3\n")


@pytest.mark.parametrize("page, quotes", [("deconvolution.md", 3), ("gpu.md", 8)])
def test_pages_on_code_quote_it(page, quotes):
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    assert len(_QUOTE.findall(text)) >= quotes


@pytest.mark.parametrize(
    "path", sorted((ROOT / "docs" / "images").glob("deconv-*.png")), ids=str
)
def test_figures_are_small(path):
    assert path.stat().st_size < 120000
