import numpy as np
import pytest

from srcnn_theano.models import model_for_pairs
from srcnn_theano.training.functions import feature_error_function, prediction_function

N, BATCH_SIZE, L2_REG = 18, 4, 1e-3
MOMENTUM, EPSILON = 0.9, 1e-5


def forward(values, images, training):
    """The miniature network in NumPy; also the statistics of each batch norm."""
    x, statistics = images.astype("float64"), {}
    for i in (1, 2, 3):
        W = values[f"conv{i}.W"].astype("float64")
        windows = np.lib.stride_tricks.sliding_window_view(x, W.shape[2:], (2, 3))
        x = np.einsum("nchwij,kcij->nkhw", windows, W)
        x += values[f"conv{i}.b"][:, None, None]
        if i < 3:
            bn = f"bn{i}."
            statistics[bn + "mean"] = x.mean(axis=(0, 2, 3))
            statistics[bn + "var"] = x.var(axis=(0, 2, 3))
            used = statistics if training else values
            mean, var = used[bn + "mean"], used[bn + "var"]
            scale = values[bn + "gamma"] / np.sqrt(var + EPSILON)
            x = (x - mean[:, None, None]) * scale[:, None, None]
            x = np.maximum(x + values[bn + "beta"][:, None, None], 0)
    return x, statistics


def mean_squares(output, target):
    return np.mean((output - target / 255.0) ** 2, axis=(1, 2, 3))


def test_first_step_of_training(tiny):
    values = tiny.model.get_values()
    rows = [9, 4, 0, 13]
    order = rows + [i for i in range(N) if i not in rows]
    tiny.pairs.order.set_value(np.array(order, "int32"))

    cost, error = tiny.step(0)

    output, statistics = forward(values, tiny.low_res[rows] / 255.0, training=True)
    expected = mean_squares(output, tiny.high_res[rows]).mean()
    squares = sum((values[f"conv{i}.W"] ** 2).sum() for i in (1, 2, 3))
    assert float(error) == pytest.approx(expected, rel=1e-4)
    assert float(cost) == pytest.approx(expected + L2_REG * squares, rel=1e-4)
    # The running averages moved, and every parameter did.
    moved = tiny.model.get_values()
    for name, value in statistics.items():
        average = MOMENTUM * values[name] + (1 - MOMENTUM) * value
        np.testing.assert_allclose(moved[name], average, rtol=1e-4, atol=1e-6)
    for param in tiny.model.params:
        assert (moved[param.name] != values[param.name]).any()


def test_training_reduces_the_cost(tiny):
    costs = [
        float(np.mean([tiny.step(index)[0] for index in range(4)])) for _ in range(60)
    ]
    assert costs[-1] < 0.25 * costs[0]


def test_validation_is_the_error_of_each_clipped_sub_image(tiny):
    values = tiny.model.get_values()
    values["bn1.mean"] += 0.2
    values["bn2.var"] += 1
    values["conv3.b"] -= 0.1
    tiny.model.set_values(values)
    output, _ = forward(values, tiny.low_res / 255.0, training=False)
    assert output.min() < 0 and output.max() > 1  # the clip is needed
    expected = mean_squares(np.clip(output, 0, 1), tiny.high_res)

    errors = tiny.errors(tiny.low_res, tiny.high_res)

    np.testing.assert_allclose(errors, expected, rtol=1e-4)
    alone = tiny.errors(tiny.low_res[7:8], tiny.high_res[7:8])
    np.testing.assert_allclose(alone, expected[7:8], rtol=1e-4)
    for name, value in tiny.model.get_values().items():
        np.testing.assert_array_equal(value, values[name])


def test_prediction_is_not_clipped(tiny):
    predict = prediction_function(tiny.model)
    images = tiny.low_res[:3].astype("float32") / np.float32(255)
    expected, _ = forward(tiny.model.get_values(), images, training=False)
    assert expected.min() < 0
    np.testing.assert_allclose(predict(images), expected, rtol=1e-4, atol=1e-5)


def test_feature_errors_are_of_each_clipped_sub_image(small_vgg16, relu2_2, passing_on):
    rng = np.random.RandomState(3)
    low_res = np.uint8(rng.randint(0, 256, (4, 3, 12, 13)))
    high_res = np.uint8(rng.randint(0, 256, (4, 3, 6, 7)))
    weights = passing_on(3, gain=1.5)
    model = model_for_pairs("srcnn", weights.options, (low_res, high_res), rng)
    model.set_values(weights.values)

    errors = feature_error_function(model, small_vgg16, "unit")(low_res, high_res)

    output = 1.5 * low_res[:, :, 3:-3, 3:-3] / 255.0
    assert output.max() > 1.3  # the clip is needed
    features, wanted = (
        relu2_2(small_vgg16, images)
        for images in (np.clip(output, 0, 1), high_res / 255.0)
    )
    expected = np.mean((features - wanted) ** 2, axis=(1, 2, 3))
    assert errors.shape == (4,)
    np.testing.assert_allclose(errors, expected, rtol=1e-4)
