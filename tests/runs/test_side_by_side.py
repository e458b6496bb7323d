"""Whole runs in processes of their own, of a tiny network on a picture made here."""

import contextlib
import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from srcnn_theano import environment, experiments
from srcnn_theano.cli import main
from srcnn_theano.cluster import client
from srcnn_theano.errors import UserError
from srcnn_theano.experiments.records import Measure
from srcnn_theano.runs import costs, plan, reproduce, side_by_side
from srcnn_theano.runs.costs import StepCost, kind, seconds_of
from srcnn_theano.runs.plan import Planned
from srcnn_theano.runs.run import runs_of_seeds
from srcnn_theano.runs.side_by_side import Settings, run_all
from srcnn_theano.training.history import read_history, write_history

SCRIPT = Path(__file__).with_name("tiny_command.py")
_spec = importlib.util.spec_from_file_location("tiny_command", SCRIPT)
tiny_command = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tiny_command)


@pytest.fixture(autouse=True)
def tiny(monkeypatch, tmp_path):
    """The command line with the row `tiny`, for this process and those it starts."""
    monkeypatch.setitem(experiments.EXPERIMENTS, "tiny", tiny_command.TINY)
    monkeypatch.setattr(side_by_side, "COMMAND", (sys.executable, str(SCRIPT)))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)


def plans(seeds, experiment=None):
    experiment = experiment or tiny_command.TINY
    return [Planned(run, "") for run in runs_of_seeds(experiment, Path("runs"), seeds)]


def settings(jobs=1):
    return Settings(Path("data"), Path("runs"), None, jobs)


def seconds(planned):
    return {plan.name: 1.0 for plan in planned}


def test_runs_go_on_where_others_fail(capfd):
    unknown = tiny_command.TINY._replace(name="unknown")
    after = unknown._replace(
        name="after", measure=Measure(n_epochs=3, weights_of="unknown")
    )
    planned = [*plans([0, 1]), *plans([0], unknown), *plans([0], after)]
    failed = run_all(planned, settings(jobs=2), seconds(planned))
    assert set(failed) == {"unknown", "after"}
    assert failed["unknown"].startswith("exit status 2; see runs/unknown/log.txt")
    assert "unknown" in Path("runs/unknown/log.txt").read_text()
    assert failed["after"] == "unknown, whose network it measures, failed"
    for name in ("tiny", "tiny-seed1"):
        assert len(read_history(Path("runs", name, "history.csv"))) == 3
        assert Path("runs", name, "results.json").is_file()
    assert not Path("runs/after").exists()
    said = capfd.readouterr().err
    assert "tiny-seed1: done in" in said and "unknown: failed" in said


def test_a_run_that_cannot_be_started_stops_no_other(capfd):
    Path("runs").mkdir()
    Path("runs/tiny-seed1").touch()  # where its folder should be
    planned = plans([1, 0])
    failed = run_all(planned, settings(jobs=2), seconds(planned))
    assert (
        list(failed) == ["tiny-seed1"] and "cannot be started" in failed["tiny-seed1"]
    )
    assert Path("runs/tiny/results.json").is_file()
    assert "tiny-seed1: failed, cannot be started" in capfd.readouterr().err


def test_an_interrupt_ends_all_and_the_same_call_goes_on(monkeypatch):
    planned = plans([0])
    folder = Path("runs/tiny")

    def until_an_epoch_is_done(poll):
        time.sleep(poll)
        if (folder / "checkpoint.h5").exists():
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        clock = SimpleNamespace(sleep=until_an_epoch_is_done, time=time.time)
        patch.setattr(side_by_side, "time", clock)
        with pytest.raises(KeyboardInterrupt):
            run_all(planned, settings(), seconds(planned))
    assert not (folder / ".lock").exists()  # nobody works there any more
    assert run_all(planned, settings(), seconds(planned)) == {}
    assert len(read_history(folder / "history.csv")) == 3


# `reproduce` with trainings that tell their process and wait.
WAITING = """
import signal, sys
sys.path.insert(0, sys.argv.pop(1))
import tiny_command
from srcnn_theano.runs import plan, reproduce, side_by_side
signal.signal(signal.SIGTERM, signal.SIG_DFL)  # nohup and the like ignore some
signal.signal(signal.SIGINT, signal.default_int_handler)  # the trainings inherit it
train = "import os, sys, time; open('seed' + sys.argv[4], 'w').write(str(os.getpid()))"
side_by_side.COMMAND = (sys.executable, "-c", train + "; time.sleep(600)")
plan.data_checksums = lambda folder: {}
reproduce.step_costs = lambda *arguments, **more: {}
reproduce.seconds_of = lambda runs, *others: {run.name: 60.0 for run in runs}
sys.exit(tiny_command.main(sys.argv[1:]))
"""


def test_a_signal_leaves_no_training_behind(tmp_path):
    words = "reproduce table1 --only tiny --seeds 0,1 --jobs 2".split()
    with subprocess.Popen(
        [sys.executable, "-c", WAITING, str(SCRIPT.parent), *words]
    ) as process:
        files = [tmp_path / "seed0", tmp_path / "seed1"]
        until = time.monotonic() + 60
        while not all(path.exists() and path.read_text() for path in files):
            assert process.poll() is None and time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
    assert process.returncode == 128 + signal.SIGTERM
    for path in files:
        with pytest.raises(ProcessLookupError):
            os.kill(int(path.read_text()), 0)


