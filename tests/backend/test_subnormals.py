"""Numbers too small for float32's normal form, inside and outside of functions."""

import ctypes
import platform
import sys

import numpy as np
import pytest

from srcnn_theano.backend import T, compile_function, onednn, theano
from srcnn_theano.inference import build_predictor

pytestmark = pytest.mark.skipif(
    not (sys.platform == "linux" and platform.machine() == "x86_64"),
    reason="only x86-64 Linux has it",
)

TINY = np.float32(1e-40)


def tiny_is_kept():
    """Whether NumPy here and now has subnormal numbers."""
    return (np.full(9, TINY) * np.float32(1)).all() and TINY * np.float32(0.5) > 0


def unchanged(function):
    """The function without the mend."""
    call = type(function).__call__.__wrapped__
    return lambda *arguments: call(function, *arguments)


@pytest.fixture(scope="module")
def doubled():
    x = T.fvector("x")
    return compile_function([x], x * 2)


def test_subnormal_numbers_are_0_inside_and_stay_outside(doubled):
    numbers = np.array([TINY, -TINY, 1e-30, 1], "float32")
    assert doubled(numbers).tolist() == [0, 0, np.float32(2e-30), 2]
    assert tiny_is_kept()
    assert unchanged(doubled)(numbers)[0] == 2 * TINY
    assert tiny_is_kept()


def test_the_flag_goes_where_a_call_fails(doubled):
    with pytest.raises(ValueError, match="no vector"):
        doubled("no vector")
    assert tiny_is_kept()
    x = T.fmatrix("x")
    product = theano.function([x], T.dot(x, x))
    with pytest.raises(ValueError):
        product(np.ones((2, 3), "float32"))
    assert tiny_is_kept()


@pytest.fixture
def set_threads():
    """A function that gives oneDNN's OpenMP some threads, whatever the machine has."""
    openmp = ctypes.CDLL("libgomp.so.1")
    before = openmp.omp_get_max_threads()
    yield openmp.omp_set_num_threads
    openmp.omp_set_num_threads(before)


@pytest.mark.skipif(not onednn.available(), reason="no oneDNN here")
def test_all_threads_of_a_convolution_take_them_for_0(set_threads):
    """Also those of OpenMP, which are there before, and those that begin meanwhile."""
    images, filters = T.tensor4("images"), T.tensor4("filters")
    maps = T.nnet.conv2d(images, filters)
    function = compile_function([images, filters], [maps, T.grad(maps.sum(), images)])
    ones, tiny = np.ones((16, 8, 32, 32), "float32"), np.full((8, 8, 3, 3), TINY)
    for n_threads in (2, 4, 8):
        set_threads(n_threads)
        for result in function(ones, tiny):
            assert not result.any()
        assert tiny_is_kept()
        for result in unchanged(function)(ones, tiny):
            assert result.all()


def test_a_network_with_subnormal_weights_gives_what_it_gave(passing_on):
    weights = passing_on(3)
    rng = np.random.RandomState(0)
    values = {
        name: np.where(value == 0, TINY * rng.uniform(-99, 99, value.shape), value)
        for name, value in weights.values.items()
    }
    subnormal = build_predictor(
        weights._replace(values={k: np.float32(v) for k, v in values.items()})
    )
    x = rng.rand(1, 3, 40, 40).astype("float32")
    with_them = unchanged(subnormal._predict)(x)
    np.testing.assert_allclose(subnormal(x), with_them, rtol=0, atol=1e-6)
    np.testing.assert_array_equal(subnormal(x), build_predictor(weights)(x))
    assert tiny_is_kept()
