"""Ops through XLA give what Theano's own Python code, or NumPy, gives."""

import itertools
import re
from importlib import import_module

import numpy as np
import pytest

from srcnn_theano.backend import T, compile_function, default_device, theano
from srcnn_theano.backend.devices import device_mode
from srcnn_theano.backend.internals import linked

# With SRCNN_DEVICE=gpu these are tests of a graphics card.
DEVICE = "gpu" if default_device() == "gpu" else "xla"
RNG = np.random.RandomState(0)


def floats(*shape, low=-2.0, high=2.0, dtype="float32"):
    return RNG.uniform(low, high, shape).astype(dtype)


def integers(*shape, high=4, dtype="int64"):
    return RNG.randint(0, high, shape).astype(dtype)


def by_python(inputs, outputs, arrays):
    mode = theano.compile.Mode(linker="py", optimizer=None)
    return theano.function(inputs, outputs, mode=mode, on_unused_input="ignore")(
        *arrays
    )


def by_xla(inputs, outputs, arrays):
    function = compile_function(
        inputs, outputs, device_mode(DEVICE), on_unused_input="ignore"
    )
    return function(*arrays)


def variables(arrays):
    return [T.TensorType(array.dtype, (False,) * array.ndim)() for array in arrays]


def assert_same(build, *arrays, rtol=1e-5):
    """What `build` makes of the arrays is the same by Python and by XLA."""
    inputs = variables(arrays)
    outputs = build(*inputs)
    outputs = list(outputs) if isinstance(outputs, (list, tuple)) else [outputs]
    expected = by_python(inputs, outputs, arrays)
    found = by_xla(inputs, outputs, arrays)
    for one, other in zip(found, expected):
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        np.testing.assert_allclose(one, other, rtol=rtol, atol=rtol)


POSITIVE = {"log", "log2", "log10", "log1p", "sqrt", "gammaln", "psi", "arccosh"}
BOUNDED = {"arccos", "arcsin", "arctanh", "erfinv"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    "name",
    """abs arccos arccosh arcsin arcsinh arctan arctanh ceil cos cosh deg2rad erf erfc
    erfinv exp exp2 expm1 floor gammaln inv isinf isnan log log10 log1p log2 neg psi
    rad2deg sgn sin sinh sqr sqrt tan tanh trunc""".split(),
)
def test_functions_of_one_number(name, dtype):
    low, high = -2.5, 2.5
    if name in POSITIVE:
        low, high = 1.1, 4.0
    if name in BOUNDED:
        low, high = -0.9, 0.9
    # Theano's names; Aesara calls the reciprocal by its whole one.
    names = name, name + "_", {"inv": "reciprocal"}.get(name)
    function = next(getattr(T, n) for n in names if hasattr(T, n))
    assert_same(function, floats(3, 4, low=low, high=high, dtype=dtype), rtol=2e-5)


def test_rounding():
    numbers = np.array([-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, 0.49, -0.51], "float32")
    assert_same(lambda x: T.round(x, mode="half_to_even"), numbers)
    assert_same(lambda x: T.round(x, mode="half_away_from_zero"), numbers)


@pytest.mark.parametrize(
    "function",
    [
        lambda x, y: x + y,
        lambda x, y: x - y,
        lambda x, y: x * y,
        lambda x, y: x / y,
        lambda x, y: x // y,
        lambda x, y: x % y,
        lambda x, y: T.maximum(x, y),
        lambda x, y: T.minimum(x, y),
        lambda x, y: T.lt(x, y),
        lambda x, y: T.le(x, y),
        lambda x, y: T.gt(x, y),
        lambda x, y: T.ge(x, y),
        lambda x, y: T.eq(x, y),
        lambda x, y: T.neq(x, y),
        lambda x, y: T.switch(T.gt(x, y), x, y),
        lambda x, y: T.second(x, y),
        lambda x, y: T.clip(x, -1, y),
    ],
)
@pytest.mark.parametrize(
    "dtypes",
    [
        ("float32", "float32"),
        ("float64", "float32"),
        ("int64", "int32"),
        ("int8", "float32"),
    ],
)
def test_functions_of_two_numbers(function, dtypes):
    x, y = (
        floats(3, 4, low=1, high=9, dtype=dtype) * (-1) ** i
        for i, dtype in enumerate(dtypes)
    )
    y[0] = x[0].astype(dtypes[1])
    assert_same(function, x, y)


