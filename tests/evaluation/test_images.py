"""Networks on whole images, against the figures that others published."""

import numpy as np
import pytest
from PIL import Image

from srcnn_theano.data.datasets import image_paths
from srcnn_theano.data.degradation import rgb_to_y
from srcnn_theano.data.images import read_pixels
from srcnn_theano.data.patches import degrade
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.images import (
    feature_distances,
    feature_function,
    score_files,
)
from srcnn_theano.evaluation.protocols import make_protocol, score
from srcnn_theano.inference import build_predictor
from srcnn_theano.weights import load_for_scale


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["standard", "standard-rgb"])
def test_a_network_that_changes_nothing_scores_as_bicubic(
    picture, name, channels, passing_on
):
    network = build_predictor(passing_on(channels))
    for one in score_files([picture], make_protocol(name, 2), network):
        assert one.psnr == pytest.approx(one.bicubic_psnr, abs=0.02)
        assert one.ssim == pytest.approx(one.bicubic_ssim, abs=1e-3)


def test_a_network_that_darkens_scores_less_and_the_mean_is_last(picture, passing_on):
    network = build_predictor(passing_on(1, gain=0.5))
    first, second, mean = score_files(
        [picture, picture], make_protocol("standard", 2), network
    )
    assert first == second
    assert mean == first._replace(image="mean")
    assert first.psnr < first.bicubic_psnr - 10


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["standard", "standard-rgb"])
def test_repeated_pixels_score_as_nearest_neighbours_do(
    picture, name, channels, repeating
):
    protocol = make_protocol(name, 2)
    network = build_predictor(repeating(channels, 2))
    first, _ = score_files([picture], protocol, network)
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


def test_distances_of_whole_images_in_vgg16(picture, passing_on, vgg16_of_red):
    protocol = make_protocol("standard-rgb", 2)
    networks = {
        "same": build_predictor(passing_on(3)),
        "darker": build_predictor(passing_on(3, gain=0.5)),
        "luma": build_predictor(passing_on(1)),
    }
    features = feature_function(vgg16_of_red)
    found = feature_distances([picture] * 2, protocol, networks, features)

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


def test_a_grey_file_goes_in_as_luma_and_is_scored_as_it_is(tmp_path, repeating):
    """The literature takes grey for luma where it scores; 219 levels are its luma."""
    rng = np.random.RandomState(0)
    grey = np.uint8(rng.randint(0, 90, (40, 44)))
    Image.fromarray(grey).save(str(tmp_path / "grey.png"))
    Image.fromarray(np.dstack([grey] * 3)).save(str(tmp_path / "rgb.png"))
    # A network that has 16 for all that is black or darker.
    weights = repeating(1, 2)
    weights.values["conv1.b"][...] = -16 / 255
    weights.values["prelu1.a"][...] = 0
    weights.values["deconv.b"][...] = 16 / 255
    network, protocol = build_predictor(weights), make_protocol("standard", 2)
    paths = [tmp_path / "grey.png", tmp_path / "rgb.png"]
    as_grey, as_rgb, _ = score_files(paths, protocol, network)
    wider = 20 * np.log10(255 / 219)
    assert as_grey.psnr == pytest.approx(as_rgb.psnr - wider, abs=0.2)
    assert as_grey.bicubic_psnr == pytest.approx(as_rgb.bicubic_psnr - wider, abs=0.2)


@pytest.mark.data
def test_grey_photographs_gain_as_in_colour(data_dir, tmp_path):
    """Set5's bird: 39.47 dB as grey, 1.32 of them the wider range (37.20 before)."""
    bird = next(p for p in image_paths(data_dir, "Set5") if p.name.startswith("bird"))
    luma = rgb_to_y(np.asarray(Image.open(str(bird))) / 255)
    grey = np.uint8(np.rint((255 * luma[..., 0] - 16) * 255 / 219))
    Image.fromarray(grey).save(str(tmp_path / "grey.png"))
    network = build_predictor(load_for_scale(2, None, None)[1])
    protocol = make_protocol("standard", 2)
    as_rgb, as_grey, _ = score_files([bird, tmp_path / "grey.png"], protocol, network)
    assert as_grey.psnr == pytest.approx(
        as_rgb.psnr - 20 * np.log10(255 / 219), abs=0.1
    )


def test_a_tiny_image_is_named(tmp_path):
    Image.new("RGB", (12, 12)).save(str(tmp_path / "tiny.png"))
    with pytest.raises(UserError, match="tiny.png: 12x12 pixels are too few"):
        score_files([tmp_path / "tiny.png"], make_protocol("standard", 2))


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
    from srcnn_theano.convert.convert import convert

    weights = convert(
        data_dir / "official" / "srcnn" / folder / file_name, tmp_path / "official.h5"
    )
    network = build_predictor(weights)
    protocol = make_protocol("standard", scale)
    for name, published in (("Set5", set5), ("Set14", set14)):
        scores = score_files(image_paths(data_dir, name), protocol, network)
        assert scores[-1].psnr == pytest.approx(published, abs=0.02)
