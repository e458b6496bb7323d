import re

import numpy as np
import pytest

from srcnn_theano.backend import T, theano
from srcnn_theano.layers.initializers import he_normal
from srcnn_theano.layers.layer import Layer


def layer():
    return Layer("conv1", T.tensor4(), (None, 3, None, None))


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


@pytest.mark.parametrize(
    "shape",
    [
        (3, 33, 33),
        (None, 1, 8.5, 8),
        (None, True, 8, 8),
        (None, 1, 8, 8.0),
        (None, "1", 8, 8),
        8,
        None,
        "abcd",
    ],
)
def test_input_shape_must_have_four_whole_numbers(shape):
    message = f"conv7: input_shape must be .* got {re.escape(repr(shape))}"
    with pytest.raises(ValueError, match=message):
        Layer("conv7", T.tensor4(), shape)


def test_input_shape_may_have_numpys_numbers():
    shape = Layer("conv7", T.tensor4(), [None, *np.array([1, 8, 9])]).input_shape
    assert shape == (None, 1, 8, 9) and type(shape[1]) is int


@pytest.mark.parametrize(
    "input, words",
    [
        (T.matrix("m"), "input m is of 2 dimensions"),
        (None, "input None is no symbolic tensor"),
        (T.ftensor4, "input TensorType.* is no symbolic tensor"),
        (np.zeros((1, 3, 33, 33)), "input array of shape .1, 3, 33, 33. is no symb"),
    ],
)
def test_the_input_must_be_a_4_tensor(input, words):
    with pytest.raises(ValueError, match=f"conv7: {words}.*T.tensor4"):
        Layer("conv7", input, (None, 3, 33, 33))


@pytest.mark.parametrize("rng", [0, None, "seed"])
def test_what_is_no_generator_is_refused(rng):
    with pytest.raises(ValueError, match=f"conv1: rng {rng!r} can draw no W"):
        layer().add_param("W", None, he_normal, (4, 3, 2, 2), rng)


def test_a_generator_without_its_brackets_is_refused():
    with pytest.raises(ValueError, match="conv1: rng <class .* can draw no W"):
        layer().add_param("W", None, he_normal, (4, 3, 2, 2), np.random.RandomState)


def test_initializers_that_draw_nothing_need_no_generator():
    W = layer().add_param("W", lambda rng, shape: np.ones(shape), None, (2, 3))
    np.testing.assert_array_equal(W.get_value(), np.ones((2, 3)))


def test_an_initializers_own_mistake_is_not_taken_for_the_generators():
    with pytest.raises(AttributeError, match="nothing"):
        layer().add_param(
            "W", lambda rng, shape: rng.nothing, None, (2, 3), np.random.RandomState(0)
        )


def test_the_name_of_an_initializer_is_refused():
    with pytest.raises(ValueError, match="conv1.W: 'xavir' .* xavier_normal"):
        layer().add_param("W", "xavir", he_normal, (4, 3, 2, 2))
