import itertools

import numpy as np
import pytest
from scipy.signal import convolve

from srcnn_theano.backend import T, compile_function, theano
from srcnn_theano.layers.convolution import ConvLayer
from srcnn_theano.layers.deconvolution import (
    DeconvLayer,
    FullBorderDeconvLayer,
)

BATCH, N_IN, N_OUT, ROWS, COLS = 2, 3, 2, 5, 4

KERNELS = [(1, 1), (3, 3), (4, 4), (9, 9), (2, 5), (6, 3)]
# As given, and as ((top, bottom), (left, right)); negative: zeros appended.
CROPS = [
    (0, ((0, 0), (0, 0))),
    (1, ((1, 1), (1, 1))),
    ((0, 2), ((0, 2), (0, 2))),
    ((1, -1), ((1, -1), (1, -1))),
    (((2, 0), (0, 1)), ((2, 0), (0, 1))),
    (((0, -2), (1, 3)), ((0, -2), (1, 3))),
]


def fits(stride, kernel, crop):
    """Every crop begins within the first stamp, and appends less than a stride."""
    lengths = [
        stride * (n - 1) + k - sum(pair)
        for n, k, pair in zip((ROWS, COLS), kernel, crop)
    ]
    return min(lengths) > 0 and all(
        before < k and -after < stride for (before, after), k in zip(crop, kernel)
    )


GEOMETRIES = [
    (stride, kernel, crop)
    for stride, kernel, crop in itertools.product((1, 2, 3, 4), KERNELS, CROPS)
    if fits(stride, kernel, crop[1])
]


def stamp_oracle(images, filters, bias, stride, crop):
    """Stamp by stamp onto a canvas with room to spare, then the part asked for."""
    (top, bottom), (left, right) = crop
    rows, cols = (
        stride * (n - 1) + k for n, k in zip(images.shape[2:], filters.shape[2:])
    )
    canvas = np.zeros((len(images), filters.shape[1], rows + 9, cols + 9))
    for n, c, i, j in np.ndindex(images.shape):
        y, x = stride * i, stride * j
        part = canvas[n, :, y : y + filters.shape[2], x : x + filters.shape[3]]
        part += images[n, c, i, j] * filters[c]
    canvas += np.reshape(bias, (-1, 1, 1))
    return canvas[:, :, top : rows - bottom, left : cols - right]


@pytest.fixture
def rng():
    return np.random.RandomState(7)


def draw(rng, kernel):
    """Images, filters and biases, float32."""
    shapes = (BATCH, N_IN, ROWS, COLS), (N_IN, N_OUT) + kernel, (N_OUT,)
    return [rng.normal(size=shape).astype("float32") for shape in shapes]


def evaluate(layer, images, mode=None):
    return compile_function([layer.input], layer.output, mode=mode)(images)


def without_onednn():
    return theano.compile.get_default_mode().excluding("conv_onednn")


# --- Against the stamps ---


@pytest.mark.parametrize("known", [True, False])
# Every second one with known sizes, the others with symbolic ones.
@pytest.mark.parametrize("number", range(0, len(GEOMETRIES), 2))
def test_output_is_made_of_stamps(rng, number, known):
    stride, kernel, (given, crop) = GEOMETRIES[(number + known) % len(GEOMETRIES)]
    images, W, b = draw(rng, kernel)
    shape = images.shape if known else (None, N_IN, None, None)
    layer = DeconvLayer(
        None, T.tensor4("x"), shape, W.shape, stride=stride, crop=given, W=W, b=b
    )

    result = evaluate(layer, images)

    assert result.dtype == np.float32
    expected = stamp_oracle(images, W, b, stride, crop)
    assert result.shape == expected.shape
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)
    if known:
        assert layer.output_shape == result.shape
    else:
        assert layer.output_shape == (None, N_OUT, None, None)


