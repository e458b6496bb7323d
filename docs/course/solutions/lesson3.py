"""Solutions of lesson 3."""

import numpy as np

from srcnn_theano.backend import T, theano


def numeric_gradient(f, w, step=1e-4):
    gradient = np.zeros_like(w)
    for index in np.ndindex(w.shape):
        nudge = np.zeros_like(w)
        nudge[index] = step
        gradient[index] = (f(w + nudge) - f(w - nudge)) / (2 * step)
    return gradient


def momentum(cost, W, rate, share=0.9):
    velocity = theano.shared(0 * W.get_value(), name="velocity")
    new_velocity = share * velocity + T.grad(cost, W)
    return [(velocity, new_velocity), (W, W - rate * new_velocity)]
