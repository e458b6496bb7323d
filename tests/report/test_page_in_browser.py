"""The page in a browser: slider, switches, keys, widths, and what axe-core says."""

import importlib.util
from pathlib import Path

import pytest

from srcnn_theano.shipped import results_dir

LISTENER = """<script>
const errors = [];
addEventListener("error", (event) => errors.push(String(event.message)));
console.error = console.warn = (...words) => errors.push(words.join(" "));
</script>"""
DRIVER = r"""<script>{
const told = { errors };
const at = (id) => document.getElementById(id);
const change = (item, value) => {
  if (value !== undefined) item.value = value;
  for (const kind of ["input", "change"]) item.dispatchEvent(new Event(kind));
};
const wider = () => {
  const out = [...document.querySelectorAll("main *, nav *")].filter((item) =>
    item.getBoundingClientRect().right > innerWidth + 0.5 && !item.closest(".u-over"));
  return out.map((item) => item.outerHTML.slice(0, 80));
};
const told_lines = () => [...at("readout").querySelectorAll("li")].map((line) =>
  [line.children[1].textContent, line.children[2].textContent]);
const unfold = () => document.querySelectorAll("details").forEach((details) => {
  details.open = true;
});
const meeting = () => {
  const boxes = [...document.querySelectorAll(".trade svg")]
    .filter((svg) => svg.getBoundingClientRect().width)
    .map((svg) => [...svg.querySelectorAll(".name")].map((name) =>
      [name.textContent, name.getBoundingClientRect()]));
  const pairs = [];
  for (const names of boxes) for (const [one, a] of names) for (const [two, b] of names)
    if (one < two && a.left < b.right - 1 && b.left < a.right - 1 &&
        a.top < b.bottom - 3 && b.top < a.bottom - 3) pairs.push([one, two]);
  return [pairs, boxes.map((names) => names.length)];
};
async function work() {
  told.width = innerWidth;
  told.contents = at("contents").open;
  told.first = document.querySelector(".sentences li:last-child")
    .getBoundingClientRect().bottom + scrollY;
  // The slider.
  const slider = document.querySelector(".stage input");
  const over = document.querySelector(".stage .over");
  const [left, right] = document.querySelectorAll(".sides select");
  told.sides = [left.value, right.value, left.options.length];
  told.cut_words = [left, right].filter((select) => {
    const whole = select.cloneNode(true);
    whole.style.cssText = "position: absolute; width: max-content; max-width: none";
    select.after(whole);
    const cut = whole.offsetWidth > select.offsetWidth;
    whole.remove();
    return cut;
  }).map((select) => select.offsetWidth);
  change(slider, 25); told.cut = getComputedStyle(over).clipPath;
  change(left, "low");
  const low = document.querySelector('[data-version="low"] img');
  told.low = [over.src === low.src, over.alt === low.alt];
  // The curves.
  told.lines = told_lines();
  at("all-on").click(); told.all = told_lines(); change(at("preset"));
  document.querySelector("#readout button").click(); told.fewer = told_lines();
  at("all-off").click(); told.none = told_lines();
  const boxes = [...document.querySelectorAll("[data-run]")];
  const of = (name) => boxes.find((box) =>
    box.parentElement.textContent.endsWith(" " + name));
  of("table1_sgd_programmed").click(); of("fsrcnn_rmsprop").click();
  told.two = told_lines();
  change(at("measure"), "set14"); told.other = told_lines();
  change(at("measure"), "set5");
  await new Promise((go) => setTimeout(go, 50));
  for (const key of ["ArrowRight", "ArrowRight"]) {
    at("chart").dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
    await new Promise((go) => setTimeout(go, 50));
  }
  told.second = [at("readout").textContent.split(":")[0], told_lines()];
  change(at("preset"), "vgg");
  // A story.
  document.querySelector('a[href="#vgg_only-vgg"]').click();
  await new Promise((go) => setTimeout(go, 100));
  const story = at("vgg_only-vgg");
  told.story = [story.closest("details").open,
    Math.abs(story.getBoundingClientRect().top) < innerHeight];
  told.wider = wider();
  told.meeting = meeting();
  unfold();
  told.wider_open = wider();
  // Numbers, names of averages, verdicts.
  const cells = "#records ~ details td:not(:first-child)";
  told.broken = [...document.querySelectorAll(cells)].filter((cell) => {
    const range = document.createRange();
    range.selectNodeContents(cell);
    const line = parseFloat(getComputedStyle(cell).lineHeight);
    return /^(\S{1,12}|\S+ \(\d+\))$/.test(cell.textContent) &&
      range.getBoundingClientRect().height > 1.8 * line;
  }).map((cell) => cell.outerHTML);
  told.dashes = [...document.querySelectorAll("main code")].filter((code) => {
    const texts = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      for (const word of texts.currentNode.data.matchAll(/--[a-z]/g)) {
        const range = document.createRange();
        range.setStart(texts.currentNode, word.index);
        range.setEnd(texts.currentNode, word.index + 3);
        if (new Set([...range.getClientRects()].map((box) => box.top)).size > 1) {
          return true;
        }
      }
    }
    return false;
  }).map((code) => code.outerHTML);
  told.ticks = document.querySelector("main").innerText.match(/.{20}`.{20}/g);
  told.marks = document.querySelectorAll('[data-label*="`"], [alt*="`"]').length;
  told.overflow = document.documentElement.scrollWidth - innerWidth;
  told.scrolled = [...document.querySelectorAll(".wide")].filter((item) =>
    item.scrollWidth > item.clientWidth + 1).length;
  if (window.axe) {
    // One of the records' tables stands for all, which take a minute.
    document.querySelectorAll("#records").forEach((heading) => {
      while (heading.parentElement.children.length > 2) {
        heading.parentElement.lastElementChild.remove();
      }
    });
    const found = await axe.run();
    told.axe = found.violations.filter((one) => /serious|critical/.test(one.impact))
      .map((one) => [one.id, one.nodes[0].html]);
    told.passes = found.passes.length;
  }
  told.requests = performance.getEntriesByType("resource").map((one) => one.name)
    .filter((name) => !name.startsWith("data:"));
}
work().catch((error) => errors.push(String(error))).then(() =>
  parent.postMessage(JSON.stringify(told), "*"));
}</script>"""


