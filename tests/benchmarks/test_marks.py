"""Marks, tables and files of a report whose figures are made up."""

import json

import pytest

from benchmarks import table
from benchmarks.marks import MARKS, evaluate
from benchmarks.runner import JOBS
from srcnn_theano.errors import UserError


def spread(median):
    return {"median": median, "from": median - 0.25, "to": median + 0.5}


def side(ms, MiB, **more):
    figures = {"median_ms": ms, "peak_memory_MiB": MiB, "GFLOP_per_s": 50.0, **more}
    return dict(figures, seconds_by_turn=[ms / 1e3])


@pytest.fixture
def report():
    sides = {
        "ours": side(10.0, 300, times_ours=spread(1.0)),
        "torch eager": side(20.0, 200, times_ours=spread(2.0)),
        "torch compile": side(15.0, 400, times_ours=spread(1.5)),
        "jax jit": side(5.0, 100, times_ours=spread(0.5)),
        "sgemm numpy": side(150.0, 90, our_share=spread(0.9)),
        "sgemm onednn": dict(side(80.0, 90, our_share=spread(0.5)), GFLOP_per_s=80.0),
        "ours, 1 thread": side(18.0, 300, times_ours=spread(1.8)),
    }
    job = {"title": "SRCNN step", "sides": sides, "left_out": {"torch x": "a | b"}}
    one_thread = dict(job, sides={"ours": side(18.0, 300, times_ours=spread(1.0))})
    amounts = {
        "20": dict(side(10.0, 99), cpu_ms=9, ms_per_unit=0.5, times_smallest=spread(1)),
        "50": dict(side(40.0, 99), cpu_ms=9, ms_per_unit=0.8, times_smallest=spread(2)),
        "90": dict(side(45.0, 99), cpu_ms=9, ms_per_unit=0.5, times_smallest=spread(1)),
    }
    growth = {"title": "by batch", "unit": "sample", "threads": 2, "amounts": amounts}
    report = {
        "device": "cpu",
        "machine": {"processor": "Z80", "cores": 2, "numpy": "1.23.5", "torch": None},
        "command": "python -m benchmarks",
        "passes": {"1": {"srcnn-20": one_thread}, "2": {"srcnn-20": job}},
        "growths": {"samples": growth},
        "commands": {
            "a.png": {
                "title": "upscale a.png",
                "sides": {
                    "srcnn-theano": side(1500, 90, times_ours=spread(1.0), cpu_ms=1),
                    "OpenCV": side(2400, 90, times_ours=spread(1.6), cpu_ms=900),
                    "onnxruntime": side(2100, 90, times_ours=spread(1.4), cpu_ms=1),
                },
            }
        },
        "first_use": {
            "step": {"title": "first step", "seconds": 12.0},
            "demo": {"title": "demo", "seconds": 36.0},
            "upscale": {"title": "upscale", "failed": "no such network"},
        },
    }
    return dict(report, marks=evaluate(report))


def found(report, job, measure):
    return next(
        mark
        for mark in report["marks"]
        if (mark["job"], mark["measure"]) == (job, measure)
    )


@pytest.mark.parametrize(
    "job, measure, against, median, met",
    [
        # Against the fastest of PyTorch, not of all.
        ("srcnn-20", "speed", "torch compile", 1.5, True),
        # Against the fastest product, though the other makes a better figure.
        ("srcnn-20", "share", "sgemm onednn", 0.5, False),
        ("srcnn-20", "memory", "torch eager", 1.5, False),
        # With two threads, though one thread has been measured, too.
        ("srcnn-20", "threads", "ours, 1 thread", 1.8, True),
        ("samples", "growth", "50 against 20", 2, False),
        ("a.png", "whole", "onnxruntime", 1.4, False),
        ("step", "first", "", 12.0, True),
        ("demo", "first", "", 36.0, False),
    ],
)
def test_marks_are_held_against_the_right_figures(
    report, job, measure, against, median, met
):
    mark = found(report, job, measure)
    assert (mark["against"], mark["measured"]["median"]) == (against, median)
    assert mark["met"] is met


def test_a_failure_is_neither_met_nor_missed(report):
    mark = found(report, "upscale", "first")
    assert mark["measured"] is None and mark["met"] is None


def test_marks_are_of_what_was_asked_for(report):
    jobs = {"srcnn-20", "samples", "a.png", "step", "upscale", "demo"}
    assert {mark["job"] for mark in report["marks"]} == jobs


def test_marks_of_jobs_without_rivals_are_open(report):
    sides = report["passes"]["2"]["srcnn-20"]["sides"]
    report["passes"]["2"]["srcnn-20"]["sides"] = {"ours": sides["ours"]}
    marks = [mark for mark in evaluate(report) if mark["job"] == "srcnn-20"]
    assert len(marks) == 4 and all(mark["met"] is None for mark in marks)


