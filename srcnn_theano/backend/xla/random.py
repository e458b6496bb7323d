"""Random numbers: the same distributions as Theano's, but not the same numbers.

NumPy's generators cannot run inside XLA. The shared variable of a random stream is
turned into a key of JAX's at its first use, and holds that from then on.
"""

from __future__ import annotations

import jax
import jax.numpy as jnp
import numpy as np

import srcnn_theano.backend.internals as ops
from srcnn_theano.backend.xla.lower import lower, static


def as_key(rng: np.random.RandomState | np.random.Generator) -> jax.Array:
    """A key of JAX's from a numpy RandomState or Generator, which stays as it is."""
    if isinstance(rng, np.random.Generator):
        state = rng.bit_generator.state["state"]
        seed = sum(int(np.ravel(value)[0]) for value in state.values())
    else:
        seed = int(rng.get_state(legacy=False)["state"]["key"].astype("int64").sum())
    return jax.random.PRNGKey(seed % 2**31)


def _bernoulli(key, shape, dtype, p):
    return jax.random.bernoulli(key, p, shape)


def _exponential(key, shape, dtype, scale=1):
    return scale * jax.random.exponential(key, shape, dtype)


def _integers(key, shape, dtype, low, high):
    return jax.random.randint(key, shape, low, high, dtype)


def _normal(key, shape, dtype, mean, deviation):
    return mean + deviation * jax.random.normal(key, shape, dtype)


def _uniform(key, shape, dtype, low, high):
    return low + (high - low) * jax.random.uniform(key, shape, dtype)


_DISTRIBUTIONS = {
    "bernoulli": _bernoulli,
    "exponential": _exponential,
    "integers": _integers,
    "normal": _normal,
    "randint": _integers,
    "uniform": _uniform,
}


@lower.register(ops.RandomVariable)
def _draw(op, node, key, size, _, *parameters):
    if op.name not in _DISTRIBUTIONS:
        raise NotImplementedError(
            f"there is no lowering to XLA for the distribution {op.name!r}; there is "
            f"for {', '.join(sorted(_DISTRIBUTIONS))}"
        )
    shape = static(size, "the size") if np.size(size) else None
    if shape is None:
        shape = jnp.broadcast_shapes(*(jnp.shape(x) for x in parameters))
    dtype = node.outputs[1].dtype
    new_key, key = jax.random.split(key)
    numbers = _DISTRIBUTIONS[op.name](key, shape, dtype, *parameters)
    return [new_key, numbers.astype(dtype)]
