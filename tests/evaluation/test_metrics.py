import numpy as np
import pytest
from scipy import signal

from srcnn_theano.errors import UserError
from srcnn_theano.evaluation import metrics


def noise(*shape, seed=0):
    return np.random.RandomState(seed).randint(0, 256, shape).astype(np.uint8)


# --- PSNR ---


def test_psnr_of_an_offset_of_one_level():
    image = np.full((5, 5, 3), 100, np.uint8)
    assert metrics.psnr(image, image + 1, 255) == pytest.approx(48.1308, abs=5e-5)
    a = np.full((5, 5), 0.25)
    assert metrics.psnr(a, a + 1 / 255, 1) == pytest.approx(48.1308, abs=5e-5)


def test_psnr_does_not_wrap_around_in_uint8():
    black, white = np.zeros((4, 4), np.uint8), np.full((4, 4), 255, np.uint8)
    assert metrics.psnr(black, white, 255) == 0.0


def test_psnr_of_equal_images_and_of_unequal_shapes():
    assert metrics.psnr(noise(9, 9), noise(9, 9), 255) == np.inf
    with pytest.raises(ValueError, match=r"\(9, 9\) and \(9, 8\)"):
        metrics.psnr(noise(9, 9), noise(9, 8), 255)


def test_psnr_of_mse():
    values = metrics.psnr_of_mse(np.array([1e-3, 1e-9]), floor=1e-7)
    np.testing.assert_allclose(values, [30.0, 70.0])
    assert metrics.psnr_of_mse(255.0**2 / 100, peak=255) == pytest.approx(20)


# --- SSIM ---


def reference_ssim(a, b, peak):
    """Line by line after ssim_index.m of Wang et al., with a full 2-D window."""
    x, y = np.meshgrid(np.arange(-5, 6), np.arange(-5, 6))
    window = np.exp(-(x**2 + y**2) / (2 * 1.5**2))
    window /= window.sum()

    def filter2(image):
        return signal.convolve2d(image, window, mode="valid")

    a, b = a.astype(float), b.astype(float)
    c1, c2 = (0.01 * peak) ** 2, (0.03 * peak) ** 2
    mu1, mu2 = filter2(a), filter2(b)
    sigma1_sq = filter2(a * a) - mu1 * mu1
    sigma2_sq = filter2(b * b) - mu2 * mu2
    sigma12 = filter2(a * b) - mu1 * mu2
    ssim_map = ((2 * mu1 * mu2 + c1) * (2 * sigma12 + c2)) / (
        (mu1 * mu1 + mu2 * mu2 + c1) * (sigma1_sq + sigma2_sq + c2)
    )
    return ssim_map.mean()


@pytest.mark.parametrize("shape", [(11, 11), (12, 30), (64, 48)])
def test_ssim_is_the_reference(shape):
    a = noise(*shape)
    b = np.clip(a + np.random.RandomState(1).normal(0, 20, shape), 0, 255)
    expected = reference_ssim(a, b, 255)
    assert 0.5 < expected < 0.99
    assert metrics.ssim(a, b, 255) == pytest.approx(expected, abs=1e-12)
    assert metrics.ssim(a / 255, b / 255, 1) == pytest.approx(expected, abs=1e-9)


def test_ssim_of_equal_and_of_constant_images():
    image = noise(20, 20, 3)
    assert metrics.ssim(image, image, 255) == pytest.approx(1, abs=1e-12)
    a, b, c1 = 100.0, 120.0, 2.55**2
    luminance = (2 * a * b + c1) / (a * a + b * b + c1)
    ours = metrics.ssim(np.full((15, 15), a), np.full((15, 15), b), 255)
    assert ours == pytest.approx(luminance, abs=1e-9)


def test_ssim_of_colour_is_the_mean_of_the_channels():
    a, b = noise(20, 25, 3), noise(20, 25, 3, seed=1)
    channels = [metrics.ssim(a[..., c], b[..., c], 255) for c in range(3)]
    assert metrics.ssim(a, b, 255) == pytest.approx(np.mean(channels), abs=1e-12)


def test_ssim_needs_room_for_its_window():
    with pytest.raises(UserError, match="11x11 pixels, here are 10x20"):
        metrics.ssim(noise(20, 10), noise(20, 10), 255)


# --- Many sub-images ---


def test_mse_per_patch():
    output = np.random.RandomState(0).rand(4, 3, 5, 5).astype(np.float32)
    target = output.copy()
    target[1] += 0.1
    target[2, 0] += 0.3  # one channel of three
    np.testing.assert_allclose(
        metrics.mse_per_patch(output, target), [0, 0.01, 0.03, 0], atol=1e-8
    )


MSE = [1e-2, 1e-4, 1e-3, 1e-3, 1e-1]


@pytest.mark.parametrize(
    "how, expected",
    [
        ("patch", (20 + 40 + 30 + 30 + 10) / 5),
        ("batch1", (20 + 40 + 30 + 30 + 10) / 5),
        # The last of the five is left out.
        ("batch2", (10 * np.log10(1 / 5.05e-3) + 30) / 2),
        ("batch5", 10 * np.log10(5 / 0.1121)),
        ("global", 10 * np.log10(5 / 0.1121)),
    ],
)
def test_aggregate(how, expected):
    assert metrics.aggregate(MSE, how) == pytest.approx(expected, abs=1e-12)


def test_aggregate_in_other_units():
    scaled = np.array(MSE) * 255**2
    ours = metrics.aggregate(scaled, "batch2", peak=255)
    assert ours == pytest.approx(metrics.aggregate(MSE, "batch2"))


def test_identical_sub_images_count_as_the_floor():
    assert metrics.aggregate([0.0, 1e-3], "patch") == pytest.approx(50)
    assert metrics.aggregate([0.0, 1e-3], "patch", floor=1e-5) == pytest.approx(40)
    assert metrics.aggregate([0.0, 1e-3], "patch", floor=0) == np.inf


def test_finer_averages_are_never_lower():
    mse = np.random.RandomState(0).lognormal(-7, 2, 400)
    values = [metrics.aggregate(mse, h) for h in ("patch", "batch20", "batch100")]
    values.append(metrics.aggregate(mse, "global"))
    assert values == sorted(values, reverse=True)


@pytest.mark.parametrize(
    "how, n", [("batch", 5), ("batch0", 5), ("batchx", 5), ("image", 5), ("mean", 5)]
)
def test_unknown_aggregation(how, n):
    with pytest.raises(UserError, match="'batchN', such as 'batch20'"):
        metrics.aggregate(MSE[:n], how)


@pytest.mark.parametrize("how, n", [("batch6", 5), ("patch", 0), ("global", 0)])
def test_too_few_sub_images(how, n):
    with pytest.raises(UserError, match=f"{n} sub-images are too few"):
        metrics.aggregate(MSE[:n], how)
