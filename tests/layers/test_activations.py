import numpy as np
import pytest

from srcnn_theano.backend import T, compile_function, theano
from srcnn_theano.layers.activations import PReLULayer, relu


@pytest.fixture(scope="module")
def values_and_gradient():
    x = T.vector("x")
    y = relu(x)
    compiled = compile_function([x], [y, theano.grad(T.sum(3 * y), x)])
    return compiled(np.float32([-2, -0.0, 0, 1e-30, 5, np.inf, np.nan]))


def test_relu_is_the_positive_part(values_and_gradient):
    expected = np.float32([0, 0, 0, 1e-30, 5, np.inf, np.nan])
    np.testing.assert_array_equal(values_and_gradient[0], expected)


def test_gradient_of_relu_is_zero_at_zero(values_and_gradient):
    np.testing.assert_array_equal(values_and_gradient[1][:6], [0, 0, 0, 3, 3, 3])


# --- PReLU ---

SLOPES = [0.25, -0.5, 1.75, 0.0]  # falling, steeper than above zero, and ReLU's


def prelu(images, a):
    """x where x > 0, else a * x; `a` of one slope or of one for each map."""
    slopes = np.reshape(a, (-1, 1, 1))
    return np.maximum(images, 0) + slopes * np.minimum(images, 0)


@pytest.fixture
def images():
    images = np.random.RandomState(4).normal(size=(3, 4, 5, 6)).astype("float32")
    images[0, :, 0, 0] = 0
    return images


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize(
    "slopes, a", [("map", SLOPES)] + [("layer", [s]) for s in SLOPES]
)
def test_prelu_bends_each_map_by_its_slope(images, slopes, a, known):
    shape = images.shape if known else (None, 4, None, None)
    layer = PReLULayer(T.tensor4("x"), shape, slopes=slopes, a=a)
    result = layer.output.eval({layer.input: images})
    assert result.dtype == np.float32 and layer.output_shape == shape
    np.testing.assert_allclose(result, prelu(images, a), rtol=1e-6)


@pytest.mark.parametrize("slopes, a", [("map", SLOPES), ("layer", [-0.5])])
def test_gradients_of_prelu_follow_its_equation(images, slopes, a):
    """In its slope: the sum of gradient * x where x <= 0."""
    upstream = np.random.RandomState(5).normal(size=images.shape).astype("float32")
    layer = PReLULayer(T.tensor4("x"), images.shape, slopes=slopes, a=a)
    g = T.tensor4("g")
    gradients = theano.grad(T.sum(g * layer.output), [layer.input, layer.a])
    in_x, in_a = compile_function([layer.input, g], gradients)(images, upstream)

    axes = (0, 2, 3) if slopes == "map" else (0, 1, 2, 3)
    expected = np.sum(upstream * np.minimum(images, 0), axis=axes).reshape(-1)
    np.testing.assert_allclose(in_a, expected, rtol=1e-4)
    bent = np.where(images > 0, 1, np.reshape(a, (-1, 1, 1)))
    np.testing.assert_allclose(in_x, upstream * bent, rtol=1e-6)


@pytest.mark.parametrize("slopes, a", [("map", SLOPES), ("layer", [1.75])])
def test_gradients_of_prelu_by_finite_differences(
    images, verify_layer_gradient, slopes, a
):
    # Away from the bend, where there is a derivative.
    points = np.where(np.abs(images) < 0.01, 0.5, images).astype("float64")
    verify_layer_gradient(
        lambda x: PReLULayer(x, points.shape, slopes=slopes, a=a), points
    )


def test_prelu_lets_nan_through():
    x = np.float32([[[[np.nan, -np.inf, np.inf]]]])
    layer = PReLULayer(T.tensor4("x"), x.shape)
    result = layer.output.eval({layer.input: x})
    np.testing.assert_array_equal(result, [[[[np.nan, -np.inf, np.inf]]]])


@pytest.mark.parametrize("slopes, n", [("map", 56), ("layer", 1)])
def test_the_first_slope_is_a_quarter(slopes, n):
    layer = PReLULayer(T.tensor4(), (None, 56, None, None), slopes, name="prelu3")
    assert layer.a.name == "prelu3.a"
    np.testing.assert_array_equal(layer.a.get_value(), np.full(n, 0.25, "float32"))


def test_slopes_are_learned_but_not_charged_by_the_l2_norm():
    layer = PReLULayer(T.tensor4(), (1, 3, 4, 4))
    assert layer.params == (layer.a,)
    assert layer.weights == layer.state == layer.updates == ()


def test_slopes_are_copied_or_tied():
    array = np.ones(3, "float32")
    copied = PReLULayer(T.tensor4(), (1, 3, 4, 4), a=array)
    array[:] = 2
    assert (copied.a.get_value() == 1).all()
    assert PReLULayer(T.tensor4(), (1, 3, 4, 4), a=copied.a).a is copied.a


@pytest.mark.parametrize(
    "settings, parts",
    [
        (dict(slopes="channel"), ["'map' or 'layer'", "'channel'"]),
        (dict(input_shape=(2, None, 4, 4)), ["(2, None, 4, 4)"]),
        (dict(input_shape=(2, None, 4, 4), slopes="layer"), ["(2, None, 4, 4)"]),
        (dict(a=[0.1, 0.2]), ["(2,)", "(3,)"]),
        (dict(a=[0.1, 0.2, 0.3], slopes="layer"), ["(3,)", "(1,)"]),
    ],
)
def test_prelu_refuses_by_name(settings, parts):
    settings = dict(dict(input_shape=(2, 3, 4, 4)), **settings)
    with pytest.raises(ValueError) as error:
        PReLULayer(T.tensor4(), name="prelu5", **settings)
    for part in ["prelu5"] + parts:
        assert part in str(error.value)
