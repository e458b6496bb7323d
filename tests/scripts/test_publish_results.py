"""Publishing finished and unfinished runs; the figures are made up."""

import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from srcnn_theano.errors import UserError
from srcnn_theano.experiments import EXPERIMENTS
from srcnn_theano.files import sha256
from srcnn_theano.weights import Weights, save_weights

SCRIPT = Path(__file__).parents[2] / "scripts" / "publish_results.py"


@pytest.fixture(scope="module")
def publish_results():
    spec = importlib.util.spec_from_file_location("publish_results", str(SCRIPT))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def save_network(path):
    values = {
        "conv1.W": np.zeros((64, 3, 9, 9)),
        "conv1.b": np.zeros(64),
        "conv2.W": np.zeros((32, 64, 1, 1)),
        "conv2.b": np.zeros(32),
        "conv3.W": np.zeros((3, 32, 5, 5)),
        "conv3.b": np.zeros(3),
    }
    save_weights(path, Weights("srcnn", {"channels": 3, "clip": True}, values, {}))


def write_record(folder, name, n_epochs, **record):
    record = dict(
        experiment=dict(EXPERIMENTS[name].flat(), n_epochs=n_epochs),
        protocol={"name": "course", "hash": "0123456789"},
        command="srcnn-theano train NAME --data /home/somebody/data",
        versions={"theano": "1.1.2"},
        data={"T91": "0" * 64},
        **record,
    )
    (folder / "experiment.json").write_text(json.dumps(record))


def write_results(folder, weights_file):
    mean = {"image": "mean", "psnr": 26.25, "ssim": 0.75}
    results = {
        "weights_sha256": sha256(weights_file),
        "protocol": {"name": "course", "hash": "0123456789"},
        "images": {"standard": {"hash": "1", "scores": {"Set5": [{}, mean]}}},
        "sub_images": {"Set14": {"n": 1, "ours": {"patch": 35.25}, "bicubic": {}}},
    }
    (folder / "results.json").write_text(json.dumps(results))


@pytest.fixture
def run(tmp_path):
    """A finished run of table1_adam_described, of 2 epochs."""
    folder = tmp_path / "runs" / "table1_adam_described"
    folder.mkdir(parents=True)
    (folder / "history.csv").write_text(
        "epoch,iteration,learning_rate,cost\n1,7,0.1,0.5\n2,14,0.1,0.25\n"
    )
    (folder / "checkpoint.h5").write_bytes(b"state")
    write_record(folder, "table1_adam_described", 2)
    save_network(folder / "weights.h5")
    write_results(folder, folder / "weights.h5")
    return folder


def test_finished_run(publish_results, run, tmp_path):
    files = publish_results.publish(run.parent, "table1_adam_described", tmp_path)
    assert [str(path.relative_to(tmp_path)) for path in files] == [
        "results/table1_adam_described/experiment.json",
        "results/table1_adam_described/history.csv",
        "results/table1_adam_described/results.json",
        "weights/table1_adam_described.h5",
        "weights/table1_adam_described.json",
    ]
    for name in ("history.csv", "results.json"):
        copied = tmp_path / "results" / "table1_adam_described" / name
        assert copied.read_bytes() == (run / name).read_bytes()
    sidecar = json.loads(
        (tmp_path / "weights" / "table1_adam_described.json").read_text()
    )
    assert sidecar == {
        "experiment": "table1_adam_described",
        "command": "srcnn-theano train table1_adam_described --data DIR --epochs 2",
        "protocol": {"name": "course", "hash": "0123456789"},
        "scale": 4,
        "n_epochs": 2,
        "seed": 0,
        "sha256": sha256(tmp_path / "weights" / "table1_adam_described.h5"),
        "versions": {"theano": "1.1.2"},
        "data": {"T91": "0" * 64},
        "results": {
            "standard": {"Set5": {"psnr": 26.25, "ssim": 0.75}},
            "course": {"Set14": {"patch": 35.25}},
        },
    }
    assert "somebody" not in files[0].read_text()


def test_another_seed_gives_results_and_no_network(publish_results, run, tmp_path):
    run.rename(run.with_name("table1_adam_described-seed1"))
    files = publish_results.publish(
        tmp_path / "runs", "table1_adam_described-seed1", tmp_path
    )
    assert [str(path.relative_to(tmp_path)) for path in files] == [
        f"results/table1_adam_described-seed1/{name}"
        for name in ("experiment.json", "history.csv", "results.json")
    ]
    assert not (tmp_path / "weights").exists()


