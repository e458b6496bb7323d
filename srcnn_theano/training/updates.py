"""Optimisers as pure functions: `(cost, params, learning_rate) -> [(shared, new)]`.

`learning_rate` is a number, a symbolic scalar, or a mapping from each parameter to one
of these (rates per layer). Accumulators are named after their parameter
(``conv1.W.m``), so that a checkpoint of all shared variables in the list resumes
exactly.
"""

from __future__ import annotations

from typing import Any, Callable, Iterator, List, Mapping, Sequence, Tuple

import numpy as np

from srcnn_theano.backend import T, theano

Updates = List[Tuple[Any, Any]]  # (shared variable, its new value)


def sgd(cost: Any, params: Sequence[Any], learning_rate: Any) -> Updates:
    """Stochastic gradient descent: ``p - rate * g``."""
    return [(p, p - rate * g) for p, g, rate in _steps(cost, params, learning_rate)]


def momentum(
    cost: Any, params: Sequence[Any], learning_rate: Any, momentum: float = 0.9
) -> Updates:
    """Gradient descent with a velocity: ``v = momentum * v + g``, ``p - rate * v``.

    The velocity is in units of gradients, so a change of rate acts at once. Dong et al.
    (2014), equation 5, keep the rate inside the velocity; for a constant rate both are
    the same.
    """
    updates: Updates = []
    for p, g, rate in _steps(cost, params, learning_rate):
        velocity = _accumulator(p, "velocity")
        new_velocity = momentum * velocity + g
        updates += [(velocity, new_velocity), (p, p - rate * new_velocity)]
    return updates


def rmsprop(
    cost: Any,
    params: Sequence[Any],
    learning_rate: Any,
    rho: float = 0.9,
    epsilon: float = 1e-8,
) -> Updates:
    """Divide each gradient by a running root mean square of its past.

    ``s = rho * s + (1 - rho) * g^2``, ``p - rate * g / (sqrt(s) + epsilon)``

    Tieleman and Hinton, Lecture 6.5 (2012).
    """
    steps = _steps(cost, params, learning_rate)
    return _by_mean_square(steps, rho, lambda square: T.sqrt(square) + epsilon)


def rmsprop_decoupled(
    cost: Any,
    params: Sequence[Any],
    learning_rate: Any,
    weight_decay: float = 2e-4,
) -> Updates:
    """`rmsprop`, and filters shrink by ``rate * weight_decay`` of their size.

    Where the cost has an L2 norm, its gradient is divided by the root mean square as
    well: a filter whose other gradients fade is pulled to zero at the full rate. A
    decay beside the step is not. 2e-4 is what the norm's gradient is at a factor of
    1e-4, as in the report.

    Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019).
    """
    decays = _by_parameter(params, learning_rate)
    return [
        (
            shared,
            new - decays[shared] * weight_decay * shared
            if shared in decays and shared.name.endswith(".W")
            else new,
        )
        for shared, new in rmsprop(cost, params, learning_rate)
    ]


def adam(
    cost: Any,
    params: Sequence[Any],
    learning_rate: Any,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
) -> Updates:
    """Adaptive moments with bias correction.

    ``m = beta1 * m + (1 - beta1) * g``, ``v = beta2 * v + (1 - beta2) * g^2``,
    ``p - rate * (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon)``

    Kingma and Ba, Adam (2015), algorithm 1.
    """
    # One step count for all; float32 counts exactly up to 16.7 million steps.
    t = theano.shared(np.zeros((), dtype=theano.config.floatX), name="adam.t")
    new_t = t + 1.0
    correction1 = 1.0 - T.pow(beta1, new_t)
    correction2 = 1.0 - T.pow(beta2, new_t)
    updates: Updates = [(t, new_t)]
    for p, g, rate in _steps(cost, params, learning_rate):
        (m, new_m), (v, new_v) = _moments(p, g, beta1, beta2)
        denominator = T.sqrt(new_v / correction2) + epsilon
        step = (rate / correction1) * new_m / denominator
        updates += [(m, new_m), (v, new_v), (p, p - step)]
    return updates


# --- As the report's program had them ---


def adam_uncorrected(
    cost: Any,
    params: Sequence[Any],
    learning_rate: Any,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    late: bool = False,
) -> Updates:
    """Adam without its bias correction: ``p - rate * m / (sqrt(v) + epsilon)``.

    The first step is ``(1 - beta1) / sqrt(1 - beta2)`` = 3.2 times the rate, the
    largest that it ever makes 6.6 times, at the twelfth minibatch.

    Parameters
    ----------
    late : bool
        Use the averages from before this minibatch; see `adam_late`.
    """
    updates: Updates = []
    for p, g, rate in _steps(cost, params, learning_rate):
        (m, new_m), (v, new_v) = _moments(p, g, beta1, beta2)
        used_m, used_v = (m, v) if late else (new_m, new_v)
        step = rate * used_m / (T.sqrt(used_v) + epsilon)
        updates += [(m, new_m), (v, new_v), (p, p - step)]
    return updates


