"""Networks under the protocols, against the figures that others published."""

import json

import numpy as np
import pytest
from PIL import Image

from srcnn_theano.data.cache import prepare
from srcnn_theano.data.datasets import image_paths
from srcnn_theano.data.degradation import rgb_to_ycbcr
from srcnn_theano.data.images import read_pixels
from srcnn_theano.data.patches import Degraded, Pairs, degrade, make_pairs
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation import evaluate
from srcnn_theano.evaluation.protocols import make_protocol, score
from srcnn_theano.inference import build_predictor, restore
from srcnn_theano.weights import Weights, save_weights


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
    network = build_predictor(passing_on(channels))
    for one in evaluate.score_files([picture], make_protocol(name, 2), network):
        assert one.psnr == pytest.approx(one.bicubic_psnr, abs=0.02)
        assert one.ssim == pytest.approx(one.bicubic_ssim, abs=1e-3)


def test_a_network_that_darkens_scores_less_and_the_mean_is_last(picture, passing_on):
    network = build_predictor(passing_on(1, gain=0.5))
    first, second, mean = evaluate.score_files(
        [picture, picture], make_protocol("standard", 2), network
    )
    assert first == second
    assert mean == first._replace(image="mean")
    assert first.psnr < first.bicubic_psnr - 10


def degraded(low_res, scale):
    """With white in the place of what the network does not look at."""
    rows, cols, channels = low_res.shape
    white = np.ones((scale * rows, scale * cols, channels))
    return Degraded(low_res, white, white)


def test_a_network_for_enlarged_images_repeats_their_edges(passing_on):
    network = build_predictor(passing_on(1))
    image = np.random.RandomState(1).rand(5, 7, 1)
    parts = degraded(image[:1, :1], 1)._replace(enlarged=image)
    np.testing.assert_allclose(restore(network, parts), image, atol=1e-6)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_network_that_upscales_takes_the_low_resolution(repeating, scale):
    network = build_predictor(repeating(1, scale))
    image = np.random.RandomState(1).rand(5, 7, 1)
    expected = image.repeat(scale, axis=0).repeat(scale, axis=1)
    result = restore(network, degraded(image, scale))
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_in_colour_a_luma_network_leaves_chroma_to_bicubic(repeating):
    rng = np.random.RandomState(3)
    parts = Degraded(rng.rand(5, 7, 3), *rng.rand(2, 10, 14, 3))
    result = restore(build_predictor(repeating(1, 2)), parts)
    luma, chroma = rgb_to_ycbcr(parts.low_res), rgb_to_ycbcr(parts.enlarged)
    expected = luma[..., :1].repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_allclose(rgb_to_ycbcr(result)[..., :1], expected, atol=1e-5)
    np.testing.assert_allclose(
        rgb_to_ycbcr(result)[..., 1:], chroma[..., 1:], atol=1e-5
    )

    all_three = restore(build_predictor(repeating(3, 2)), parts)
    expected = parts.low_res.repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_allclose(all_three, expected, atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["standard", "standard-rgb"])
def test_repeated_pixels_score_as_nearest_neighbours_do(
    picture, name, channels, repeating
):
    protocol = make_protocol(name, 2)
    network = build_predictor(repeating(channels, 2))
    first, _ = evaluate.score_files([picture], protocol, network)
    parts = degrade(read_pixels(picture), protocol.recipe)
    nearest = parts.low_res.repeat(2, axis=0).repeat(2, axis=1)
    expected = score(nearest, parts.high_res, protocol)
    # Where network and protocol differ in colour, luma is made of rounded RGB.
    same = (channels == 3) == (name == "standard-rgb")
    if same:
        np.testing.assert_allclose(first[1:3], expected, atol=0.02)
    elif name == "standard":
        np.testing.assert_allclose(first[1:3], expected, atol=0.3)
    assert first.psnr < first.bicubic_psnr


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

    mse = evaluate.sub_image_errors(errors, pairs, 2, batch_size=20)
    np.testing.assert_allclose(mse, (offsets / 255.0) ** 2)

    protocol = make_protocol("course")
    scores = evaluate.score_network(passing_on(1), pairs, pairs, protocol)
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
    scores = evaluate.score_network(weights, pairs, enlarged, make_protocol("course"))
    for how in ("patch", "batch20", "global"):
        ours, bicubic = (20 * np.log10(255 / level) for level in (3, 7))
        assert scores["ours"][how] == pytest.approx(ours, abs=1e-3)
        assert scores["bicubic"][how] == pytest.approx(bicubic, abs=1e-3)


