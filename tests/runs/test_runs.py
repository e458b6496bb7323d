"""A run from data to results, on a handful of sub-images and a tiny network."""

import json
from functools import partial

import numpy as np
import pytest

from srcnn_theano import experiments
from srcnn_theano.backend import default_device
from srcnn_theano.data import cache
from srcnn_theano.environment import find_library
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.metrics import mse_per_patch
from srcnn_theano.evaluation.protocols import make_protocol
from srcnn_theano.experiments.records import Measure
from srcnn_theano.files import sha256
from srcnn_theano.inference import build_predictor
from srcnn_theano.runs import runs
from srcnn_theano.runs.run import make_run, parse_seeds, runs_of_seeds
from srcnn_theano.runs.validation import read_errors
from srcnn_theano.training.history import read_history
from srcnn_theano.weights import load_weights

_L2 = experiments.find_experiment("table1_rmsprop_l2_described")
TINY = _L2._replace(
    name="tiny",
    training=_L2.training._replace(
        options={
            "channels": 3,
            "n_filters": [4, 3],
            "filter_sizes": [3, 1, 3],
            "batch_norm": "hidden",
        },
        batch_size=10,
        decay=0.5,
    ),
    measure=Measure(n_epochs=3),
)


# 8x8 to 33x33, as the report's, with moves drawn for each minibatch.
UPSCALING = TINY._replace(
    name="upscaling",
    training=TINY.training._replace(
        model="fsrcnn",
        options={"channels": 3, "scale": 4, "d": 5, "s": 3, "m": 0},
        update="adam",
        L2_reg=0.0,
        augmentation="flip-translate",
    ),
)
# Rows that measure it before its end.
AFTER_1, AFTER_2 = (
    UPSCALING._replace(
        name=f"after {n}", measure=Measure(n_epochs=n, weights_of="upscaling")
    )
    for n in (1, 2)
)


def carry_out(experiment, runs_dir, resume=False, vgg=None):
    """The folder of a run."""
    run = make_run(experiment, runs_dir, vgg)
    runs.carry_out(run, "data", resume)
    return run.folder


@pytest.fixture(autouse=True)
def listed(tiny_data, monkeypatch):
    for row in (TINY, UPSCALING, AFTER_1, AFTER_2):
        monkeypatch.setitem(experiments.EXPERIMENTS, row.name, row)


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    return tmp_path_factory.mktemp("unbroken")


