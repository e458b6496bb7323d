"""Arguments of all deconvolutions: parameters, activations, and what is refused."""

import numpy as np
import pytest

from srcnn_theano.backend import T, compile_function
from srcnn_theano.layers.activations import relu
from srcnn_theano.layers.deconvolution import (
    DeconvLayer,
    FullBorderDeconvLayer,
    ResizeConvLayer,
)

EACH = (DeconvLayer, FullBorderDeconvLayer, ResizeConvLayer)


@pytest.fixture
def rng():
    return np.random.RandomState(7)


def evaluate(layer, images):
    return compile_function([layer.input], layer.output)(images)


# --- Shared by all layers ---


@pytest.mark.parametrize("layer", EACH)
@pytest.mark.parametrize("size", [8, (8.5, 9), (8, True), ("8", "8"), (8, 8, 8)])
def test_an_output_size_is_two_whole_numbers(layer, size):
    with pytest.raises(ValueError) as error:
        layer(None, T.tensor4(), (1, 1, 8, 8), (1, 2, 3, 3), output_size=size, name="d")
    assert str(error.value) == f"d: output_size must be (rows, cols), got {size!r}"


def test_a_stride_is_a_whole_number(rng):
    with pytest.raises(ValueError, match="deconv: stride True is not a number of pix"):
        DeconvLayer(rng, T.tensor4(), (1, 1, 8, 8), (1, 2, 3, 3), stride=True)


@pytest.mark.parametrize("layer", EACH)
def test_activation_is_applied_after_the_bias(layer):
    images = np.float32([[[[1, 2], [3, -4]]]])
    W = np.ones((1, 2, 1, 1))
    made = layer(
        None, T.tensor4("x"), (1, 1, 2, 2), W.shape, W=W, b=[-1.5, 9], activation=relu
    )
    expected = [[np.maximum(images[0, 0] - 1.5, 0), images[0, 0] + 9]]
    np.testing.assert_allclose(evaluate(made, images), expected, atol=1e-6)


@pytest.mark.parametrize("layer", EACH)
def test_filters_are_drawn_copied_or_tied(rng, layer):
    def make(**values):
        return layer(rng, T.tensor4(), (1, 30, 9, 9), (30, 4, 9, 9), **values)

    drawn = make(name="up2")
    assert (drawn.W.name, drawn.b.name) == ("up2.W", "up2.b")
    assert drawn.W.get_value().std() == pytest.approx(1e-3, rel=0.05)
    np.testing.assert_array_equal(drawn.b.get_value(), np.zeros(4))
    array = np.ones((30, 4, 9, 9), "float32")
    copied = make(W=array)
    array[:] = 2
    assert (copied.W.get_value() == 1).all()
    tied = make(W=drawn.W, b=drawn.b)
    assert tied.W is drawn.W and tied.b is drawn.b


@pytest.mark.parametrize("layer", EACH)
def test_roles_of_the_variables(rng, layer):
    made = layer(rng, T.tensor4(), (1, 3, 9, 9), (3, 4, 3, 3))
    assert made.params == (made.W, made.b)
    assert made.weights == (made.W,)
    assert made.state == () and made.updates == ()


@pytest.mark.parametrize("layer", EACH)
def test_constants_are_not_trained(rng, layer):
    W = T.constant(np.ones((3, 4, 3, 3), "float32"))
    made = layer(rng, T.tensor4(), (1, 3, 9, 9), (3, 4, 3, 3), W=W)
    assert made.params == (made.b,) and made.weights == ()


# --- Refusals ---


def refused(*parts, layer=DeconvLayer, input_shape=(2, 3, 8, 8), **settings):
    filter_shape = settings.pop("filter_shape", (3, 1, 9, 9))
    rng = settings.pop("rng", np.random)
    with pytest.raises(ValueError) as error:
        layer(rng, T.tensor4(), input_shape, filter_shape, name="up7", **settings)
    for part in ("up7",) + parts:
        assert part in str(error.value)