def test_psnr_in_vgg_space(passing_on, vgg16_of_red):
    offsets = np.arange(45) % 7
    pairs = random_pairs(45, offsets)
    pairs = Pairs(*(np.repeat(images, 3, axis=1) for images in pairs))
    vgg = vgg16_of_red.values, "unit"
    scores = evaluate.score_features(
        passing_on(3), pairs, make_protocol("course"), *vgg
    )
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
    scores = evaluate.score_features(
        passing_on(3), pairs, make_protocol("course"), vgg16_of_red.values, "unit"
    )
    # 255 against a mean squared difference of 1e-7.
    assert scores == pytest.approx(dict.fromkeys(scores, 118.1308), abs=1e-3)
    assert sorted(scores) == ["batch20", "global", "patch"]


def test_distances_of_whole_images_in_vgg16(picture, passing_on, vgg16_of_red):
    protocol = make_protocol("standard-rgb", 2)
    networks = {
        "same": build_predictor(passing_on(3)),
        "darker": build_predictor(passing_on(3, gain=0.5)),
        "luma": build_predictor(passing_on(1)),
    }
    features = evaluate.feature_function(vgg16_of_red)
    found = evaluate.feature_distances([picture] * 2, protocol, networks, features)

    parts = degrade(read_pixels(picture), protocol.recipe)

    def pooled_red(image):
        """Of what is shown: shaved by the scale, in 256 steps."""
        red = np.rint(255 * np.clip(image[2:-2, 2:-2, 0], 0, 1)) / 255
        rows, cols = (n // 2 for n in red.shape)
        blocks = red[: 2 * rows, : 2 * cols].reshape(rows, 2, cols, 2)
        return blocks.max(axis=(1, 3))

    def expected(image):
        difference = pooled_red(image) - pooled_red(parts.high_res)
        return np.mean(difference**2) / 128

    assert list(found) == list(networks)
    for name, distances in found.items():
        assert [one.image for one in distances] == ["waves.png"] * 2 + ["mean"]
        assert distances[0][1:] == distances[1][1:]
        np.testing.assert_allclose(distances[2][1:], distances[0][1:])
        bicubic = distances[0].bicubic_relu2_2
        assert bicubic == pytest.approx(expected(parts.enlarged), rel=1e-4)
    assert found["same"][0].relu2_2 == pytest.approx(bicubic, rel=0.01)
    assert found["luma"][0].relu2_2 == pytest.approx(bicubic, rel=0.05)
    darker = expected(0.5 * parts.enlarged)
    assert found["darker"][0].relu2_2 == pytest.approx(darker, rel=0.01)
    assert darker > 5 * bicubic


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


def test_a_network_of_another_scale_is_refused_by_name(picture, tmp_path, repeating):
    weights = tmp_path / "x3.h5"
    save_weights(weights, repeating(1, 3))
    with pytest.raises(UserError, match="x3.h5: enlarges 3 times, not 2.*--scale 3"):
        evaluate.print_evaluation([picture.parent], weights, "standard", 2)


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
    evaluate.print_evaluation(*arguments, as_json=True)
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
    network = build_predictor(weights)
    protocol = make_protocol("standard", scale)
    for name, published in (("Set5", set5), ("Set14", set14)):
        scores = evaluate.score_files(image_paths(data_dir, name), protocol, network)
        assert scores[-1].psnr == pytest.approx(published, abs=0.02)


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
        scores = evaluate.score_network(weights, pairs, pairs, protocol)
        figures.append(scores["ours"]["batch100"])
    assert np.mean(figures) == pytest.approx(6.51, abs=0.25)
    assert scores["bicubic"]["patch"] == pytest.approx(35.03, abs=0.05)
