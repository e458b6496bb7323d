"""The demo, with seconds of training cut short."""

import csv
import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from srcnn_theano.data.degradation import imresize, rgb_to_y
from srcnn_theano.data.images import read_rgb
from srcnn_theano.data.photograph import photograph
from srcnn_theano.demo import demo
from srcnn_theano.demo.learning import Learning
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.metrics import psnr
from srcnn_theano.weights import load_weights

README = Path(__file__).parents[2] / "README.md"


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Folder and results of a run of a second."""
    out = tmp_path_factory.mktemp("demo") / "out"
    return out, demo.run_demo(out, seconds=1.0, progress=False)


@pytest.fixture(scope="module")
def training():
    return Learning(photograph(), seed=3)


def test_training_starts_as_bicubic_and_beats_it(training):
    watched = training.watched
    start = watched.restored(training.upscaler)
    # Equal but for the luma, on its way through the network, not being rounded.
    assert np.abs(start.astype(int) - watched.bicubic).max() <= 2
    for _ in itertools.islice(training._steps(), 100):
        pass
    restored = watched.restored(training.upscaler)
    gain = watched.score(restored)[0] - watched.score(watched.bicubic)[0]
    assert training.n_steps == 100
    assert gain > 0.3


def replaced(training, function):
    return training.trainer.step._replace(function=function)


def test_ctrl_c_ends_the_training_and_keeps_what_is_learnt(
    training, monkeypatch, capsys
):
    def interrupted(index):
        if training.n_steps == before + 5:
            raise KeyboardInterrupt
        return 0.0, 0.0

    before = training.n_steps
    monkeypatch.setattr(training.trainer, "step", replaced(training, interrupted))
    curve = training.run(60.0)
    assert " steps; on a detail " in capsys.readouterr().err
    assert curve[-1].step == before + 5 and curve[-1].seconds < 60


def test_ctrl_c_before_the_first_step_ends_the_demo(training, monkeypatch):
    def interrupted(index):
        raise KeyboardInterrupt

    monkeypatch.setattr(training.trainer, "step", replaced(training, interrupted))
    monkeypatch.setattr(training, "n_steps", 0)
    with pytest.raises(KeyboardInterrupt):
        training.run(60.0, progress=False)


def test_scores_are_those_of_the_files(finished):
    out, results = finished
    original, low_res = read_rgb(out / "original.png"), read_rgb(out / "low_res.png")
    assert (imresize(low_res, demo.SCALE) == read_rgb(out / "bicubic.png")).all()
    assert (imresize(original, 1 / demo.SCALE) == low_res).all()
    for name in ("bicubic", "srcnn"):
        inner = (slice(demo.SCALE, -demo.SCALE),) * 2
        a, b = (rgb_to_y(x)[inner] for x in (read_rgb(out / (name + ".png")), original))
        assert results[name]["psnr"] == pytest.approx(psnr(a, b, 255), abs=1e-3)


def test_readme_has_the_figures_of_the_demo(finished):
    """Those that no second of training changes; the new network lies between."""
    _, results = finished
    if "raccoon" not in results["photograph"]:
        pytest.skip("SciPy has no photograph here")
    text = " ".join(README.read_text(encoding="utf-8").split())
    bicubic, shipped = results["bicubic"]["psnr"], results["shipped"]["psnr"]
    assert f"bicubic has {bicubic:.1f} dB, the shipped network {shipped:.1f}," in text
    assert bicubic < results["srcnn"]["psnr"] < shipped


def test_everything_is_written(finished):
    out, results = finished
    assert json.loads((out / "results.json").read_text()) == results
    assert read_rgb(out / "comparison.png").shape[1] >= 1000
    assert load_weights(out / "weights.h5").about["scale"] == demo.SCALE
    with (out / "history.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert int(rows[0]["step"]) == 0 and int(rows[-1]["step"]) == results["steps"] > 0
    assert not list(out.glob(".*"))


def test_report(finished):
    out, results = finished
    text = demo._report(results, out)
    assert "{:.2f}".format(results["srcnn"]["psnr"]) in text
    assert "srcnn-theano upscale" in text and str(out / "comparison.png") in text


def test_the_next_commands_can_be_pasted():
    text = "\n".join(command for command, _ in demo._next_commands(Path("a b"), True))
    assert "--weights 'a b/weights.h5'" in text


def test_json(finished, monkeypatch, capsys, training, tmp_path):
    monkeypatch.setattr(demo, "Learning", lambda photo, seed: training)
    monkeypatch.setattr(demo, "draw", lambda *args: None)
    results = demo.run_demo(tmp_path, seconds=0.1, as_json=True, progress=False)
    assert json.loads(capsys.readouterr().out) == results


def test_a_folder_that_cannot_be_written_is_told_first(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file"):
        demo.run_demo(tmp_path / "file", progress=False)
