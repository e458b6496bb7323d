"""What is measured stands in no page but where a command has written it."""

import re

import pytest

from claims import elsewhere, page
from claims.parts import span_of
from srcnn_theano.experiments import EXPERIMENTS

ROOT = page.ROOT
PAGES = [
    ROOT / "README.md",
    *sorted((ROOT / "docs").glob("*.md")),
    ROOT / "benchmarks" / "README.md",
]
# Numbers with the unit of something that is measured.
_MEASURED = re.compile(
    r"(?<![\w.-])\d[\d,]*(?:\.\d+)?(?:\s+to\s+\d[\d,]*(?:\.\d+)?)?"
    r"(?:\s+(?:dB|decibels|ms|per\s+mille|TFLOP|nodes)\b|(?<=\.\d)\s+times|"
    r"(?<=\.\d\d)\s+times)"
)
# Limits that we have set, figures that others have printed, and what follows from a
# definition. The demo's figures are held by the demo's own test.
_SET = {
    "README.md": {"6 to 8 dB", "29.7 dB"},
    "docs/deconvolution.md": {"220.5 times"},
    "docs/glossary.md": {"1 dB", "5 dB"},
    "docs/graph.md": {"19 nodes", "250 nodes"},
    "docs/gpu.md": {"250 nodes", "150 nodes"},
    "docs/protocols.md": {
        "27 to 28 dB",
        "30.48 and 27.49 dB",
        "27.49 dB",
        "70 dB",
        "0.1 dB",
        "0.5 dB",
        "0.02 dB",
    },
    "docs/results.md": {"0.1 dB", "0.5 dB", "5 dB"},
}
_PRINTED = {
    f"{figure:g}"
    for row in EXPERIMENTS.values()
    for figure in (row.row.published, row.row.published_vgg)
    if figure is not None
}


def by_hand(path):
    """A page without what is quoted, and without what commands write."""
    text = path.read_text(encoding="utf-8")
    made = elsewhere.PAGES.get(path)
    for words in made.sentences if made else ():
        begin, end = span_of(text, words, path)
        text = text[:begin] + text[end:]
    text = re.sub(
        r"<!-- (?!from)([^>]+) -->.*?<!-- end of \1 -->", "", text, flags=re.S
    )
    return re.sub(r"```.*?```|^    .*?$", "", text, flags=re.S | re.M)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_measured_figure_is_typed(path):
    if path == page.CLAIMS_PAGE:
        return  # written as a whole
    known = _SET.get(str(path.relative_to(ROOT)), set())
    figures = {" ".join(x.split()) for x in _MEASURED.findall(by_hand(path))}
    typed = {x for x in figures - known if x.split()[0] not in _PRINTED}
    assert not typed, f"{path.name}: written by no command: {sorted(typed)}"


@pytest.mark.parametrize(
    "text, figures",
    [
        ("ends at 32.14 dB, or\n11.6 ms", ["32.14 dB", "11.6 ms"]),
        ("is 12.7 times as long, 3 times", ["12.7 times"]),
        (
            "by 2.97 per\nmille; 34.55 to 35.87 dB",
            ["2.97 per\nmille", "34.55 to 35.87 dB"],
        ),
        ("24 steps, scale 4, 3.11 is a Python", []),
    ],
)
def test_typed_figures_are_seen(text, figures):
    assert _MEASURED.findall(text) == figures
