"""The timed jobs by JAX: one jitted function for the whole step."""

from functools import partial

from srcnn_theano.bench import work as given

VARIANTS = ("jit",)


def make_job(work, variant):
    """A function without arguments that does the job once and returns a number."""
    import jax
    import jax.numpy as jnp

    params = [
        (jnp.asarray(W), jnp.asarray(b))
        for W, b in given.initial_weights(work.channels)
    ]

    def network(params, x):
        for i, (W, b) in enumerate(params):
            x = jax.lax.conv(x, W, (1, 1), "VALID") + b[:, None, None]
            x = jax.nn.relu(x) if i < 2 else x
        return x

    if work.kind == "predict":
        x, run = jnp.asarray(given.image(work)), jax.jit(network)
        return lambda: float(run(params, x)[0, 0, 0, 0])
    return _training_job(jax, work, network, params)


def _training_job(jax, work, network, params):
    jnp, tree = jax.numpy, jax.tree_util
    low_res, high_res = (jnp.asarray(a) for a in given.sub_images(work))
    n_batches = len(low_res) // work.batch_size
    order = jnp.arange(len(low_res))

    @partial(jax.jit, donate_argnums=(0,))
    def step(state, start):
        params, m, v, t = state
        rows = jax.lax.dynamic_slice(order, (start,), (work.batch_size,))
        x, y = (a[rows].astype("float32") / 255 for a in (low_res, high_res))
        cost, g = jax.value_and_grad(lambda p: jnp.mean((network(p, x) - y) ** 2))(
            params
        )
        t = t + 1.0
        m = tree.tree_map(lambda m, g: 0.9 * m + 0.1 * g, m, g)
        v = tree.tree_map(lambda v, g: 0.999 * v + 0.001 * g * g, v, g)

        def move(p, m, v):
            root = jnp.sqrt(v / (1 - 0.999**t)) + 1e-8
            return p - given.LEARNING_RATE * m / (1 - 0.9**t) / root

        return (tree.tree_map(move, params, m, v), m, v, t), cost

    zeros = tree.tree_map(jnp.zeros_like, params)
    state = [(params, zeros, tree.tree_map(jnp.zeros_like, params), jnp.zeros(()))]
    done = [0]

    def job():
        start = done[0] % n_batches * work.batch_size
        done[0] += 1
        state[0], cost = step(state[0], start)
        return float(cost)

    return job