def adam_late(cost: Any, params: Sequence[Any], learning_rate: Any) -> Updates:
    """`adam_uncorrected`, each step being that of the minibatch before.

    The first minibatch moves nothing.
    """
    return adam_uncorrected(cost, params, learning_rate, late=True)


def rmsprop_clipped(
    cost: Any,
    params: Sequence[Any],
    learning_rate: Any,
    rho: float = 0.999,
    epsilon: float = 1e-6,
) -> Updates:
    """`rmsprop` of a gradient whose every value is clipped to [-1, 1].

    At costs of 0..255 squared most values are clipped: only signs are left.
    """
    steps = _clipped_steps(cost, params, learning_rate)
    return _by_mean_square(steps, rho, lambda square: T.sqrt(square) + epsilon)


def rmsprop_rooted(
    cost: Any,
    params: Sequence[Any],
    learning_rate: Any,
    rho: float = 0.9,
    epsilon: float = 1e-8,
) -> Updates:
    """`rmsprop` with epsilon under the root: ``p - rate * g / sqrt(s + epsilon)``."""
    steps = _steps(cost, params, learning_rate)
    return _by_mean_square(steps, rho, lambda square: T.sqrt(square + epsilon))


def sgd_last_bias(cost: Any, params: Sequence[Any], learning_rate: Any) -> Updates:
    """`sgd` with a clipped gradient that moves the last parameter only.

    That is the bias of the last layer: the program began its list of updates anew for
    each parameter, so that only the last was left in it.
    """
    *_, (p, g, rate) = _clipped_steps(cost, params, learning_rate)
    return [(p, p - rate * g)]


UPDATES: dict[str, Callable[..., Updates]] = {
    "sgd": sgd,
    "momentum": momentum,
    "rmsprop": rmsprop,
    "rmsprop_decoupled": rmsprop_decoupled,
    "adam": adam,
    "adam_uncorrected": adam_uncorrected,
    "adam_late": adam_late,
    "rmsprop_clipped": rmsprop_clipped,
    "rmsprop_rooted": rmsprop_rooted,
    "sgd_last_bias": sgd_last_bias,
}


def layer_rates(
    params: Sequence[Any], learning_rate: Any, factors: Mapping[str, float]
) -> dict[Any, Any]:
    """A rate per parameter: `learning_rate` times the factor of the layer it is in.

    Parameters
    ----------
    params : sequence of shared variables named ``layer.what``
    learning_rate : symbolic scalar
    factors : mapping from layer name to float; layers not named have 1

    Returns
    -------
    dict from parameter to symbolic scalar

    Raises
    ------
    ValueError
        A layer is named that has no parameter.
    """
    layers = {p.name.split(".")[0] for p in params}
    unknown = sorted(set(factors) - layers)
    if unknown:
        raise ValueError(
            f"rates given for layers {unknown}, the model has {sorted(layers)}"
        )
    return {p: learning_rate * factors.get(p.name.split(".")[0], 1.0) for p in params}


def _steps(
    cost: Any, params: Sequence[Any], learning_rate: Any
) -> Iterator[tuple[Any, Any, Any]]:
    """(parameter, gradient, rate) of each parameter."""
    rates = _by_parameter(params, learning_rate)
    for p, g in zip(params, theano.grad(cost, list(params))):
        yield p, g, rates[p]


def _by_parameter(params: Sequence[Any], learning_rate: Any) -> dict[Any, Any]:
    """The rate of each parameter."""
    rates = (
        learning_rate
        if isinstance(learning_rate, Mapping)
        else dict.fromkeys(params, learning_rate)
    )
    # A numpy.float64 would make float64 of a new value; a float does not.
    return {
        p: float(rates[p]) if isinstance(rates[p], np.floating) else rates[p]
        for p in params
    }


def _clipped_steps(
    cost: Any, params: Sequence[Any], learning_rate: Any
) -> Iterator[tuple[Any, Any, Any]]:
    """`_steps`, with every value of a gradient clipped to [-1, 1]."""
    for p, g, rate in _steps(cost, params, learning_rate):
        yield p, T.clip(g, -1.0, 1.0), rate


def _by_mean_square(
    steps: Iterator[tuple[Any, Any, Any]], rho: float, divisor: Callable[[Any], Any]
) -> Updates:
    """Updates by gradients over a divisor, a function of their running mean square."""
    updates: Updates = []
    for p, g, rate in steps:
        square = _accumulator(p, "square")
        new_square = rho * square + (1.0 - rho) * T.sqr(g)
        step = rate * g / divisor(new_square)
        updates += [(square, new_square), (p, p - step)]
    return updates


def _moments(p: Any, g: Any, beta1: float, beta2: float) -> Updates:
    """Adam's running means of a gradient and of its square, with their new values."""
    m, v = _accumulator(p, "m"), _accumulator(p, "v")
    return [
        (m, beta1 * m + (1.0 - beta1) * g),
        (v, beta2 * v + (1.0 - beta2) * T.sqr(g)),
    ]


def _accumulator(param: Any, what: str) -> Any:
    zeros = np.zeros_like(param.get_value(borrow=True))
    return theano.shared(
        zeros,
        name=f"{param.name}.{what}",
        broadcastable=param.broadcastable,
    )
