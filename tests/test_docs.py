"""What the pages in docs/ quote and link to is there."""

import re
from pathlib import Path

import pytest

from srcnn_theano.cli.options import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = sorted((ROOT / "docs").rglob("*.md"))
PAGES.append(ROOT / "srcnn_theano" / "backend" / "README.md")
_QUOTE = re.compile(r"<!-- from (\S+) -->\n```python\n(.*?)```", re.S)
# Names of variables as the code spells them: read from os.environ, or ours.
_VARIABLE = re.compile(
    r"""environ(?:\.\w+\(|\[)"([A-Z0-9_]+)"|\b((?:SRCNN|THEANO|AESARA)_[A-Z0-9]+)\b|"""
    r""""([A-Z0-9_]+)" (?:not )?in os\.environ"""
)
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
    "path", sorted((ROOT / "docs" / "images").iterdir()), ids=lambda path: path.name
)
def test_pictures_are_small_and_shown(path):
    assert path.stat().st_size < 150000
    shown = "".join(page.read_text(encoding="utf-8") for page in [README, *PAGES])
    assert f"images/{path.name})" in shown


def test_the_table_of_environment_variables_names_those_of_the_source():
    source = "\n".join(
        path.read_text(encoding="utf-8")
        for path in sorted((ROOT / "srcnn_theano").rglob("*.py"))
    )
    read = {name for names in _VARIABLE.findall(source) for name in names if name}
    rows = (ROOT / "docs" / "environment.md").read_text(encoding="utf-8").splitlines()
    cells = [row.split("|")[1] for row in rows if row.startswith("| `")]
    told = set(re.findall(r"`([A-Z0-9_]+)\*?`", " ".join(cells)))
    assert read <= told
    assert all(name in source for name in told)


def test_the_list_of_scripts_names_each():
    rows = (ROOT / "scripts" / "README.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| `(\S+\.py)` \|", rows, re.M)
    assert told == sorted(path.name for path in (ROOT / "scripts").glob("*.py"))


def test_the_citation_names_the_version():
    from srcnn_theano import __version__

    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"\nversion: {__version__}\n" in text
    page = (ROOT / "docs" / "citing.md").read_text(encoding="utf-8")
    assert f"version = {{{__version__}}}" in page


def test_links_of_the_readme_lead_somewhere():
    for target in _LINK.findall(README.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:")):
            assert (ROOT / target).exists(), target


def test_the_pages_speak_of_each_command():
    pages = [README, *PAGES]
    text = "\n".join(page.read_text(encoding="utf-8") for page in pages)
    assert "upscale" in COMMANDS
    assert [c for c in COMMANDS if f"srcnn-theano {c}" not in text] == []
