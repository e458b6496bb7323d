"""The demo, with seconds of training cut short."""

import csv
import itertools
import json
import sys

import numpy as np
import pytest

from srcnn_theano import demo
from srcnn_theano.data.degradation import imresize, rgb_to_y
from srcnn_theano.data.images import read_rgb
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.metrics import psnr
from srcnn_theano.weights import load_weights


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Folder and results of a run of a second."""
    out = tmp_path_factory.mktemp("demo") / "out"
    return out, demo.run_demo(out, seconds=1.0, progress=False)


@pytest.fixture(scope="module")
def training():
    return demo.Training(demo.photograph(), seed=3)


def test_the_parts_do_not_overlap_and_hold_the_squares(monkeypatch):
    photos = [demo.photograph()]
    monkeypatch.setitem(sys.modules, "scipy.misc", None)  # as from SciPy 1.12 on
    photos.append(demo.photograph())
    assert "scipy" in photos[0].name and "matplotlib" in photos[1].name
    for photo in photos:
        used = np.zeros(photo.pixels.shape[:2], int)
        used[photo.train] += 1
        used[photo.test] += 1
        assert photo.pixels.dtype == np.uint8 and (used == 1).all()
        rows, cols = photo.pixels[photo.test].shape[:2]
        squares = [(place, demo.DETAIL) for place in photo.details]
        for (y, x), side in squares + [(photo.watched, demo.SIDE)]:
            assert y >= 0 and x >= 0 and y + side <= rows and x + side <= cols


def test_no_photograph_at_all(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.misc", None)
    monkeypatch.setattr("matplotlib.cbook.get_sample_data", lambda *a, **k: "gone.jpg")
    with pytest.raises(UserError, match="matplotlib"):
        demo.photograph()


def test_training_starts_as_bicubic_and_beats_it(training):
    watched = training.watched
    start = demo._restored(training.upscaler, watched)
    # Equal but for the luma, on its way through the network, not being rounded.
    assert np.abs(start.astype(int) - watched.bicubic).max() <= 2
    for _ in itertools.islice(training._steps(), 100):
        pass
    restored = demo._restored(training.upscaler, watched)
    gain = watched.score(restored)[0] - watched.score(watched.bicubic)[0]
    assert training.n_steps == 100
    assert gain > 0.3


def test_ctrl_c_ends_the_training_and_keeps_what_is_learnt(training, monkeypatch):
    def interrupted(index):
        if training.n_steps == before + 5:
            raise KeyboardInterrupt

    before = training.n_steps
    monkeypatch.setattr(training, "step", interrupted)
    curve = training.run(60.0, progress=False)
    assert curve[-1].step == before + 5 and curve[-1].seconds < 60


def test_ctrl_c_before_the_first_step_ends_the_demo(training, monkeypatch):
    def interrupted(index):
        raise KeyboardInterrupt

    monkeypatch.setattr(training, "step", interrupted)
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


def test_everything_is_written(finished):
    out, results = finished
    assert json.loads((out / "results.json").read_text()) == results
    assert read_rgb(out / "comparison.png").shape[1] >= 1000
    assert load_weights(out / "weights.h5").about["scale"] == demo.SCALE
    with open(str(out / "history.csv"), newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert int(rows[0]["step"]) == 0 and int(rows[-1]["step"]) == results["steps"] > 0
    assert not list(out.glob(".*"))


def test_report(finished):
    out, results = finished
    text = demo._report(results, out)
    assert "{:.2f}".format(results["srcnn"]["psnr"]) in text
    assert "srcnn-theano upscale" in text and str(out / "comparison.png") in text


def test_json(finished, monkeypatch, capsys, training, tmp_path):
    monkeypatch.setattr(demo, "Training", lambda photo, seed: training)
    monkeypatch.setattr(demo, "draw", lambda *args: None)
    results = demo.run_demo(tmp_path, seconds=0.1, as_json=True, progress=False)
    assert json.loads(capsys.readouterr().out) == results


def test_a_folder_that_cannot_be_written_is_told_first(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="file"):
        demo.run_demo(tmp_path / "file", progress=False)
