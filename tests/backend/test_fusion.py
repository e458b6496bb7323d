"""PReLU, pooling and sums around convolutions are fused, and right."""

import numpy as np
import pytest

from srcnn_theano.backend import T, onednn, theano
from srcnn_theano.backend.maps import Maps
from srcnn_theano.backend.patterns import PATTERNS

pytestmark = pytest.mark.skipif(not onednn.available(), reason="no oneDNN here")

SLOPES = [-1.5, 0.0, 0.25, 3.0]


def draw(rng, *shape):
    return rng.standard_normal(shape).astype("float32")


def nodes_of(function):
    return function.maker.fgraph.toposort()


def maps_of(function):
    return sorted(
        node.op.what_name for node in nodes_of(function) if isinstance(node.op, Maps)
    )


def names_of(function):
    return {type(node.op).__name__ for node in nodes_of(function)}


def four_dimensional_elemwise(function):
    """Element-by-element nodes that run over whole maps."""
    return [
        node
        for node in nodes_of(function)
        if type(node.op).__name__ == "Elemwise"
        and not any(node.outputs[0].broadcastable)
        if node.outputs[0].ndim == 4
    ]


def without_onednn():
    return theano.compile.get_default_mode().excluding("conv_onednn")


def assert_close(ours, theirs):
    assert ours.shape == theirs.shape
    scale = np.abs(theirs).max() or 1
    np.testing.assert_allclose(ours / scale, theirs / scale, rtol=0, atol=1e-5)


SPELLINGS = {
    "T.switch(z <= 0, a * z, z)": lambda z, a: T.switch(z <= 0, a * z, z),
    "T.switch(z > 0, z, z * a)": lambda z, a: T.switch(z > 0, z, z * a),
    "T.maximum(z, 0) + a * T.minimum(z, 0)": lambda z, a: (
        T.maximum(z, 0) + a * T.minimum(z, 0)
    ),
}


def layers(prelu, skip=False, for_all=False):
    """Input, output and parameters of three layers with a PReLU after the first two."""
    rng = np.random.default_rng(0)
    x = T.tensor4("x")
    maps, before, params = x, None, []
    for n_in, n_out in ((3, 4), (4, 4), (4, 2)):
        W = theano.shared(0.3 * draw(rng, n_out, n_in, 3, 3))
        b = theano.shared(0.1 * draw(rng, n_out))
        maps = T.nnet.conv2d(maps, W, border_mode="half", filter_flip=False)
        maps = maps + b.dimshuffle("x", 0, "x", "x")
        params += [W, b]
        if n_out == 4:
            a = theano.shared(np.array([0.25] if for_all else SLOPES, "float32"))
            spread = T.addbroadcast(a, 0) if for_all else a
            maps = prelu(maps, spread.dimshuffle("x", 0, "x", "x"))
            params.append(a)
            if skip and before is not None:
                maps = maps + before
            before = maps
    return x, maps, params


def both(outputs, x):
    """The same function twice: with oneDNN, and Theano's own."""
    return (
        theano.function([x], outputs),
        theano.function([x], outputs, mode=without_onednn()),
    )


IMAGES = draw(np.random.default_rng(1), 3, 3, 7, 6)


@pytest.mark.parametrize("for_all", [False, True])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_prelu_is_part_of_a_convolution_that_only_predicts(spelling, for_all):
    x, output, _ = layers(SPELLINGS[spelling], for_all=for_all)
    fused, plain = both([output], x)
    assert len([n for n in nodes_of(fused) if "Convolution" in str(n.op)]) == 3
    assert not four_dimensional_elemwise(fused) and not maps_of(fused)
    assert_close(fused(IMAGES)[0], plain(IMAGES)[0])


@pytest.mark.parametrize("for_all", [False, True])
@pytest.mark.parametrize("skip", [False, True])
@pytest.mark.parametrize("spelling", list(SPELLINGS)[:2])
def test_gradients_of_prelu(spelling, skip, for_all):
    x, output, params = layers(SPELLINGS[spelling], skip, for_all)
    cost = T.sum(T.sqr(output))
    fused, plain = both([cost] + theano.grad(cost, params), x)
    expected = ["prelu", "prelu"] + 2 * ["prelu_gradient"] + ["sums", "total"]
    assert maps_of(fused) == sorted(expected + 2 * skip * ["add"])
    assert "CorrMM" not in names_of(fused) and "CorrMM" in names_of(plain)
    assert len(four_dimensional_elemwise(fused)) == 2  # the cost's and its gradient
    for ours, theirs in zip(fused(IMAGES), plain(IMAGES)):
        assert_close(np.asarray(ours), np.asarray(theirs))


