"""Random graphs of convolutions and what is around them, fused and as Theano has it.

Each graph is drawn from a seed, which the message of a failure names. Element-wise
operations run in Python, so that only a handful of C modules are compiled. A part of
the images is 0, so that maps without a bias are 0 there to the bit, where the spellings
of a rectifier differ in their derivative. Graphs in which a rounding decides (a pool of
zeros, a step at zero) do without ``(x + |x|) / 2``, whose zeros are off by one.
"""

import numpy as np
import pytest

from srcnn_theano.backend import T, internals, onednn, theano

pytestmark = pytest.mark.skipif(not onednn.available(), reason="no oneDNN here")

N_GRAPHS = 96
N_GRAPHS_SLOW = 4000
GRAPHS_PER_FUNCTION = 16

# Of the largest number of a graph. oneDNN adds up in single precision the some hundred
# numbers of a bias's gradient, Theano in double.
TOLERANCE = 3e-5


# --- Drawing ---


class Drawn:
    """A random expression, and the parameters that it may be differentiated by."""

    def __init__(self, seed, x):
        self.rng = np.random.RandomState(seed)
        self.params = []
        self.exact = self.rng.rand() < 0.5
        maps, channels = x, 3
        for _ in range(self.rng.randint(1, 3)):
            maps, channels = self.convolve(maps, channels)
            for _ in range(self.rng.randint(0, 4)):
                maps = self.element_wise(maps, channels)
            if self.exact and self.rng.rand() < 0.5:
                maps = self.pool(maps)
        self.output = maps

    def pick(self, *choices):
        return choices[self.rng.randint(len(choices))]

    def shared(self, *shape):
        values = self.rng.standard_normal(shape) / np.sqrt(np.prod(shape[1:]))
        param = theano.shared(values.astype("float32"))
        self.params.append(param)
        return param

    def per_map(self, channels):
        return self.shared(channels).dimshuffle("x", 0, "x", "x")

    def convolve(self, maps, channels):
        n = self.pick(2, 3)
        size = self.pick((1, 1), (3, 3), (2, 3))
        maps = T.nnet.conv2d(
            maps,
            self.shared(n, channels, *size),
            border_mode=self.pick("valid", "half", "full", (0, 1), ((1, 0), (0, 2))),
            subsample=self.pick((1, 1), (1, 1), (2, 2), (2, 1)),
            filter_flip=self.pick(True, False),
        )
        if self.rng.rand() < 0.7:
            maps = maps + self.per_map(n)
        return maps, n

    def element_wise(self, z, channels):
        a, c = self.per_map, self.number
        half_the_sum = (lambda v: T.maximum(v, 0)) if self.exact else T.nnet.relu
        rectify = self.pick(
            half_the_sum,
            lambda v: T.maximum(v, 0),
            lambda v: T.maximum(0, v),
            lambda v: T.switch(v > 0, v, 0),
            lambda v: T.switch(v >= 0, v, 0),
            lambda v: T.switch(v < 0, 0, v),
            lambda v: T.switch(v <= 0, T.zeros_like(v), v),
            lambda v: v * (v > 0),
            lambda v: v * (v >= 0),
            lambda v: T.clip(v, 0, 1e30),
        )
        return self.pick(
            lambda: rectify(z),
            lambda: rectify(z),
            lambda: rectify(z) * c(),
            lambda: rectify(theano.gradient.grad_clip(z, -0.5, 0.5)),
            lambda: theano.gradient.grad_scale(rectify(z), 0.5),
            lambda: rectify(z) + theano.gradient.disconnected_grad(rectify(z)),
            lambda: T.switch(z <= 0, self.slopes_times(channels, z), z),
            lambda: T.maximum(z, 0) + a(channels) * T.minimum(z, 0),
            lambda: self.leaky(z, self.pick(0.1, 0.0, 1.5, -0.5)),
            lambda: T.switch(z < 0, self.slopes_times(channels, z), z),
            lambda: T.switch((z > 0) & (z[::-1] > 0), z, 0),
            lambda: T.switch(T.eq(z, 0), c(), rectify(z)),
            lambda: T.maximum(a(channels) * z, z),
            lambda: T.switch(z <= c(), a(channels) * z, z),
            lambda: T.switch(z < 0, np.float32(self.exact) * a(channels) + z, z),
            lambda: T.clip(z, 0, self.pick(6, 1, 0.1, 255)),
            lambda: T.clip(z, self.pick(-1, -7, -100), self.pick(1, 5, 100)),
            lambda: T.maximum(z, self.pick(0.1, -0.1, 7, -8)),
            lambda: T.minimum(z, self.pick(0.1, 0, 6)),
            lambda: T.maximum(T.minimum(z, 5), 0),
            lambda: abs(z),
            lambda: T.sgn(z) * z,
            lambda: -T.maximum(-z, 0),
            lambda: z + a(channels),
            lambda: z * c() + c(),
            lambda: z + z[::-1],
            lambda: T.tanh(z) * (z > 0),
            lambda: T.tanh(z),
        )()

    def leaky(self, z, slope):
        return T.switch(z > 0, z, slope * z) if self.exact else T.nnet.relu(z, slope)

    def slopes_times(self, channels, z):
        if self.rng.rand() < 0.5:
            return self.per_map(channels) * z
        one_for_all = self.shared(1)
        return T.addbroadcast(one_for_all, 0).dimshuffle("x", 0, "x", "x") * z

    def number(self):
        return np.float32(self.pick(0, 0.5, 2, -1, 0.1))

    def pool(self, maps):
        return T.signal.pool.pool_2d(
            maps, ws=self.pick((2, 2), (2, 2), (1, 2)), ignore_border=self.pick(1, 0)
        )

    def results(self, x):
        """The output, and the gradients of a cost by the input and all parameters."""
        y = self.output
        cost = self.pick(
            lambda: T.sum(T.sqr(y)),
            lambda: T.mean(T.sqr(y - 0.5)),
            lambda: T.sum(T.tanh(y)),
            lambda: T.sum(abs(y)),
        )()
        wrt = [x] + self.params
        return [y] + theano.grad(cost, wrt, disconnected_inputs="ignore")


