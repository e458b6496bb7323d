"""PReLU, pooling and sums of maps against NumPy, in any order in memory."""

import numpy as np
import pytest

from srcnn_theano.backend import T, theano
from srcnn_theano.backend.maps import Maps

SLOPES = [-1.5, 0.0, 0.25, 3.0]  # where x <= 0 these turn, hide, shrink and stretch


def draw(rng, *shape):
    return rng.standard_normal(shape).astype("float32")


def channels_last(array):
    return np.ascontiguousarray(array.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


def every_other(array):
    return np.repeat(array, 2, axis=3)[:, :, :, ::2]


ORDERS = [np.ascontiguousarray, channels_last, every_other]


def three_ops():
    """A function (x, g, slopes) -> prelu(x), dx, d slopes, x + g."""
    x, g, slopes = T.tensor4("x"), T.tensor4("g"), T.vector("slopes")
    results = [Maps("prelu")(x, slopes=slopes)[0]]
    results += Maps("prelu_gradient")(x, g, slopes)
    results += [Maps("add")(x, g)[0]]
    return theano.function([x, g, slopes], results)


@pytest.mark.parametrize("shape", [(3, 4, 5, 7), (1, 4, 1, 1), (2, 4, 3, 50)])
@pytest.mark.parametrize("slopes", [SLOPES, [0.25], [-2.0]])
def test_against_numpy_in_every_order(shape, slopes):
    rng = np.random.default_rng(0)
    x, g = draw(rng, *shape), draw(rng, *shape)
    x[0, :, 0, 0] = 0
    function, slopes = three_ops(), np.array(slopes, "float32")
    a = slopes.reshape(1, -1, 1, 1)
    products = np.where(x <= 0, x * g, 0).astype("float64")
    per_map = products.sum((0, 2, 3))
    expected = [
        np.where(x <= 0, a * x, x),
        np.where(x <= 0, a * g, g),
        per_map if len(slopes) > 1 else per_map.sum(keepdims=True),
        x + g,
    ]
    for x_order in ORDERS:
        for g_order in ORDERS:
            results = function(x_order(x), g_order(g), slopes)
            for one, other in zip(results, expected):
                np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-5)
            if x_order is channels_last:
                for result in (results[0], results[1], results[3]):
                    assert result.transpose(0, 2, 3, 1).flags.c_contiguous


def test_large_maps_are_shared_out_among_threads_alike():
    rng = np.random.default_rng(0)
    x, g, slopes = draw(rng, 5, 8, 40, 60), draw(rng, 5, 8, 40, 60), draw(rng, 8)
    first = three_ops()(channels_last(x), g, slopes)
    for one, other in zip(first, three_ops()(channels_last(x), g, slopes)):
        assert np.array_equal(one, other)
    products = np.where(x <= 0, x.astype("float64") * g, 0)
    np.testing.assert_allclose(first[2], products.sum((0, 2, 3)), rtol=1e-5)


@pytest.mark.parametrize("shape", [(3, 4, 6, 8), (2, 16, 5, 7), (1, 3, 1, 4)])
def test_pooling_against_numpy_in_every_order(shape):
    rng = np.random.default_rng(0)
    n, channels, rows, cols = shape
    x = np.maximum(draw(rng, *shape), 0)  # zeros: several may be the largest
    windows = x[:, :, : rows // 2 * 2, : cols // 2 * 2]
    windows = windows.reshape(n, channels, rows // 2, 2, cols // 2, 2)
    largest = windows.max((3, 5))
    g = draw(rng, *largest.shape)
    spread = np.where(
        windows == largest[:, :, :, None, :, None], g[:, :, :, None, :, None], 0
    )
    expected = np.zeros_like(x)
    expected[:, :, : rows // 2 * 2, : cols // 2 * 2] = spread.reshape(
        n, channels, rows // 2 * 2, cols // 2 * 2
    )
    a, b = T.tensor4(), T.tensor4()
    function = theano.function(
        [a, b], [Maps("pool")(a)[0], Maps("pool_gradient")(a, b)[0]]
    )
    for x_order in ORDERS:
        for g_order in ORDERS:
            pooled, gradient = function(x_order(x), g_order(g))
            assert np.array_equal(pooled, largest)
            assert np.array_equal(gradient, expected)
    shape_only = theano.function([a], Maps("pool")(a)[0].shape)
    assert tuple(shape_only(x)) == largest.shape


@pytest.mark.parametrize("shape", [(3, 4, 5, 7), (0, 2, 3, 4), (40, 3, 33, 33)])
def test_sums_against_numpy_in_every_order(shape):
    maps = T.tensor4("maps")
    function = theano.function([maps], [Maps("sums")(maps)[1], Maps("total")(maps)[1]])
    # One that is in single precision would lose the small numbers beside the large.
    values = draw(np.random.default_rng(0), *shape)
    values[:1, 0, 0, 0] = 1e6
    exact = values.astype("float64")
    for order in ORDERS:
        of_each, of_all = function(order(values))
        np.testing.assert_allclose(of_each, exact.sum((0, 2, 3)), rtol=2e-7, atol=1e-6)
        np.testing.assert_allclose(of_all, [exact.sum()], rtol=2e-7)


def test_a_sum_of_nan_is_nan():
    maps = T.tensor4("maps")
    function = theano.function([maps], Maps("sums")(maps)[1])
    values = draw(np.random.default_rng(0), 2, 3, 5, 6)
    values[1, 2, 0, 0] = np.nan
    assert np.isnan(function(values)).tolist() == [False, False, True]


def test_nan_passes():
    x = np.full((1, 2, 2, 2), np.nan, "float32")
    assert np.isnan(three_ops()(x, x, np.array([0.1, 0.2], "float32"))[0]).all()


def test_empty_batch():
    x = np.zeros((0, 2, 3, 3), "float32")
    results = three_ops()(x, x, np.ones(2, "float32"))
    assert results[0].shape == x.shape
    assert results[2].tolist() == [0, 0]


def test_shapes_that_do_not_fit_are_told():
    x, function = np.zeros((1, 4, 3, 3), "float32"), three_ops()
    with pytest.raises(ValueError, match="3 slopes for 4 maps"):
        function(x, x, np.ones(3, "float32"))
    with pytest.raises(ValueError, match="shapes that do not fit"):
        function(x, x[:, :, 1:], np.ones(4, "float32"))
