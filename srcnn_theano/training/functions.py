"""Compiled functions of training and validation, on data that never moves."""

import numpy as np

from srcnn_theano.backend import T, theano


class SharedPairs:
    """Sub-images in shared variables, uint8, visited through a permutation of indices.

    Parameters
    ----------
    low_res, high_res : uint8 arrays, (n, channels, rows, cols)
        Inputs and targets of the network, in the sizes that it takes and gives.
    batch_size : int
        The last n modulo `batch_size` of each epoch's order are left out.

    Attributes
    ----------
    n_batches : int
    index : symbolic integer scalar, number of the minibatch
    x, y : symbolic 4-tensors, floatX in [0, 1], the minibatch `index`
    """

    def __init__(self, low_res, high_res, batch_size):
        self.low_res = theano.shared(low_res, name="low_res", borrow=True)
        self.high_res = theano.shared(high_res, name="high_res", borrow=True)
        self.order = theano.shared(np.arange(len(low_res), dtype="int32"), name="order")
        self.n_batches = len(low_res) // batch_size
        self.index = T.lscalar("index")
        rows = self.order[self.index * batch_size : (self.index + 1) * batch_size]
        self.x = _unit(self.low_res[rows])
        self.y = _unit(self.high_res[rows])

    def shuffle(self, rng):
        """Put the sub-images in a new order, drawn by a numpy RandomState."""
        n = len(self.order.get_value(borrow=True))
        self.order.set_value(rng.permutation(n).astype("int32"))


def training_function(model, y, cost, updates, pairs, mode=None):
    """Compile one step: minibatch number -> (cost, mean squared error).

    Parameters
    ----------
    model : Model
    y : symbolic 4-tensor, the target that `cost` was written with
    cost : symbolic scalar
    updates : list of (shared, expression)
        The optimiser's; the model's own are added.
    pairs : SharedPairs
    mode : theano.Mode or None
        How to compile; None is the usual way.
    """
    return theano.function(
        [pairs.index],
        [cost, T.mean(T.sqr(model.output - y))],
        updates=list(updates) + list(model.updates),
        givens={
            model.input: pairs.x,
            y: pairs.y,
            model.is_train: T.constant(1, dtype="int8"),
        },
        mode=mode,
        name="train",
    )


def error_function(model):
    """Compile validation: uint8 pairs -> mean squared error of each sub-image.

    Returns
    -------
    function of (low_res, high_res), both uint8 (n, channels, rows, cols)
        Mean squared errors in [0, 1], floatX (n,), of the output clipped to [0, 1].
    """
    low_res, high_res = T.tensor4(dtype="uint8"), T.tensor4(dtype="uint8")
    output = T.clip(model.output, 0.0, 1.0)
    return theano.function(
        [low_res, high_res],
        T.mean(T.sqr(output - _unit(high_res)), axis=(1, 2, 3)),
        givens={
            model.input: _unit(low_res),
            model.is_train: T.constant(0, dtype="int8"),
        },
        name="validate",
    )


def prediction_function(model, mode=None):
    """Compile the network: floatX (batch, channels, rows, cols) -> its output."""
    return theano.function(
        [model.input],
        model.output,
        givens={model.is_train: T.constant(0, dtype="int8")},
        mode=mode,
        name="predict",
    )


def _unit(pixels):
    """uint8 0..255 as floatX in [0, 1]."""
    return T.cast(pixels, theano.config.floatX) / np.float32(255)