@pytest.mark.parametrize("row", [TINY, UPSCALING], ids=lambda row: row.name)
def test_an_interrupted_run_ends_as_an_unbroken_one(
    unbroken, tmp_path, monkeypatch, row
):
    whole = carry_out(row, unbroken)
    monkeypatch.setattr(runs, "measure", lambda *arguments: {})
    with pytest.raises(KeyboardInterrupt):
        with monkeypatch.context() as patch:
            _interrupt_in_second_epoch(patch)
            carry_out(row, tmp_path)
    assert len(read_history(tmp_path / row.name / "history.csv")) == 1
    assert not (tmp_path / row.name / "weights.h5").exists()
    resumed = carry_out(row, tmp_path, resume=True)

    names = ["weights.h5"] + [
        f"weights-{n}.h5" for n in experiments.snapshots(row.name)
    ]
    for name in names:
        ours, theirs = (load_weights(run / name) for run in (resumed, whole))
        assert ours.about == theirs.about
        assert bits(ours) == bits(theirs)
    assert len(list(resumed.glob("weights*.h5"))) == len(names) + 1
    best = [load_weights(run / "weights-best.h5") for run in (resumed, whole)]
    assert bits(best[0]) == bits(best[1]) and best[0].about == best[1].about
    for epoch in (1, 2, 3):
        kept = [read_errors(run, epoch) for run in (resumed, whole)]
        assert kept[0].keys() == {"set5", "set14"} == kept[1].keys()
        for name in kept[0]:
            np.testing.assert_array_equal(kept[0][name], kept[1][name])
    a, b = (read_history(run / "history.csv") for run in (resumed, whole))
    assert [{**row, "seconds": 0} for row in a] == [{**row, "seconds": 0} for row in b]
    assert [float(row["learning_rate"]) for row in a] == pytest.approx(
        [3e-5, 1.5e-5, 7.5e-6]
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
    assert int(record["threads"]) >= 1
    if record["onednn"] is not None:
        assert record["onednn"].startswith("3.")
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


def test_the_figure_of_a_row_is_that_of_the_best_validation(unbroken):
    run_dir = unbroken / "tiny"
    history = read_history(run_dir / "history.csv")
    rule = json.loads((run_dir / "results.json").read_text())["rule"]
    costs = [float(row["set5_cost"]) for row in history]
    best = rule["best_validation"]
    assert best["epoch"] == 1 + costs.index(min(costs))
    assert best["iteration"] == 3 * best["epoch"]
    assert rule["last"]["epoch"] == 3
    for figures in rule.values():
        row = history[figures["epoch"] - 1]
        for name in ("set5", "set14"):
            assert figures[name] == pytest.approx(
                float(row[f"{name}_batch10"]), abs=1e-4
            )
            scores = figures["sub_images"][name]
            assert scores["global"] == pytest.approx(
                float(row[f"{name}_global"]), abs=1e-4
            )
            assert scores["patch"] == pytest.approx(
                float(row[f"{name}_psnr"]), abs=1e-4
            )
    assert load_weights(run_dir / "weights-best.h5").about["n_epochs"] == best["epoch"]


def test_the_cost_of_validation_is_that_of_the_training(unbroken):
    """Mean squared error and L2 norm, of outputs that are not clipped."""
    last = read_history(unbroken / "tiny" / "history.csv")[-1]
    weights = load_weights(unbroken / "tiny" / "weights.h5")
    norm = sum(np.sum(weights.values[f"conv{i}.W"] ** 2) for i in (1, 2, 3))
    pairs = cache.prepare("data", "Set5", make_protocol("course").recipe)
    network = build_predictor(weights)
    target = pairs.high_res[:, :, 2:-2, 2:-2] / 255
    errors = mse_per_patch(network(pairs.low_res / 255), target)
    n = len(errors) // 10 * 10
    expected = errors[:n].mean() + 1e-4 * norm
    assert float(last["set5_cost"]) == pytest.approx(expected, rel=1e-4)


def test_seeds_have_folders_of_their_own(unbroken):
    own, other = runs_of_seeds(TINY, unbroken, (0, 1))
    assert (own.folder, own.network) == (
        unbroken / "tiny",
        unbroken / "tiny" / "weights.h5",
    )
    assert other.folder == unbroken / "tiny-seed1"
    assert other.network == unbroken / "tiny-seed1" / "weights.h5"
    assert other.experiment.training.seed == 1


def test_seeds_on_the_command_line():
    assert parse_seeds(None) is parse_seeds(None, 3) is None
    assert parse_seeds("2, 0,2") == [2, 0]
    for text in ("", "1,", "1-3", "-1", "x", "²", str(2**32), "9" * 5000):
        message = f"--seeds {text}: '.*' is not a whole number from 0 to 4294967295; "
        with pytest.raises(UserError, match=message):
            parse_seeds(text)
    with pytest.raises(UserError, match="leave one of them out"):
        parse_seeds("0,1", 1)


def test_a_training_of_the_report_program(tmp_path):
    """Unshuffled, in values of 0 to 255, against the top left, in mixed order."""
    training = TINY.training._replace(
        protocol="programmed",
        options={**TINY.training.options, "batch_norm": "none", "peak": 255.0},
        recipe={"order": "mixed"},
        shuffle=False,
        window="top-left",
        learning_rate=1e-3,
    )
    run_dir = carry_out(
        TINY._replace(name="program", training=training).changed(n_epochs=2), tmp_path
    )
    weights = load_weights(run_dir / "weights.h5")
    assert weights.about["window"] == "top-left" and weights.options["peak"] == 255
    pairs = cache.prepare("data", "Set14", make_protocol("programmed").recipe)
    target = pairs.high_res[:, :, :29, :29] / 255
    mse = mse_per_patch(build_predictor(weights)(pairs.low_res / 255), target)
    results = json.loads((run_dir / "results.json").read_text())
    ours = results["sub_images"]["Set14"]["ours"]
    assert ours["global"] == pytest.approx(-10 * np.log10(mse.mean()), abs=1e-3)
    assert ours["global"] == pytest.approx(
        results["rule"]["last"]["sub_images"]["set14"]["global"], abs=1e-3
    )


def test_a_network_is_measured_later_and_keeps_the_record_of_its_training(
    unbroken, tmp_path, monkeypatch
):
    run = make_run(TINY, tmp_path)
    runs.carry_out(run, "data", train_only=True)
    assert not (run.folder / "results.json").exists()
    record = (run.folder / "experiment.json").read_bytes()
    monkeypatch.setattr(runs, "conditions", lambda: {"device": "another"})
    runs.carry_out(run, "data", resume=True)
    assert (run.folder / "experiment.json").read_bytes() == record
    ours, theirs = (
        json.loads((folder / TINY.name / "results.json").read_text())
        for folder in (tmp_path, unbroken)
    )
    assert ours["sub_images"] == theirs["sub_images"]


def test_a_row_can_measure_another_rows_network(unbroken):
    row = TINY._replace(
        name="tiny_batch",
        measure=Measure(
            n_epochs=3, weights_of="tiny", options={"test_statistics": "batch"}
        ),
    )
    run_dir = carry_out(row, unbroken)
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
        row = AFTER_1.changed(n_epochs=epoch)
        run_dir = carry_out(row, unbroken)
        results = json.loads((run_dir / "results.json").read_text())
        assert results["n_epochs"] == epoch
        assert results["weights_sha256"] == sha256(unbroken / "upscaling" / name)
        ours = results["sub_images"]["Set5"]["ours"]["patch"]
        then = float(history[epoch - 1]["set5_psnr"])
        assert ours == pytest.approx(then, abs=1e-4)
        assert load_weights(unbroken / "upscaling" / name).about["n_epochs"] == epoch
    costs = [float(row["cost"]) for row in history]
    assert costs == sorted(costs, reverse=True)


def test_the_record_says_who_trained_before(tmp_path, monkeypatch):
    def conditions_of(device):
        return {"device": device, "threads": "1"}

    for epochs, device in ((1, "gpu"), (2, "cpu"), (3, "cpu")):
        monkeypatch.setattr(runs, "conditions", partial(conditions_of, device))
        row = make_run(TINY.changed(n_epochs=epochs), tmp_path)
        runs.carry_out(row, "data", resume=True, train_only=True)
        record = json.loads((row.folder / "experiment.json").read_text())
        earlier = [{"epochs": 1, "device": "gpu", "threads": "1"}]
        assert record.get("earlier", []) == earlier[: epochs - 1]
        assert record["device"] == device


def test_fewer_epochs_than_are_done_are_refused(unbroken):
    before = (unbroken / "upscaling" / "experiment.json").read_bytes()
    with pytest.raises(UserError, match="for 3 epochs, more than the 2 asked for"):
        carry_out(UPSCALING.changed(n_epochs=2), unbroken, resume=True)
    assert (unbroken / "upscaling" / "experiment.json").read_bytes() == before


def test_a_snapshot_is_what_a_shorter_run_ends_with(unbroken, tmp_path, monkeypatch):
    monkeypatch.setattr(runs, "measure", lambda *arguments: {})
    run_dir = carry_out(UPSCALING.changed(n_epochs=2), tmp_path)
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
            ),
            24,
        ),
        (
            dict(
                model="half-fsrcnn",
                options=dict(
                    UPSCALING.training.options,
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
    training = UPSCALING.training._replace(**changes)
    row = UPSCALING._replace(name="other", training=training).changed(n_epochs=1)
    run_dir = carry_out(row, tmp_path)
    record = json.loads((run_dir / "experiment.json").read_text())
    assert record["recipe"]["size"] == high
    assert len(read_history(run_dir / "history.csv")) == 1
    weights = load_weights(run_dir / "weights.h5")
    assert weights.about["scale"] == row.training.scale
    results = json.loads((run_dir / "results.json").read_text())
    for name in ("standard", "standard-rgb"):
        assert len(results["images"][name]["scores"]["Set5"]) == 4


def test_a_row_without_its_snapshot_says_which_network_is_missing(tmp_path):
    with pytest.raises(UserError, match="measures the network of upscaling"):
        carry_out(AFTER_1, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_row_without_its_network_says_which_is_missing(tmp_path):
    row = TINY._replace(name="other", measure=Measure(weights_of="tiny"))
    with pytest.raises(UserError, match="measures the network of tiny"):
        carry_out(row, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_not_overwritten(unbroken):
    before = (unbroken / "tiny" / "weights.h5").read_bytes()
    with pytest.raises(UserError, match="--resume"):
        carry_out(TINY, unbroken)
    assert (unbroken / "tiny" / "weights.h5").read_bytes() == before


def test_other_settings_do_not_resume(unbroken):
    record = (unbroken / "tiny" / "experiment.json").read_text()
    with pytest.raises(UserError, match="other settings"):
        carry_out(TINY.changed(seed=1), unbroken, resume=True)
    assert (unbroken / "tiny" / "experiment.json").read_text() == record


def test_the_network_of_another_training_is_not_measured(unbroken, tmp_path):
    (tmp_path / "tiny").mkdir()
    network = (unbroken / "tiny" / "weights.h5").read_bytes()
    (tmp_path / "tiny" / "weights.h5").write_bytes(network)
    row = TINY._replace(
        name="row", measure=Measure(n_epochs=3, weights_of="tiny")
    ).changed(seed=1)
    with pytest.raises(UserError, match="weights.h5: the network of a training with"):
        carry_out(row, tmp_path)
    assert not (tmp_path / "row" / "results.json").exists()
