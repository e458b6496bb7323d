"""A whole run in small, with real processes; nothing is said about its times."""

import json
import os
import re

import numpy as np
import pytest

from benchmarks import first_use, runner, sgemm, sides
from benchmarks.sides import Contender
from benchmarks.work import multiply_adds
from srcnn_theano.errors import UserError


@pytest.fixture
def small(minis, monkeypatch):
    """One job, in small, and little time for it."""
    work = minis["mini-srcnn-step"]
    monkeypatch.setattr(runner, "WORKS", {work.name: work})
    monkeypatch.setattr(runner, "JOBS", dict.fromkeys(runner.JOBS, (work.name,)))
    monkeypatch.setattr(sides, "SECONDS_PER_TURN", 0.01)
    monkeypatch.setattr(sides, "SECONDS_PER_JOB", 0.01)
    return work


def test_a_run_writes_all_figures_and_prints_tables(small, tmp_path, capsys):
    out = tmp_path / "figures.json"
    runner.run_bench(against=(), threads=1, out=out)
    report = json.loads(out.read_text())
    job = report["passes"]["1"][small.name]
    ours = job["sides"]["ours"]
    assert list(job["sides"]) == ["ours"] and job["left_out"] == {}
    assert len(ours["seconds_by_turn"]) == sides.LEAST_TURNS
    assert ours["times_ours"] == {"median": 1.0, "from": 1.0, "to": 1.0}
    rate = 2 * multiply_adds(small) / (1e-3 * ours["median_ms"]) / 1e9
    assert ours["GFLOP_per_s"] == pytest.approx(rate)
    assert ours["peak_memory_MiB"] > 10
    assert report["machine"]["cores"] >= 1 and report["machine"]["numpy"]
    printed = capsys.readouterr().out
    assert re.search(r"\| Mini-Srcnn-Step \| ours \| [\d.]+ \| 1.00 \|", printed)


def test_json_is_all_that_is_printed(small, capsys):
    runner.run_bench(against=(), threads=1, as_json=True)
    assert small.name in json.loads(capsys.readouterr().out)["passes"]["1"]


def test_sides_that_differ_are_not_compared(small, monkeypatch, tmp_path, capsys):
    other = small._replace(size=(16, 16))
    contenders = [
        Contender("ours", "ours", "", small, 1),
        Contender("twin", "ours", "", small, 1),
        Contender("torch other", "ours", "", other, 1),
    ]
    monkeypatch.setattr(runner, "_contenders", lambda *_: contenders)
    out = tmp_path / "figures.json"
    with pytest.raises(UserError, match="torch other: not compared: results differ"):
        runner.run_bench(against=(), threads=1, out=out)
    job = json.loads(out.read_text())["passes"]["1"][small.name]
    assert list(job["sides"]) == ["ours", "twin"]
    assert "after 5 runs" in job["left_out"]["torch other"]
    assert "not compared" in capsys.readouterr().out


def test_a_side_that_fails_is_left_out_with_the_reason(small):
    broken = small._replace(network="no such network")
    contenders = [
        Contender("ours", "ours", "", small, 1),
        Contender("torch broken", "ours", "", broken, 1),
    ]
    job = runner._compare(small, contenders)
    assert list(job["sides"]) == ["ours"]
    assert job["left_out"]["torch broken"].startswith("torch broken: ")


def test_without_ours_there_is_no_comparison(small, monkeypatch, tmp_path):
    broken = small._replace(network="no such network")
    contenders = [
        Contender("ours", "ours", "", broken, 1),
        Contender("twin", "ours", "", small, 1),
    ]
    monkeypatch.setattr(runner, "_contenders", lambda *_: contenders)
    out = tmp_path / "figures.json"
    with pytest.raises(UserError, match="mini-srcnn-step, ours: ours: "):
        runner.run_bench(against=(), threads=1, out=out)
    assert json.loads(out.read_text())["passes"]["1"][small.name]["sides"] == {}


