"""Element-wise non-linearities: functions from a symbolic tensor to another."""

from srcnn_theano.backend import T


def relu(x):
    """Rectified linear unit, max(x, 0).

    Written as a switch so that the gradient at exactly 0 is 0, as in the other
    frameworks; Theano's own ``T.nnet.relu`` passes half of it there. Asking for
    ``x <= 0`` and not for ``x > 0`` lets NaN through, so that a training gone wrong
    shows in its cost.
    """
    return T.switch(x <= 0, T.zeros_like(x), x)