def test_powers_angles_bits_and_casts():
    assert_same(T.power, floats(5, low=0.5), floats(5))
    assert_same(T.arctan2, floats(6), floats(6))
    bits = integers(8, high=2).astype("int8"), integers(8, high=2).astype("int8")
    assert_same(lambda a, b: [a & b, a | b, a ^ b, ~a], *bits)
    assert_same(
        lambda a, b: [T.and_(T.gt(a, 0), T.gt(b, 0)), T.or_(T.eq(a, 1), T.eq(b, 1))],
        *bits,
    )
    numbers = floats(7, low=-5, high=5)
    assert_same(
        lambda x: [T.cast(x, kind) for kind in ("int32", "int8", "float64", "bool")],
        numbers,
    )


def test_sigmoids():
    # Theano has them in nnet, Aesara among the other functions of one number.
    for name in ("sigmoid", "softplus"):
        function = getattr(T, name, None) or getattr(T.nnet, name)
        assert_same(function, floats(9, low=-9, high=9))


@pytest.mark.parametrize(
    "build, rectifies",
    [
        (lambda x, y: T.switch(x <= 0, 0, x), True),
        (lambda x, y: T.switch(x <= 0, 0, y), False),
        (lambda x, y: T.switch(x <= 0, 1, x), False),
        (lambda x, y: T.switch(x <= 1, 0, x), False),
        (lambda x, y: T.switch(x <= 0, x, 0), False),
        (lambda x, y: T.switch(x < y, 0, x), False),
    ],
)
def test_rectifiers(build, rectifies):
    x, y = floats(3, 4), floats(3, 4)
    x[0] = [np.nan, 0, -0.0, np.inf]
    assert_same(build, x, y)
    inputs = variables([x, y])
    function = compile_function(
        inputs, build(*inputs), device_mode(DEVICE), on_unused_input="ignore"
    )
    given, _ = linked(function).texts(x, y)
    assert ("stablehlo.maximum" in given) is rectifies


def test_several_scalar_operations_in_one():
    from srcnn_theano.backend.internals import Composite, Elemwise

    scalar = import_module(theano.__name__ + ".scalar")
    x, y = scalar.float32("x"), scalar.float32("y")
    op = Elemwise(Composite([x, y], [x * y + scalar.exp(x)]))
    assert_same(op, floats(3, 4), floats(3, 4))


@pytest.mark.parametrize("axis", [None, 0, 1, (0, 2), (1, 2)])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_reductions(axis, dtype):
    x = floats(3, 4, 5, low=-3, high=3, dtype=dtype)
    assert_same(
        lambda x: [
            T.sum(x, axis=axis),
            T.prod(T.cast(x, "float64"), axis=axis),
            T.max(x, axis=axis),
            T.min(x, axis=axis),
            T.mean(x, axis=axis),
            T.var(T.cast(x, "float64"), axis=axis),
            T.all(T.gt(x, -1), axis=axis),
            T.any(T.gt(x, 1), axis=axis),
        ],
        x,
    )


def test_float32_is_added_up_in_float64():
    """As Theano does: a sum in float32 would lose all the small numbers."""
    x = np.ones(2**16, "float32")
    x[0] = 2.0**30
    total = by_xla(*(lambda v: ([v], T.sum(v)))(T.fvector()), [x])
    assert float(total) == np.float32(2.0**30 + 2**16 - 1)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_positions_sorting_and_running_sums(axis):
    x = floats(3, 4, 5)
    assert_same(
        lambda x: [
            T.argmax(x, axis=axis),
            *T.max_and_argmax(x, axis=axis),
            T.sort(x, axis),
            T.argsort(x, axis),
            T.extra_ops.cumsum(x, axis),
            T.extra_ops.cumprod(x, axis),
            T.extra_ops.repeat(x, 3, axis),
        ],
        x,
    )


