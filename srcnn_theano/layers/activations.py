"""Element-wise non-linearities: functions from a symbolic tensor to another."""

from srcnn_theano.backend import T


def relu(x):
    """Rectified linear unit, max(x, 0).

    Written as a switch so that the gradient at exactly 0 is 0, as in the other
    frameworks; Theano's own ``T.nnet.relu`` passes half of it there.
    """
    return T.switch(x > 0, x, T.zeros_like(x))
