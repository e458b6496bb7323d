"""Repeated pixels that are convolved, against stamps of repeated pixels in NumPy."""

import numpy as np
import pytest

from srcnn_theano.backend import T, compile_function
from srcnn_theano.layers.deconvolution import ResizeConvLayer
from srcnn_theano.layers.lengths import resized_halo
from srcnn_theano.models.fsrcnn import FSRCNN
from srcnn_theano.models.options import FSRCNNOptions


def stamped(images, W, stride, crop):
    """Each repeated pixel leaves the filter where it is; the rest is cut off."""
    images = images.repeat(stride, axis=2).repeat(stride, axis=3).astype(float)
    n, _, rows, cols = images.shape
    _, n_out, k_rows, k_cols = W.shape
    output = np.zeros((n, n_out, rows + k_rows - 1, cols + k_cols - 1))
    for row in range(rows):
        for col in range(cols):
            marks = np.einsum("nc,ckuv->nkuv", images[:, :, row, col], W)
            output[:, :, row : row + k_rows, col : col + k_cols] += marks
    before, after = crop
    last_row, last_col = (length - after for length in output.shape[2:])
    return output[:, :, before:last_row, before:last_col]


@pytest.mark.parametrize("stride, kernel, crop", [(2, 3, (1, 1)), (3, 4, (0, 2))])
@pytest.mark.parametrize("known", [True, False])
def test_output_equals_stamps_of_repeated_pixels(stride, kernel, crop, known):
    rng = np.random.RandomState(stride)
    images = rng.normal(size=(2, 3, 4, 5)).astype("float32")
    W = rng.normal(size=(3, 2, kernel, kernel))
    shape = images.shape if known else (None, 3, None, None)
    x = T.tensor4("x")
    layer = ResizeConvLayer(None, x, shape, W.shape, stride, crop, W=W, b=[1.0, -2.0])
    output = compile_function([x], layer.output)(images)
    bias = np.array([1.0, -2.0]).reshape(1, 2, 1, 1)
    np.testing.assert_allclose(
        output, stamped(images, W, stride, crop) + bias, rtol=1e-4, atol=1e-4
    )
    if known:
        assert layer.output_shape == output.shape


def test_gradients(verify_layer_gradient):
    verify_layer_gradient(
        lambda x: ResizeConvLayer(
            np.random.RandomState(1), x, (1, 2, 3, 3), (2, 1, 3, 3), 2, 1, b=[0.5]
        ),
        np.random.RandomState(2).normal(size=(1, 2, 3, 3)),
    )


def test_a_flat_image_stays_flat_whatever_the_filters():
    W = np.random.RandomState(2).normal(size=(1, 1, 9, 9))
    x = T.tensor4("x")
    layer = ResizeConvLayer(None, x, (1, 1, 8, 8), W.shape, stride=4, crop=4, W=W)
    output = compile_function([x], layer.output)(np.ones((1, 1, 8, 8), "float32"))
    assert layer.output_shape == (1, 1, 32, 32)
    np.testing.assert_allclose(output[0, 0, 8:-8, 8:-8], W.sum(), rtol=1e-4)


# --- As the last layer of FSRCNN ---

SMALL = dict(channels=1, d=3, s=2, m=1, upsampling="resize")


@pytest.mark.parametrize("options", [dict(scale=3), dict(scale=4, deconv_size=4)])
def test_a_piece_of_an_image_gives_the_piece_of_the_output(options):
    rng = np.random.RandomState(0)
    model = FSRCNN(rng, T.tensor4("x"), (None, 1, None, None), **SMALL, **options)
    model.set_values(
        {k: rng.normal(size=v.shape) for k, v in model.get_values().items()}
    )
    predict = compile_function([model.input], model.output)
    inside = compile_function([model.input], model.inside)
    image = rng.rand(1, 1, 20, 20).astype("float32")
    whole, halo, scale = predict(image), model.halo, model.factor
    assert whole.shape[2:] == (20 * scale, 20 * scale)
    piece = image[:, :, 3 : 3 + 2 * halo + 2, 3 : 3 + 2 * halo + 2]
    first = (3 + halo) * scale
    expected = whole[:, :, first : first + 2 * scale, first : first + 2 * scale]
    np.testing.assert_allclose(inside(piece), expected, rtol=1e-3, atol=1e-4)


def test_lengths():
    assert resized_halo(9, 4, 4) == 1 and resized_halo(9, 3, 4) == 2
    assert FSRCNNOptions(upsampling="resize", deconv_size=9).crops == (4, 4)
    model = FSRCNN(
        np.random.RandomState(0),
        T.tensor4("x"),
        (1, 1, 8, 8),
        output_size=(33, 33),
        scale=4,
        **SMALL,
    )
    assert model.output_shape == (1, 1, 33, 33)
