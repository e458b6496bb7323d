"""Runs whose cost or figures need VGG16, on a handful of sub-images."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from srcnn_theano import experiments
from srcnn_theano.backend import default_device, onednn
from srcnn_theano.data import cache
from srcnn_theano.errors import UserError
from srcnn_theano.experiments.records import Experiment, Measure, Row
from srcnn_theano.files import write_json
from srcnn_theano.runs import plan, runs
from srcnn_theano.runs.run import make_run, training_recipe
from srcnn_theano.training.settings import Training
from srcnn_theano.training.step import build_step
from srcnn_theano.vgg16_weights import VGG16Weights, save_vgg16

# By a sum of two losses whose weights one can tell apart.
PERCEPTUAL = Experiment(
    "perceptual",
    Row("a table", "a row"),
    Training(
        options={"channels": 3, "n_filters": [3, 3], "filter_sizes": [3, 3, 3]},
        update="sgd",
        pixel_weight=0.5,
        vgg_weight=2.0,
        learning_rate=1e-4,
        batch_size=10,
    ),
    Measure(n_epochs=1, vgg_maps="mean"),
)


@pytest.fixture(autouse=True)
def listed(tiny_data, monkeypatch):
    monkeypatch.setitem(experiments.EXPERIMENTS, "perceptual", PERCEPTUAL)


@pytest.fixture
def small_vgg(small_vgg16):
    return VGG16Weights(small_vgg16, "caffe", "small.npz", "2" * 64)


def test_a_step_by_mse_and_vgg_loss(small_vgg, relu2_2, passing_on):
    train_set = cache.prepare("data", "T91", training_recipe(PERCEPTUAL.training))
    step = build_step(PERCEPTUAL.training, train_set, small_vgg)
    step.model.set_values(passing_on(3).values)
    before = step.model.get_values()

    cost, error = step.function(0)

    output = train_set.low_res[:10, :, 3:-3, 3:-3] / 255.0
    target = train_set.high_res[:10, :, 3:-3, 3:-3] / 255.0
    wanted = relu2_2(small_vgg.values, target)

    def expected(output):
        features = relu2_2(small_vgg.values, output)
        perceptual = np.mean((features - wanted) ** 2)
        return 0.5 * np.mean((output - target) ** 2) + 2 * perceptual

    assert float(error) == pytest.approx(np.mean((output - target) ** 2), rel=1e-4)
    assert float(cost) == pytest.approx(expected(output), rel=1e-4)
    # A bias of the last layer moves all pixels of its channel.
    after, h = step.model.get_values(), 1e-5
    for channel in range(3):
        nudge = h * np.eye(3)[channel][:, None, None]
        slope = (expected(output + nudge) - expected(output - nudge)) / (2 * h)
        moved = after["conv3.b"][channel] - before["conv3.b"][channel]
        assert moved == pytest.approx(
            -PERCEPTUAL.training.learning_rate * slope, rel=2e-3
        )
    # Nothing else moves: VGG16 does not.
    assert set(step.variables) == set(step.model.params)
    assert len(step.variables) == 6
    if onednn.available() and default_device() == "cpu":
        nodes = step.function.maker.fgraph.toposort()
        names = [type(node.op).__name__ for node in nodes]
        # VGG16: 4 of the output, 4 of the target, 4 back to the output. The network: 3,
        # their filters' gradients, and back to the layers' inputs but for the first.
        assert names.count("Convolution") == 12 + 3 + 3 + 2
        assert not [name for name in names if "Corr" in name]


def carry_out(runs_dir, vgg=None):
    """The folder of a run."""
    run = make_run(PERCEPTUAL, runs_dir, vgg)
    runs.carry_out(run, "data")
    return run.folder


@pytest.fixture
def vgg_file(small_vgg, tmp_path):
    path = tmp_path / "small_vgg16.h5"
    save_vgg16(path, small_vgg)
    return path


def test_a_perceptual_row_from_data_to_results(vgg_file, tmp_path, monkeypatch):
    run_dir = carry_out(tmp_path, vgg_file)
    record, results = (
        json.loads((run_dir / name).read_text())
        for name in ("experiment.json", "results.json")
    )
    assert record["data"]["VGG16"] == results["vgg"]["source_sha256"] == "2" * 64
    assert record["command"] == "srcnn-theano train perceptual --data DIR --vgg FILE"
    assert record["experiment"]["vgg_weight"] == 2.0
    for name in ("Set5", "Set14"):
        in_pixels = results["sub_images"][name]["ours"]
        assert sorted(results["vgg"][name]) == sorted(in_pixels)
        by_rule = results["rule"]["best_validation"]["vgg"][name]
        assert sorted(by_rule) == sorted(in_pixels)
        assert all(np.isfinite(list(results["vgg"][name].values())))
    whole = results["relu2_2"]
    assert whole["preprocessing"] == "caffe" and whole["source_sha256"] == "2" * 64
    assert whole["hash"] == results["images"]["standard-rgb"]["hash"]
    for name in ("Set5", "Set14"):
        scores = whole["scores"][name]
        assert [one["image"] for one in scores] == ["0.png", "1.png", "2.png", "mean"]
        for key in ("relu2_2", "bicubic_relu2_2"):
            values = [one[key] for one in scores]
            assert values[3] == pytest.approx(np.mean(values[:3]))
            assert min(values) > 0
    _measured_again(run_dir, results, vgg_file, monkeypatch)


def _measured_again(run_dir, results, vgg_file, monkeypatch):
    """What a run measures, the script measures for one that has not got it."""
    script = Path(__file__).parents[2] / "scripts" / "measure_again.py"
    spec = importlib.util.spec_from_file_location("measure_again", str(script))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "find_data_dir", lambda option: option)
    command = ["--vgg", str(vgg_file), str(run_dir.parent)]

    assert module.main(command) == 2  # nothing lacks it
    without = {name: value for name, value in results.items() if name != "relu2_2"}
    write_json(run_dir / "results.json", without)
    assert module.main(command) == 0
    again = json.loads((run_dir / "results.json").read_text())
    assert list(again) == list(results)
    ours, theirs = (r["relu2_2"].pop("scores") for r in (again, results))
    assert again == results
    for name in ("Set5", "Set14"):
        for a, b in zip(ours[name], theirs[name]):
            assert a["relu2_2"] == pytest.approx(b["relu2_2"], rel=1e-5)

    (run_dir / "weights.h5").write_bytes(b"another network")
    assert module.main(command + ["perceptual"]) == 2


def test_a_perceptual_row_without_vgg16_starts_nothing(tmp_path):
    with pytest.raises(UserError, match="no VGG16.*--vgg FILE"):
        carry_out(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_plan_says_what_lacks_vgg16_before_anything_is_trained(
    tmp_path, monkeypatch, vgg_file
):
    monkeypatch.setattr(plan, "data_checksums", lambda data_dir: {})
    row = PERCEPTUAL._replace(row=Row("t", "a row"))
    monkeypatch.setitem(experiments.EXPERIMENTS, "perceptual", row)
    (planned,) = plan.make_plan("t", "data", tmp_path)
    assert "needs VGG16" in planned.lacks
    (planned,) = plan.make_plan("t", "data", tmp_path, vgg_file)
    assert planned.lacks == ""
    # One that is named is needed, whatever is left.
    with pytest.raises(UserError, match="--vgg .*nowhere: no such file"):
        plan.make_plan("t", "data", tmp_path, tmp_path / "nowhere")