def test_cores_are_shared(monkeypatch):
    monkeypatch.setattr(side_by_side, "usable_cores", lambda: 8)
    assert [settings(jobs).threads for jobs in (1, 3, 8, 20)] == [8, 2, 1, 1]


# --- What it costs ---


def test_kinds_of_steps():
    (plan,) = plans(None)
    names = ["table1_adam_programmed", "table1_sgd_programmed", "vgg_only_programmed"]
    runs = [
        plan.run._replace(experiment=experiments.EXPERIMENTS[name]) for name in names
    ]
    assert [kind(run) for run in runs] == [
        "srcnn, batch 20, 3 channels",
        "srcnn, batch 20, 3 channels",
        "srcnn, batch 100, 3 channels, VGG16",
    ]


@pytest.fixture
def sub_images(monkeypatch):
    """100 in each set."""
    pairs = SimpleNamespace(low_res=range(100))
    monkeypatch.setattr(costs.cache, "prepare", lambda *arguments: pairs)


def test_steps_are_timed_and_kept_for_a_day(monkeypatch, tmp_path, capsys, sub_images):
    measured = []

    def measure(run, data_dir, vgg, threads):
        measured.append((run.experiment.name, threads))
        return [0.25, 0.5]

    monkeypatch.setattr(costs, "_measure_apart", measure)
    monkeypatch.setattr(reproduce, "run_all", lambda *arguments: {})
    planned = plans([0, 1])
    two = settings()._replace(jobs=2)
    assert reproduce.reproduce(planned, two, only_cost=True) == {}
    assert measured == [("tiny", two.threads)]
    said = capsys.readouterr().out
    # 3 epochs of 10 steps, and 20 minibatches to score at a third; 60 s to measure.
    expected = 3 * (10 + 20 / 3) * 0.25 + 60
    assert seconds_of(planned, {kind(planned[0].run): StepCost(0.25, 0.5)}, "d") == {
        "tiny": pytest.approx(expected),
        "tiny-seed1": pytest.approx(expected),
    }
    # Two of a kind at a time have two memories.
    assert "2 runs, 2 at a time" in said and "1.0 GiB" in said
    reproduce.reproduce(planned, two)
    assert len(measured) == 1
    # To ask for the cost is to ask anew.
    reproduce.reproduce(planned, two, only_cost=True)
    assert len(measured) == 2
    (tmp_path / "cache" / "srcnn_theano" / "step_costs.json").write_text("[]")
    reproduce.reproduce(planned, two)
    assert len(measured) == 3
    # What was measured yesterday, under another load or on another device, is not it.
    day_after = time.time() + 25 * 3600
    with monkeypatch.context() as patch:
        patch.setattr(costs, "time", SimpleNamespace(time=lambda: day_after))
        reproduce.reproduce(planned, two)
    assert len(measured) == 4
    monkeypatch.setenv("SRCNN_DEVICE", "xla")
    reproduce.reproduce(planned, two)
    assert len(measured) == 5


def test_trainings_correct_what_was_measured(sub_images, monkeypatch):
    measured = [[1.0, 0.1]]
    monkeypatch.setattr(costs, "_measure_apart", lambda *arguments: measured.pop())
    (plan,) = plans([0])
    about = (Path("data"), None, 1)
    expected = seconds_of([plan], costs.step_costs([plan], *about), Path("data"))
    folder = plan.run.folder
    folder.mkdir(parents=True)
    # An epoch takes 10 steps, and 20 to score at a third: half a second for each.
    half = str((10 + 20 / 3) / 2)
    columns = ("epoch", "iteration", "learning_rate", "cost", "train_psnr", "seconds")
    write_history(
        folder / "history.csv",
        [
            dict(zip(columns, (str(n), f"{10 * n}", "1", "1", "1", half)))
            for n in (1, 2, 3)
        ],
    )

    def correct(started):
        costs.correct(plan.run, expected[plan.name], 0.7, started, threads=1)
        return costs.step_costs([plan], *about)[kind(plan.run)][:2]

    assert correct(time.time() + 60) == (1.0, 0.1)  # an earlier call trained it
    assert correct(0.0) == (pytest.approx(0.5), 0.7)
    half = "0"  # no time at all is no figure
    write_history(
        folder / "history.csv", [dict(zip(columns, ("1", "10", "1", "1", "1", half)))]
    )
    assert correct(0.0) == (pytest.approx(0.5), 0.7)


