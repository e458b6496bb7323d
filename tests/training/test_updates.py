"""Our optimisers against ten recorded steps of torch.optim."""

from pathlib import Path

import numpy as np
import pytest

from srcnn_theano.backend import T, theano
from srcnn_theano.training.updates import UPDATES, adam, layer_rates, momentum, sgd

RECORDED = Path(__file__).parents[1] / "recorded" / "torch_steps.npz"


@pytest.fixture(scope="module")
def recorded():
    with np.load(str(RECORDED)) as arrays:
        return dict(arrays)


def problem(recorded):
    """The recorded problem as a cost and its two parameters."""
    hidden, output = (
        theano.shared(recorded[name].copy(), name=name)
        for name in ("hidden.W", "output.W")
    )
    prediction = T.dot(T.tanh(T.dot(recorded["x"], hidden)), output)
    return T.mean(T.sqr(prediction - recorded["y"])), [hidden, output]


def one_step(updates, cost=None):
    # Interpreted: compiling the C code would take most of these tests' time.
    mode = theano.compile.Mode(linker="py", optimizer="fast_compile")
    return theano.function([], cost, updates=updates, mode=mode)


@pytest.mark.parametrize(
    "name",
    ["sgd", "sgd_layer_rates", "momentum", "rmsprop", "adam", "adam_layer_rates"],
)
def test_ten_steps_equal_those_of_torch(recorded, name):
    with theano.config.change_flags(floatX="float64"):
        cost, params = problem(recorded)
        learning_rate = theano.shared(recorded[name + "/learning_rate"][()])
        rates = learning_rate
        if name.endswith("_layer_rates"):
            factor = float(recorded[name + "/output_factor"])
            rates = layer_rates(params, learning_rate, {"output": factor})
        optimiser = UPDATES[name.replace("_layer_rates", "")]
        step = one_step(optimiser(cost, params, rates), cost)

    for i in range(10):
        assert float(step()) == pytest.approx(recorded[name + "/cost"][i], rel=1e-10)
        for param in params:
            expected = recorded[f"{name}/{param.name}"][i]
            np.testing.assert_allclose(param.get_value(), expected, rtol=1e-10)
        learning_rate.set_value(learning_rate.get_value() * recorded["decay"])
    assert recorded[name + "/cost"][9] < recorded[name + "/cost"][0]


def linear_problem(dtype="float32"):
    """A cost whose gradient is (3, -3) wherever the parameters are."""
    param = theano.shared(np.array([1, 2], dtype), name="only.W")
    return 3 * (param[0] - param[1]), param


def test_a_number_is_a_learning_rate():
    cost, param = linear_problem()
    one_step(sgd(cost, [param], 0.5))()
    np.testing.assert_array_equal(param.get_value(), np.float32([-0.5, 3.5]))


def test_float32_stays_float32():
    for optimiser in UPDATES.values():
        cost, param = linear_problem()
        for rate in (0.5, np.float64(0.5)):
            for shared, new in optimiser(cost, [param], rate):
                assert shared.dtype == new.dtype == "float32"


def test_a_mapping_gives_each_parameter_its_rate():
    first = theano.shared(np.float32([1]), name="first.W")
    second = theano.shared(np.float32([1]), name="second.W")
    cost = T.sum(first + second)
    one_step(sgd(cost, [first, second], {first: 0.25, second: 0.5}))()
    assert (first.get_value()[0], second.get_value()[0]) == (0.75, 0.5)


def test_first_step_of_adam_has_the_size_of_the_learning_rate():
    # Both moments are corrected by the same t = 1: m / sqrt(v) is the gradient's sign.
    cost, param = linear_problem()
    one_step(adam(cost, [param], 0.001))()
    np.testing.assert_allclose(
        param.get_value(), [1 - 0.001, 2 + 0.001], rtol=0, atol=2e-7
    )


@pytest.mark.parametrize("name", ["adam", "adam_uncorrected", "adam_late"])
def test_adam_divides_a_factor_of_the_cost_out(recorded, name):
    """So rows whose cost is a mean are trained as by the program's sum of squares."""
    ends = []
    for factor in (1.0, 867.0):
        with theano.config.change_flags(floatX="float64"):
            cost, params = problem(recorded)
            step = one_step(UPDATES[name](factor * cost, params, 0.01))
        for _ in range(10):
            step()
        ends.append([param.get_value() for param in params])
    for once, scaled in zip(*ends):
        np.testing.assert_allclose(scaled, once, rtol=1e-4)


def test_adam_counts_its_steps_once_for_all_parameters():
    params = [theano.shared(np.float32([1]), name=n + ".W") for n in ("a", "b")]
    updates = adam(T.sum(params[0] * params[1]), params, 0.001)
    step = one_step(updates)
    for _ in range(3):
        step()
    counters = [shared for shared, _ in updates if shared.name == "adam.t"]
    assert [float(t.get_value()) for t in counters] == [3.0]


