"""A run from data to results, on a handful of sub-images and a tiny network."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srcnn_theano import experiments, runs
from srcnn_theano.backend import default_device, onednn
from srcnn_theano.data import cache, datasets
from srcnn_theano.data.patches import make_pairs
from srcnn_theano.environment import find_library
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.metrics import mse_per_patch
from srcnn_theano.evaluation.protocols import make_protocol
from srcnn_theano.files import sha256, write_json
from srcnn_theano.training.history import read_history
from srcnn_theano.training.step import build_step
from srcnn_theano.vgg16_weights import VGG16Weights, save_vgg16
from srcnn_theano.weights import load_weights

TINY = experiments.find_experiment("table1_rmsprop_l2")._replace(
    name="tiny",
    options={
        "channels": 3,
        "n_filters": [4, 3],
        "filter_sizes": [3, 1, 3],
        "batch_norm": "hidden",
    },
    batch_size=10,
    n_epochs=3,
    decay=0.5,
)


# 8x8 to 33x33, as the report's, with moves drawn for each minibatch.
UPSCALING = TINY._replace(
    name="upscaling",
    model="fsrcnn",
    options={"channels": 3, "scale": 4, "d": 5, "s": 3, "m": 0},
    update="adam",
    L2_reg=0.0,
    augmentation="flip-translate",
    snapshots=(1, 2),
)


# By a sum of two losses whose weights one can tell apart.
PERCEPTUAL = TINY._replace(
    name="perceptual",
    options={"channels": 3, "n_filters": [3, 3], "filter_sizes": [3, 3, 3]},
    update="sgd",
    L2_reg=0.0,
    n_epochs=1,
    pixel_weight=0.5,
    vgg_weight=2.0,
    published_vgg=20.0,
)


@pytest.fixture(scope="module")
def image_set(tmp_path_factory):
    """Three small pictures that stand in for every image set."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.RandomState(0)
    for i in range(3):
        rows, cols = np.mgrid[:70, :80] / rng.uniform(3, 9)
        pixels = np.stack([np.sin(rows + c) * np.cos(cols * c) for c in (1, 2, 3)], 2)
        Image.fromarray(np.uint8(127 + 120 * pixels)).save(str(folder / f"{i}.png"))
    return folder


@pytest.fixture(autouse=True)
def tiny_data(monkeypatch, image_set):
    paths = datasets.folder_images(image_set)

    def prepare(data_dir, name, recipe):
        pairs = [make_pairs(np.asarray(Image.open(str(p))), recipe) for p in paths]
        return type(pairs[0])(*(np.concatenate(arrays) for arrays in zip(*pairs)))

    # No VGG16 of the machine's.
    monkeypatch.setenv("XDG_CACHE_HOME", str(image_set))
    monkeypatch.delenv("SRCNN_VGG16", raising=False)
    monkeypatch.setattr(cache, "prepare", prepare)
    monkeypatch.setattr(datasets, "image_paths", lambda data_dir, name: paths)
    for row in (TINY, UPSCALING, PERCEPTUAL):
        monkeypatch.setitem(experiments.EXPERIMENTS, row.name, row)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    return tmp_path_factory.mktemp("unbroken")


@pytest.mark.parametrize("row", [TINY, UPSCALING], ids=lambda row: row.name)
def test_an_interrupted_run_ends_as_an_unbroken_one(
    unbroken, tmp_path, monkeypatch, row
):
    whole = runs.run_experiment(row, "data", unbroken)
    monkeypatch.setattr(runs, "measure", lambda *arguments: {})
    with pytest.raises(KeyboardInterrupt):
        with monkeypatch.context() as patch:
            _interrupt_in_second_epoch(patch)
            runs.run_experiment(row, "data", tmp_path)
    assert len(read_history(tmp_path / row.name / "history.csv")) == 1
    assert not (tmp_path / row.name / "weights.h5").exists()
    resumed = runs.run_experiment(row, "data", tmp_path, resume=True)

    names = ["weights.h5"] + [f"weights-{n}.h5" for n in row.snapshots]
    for name in names:
        ours, theirs = (load_weights(run / name) for run in (resumed, whole))
        assert ours.about == theirs.about
        assert bits(ours) == bits(theirs)
    assert len(list(resumed.glob("weights*.h5"))) == len(names)
    a, b = (read_history(run / "history.csv") for run in (resumed, whole))
    assert [{**row, "seconds": 0} for row in a] == [{**row, "seconds": 0} for row in b]
    assert [float(row["learning_rate"]) for row in a] == pytest.approx(
        [1e-4, 5e-5, 2.5e-5]
    )


def bits(weights):
    return {name: value.tobytes() for name, value in weights.values.items()}


def _interrupt_in_second_epoch(patch):
    from srcnn_theano.training import step as steps

    compiled = steps.training_function

    def training_function(*arguments):
        step, calls = compiled(*arguments), []

        def interrupted(index):
            calls.append(index)
            if len(calls) == 5:  # three minibatches an epoch
                raise KeyboardInterrupt
            return step(index)

        return interrupted

    patch.setattr(steps, "training_function", training_function)