def test_the_sums_of_what_it_costs(sub_images, monkeypatch, capsys):
    monkeypatch.setattr(costs, "_measure_apart", lambda *arguments: [36.0, 0.5])
    monkeypatch.setattr(side_by_side, "usable_cores", lambda: 2)
    after = tiny_command.TINY._replace(
        name="after", measure=Measure(n_epochs=2, weights_of="tiny")
    )
    planned = [*plans([0, 1]), *plans([0], after)]
    lines = {}
    for jobs in (1, 2, 99):
        reproduce.reproduce(planned, settings(jobs), only_cost=True)
        *table, lines[jobs] = capsys.readouterr().out.splitlines()
    # 3 epochs of 10 + 20 / 3 steps are half an hour, and measuring a minute.
    cells = [line.split()[-4:] for line in table]
    assert [line[-1] for line in cells] == ["hours", "1.0", "0.0", "1.0"]
    assert [cells[1][0], cells[2][-2], cells[3][-2]] == ["2", "1", "3"]
    assert "3 runs, 1 at a time with 2 threads each: about 1.0 hours" in lines[1]
    # Two cores do no more than two at a time, and all have their memory.
    assert "about 0.5 hours and 1.0 GiB" in lines[2]
    assert "99 at a time with 1 thread each: about 0.5 hours and 1.5 GiB" in lines[99]


def test_rows_that_lack_something_are_named_and_the_others_done(
    sub_images, monkeypatch, capsys
):
    monkeypatch.setattr(costs, "_measure_apart", lambda *arguments: [0.1, 0.5])
    done = []
    monkeypatch.setattr(
        reproduce, "run_all", lambda left, *others: done.extend(left) or {}
    )
    first, second = plans([0, 1])
    planned = [first._replace(lacks="it needs a file"), second]
    failed = reproduce.reproduce(planned, settings())
    assert failed == {"tiny": "it needs a file"} and done == [second]
    said = capsys.readouterr().out
    assert "left out, because it needs a file: 1: tiny\n" in said
    assert reproduce.reproduce(planned[:1], settings()) == failed
    # So says the cost alone, whether something is left to time or not.
    for some in (planned, planned[:1]):
        assert reproduce.reproduce(some, settings(), only_cost=True) == failed


def test_a_bad_address_is_told_before_steps_are_timed(sub_images, monkeypatch):
    def time_steps(*arguments):
        raise AssertionError("steps were timed")

    monkeypatch.setattr(costs, "_measure_apart", time_steps)
    with pytest.raises(UserError, match="--scheduler nonsense: is no address"):
        reproduce.reproduce(plans([0]), settings(), scheduler="nonsense")


def test_a_cluster_has_as_many_at_a_time_as_its_workers_threads(
    sub_images, monkeypatch, capsys
):
    monkeypatch.setattr(costs, "_measure_apart", lambda *arguments: [36.0, 0.5])
    threads = {"tcp://a:1": 4, "tcp://b:1": 1}
    cluster = SimpleNamespace(nthreads=lambda: threads)
    connected = contextlib.nullcontext(cluster)
    monkeypatch.setattr(client, "connected", lambda address: connected)
    planned = plans(range(10))
    reproduce.reproduce(planned, settings(), only_cost=True, scheduler="a:1")
    said = capsys.readouterr().out
    # Ten runs of 31 minutes in two rounds of five.
    assert "10 runs, 5 at a time on the cluster: about 1.0 hours" in said


def test_jobs_and_a_cluster_do_not_go_together(monkeypatch, capsys):
    monkeypatch.setenv("SRCNN_DATA", ".")
    words = "reproduce table1 --jobs 2 --scheduler tcp://a:1".split()
    assert main(words) == 2
    assert "--jobs: the threads of the cluster's workers" in capsys.readouterr().err


@pytest.mark.parametrize("lacks, status", [("", 0), ("it needs a file", 2)])
def test_rows_are_shown_without_a_folder_of_runs(lacks, status, monkeypatch, capsys):
    monkeypatch.setenv("SRCNN_DATA", ".")
    run = runs_of_seeds(experiments.find_experiment("half_relu"), Path("runs"), None)[0]
    left = Planned(run, "" if lacks else "results", lacks)
    monkeypatch.setattr(plan, "make_plan", lambda *arguments: [left])
    assert main(["reproduce", "fsrcnn-layers"]) == status
    said = capsys.readouterr()
    assert "nothing is left to do" in said.out and "  half_relu" in said.out
    assert ("half_relu: it needs a file" in said.err) == bool(lacks)


def test_more_jobs_than_cores_are_as_many_as_cores(monkeypatch, capsys):
    monkeypatch.setenv("SRCNN_DATA", ".")
    monkeypatch.setattr(environment, "usable_cores", lambda: 2)
    monkeypatch.setattr(plan, "make_plan", lambda *arguments: [])
    jobs = []
    monkeypatch.setattr(
        reproduce,
        "reproduce",
        lambda planned, settings, *others: jobs.append(settings.jobs) or {},
    )
    for wanted, said in (("9999", True), ("2", False)):
        assert main(["reproduce", "table1", "--cost", "--jobs", wanted]) == 0
        assert ("--jobs 9999: more than the 2 cores" in capsys.readouterr().err) == said
    assert jobs == [2, 2]


def test_what_is_proved_is_said_and_left(capsys):
    planned = [plan._replace(proved="results") for plan in plans([0])]
    assert reproduce.reproduce(planned, settings()) == {}
    said = capsys.readouterr().out
    assert "done already, in results/" in said and "nothing is left to do" in said
