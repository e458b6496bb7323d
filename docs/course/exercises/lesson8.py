"""Exercises of lesson 8. Check them with: python docs/course/check.py 8"""

from srcnn_theano.backend import T


def n_loops(function):
    """How many Elemwise nodes a compiled function runs: loops over all elements."""
    raise NotImplementedError


def polynomial(x, coefficients):
    """c[0] + c[1] x + c[2] x^2 + ..., written so that no power is computed.

    Horner's rule: from the last coefficient on, times x plus the one before.
    """
    raise NotImplementedError
