import numpy as np
import pytest

from srcnn_theano.backend import T
from srcnn_theano.compare_deconv import measures
from srcnn_theano.models.fsrcnn import FSRCNN


def fsrcnn(**options):
    """The report's network, 8x8 to 33x33."""
    rng = np.random.RandomState(0)
    return FSRCNN(rng, T.tensor4("x"), (1, 3, 8, 8), output_size=(33, 33), **options)


@pytest.fixture(scope="module")
def grad_inputs():
    return fsrcnn()


@pytest.fixture(scope="module")
def full_border():
    return fsrcnn(upsampling="full-border", deconv_size=26)


def test_parameters(grad_inputs, full_border):
    # Filters and biases by hand; slopes: one for each of 56 + 12 + 4 * 12 + 56 maps.
    before = (75 * 56 + 56) + (56 * 12 + 12) + 4 * (108 * 12 + 12) + (12 * 56 + 56)
    before += 172
    assert measures.n_parameters(grad_inputs) == before + 13608 + 3 == 24683
    assert measures.n_parameters(full_border) == before + 113568 + 3 == 124643


def test_multiply_adds(grad_inputs, full_border):
    before = 64 * (75 * 56 + 56 * 12 + 4 * 108 * 12 + 12 * 56)
    assert before == 686592
    # 9x9x56x3 for each of 8x8 pixels; 26x26x56x3 on each of 33x33.
    assert measures.multiply_adds(grad_inputs) == before + 64 * 13608
    assert measures.multiply_adds(full_border) == before + 1089 * 113568
    naive = full_border.layers[-1]
    assert measures.stamp_multiply_adds(naive) == 64 * 113568 == 7268352


def test_work_grows_with_the_picture():
    model = FSRCNN(np.random.RandomState(0), T.tensor4("x"), (1, 3, 10, 20))
    assert measures.multiply_adds(model) == 200 * (686592 // 64 + 13608)


def board(stride, cells, pattern):
    """`pattern`, of stride x stride pixels, repeated."""
    return np.tile(pattern, (cells, cells)).astype(float)


@pytest.mark.parametrize("stride", [2, 3, 4])
@pytest.mark.parametrize("what", ["one pixel", "rows", "random"])
def test_all_energy_of_a_checkerboard_is_at_the_stride(stride, what):
    pattern = np.zeros((stride, stride))
    if what == "one pixel":
        pattern[0, 0] = 1
    elif what == "rows":
        pattern[0] = 1
    else:
        pattern = np.random.RandomState(stride).rand(stride, stride)
    image = 0.3 + 0.1 * board(stride, 20, pattern)
    assert measures.checkerboard_energy(image, stride) == pytest.approx(1)


def test_where_the_tiles_begin_does_not_matter():
    image = board(4, 24, np.random.RandomState(1).rand(4, 4))
    shifted = image[3:, 2:]
    assert measures.checkerboard_energy(shifted, 4) == pytest.approx(1)


def test_a_period_of_another_length_has_none():
    image = board(8, 16, np.add.outer(*[np.cos(np.pi * np.arange(8) / 4)] * 2))
    assert measures.checkerboard_energy(image, 4) < 1e-20


def test_noise_has_its_share_of_the_frequencies():
    noise = np.random.RandomState(0).normal(size=(1024, 1024))
    assert measures.checkerboard_energy(noise, 4) == pytest.approx(
        9 / 4 * 15 / 1023, rel=0.03
    )
    assert measures.power_spectrum(noise, 32)[1:, 1:].mean() == pytest.approx(1, 0.01)


def test_a_weak_checkerboard_on_noise():
    """Energies add up: that of the pattern and that of the noise."""
    rng = np.random.RandomState(0)
    noise = rng.normal(size=(512, 512))
    pattern = rng.normal(size=(4, 4))
    image = noise + 0.5 * board(4, 128, pattern)
    at_stride = 0.25 * pattern.var()  # mean square of the pattern
    # White noise of variance 1 has the power 1 in each of T^2 - 1 bins; a pattern
    # of variance v has v T^2 in all.
    energy = at_stride * 1024
    share = (energy + 9 / 4 * 15) / (energy + 1023)
    assert measures.checkerboard_energy(image, 4) == pytest.approx(share, rel=0.02)


def test_an_image_without_a_tile():
    with pytest.raises(ValueError, match="32x32"):
        measures.checkerboard_energy(np.zeros((31, 40)), 4)


def test_profile_shows_a_wave_at_its_frequency():
    wave = np.tile(np.cos(2 * np.pi * np.arange(128) / 8), (128, 1))
    frequencies, power = measures.frequency_profile(wave)
    assert frequencies[0] == 1 / 64 and frequencies[-1] == 1 / 2
    assert frequencies[power.argmax()] == 1 / 8


class Stamps:
    """A predictor that repeats a pattern, whatever it is given."""

    channels, halo = 3, 2

    def __call__(self, x):
        assert (x == 0.5).all() and x.shape == (1, 3, 12, 12)
        pattern = np.array([[0.5, 0.7], [0.5, 0.5]])
        return np.tile(pattern, (1, 3, 16, 16))


def test_ripple_is_a_standard_deviation_in_levels():
    assert measures.grey_ripple(Stamps()) == pytest.approx(255 * 0.2 * np.sqrt(3) / 4)


def test_median_of_calls_in_turns():
    order = []
    seconds = measures.median_seconds(
        {"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 3
    )
    assert "".join(order) == "ab" * 4
    assert set(seconds) == {"a", "b"} and all(s >= 0 for s in seconds.values())


@pytest.mark.parametrize("upsampling", ["bilinear", "deconv"])
def test_tents_start_without_a_ripple_and_noise_does_not(upsampling):
    from srcnn_theano.inference import Predictor

    rng = np.random.RandomState(0)
    shape = (None, 3, None, None)
    model = FSRCNN(rng, T.tensor4("x"), shape, d=8, s=2, m=1, upsampling=upsampling)
    ripple = measures.grey_ripple(Predictor(model))
    assert ripple < 1e-4 if upsampling == "bilinear" else ripple > 0.01