@pytest.mark.parametrize(
    "stride, kernel, crop",
    [(1, 3, 1), (2, 4, (1, 2)), (3, 9, (4, -2)), (4, 9, (2, 3)), (4, 2, (0, -3))],
)
def test_onednn_and_theano_s_own_agree(rng, stride, kernel, crop):
    images, W, b = draw(rng, (kernel, kernel))
    for shape in (images.shape, (None, N_IN, None, None)):
        layer = DeconvLayer(
            None, T.tensor4("x"), shape, W.shape, stride=stride, crop=crop, W=W, b=b
        )
        usual, own = (
            theano.function([layer.input], layer.output, mode=mode)(images)
            for mode in (None, without_onednn())
        )
        assert usual.shape == own.shape
        np.testing.assert_allclose(usual, own, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_it_is_a_convolution_of_the_input_with_zeros_between_its_pixels(rng, stride):
    images, W, b = draw(rng, (4, 3))
    rows, cols = stride * (ROWS - 1) + 1, stride * (COLS - 1) + 1
    spread = np.zeros((BATCH, N_IN, rows, cols))
    spread[:, :, ::stride, ::stride] = images
    expected = [
        [
            b[k] + sum(convolve(image[c], W[c, k], mode="full") for c in range(N_IN))
            for k in range(N_OUT)
        ]
        for image in spread
    ]
    layer = DeconvLayer(
        None, T.tensor4("x"), images.shape, W.shape, stride=stride, W=W, b=b
    )
    result = evaluate(layer, images)
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(
    "stride, kernel, crop, appended",
    [
        (1, 3, 1, 0),
        (2, 9, 4, 1),
        (3, 9, 3, 0),
        (3, 9, 4, 2),
        (4, 9, 2, 0),
        (4, 8, 4, 3),
    ],
)
def test_it_is_theano_s_conv2d_transpose(rng, stride, kernel, crop, appended):
    images, W, b = draw(rng, (kernel, kernel))
    layer = DeconvLayer(
        None,
        T.tensor4("x"),
        images.shape,
        W.shape,
        stride=stride,
        crop=(crop, crop - appended),
        W=W,
        b=np.zeros(N_OUT),
    )
    theirs = T.nnet.conv2d_transpose(
        layer.input,
        layer.W,
        output_shape=layer.output_shape,
        border_mode=(crop, crop),
        input_dilation=(stride, stride),
        filter_flip=False,
    )
    ours, theirs = compile_function([layer.input], [layer.output, theirs])(images)
    np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "stride, kernel, crop, appended",
    [
        (1, 4, 2, 0),
        (2, 3, 0, 1),
        (2, 9, 4, 0),
        (3, 5, 1, 2),
        (4, 9, 2, 0),
        (4, 4, 3, 3),
    ],
)
def test_it_is_the_adjoint_of_the_convolution(rng, stride, kernel, crop, appended):
    """<conv(u), v> = <u, deconv(v)>"""
    v, W, _ = draw(rng, (kernel, kernel))
    layer = DeconvLayer(
        None,
        T.tensor4("v"),
        v.shape,
        W.shape,
        stride=stride,
        crop=(crop, crop - appended),
        W=W,
    )
    u = rng.normal(size=layer.output_shape).astype("float32")
    image = T.tensor4("u")
    convolved = T.nnet.conv2d(
        image,
        layer.W,
        border_mode=(crop, crop),
        subsample=(stride, stride),
        filter_flip=False,
    )
    conv_u = compile_function([image], convolved)(u)
    assert conv_u.shape == v.shape
    left, right = np.vdot(conv_u, v), np.vdot(u, evaluate(layer, v))
    assert left == pytest.approx(right, rel=1e-4, abs=1e-3)


def test_it_is_the_adjoint_of_the_convolution_layer(rng):
    v, W, _ = draw(rng, (3, 3))
    layer = DeconvLayer(None, T.tensor4("v"), v.shape, W.shape, W=W)
    u = rng.normal(size=layer.output_shape).astype("float32")
    conv = ConvLayer(None, T.tensor4("u"), u.shape, W.shape, W=layer.W)
    left, right = np.vdot(evaluate(conv, u), v), np.vdot(u, evaluate(layer, v))
    assert left == pytest.approx(right, rel=1e-4, abs=1e-3)


@pytest.mark.parametrize(
    "stride, kernel, crop",
    [(1, (3, 2), 1), (2, (4, 3), (1, 2)), (3, (5, 5), (2, -1)), (4, (3, 9), (0, -3))],
)
def test_gradients(rng, verify_layer_gradient, stride, kernel, crop):
    verify_layer_gradient(
        lambda x: DeconvLayer(
            np.random.RandomState(1),
            x,
            (2, 2, 3, 2),
            (2, 3) + kernel,
            stride=stride,
            crop=crop,
            W=lambda rng, shape: rng.normal(size=shape),
            b=[0.1, -0.2, 0.3],
        ),
        rng.normal(size=(2, 2, 3, 2)),
    )


def test_gradients_with_symbolic_sizes(rng, verify_layer_gradient):
    verify_layer_gradient(
        lambda x: DeconvLayer(
            np.random.RandomState(1),
            x,
            (None, 2, None, None),
            (2, 1, 5, 4),
            stride=2,
            crop=(2, -1),
            W=lambda rng, shape: rng.normal(size=shape),
        ),
        rng.normal(size=(2, 2, 3, 2)),
    )


# --- Sizes ---


