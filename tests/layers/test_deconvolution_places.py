"""Where the stamps of a deconvolution lie."""

from functools import partial

import numpy as np
import pytest

from srcnn_theano.backend import T, compile_function
from srcnn_theano.layers.deconvolution import DeconvLayer, bilinear
from srcnn_theano.layers.lengths import even_crop


def evaluate(layer, images):
    return compile_function([layer.input], layer.output)(images)


class Ones:
    """In the place of a RandomState: bilinear filters with gains of 1."""

    def normal(self, mean, deviation, size):
        return np.ones(size)


def interpolating(length, kernel, stride, crop, **size):
    return DeconvLayer(
        Ones(),
        T.tensor4("x"),
        (1, 1, length, length),
        (1, 1, kernel, kernel),
        stride=stride,
        crop=crop,
        W=partial(bilinear, stride=stride),
        **size,
    )


@pytest.mark.parametrize(
    "stride, kernel", [(s, k) for s in (2, 3, 4) for k in range(2 * s, 14)]
)
def test_even_crop_leaves_pixels_where_resizing_puts_them(stride, kernel):
    """A ramp stays a ramp, in place: pixel i is centred on (i + 1/2) * stride - 1/2."""
    length = 12
    layer = interpolating(length, kernel, stride, even_crop(kernel - stride))
    ramp = np.tile(np.arange(length, dtype="float32"), (1, 1, length, 1))
    result = evaluate(layer, ramp)

    assert result.shape == (1, 1, stride * length, stride * length)
    late = 0.0 if (kernel - stride) % 2 == 0 else 0.5
    o = np.arange(stride * length)
    expected = (o - late + 0.5) / stride - 0.5
    inside = slice(2 * stride, -2 * stride)
    for row in result[0, 0, inside]:
        np.testing.assert_allclose(row[inside], expected[inside], atol=1e-5)


def test_x3_is_not_shifted():
    """Mirrored input, mirrored output: neither side is a pixel ahead."""
    layer = interpolating(7, 9, 3, even_crop(9 - 3))
    ramp = np.float32(np.random.RandomState(0).rand(1, 1, 7, 7))
    there, back = evaluate(layer, ramp), evaluate(layer, ramp[:, :, ::-1, ::-1].copy())
    np.testing.assert_allclose(back[:, :, ::-1, ::-1], there, atol=1e-6)


@pytest.mark.parametrize(
    "overhang, pair", [(0, (0, 0)), (5, (2, 3)), (6, (3, 3)), (7, (3, 4)), (1, (0, 1))]
)
def test_even_crop(overhang, pair):
    assert even_crop(overhang) == pair


@pytest.mark.parametrize(
    "stride, kernel", [(1, 1), (2, 3), (2, 4), (3, 5), (3, 9), (4, 8), (4, 9), (4, 13)]
)
def test_stamps_of_a_constant_add_up_to_a_constant(stride, kernel):
    """The tent, 2 * stride - 1 (or, between pixels, 2 * stride) long, fits."""
    layer = interpolating(9, kernel, stride, 0)
    result = evaluate(layer, np.full((1, 1, 9, 9), 0.3, "float32"))[0, 0]
    inside = slice(kernel, -kernel)
    np.testing.assert_allclose(result[inside, inside], 0.3, rtol=1e-6)
    assert result[inside, inside].size > 0


def test_bilinear_filters_are_one_tent_times_gains():
    W = bilinear(np.random.RandomState(3), (50, 40, 9, 7), 4)
    tent = 1 - np.abs(np.arange(-4, 5)) / 4.0
    np.testing.assert_allclose(W[0, 0, :, 3] / W[0, 0, 4, 3], tent)
    np.testing.assert_allclose(W[0, 0, 4] / W[0, 0, 4, 3], tent[1:-1])
    gains = W[:, :, 4, 3]
    np.testing.assert_allclose(
        W, gains[:, :, None, None] * np.outer(tent, tent[1:-1]), atol=1e-12
    )
    assert gains.std() == pytest.approx(np.sqrt(1 / 50), rel=0.1)
    # The sum over 50 maps of unit variance has unit variance.
    assert gains.sum(axis=0).std() == pytest.approx(1, rel=0.35)
