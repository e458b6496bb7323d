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
    updates = rmsprop(cost, params, learning_rate)
    return _shrunk(updates, params, learning_rate, weight_decay)


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


def soap(
    cost: Any,
    params: Sequence[Any],
    learning_rate: Any,
    beta1: float = 0.95,
    beta2: float = 0.95,
    epsilon: float = 1e-8,
    renewal: int = 50,
) -> Updates:
    """Adam in the eigenbasis of Shampoo.

    Filters are matrices here, a row for each map. With gradient G, running means
    ``L = beta2 * L + (1 - beta2) * G G'`` and ``R`` of ``G' G`` alike, and their
    eigenvectors ``P`` and ``Q``, all is as in `adam` with ``P' G Q`` for the gradient,
    and the step s that it gives is ``P s Q'``. The eigenvectors are renewed every
    `renewal` steps. Parameters of one axis have plain `adam`.

    Vyas et al., SOAP: Improving and Stabilizing Shampoo using Adam (2025), algorithm 3.
    There the mean of gradients is turned into the new basis; that of their squares is
    kept as it is, as here.
    """
    t = theano.shared(np.zeros((), dtype=theano.config.floatX), name="soap.t")
    new_t = t + 1.0
    correction1 = 1.0 - T.pow(beta1, new_t)
    correction2 = 1.0 - T.pow(beta2, new_t)
    is_due = T.eq(T.mod(t, float(renewal)), 0.0)
    updates: Updates = [(t, new_t)]
    for p, g, rate in _steps(cost, params, learning_rate):
        into, back, of_bases = _eigenbasis(p, g, beta2, is_due)
        m, v = _accumulator(p, "m"), _accumulator(p, "v")
        new_m = beta1 * m + (1.0 - beta1) * g
        new_v = beta2 * v + (1.0 - beta2) * T.sqr(into(g))
        denominator = T.sqrt(new_v / correction2) + epsilon
        step = (rate / correction1) * into(new_m) / denominator
        updates += [(m, new_m), (v, new_v), (p, p - back(step)), *of_bases]
    return updates


def soap_decoupled(
    cost: Any,
    params: Sequence[Any],
    learning_rate: Any,
    weight_decay: float = 0.05,
) -> Updates:
    """`soap`, and filters shrink by ``rate * weight_decay`` of their size.

    Steps of the full rate let filters grow that cancel each other on photographs. On
    what is unlike them, such as text of hard black and white, they do not, and a few
    layers of such filters give values of some hundreds.

    Loshchilov and Hutter, Decoupled Weight Decay Regularization (2019).
    """
    updates = soap(cost, params, learning_rate)
    return _shrunk(updates, params, learning_rate, weight_decay)


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
    "soap": soap,
    "soap_decoupled": soap_decoupled,
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


def _shrunk(
    updates: Updates, params: Sequence[Any], learning_rate: Any, weight_decay: float
) -> Updates:
    """`updates`, after which each filter is smaller by its rate times the decay."""
    rates = _by_parameter(params, learning_rate)
    return [
        (
            shared,
            new - rates[shared] * weight_decay * shared
            if shared in rates and shared.name.endswith(".W")
            else new,
        )
        for shared, new in updates
    ]


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


def _eigenbasis(
    p: Any, g: Any, beta2: float, is_due: Any
) -> tuple[Callable[[Any], Any], Callable[[Any], Any], Updates]:
    """Functions that turn a parameter into the eigenbasis of its gradients and back.

    Returns
    -------
    into, back : functions of an array like `p` to another
    list of (shared, expression)
        The running means of the gradients' products, and their eigenvectors.
    """
    shape = p.get_value(borrow=True).shape
    # Axes of one element do not count: filters (1, 32, 5, 5) are 32 rows of 25.
    lengths = [n for n in shape if n > 1]
    if len(lengths) < 2:
        return (lambda x: x), (lambda x: x), []
    matrix = (lengths[0], int(np.prod(lengths[1:])))
    G = g.reshape(matrix)
    bases: list[Any] = []
    updates: Updates = []
    for side, product in (("left", T.dot(G, G.T)), ("right", T.dot(G.T, G))):
        n = matrix[len(bases)]
        mean, basis = (
            theano.shared(value.astype(p.dtype), name=f"{p.name}.{side}{what}")
            for value, what in ((np.zeros((n, n)), ""), (np.eye(n), "_basis"))
        )
        new_mean = beta2 * mean + (1.0 - beta2) * product
        bases.append(theano.ifelse.ifelse(is_due, T.nlinalg.eigh(new_mean)[1], basis))
        updates += [(mean, new_mean), (basis, bases[-1])]
    left, right = bases

    def turned(x: Any, left: Any, right: Any) -> Any:
        product = T.dot(T.dot(left, x.reshape(matrix)), right)
        return product.reshape(shape, ndim=len(shape))

    return (
        lambda x: turned(x, left.T, right),
        lambda x: turned(x, left, right.T),
        updates,
    )


def _accumulator(param: Any, what: str) -> Any:
    zeros = np.zeros_like(param.get_value(borrow=True))
    return theano.shared(
        zeros,
        name=f"{param.name}.{what}",
        broadcastable=param.broadcastable,
    )
