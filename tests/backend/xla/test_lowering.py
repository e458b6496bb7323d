"""Ops through XLA give what Theano's own Python code, or NumPy, gives."""

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


@pytest.mark.filterwarnings("error:The value of the smallest subnormal")
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


def test_eigenvectors_now_and_then():
    x = floats(4, 4)

    def build(x, due):
        values, vectors = T.nlinalg.eigh(T.dot(x, x.T))
        # Whatever their signs are.
        return theano.ifelse.ifelse(T.gt(due, 0), [values, vectors**2], [x[0], x])

    for due in (0, 1):
        assert_same(build, x, np.float32(due), rtol=1e-4)
