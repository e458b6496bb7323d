import numpy as np
import pytest

from srcnn_theano.data.cache import prepare
from srcnn_theano.data.datasets import image_paths
from srcnn_theano.data.images import read_pixels
from srcnn_theano.data.patches import cut_window, degrade
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation import metrics
from srcnn_theano.evaluation.protocols import PROTOCOLS, make_protocol, score


def noise(*shape, seed=0):
    return np.random.RandomState(seed).rand(*shape)


# --- The record ---


def test_hash_tells_protocols_and_recipes_apart_but_not_names():
    course = PROTOCOLS["course"]
    assert course.hash == course._replace(name="another").hash
    changes = [
        course._replace(crop="scale"),
        course._replace(quantised=True),
        course._replace(peak=255.0),
        course._replace(aggregation="batch20"),
        course._replace(floor=0.0),
        course._replace(clipped=False),
        course._replace(recipe=course.recipe._replace(blur_sigma=2.0)),
    ]
    assert len({protocol.hash for protocol in changes + [course]}) == 8
    assert course.hash == "a452a48e77"  # as results have it
    named = [make_protocol(name, s).hash for name in PROTOCOLS for s in (2, 3, 4)]
    assert len(set(named)) == 18


def test_make_protocol():
    protocol = make_protocol("standard", 3)
    assert (protocol.name, protocol.recipe.scale) == ("standard", 3)
    assert not protocol.on_patches
    assert make_protocol("course").on_patches
    assert "standard" in protocol.describe() and protocol.hash in protocol.describe()
    with pytest.raises(UserError, match="'nonesuch'; there are programmed, "):
        make_protocol("nonesuch")
    with pytest.raises(UserError, match="scale 5: the scale must be 2, 3 or 4"):
        make_protocol("standard", 5)


# --- Scoring images ---


def test_the_border_of_scale_pixels_does_not_count():
    protocol = make_protocol("standard", 3)
    image = noise(30, 31, 1)
    spoilt = np.zeros_like(image)
    spoilt[3:-3, 3:-3] = image[3:-3, 3:-3]
    psnr, ssim = score(spoilt, image, protocol)
    assert (psnr, ssim) == (np.inf, pytest.approx(1))
    spoilt[3, 3] = 1 - spoilt[3, 3]
    assert score(spoilt, image, protocol)[0] < 60


def test_the_output_is_clipped_and_rounded():
    protocol = make_protocol("standard", 2)
    image = np.round(noise(20, 20, 3) * 255) / 255
    image[0:10] = 1.0
    output = image + 0.49 / 255
    output[0:10] = 1.7
    assert score(output, image, protocol)[0] == np.inf
    not_rounded = protocol._replace(quantised=False)
    expected = metrics.psnr(np.clip(output, 0, 1)[2:-2, 2:-2], image[2:-2, 2:-2], 1)
    assert score(output, image, not_rounded)[0] == pytest.approx(expected)
    assert 45 < expected < 65


def test_one_level_is_48_decibels_at_either_peak():
    image = np.full((30, 30, 1), 100 / 255)
    for peak in (1.0, 255.0):
        protocol = make_protocol("standard")._replace(peak=peak)
        psnr, ssim = score(image + 1 / 255, image, protocol)
        assert psnr == pytest.approx(48.1308, abs=5e-5)
        # Wang's luminance term at 100 and 101.
        c1 = 2.55**2
        expected = (2 * 100 * 101 + c1) / (100**2 + 101**2 + c1)
        assert ssim == pytest.approx(expected, abs=1e-7)


# --- Figures known of plain bicubic: PSNR and SSIM, mean over images ---

BICUBIC_Y = {
    ("Set5", 2): (33.66, 0.9299),
    ("Set5", 3): (30.39, 0.8682),
    ("Set5", 4): (28.42, 0.8104),
    ("Set14", 2): (30.23, 0.8687),
    ("Set14", 3): (27.54, 0.7736),
    ("Set14", 4): (26.00, 0.7019),
}
BICUBIC_RGB = {
    ("Set5", 2): 31.80,
    ("Set5", 3): 28.63,
    ("Set5", 4): 26.70,
    ("Set14", 2): 28.53,
    ("Set14", 3): 25.95,
    ("Set14", 4): 24.47,
}


def bicubic(data_dir, name, protocol):
    scores = []
    for path in image_paths(data_dir, name):
        pair = degrade(read_pixels(path), protocol.recipe)
        scores.append(score(pair.enlarged, pair.high_res, protocol))
    return np.mean(scores, axis=0)


@pytest.mark.data
@pytest.mark.parametrize("name, scale", sorted(BICUBIC_Y))
def test_bicubic_under_standard(data_dir, name, scale):
    psnr, ssim = bicubic(data_dir, name, make_protocol("standard", scale))
    assert psnr == pytest.approx(BICUBIC_Y[name, scale][0], abs=0.01)
    assert ssim == pytest.approx(BICUBIC_Y[name, scale][1], abs=0.0002)


@pytest.mark.data
@pytest.mark.parametrize("name, scale", sorted(BICUBIC_RGB))
def test_bicubic_under_standard_rgb(data_dir, name, scale):
    psnr, _ = bicubic(data_dir, name, make_protocol("standard-rgb", scale))
    assert psnr == pytest.approx(BICUBIC_RGB[name, scale], abs=0.01)


@pytest.mark.data
def test_bicubic_under_course(data_dir, cache_dir):
    course = make_protocol("course")

    def psnr(name):
        pairs = prepare(data_dir, name, course.recipe, cache_dir)
        low_res, high_res = (cut_window(part, (21, 21)) / 255.0 for part in pairs)
        assert low_res.shape[2:] == (21, 21)
        errors = metrics.mse_per_patch(low_res, high_res)
        return metrics.aggregate(errors, course.aggregation, floor=course.floor)

    assert psnr("Set5") == pytest.approx(36.45, abs=0.01)
    assert 35.0 < psnr("Set14") < 35.6
