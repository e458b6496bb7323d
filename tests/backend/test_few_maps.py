"""Convolutions that have loops of their own, against Theano's CorrMM."""

import numpy as np
import pytest

from srcnn_theano.backend import T, onednn, theano

abstract_conv = theano.tensor.nnet.abstract_conv

pytestmark = pytest.mark.skipif(not onednn.available(), reason="no oneDNN here")

# In images, in maps, filters' size, images' size, border: these go through loops of our
# own where the maps are the last axis in memory, most of them with AVX-512 only.
FEW_MAPS = [
    (1, 56, (9, 9), (13, 20), "valid"),
    (3, 64, (9, 9), (33, 31), "valid"),
    (3, 56, (5, 5), (8, 8), "half"),
    (4, 49, (5, 5), (9, 23), ((2, 1), (0, 3))),
    (2, 100, (9, 7), (14, 11), ((0, 3), (4, 0))),
    (3, 150, (3, 4), (5, 9), (2, 3)),
    (64, 32, (1, 1), (25, 24), "valid"),
    (12, 56, (1, 1), (1, 7), "valid"),
]


def draw(rng, *shape):
    return rng.standard_normal(shape).astype("float32")


def channels_last(array):
    return np.ascontiguousarray(array.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


def both(inputs, outputs):
    """The same function twice: with oneDNN, and Theano's own."""
    without = theano.compile.get_default_mode().excluding("conv_onednn")
    theirs = theano.function(inputs, outputs, mode=without)
    assert any("Corr" in str(node.op) for node in theirs.maker.fgraph.toposort())
    return theano.function(inputs, outputs), theirs


def assert_close(ours, theirs):
    assert ours.shape == theirs.shape
    scale = np.abs(theirs).max()
    np.testing.assert_allclose(ours / scale, theirs / scale, rtol=0, atol=1e-5)


def three_directions(border, stride):
    """The maps of images, and the gradients to the filters and to the images."""
    x, w, g = T.tensor4("x"), T.tensor4("w"), T.tensor4("g")
    options = dict(border_mode=border, subsample=stride, filter_flip=False)
    maps = abstract_conv.AbstractConv2d(**options)(x, w)
    to_filters = abstract_conv.AbstractConv2d_gradWeights(**options)
    to_images = abstract_conv.AbstractConv2d_gradInputs(**options)
    gradients = [to_filters(x, g, w.shape[2:]), to_images(w, g, x.shape[2:])]
    return both([x, w, g], [maps] + gradients)


@pytest.mark.parametrize("stride", [(1, 1), (2, 3), (4, 4)])
@pytest.mark.parametrize("n_in, n_out, kernel, size, border", FEW_MAPS)
def test_all_directions(n_in, n_out, kernel, size, border, stride):
    ours, theirs = three_directions(border, stride)
    rng = np.random.default_rng(n_out)
    for batch in (1, 2, 5):
        x, w = draw(rng, batch, n_in, *size), draw(rng, n_out, n_in, *kernel)
        maps = abstract_conv.get_conv_output_shape(x.shape, w.shape, border, stride)
        g = draw(rng, *maps)
        expected = theirs(x, w, g)
        for images in (x, channels_last(x)):
            results = ours(images, w, channels_last(g))
            for our, their in zip(results, expected):
                assert_close(our, their)


def test_a_picture_that_a_deconvolution_makes_goes_on_into_a_convolution():
    rng = np.random.default_rng(0)
    x, size = T.tensor4("x"), T.lvector("size")
    up, after = draw(rng, 56, 3, 9, 9), draw(rng, 4, 3, 3, 3)
    deconvolve = abstract_conv.AbstractConv2d_gradInputs(
        border_mode=(2, 1), subsample=(4, 4), filter_flip=False
    )
    maps = T.nnet.conv2d(deconvolve(T.constant(up), x, size), after)
    ours, theirs = both([x, size], maps)
    images = channels_last(draw(rng, 3, 56, 6, 11))
    for sizes in ((25, 47), (26, 50)):
        assert_close(ours(images, sizes), theirs(images, sizes))


def test_prelu_of_images_of_one_channel():
    rng = np.random.default_rng(0)
    x, a, b = T.tensor4("x"), *(theano.shared(draw(rng, 56)) for _ in range(2))
    z = T.nnet.conv2d(x, T.constant(draw(rng, 56, 1, 5, 5)), border_mode="half")
    z = z + b.dimshuffle("x", 0, "x", "x")
    z = T.switch(z <= 0, a.dimshuffle("x", 0, "x", "x") * z, z)
    ours, theirs = both([x], T.nnet.conv2d(z, T.constant(draw(rng, 2, 56, 1, 1))))
    assert not any("Elemwise" in str(n.op) for n in ours.maker.fgraph.toposort())
    images = draw(rng, 2, 1, 9, 13)
    assert_close(ours(images), theirs(images))
    images[1, 0, 4, 12] = np.nan
    assert np.array_equal(np.isnan(ours(images)), np.isnan(theirs(images)))


def test_gradients_that_many_pixels_go_into_are_exact():
    rng = np.random.default_rng(0)
    x, w, g = T.tensor4("x"), T.tensor4("w"), T.tensor4("g")
    to_filters = abstract_conv.AbstractConv2d_gradWeights()
    function = theano.function([x, w, g], to_filters(x, g, w.shape[2:]))
    # A float32 that all pixels are added to, one after another, is 2e-5 off.
    for n_in, n_out in ((1, 64), (64, 1), (1, 1), (2, 64)):
        images = rng.uniform(size=(2, n_in, 300, 300)).astype("float32")
        gradient = rng.uniform(size=(2, n_out, 300, 300)).astype("float32")
        filters = np.zeros((n_out, n_in, 1, 1), "float32")
        found = function(channels_last(images), filters, channels_last(gradient))
        exact = np.einsum(
            "nihw,nohw->oi", images.astype("float64"), gradient.astype("float64")
        )
        np.testing.assert_allclose(found[:, :, 0, 0], exact, rtol=5e-6)