@pytest.mark.parametrize("row", ["grid_adam_first_sorted", "slip_sorted"])
def test_networks_of_grid_and_slips_stay_at_home(row, publish_results, run, tmp_path):
    folder = run.rename(run.parent / row)
    write_record(folder, folder.name, 2)
    publish_results.publish(run.parent, folder.name, root=tmp_path)
    assert (tmp_path / "results" / folder.name / "results.json").is_file()
    assert not (tmp_path / "weights").exists()


def test_names_with_a_dot_are_kept(publish_results, run, tmp_path):
    name = "fsrcnn_rate_0.002"
    dotted = run.parent / name
    shutil.copytree(str(run), str(dotted))
    write_record(dotted, name, 2)
    files = publish_results.publish(run.parent, name, tmp_path)
    assert [path.name for path in files[-2:]] == [name + ".h5", name + ".json"]


def test_sub_images_do_not_hide_the_figures_of_whole_images(publish_results):
    mean = {"image": "mean", "psnr": 26.25, "ssim": 0.75}
    results = {
        "protocol": {"name": "standard", "hash": "1"},
        "images": {"standard": {"hash": "1", "scores": {"Set5": [{}, mean]}}},
        "sub_images": {"Set5": {"n": 1, "ours": {"patch": 35.25}, "bicubic": {}}},
    }
    expected = {"standard": {"Set5": {"psnr": 26.25, "ssim": 0.75}}}
    assert publish_results._summary(results) == expected


def test_row_that_only_measures_gives_its_results(publish_results, run, tmp_path):
    folder = run.parent / "table2_set5_described"
    folder.mkdir()
    write_record(folder, "table2_set5_described", 40)
    write_results(folder, run / "weights.h5")
    files = publish_results.publish(run.parent, "table2_set5_described", tmp_path)
    assert [path.name for path in files] == ["experiment.json", "results.json"]


def test_a_network_that_was_kept_before_the_end_is_shipped(
    publish_results, run, tmp_path
):
    """Rows measure it, and nobody could measure it again without."""
    name, trained = "vgg_mse_20_programmed", run.with_name("vgg_mse_programmed")
    for suffix in ("", "-seed1"):
        run.with_name(trained.name + suffix).mkdir()
        kept = run.with_name(trained.name + suffix) / "weights-20.h5"
        save_network(kept)
        folder = run.with_name(name + suffix)
        folder.mkdir()
        write_record(folder, name, 20)
        write_results(folder, kept)
    files = publish_results.publish(run.parent, name, tmp_path)
    assert [path.name for path in files[2:]] == [f"{name}.h5", f"{name}.json"]
    assert files[2].read_bytes() == (trained / "weights-20.h5").read_bytes()
    files = publish_results.publish(run.parent, f"{name}-seed1", tmp_path)
    assert [path.name for path in files] == ["experiment.json", "results.json"]


def test_unfinished_run_needs_the_option(publish_results, run, tmp_path):
    write_record(run, "table1_adam_described", 40)
    with pytest.raises(UserError, match="2 of 40 epochs"):
        publish_results.publish(run.parent, "table1_adam_described", tmp_path)
    assert not (tmp_path / "results").exists()
    files = publish_results.publish(run.parent, "table1_adam_described", tmp_path, True)
    names = [path.name for path in files]
    assert names == ["experiment.json", "history.csv", "checkpoint.h5"]
    assert not (tmp_path / "weights").exists()


def test_figures_of_another_network_are_refused(publish_results, run, tmp_path):
    (run / "weights.h5").write_bytes(b"trained again")
    with pytest.raises(UserError, match="of another network"):
        publish_results.publish(run.parent, "table1_adam_described", tmp_path)


def test_other_settings_than_the_row_s_are_refused(publish_results, run, tmp_path):
    record = json.loads((run / "experiment.json").read_text())
    record["experiment"]["precision"] = "bf16"
    (run / "experiment.json").write_text(json.dumps(record))
    with pytest.raises(UserError, match="run with another precision"):
        publish_results.publish(run.parent, run.name, root=tmp_path)
    assert not (tmp_path / "results").exists()


def test_paths_of_the_machine_are_refused(publish_results, run, tmp_path):
    write_record(
        run, "table1_adam_described", 2, theano_flags={"cxx": "-L/home/somebody/lib"}
    )
    with pytest.raises(UserError, match="/home/somebody"):
        publish_results.publish(run.parent, "table1_adam_described", tmp_path)


def test_run_that_does_not_exist(publish_results, tmp_path):
    with pytest.raises(
        UserError, match="table1_sgd_described/experiment.json: missing"
    ):
        publish_results.publish(tmp_path, "table1_sgd_described", tmp_path)
    with pytest.raises(UserError, match="table9"):
        publish_results.publish(tmp_path, "table9", tmp_path)
