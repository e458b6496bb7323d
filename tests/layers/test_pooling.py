import numpy as np
import pytest

from srcnn_theano.backend import T, theano
from srcnn_theano.layers.pooling import PoolLayer


def pooled(images):
    """The largest of each 2x2 square, one by one."""
    batch, n_maps, rows, cols = images.shape
    result = np.empty((batch, n_maps, rows // 2, cols // 2), images.dtype)
    for i in range(rows // 2):
        for j in range(cols // 2):
            square = images[:, :, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2]
            result[:, :, i, j] = square.max(axis=(2, 3))
    return result


@pytest.mark.parametrize("rows, cols", [(2, 2), (6, 4), (7, 4), (6, 9), (3, 3)])
@pytest.mark.parametrize("known", [True, False])
def test_output_is_the_largest_of_each_square(rows, cols, known):
    images = np.random.RandomState(1).normal(size=(2, 3, rows, cols)).astype("float32")
    x = T.tensor4("x")
    layer = PoolLayer(x, images.shape if known else (None, 3, None, None))

    result = layer.output.eval({x: images})

    np.testing.assert_array_equal(result, pooled(images))
    assert result.dtype == np.float32
    assert layer.output_shape == (result.shape if known else (None, 3, None, None))


def test_only_unknown_lengths_are_unknown_in_the_output_shape():
    assert PoolLayer(T.tensor4(), (None, 64, 33, None)).output_shape == (
        None,
        64,
        16,
        None,
    )


def test_gradient_goes_to_the_largest_pixel():
    # 0 to 35 in another order: no two pixels are alike.
    images = np.random.RandomState(2).permutation(36).reshape(1, 1, 6, 6)
    images = images.astype("float32")
    x = T.tensor4("x")
    cost = T.sum(PoolLayer(x, images.shape).output * np.float32(3))
    gradient = theano.grad(cost, x).eval({x: images})
    np.testing.assert_array_equal(
        gradient, 3 * np.isin(images, pooled(images)).astype("float32")
    )


def test_gradients(verify_layer_gradient):
    images = np.random.RandomState(3).permutation(2 * 2 * 5 * 4).reshape(2, 2, 5, 4)
    verify_layer_gradient(lambda x: PoolLayer(x, (2, 2, 5, 4)), images / 80.0)


def test_it_has_nothing_to_train():
    layer = PoolLayer(T.tensor4(), (1, 3, 9, 9))
    assert layer.params == layer.weights == layer.state == layer.updates == ()


@pytest.mark.parametrize("shape", [(1, 3, 1, 8), (None, 3, None, 1), (2, 3, 0, 0)])
def test_input_that_is_too_small_is_refused_by_name(shape):
    with pytest.raises(ValueError, match="pool4") as error:
        PoolLayer(T.tensor4(), shape, name="pool4")
    assert str(shape) in str(error.value)


def test_shape_of_three_axes_is_refused():
    with pytest.raises(ValueError, match="pool1: input_shape"):
        PoolLayer(T.tensor4(), (3, 9, 9), name="pool1")
