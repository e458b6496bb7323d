"""Exercises of lesson 3. Check them with: python docs/course/check.py 3"""

import numpy as np

from srcnn_theano.backend import T, theano


def numeric_gradient(f, w, step=1e-4):
    """The gradient of a function of an array, by differences of its values.

    (f(w + step e_i) - f(w - step e_i)) / (2 step) for each entry i; an array as `w`.
    """
    raise NotImplementedError


def momentum(cost, W, rate, share=0.9):
    """Updates of gradient descent with a velocity, as a list of pairs.

    velocity <- share * velocity + gradient, W <- W - rate * the new velocity
    The velocity is a shared variable that begins as zeros, of W's shape and type:
    `W.get_value()` is the array that W holds.
    """
    raise NotImplementedError
