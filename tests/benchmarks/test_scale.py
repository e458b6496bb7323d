"""The parts of `python -m benchmarks.scale` that are worked out by hand."""

import json

import pytest

from benchmarks import scale
from benchmarks.scale import Look


@pytest.mark.parametrize(
    "one, two, cores, times",
    [
        (8, 4, 64, 64),  # nothing is left alone
        (8, 8, 64, 1),  # a second thread brings nothing
        (8, 9, 64, 1),  # or less
        (8, 5, 2, 1.6),  # what was measured comes out again
        (8, 5, 3, 2),  # 6 of 8 are shared: 2 + 6 / 3
    ],
)
def test_more_cores(one, two, cores, times):
    assert scale.on_cores(one, two, cores) == pytest.approx(times)


def test_pace_and_memory_of_quarters():
    # A picture a second, then two; the last quarter takes more memory.
    seconds = [*range(1, 51), *(50 + n / 2 for n in range(1, 51))]
    looks = [
        Look(s, n, 90.0 if n > 75 else 70.0) for n, s in enumerate(seconds, start=1)
    ]
    looks.append(looks[-1]._replace(seconds=200))  # the command is about to end
    rows = scale.quarters(looks)
    assert [row["quarter"] for row in rows] == [1, 2, 3, 4]
    assert [row["ms"] for row in rows] == [1000, 1000, 500, 500]
    assert [row["mib"] for row in rows] == [70, 70, 70, 90]


def figures_of(times_as_fast):
    alone = {"ours, 1 thread": {"times_ours": {"median": times_as_fast}}}
    jobs = {
        "a": {"title": "A step", "sides": alone},
        "b": {"title": "An image", "sides": {}},  # of which one thread was not timed
    }
    return {"passes": {"1": {}, "2": jobs}}


def test_a_page_in_small(tmp_path, monkeypatch):
    figures = tmp_path / "figures.json"
    figures.write_text(json.dumps(figures_of(1.6)))
    monkeypatch.setattr(scale, "_SECONDS_BETWEEN_LOOKS", 0.01)
    out = tmp_path / "scale.md"
    words = ["--figures", str(figures), "--out", str(out), "--small", "8"]
    assert scale.main([*words, "--most", "0.1"]) == 0
    text = out.read_text()
    assert "| A step | 1.0 | 1.6 | 2.3 | 3.4 | 3.8 |" in text
    assert "8 pictures of 64x48 pixels" in text
    (row,) = json.loads(out.with_suffix(".json").read_text())["per_pixel"]
    assert row["megapixels"] == pytest.approx(0.1, rel=0.01)
    assert row["seconds_per_megapixel"] > 0


@pytest.mark.parametrize(
    "report", ["{}", "[]", '{"passes": {"1": {}}}', '{"passes": 3}']
)
def test_what_is_no_report_is_refused(report, tmp_path, capsys):
    figures = tmp_path / "figures.json"
    figures.write_text(report)
    out = tmp_path / "scale.md"
    assert scale.main(["--figures", str(figures), "--out", str(out)]) == 2
    assert "--figures: no report" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == [figures]


def test_a_place_that_cannot_be_written_is_refused_first(tmp_path, capsys):
    figures = tmp_path / "figures.json"
    figures.write_text(json.dumps(figures_of(1.6)))
    (tmp_path / "a.json").mkdir()
    for name, words in (
        ("a.md", []),
        ("b.json", []),
        ("c.md", ["--most", "0.01"]),
    ):
        place = ["--figures", str(figures), "--out", str(tmp_path / name)]
        assert scale.main([*place, *words]) == 2
    assert capsys.readouterr().err.count("benchmarks.scale: error: ") == 3
    assert {p.name for p in tmp_path.iterdir()} == {"figures.json", "a.json"}