def test_the_record_says_how_the_figures_came_about(unbroken):
    run_dir = unbroken / "tiny"
    record = json.loads((run_dir / "experiment.json").read_text())
    assert record["experiment"]["n_epochs"] == 3
    assert record["recipe"]["blur_sigma"] == 1.0
    assert record["versions"]["numpy"] == np.__version__
    library = find_library()
    assert record["versions"][library.module] == library.version
    assert record["device"] == default_device()
    assert ("jax" in record["versions"]) == (record["device"] != "cpu")
    assert set(record["data"]) == {"T91", "Set5", "Set14"}
    results = json.loads((run_dir / "results.json").read_text())
    assert results["sub_images"]["Set14"]["n"] > 20
    scores = results["images"]["standard"]["scores"]["Set5"]
    assert [one["image"] for one in scores] == ["0.png", "1.png", "2.png", "mean"]
    last = read_history(run_dir / "history.csv")[-1]
    ours = results["sub_images"]["Set5"]["ours"]["patch"]
    assert float(last["set5_psnr"]) == pytest.approx(ours, abs=1e-4)
    assert load_weights(run_dir / "weights.h5").about["n_epochs"] == 3


def test_a_row_can_measure_another_rows_network(unbroken):
    row = TINY._replace(
        name="tiny_batch",
        weights_of="tiny",
        options=dict(TINY.options, test_statistics="batch"),
    )
    run_dir = runs.run_experiment(row, "data", unbroken)
    theirs, ours = (
        json.loads((folder / "results.json").read_text())
        for folder in (unbroken / "tiny", run_dir)
    )
    assert theirs["weights_sha256"] == ours["weights_sha256"]
    assert theirs["sub_images"]["Set5"]["ours"] != ours["sub_images"]["Set5"]["ours"]
    assert not (run_dir / "weights.h5").exists()


def test_a_network_that_upscales_is_trained_on_8x8_and_33x33(unbroken):
    run_dir = unbroken / "upscaling"
    record, results = (
        json.loads((run_dir / name).read_text())
        for name in ("experiment.json", "results.json")
    )
    assert record["recipe"]["enlarged"] is False
    assert record["experiment"]["augmentation"] == "flip-translate"
    tiny = json.loads((unbroken / "tiny" / "results.json").read_text())
    for name in ("Set5", "Set14"):
        mine, its = results["sub_images"][name], tiny["sub_images"][name]
        # Bicubic on all of the 33x33, that of SRCNN on what its filters leave.
        assert mine["n"] == its["n"]
        difference = mine["bicubic"]["patch"] - its["bicubic"]["patch"]
        assert 0.01 < abs(difference) < 3
    protocol = make_protocol("course")
    pairs = cache.prepare("data", "Set5", protocol.recipe)
    mse = mse_per_patch(*(images / 255.0 for images in pairs))
    bicubic = results["sub_images"]["Set5"]["bicubic"]
    assert bicubic["global"] == pytest.approx(-10 * np.log10(mse.mean()), abs=1e-4)
    last = read_history(run_dir / "history.csv")[-1]
    ours = results["sub_images"]["Set5"]["ours"]["patch"]
    assert float(last["set5_psnr"]) == pytest.approx(ours, abs=1e-4)
    scores = results["images"]["standard-rgb"]["scores"]["Set14"]
    assert [one["image"] for one in scores] == ["0.png", "1.png", "2.png", "mean"]


def test_a_row_after_fewer_epochs_measures_the_network_of_then(unbroken):
    history = read_history(unbroken / "upscaling" / "history.csv")
    for epoch, name in ((1, "weights-1.h5"), (3, "weights.h5")):
        row = UPSCALING._replace(
            name=f"after {epoch}",
            weights_of="upscaling",
            snapshots=(),
            n_epochs=epoch,
        )
        run_dir = runs.run_experiment(row, "data", unbroken)
        results = json.loads((run_dir / "results.json").read_text())
        assert results["n_epochs"] == epoch
        assert results["weights_sha256"] == sha256(unbroken / "upscaling" / name)
        ours = results["sub_images"]["Set5"]["ours"]["patch"]
        then = float(history[epoch - 1]["set5_psnr"])
        assert ours == pytest.approx(then, abs=1e-4)
        assert load_weights(unbroken / "upscaling" / name).about["n_epochs"] == epoch
    costs = [float(row["cost"]) for row in history]
    assert costs == sorted(costs, reverse=True)


def test_a_snapshot_is_what_a_shorter_run_ends_with(unbroken, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "measure", lambda *arguments: {})
    run_dir = runs.run_experiment(UPSCALING, "data", tmp_path, n_epochs=2)
    shorter = load_weights(run_dir / "weights.h5")
    assert bits(shorter) == bits(load_weights(unbroken / "upscaling" / "weights-2.h5"))


