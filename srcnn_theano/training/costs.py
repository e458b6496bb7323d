"""Costs: symbolic scalars to be minimised."""

from srcnn_theano.backend import T


def mse(output, target):
    """Mean squared error over all pixels of all channels together.

    ``mean((output - target) ** 2)``; Dong et al. (2014), equation 4.

    Parameters
    ----------
    output, target : symbolic 4-tensors, (batch, channels, rows, cols), in [0, 1]
    """
    return T.mean(T.sqr(output - target))


def mse_per_channel(output, target):
    """Mean squared error of each channel by itself, added up.

    ``sum_c mean((output_c - target_c) ** 2)``: as many times `mse` as there are
    channels, and so another balance against the L2 norm, and another step of SGD. The
    report, section 5.1.2, item 5 ("separately for all channels").
    """
    return T.sum(T.mean(T.sqr(output - target), axis=(0, 2, 3)))


COSTS = {"mse": mse, "mse_per_channel": mse_per_channel}