class Stub:
    """A side after its first runs and its turns."""

    def __init__(self, side, first, seconds=()):
        self.contender = Contender(side, side, "", None, 1)
        self.first, self.seconds, self.cpu_seconds = first, seconds, seconds

    def ask(self, command):
        return {"memory": 1.0}


@pytest.mark.parametrize(
    "values, agree",
    [
        ([[1.00009], [2.0]], True),
        ([[1.0], [2.0003]], False),
        ([[1.0], [float("nan")]], False),
    ],
)
def test_results_may_differ_by_a_ten_thousandth(values, agree):
    ours, other = Stub("ours", [[1.0], [2.0]]), Stub("torch", values)
    assert (runner._difference(ours, other) == "") is agree


def test_images_are_compared_as_a_whole():
    # A small value may differ by much where the image as a whole does not.
    ours, other = Stub("ours", [[1.0, 1e-6]]), Stub("torch", [[1.0, 2e-6]])
    assert runner._difference(ours, other) == ""


def test_ratios_are_taken_turn_by_turn():
    ours = Stub("ours", [], [1.0, 2.0, 4.0])
    torch = Stub("torch", [], [3.0, 4.0, 4.0])
    product = Stub("sgemm", [], [2.0, 2.0, 2.0])
    product.contender = product.contender._replace(variant="numpy")
    quarter = sgemm.multiply_adds("numpy") // 4
    found = runner._side_by_side([ours, torch, product], quarter)
    assert found["torch"]["times_ours"] == {"median": 2.0, "from": 1.0, "to": 3.0}
    # A quarter of the product's work in 1, 2 and 4 of its 2 seconds.
    assert found["sgemm"]["our_share"] == {"median": 0.25, "from": 0.125, "to": 0.5}
    assert found["sgemm"]["GFLOP_per_s"] == pytest.approx(2048**3 * 1e-9)


def test_cost_is_per_unit_and_against_the_least_work():
    few, many = Stub("few", [], [1.0, 1.0]), Stub("many", [], [6.0, 12.0])
    found = runner._per_unit([few, many], {"few": 10, "many": 40})
    assert found["many"]["ms_per_unit"] == pytest.approx(225)
    assert found["many"]["times_smallest"] == pytest.approx(
        {"median": 2.25, "from": 1.5, "to": 3.0}
    )


@pytest.mark.parametrize("network", ["srcnn", "fsrcnn"])
def test_pictures_are_enlarged_fourfold_in_tiles(network):
    from benchmarks.ours import make_job
    from benchmarks.work import Work

    result = make_job(Work("p", "P", "picture", network, 1, 1, (20, 30)), "")()
    assert result.shape == (80, 120, 3) and result.dtype == np.uint8


def test_limits_are_measured_beside_srcnn_alone(minis):
    work = minis["mini-srcnn-step"]
    rivals = [("torch", "eager")]
    plain = runner._contenders(work, rivals, "cpu", 2, 2)
    assert [one.label for one in plain] == ["ours", "torch eager"]
    work = work._replace(name="srcnn-20")
    limited = runner._contenders(work, rivals, "cpu", 2, 2)
    labels = ["sgemm numpy", "sgemm onednn", "ours, 1 thread"]
    assert [one.label for one in limited[2:]] == labels
    assert [one.threads for one in limited] == [2, 2, 2, 2, 1]
    assert len(runner._contenders(work, rivals, "cpu", 1, 2)) == 4
    assert len(runner._contenders(work, rivals, "cpu", 1, 1)) == 4
    scaled = runner._contenders(work._replace(name="fsrcnn-20"), rivals, "cpu", 2, 2)
    assert [one.label for one in scaled][2:] == ["ours, 1 thread"]


def test_on_a_card_its_own_limit_is_beside_every_job(minis):
    found = runner._contenders(minis["mini-srcnn-step"], [], "gpu", 2, 2)
    assert [(one.label, one.device) for one in found] == [
        ("ours", "gpu"),
        ("ours cpu", "cpu"),
        ("sgemm jax", "gpu"),
    ]