def relu(z):
    return T.switch(z <= 0, T.zeros_like(z), z)


def test_relu_whose_gradient_comes_from_its_own_result():
    """As at the end of a perceptual loss, the squared difference of two features."""
    rng = np.random.default_rng(0)
    x, b = T.tensor4("x"), theano.shared(0.1 * draw(rng, 4))
    W = theano.shared(draw(rng, 4, 3, 3, 3))
    features, wanted = (
        relu(
            T.nnet.conv2d(images, W, filter_flip=False) + b.dimshuffle("x", 0, "x", "x")
        )
        for images in (x, x[::-1])
    )
    cost = T.mean(T.sqr(features - wanted))
    fused, plain = both([cost] + theano.grad(cost, [W, b, x]), x)
    forward = [
        node.op
        for node in nodes_of(fused)
        if isinstance(node.op, onednn.Convolution)
        and node.op.direction_name == "forward"
    ]
    assert [op.relu for op in forward] == [True, True]
    for ours, theirs in zip(fused(IMAGES), plain(IMAGES)):
        assert_close(np.asarray(ours), np.asarray(theirs))


def test_prelu_of_maps_that_are_read_elsewhere():
    rng = np.random.default_rng(0)
    x, a = T.tensor4("x"), theano.shared(np.array(SLOPES, "float32"))
    z = T.nnet.conv2d(x, theano.shared(draw(rng, 4, 3, 3, 3)), filter_flip=False)
    y = T.switch(z <= 0, a.dimshuffle("x", 0, "x", "x") * z, z)
    fused, plain = both([z, y, theano.grad(T.sum(y * z), a)], x)
    for ours, theirs in zip(fused(IMAGES), plain(IMAGES)):
        assert_close(ours, theirs)


def test_other_functions_are_not_taken_for_prelu():
    rng = np.random.default_rng(0)
    x, a = T.tensor4("x"), theano.shared(np.array(SLOPES, "float32"))
    z = T.nnet.conv2d(x, theano.shared(draw(rng, 4, 3, 3, 3)), filter_flip=False)
    a = a.dimshuffle("x", 0, "x", "x")
    for y in (
        T.switch(z <= 0, a + z, z),
        T.switch(z <= 1, a * z, z),
        T.switch(z <= 0, a * z, 2 * z),
        T.maximum(a * z, z),  # a PReLU only where the slope is at most 1
    ):
        fused, plain = both([y], x)
        assert not maps_of(fused)
        assert_close(fused(IMAGES)[0], plain(IMAGES)[0])


@pytest.mark.parametrize(
    "options, ours",
    [
        (dict(ws=(2, 2), ignore_border=True), True),
        (dict(ws=(2, 2), ignore_border=False), False),
        (dict(ws=(3, 3), ignore_border=True), False),
        (dict(ws=(2, 2), stride=(1, 1), ignore_border=True), False),
        (dict(ws=(2, 2), ignore_border=True, mode="average_exc_pad"), False),
    ],
)
def test_only_the_largest_of_two_by_two_is_pooled_here(options, ours):
    rng = np.random.default_rng(0)
    x = T.tensor4("x")
    first, second = (theano.shared(draw(rng, 4, n, 3, 3)) for n in (3, 4))
    maps = T.nnet.conv2d(x, first, border_mode="half", filter_flip=False)
    maps = T.signal.pool.pool_2d(maps, **options)
    maps = T.nnet.conv2d(maps, second, border_mode="half", filter_flip=False)
    outputs = [maps] + theano.grad(T.sum(T.sqr(maps)), [x, first])
    fused, plain = both(outputs, x)
    assert maps_of(fused) == (["pool", "pool_gradient"] if ours else [])
    for one, other in zip(fused(IMAGES), plain(IMAGES)):
        assert_close(one, other)


# --- What only resembles a rectifier ---


