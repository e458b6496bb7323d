import numpy as np
import pytest

from srcnn_theano.backend import theano
from srcnn_theano.layers.parameters import shared_parameter


def test_an_array_is_copied_as_floatX_and_named():
    value = np.arange(6.0).reshape(2, 3)
    shared = shared_parameter(value, (2, 3), "conv1.W")
    value[:] = -1
    assert shared.name == "conv1.W"
    assert shared.dtype == theano.config.floatX
    np.testing.assert_array_equal(shared.get_value(), np.arange(6.0).reshape(2, 3))


def test_a_shared_variable_is_tied():
    mine = theano.shared(np.zeros(3, "float32"), name="mine")
    assert shared_parameter(mine, (3,), "conv1.b") is mine


@pytest.mark.parametrize("tied", [False, True])
def test_another_shape_is_refused_with_both_shapes(tied):
    value = np.zeros((2, 3), "float32")
    value = theano.shared(value) if tied else value
    with pytest.raises(ValueError, match=r"conv1.W: .*\(2, 3\).*\(3, 2\)"):
        shared_parameter(value, (3, 2), "conv1.W")
