import numpy as np
import pytest

from srcnn_theano.backend import T, theano
from srcnn_theano.layers.activations import relu


@pytest.fixture(scope="module")
def values_and_gradient():
    x = T.vector("x")
    y = relu(x)
    compiled = theano.function([x], [y, theano.grad(T.sum(3 * y), x)])
    return compiled(np.float32([-2, -0.0, 0, 1e-30, 5, np.inf, np.nan]))


def test_relu_is_the_positive_part(values_and_gradient):
    expected = np.float32([0, 0, 0, 1e-30, 5, np.inf, np.nan])
    np.testing.assert_array_equal(values_and_gradient[0], expected)


def test_gradient_of_relu_is_zero_at_zero(values_and_gradient):
    np.testing.assert_array_equal(values_and_gradient[1][:6], [0, 0, 0, 3, 3, 3])