@pytest.mark.parametrize("name, n_rivals", [("image", 1), ("step", 0)])
def test_onnxruntime_only_takes_images(name, n_rivals, minis):
    work = minis[f"mini-srcnn-{name}"]
    found = runner._contenders(work, [("onnxruntime", "session")], "cpu", 1, 1)
    assert [one.side for one in found] == ["ours"] + n_rivals * ["onnxruntime"]


def test_through_xla_ours_is_measured_beside_our_c_code(minis):
    work = minis["mini-srcnn-step"]._replace(name="srcnn-20")
    found = runner._contenders(work, [("jax", "jit")], "xla", 2, 2)
    assert [(one.label, one.side, one.device) for one in found] == [
        ("ours", "ours", "xla"),
        ("jax jit", "jax", "xla"),
        ("ours cpu", "ours", "cpu"),
    ]


def test_a_run_through_xla(small, tmp_path, monkeypatch):
    pytest.importorskip("jax")
    monkeypatch.setenv("SRCNN_DEVICE", "xla")
    out = tmp_path / "figures.json"
    runner.run_bench(threads=1, out=out)
    report = json.loads(out.read_text())
    job = report["passes"]["1"][small.name]
    assert report["device"] == "xla" and job["left_out"] == {}
    assert list(job["sides"]) == ["ours", "jax jit", "ours cpu"]


def test_each_side_is_told_where_to_run(minis, monkeypatch):
    monkeypatch.setenv("SRCNN_DEVICE", "gpu")
    work = minis["mini-srcnn-step"]
    here, there = (
        sides._variables(Contender("x", "ours", "", work, 3, device))
        for device in ("cpu", "gpu")
    )
    assert (here["SRCNN_DEVICE"], there["SRCNN_DEVICE"]) == ("cpu", "gpu")
    assert here["OMP_NUM_THREADS"] == there["OMP_NUM_THREADS"] == "3"
    # One process must not take all of the card's memory.
    assert there["XLA_PYTHON_CLIENT_PREALLOCATE"] == "false"
    assert here.get("PATH") == os.environ.get("PATH")


@pytest.mark.parametrize(
    "options, message",
    [
        ({"against": ["tensorflow"]}, "--against tensorflow: it can be torch, jax"),
        ({"against": [], "only": ["srcnn-21"]}, "--only srcnn-21: no such job; .*vgg"),
        ({"against": [], "threads": 0}, "--threads 0: .*1 to "),
        ({"against": [], "threads": 1000}, "--threads 1000: .*1 to "),
    ],
)
def test_what_is_unknown_is_refused_before_anything_runs(options, message):
    with pytest.raises(UserError, match=message):
        runner.run_bench(**options)


def test_missing_frameworks_are_named(monkeypatch):
    monkeypatch.setattr(runner, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="--against jax: jax is not installed"):
        runner.run_bench(against=["jax"])


def test_first_use_starts_from_an_empty_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("THEANO_FLAGS", "base_compiledir=" + str(tmp_path))
    program = tmp_path / "program.py"
    program.write_text(
        "import os, re\n"
        "folder = re.search('.*compiledir=([^,]+)', os.environ['THEANO_FLAGS'])[1]\n"
        "assert os.listdir(folder) == [] and input() == 'run 1'\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert first_use._seconds(["program"])["seconds"] > 0
    program.write_text("raise SystemExit('no luck')\n")
    assert first_use._seconds(["program"]) == {"failed": "no luck"}
    program.write_text(
        "import os\n"
        "assert os.environ['SRCNN_DEVICE'] == 'xla'\n"
        "assert os.environ['THEANO_FLAGS'].endswith(',cxx=')\n"
    )
    assert first_use._seconds(["program"], "xla")["seconds"] > 0


def test_a_failed_first_use_is_an_error_in_the_end(monkeypatch, capsys):
    uses = {"demo": {"title": "demo", "failed": "no photograph"}}
    monkeypatch.setattr(first_use, "measure", lambda device: uses)
    with pytest.raises(UserError, match="demo: no photograph"):
        runner.run_bench(against=(), only=["first-use"])
    assert "| demo | failed |" in capsys.readouterr().out