def doubled(activate):
    """An activation of twice the pixels 1 ... 120, and its gradient to the pixels."""
    x = T.tensor4("x")
    W = theano.shared(np.full((1, 1, 1, 1), 2, "float32"))
    y = activate(T.nnet.conv2d(x, W, filter_flip=False))
    pixels = np.arange(1, 121, dtype="float32").reshape(1, 1, 10, 12)
    ours, gradient = theano.function([x], [y, theano.grad(T.sum(y), x)])(pixels)
    return pixels.ravel(), ours.ravel(), gradient.ravel()


@pytest.mark.parametrize("top", [6, 150, 255])
def test_a_clip_keeps_its_bound(top):
    pixels, ours, gradient = doubled(lambda z: T.clip(z, 0, top))
    np.testing.assert_array_equal(ours, np.minimum(2 * pixels, top))
    np.testing.assert_array_equal(gradient, 2.0 * (2 * pixels <= top))


def test_a_clipped_gradient_stays_clipped():
    x = T.tensor4("x")
    W = theano.shared(np.full((1, 1, 1, 1), 2, "float32"))
    z = theano.gradient.grad_clip(T.nnet.conv2d(x, W, filter_flip=False), -5, 5)
    cost = T.sum(relu(z) * 195.2)
    (gradient,) = theano.function([x], theano.grad(cost, [x]))(IMAGES[:, :1])
    np.testing.assert_array_equal(gradient, 10.0 * (IMAGES[:, :1] > 0))


def test_patterns_are_what_they_are_called():
    """The table of patterns against the functions that the fused ops compute."""
    functions = {
        "relu": lambda z, a, g: max(z, 0),
        "relu_gradient": lambda z, a, g: g if z > 0 else 0,
        "relu_gradient_half": lambda z, a, g: g * (np.sign(z) + 1) / 2,
        "relu_gradient_whole": lambda z, a, g: g if z >= 0 else 0,
        "prelu": lambda z, a, g: z if z > 0 else a * z,
        "prelu_gradient": lambda z, a, g: g if z > 0 else a * g,
        "slopes_gradient": lambda z, a, g: 0 if z > 0 else z * g,
    }
    assert set(functions) == set(PATTERNS)
    for name, pattern in PATTERNS.items():
        for z in (-7.0, -0.25, 0.0, 0.5, 3.0):
            numbers = {"z": z, "a": -1.5, "g": 2.0, "0": 0, "½": 0.5}
            product = pattern[int(np.sign(z)) + 1]
            value = np.prod([numbers[letter] for letter in product])
            assert value == functions[name](z, -1.5, 2.0)


WHOLE = np.arange(-4, 5, dtype="float32").reshape(1, 1, 3, 3)  # one of them is zero


def test_other_conditions_are_not_forgotten():
    x, mask, other = T.tensor4(), T.TensorType("bool", (False,) * 4)(), T.tensor4()
    z = T.nnet.conv2d(x, theano.shared(np.ones((1, 1, 1, 1), "float32")))
    results = [
        T.switch((z > 0) & mask, z, 0),
        T.switch((z > 0) & ~mask, z, 0),
        T.switch((z > 0) | mask, z, 0),
        T.switch(T.eq(z, 0), other, T.maximum(z, 0)),
        T.maximum(z, 0.1),
        T.switch(z > 0, z, other),
    ]
    function = theano.function([x, mask, other], results)
    even = np.arange(9).reshape(WHOLE.shape) % 2 == 0
    positive = np.maximum(WHOLE, 0)
    expected = [
        np.where(even, positive, 0),
        np.where(even, 0, positive),
        np.where(even, WHOLE, positive),
        np.where(WHOLE == 0, 7, positive),
        np.maximum(WHOLE, np.float32(0.1)),
        np.where(WHOLE > 0, WHOLE, 7),
    ]
    for result, wanted in zip(function(WHOLE, even, np.full_like(WHOLE, 7)), expected):
        np.testing.assert_array_equal(result, wanted)


RELUS = {
    "T.nnet.relu(z)": (T.nnet.relu, 0.5),
    "T.maximum(z, 0)": (lambda z: T.maximum(z, 0), 1),
    "T.maximum(0, z)": (lambda z: T.maximum(0, z), 0),
    "T.switch(z < 0, 0, z)": (lambda z: T.switch(z < 0, 0, z), 1),
    "z * (z > 0)": (lambda z: z * (z > 0), 0),
}


