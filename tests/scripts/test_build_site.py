"""The site is built strictly: pages, links, and docstrings."""

import html
import importlib.util
import re
from pathlib import Path
from urllib.parse import unquote

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "build_site.py"
_REFERENCE = re.compile(r'(?:href|src)="([^"]+)"')


@pytest.fixture(scope="module")
def build_site():
    spec = importlib.util.spec_from_file_location("build_site", str(SCRIPT))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def site(build_site, tmp_path_factory):
    """The folder of the site; it is built once."""
    for module in ("material", "mkdocstrings", "mkdocs"):
        pytest.importorskip(module, reason="pip install '.[docs]'")
    out = tmp_path_factory.mktemp("site")
    build_site.build(out)
    return out


def test_every_page_is_there_and_every_reference_leads_somewhere(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 40
    names = {
        page: set(re.findall(r'id="([^"]+)"', page.read_text("utf-8")))
        for page in pages
    }
    for page in pages:
        for target in _REFERENCE.findall(page.read_text("utf-8")):
            path, _, anchor = unquote(html.unescape(target)).partition("#")
            if re.match(r"\w+:|//|/", path) or page.name == "404.html":
                continue
            there = (page.parent / path).resolve() if path else page
            assert there.exists(), f"{page}: {target}"
            if anchor and there in names:
                assert anchor in names[there] | {"__codelineno"} or (
                    anchor.startswith("__")
                ), f"{page}: {target}"


def test_nothing_of_others_is_lost(build_site, tmp_path):
    """MkDocs empties the folder that it writes to."""
    other = tmp_path / "mine.txt"
    other.write_text("mine")
    for place in (tmp_path, other, build_site.ROOT, build_site.ROOT.parent):
        with pytest.raises(SystemExit, match="choose a"):
            build_site.build(place)
    assert other.read_text() == "mine"


def test_nothing_is_fetched_from_elsewhere(site):
    for page in site.rglob("*.html"):
        text = page.read_text("utf-8")
        assert not re.findall(r'src="(?:https?:)?//', text), page
        assert not re.findall(r'<link[^>]+href="(?:https?:)?//', text), page


def test_tables_and_lists_are_seen_as_such(site):
    for page in site.rglob("*.html"):
        text = re.sub(r"<pre.*?</pre>", "", page.read_text("utf-8"), flags=re.S)
        assert "<p>|" not in text and "\n| " not in text, page
        assert "<p>- " not in text and "<!-- end of" not in text.replace(
            "\n<!--", ""
        ), page


def test_docstrings_are_pages(build_site, site):
    text = (site / "api" / "layers.html").read_text("utf-8")
    assert 'id="srcnn_theano.layers.convolution.ConvLayer"' in text
    assert "Parameters" in text
    for room in build_site.API:
        assert f"srcnn_theano.{room}" in (site / "api" / f"{room}.html").read_text(
            "utf-8"
        )


def test_a_link_that_leads_nowhere_is_an_error(build_site, tmp_path, monkeypatch, site):
    mirror = build_site.mirror

    def with_a_bad_link(folder):
        mirror(folder)
        with (folder / "docs" / "data.md").open("a") as page:
            page.write("\n[nowhere](nowhere.md)\n")

    monkeypatch.setattr(build_site, "API", ())
    monkeypatch.setattr(build_site, "mirror", with_a_bad_link)
    with pytest.raises(SystemExit, match="1 warnings in strict mode"):
        build_site.build(tmp_path)


def test_comments_stand_alone(build_site):
    text = "a\n<!-- x -->\n| b |\n<!-- end of x -->\nc\n"
    expected = "a\n\n<!-- x -->\n\n| b |\n\n<!-- end of x -->\n\nc\n"
    assert build_site.mirrored(text) == expected
