"""The optimisers of the report's program against loops in NumPy."""

import numpy as np
import pytest

from srcnn_theano.backend import T, theano
from srcnn_theano.training.updates import UPDATES, rmsprop_clipped

RATE = 0.01
START = {"conv1.W": np.array([[1.5, -2.0], [0.1, 0.7]]), "conv2.b": np.array([3.0, -1])}
CURVATURE = {"conv1.W": np.array([[0.2, 3.0], [1.0, 0.0]]), "conv2.b": np.array([9, 5])}


def gradients(values):
    """Of ``sum(curvature * value^2 / 2)``: some within [-1, 1], some far outside."""
    return {name: CURVATURE[name] * value for name, value in values.items()}


def adam_loop(n_steps, late):
    values = {name: value.copy() for name, value in START.items()}
    m = {name: 0 * value for name, value in START.items()}
    v = {name: 0 * value for name, value in START.items()}
    for _ in range(n_steps):
        for name, g in gradients(values).items():
            before = m[name], v[name]
            m[name] = 0.9 * m[name] + 0.1 * g
            v[name] = 0.999 * v[name] + 0.001 * g**2
            used_m, used_v = before if late else (m[name], v[name])
            values[name] = values[name] - RATE * used_m / (np.sqrt(used_v) + 1e-8)
    return values


def rmsprop_loop(n_steps, rho, clip, step):
    values = {name: value.copy() for name, value in START.items()}
    square = {name: 0 * value for name, value in START.items()}
    for _ in range(n_steps):
        for name, g in gradients(values).items():
            g = np.clip(g, -1, 1) if clip else g
            square[name] = rho * square[name] + (1 - rho) * g**2
            values[name] = values[name] - RATE * step(g, square[name])
    return values


def last_bias_loop(n_steps):
    values = {name: value.copy() for name, value in START.items()}
    for _ in range(n_steps):
        g = np.clip(gradients(values)["conv2.b"], -1, 1)
        values["conv2.b"] = values["conv2.b"] - RATE * g
    return values


LOOPS = {
    "adam_uncorrected": lambda n: adam_loop(n, late=False),
    "adam_late": lambda n: adam_loop(n, late=True),
    "rmsprop_clipped": lambda n: rmsprop_loop(
        n, 0.999, True, lambda g, s: g / (np.sqrt(s) + 1e-6)
    ),
    "rmsprop_rooted": lambda n: rmsprop_loop(
        n, 0.9, False, lambda g, s: g / np.sqrt(s + 1e-8)
    ),
    "sgd_last_bias": last_bias_loop,
}


@pytest.mark.parametrize("n_steps", [1, 2, 12])
@pytest.mark.parametrize("name", LOOPS)
def test_steps_equal_those_of_a_loop(name, n_steps):
    with theano.config.change_flags(floatX="float64"):
        params = [theano.shared(value.copy(), name=n) for n, value in START.items()]
        cost = sum(T.sum(CURVATURE[p.name] * T.sqr(p)) / 2 for p in params)
        mode = theano.compile.Mode(linker="py", optimizer="fast_compile")
        step = theano.function([], updates=UPDATES[name](cost, params, RATE), mode=mode)
    for _ in range(n_steps):
        step()
    expected = LOOPS[name](n_steps)
    for param in params:
        np.testing.assert_allclose(
            param.get_value(), expected[param.name], rtol=1e-12, atol=1e-15
        )


def test_each_parameter_has_the_rate_of_its_layer():
    params = [theano.shared(np.float32([2.0]), name=name) for name in ("a.W", "b.W")]
    cost = T.sum(params[0] * params[1])
    updates = dict(rmsprop_clipped(cost, params, {params[0]: 0.1, params[1]: 0.2}))
    steps = [float((p - updates[p]).eval()[0]) for p in params]
    assert steps[1] == pytest.approx(2 * steps[0])