def axe_source():
    """axe-core as a Python package brings it, or None."""
    found = importlib.util.find_spec("axe_core_python")
    if found is None:
        return None
    path = Path(found.submodule_search_locations[0]) / "axe.min.js"
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=[1400, 390])
def told(request, framed, shipped_page, tmp_path_factory):
    """What the driver tells of the page in a frame of a width."""
    folder = tmp_path_factory.mktemp("browser")
    page = shipped_page.replace("<head>", "<head>" + LISTENER, 1)
    before, _, after = page.rpartition("</body>")
    axe = ""
    if axe_source() and (request.param == 390 or request.config.getoption("--slow")):
        axe = f"<script>{axe_source()}</script>"
    told = framed(
        before + axe + DRIVER + "</body>" + after, folder, request.param, 60000, 400
    )
    assert told["width"] == request.param
    return told


def test_nothing_fails_and_nothing_is_asked_for(told):
    assert told["errors"] == [] and told["requests"] == []


def test_nothing_is_wider_than_the_screen(told):
    """Nor is a table cut, with all that is folded away unfolded."""
    assert told["wider"] == [] and told["wider_open"] == []
    assert told["overflow"] <= 0 and told["scrolled"] == 0
    # Nor does a number break inside of its cell, or a mark of Markdown show.
    assert told["broken"] == [] and told["marks"] == 0
    assert told["ticks"] is None
    assert told["contents"] == (told["width"] == 1400)


def test_the_slider_moves_and_versions_are_chosen(told):
    assert told["sides"] == ["bicubic", "network", 4]
    assert "75%" in told["cut"] and told["low"] == [True, True]


def test_no_word_is_cut_or_broken(told):
    """Of the slider's choices, and of options within commands."""
    assert told["cut_words"] == []
    assert told["dashes"] == []


def test_runs_are_switched_and_read_off(told):
    first = told["lines"][0][0]
    assert first.startswith("Adam, as programmed first")
    assert any(label.startswith("bicubic") for label, _ in told["lines"])
    assert first not in [label for label, _ in told["fewer"]]
    assert told["none"] == []
    # A few that are told apart, until all are asked for.
    few, everything = (
        [label for label, _ in told[name] if not label.startswith("bicubic")]
        for name in ("lines", "all")
    )
    assert len(few) == 5 and set(few) < set(everything) and len(everything) > 10
    names = [label for label, _ in told["two"]]
    assert names[0].startswith("SGD, as programmed first")
    assert names[1].startswith("RMSProp instead of Adam") and len(names) > 2
    history = results_dir() / "fsrcnn_rmsprop" / "history.csv"
    is_old = "set14_batch20" not in history.read_text().splitlines()[0]
    assert (told["other"][1][1] == "not recorded") == is_old
    where, lines = told["second"]
    assert where == "Epoch 2" and lines[0][1] != told["two"][0][1]


def test_a_wide_first_screen_has_all_three_sentences(told):
    assert told["width"] < 1400 or told["first"] < 900


def test_a_figure_leads_to_its_story(told):
    assert told["story"] == [True, True]


def test_names_of_points_do_not_overlap(told):
    pairs, counts = told["meeting"]
    assert pairs == [] and len(counts) == 2 and min(counts) > 30


def test_axe_finds_nothing_serious(told):
    if "axe" not in told:
        pytest.skip("no axe-core (pip install axe-core-python), or wide and not --slow")
    assert told["axe"] == [] and told["passes"] > 20
