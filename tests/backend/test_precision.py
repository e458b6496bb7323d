"""Convolutions in bf16, against NumPy's of numbers that were rounded by their bits."""

import os
import subprocess
import sys

import numpy as np
import pytest

from srcnn_theano.backend import T, compile_function, device_mode, onednn, theano
from srcnn_theano.errors import UserError

pytestmark = pytest.mark.skipif(
    not onednn.multiplies_bf16(), reason="no bf16 on this processor"
)


def rounded(values):
    """To the nearest number of 8 bits, ties to even: bf16, by the bits of float32."""
    bits = np.ascontiguousarray(values, dtype="float32").view("uint32")
    bits = bits + 0x7FFF + (bits >> 16 & 1)
    return (bits & 0xFFFF0000).view("float32")


def correlated(images, filters):
    """Maps by NumPy in float64, without a border."""
    length = filters.shape[2]
    windows = np.lib.stride_tricks.sliding_window_view(images, (length, length), (2, 3))
    return np.einsum("nirsab,oiab->nors", windows, filters, dtype="float64")


def draw(rng, *shape):
    return rng.standard_normal(shape).astype("float32")


def compiled(inputs, outputs, precision="bf16"):
    mode = device_mode("cpu", precision)
    return compile_function(inputs, outputs, mode=mode)


def training_step(precision="bf16"):
    """(images, filters, gradient of the maps) -> maps and the two gradients."""
    x, w, g = T.tensor4("x"), T.tensor4("w"), T.tensor4("g")
    maps = T.nnet.conv2d(x, w, filter_flip=False)
    gradients = theano.grad(T.sum(maps * g), [w, x])
    return compiled([x, w, g], [maps, *gradients], precision)


# Three maps on one side go another way (cpp/unfolded.h) than many.
@pytest.mark.parametrize("n_in, n_out, length", [(16, 24, 3), (3, 32, 5), (32, 3, 5)])
def test_factors_are_rounded_and_sums_are_not(n_in, n_out, length):
    rng = np.random.default_rng(n_in)
    x, w = draw(rng, 2, n_in, 14, 13), draw(rng, n_out, n_in, length, length)
    g = draw(rng, 2, n_out, 15 - length, 14 - length)
    maps, to_filters, to_images = training_step()(x, w, g)
    x, w, g = rounded(x), rounded(w), rounded(g)
    padded = np.pad(g, [(0, 0)] * 2 + [(length - 1, length - 1)] * 2)
    expected = {
        "maps": (maps, correlated(x, w)),
        "filters": (to_filters, filters_gradient(x, g, length)),
        "images": (to_images, correlated(padded, w.swapaxes(0, 1)[:, :, ::-1, ::-1])),
    }
    for name, (ours, exact) in expected.items():
        np.testing.assert_allclose(ours, exact, rtol=1e-4, atol=2e-4, err_msg=name)


def filters_gradient(x, g, length):
    rows, cols = g.shape[2:]
    return np.array(
        [
            [
                np.einsum("nirc,norc->oi", x[:, :, a : a + rows, b : b + cols], g)
                for b in range(length)
            ]
            for a in range(length)
        ]
    ).transpose(2, 3, 0, 1)


def test_bias_and_relu_are_of_the_sums():
    rng = np.random.default_rng(0)
    x, w, b = draw(rng, 1, 8, 9, 9), draw(rng, 16, 8, 3, 3), draw(rng, 16)
    images, filters, bias = T.tensor4("x"), T.tensor4("w"), T.vector("b")
    z = T.nnet.conv2d(images, filters, filter_flip=False)
    function = compiled(
        [images, filters, bias], T.nnet.relu(z + bias.dimshuffle("x", 0, "x", "x"))
    )
    expected = correlated(rounded(x), rounded(w)) + b.reshape(1, -1, 1, 1)
    np.testing.assert_allclose(function(x, w, b), np.maximum(expected, 0), atol=1e-4)


def test_one_channel_stays_float32():
    rng = np.random.default_rng(1)
    x, w = draw(rng, 1, 1, 12, 12), draw(rng, 16, 1, 3, 3)
    images, filters = T.tensor4("x"), T.tensor4("w")
    maps = T.nnet.conv2d(images, filters, filter_flip=False)
    ours = compiled([images, filters], maps)(x, w)
    np.testing.assert_allclose(ours, correlated(x, w), atol=1e-5)


def test_without_it_bits_are_what_they_were():
    rng = np.random.default_rng(2)
    arguments = draw(rng, 2, 8, 9, 9), draw(rng, 16, 8, 3, 3), draw(rng, 2, 16, 7, 7)
    first, again, rough = [
        [part.tobytes() for part in training_step(precision)(*arguments)]
        for precision in ("float32", "float32", "bf16")
    ]
    assert first == again
    assert all(a != b for a, b in zip(first, rough))


def test_other_devices_have_none():
    with pytest.raises(UserError, match="precision bf16: .* device xla"):
        device_mode("xla", "bf16")


@pytest.mark.parametrize(
    "variable, value, reason",
    [
        ("ONEDNN_MAX_CPU_ISA", "AVX2", "has neither AVX512-BF16 nor AMX"),
        ("SRCNN_ONEDNN", "0", "oneDNN, which is missing or switched off"),
    ],
)
def test_processors_without_it_are_told(variable, value, reason):
    code = "from srcnn_theano.backend import device_mode; device_mode('cpu', 'bf16')"
    run = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, variable: value},
        stderr=subprocess.PIPE,
        text=True,
    )
    last = run.stderr.strip().splitlines()[-1]
    assert reason in last and "use --precision float32" in last