def test_the_largest_of_all():
    assert_same(lambda x: [T.argmax(x), T.argmax(x, axis=(0, 2))], floats(3, 4, 5))


def test_shapes():
    x = floats(3, 4, 5)
    assert_same(
        lambda x: [
            x.shape,
            x.reshape((4, 15)),
            x.reshape((x.shape[2], -1)),
            x.flatten(2),
            x.dimshuffle(2, "x", 0, 1),
            x.T,
            T.zeros_like(x),
            T.ones((x.shape[0], 2)),
            T.alloc(x[0, 0, 0], 2, x.shape[1]),
            T.eye(x.shape[0]),
            T.arange(x.shape[1]),
            T.tile(x[0], (2, 3)),
        ],
        x,
    )


def test_joining_and_splitting():
    x, y = floats(3, 4), floats(2, 4)
    assert_same(
        lambda x, y: [
            T.concatenate([x, y], axis=0),
            T.concatenate([x, T.cast(x, "float64")], axis=1),
            T.stack([x[0], y[1]]),
            *T.split(x, [1, 3], 2, axis=1),
        ],
        x,
        y,
    )


INDICES = [
    lambda i: (1,),
    lambda i: (-1, slice(None)),
    lambda i: (slice(None, None, -1),),
    lambda i: (slice(1, -1), slice(None, None, 2)),
    lambda i: (i,),
    lambda i: (slice(None), i, 1),
    lambda i: (slice(i, i + 2),),
    lambda i: (slice(i, 3 * i - 2 * i + 1), slice(None), i - 1),
    lambda i: (slice(2 * i, 2 * (i + 1)), slice(1, 3)),
    lambda i: (-i,),
]


@pytest.mark.parametrize("index", INDICES)
def test_basic_indexing(index):
    x = floats(6, 4, 5)
    i = np.array(2)

    def build(x, i):
        part = x[index(i)]
        return [part, T.inc_subtensor(part, 2.0), T.set_subtensor(part, 7.0)]

    assert_same(build, x, i)


def test_indices_of_one_type_are_scaled_in_another():
    assert_same(lambda x, i: x[T.cast(i, "int64") * 2], floats(9), np.array(3, "int32"))


def test_indexing_by_arrays():
    x, rows, cols = floats(6, 5), integers(4), integers(4)
    assert_same(
        lambda x, r, c: [
            x[r],
            x[r, c],
            x[:, c],
            T.inc_subtensor(x[r], 1.5),
            T.set_subtensor(x[r, c], 0.5),
            T.inc_subtensor(x[r, c], 0.5),
        ],
        x,
        rows,
        cols,
    )


def test_products():
    a, b, v = floats(3, 4), floats(4, 5), floats(4)
    assert_same(
        lambda a, b, v: [T.dot(a, b), T.dot(a, v), T.dot(v, b), T.dot(v, v)], a, b, v
    )
    assert_same(T.batched_dot, floats(2, 3, 4), floats(2, 4, 5))
    assert_same(lambda a, b: T.dot(a, b), floats(3, 4), floats(4, 2, dtype="float64"))


def test_gradients_of_a_softmax_layer():
    x, W, b = floats(7, 4), floats(4, 3), floats(3)
    labels = integers(7, high=3)

    def build(x, W, b, labels):
        p = T.nnet.softmax(T.dot(x, W) + b)
        cost = T.mean(T.nnet.categorical_crossentropy(p, labels))
        longhand = -T.mean(T.log(p)[T.arange(labels.shape[0]), labels])
        return [p, cost, longhand, *T.grad(cost, [W, b]), *T.grad(longhand, [W, b])]

    assert_same(build, x, W, b, labels)


# Convolutions: a loop of NumPy's for the maps, the adjoint for the gradients.

GEOMETRIES = [
    dict(zip(("border_mode", "subsample", "filter_dilation", "num_groups"), values))
    for values in itertools.product(
        ["valid", "half", "full", (1, 2), ((0, 1), (2, 1))],
        [(1, 1), (2, 3)],
        [(1, 1), (2, 1)],
        [1, 2],
    )
]


