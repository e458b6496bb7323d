"""Exercises of lesson 7. Check them with: python docs/course/check.py 7"""

import numpy as np

from srcnn_theano.backend import T


def sgd(cost, params, rate):
    """Updates that move all parameters: lesson 7's loop without its slip."""
    raise NotImplementedError


def as_theano_has_it(stored):
    """Filters of MatConvNet, (rows, cols, maps in, maps out), for `T.nnet.conv2d`.

    For filter_flip=False, (maps out, maps in, rows, cols), each filter as it is.
    """
    raise NotImplementedError
