"""Shared variables of layers."""

import numpy as np

from srcnn_theano.backend import theano


def shared_parameter(value, shape, name):
    """A shared variable of `shape`: an array is copied, a shared variable is tied.

    Parameters
    ----------
    value : array_like or shared variable
    shape : tuple of int
    name : str
        The key in weight files and the label in ``debugprint``.

    Raises
    ------
    ValueError
        The value has another shape than the layer's geometry asks for.
    """
    tied = isinstance(value, theano.compile.SharedVariable)
    values = value.get_value(borrow=True) if tied else np.asarray(value)
    if values.shape != tuple(shape):
        raise ValueError(
            "{}: shape {} given, {} needed".format(name, values.shape, tuple(shape))
        )
    if tied:
        return value
    return theano.shared(values.astype(theano.config.floatX), name=name)
