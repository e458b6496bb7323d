"""Networks on sub-images, and the ways to average them."""

import numpy as np
import pytest

from srcnn_theano.data.cache import prepare
from srcnn_theano.data.patches import Pairs
from srcnn_theano.evaluation.protocols import make_protocol
from srcnn_theano.evaluation.sub_images import (
    score_features,
    score_network,
    sub_image_errors,
)
from srcnn_theano.training.settings import Training
from srcnn_theano.weights import Weights


def random_pairs(n, offsets):
    """What is to be compared with a network that changes nothing, and the errors."""
    rng = np.random.RandomState(2)
    high_res = np.uint8(rng.randint(0, 128, (n, 1, 9, 9)))
    return Pairs(high_res + np.uint8(offsets).reshape(-1, 1, 1, 1), high_res)


def test_sub_image_errors_are_in_file_order_and_aggregate(passing_on):
    offsets = np.arange(45) % 7
    pairs = random_pairs(45, offsets)

    def errors(low_res, high_res):
        centre = low_res[:, :, 2:-2, 2:-2] / 255.0
        return np.mean((centre - high_res / 255.0) ** 2, axis=(1, 2, 3))

    cut = Pairs(pairs.low_res, pairs.high_res[:, :, 2:-2, 2:-2])
    mse = sub_image_errors(errors, cut, batch_size=20)
    np.testing.assert_allclose(mse, (offsets / 255.0) ** 2)

    protocol = make_protocol("course")
    scores = score_network(passing_on(1), pairs, pairs, protocol)
    assert scores["n"] == 45
    assert scores["ours"] == pytest.approx(scores["bicubic"], abs=1e-3)
    assert sorted(scores["ours"]) == ["batch20", "global", "patch"]  # too few for 100
    expected = -10 * np.log10(mse.mean())
    assert scores["ours"]["global"] == pytest.approx(expected, abs=1e-3)
    floored = -10 * np.log10(np.maximum(mse, 1e-7))
    assert scores["bicubic"]["patch"] == pytest.approx(floored.mean(), abs=1e-3)


def test_a_network_that_upscales_is_scored_beside_enlarged_sub_images(repeating):
    low_res = np.uint8(np.random.RandomState(4).randint(0, 200, (30, 3, 4, 4)))
    repeated = low_res.repeat(2, axis=2).repeat(2, axis=3)
    pairs = Pairs(low_res, repeated + np.uint8(3))
    enlarged = Pairs(repeated + np.uint8(10), pairs.high_res)
    weights = repeating(3, 2)
    scores = score_network(weights, pairs, enlarged, make_protocol("course"))
    for how in ("patch", "batch20", "global"):
        ours, bicubic = (20 * np.log10(255 / level) for level in (3, 7))
        assert scores["ours"][how] == pytest.approx(ours, abs=1e-3)
        assert scores["bicubic"][how] == pytest.approx(bicubic, abs=1e-3)


def test_psnr_in_vgg_space(passing_on, vgg16_of_red):
    offsets = np.arange(45) % 7
    pairs = random_pairs(45, offsets)
    pairs = Pairs(*(np.repeat(images, 3, axis=1) for images in pairs))
    protocol = make_protocol("course")
    scores = score_features(passing_on(3), pairs, protocol, vgg16_of_red, Training())
    # The offset survives the pooling: its square is in one map of 128.
    summed = (offsets / 255.0) ** 2
    mse = np.maximum(summed / 128, 1e-7)  # where there is none, the floor counts
    expected = {
        "patch": np.mean(10 * np.log10(255**2 / mse)),
        "batch20": np.mean(
            [10 * np.log10(255**2 / np.mean(summed[i : i + 20] / 128)) for i in (0, 20)]
        ),
        "global": 10 * np.log10(255**2 / np.mean(summed / 128)),
    }
    assert scores == pytest.approx(expected, abs=2e-3)
    # Adding the maps up, as the older figures do, is 10 log10(128) less.
    by_sum = 10 * np.log10(255**2 / np.mean(summed))
    assert scores["global"] - by_sum == pytest.approx(10 * np.log10(128), abs=2e-3)


def test_a_network_that_gives_the_target_has_the_highest_score(
    passing_on, vgg16_of_red
):
    pairs = random_pairs(20, np.zeros(20))
    pairs = Pairs(*(np.repeat(images, 3, axis=1) for images in pairs))
    protocol = make_protocol("course")
    scores = score_features(passing_on(3), pairs, protocol, vgg16_of_red, Training())
    # 255 against a mean squared difference of 1e-7.
    assert scores == pytest.approx(dict.fromkeys(scores, 118.1308), abs=1e-3)
    assert sorted(scores) == ["batch20", "global", "patch"]


@pytest.mark.data
def test_an_untrained_network_scores_about_6_5_under_course(data_dir, cache_dir):
    from srcnn_theano.backend import T
    from srcnn_theano.models.srcnn import SRCNN

    options = {"channels": 3, "initializer": "xavier"}
    protocol = make_protocol("course")
    pairs = prepare(data_dir, "Set14", protocol.recipe, cache_dir)
    figures = []
    for seed in range(3):
        model = SRCNN(
            np.random.RandomState(seed), T.tensor4("x"), (None, 3, 33, 33), **options
        )
        weights = Weights("srcnn", options, model.get_values(), {})
        scores = score_network(weights, pairs, pairs, protocol)
        figures.append(scores["ours"]["batch100"])
    assert np.mean(figures) == pytest.approx(6.51, abs=0.25)
    assert scores["bicubic"]["patch"] == pytest.approx(35.03, abs=0.05)
