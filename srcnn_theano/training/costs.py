"""Costs: symbolic scalars to be minimised."""

from srcnn_theano.backend import T
from srcnn_theano.models.vgg16 import VGG16


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


def vgg_loss(output, target, shape, values, preprocessing):
    """Mean squared difference of two images' features in VGG16, at relu2_2.

    ``mean((relu2_2(output) - relu2_2(target)) ** 2)`` over all maps and their pixels.
    The target's features do not depend on what is trained: they are computed once, and
    no gradient goes through them.

    Johnson et al., Perceptual Losses (2016), section 3.2, feature reconstruction loss;
    the report, section 5.1.3, item 1.

    Parameters
    ----------
    output, target : symbolic 4-tensors, (batch, 3, rows, cols), RGB in [0, 1]
    shape : tuple of 4, ints or None, of both
    values : dict of str to array
        Weights of VGG16.
    preprocessing : 'caffe', 'torchvision' or 'unit'
    """
    features, wanted = (
        VGG16(images, shape, values, "relu2_2", preprocessing).output
        for images in (output, target)
    )
    return mse(features, wanted)


COSTS = {"mse": mse, "mse_per_channel": mse_per_channel}
