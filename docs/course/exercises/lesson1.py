"""Exercises of lesson 1. Check them with: python docs/course/check.py 1"""

from srcnn_theano.backend import T, theano


def squared_distance():
    """A compiled function of two vectors of floatX: the sum of (a - b)^2."""
    raise NotImplementedError


def running_mean():
    """A compiled function of a number (T.dscalar): the mean of all it was called with.

    Its memory is shared variables; the third call with 1, 2 and 6 returns 3.
    """
    raise NotImplementedError