# --- Comparing ---


@pytest.fixture
def element_wise_in_python(monkeypatch):
    def none(self, *arguments, **options):
        raise internals.MethodNotDefined("c_code")

    monkeypatch.setattr(internals.Elemwise, "c_code", none)


def compiled(x, results, *excluded):
    mode = theano.compile.get_default_mode().excluding("fusion", "inplace", *excluded)
    return theano.function([x], results, mode=mode, on_unused_input="ignore")


def compare(seeds):
    """Compile graphs of all these seeds at once, and name the seed that differs."""
    x = T.tensor4("x")
    drawn = {seed: Drawn(seed, x).results(x) for seed in seeds}
    results = [result for some in drawn.values() for result in some]
    images = np.random.RandomState(seeds[0]).standard_normal((2, 3, 21, 20))
    images[1, :, 4:16] = 0
    images = images.astype("float32")
    ours = iter(compiled(x, results)(images))
    theirs = iter(compiled(x, results, "conv_onednn")(images))
    for seed, some in drawn.items():
        pairs = [(np.asarray(next(ours)), np.asarray(next(theirs))) for _ in some]
        scale = max(np.abs(b).max(initial=1) for _, b in pairs)
        for i, (a, b) in enumerate(pairs):
            np.testing.assert_allclose(
                a / scale,
                b / scale,
                rtol=0,
                atol=TOLERANCE,
                err_msg=f"seed {seed}, {i}",
            )


@pytest.mark.parametrize("first", range(0, N_GRAPHS, GRAPHS_PER_FUNCTION))
def test_fused_graphs_give_what_theano_gives(element_wise_in_python, first):
    compare(range(first, first + GRAPHS_PER_FUNCTION))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(N_GRAPHS, N_GRAPHS_SLOW, GRAPHS_PER_FUNCTION))
def test_more_fused_graphs_give_what_theano_gives(element_wise_in_python, first):
    compare(range(first, first + GRAPHS_PER_FUNCTION))
