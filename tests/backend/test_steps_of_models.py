"""Training steps of whole models go through oneDNN, and give what Theano's own give."""

import numpy as np
import pytest

from srcnn_theano.backend import T, onednn, theano
from srcnn_theano.backend.maps import Maps
from srcnn_theano.layers.activations import relu
from srcnn_theano.layers.convolution import ConvLayer
from srcnn_theano.models.fsrcnn import FSRCNN
from srcnn_theano.models.srcnn import SRCNN
from srcnn_theano.training.costs import mse
from srcnn_theano.training.functions import training_function
from srcnn_theano.training.pairs import SharedPairs
from srcnn_theano.training.updates import adam

pytestmark = pytest.mark.skipif(not onednn.available(), reason="no oneDNN here")

BATCH = 3


class VGGLike:
    """Half-border 3x3 convolutions, a maximum over 2x2, and more convolutions."""

    def __init__(self, rng, input, input_shape):
        self.input, self.is_train = input, T.bscalar("is_train")
        maps, shape, self.params, self.updates = input, input_shape, [], []
        for number, n_maps in enumerate((8, 8, 12, 12)):
            layer = ConvLayer(
                rng,
                maps,
                shape,
                (n_maps, shape[1], 3, 3),
                activation=relu,
                border_mode="half",
            )
            self.params += layer.params
            maps, shape = layer.output, layer.output_shape
            if number == 1:
                maps = T.signal.pool.pool_2d(maps, (2, 2), ignore_border=True)
                shape = shape[:2] + (shape[2] // 2, shape[3] // 2)
        self.output, self.output_shape = maps, shape


def fsrcnn(**options):
    def build(rng, input, input_shape):
        options.setdefault("output_size", (21, 21))
        return FSRCNN(rng, input, input_shape, d=8, s=5, m=2, scale=4, **options)

    return build


def srcnn(rng, input, input_shape):
    return SRCNN(
        rng, input, input_shape, channels=3, n_filters=(8, 4), filter_sizes=(5, 1, 3)
    )


# Of the cost.
SUMS = ["total"]

MODELS = {
    "srcnn": (srcnn, (12, 12), SUMS),
    "fsrcnn": (fsrcnn(), (5, 5), SUMS + 5 * ["prelu", "prelu_gradient"]),
    "fsrcnn one slope": (
        fsrcnn(slopes="layer"),
        (5, 5),
        SUMS + 5 * ["prelu", "prelu_gradient"],
    ),
    "fsrcnn relu": (fsrcnn(activation="relu"), (5, 5), SUMS),
    "fsrcnn skip": (
        fsrcnn(skip="both"),
        (5, 5),
        SUMS + 4 * ["add"] + 5 * ["prelu", "prelu_gradient"],
    ),
    "fsrcnn full border": (
        fsrcnn(upsampling="full-border", deconv_size=17),
        (5, 5),
        SUMS + 5 * ["prelu", "prelu_gradient"],
    ),
    # The gradients of the ReLUs under the maximum and under the cost are not those of
    # a convolution.
    "vgg": (
        VGGLike,
        (9, 8),
        ["total", "pool", "pool_gradient"] + 2 * ["prelu_gradient"],
    ),
}


def losses(name, mode, n_steps=4):
    """Errors of the first steps from the same parameters, and the compiled function."""
    build, size, _ = MODELS[name]
    rng = np.random.RandomState(0)
    model = build(rng, T.tensor4("x"), (BATCH, 3) + size)
    for param in model.params:
        if param.ndim == 1:  # slopes and biases: none is zero, some slopes are negative
            param.set_value(rng.uniform(-0.4, 1.4, param.get_value().shape).astype("f"))
    pairs = SharedPairs(
        rng.randint(0, 256, (2 * BATCH, 3) + size).astype("uint8"),
        rng.randint(0, 256, (2 * BATCH,) + model.output_shape[1:]).astype("uint8"),
        BATCH,
    )
    y = T.tensor4("y")
    cost = mse(model.output, y)
    updates = adam(cost, model.params, np.float32(0.001))
    step = training_function(model, y, cost, updates, pairs, mode=mode)
    return [float(step(i % 2)[0]) for i in range(n_steps)], step


@pytest.mark.parametrize("name", MODELS)
def test_no_convolution_is_left_to_theano(name):
    ours, step = losses(name, None)
    ops = [node.op for node in step.maker.fgraph.toposort()]
    assert not any("Corr" in type(op).__name__ for op in ops)
    assert not any("AbstractConv" in type(op).__name__ for op in ops)
    # The last bias's gradient is a sum by itself, or one of its convolution's (Aesara).
    in_one_pass = [
        op.what_name for op in ops if isinstance(op, Maps) and op.what_name != "sums"
    ]
    assert sorted(in_one_pass) == sorted(MODELS[name][2])
    mode = theano.compile.get_default_mode().excluding("conv_onednn")
    theirs, step = losses(name, mode)
    assert any("Corr" in str(node.op) for node in step.maker.fgraph.toposort())
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)
    assert losses(name, None)[0] == ours  # to the last bit