def test_a_change_of_rate_acts_at_once_under_momentum():
    cost, param = linear_problem()
    learning_rate = theano.shared(np.float32(0.1))
    step = one_step(momentum(cost, [param], learning_rate, momentum=0.5))
    step()  # velocity (3, -3)
    learning_rate.set_value(np.float32(0.0))
    before = param.get_value()
    step()
    np.testing.assert_array_equal(param.get_value(), before)


@pytest.mark.parametrize(
    "name, accumulators",
    [
        ("sgd", []),
        ("momentum", ["only.W.velocity"]),
        ("rmsprop", ["only.W.square"]),
        ("adam", ["adam.t", "only.W.m", "only.W.v"]),
    ],
)
def test_accumulators_are_named_for_the_checkpoint(name, accumulators):
    cost, param = linear_problem()
    names = [shared.name for shared, _ in UPDATES[name](cost, [param], 0.1)]
    assert sorted(names) == sorted(accumulators + ["only.W"])


@pytest.mark.parametrize("rates_of", [lambda p: 0.1, lambda p: dict.fromkeys(p, 0.1)])
@pytest.mark.parametrize("name, decay", [("rmsprop", 2e-4), ("soap", 0.05)])
def test_decoupled_decay_shrinks_filters_beside_the_step(rates_of, name, decay):
    def params():
        return [theano.shared(np.float64([4, -2]), name="a." + n) for n in ("W", "b")]

    moved = []
    for update in (name, f"{name}_decoupled"):
        W, b = params()
        one_step(UPDATES[update](T.sum(W * b), [W, b], rates_of([W, b])))()
        moved.append((W.get_value(), b.get_value()))
    (W, b), (decayed, same) = moved
    np.testing.assert_allclose(decayed, W - 0.1 * decay * np.array([4, -2]), rtol=1e-6)
    np.testing.assert_array_equal(same, b)


def test_layer_rates_multiply_the_rate_of_the_layers_named():
    names = ("conv1.W", "conv1.b", "conv2.W", "conv3.W", "conv3.b")
    params = [theano.shared(np.zeros(1), name=name) for name in names]
    rates = layer_rates(params, T.constant(1e-4), {"conv3": 0.1})
    values = [float(rates[p].eval()) for p in params]
    assert values == pytest.approx([1e-4, 1e-4, 1e-4, 1e-5, 1e-5])


def test_layer_rates_refuse_a_layer_that_is_not_there():
    params = [theano.shared(np.zeros(1), name="conv1.W")]
    with pytest.raises(ValueError, match=r"\['conv4'\].*\['conv1'\]"):
        layer_rates(params, 0.1, {"conv4": 0.1})


def soap_in_numpy(grads, rate, renewal, epsilon, beta1=0.95, beta2=0.95):
    """The parameter after each step, from 0, by a loop over matrices.

    Epsilon must not be tiny: the first gradient has a direction of the basis in which
    it is but a rounding error.
    """
    p, m, v = (np.zeros_like(grads[0]) for _ in range(3))
    L, R = (np.zeros((n, n)) for n in grads[0].shape)
    for t, G in enumerate(grads):
        L = beta2 * L + (1 - beta2) * G @ G.T
        R = beta2 * R + (1 - beta2) * G.T @ G
        if t % renewal == 0:
            P, Q = np.linalg.eigh(L)[1], np.linalg.eigh(R)[1]
        m = beta1 * m + (1 - beta1) * G
        v = beta2 * v + (1 - beta2) * (P.T @ G @ Q) ** 2
        m_hat, v_hat = (x / (1 - b ** (t + 1)) for x, b in ((m, beta1), (v, beta2)))
        p = p - rate * P @ ((P.T @ m_hat @ Q) / (np.sqrt(v_hat) + epsilon)) @ Q.T
        yield p


@pytest.mark.parametrize("shape", [(3, 2, 1, 1), (1, 3, 1, 2)])
def test_soap_is_adam_in_the_eigenbasis_of_the_gradients(shape):
    rng = np.random.RandomState(0)
    rows = [n for n in shape if n > 1][0]
    grads = rng.normal(size=(7, rows, int(np.prod(shape)) // rows))
    with theano.config.change_flags(floatX="float64"):
        param = theano.shared(np.zeros(shape), name="only.W")
        slope = theano.shared(np.zeros(shape))
        cost = T.sum(param * slope)
        step = one_step(UPDATES["soap"](cost, [param], 0.1, epsilon=0.01, renewal=3))
    for t, expected in enumerate(soap_in_numpy(grads, 0.1, 3, 0.01)):
        slope.set_value(grads[t].reshape(shape))
        step()
        np.testing.assert_allclose(
            param.get_value(), expected.reshape(shape), rtol=1e-6
        )


def test_soap_of_a_bias_is_adam():
    values = []
    for update in (UPDATES["soap"], adam):
        param = theano.shared(np.float32([1, -2, 3]), name="only.b")
        step = one_step(update(T.sum(T.sqr(param)), [param], 0.1, 0.95, 0.95))
        for _ in range(3):
            step()
        values.append(param.get_value())
    np.testing.assert_array_equal(*values)