@pytest.mark.parametrize(
    "length, after", [(33, 2), (32, 3), (35, 0), (37, -2), (38, -3)]
)
def test_output_size_decides_what_is_cut_or_appended_after(rng, length, after):
    images = rng.normal(size=(1, 1, 8, 8)).astype("float32")
    W, b = rng.normal(size=(1, 1, 9, 9)).astype("float32"), np.float32([0.5])
    layer = DeconvLayer(
        None,
        T.tensor4("x"),
        images.shape,
        W.shape,
        stride=4,
        crop=2,
        output_size=(length, 33),
        W=W,
        b=b,
    )
    result = evaluate(layer, images)
    assert layer.output_shape == result.shape == (1, 1, length, 33)
    expected = stamp_oracle(images, W, b, 4, ((2, after), (2, 2)))
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)
    if after < 0:  # nothing but the bias
        np.testing.assert_array_equal(result[:, :, after:], 0.5)


@pytest.mark.parametrize(
    "stride, crop, length", [(4, 2, 33), (4, (4, 1), 32), (3, 3, 24), (3, (4, 2), 24)]
)
def test_sizes_of_the_papers(rng, stride, crop, length):
    layer = DeconvLayer(
        rng, T.tensor4(), (20, 56, 8, 8), (56, 3, 9, 9), stride=stride, crop=crop
    )
    assert layer.output_shape == (20, 3, length, length)


def test_only_unknown_lengths_are_unknown_in_the_output_shape(rng):
    layer = DeconvLayer(
        rng, T.tensor4(), (None, 3, 8, None), (3, 1, 9, 9), stride=4, crop=(2, 3)
    )
    assert layer.output_shape == (None, 1, 32, None)
    images = rng.normal(size=(2, 3, 8, 5)).astype("float32")
    assert evaluate(layer, images).shape == (2, 1, 32, 20)


# --- The naive variant ---


@pytest.mark.parametrize(
    "kernel, crop",
    list(
        itertools.product(
            [(3, 3), (4, 4), (3, 5), (26, 26)], [0, 1, (0, 2), ((1, 0), (0, 1))]
        )
    )
    + [((1, 1), 0), ((2, 5), 1)],
)
@pytest.mark.parametrize("known", [True, False])
def test_full_border_stamps_one_pixel_apart(rng, kernel, crop, known):
    images, W, b = draw(rng, kernel)
    shape = images.shape if known else (None, N_IN, None, None)
    x = T.tensor4("x")
    naive = FullBorderDeconvLayer(
        None, x, shape, W.shape, stride=4, crop=crop, W=W, b=b
    )
    ones = DeconvLayer(None, x, shape, W.shape, crop=crop, W=naive.W, b=naive.b)
    ours, theirs = compile_function([x], [naive.output, ones.output])(images)
    assert naive.output_shape == ones.output_shape
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-4)
    expected = stamp_oracle(images, W, b, 1, naive.crop)
    np.testing.assert_allclose(ours, expected, rtol=1e-4, atol=1e-4)


def test_full_border_without_onednn(rng):
    images, W, b = draw(rng, (4, 6))
    layer = FullBorderDeconvLayer(
        None, T.tensor4("x"), images.shape, W.shape, crop=(1, 2), W=W, b=b
    )
    result = evaluate(layer, images, without_onednn())
    expected = stamp_oracle(images, W, b, 1, ((1, 2), (1, 2)))
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)


def test_full_border_needs_26x26_filters_for_8_to_33(rng):
    def layer(kernel, **more):
        return FullBorderDeconvLayer(
            rng,
            T.tensor4(),
            (20, 56, 8, 8),
            (56, 3, kernel, kernel),
            stride=4,
            output_size=(33, 33),
            name="up",
            **more,
        )

    assert layer(26).output_shape == (20, 3, 33, 33)
    assert layer(30, crop=2).output_shape == (20, 3, 33, 33)
    for kernel in (9, 25, 27, 40):
        with pytest.raises(ValueError, match="up: .*must be 26 long"):
            layer(kernel)
    with pytest.raises(ValueError, match="up: .*must be 30 long"):
        layer(26, crop=2)


def test_full_border_weighs_as_protocols_say(rng):
    # 113,568 weights against 13,608 of the deconvolution.
    def n_weights(layer, kernel):
        made = layer(rng, T.tensor4(), (20, 56, 8, 8), (56, 3, kernel, kernel), 4)
        return made.W.get_value().size

    assert n_weights(FullBorderDeconvLayer, 26) == 113568
    assert n_weights(DeconvLayer, 9) == 13608


def test_gradients_of_full_border(rng, verify_layer_gradient):
    verify_layer_gradient(
        lambda x: FullBorderDeconvLayer(
            np.random.RandomState(1),
            x,
            (2, 2, 3, 2),
            (2, 3, 4, 3),
            crop=(1, 0),
            W=lambda rng, shape: rng.normal(size=shape),
            b=[0.1, -0.2, 0.3],
        ),
        rng.normal(size=(2, 2, 3, 2)),
    )
