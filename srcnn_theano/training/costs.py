"""Costs: symbolic scalars to be minimised."""

from __future__ import annotations

from typing import Any, Callable, Mapping

import numpy as np

from srcnn_theano.backend import T, theano
from srcnn_theano.layers.lengths import Shape4
from srcnn_theano.models.model import Model
from srcnn_theano.models.vgg16 import arranged, both_features, input_of
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


def sse(output: Any, target: Any) -> Any:
    """Sum of squared errors of a sub-image, over all its values; mean of the minibatch.

    ``sum((output - target) ** 2) / batch``: as many times `mse` as a sub-image has
    values, and so another balance against the L2 norm. The report's program.
    """
    return T.sum(T.sqr(output - target)) / T.cast(output.shape[0], theano.config.floatX)


def vgg_loss(
    output: Any,
    target: Any,
    shapes: tuple[Shape4, Shape4],
    values: Mapping[str, np.ndarray],
    preprocessing: str,
    cost: Callable[[Any, Any], Any] = mse,
) -> Any:
    """Squared difference of two images' features in VGG16, at relu2_2.

    ``mean((relu2_2(output) - relu2_2(target)) ** 2)`` over all maps and their pixels.
    The target's features do not depend on what is trained: no gradient goes through
    them.

    Johnson et al., Perceptual Losses (2016), section 3.2, feature reconstruction loss;
    the report, section 5.1.3, item 1.

    Parameters
    ----------
    output, target : symbolic 4-tensors, (batch, 3, rows, cols), RGB in [0, 1]
    shapes : two tuples of 4, ints or None, of output and target; see `both_features`
    values : dict of str to array
        Weights of VGG16.
    preprocessing : str, see `models.vgg16.preprocess`
    cost : function of two symbolic 4-tensors
        What becomes of the features: `mse` or `sse`.
    """
    return cost(*both_features(output, target, shapes, values, preprocessing))


COSTS = {"mse": mse, "mse_per_channel": mse_per_channel, "sse": sse}


def training_cost(
    training: Training,
    model: Model,
    target: Any,
    vgg: VGG16Weights | None,
    vgg_target: tuple[Any, Shape4] | None = None,
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
    vgg_target : (symbolic 4-tensor, its shape) or None
        What VGG16 sees instead of `target`, if that is a part of it.
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
        seen, shape = vgg_target or (target, model.output_shape)
        distance = vgg_loss(
            model.output,
            seen,
            (model.output_shape, shape),
            arranged(vgg, training.vgg_layout),
            input_of(vgg, training.vgg_input),
            sse if training.cost == "sse" else mse,
        )
        cost = cost + training.vgg_weight * distance
    if training.L2_reg:
        cost = cost + training.L2_reg * model.L2_sqr
    return cost