def padding(border, lengths):
    if border == "valid":
        return ((0, 0), (0, 0))
    if border == "half":
        return tuple((n // 2, n // 2) for n in lengths)
    if border == "full":
        return tuple((n - 1, n - 1) for n in lengths)
    return tuple(tuple(np.broadcast_to(pad, 2)) for pad in border)


def correlate(x, w, border_mode, subsample, filter_dilation, num_groups):
    rows, cols = ((n - 1) * step + 1 for n, step in zip(w.shape[2:], filter_dilation))
    x = np.pad(x, ((0, 0), (0, 0)) + padding(border_mode, (rows, cols)))
    n_out, n_in = w.shape[:2]
    out = np.zeros(
        (len(x), n_out)
        + tuple(
            (n - k) // s + 1 for n, k, s in zip(x.shape[2:], (rows, cols), subsample)
        )
    )
    for o, i, j in itertools.product(range(n_out), *map(range, out.shape[2:])):
        group = o // (n_out // num_groups)
        top, left = i * subsample[0], j * subsample[1]
        window = x[
            :,
            group * n_in : (group + 1) * n_in,
            top : top + rows : filter_dilation[0],
            left : left + cols : filter_dilation[1],
        ]
        out[:, o, i, j] = (window * w[o]).sum(axis=(1, 2, 3))
    return out


@pytest.mark.parametrize("geometry", GEOMETRIES, ids=str)
def test_convolution_and_both_gradients(geometry):
    x = floats(2, 4, 9, 8, dtype="float64")
    w = floats(6, 4 // geometry["num_groups"], 3, 4, dtype="float64")
    expected = correlate(x, w, **geometry)
    g = floats(*expected.shape, dtype="float64")
    sx, sw, sg = variables([x, w, g])
    maps = T.nnet.conv2d(sx, sw, filter_flip=False, **geometry)
    outputs = [maps] + T.grad(None, [sx, sw], known_grads={maps: sg})
    found, to_x, to_w = by_xla([sx, sw, sg], outputs, [x, w, g])
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    # The maps are linear in x and in w: <maps, g> = <x, dx> = <w, dw>.
    np.testing.assert_allclose((x * to_x).sum(), (expected * g).sum(), rtol=1e-10)
    np.testing.assert_allclose((w * to_w).sum(), (expected * g).sum(), rtol=1e-10)
    # And the gradients do not depend on what they are gradients at.
    other_x, other_w = floats(*x.shape, dtype="float64"), floats(*w.shape)
    np.testing.assert_allclose(
        (other_x * to_x).sum(), (correlate(other_x, w, **geometry) * g).sum(), rtol=1e-8
    )
    np.testing.assert_allclose(
        (other_w * to_w).sum(), (correlate(x, other_w, **geometry) * g).sum(), rtol=1e-8
    )


def test_flipped_filters():
    x, w = floats(1, 2, 6, 6), floats(3, 2, 3, 2)
    found = by_xla(
        *(lambda a, b: ([a, b], T.nnet.conv2d(a, b)))(*variables([x, w])), [x, w]
    )
    plain = {"border_mode": "valid", "subsample": (1, 1), "filter_dilation": (1, 1)}
    expected = correlate(x, w[:, :, ::-1, ::-1], num_groups=1, **plain)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_gradients_of_a_stride_convolve_no_zeros():
    x, w = T.ftensor4(), T.ftensor4()
    shapes = (2, 3, 33, 33), (5, 3, 9, 9)
    y = T.nnet.conv2d(x, w, *shapes, border_mode=(2, 2), subsample=(4, 4))
    gradients = theano.grad(T.sum(y**2), [x, w])
    function = compile_function([x, w], gradients, device_mode(DEVICE))
    given, _ = linked(function).texts(*(np.zeros(shape) for shape in shapes))
    windows = re.findall(r"window = {(.*?)}", given)
    assert [window[:15] for window in windows] == ["stride = [4, 4]"] + 2 * [
        "stride = [1, 1]"
    ]
    for window in windows:
        assert "lhs_dilate = [1, 1], rhs_dilate = [1, 1]" in window


@pytest.mark.parametrize("mode", ["max", "sum", "average_inc_pad", "average_exc_pad"])
@pytest.mark.parametrize(
    "size, stride, pad, ignore_border",
    [
        ((2, 2), None, (0, 0), True),
        ((2, 2), None, (0, 0), False),
        ((3, 2), (2, 1), (0, 0), True),
        ((3, 3), (2, 2), (0, 0), False),
        ((3, 3), (2, 2), (1, 1), True),
        ((2, 3), (3, 3), (0, 0), False),
    ],
)
def test_pooling_and_its_gradient(mode, size, stride, pad, ignore_border):
    if mode == "sum" and pad != (0, 0):
        pytest.skip("Theano has no padded sums")
    # Few different numbers: a window has its largest more than once.
    x = integers(2, 3, 7, 8, high=3).astype("float32")
    sx = T.ftensor4()
    y = T.signal.pool.pool_2d(
        sx, size, stride=stride, pad=pad, ignore_border=ignore_border, mode=mode
    )
    g = T.ftensor4()
    outputs = [y, T.grad(None, sx, known_grads={y: g})]
    strides = stride or size
    n_out = [
        (n + 2 * p - k) // s + 1 if ignore_border else -(-max(n - k, 0) // s) + 1
        for n, k, s, p in zip(x.shape[2:], size, strides, pad)
    ]
    gradient = floats(2, 3, *n_out)
    pooled, to_x = by_xla([sx, g], outputs, [x, gradient])
    expected, expected_to_x = pool(x, gradient, mode, size, strides, pad)
    np.testing.assert_allclose(pooled, expected, rtol=1e-6)
    np.testing.assert_allclose(to_x, expected_to_x, rtol=1e-5, atol=1e-6)


def pool(x, gradient, mode, size, strides, pad):
    """Window by window, with the gradient; a window ends where the array ends."""
    shown = np.pad(np.ones(x.shape), ((0, 0), (0, 0)) + tuple((p, p) for p in pad))
    x = np.pad(x, ((0, 0), (0, 0)) + tuple((p, p) for p in pad))
    result, to_x = np.zeros(gradient.shape), np.zeros(x.shape)
    for i, j in itertools.product(*map(range, gradient.shape[2:])):
        place = (slice(None), slice(None)) + tuple(
            slice(k * s, k * s + n) for k, s, n in zip((i, j), strides, size)
        )
        window, inside = x[place], shown[place]
        if mode == "max":
            window = np.where(inside > 0, window, -np.inf)
            result[:, :, i, j] = window.max(axis=(2, 3))
            share = window == result[:, :, i : i + 1, j : j + 1]
        elif mode == "sum":
            result[:, :, i, j], share = window.sum(axis=(2, 3)), 1
        else:
            counted = np.ones_like(inside) if mode.endswith("inc_pad") else inside
            share = counted / counted.sum(axis=(2, 3), keepdims=True)
            result[:, :, i, j] = (share * window).sum(axis=(2, 3))
        to_x[place] += share * gradient[:, :, i : i + 1, j : j + 1]
    rows, cols = (slice(p, n - p) for p, n in zip(pad, x.shape[2:]))
    return result, to_x[:, :, rows, cols]


def test_random_streams():
    name = theano.__name__ + ".tensor.random.utils"
    stream = import_module(name).RandomStream(seed=3)
    outputs = [
        stream.uniform(-1, 3, size=(200, 100)),
        stream.normal(2.0, 0.5, size=(200, 100)),
        stream.bernoulli(0.25, size=(200, 100)),
    ]
    draw = compile_function([], outputs, device_mode(DEVICE))
    (uniform, normal, bernoulli), second = draw(), draw()
    assert uniform.min() >= -1 and uniform.max() <= 3
    np.testing.assert_allclose(uniform.mean(), 1, atol=0.05)
    np.testing.assert_allclose([normal.mean(), normal.std()], [2, 0.5], atol=0.02)
    assert set(np.unique(bernoulli)) == {0, 1}
    np.testing.assert_allclose(bernoulli.mean(), 0.25, atol=0.02)
    assert not np.array_equal(uniform, second[0])
