import re
from pathlib import Path

import pytest

from srcnn_theano.layers.lengths import deconv_length
from srcnn_theano.pages.stamps import stamps_page

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_in_the_docs_is_this_one():
    page = (DOCS / "stamps.html").read_text(encoding="utf-8")
    assert page == stamps_page()
    assert not re.search(r"https?:|@import|src=|url\(", page)


@pytest.mark.parametrize("n, kernel, stride, crop", [(4, 5, 2, 0), (3, 9, 4, 2)])
def test_the_figure_follows_its_sliders(tmp_path, chromium, n, kernel, stride, crop):
    values = {"n": n, "kernel": kernel, "stride": stride, "crop": crop}
    moved = "".join(
        f'e = document.querySelector("[name={name}]"); e.value = {value};'
        "e.dispatchEvent(new Event('input', { bubbles: true }));"
        for name, value in values.items()
    )
    page = stamps_page().replace("</body>", f"<script>let e; {moved}</script></body>")
    (tmp_path / "page.html").write_text(page, encoding="utf-8")
    shown = chromium((tmp_path / "page.html").as_uri(), "--virtual-time-budget=3000")
    kept = deconv_length(n, kernel, stride, (crop, crop))
    assert f"= {kept} pixels</p>" in shown
    assert f"{kept} × {n}</text>" in shown
    full = kept + 2 * crop
    assert shown.count("<rect") == n * kernel + full + n * kept
