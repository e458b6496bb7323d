"""Costs: symbolic scalars to be minimised."""

from __future__ import annotations

from typing import Any, Mapping

import numpy as np

from srcnn_theano.backend import T
from srcnn_theano.models.model import Model
from srcnn_theano.models.vgg16 import VGG16
from srcnn_theano.training.settings import Training
from srcnn_theano.vgg16_weights import VGG16Weights


def mse(output: Any, target: Any) -> Any:
    """Mean squared error over all pixels of all channels together.

    ``mean((output - target) ** 2)``; Dong et al. (2014), equation 4.

    Parameters
    ----------
    output, target : symbolic 4-tensors, (batch, channels, rows, cols), in [0, 1]
    """
    return T.mean(T.sqr(output - target))


def mse_per_channel(output: Any, target: Any) -> Any:
    """Mean squared error of each channel by itself, added up.

    ``sum_c mean((output_c - target_c) ** 2)``: as many times `mse` as there are
    channels, and so another balance against the L2 norm, and another step of SGD. The
    report, section 5.1.2, item 5 ("separately for all channels").
    """
    return T.sum(T.mean(T.sqr(output - target), axis=(0, 2, 3)))


def vgg_loss(
    output: Any,
    target: Any,
    shape: tuple[int | None, ...],
    values: Mapping[str, np.ndarray],
    preprocessing: str,
) -> Any:
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


def training_cost(
    training: Training, model: Model, target: Any, vgg: VGG16Weights | None
) -> Any:
    """What a training minimises: pixels, features and filters, each by its weight.

    ``pixel_weight * cost + vgg_weight * vgg_loss + L2_reg * sum of squared filters``

    Parameters
    ----------
    training : Training
    model : Model
    target : symbolic 4-tensor
    vgg : VGG16Weights or None
        Needed where `vgg_weight` is not 0.
    """
    # In the values that the layers compute with, 0..255 or [0, 1].
    pixels = (
        images if model.peak == 1 else images * np.float32(model.peak)
        for images in (model.output, target)
    )
    cost = training.pixel_weight * COSTS[training.cost](*pixels)
    if training.vgg_weight:
        if vgg is None:
            raise ValueError("vgg_weight is not 0, so VGG16 is needed")
        shape, preprocessing = model.output_shape, training.vgg_input
        distance = vgg_loss(model.output, target, shape, vgg.values, preprocessing)
        cost = cost + training.vgg_weight * distance
    if training.L2_reg:
        cost = cost + training.L2_reg * model.L2_sqr
    return cost
