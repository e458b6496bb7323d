import numpy as np
import pytest

from srcnn_theano.backend import T
from srcnn_theano.models import model_class, model_for_pairs
from srcnn_theano.models.shapes import variable_shapes

NAMES = ("fsrcnn-strideless", "half-strideless", "fsrcnn-stride-2")


def correlate(images, filters, bias, pad):
    images = np.pad(images, [(0, 0), (0, 0), pad, pad])
    size = filters.shape[2:]
    patches = np.lib.stride_tricks.sliding_window_view(images, size, axis=(2, 3))
    maps = np.tensordot(patches, filters, ([1, 4, 5], [1, 2, 3]))
    return maps.transpose(0, 3, 1, 2) + bias[:, None, None]


def forward(values, images, activation, skips, stride=1):
    """The network layer by layer in NumPy, in the values that its layers see."""
    n_layers = len([name for name in values if name.endswith(".W")])
    W = values[f"conv{n_layers}.W"]
    if len(W) == 56:  # stamps: a true convolution of inputs with zeros between them
        turned = W.transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
        values = {**values, f"conv{n_layers}.W": turned}
    x, outputs = images.astype("float64"), {}
    for number in range(1, n_layers + 1):
        W, b = values[f"conv{number}.W"], values[f"conv{number}.b"]
        last = number == n_layers
        pad = len(W[0, 0]) - 1 if last else len(W[0, 0]) // 2
        if last and stride > 1:
            apart = np.zeros(x.shape[:2] + tuple(stride * (n - 1) + 1 for n in (8, 8)))
            apart[:, :, ::stride, ::stride] = x
            x = apart
        x = correlate(x, W, b, (pad, pad))
        if not last:
            slope = values[f"prelu{number}.a"] if activation == "prelu" else 0
            x = np.where(x > 0, x, slope * x)
        outputs[number] = x
        if number in skips:
            x = x + outputs[skips[number]]
    return x


def build(name, **options):
    shape = (2, 3, 8, 8)
    return model_class(name)(np.random.RandomState(0), T.tensor4("x"), shape, **options)


@pytest.mark.parametrize(
    "name, options, side, skips",
    [
        ("fsrcnn-strideless", {}, 16, {4: 2, 5: 3, 6: 4}),
        ("fsrcnn-strideless", {"skip": "none", "activation": "relu"}, 16, {}),
        ("half-strideless", {"peak": 255.0}, 17, {}),
        ("fsrcnn-stride-2", {}, 23, {4: 2, 5: 3, 6: 4}),
    ],
)
def test_output_is_that_of_a_loop(name, options, side, skips):
    rng = np.random.RandomState(2)
    model = build(name, **options)
    values = {
        key: rng.normal(0, 1 / np.sqrt(max(np.prod(value.shape[1:]), 4)), value.shape)
        for key, value in model.get_values().items()
    }
    model.set_values(values)
    images = rng.uniform(size=(2, 3, 8, 8)).astype("float32")
    output = model.output.eval({model.input: images})
    assert output.shape == model.output_shape == (2, 3, side, side)
    peak = options.get("peak", 1.0)
    activation = options.get("activation", "prelu")
    stride = 2 if name == "fsrcnn-stride-2" else 1
    expected = forward(values, peak * images, activation, skips, stride) / peak
    np.testing.assert_allclose(output, expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("activation", ["relu", "prelu"])
def test_shapes_are_known_without_the_network(name, activation):
    options = {"activation": activation}
    values = build(name, **options).get_values()
    assert {key: value.shape for key, value in values.items()} == variable_shapes(
        name, options
    )


def test_first_values_are_wide_but_in_the_last_layer():
    values = build("fsrcnn-strideless").get_values()
    assert values["conv1.W"].std() == pytest.approx(0.5, rel=0.05)
    assert values["conv7.W"].std() == pytest.approx(0.5, rel=0.05)
    assert values["conv8.W"].std() == pytest.approx(0.001, rel=0.05)
    assert all(values[f"prelu{i}.a"] == 0.5 for i in range(1, 8))
    stride_two = build("fsrcnn-stride-2").get_values()
    assert stride_two["conv8.W"].std() == pytest.approx(0.5, rel=0.05)
    by_side = build("fsrcnn-strideless", initializer="side").get_values()
    assert by_side["conv7.W"].std() == pytest.approx(np.sqrt(2) / 8, rel=0.05)


@pytest.mark.parametrize("name", NAMES)
def test_a_piece_stands_for_the_middle_of_its_sub_image(name):
    # Low-resolution pixels 2 to 5 of 8 stand for 16x16 pixels, 8 to 23 of 33.
    model = build(name)
    images = np.zeros((2, 3, 8, 8), "float32")
    inside = model.inside.eval({model.input: images})
    side = model.factor * (model.window - 2 * model.halo)
    assert inside.shape == (2, 3, side, side) == (2, 3, 16, 16)


def test_a_network_for_pairs_takes_them_as_they_are():
    pairs = np.zeros((4, 3, 8, 8), "uint8"), np.zeros((4, 3, 33, 33), "uint8")
    model = model_for_pairs("half-strideless", {}, pairs, np.random.RandomState(0))
    assert model.output_shape == (None, 3, 17, 17)
