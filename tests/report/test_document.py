from pathlib import Path

from srcnn_theano.report.document import Heading, Links, to_html, to_markdown

BLOCKS = [Heading(1, "Title"), Links([("a `b` <c>", "d.html?e&f"), ("g", "h")])]


def test_links_in_markdown():
    text = to_markdown(BLOCKS)
    assert "- [a `b` &lt;c&gt;](d.html?e&f)\n- [g](h)\n" in text


def test_links_in_html():
    page = to_html(BLOCKS, Path())
    assert '<a href="d.html?e&amp;f">a <code>b</code> &lt;c&gt;</a>' in page
    assert '<a href="h">g</a>' in page