@pytest.mark.parametrize(
    "changes, high",
    [
        (
            # As the networks for pictures: sub-images cut from whole images.
            dict(
                protocol="standard",
                scale=3,
                options={"channels": 1, "scale": 3, "d": 5, "s": 3, "m": 0},
                augmentation="dihedral",
                recipe={"size": 24, "stride": 12},
                aggregation="image",
            ),
            24,
        ),
        (
            dict(
                model="half-fsrcnn",
                options=dict(
                    UPSCALING.options,
                    upsampling="full-border",
                    deconv_size=26,
                    skip="mapping",
                ),
                cost="mse_per_channel",
            ),
            33,
        ),
    ],
    ids=["standard", "full-border"],
)
def test_other_networks_that_upscale(tmp_path, changes, high):
    row = UPSCALING._replace(name="other", snapshots=(), n_epochs=1, **changes)
    run_dir = runs.run_experiment(row, "data", tmp_path)
    record = json.loads((run_dir / "experiment.json").read_text())
    assert record["recipe"]["size"] == high
    assert len(read_history(run_dir / "history.csv")) == 1
    weights = load_weights(run_dir / "weights.h5")
    assert weights.about["scale"] == row.scale
    results = json.loads((run_dir / "results.json").read_text())
    for name in ("standard", "standard-rgb"):
        assert len(results["images"][name]["scores"]["Set5"]) == 4


def test_a_row_without_its_snapshot_says_which_network_is_missing(tmp_path):
    row = UPSCALING._replace(name="early", weights_of="upscaling", n_epochs=1)
    with pytest.raises(UserError, match="measures the network of upscaling"):
        runs.run_experiment(row, "data", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_row_without_its_network_says_which_is_missing(tmp_path):
    row = TINY._replace(name="other", weights_of="tiny")
    with pytest.raises(UserError, match="measures the network of tiny"):
        runs.run_experiment(row, "data", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_not_overwritten(unbroken):
    before = (unbroken / "tiny" / "weights.h5").read_bytes()
    with pytest.raises(UserError, match="--resume"):
        runs.run_experiment(TINY, "data", unbroken)
    assert (unbroken / "tiny" / "weights.h5").read_bytes() == before


def test_other_settings_do_not_resume(unbroken):
    with pytest.raises(UserError, match="other settings"):
        runs.run_experiment(TINY._replace(seed=1), "data", unbroken, resume=True)


def test_reproduce_runs_what_is_missing(unbroken, monkeypatch, capsys):
    started = []
    monkeypatch.setattr(
        runs, "run_experiment", lambda one, *rest, **more: started.append(one.name)
    )
    row = TINY._replace(name="row", table="tiny table", weights_of="tiny")
    monkeypatch.setitem(experiments.EXPERIMENTS, "row", row)
    runs.reproduce_table("tiny table", "data", unbroken)
    assert started == ["row"]
    assert "tiny: done" in capsys.readouterr().out


# Perceptual rows


@pytest.fixture
def small_vgg(small_vgg16):
    return VGG16Weights(small_vgg16, "caffe", "small.npz", "2" * 64)


def test_a_step_by_mse_and_vgg_loss(small_vgg, relu2_2, passing_on):
    train_set = cache.prepare("data", "T91", runs.training_recipe(PERCEPTUAL))
    step = build_step(runs.training_of(PERCEPTUAL), train_set, small_vgg)
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
        assert moved == pytest.approx(-PERCEPTUAL.learning_rate * slope, rel=2e-3)
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


@pytest.fixture
def vgg_file(small_vgg, tmp_path):
    path = tmp_path / "small_vgg16.h5"
    save_vgg16(path, small_vgg)
    return path


def test_a_perceptual_row_from_data_to_results(vgg_file, tmp_path, monkeypatch):
    run_dir = runs.run_experiment(PERCEPTUAL, "data", tmp_path, vgg=vgg_file)
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
    script = Path(__file__).parents[1] / "scripts" / "measure_again.py"
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
        runs.run_experiment(PERCEPTUAL, "data", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_reproduce_asks_for_vgg16_before_it_trains_anything(
    tmp_path, monkeypatch, vgg_file
):
    started = []

    def run_experiment(one, *rest, **more):
        started.append((one.name, more["vgg"]))

    monkeypatch.setattr(runs, "run_experiment", run_experiment)
    with pytest.raises(UserError, match="no VGG16"):
        runs.reproduce_table("fsrcnn-vgg", "data", tmp_path)
    assert started == []
    monkeypatch.setattr(
        experiments, "EXPERIMENTS", {"perceptual": PERCEPTUAL._replace(table="t")}
    )
    monkeypatch.setattr(runs, "EXPERIMENTS", experiments.EXPERIMENTS)
    runs.reproduce_table("t", "data", tmp_path, vgg_file)
    assert started == [("perceptual", vgg_file)]
