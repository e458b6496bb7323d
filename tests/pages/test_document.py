from pathlib import Path

from srcnn_theano.pages.document import (
    Details,
    Heading,
    Links,
    Paragraph,
    Table,
    to_html,
    to_markdown,
)

LINKS = [Heading(1, "Title"), Links([("a `b` <c>", "d.html?e&f"), ("g", "h")])]


def test_links_in_markdown():
    text = to_markdown(LINKS)
    assert "- [a `b` &lt;c&gt;](d.html?e&f)\n- [g](h)\n" in text


def test_links_in_html():
    page = to_html(LINKS, Path())
    assert '<a href="d.html?e&amp;f">a <code>b</code> &lt;c&gt;</a>' in page
    assert '<a href="h">g</a>' in page


HOSTILE = 'a < b & "c" | <script> x_y*z'
BLOCKS = [
    Heading(1, HOSTILE),
    Paragraph(HOSTILE + " `<i>` **bold**"),
    Details(HOSTILE, [Table("lr", [HOSTILE, "b"], [["`x`", "1|2"]])]),
]


def test_html_escapes_all_text():
    text = to_html(BLOCKS, Path())
    assert "<script" not in text and "<i>" not in text
    assert "a &lt; b &amp; &quot;c&quot; | &lt;script&gt; x_y*z" in text
    assert "<code>&lt;i&gt;</code> <strong>bold</strong>" in text


def test_markdown_escapes_all_text():
    text = to_markdown(BLOCKS)
    assert text.startswith('# a &lt; b &amp; "c" \\| &lt;script&gt; x\\_y\\*z\n')
    assert "`<i>` **bold**" in text
    assert "<script" not in text
    assert "| `x` | 1\\|2 |" in text
