"""A scheduler and three worker processes here, of which one is killed."""

import hashlib
import importlib.util
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from srcnn_theano import cli, experiments
from srcnn_theano.cluster import client
from srcnn_theano.data import datasets
from srcnn_theano.errors import UserError
from srcnn_theano.files import sha256
from srcnn_theano.runs import cluster, worker
from srcnn_theano.runs.plan import Planned
from srcnn_theano.runs.run import runs_of_seeds
from srcnn_theano.runs.side_by_side import Settings
from srcnn_theano.training.history import read_history
from srcnn_theano.weights import load_weights

pytest.importorskip("distributed", reason="needs the extra `cluster`")

HERE = Path(__file__).resolve().parent
_spec = importlib.util.spec_from_file_location("tiny", HERE / "tiny_command.py")
tiny = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tiny)


@pytest.fixture
def sets(tmp_path, monkeypatch):
    """A folder of small image sets, with a manifest of them."""
    manifest = {}
    for seed, name in enumerate(datasets.SETS):
        path = tmp_path / "data" / name / "a.bmp"
        path.parent.mkdir(parents=True)
        pixels = np.random.RandomState(seed).randint(0, 256, (9, 9, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
        facts = {"bytes": path.stat().st_size, "sha256": sha256(path), "mode": "RGB"}
        facts.update(size=[9, 9], pixels=hashlib.sha256(pixels.tobytes()).hexdigest())
        manifest[name] = {"a.bmp": facts}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    monkeypatch.setattr(datasets, "manifest", lambda: manifest)
    return tmp_path / "data"


@pytest.fixture
def processes(tmp_path, sets, cluster_of):
    """The address of a scheduler, and its three workers as processes."""
    return cluster_of(
        tmp_path,
        "--preload",
        str(HERE / "preload_tiny.py"),
        TINY_COMMAND=str(HERE / "tiny_command.py"),
        TINY_MANIFEST=str(tmp_path / "manifest.json"),
        XDG_CACHE_HOME=str(tmp_path / "cache of workers"),
    )


def plans(seeds, runs_dir):
    return [Planned(run, "") for run in runs_of_seeds(tiny.TINY, runs_dir, seeds)]


def wait_for_workers(address, number):
    from distributed import Client

    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(number, timeout=120)
        return {v["name"]: k for k, v in client.scheduler_info()["workers"].items()}


def test_a_worker_that_is_killed_loses_nothing(processes, sets, tmp_path, monkeypatch):
    monkeypatch.setitem(experiments.EXPERIMENTS, "tiny", tiny.TINY)
    address, workers = processes
    wait_for_workers(address, 3)
    runs_dir = tmp_path / "runs"
    killed = []
    receive = cluster._Cluster._receive

    def receive_and_kill(self, *finished):
        receive(self, *finished)
        if not killed and (runs_dir / "tiny" / "checkpoint.h5").exists():
            killed.append(worker_of(self.client, f"{self.session}-tiny", workers))

    monkeypatch.setattr(cluster._Cluster, "_receive", receive_and_kill)
    settings = Settings(sets, runs_dir)
    planned = plans([0, 1], runs_dir)
    assert cluster.run_on_cluster(planned, settings, address) == {}
    assert killed and killed[0] is not None
    for plan in planned:
        history = read_history(plan.run.folder / "history.csv")
        assert [row["epoch"] for row in history] == ["1", "2", "3"]  # nothing twice
        assert (plan.run.folder / "results.json").is_file()
        errors = {path.name for path in (plan.run.folder / "errors").iterdir()}
        assert errors == {"1.h5", "2.h5", "3.h5"}
    # The same bits as without an accident.
    monkeypatch.chdir(tmp_path)
    done = subprocess.run(
        [sys.executable, str(HERE / "tiny_command.py"), "train", "tiny", "--seeds", "0",
         "--runs", "alone"],
        env=dict(os.environ, OMP_NUM_THREADS="1"),
    )  # fmt: skip
    assert done.returncode == 0
    ours, theirs = (
        load_weights(folder / "tiny" / "weights.h5")
        for folder in (runs_dir, tmp_path / "alone")
    )
    for name, value in theirs.values.items():
        np.testing.assert_array_equal(ours.values[name], value)


def worker_of(client, key, workers):
    """Kill the worker that runs a task, with -9; its process, or None."""
    for address in client.processing():
        if key in client.processing()[address]:
            name = client.scheduler_info()["workers"][address]["name"]
            process = workers[int(name[1:])]
            process.send_signal(signal.SIGKILL)
            return process
    return None


def test_no_checkpoint_travels_without_the_errors_of_its_epochs(tmp_path, monkeypatch):
    run = tmp_path / "tiny"
    (run / "errors").mkdir(parents=True)

    def finish(epoch):
        (run / "errors" / f"{epoch}.h5").write_bytes(b"errors")
        (run / "checkpoint.h5").write_bytes(str(epoch).encode())

    def pack_late(folder, paths):
        monkeypatch.setattr(worker, "pack", pack)
        finish(2)  # while the worker is about to read the files that it has listed
        return pack(folder, paths)

    finish(1)
    pack, sent = worker.pack, {}
    monkeypatch.setattr(worker, "pack", pack_late)
    lasting, errors = worker._packed(tmp_path, sent)
    received = tmp_path / "received"
    for content in (errors, lasting):
        worker.unpack(content, received)
    assert (received / "tiny" / "checkpoint.h5").read_bytes() == b"2"
    names = {path.name for path in (received / "tiny" / "errors").iterdir()}
    assert names == {"1.h5", "2.h5"}


def test_a_failing_row_stops_no_other(processes, sets, tmp_path, monkeypatch):
    address, _ = processes
    wait_for_workers(address, 1)
    runs_dir = tmp_path / "runs"
    unknown = tiny.TINY._replace(name="unknown")
    planned = [
        *(Planned(run, "") for run in runs_of_seeds(unknown, runs_dir, [0])),
        *plans([0], runs_dir),
    ]
    failed = cluster.run_on_cluster(planned, Settings(sets, runs_dir), address)
    assert list(failed) == ["unknown"]
    assert "no experiment is called 'unknown'" in failed["unknown"]
    assert (runs_dir / "tiny" / "results.json").is_file()


def test_a_folder_that_cannot_be_made_is_named_and_stops_no_other(tmp_path):
    """What is in the way of a run shows before hours on the cluster."""
    runs_dir = tmp_path / "runs"
    runs_dir.mkdir()
    (runs_dir / "tiny").write_text("in the way")
    sent = []

    class Connected(cluster._Cluster):
        def __init__(self):
            self.settings, self.futures = Settings(tmp_path, runs_dir), {}
            self.supplies = SimpleNamespace(send=lambda: None)

        def _send(self, plan):
            sent.append(plan.name)
            return SimpleNamespace(done=lambda: True, result=lambda: "")

        def _receive(self, *finished):
            pass

    measure = tiny.TINY.measure._replace(weights_of="tiny")
    after = tiny.TINY._replace(name="after", measure=measure)
    planned = plans([0, 1], runs_dir)
    planned += [Planned(run, "") for run in runs_of_seeds(after, runs_dir, [0])]
    failed = Connected().run(planned)
    assert sent == ["tiny-seed1"] and set(failed) == {"tiny", "after"}
    assert str(runs_dir / "tiny") in failed["tiny"]
    assert (runs_dir / "tiny").read_text() == "in the way"


@pytest.mark.parametrize("more", ["", "below/runs"])
def test_runs_that_cannot_be_written_are_refused_before_the_cluster_is_asked(
    more, sets, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(client, "connected", lambda address: pytest.fail("too late"))
    (tmp_path / "file").write_text("in the way")
    runs_dir = tmp_path / "file" / more
    words = ["reproduce", "table1", "--data", str(sets), "--runs", str(runs_dir)]
    assert cli.main([*words, "--scheduler", "tcp://127.0.0.1:9"]) == 2
    error = capsys.readouterr().err
    assert f"{runs_dir}: cannot be the folder for the results" in error
    assert "choose another name" in error


def test_no_scheduler(sets, monkeypatch, tmp_path):
    monkeypatch.setattr(client, "_CONNECT", 0.5)
    with pytest.raises(UserError, match="--scheduler tcp://127.0.0.1:9: no scheduler"):
        cluster.run_on_cluster([], Settings(sets, tmp_path), "tcp://127.0.0.1:9")
    for address in ("nonsense", "nonsense://x", ""):
        with pytest.raises(UserError, match=f"--scheduler {address}: is no address"):
            cluster.run_on_cluster([], Settings(sets, tmp_path), address)


# --- Files on their way ---


def test_archives_bring_files_of_runs_and_nothing_else(tmp_path):
    there, here = tmp_path / "there", tmp_path / "here"
    names = ["a/history.csv", "a/errors/1.h5", "b/weights.h5", "a/log.txt"]
    for name in names:
        (there / name).parent.mkdir(parents=True, exist_ok=True)
        (there / name).write_text(name)
    content = worker.pack(there, [there / name for name in names])
    worker.unpack(content, here, only="a")
    found = sorted(str(p.relative_to(here)) for p in here.rglob("*") if p.is_file())
    assert found == ["a/errors/1.h5", "a/history.csv"]
    worker.unpack(b"", here)


@pytest.mark.parametrize("name", ["../x.csv", "/x.csv", "a/../../x.csv", "a/.h5"])
def test_hostile_names_are_left_out(name, tmp_path):
    import io
    import zipfile

    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr(name, "harm")
    (tmp_path / "deep").mkdir()
    worker.unpack(stream.getvalue(), tmp_path / "deep" / "runs")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_sets_that_were_sent_are_found_by_their_checksums(sets, tmp_path, monkeypatch):
    from srcnn_theano.record import data_checksums

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SRCNN_DATA", raising=False)
    checksums = data_checksums(sets)
    assert not worker.has_data(checksums)
    paths = [path for path in sets.rglob("*") if path.is_file()]
    worker.receive_data(worker.pack(sets, paths), checksums)
    assert str(worker._found_data(checksums)).startswith(str(tmp_path / "cache"))
    monkeypatch.setenv("SRCNN_DATA", str(sets))
    assert worker.has_data(checksums) and worker._found_data(checksums) == sets
    next(sets.rglob("*.bmp")).write_bytes(b"damaged")
    assert worker._found_data(checksums) != sets


def test_the_option(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.setattr(cluster, "data_checksums", lambda folder: {})
    with pytest.raises(UserError, match=r"Dask is not installed; `pip install"):
        cluster.run_on_cluster([], Settings(tmp_path, tmp_path), "tcp://127.0.0.1:9")
    with pytest.raises(SystemExit):
        cli.main(["reproduce", "--help"])
    assert "--scheduler ADDRESS" in capsys.readouterr().out
