"""Networks under the protocols, against the figures that others published."""

import json

import numpy as np
import pytest
from PIL import Image

from srcnn_theano.data.datasets import image_paths, prepare
from srcnn_theano.data.patches import Pairs
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation import evaluate
from srcnn_theano.evaluation.protocols import make_protocol
from srcnn_theano.weights import save_weights


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    rng = np.random.RandomState(0)
    rows, cols = np.mgrid[:50, :62]
    waves = [
        np.sin(rows / a + c) * np.cos(cols / b) for a, b, c in rng.rand(3, 3) * 9 + 3
    ]
    pixels = np.uint8(128 + 60 * np.stack(waves, 2) + rng.randint(0, 60, (50, 62, 1)))
    path = tmp_path_factory.mktemp("pictures") / "waves.png"
    Image.fromarray(pixels).save(str(path))
    return path


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["standard", "standard-rgb"])
def test_a_network_that_changes_nothing_scores_as_bicubic(
    picture, name, channels, passing_on
):
    network = evaluate.Network(passing_on(channels))
    for score in evaluate.score_files([picture], make_protocol(name, 2), network):
        assert score.psnr == pytest.approx(score.bicubic_psnr, abs=0.02)
        assert score.ssim == pytest.approx(score.bicubic_ssim, abs=1e-3)


def test_a_network_that_darkens_scores_less_and_the_mean_is_last(picture, passing_on):
    network = evaluate.Network(passing_on(1, gain=0.5))
    first, second, mean = evaluate.score_files(
        [picture, picture], make_protocol("standard", 2), network
    )
    assert first == second
    assert mean == first._replace(image="mean")
    assert first.psnr < first.bicubic_psnr - 10


def test_the_network_gives_the_size_of_its_input_with_repeated_edges(passing_on):
    network = evaluate.Network(passing_on(1))
    image = np.random.RandomState(1).rand(5, 7, 1)
    np.testing.assert_allclose(network(image), image, atol=1e-6)


def test_sub_image_errors_are_in_file_order_and_aggregate():
    rng = np.random.RandomState(2)
    high_res = rng.randint(0, 256, (45, 1, 9, 9)).astype("uint8")
    offsets = np.arange(45) % 7
    low_res = np.uint8(np.clip(high_res // 2 + offsets[:, None, None, None], 0, 255))
    pairs = Pairs(low_res, np.uint8(high_res // 2))

    def errors(low_res, high_res):
        centre = low_res[:, :, 2:-2, 2:-2] / 255.0
        return np.mean((centre - high_res / 255.0) ** 2, axis=(1, 2, 3))

    mse = evaluate.sub_image_errors(errors, pairs, 2, batch_size=20)
    np.testing.assert_allclose(mse, (offsets / 255.0) ** 2)
    scores = evaluate.score_sub_images(errors, pairs, 2, make_protocol("course"))
    assert scores["n"] == 45
    assert scores["ours"] == pytest.approx(scores["bicubic"])
    assert sorted(scores["ours"]) == ["batch20", "global", "patch"]  # too few for 100
    assert scores["ours"]["global"] == pytest.approx(-10 * np.log10(mse.mean()))
    floored = -10 * np.log10(np.maximum(mse, 1e-7))
    assert scores["ours"]["patch"] == pytest.approx(floored.mean())


def test_print_evaluation_as_table_and_as_json(picture, tmp_path, capsys, passing_on):
    weights = tmp_path / "same.h5"
    save_weights(weights, passing_on(1))
    evaluate.print_evaluation([picture.parent], weights, "standard", 2)
    table = capsys.readouterr().out
    assert "waves.png" in table and "mean" in table and "standard" in table
    evaluate.print_evaluation([picture.parent], weights, "standard", 2, as_json=True)
    report = json.loads(capsys.readouterr().out)
    scores = report["folders"][str(picture.parent)]
    assert [one["image"] for one in scores] == ["waves.png", "mean"]
    assert "{:8.2f}".format(scores[0]["psnr"]) in table


def test_a_y_network_has_no_figure_under_course(picture, tmp_path, passing_on):
    weights = tmp_path / "same.h5"
    save_weights(weights, passing_on(1))
    with pytest.raises(UserError, match="compares 3 channels, the network has 1"):
        evaluate.print_evaluation([picture.parent], weights, "course", 4)


def test_a_tiny_image_is_named(tmp_path):
    Image.new("RGB", (12, 12)).save(str(tmp_path / "tiny.png"))
    with pytest.raises(UserError, match="tiny.png: 12x12 pixels are too few"):
        evaluate.score_files([tmp_path / "tiny.png"], make_protocol("standard", 2))


@pytest.mark.data
@pytest.mark.parametrize(
    "folder, file_name, scale, set5, set14",
    [
        ("9-1-5(91 images)", "x3.mat", 3, 32.39, 29.00),
        ("9-5-5(ImageNet)", "x4.mat", 4, 30.48, 27.49),
    ],
)
def test_official_weights_reach_the_published_psnr(
    data_dir, tmp_path, folder, file_name, scale, set5, set14
):
    from srcnn_theano.convert import convert

    weights = convert(
        data_dir / "official" / "srcnn" / folder / file_name, tmp_path / "official.h5"
    )
    network = evaluate.Network(weights)
    protocol = make_protocol("standard", scale)
    for name, published in (("Set5", set5), ("Set14", set14)):
        scores = evaluate.score_files(image_paths(data_dir, name), protocol, network)
        assert scores[-1].psnr == pytest.approx(published, abs=0.02)


@pytest.mark.data
def test_an_untrained_network_scores_about_6_5_under_course(data_dir, cache_dir):
    from srcnn_theano.backend import T
    from srcnn_theano.models.srcnn import SRCNN
    from srcnn_theano.training.functions import error_function

    protocol = make_protocol("course")
    pairs = prepare(data_dir, "Set14", protocol.recipe, cache_dir)
    models = [
        SRCNN(
            np.random.RandomState(seed),
            T.tensor4("x"),
            (None, 3, 33, 33),
            initializer="xavier",
        )
        for seed in range(3)
    ]
    errors = error_function(models[0])
    figures = []
    for model in models:
        models[0].set_values(model.get_values())
        scores = evaluate.score_sub_images(errors, pairs, model.margin, protocol)
        figures.append(scores["ours"]["batch100"])
    assert np.mean(figures) == pytest.approx(6.51, abs=0.25)
    assert scores["bicubic"]["patch"] == pytest.approx(35.03, abs=0.05)
