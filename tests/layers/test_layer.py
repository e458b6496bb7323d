import numpy as np
import pytest

from srcnn_theano.backend import T, theano
from srcnn_theano.layers.initializers import he_normal
from srcnn_theano.layers.layer import Layer


def layer():
    return Layer("conv1", None, (None, 3, None, None))


def test_an_array_is_copied_as_floatX_and_named():
    value = np.arange(6.0).reshape(2, 3)
    shared = layer().add_param("W", value, None, (2, 3))
    value[:] = -1
    assert shared.name == "conv1.W"
    assert shared.dtype == theano.config.floatX
    np.testing.assert_array_equal(shared.get_value(), np.arange(6.0).reshape(2, 3))


def test_a_shared_variable_is_tied():
    mine = theano.shared(np.zeros(3, "float32"), name="mine")
    assert layer().add_param("b", mine, 0.0, (3,)) is mine


@pytest.mark.parametrize("tied", [False, True])
def test_another_shape_is_refused_with_both_shapes(tied):
    value = np.zeros((2, 3), "float32")
    value = theano.shared(value) if tied else value
    with pytest.raises(ValueError, match=r"conv1.W: .*\(2, 3\).*\(3, 2\)"):
        layer().add_param("W", value, None, (3, 2))


def test_parameters_are_kept_by_their_roles():
    conv = layer()
    rng = np.random.RandomState(1)
    W = conv.add_param("W", None, he_normal, (4, 3, 2, 2), rng, charged=True)
    b = conv.add_param("b", None, 0.5, (4,))
    mean = conv.add_param("mean", None, 0.0, (4,), trained=False)
    fixed = conv.add_param("fixed", T.constant(np.ones(4, "float32")), 0.0, (4,))
    assert isinstance(fixed, T.TensorConstant)
    assert conv.params == (W, b) and conv.weights == (W,) and conv.state == (mean,)
    assert [v.name for v in (W, b, mean)] == ["conv1.W", "conv1.b", "conv1.mean"]
    drawn = he_normal(np.random.RandomState(1), (4, 3, 2, 2)).astype("float32")
    np.testing.assert_array_equal(W.get_value(), drawn)
    np.testing.assert_array_equal(b.get_value(), np.full(4, 0.5))


def test_input_shape_must_have_four_entries():
    with pytest.raises(ValueError, match=r"conv7: .*\(3, 33, 33\)"):
        Layer("conv7", None, (3, 33, 33))