@pytest.mark.parametrize(
    "device, without",
    [
        ("cpu", {"commands", "first-use"}),
        ("xla", {"first-use"}),
        ("gpu", {"first-use"}),
    ],
)
def test_every_job_has_its_mark(device, without):
    assert set(JOBS[device]) - {mark.job for mark in MARKS[device]} == without


@pytest.mark.parametrize(
    "device, measure, against, median, met",
    [
        ("xla", "jax", "jax jit", 0.5, False),
        ("gpu", "jax", "jax jit", 0.5, False),
        ("gpu", "eager", "torch eager", 2.0, True),
        ("gpu", "compile", "torch compile", 1.5, True),
    ],
)
def test_marks_of_what_goes_through_xla(report, device, measure, against, median, met):
    marks = {"marks": evaluate(dict(report, device=device))}
    mark = found(marks, "srcnn-20", measure)
    assert (mark["against"], mark["measured"]["median"]) == (against, median)
    assert mark["met"] is met


@pytest.mark.parametrize(
    "accelerators, told", [(["X, 8 MiB"], "; X, 8 MiB"), ([], "; no accelerator")]
)
def test_accelerators_are_told(report, accelerators, told):
    report["machine"]["accelerators"] = accelerators
    report["machine"]["caches"] = "L1 48K"
    assert f"on Z80 (2 cores; caches L1 48K{told}) with" in table.markdown(report)


def test_table_has_marks_beside_measured_values(report):
    lines = table.markdown(report).splitlines()
    assert "on Z80 (2 cores) with NumPy 1.23.5." in lines[0]
    for line in (
        "| SRCNN step | times as fast as the others | at least 1.4 | 1.50 | "
        "1.25 to 2.00 | torch compile | met |",
        "| by batch | cost per sample over the least work's | at most 1.1 | 2.00 | "
        "1.75 to 2.50 | 50 against 20 | **missed** |",
        "| demo | seconds with an empty compile folder | at most 35 | 36.00 |  |  | "
        "**missed** |",
        "### 2 threads",
        "| SRCNN step | torch eager | 20.00 | 2.00 | 1.75 to 2.50 | 50 | 200 |",
        "| SRCNN step | sgemm onednn | 80.00 | ours has 0.50 of it | 0.25 to 1.00 | 80 "
        "| 90 |",
        "| SRCNN step | torch x |  | a / b |  |  |  |",
        "| upscale a.png | OpenCV | 2.40 | 0.90 | 1.60 | 1.35 to 2.10 | 90 |",
        "| upscale | failed |",
        "| 50 | 40.00 | 0.800 | 2.00 | 1.75 to 2.50 | 0.01 | 99 |",
    ):
        assert line in lines


def test_all_rows_of_a_table_have_as_many_cells(report):
    widths = []
    for line in table.markdown(report).splitlines() + [""]:
        if line.startswith("|"):
            widths.append(line.count("|"))
        else:
            assert len(set(widths)) <= 1
            widths = []


def test_update_replaces_what_is_between_the_marks(report, tmp_path):
    figures, readme = tmp_path / "figures.json", tmp_path / "README.md"
    figures.write_text(json.dumps(report))
    readme.write_text(
        "before\n\n<!-- figures -->\nstale\n<!-- end of figures -->\n\nafter\n"
        "<!-- xla figures -->\n<!-- end of xla figures -->\n"
    )
    for _ in range(2):
        table.main(str(figures), str(readme))
        text = readme.read_text()
        assert text.startswith("before\n\n<!-- figures -->\n\nMeasured by")
        assert "|\n\n<!-- end of figures -->\n\nafter\n" in text
        assert "stale" not in text and text.count("### 2 threads") == 1
    table.update(readme, dict(report, device="xla", command="bench --device xla"))
    before, after = readme.read_text().split("after\n")
    assert before == text.split("after\n")[0]
    assert after.startswith("<!-- xla figures -->\n\nMeasured by `bench --device xla`")
    assert after.endswith("|\n\n<!-- end of xla figures -->\n")


def test_an_old_report_is_held_against_the_marks_of_today(report):
    report["marks"] = []
    assert "| demo | seconds with an empty compile folder | at most 35 |" in (
        table.markdown(report)
    )


def test_a_report_goes_into_the_block_that_is_named(report, tmp_path):
    figures, readme = tmp_path / "figures.json", tmp_path / "README.md"
    figures.write_text(json.dumps(report))
    blocks = (
        "<!-- figures -->\n<!-- end of figures -->\n<!-- new -->\n<!-- end of new -->"
    )
    readme.write_text(blocks)
    table.main(str(figures), str(readme), "new")
    before, made = readme.read_text().split("<!-- new -->")
    assert before == blocks.split("<!-- new -->")[0] and "### 2 threads" in made


def test_update_needs_the_marks(report, tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("no place\n")
    with pytest.raises(UserError, match="README.md: has no lines"):
        table.update(readme, report)
    assert readme.read_text() == "no place\n"
