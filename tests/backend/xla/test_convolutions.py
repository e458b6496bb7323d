"""Convolutions and pooling through XLA give what loops in NumPy give."""

import itertools
import re

import numpy as np
import pytest

from srcnn_theano.backend import T, compile_function, default_device, theano
from srcnn_theano.backend.devices import device_mode
from srcnn_theano.backend.internals import linked

# With SRCNN_DEVICE=gpu these are tests of a graphics card.
MODE = device_mode("gpu" if default_device() == "gpu" else "xla")
RNG = np.random.RandomState(0)


def floats(*shape, dtype="float32"):
    return RNG.uniform(-2, 2, shape).astype(dtype)


def variables(arrays):
    return [T.TensorType(array.dtype, (False,) * array.ndim)() for array in arrays]


def by_xla(inputs, outputs, arrays):
    return compile_function(inputs, outputs, MODE)(*arrays)


# --- Convolutions: a loop in NumPy for the maps, the adjoint for the gradients ---

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
    sx, sw = variables([x, w])
    maps = by_xla([sx, sw], T.nnet.conv2d(sx, sw), [x, w])
    plain = {"border_mode": "valid", "subsample": (1, 1), "filter_dilation": (1, 1)}
    expected = correlate(x, w[:, :, ::-1, ::-1], num_groups=1, **plain)
    np.testing.assert_allclose(maps, expected, rtol=1e-5)


def test_gradients_of_a_stride_convolve_no_zeros():
    x, w = T.ftensor4(), T.ftensor4()
    shapes = (2, 3, 33, 33), (5, 3, 9, 9)
    y = T.nnet.conv2d(x, w, *shapes, border_mode=(2, 2), subsample=(4, 4))
    gradients = theano.grad(T.sum(y**2), [x, w])
    function = compile_function([x, w], gradients, MODE)
    given, _ = linked(function).texts(*(np.zeros(shape) for shape in shapes))
    windows = re.findall(r"window = {(.*?)}", given)
    assert [window[:15] for window in windows] == ["stride = [4, 4]"] + 2 * [
        "stride = [1, 1]"
    ]
    for window in windows:
        assert "lhs_dilate = [1, 1], rhs_dilate = [1, 1]" in window


# --- Pooling ---


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
    x = RNG.randint(0, 3, (2, 3, 7, 8)).astype("float32")
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
