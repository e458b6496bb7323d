import itertools

import numpy as np
import pytest
from scipy.signal import correlate

from srcnn_theano.backend import T
from srcnn_theano.layers.activations import PReLULayer, relu
from srcnn_theano.layers.convolution import ConvLayer
from srcnn_theano.layers.deconvolution import DeconvLayer
from srcnn_theano.layers.initializers import he_normal, narrow_normal

BATCH, N_IN, N_OUT, ROWS, COLS = 2, 3, 4, 9, 11


def convolution_oracle(images, filters, bias, pad):
    """Sum over the input maps of zero-padded correlations, plus a bias per map."""
    padded = np.pad(images, [(0, 0), (0, 0), (pad[0],) * 2, (pad[1],) * 2])
    return np.array(
        [
            [
                b + sum(correlate(m, w, mode="valid") for m, w in zip(image, bank))
                for bank, b in zip(filters, bias)
            ]
            for image in padded
        ]
    )


def padding(border, kernel):
    if border == "valid":
        return (0, 0)
    if border == "half":
        return tuple(k // 2 for k in kernel)
    if border == "full":
        return tuple(k - 1 for k in kernel)
    return (border, border)


@pytest.fixture
def rng():
    return np.random.RandomState(7)


@pytest.mark.parametrize(
    "kernel, border, known",
    list(
        itertools.product(
            [(1, 1), (3, 3), (5, 5), (9, 9), (2, 3)],
            ["valid", "half", "full", 2],
            [True, False],
        )
    ),
)
def test_output_equals_correlation(rng, kernel, border, known):
    images = rng.uniform(size=(BATCH, N_IN, ROWS, COLS)).astype("float32")
    W = rng.normal(size=(N_OUT, N_IN) + kernel).astype("float32")
    b = rng.normal(size=N_OUT).astype("float32")
    x = T.tensor4("x")
    shape = images.shape if known else (None, N_IN, None, None)
    layer = ConvLayer(None, x, shape, W.shape, W=W, b=b, border_mode=border)

    result = layer.output.eval({x: images})

    assert result.dtype == np.float32
    expected = convolution_oracle(images, W, b, padding(border, kernel))
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)
    if known:
        assert layer.output_shape == result.shape
    else:
        assert layer.output_shape == (None, N_OUT, None, None)


def test_only_unknown_lengths_are_unknown_in_the_output_shape(rng):
    layer = ConvLayer(rng, T.tensor4(), (None, 3, 33, None), (8, 3, 9, 9))
    assert layer.output_shape == (None, 8, 25, None)


def test_activation_is_applied_after_the_bias(rng):
    images = rng.uniform(size=(1, 1, 4, 4)).astype("float32")
    x = T.tensor4("x")
    W = np.ones((2, 1, 1, 1))
    layer = ConvLayer(
        None, x, (1, 1, 4, 4), W.shape, W=W, b=[-0.5, -2], activation=relu
    )
    expected = np.stack([np.maximum(images[:, 0] - 0.5, 0), 0 * images[:, 0]], axis=1)
    np.testing.assert_allclose(layer.output.eval({x: images}), expected, atol=1e-7)


@pytest.mark.parametrize(
    "input_shape, filter_shape, border",
    [
        ((2, 3, 33, 33), (64, 1, 9, 9), "valid"),
        ((2, 3, 8, 33), (64, 3, 9, 9), "valid"),
        ((None, 3, None, 8), (64, 3, 9, 9), "valid"),
        ((2, 3, 4, 4), (64, 3, 9, 9), 2),
    ],
)
def test_shapes_that_do_not_fit_are_refused_by_name(
    rng, input_shape, filter_shape, border
):
    with pytest.raises(ValueError) as error:
        ConvLayer(
            rng, T.tensor4(), input_shape, filter_shape, border_mode=border, name="c5"
        )
    for part in ("c5", str(input_shape), str(filter_shape), repr(border)):
        assert part in str(error.value)


def test_values_of_another_shape_are_refused_by_name(rng):
    for values in ({"W": np.zeros((4, 3, 3, 5))}, {"b": np.zeros(3)}):
        with pytest.raises(ValueError, match="c5.[Wb]: shape"):
            ConvLayer(rng, T.tensor4(), (1, 3, 9, 9), (4, 3, 3, 3), name="c5", **values)