@pytest.mark.parametrize("n_maps", [1, 3, 8, 16, 31])
@pytest.mark.parametrize("spelling", RELUS)
def test_the_derivative_at_zero_is_that_of_the_spelling(spelling, n_maps):
    """Small whole numbers: many maps are zero, and all sums are exact."""
    activate, at_zero = RELUS[spelling]
    rng = np.random.default_rng(n_maps)
    shapes = (n_maps, 3, 3, 2), (5, n_maps, 1, 2)
    first, second = (rng.integers(-1, 2, shape).astype("float32") for shape in shapes)
    x, filters = T.tensor4("x"), theano.shared(first)
    z = T.nnet.conv2d(x, filters, filter_flip=False)
    y = T.nnet.conv2d(activate(z), theano.shared(second), filter_flip=False)
    cost = T.sum(y) + 2 * T.sum(y[:, :, :2])
    gradients = theano.grad(cost, [x, filters])
    fused = theano.function([x], [y, *gradients])
    ops = [n.op for n in nodes_of(fused) if isinstance(n.op, onednn.Convolution)]
    assert sum(op.relu for op in ops) == 1 and at_zero in {op.at_zero for op in ops}
    plain = theano.function([x], [z, y, *gradients], mode=without_onednn())
    images = rng.integers(-1, 2, (2, 3, 6, 9)).astype("float32")
    maps, *expected = plain(images)
    assert 0.02 < np.mean(maps == 0)
    for ours, theirs in zip(fused(images), expected):
        np.testing.assert_array_equal(ours, theirs)


def test_a_layer_of_zeros_begins_to_learn():
    """The derivative of T.maximum(z, 0) at zero is 1."""
    x = T.tensor4("x")
    filters = [theano.shared(np.full((2, 2, 1, 1), v, "float32")) for v in (0, 1)]
    maps = T.maximum(T.nnet.conv2d(x, filters[0]), 0)
    cost = T.sum(T.nnet.conv2d(maps, filters[1]))
    gradient = theano.function([x], theano.grad(cost, filters[0]))
    np.testing.assert_array_equal(
        gradient(np.ones((1, 2, 3, 3), "float32")), np.full((2, 2, 1, 1), 18)
    )


def test_a_slope_for_all_maps_leaves_other_sums_alone():
    rng = np.random.default_rng(0)
    x, g, a = T.tensor4("x"), T.tensor4("g"), theano.shared(np.float32([0.25]))
    z = T.nnet.conv2d(x, theano.shared(draw(rng, 4, 3, 3, 3)), filter_flip=False)
    spread = T.addbroadcast(a, 0).dimshuffle("x", 0, "x", "x")
    y = T.switch(z <= 0, spread * z, z)
    per_map = T.sum(T.switch(z <= 0, z * g, 0), (0, 2, 3))
    results = [y, per_map, *theano.grad(T.sum(y * g), [x, a])]
    fused, plain = (
        theano.function([x, g], results, mode=mode) for mode in (None, without_onednn())
    )
    upstream = draw(rng, 3, 4, 5, 4)
    for ours, theirs in zip(fused(IMAGES, upstream), plain(IMAGES, upstream)):
        assert_close(np.asarray(ours), np.asarray(theirs))


def test_no_image_at_all():
    x, output, params = layers(SPELLINGS["T.switch(z <= 0, a * z, z)"])
    cost = T.sum(T.sqr(output))
    fused = theano.function([x], [output, *theano.grad(cost, [x, *params])])
    maps, *gradients = fused(IMAGES[:0])
    assert maps.shape == (0, 2, 7, 6)
    assert not any(np.any(gradient) for gradient in gradients)


def test_sums_without_convolutions_are_left_to_theano():
    x = T.tensor4("x")
    function = theano.function([x], [x.sum(), x.mean(), x.sum((0, 2, 3))])
    assert not maps_of(function)
    python = theano.function([x], x.sum(), mode=theano.compile.Mode("py", "fast_run"))
    assert float(python(IMAGES)) == pytest.approx(float(IMAGES.sum()), rel=1e-5)
