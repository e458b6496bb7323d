"""Shared variables of layers."""

import numpy as np

from srcnn_theano.backend import T, theano


def shared_parameter(value, shape, name):
    """A shared variable of `shape`: an array is copied, a shared variable is tied.

    A constant of Theano's stays one: it is part of the graph, and nothing trains it.

    Parameters
    ----------
    value : array_like, shared variable or constant
    shape : tuple of int
    name : str
        The key in weight files and the label in ``debugprint``.

    Raises
    ------
    ValueError
        The value has another shape than the layer's geometry asks for.
    """
    tied = isinstance(value, theano.compile.SharedVariable)
    constant = isinstance(value, T.TensorConstant)
    if tied:
        values = value.get_value(borrow=True)
    else:
        values = value.data if constant else np.asarray(value)
    if values.shape != tuple(shape):
        raise ValueError(f"{name}: shape {values.shape} given, {tuple(shape)} needed")
    if tied or constant:
        return value
    return theano.shared(values.astype(theano.config.floatX), name=name)


def trained(*variables):
    """Those of a layer's variables that are not constants."""
    return tuple(v for v in variables if not isinstance(v, T.TensorConstant))
