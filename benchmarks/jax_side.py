"""The timed jobs by JAX: one jitted function for the whole step."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable

import numpy as np

from benchmarks import work as common
from benchmarks.work import Work

VARIANTS = dict.fromkeys(("cpu", "xla", "gpu"), ("jit",))


def make_job(work: Work, variant: str) -> Callable[[], Any]:
    """A function without arguments that does the job once and returns its result."""
    import jax

    device = jax.devices("gpu" if common.on_gpu() else "cpu")[0]
    jax.config.update("jax_default_device", device)
    network, params = _network(jax, common.layers(work))
    if work.kind in ("step", "steps"):
        return _training(jax, work, network, params)
    predict = jax.jit(lambda params, x: common.inside(work, network(params, x)))
    x = jax.numpy.asarray(common.image(work))
    return lambda: np.asarray(predict(params, x))


def peak_memory() -> int:
    """Of the graphics card, in bytes."""
    import jax

    stats: Any = jax.devices("gpu")[0].memory_stats()
    return stats["peak_bytes_in_use"]


def _network(jax, layers):
    """A function of (params, x), and the params."""
    jnp = jax.numpy
    params = [{k: jnp.asarray(v) for k, v in layer.values.items()} for layer in layers]

    def apply(params, x):
        for layer, p in zip(layers, params):
            x = _OPERATIONS[layer.kind](jax, x, p, layer.padding)
        return x

    return apply, params


def _conv(jax, x, p, padding):
    padding = [(padding, padding)] * 2
    x = jax.lax.conv_general_dilated(x, p["W"], (1, 1), padding)
    return x + p["b"][:, None, None]


def _deconv(jax, x, p, padding):
    # The gradient of a convolution: the input spread out, filters turned round.
    W = p["W"].transpose(1, 0, 2, 3)[:, :, ::-1, ::-1]
    padding = [(W.shape[2] - 1 - padding,) * 2] * 2
    x = jax.lax.conv_general_dilated(
        x, W, (1, 1), padding, lhs_dilation=(common.SCALE, common.SCALE)
    )
    return x + p["b"][:, None, None]


def _prelu(jax, x, p, padding):
    return jax.numpy.where(x > 0, x, p["a"][:, None, None] * x)


def _relu(jax, x, p, padding):
    return jax.nn.relu(x)


def _pool(jax, x, p, padding):
    window = (1, 1, 2, 2)
    return jax.lax.reduce_window(
        x, -jax.numpy.inf, jax.lax.max, window, window, "VALID"
    )


_OPERATIONS = {
    "conv": _conv,
    "deconv": _deconv,
    "prelu": _prelu,
    "relu": _relu,
    "pool": _pool,
}


def _training(jax, work, network, params):
    jnp, tree = jax.numpy, jax.tree_util
    low_res, high_res = (jnp.asarray(a) for a in common.sub_images(work))
    # Handed over, like the state: what a function finds around it becomes constants.
    data = low_res, high_res, jnp.arange(len(low_res))
    starts = common.starts(work)
    # No layers at all leave the pixels as they are.
    features = partial(
        *_network(jax, common.feature_layers() if work.perceptual else [])
    )

    def cost_of(params, x, y):
        return jnp.mean((features(network(params, x)) - features(y)) ** 2)

    @partial(jax.jit, donate_argnums=(0,))
    def step(state, start, data):
        params, m, v, t = state
        low_res, high_res, order = data
        rows = jax.lax.dynamic_slice(order, (start,), (work.batch_size,))
        x, y = (a[rows].astype("float32") / 255 for a in (low_res, high_res))
        cost, g = jax.value_and_grad(cost_of)(params, x, y)
        t = t + 1.0
        m = tree.tree_map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = tree.tree_map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)

        def move(p, m, v):
            root = jnp.sqrt(v / (1 - 0.999**t)) + 1e-8
            return p - common.LEARNING_RATE * m / (1 - 0.9**t) / root

        return (tree.tree_map(move, params, m, v), m, v, t), cost

    zeros = tree.tree_map(jnp.zeros_like, params)
    state = [(params, zeros, tree.tree_map(jnp.zeros_like, params), jnp.zeros(()))]
    done = [0]

    def job():
        start = starts[done[0] % len(starts)]
        done[0] += 1
        state[0], cost = step(state[0], start, data)
        return float(cost)

    @partial(jax.jit, donate_argnums=(0,))
    def loop(state, data):
        return jax.lax.scan(partial(step, data=data), state, jnp.array(starts))

    def all_steps():
        state[0], costs = loop(state[0], data)
        return np.asarray(costs)[: common.N_COSTS]

    return all_steps if work.kind == "steps" else job