@pytest.mark.parametrize("layer", EACH)
def test_maps_that_do_not_fit(layer):
    shapes = dict(input_shape=(2, 56, 8, 8), filter_shape=(3, 56, 9, 9))
    refused("(2, 56, 8, 8)", "(3, 56, 9, 9)", layer=layer, **shapes)


@pytest.mark.parametrize(
    "length",
    [41, 50, 100],  # 37 is all, and 3 zeros can be appended
)
def test_sizes_that_the_stamps_do_not_reach(length):
    parts = "(2, 3, 8, 8)", f"({length}, {length})", "(3, 1, 9, 9)", "stride 4"
    refused(*parts, stride=4, output_size=(length, length))


@pytest.mark.parametrize(
    "settings",
    [
        dict(crop=9),  # begins behind the first stamp
        dict(crop=(9, 0)),
        dict(crop=(-1, 0)),
        dict(crop=(0, -4)),  # more zeros than the stride leaves room for
        dict(crop=((0, 0), (0, -4))),
        dict(crop=(8, 8), input_shape=(2, 3, 1, 1)),  # nothing is left
        dict(crop=8, input_shape=(None, 3, None, 2)),
        dict(crop=4, output_size=(0, 33)),
        dict(crop=4, output_size=(33, -1)),
    ],
)
def test_crops_that_cannot_be(settings):
    refused("crop", "(3, 1, 9, 9)", "stride 4", stride=4, **settings)


@pytest.mark.parametrize("layer", EACH[1:])
@pytest.mark.parametrize("crop", [9, (0, 9), (-1, 0), (0, -1), ((0, 0), (2, 9))])
def test_crops_that_the_full_border_cannot_have(layer, crop):
    refused("crop", "(3, 1, 9, 9)", layer=layer, crop=crop)


@pytest.mark.parametrize("length", [41, 31])
def test_sizes_that_repeated_pixels_do_not_reach(length):
    size = (length, length)  # 8 pixels, 4 times, and 8 around: 40; less by 8 at most
    refused("stride 1", layer=ResizeConvLayer, stride=4, output_size=size)


@pytest.mark.parametrize("layer", EACH)
@pytest.mark.parametrize("stride", [0, -2, 1.5, 2.0])
def test_strides_that_are_none(layer, stride):
    refused(f"stride {stride}", layer=layer, stride=stride)


@pytest.mark.parametrize("layer", EACH)
def test_a_size_can_be_asked_for_only_when_that_of_the_input_is_known(layer):
    shape = (None, 3, None, None)
    refused(
        "(33, 33)", str(shape), layer=layer, input_shape=shape, output_size=(33, 33)
    )


@pytest.mark.parametrize("layer", EACH)
def test_values_of_another_shape_are_refused_by_name(layer):
    for values in ({"W": np.zeros((3, 1, 3, 5))}, {"b": np.zeros(3)}):
        refused("shape", layer=layer, **values)


@pytest.mark.parametrize("layer", EACH)
@pytest.mark.parametrize("crop", ["half", (1, 2, 3), 1.5, ((1, 2), 3)])
def test_crops_that_are_no_pixels(layer, crop):
    refused("crop", "(before, after)", layer=layer, crop=crop)


def test_what_is_allowed_is_told():
    refused("0 to 8 pixels in front", stride=4, crop=9)
    refused("less than the stride, 4, may be appended", stride=4, crop=(0, -4))
    refused("0 to 8 pixels at each end", layer=FullBorderDeconvLayer, crop=9)


@pytest.mark.parametrize("layer", EACH)
def test_names_and_other_shapes_of_filters_are_refused(layer):
    refused("activation 'relu'", "T.tanh", layer=layer, activation="relu")
    refused("rng 0", "RandomState", layer=layer, rng=0)
    refused("(maps in, maps out, rows, cols)", layer=layer, filter_shape=(3, 9, 9))
