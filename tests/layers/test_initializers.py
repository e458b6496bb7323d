import numpy as np
import pytest

from srcnn_theano.backend import T
from srcnn_theano.layers.initializers import (
    INITIALIZERS,
    fans,
    filters_for,
    he_normal,
    narrow_normal,
    xavier_normal,
)
from srcnn_theano.models.srcnn import SRCNN

SHAPE = (64, 3, 9, 9)


def test_fans_count_the_connections_of_a_unit():
    assert fans(SHAPE) == (3 * 81, 64 * 81)


@pytest.mark.parametrize(
    "initializer, variance",
    [
        (he_normal, 2 / (3 * 81)),
        (xavier_normal, 2 / (3 * 81 + 64 * 81)),
        (narrow_normal, 1e-6),
    ],
)
def test_draws_are_normal_with_the_variance_of_the_paper(initializer, variance):
    values = initializer(np.random.RandomState(3), SHAPE) / np.sqrt(variance)
    assert values.shape == SHAPE
    n = values.size
    # Four standard errors of the mean, the variance and the share within one sigma.
    assert abs(values.mean()) < 4 / np.sqrt(n)
    assert abs(values.var() - 1) < 4 * np.sqrt(2 / n)
    assert abs(np.mean(np.abs(values) < 1) - 0.6827) < 4 * np.sqrt(0.6827 * 0.3173 / n)


def test_he_keeps_the_size_of_a_signal_through_a_relu():
    rng = np.random.RandomState(0)
    signal = np.maximum(rng.normal(size=(2000, 3 * 81)), 0)
    filters = he_normal(rng, SHAPE).reshape(64, -1)
    rectified = np.maximum(signal.dot(filters.T), 0)
    assert np.mean(rectified**2) == pytest.approx(np.mean(signal**2), rel=0.1)


@pytest.mark.parametrize("name", sorted(INITIALIZERS))
def test_the_same_seed_draws_the_same(name):
    draws = [INITIALIZERS[name](np.random.RandomState(5), SHAPE) for _ in range(2)]
    np.testing.assert_array_equal(*draws)


def test_side_is_that_of_the_input_map():
    values = filters_for("side", (20, 64, 25, 21))(np.random.RandomState(3), SHAPE)
    # Relative standard error of a standard deviation: 1 / sqrt(2 n).
    assert abs(values.std() / (np.sqrt(2) / 25) - 1) < 4 / np.sqrt(2 * values.size)
    assert not filters_for("side", (20, 64, None, None))(
        np.random.RandomState(3), SHAPE
    ).any()
    assert filters_for("he", (20, 64, 25, 21)) is he_normal


def test_the_start_of_the_programs_file_with_vgg16():
    values = filters_for("hundredth", (20, 3, 33, 33))(np.random.RandomState(3), SHAPE)
    assert abs(values.std() / 0.01 - 1) < 4 / np.sqrt(2 * values.size)
    network = SRCNN(
        np.random.RandomState(0), T.tensor4(), (2, 3, 33, 33), initializer="hundredth"
    )
    for layer in network.layers:
        np.testing.assert_array_equal(layer.b.get_value(), 1)
