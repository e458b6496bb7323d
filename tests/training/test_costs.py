import numpy as np
import pytest

from srcnn_theano.backend import T
from srcnn_theano.models.srcnn import SRCNN
from srcnn_theano.models.vgg16 import arranged
from srcnn_theano.training.costs import (
    COSTS,
    mse,
    mse_per_channel,
    sse,
    training_cost,
    vgg_loss,
)
from srcnn_theano.training.settings import Training
from srcnn_theano.vgg16_weights import VGG16Weights


@pytest.fixture(scope="module")
def pair():
    rng = np.random.RandomState(0)
    output = rng.uniform(size=(4, 3, 5, 6)).astype("float32")
    # Channels with errors of very different size.
    target = output + rng.normal(size=output.shape) * [[[[0.1]], [[1]], [[5]]]]
    return output, target.astype("float32")


def value(cost, pair):
    a, b = T.tensor4("a"), T.tensor4("b")
    return float(cost(a, b).eval({a: pair[0], b: pair[1]}))


def test_mse_averages_over_everything(pair):
    expected = np.mean(np.square(pair[0] - pair[1], dtype="float64"))
    assert value(mse, pair) == pytest.approx(expected, rel=1e-5)


def test_mse_per_channel_adds_the_channels_up(pair):
    squares = np.square(pair[0] - pair[1], dtype="float64")
    expected = sum(squares[:, channel].mean() for channel in range(3))
    assert value(mse_per_channel, pair) == pytest.approx(expected, rel=1e-5)


def test_per_channel_is_as_many_times_the_mse_as_there_are_channels(pair):
    together = value(mse, pair)
    assert value(mse_per_channel, pair) == pytest.approx(3 * together, rel=1e-5)


def test_sse_is_a_sum_over_each_sub_image(pair):
    squares = np.square(pair[0] - pair[1], dtype="float64")
    assert value(sse, pair) == pytest.approx(squares.sum() / 4, rel=1e-5)


def test_costs_of_a_known_offset():
    zeros = np.zeros((2, 3, 4, 4), "float32")
    offset = zeros + np.float32(1 / 255)
    assert value(mse, (zeros, offset)) == pytest.approx(255**-2, rel=1e-6)
    # 48.1308 dB.
    decibels = -10 * np.log10(value(mse, (zeros, offset)))
    assert decibels == pytest.approx(48.1308, abs=1e-4)


def test_costs_by_name():
    assert COSTS == {"mse": mse, "mse_per_channel": mse_per_channel, "sse": sse}


def test_l2_norm_is_added_on_one_line():
    x, y = T.tensor4("x"), T.tensor4("y")
    model = SRCNN(
        np.random.RandomState(0),
        x,
        (1, 1, 9, 9),
        channels=1,
        n_filters=(2, 2),
        filter_sizes=(3, 1, 3),
    )
    L2_reg = 1e-4
    cost = mse(model.output, y) + L2_reg * model.L2_sqr
    zeros = {x: np.zeros((1, 1, 9, 9), "f"), y: np.zeros((1, 1, 5, 5), "f")}
    # No input and no bias: the output is the target, and the norm alone is left.
    squares = sum(np.sum(W.get_value() ** 2) for W in model.weights)
    assert float(cost.eval(zeros)) == pytest.approx(L2_reg * squares, rel=1e-5)


@pytest.mark.parametrize("preprocessing", ["unit", "caffe"])
def test_vgg_loss_is_the_mean_square_over_maps_and_pixels(
    small_vgg16, relu2_2, pair, preprocessing
):
    shapes = (pair[0].shape,) * 2

    def cost(output, target):
        return vgg_loss(output, target, shapes, small_vgg16, preprocessing)

    def features(images):
        if preprocessing == "caffe":
            mean = np.reshape([103.939, 116.779, 123.68], (3, 1, 1))
            images = images[:, ::-1] * 255.0 - mean
        return relu2_2(small_vgg16, images)

    output, target = map(features, pair)
    assert output.shape == (4, 6, 2, 3)
    expected = np.mean((output - target) ** 2)
    assert value(cost, pair) == pytest.approx(expected, rel=1e-4)


def test_vgg_loss_of_equal_images_is_zero(small_vgg16, pair):
    shapes = (pair[0].shape,) * 2

    def cost(output, target):
        return vgg_loss(output, target, shapes, small_vgg16, "unit")

    assert value(cost, (pair[0], pair[0])) == 0


def test_a_model_of_levels_is_trained_on_levels(pair):
    network = {"channels": 3, "n_filters": (2, 2), "filter_sizes": (3, 1, 3)}
    costs = []
    for peak in (1.0, 255.0):
        x, y = T.tensor4("x"), T.tensor4("y")
        shape = (4, 3, 5, 6)
        model = SRCNN(np.random.RandomState(0), x, shape, peak=peak, **network)
        values = {name: value * 0 for name, value in model.get_values().items()}
        model.set_values({**values, "conv3.b": values["conv3.b"] + np.float32(peak)})
        cost = training_cost(Training(), model, y, None)
        inputs = {x: pair[0], y: pair[1][:, :, 2:-2, 2:-2]}
        costs.append(float(cost.eval(inputs)))
    assert costs[1] == pytest.approx(255**2 * costs[0], rel=1e-5)


@pytest.mark.parametrize("pixel_weight", [0.0, 1.0])
def test_the_programs_cost_adds_sums_over_levels_and_scrambled_features(
    small_vgg16, relu2_2, pixel_weight
):
    rng = np.random.RandomState(0)
    vgg = VGG16Weights(small_vgg16, "caffe", "", "")
    x, y, whole = (T.tensor4(name) for name in ("x", "y", "whole"))
    options = {"n_filters": (2, 2), "filter_sizes": (3, 1, 3), "peak": 255.0}
    model = SRCNN(rng, x, (2, 3, 11, 11), **options)
    training = Training(
        cost="sse",
        pixel_weight=pixel_weight,
        vgg_weight=1.0,
        vgg_input="levels",
        vgg_layout="reshaped",
        vgg_target="whole",
    )
    seen = whole, (2, 3, 11, 11)
    cost = training_cost(training, model, y, vgg, seen)
    images, targets = rng.uniform(size=(2, 2, 3, 11, 11)).astype("float32")
    target = targets[:, :, 2:-2, 2:-2]
    result = float(cost.eval({x: images, y: target, whole: targets}))

    output = model.output.eval({x: images})
    values = arranged(vgg, "reshaped")
    # 5x5 maps of 11x11 pixels; 3x3 of 7x7.
    wanted = relu2_2(values, 255.0 * targets)[:, :, 1:4, 1:4]
    expected = np.sum((relu2_2(values, 255.0 * output) - wanted) ** 2) / 2
    expected += pixel_weight * np.sum((255.0 * (output - target)) ** 2) / 2
    assert result == pytest.approx(expected, rel=1e-3)
