"""``srcnn-theano evaluate``, as table and as JSON."""

import json

import numpy as np
import pytest

from srcnn_theano.data.images import read_pixels
from srcnn_theano.data.patches import make_pairs
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.evaluate import print_evaluation
from srcnn_theano.evaluation.protocols import make_protocol
from srcnn_theano.weights import save_weights


def test_print_evaluation_as_table_and_as_json(picture, tmp_path, capsys, passing_on):
    weights = tmp_path / "same.h5"
    save_weights(weights, passing_on(1))
    print_evaluation([picture.parent], weights, "standard", 2)
    table = capsys.readouterr().out
    assert "waves.png" in table and "mean" in table and "standard" in table
    print_evaluation([picture.parent], weights, "standard", 2, as_json=True)
    report = json.loads(capsys.readouterr().out)
    scores = report["folders"][str(picture.parent)]
    assert [one["image"] for one in scores] == ["waves.png", "mean"]
    assert "{:8.2f}".format(scores[0]["psnr"]) in table


def test_a_network_that_makes_no_pictures(picture, tmp_path, passing_on):
    save_weights(tmp_path / "wild.h5", passing_on(3, gain=1e6))
    with pytest.raises(UserError, match="wild.h5: makes no pictures: "):
        print_evaluation([picture.parent], tmp_path / "wild.h5", "standard", 2)


def test_a_y_network_has_no_figure_under_course(picture, tmp_path, passing_on):
    weights = tmp_path / "same.h5"
    save_weights(weights, passing_on(1))
    with pytest.raises(UserError, match="compares 3 channels, the network has 1"):
        print_evaluation([picture.parent], weights, "course", 4)


def test_a_network_of_another_scale_is_refused_by_name(picture, tmp_path, repeating):
    weights = tmp_path / "x3.h5"
    save_weights(weights, repeating(1, 3))
    with pytest.raises(UserError, match="x3.h5: enlarges 3 times, not 2.*--scale 3"):
        print_evaluation([picture.parent], weights, "standard", 2)


def test_sub_images_for_a_network_that_upscales(
    picture, tmp_path, capsys, monkeypatch, repeating
):
    """8x8 in, 33x33 out: a network that is told the size."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    weights = repeating(3, 4)
    values = dict(weights.values, **{"deconv.W": np.zeros((3, 3, 9, 9), "float32")})
    options = dict(weights.options, deconv_size=9)
    save_weights(
        tmp_path / "black.h5", weights._replace(options=options, values=values)
    )
    arguments = [picture.parent], tmp_path / "black.h5", "course", 4
    print_evaluation(*arguments, as_json=True)
    scores = json.loads(capsys.readouterr().out)["folders"][str(picture.parent)]
    recipe = make_protocol("course").recipe
    pairs = make_pairs(read_pixels(picture), recipe)
    assert scores["n"] == len(pairs.high_res) == 6
    black, enlarged = (
        np.mean((pairs.high_res / 255.0 - other) ** 2)
        for other in (0, pairs.low_res / 255.0)
    )
    assert scores["ours"]["global"] == pytest.approx(-10 * np.log10(black), abs=1e-3)
    assert scores["bicubic"]["global"] == pytest.approx(
        -10 * np.log10(enlarged), abs=1e-3
    )