def test_filters_are_drawn_copied_or_tied(rng):
    def layer(**values):
        return ConvLayer(rng, T.tensor4(), (1, 3, 9, 9), (4, 3, 3, 3), **values)

    drawn = layer(name="conv2")
    assert (drawn.W.name, drawn.b.name) == ("conv2.W", "conv2.b")
    assert drawn.W.get_value().std() == pytest.approx(np.sqrt(2 / 27), rel=0.3)
    np.testing.assert_array_equal(drawn.b.get_value(), np.zeros(4))
    assert layer(W=narrow_normal).W.get_value().std() == pytest.approx(1e-3, rel=0.3)

    array = np.ones((4, 3, 3, 3), "float32")
    copied = layer(W=array)
    array[:] = 2
    assert (copied.W.get_value() == 1).all()

    tied = layer(W=drawn.W, b=drawn.b)
    assert tied.W is drawn.W and tied.b is drawn.b


def test_filters_come_from_the_generator_that_is_passed():
    layer = ConvLayer(
        np.random.RandomState(11), T.tensor4(), (1, 3, 9, 9), (4, 3, 3, 3)
    )
    expected = he_normal(np.random.RandomState(11), (4, 3, 3, 3)).astype("float32")
    np.testing.assert_array_equal(layer.W.get_value(), expected)


def test_roles_of_the_variables(rng):
    layer = ConvLayer(rng, T.tensor4(), (1, 3, 9, 9), (4, 3, 3, 3))
    assert layer.params == (layer.W, layer.b)
    assert layer.weights == (layer.W,)
    assert layer.state == () and layer.updates == ()


@pytest.mark.parametrize("border", ["valid", "half"])
def test_gradients(rng, verify_layer_gradient, border):
    verify_layer_gradient(
        lambda x: ConvLayer(
            np.random.RandomState(1),
            x,
            (2, 2, 5, 4),
            (3, 2, 3, 3),
            b=[0.1, -0.2, 0.3],
            border_mode=border,
        ),
        rng.normal(size=(2, 2, 5, 4)),
    )


@pytest.mark.parametrize(
    "shape",
    [(4, 1, 0, 3), (4, 1, -3, 3), (4, 1, 3.0, 3), ("4", 1, 3, 3), (0, 1, 3, 3), 4],
)
@pytest.mark.parametrize("kind", [ConvLayer, DeconvLayer])
def test_filters_have_whole_lengths(rng, kind, shape):
    with pytest.raises(ValueError) as error:
        kind(rng, T.tensor4(), (None, 1, 8, 8), shape, name="layer5")
    assert str(error.value).startswith("layer5: filter_shape must be (maps ")
    assert str(error.value).endswith(f"got {shape!r}")


@pytest.mark.parametrize("side", [None, 8])
def test_a_border_may_be_numpys_number(rng, side):
    images = rng.normal(size=(1, 1, 8, 8)).astype("float32")
    x = T.tensor4()
    W = rng.normal(size=(2, 1, 3, 3))
    outputs = [
        ConvLayer(None, x, (None, 1, side, side), W.shape, W, border_mode=border)
        for border in (2, np.int64(2))
    ]
    two, numpys = (layer.output.eval({x: images}) for layer in outputs)
    np.testing.assert_array_equal(two, numpys)
    assert type(outputs[1].border_mode) is int


def test_what_is_no_argument_is_refused_by_the_layers_name():
    for words, changed in {
        "border_mode True.*half": dict(border_mode=True),
        "activation <class .*T.tanh": dict(activation=PReLULayer),
        "what activation .* returns, None is no symb": dict(activation=lambda x: None),
        "what activation .* returns, .* is of 0 dimensions": dict(activation=T.sum),
        "rng <class .*RandomState": dict(rng=np.random.RandomState),
        "border_mode 'same'.*half": dict(border_mode="same"),
        "activation 'relu'.*T.tanh": dict(activation="relu"),
        "rng 0.*RandomState": dict(rng=0),
        "filter_shape.*maps out, maps in.*9, 9": dict(filter_shape=(9, 9)),
    }.items():
        arguments = dict(
            rng=np.random.RandomState(0),
            input=T.tensor4(),
            input_shape=(None, 1, None, None),
            filter_shape=(4, 1, 3, 3),
        )
        with pytest.raises(ValueError, match=f"conv5: {words}"):
            ConvLayer(**{**arguments, **changed}, name="conv5")
