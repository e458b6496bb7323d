"""The pages in a browser: keys, finding, folding, and a telephone's width."""

import pytest

from srcnn_theano.graph import draw
from srcnn_theano.graph.drawing import Drawing
from srcnn_theano.graph.subjects import find_subject

DRIVER = """<script>{
const told = {};
const press = (key, on) => (on || document.body).dispatchEvent(
  new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
const panel = () => document.querySelector("aside h2").textContent;
const found = () => document.getElementById("found").textContent;
told.folded = document.querySelectorAll(".item").length;
press("/");
const box = document.activeElement;
told.focus = box.id;
box.value = "convolution{forward}"; box.dispatchEvent(new Event("input"));
told.hits = found();
press("Enter", box); told.first = [found(), panel()];
const middle = document.querySelector(".item.self").getBoundingClientRect();
const view = document.querySelector("svg.graph").getBoundingClientRect();
told.off = [middle.x + middle.width / 2 - view.x - view.width / 2,
  middle.y + middle.height / 2 - view.y - view.height / 2].map(Math.round);
press("Enter", box); press("Enter", box); press("Enter", box); told.wrapped = found();
press("Escape", box); told.cleared = found();
press("ArrowUp"); told.up = panel();
press("ArrowDown"); told.down = panel();
press("Escape"); told.left = panel();
press("u"); told.unfolded = document.querySelectorAll(".item").length;
press("f"); told.folded_again = document.querySelectorAll(".item").length;
told.overflow = document.documentElement.scrollWidth - innerWidth;
told.width = innerWidth;
parent.postMessage(JSON.stringify(told), "*");
}
</script>"""


@pytest.mark.parametrize("width", [1400, 390])
def test_a_page_is_worked_by_keys_and_fits_the_screen(tmp_path, framed, width):
    drawing = draw("srcnn")
    forward = drawing.after.counts().get("Convolution{forward}")
    if forward != 3:
        pytest.skip("no oneDNN here")
    page = drawing.page("after").replace("</body>", DRIVER + "</body>")
    told = framed(page, tmp_path, width, 5000)
    assert told["focus"] == "find"
    assert told["hits"] == "3 hits"
    assert told["first"] == ["1 of 3 hits", "Convolution{forward}"]
    assert told["off"] == [0, 0]
    assert told["wrapped"] == "1 of 3 hits" and told["cleared"] == ""
    assert told["up"] == "x" and told["down"] == "Convolution{forward}"
    assert told["left"].startswith("srcnn, prediction")
    assert told["unfolded"] == 3 + 1 + 6 + 1 and told["folded_again"] == 0
    assert told["overflow"] == 0 and told["width"] == width


STEP = """<script>{
const told = {};
const view = document.querySelector("svg.graph").getBoundingClientRect();
const cards = [...document.querySelectorAll(".box rect")]
  .map((r) => r.getBoundingClientRect());
told.right = Math.max(...cards.map((r) => r.right)) - view.right;
told.bottom = Math.max(...cards.map((r) => r.bottom)) - view.bottom;
told.rows = [...document.querySelectorAll(".rows text")].map((t) => t.textContent);
told.overflow = document.documentElement.scrollWidth - innerWidth;
parent.postMessage(JSON.stringify(told), "*");
}
</script>"""


@pytest.fixture(scope="module")
def long_step():
    return Drawing(find_subject("fsrcnn", "train")).page("before")


@pytest.mark.parametrize("width", [1400, 390])
def test_a_long_training_step_fits_a_projector(tmp_path, framed, long_step, width):
    """More columns than a screen is wide go on below, all their rows together."""
    told = framed(long_step.replace("</body>", STEP + "</body>"), tmp_path, width, 5000)
    rows = ["forward", "gradient", "update"]
    assert told["rows"] == rows * (len(told["rows"]) // 3) and len(told["rows"]) > 3
    assert told["overflow"] == 0
    if width == 1400:
        assert told["right"] <= 0 and told["bottom"] <= 0
