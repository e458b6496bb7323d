"""Scores of a trained network, and of plain bicubic, on sub-images.

Everything follows from one mean squared error per sub-image (protocol `course`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable

import numpy as np

from srcnn_theano.data.degradation import to_float
from srcnn_theano.data.patches import Pairs, cut_window
from srcnn_theano.evaluation.metrics import MSE_FLOOR, aggregate, mse_per_patch
from srcnn_theano.evaluation.protocols import Protocol
from srcnn_theano.models import model_for_pairs
from srcnn_theano.weights import Weights

if TYPE_CHECKING:
    from srcnn_theano.models.model import Model
    from srcnn_theano.training.settings import Training
    from srcnn_theano.vgg16_weights import VGG16Weights

# Of networks that no row has trained.
BATCH_SIZE = 100

AGGREGATIONS = ("patch", "batch20", "batch100", "global")


def compared_pairs(pairs: Pairs, model: Model, window: str = "centre") -> Pairs:
    """The pairs with that part of the targets that a model's outputs stand for."""
    shape = model.output_shape[2:]
    return Pairs(pairs.low_res, cut_window(pairs.high_res, shape, window))


def sub_image_errors(
    errors: Callable[[np.ndarray, np.ndarray], np.ndarray],
    pairs: Pairs,
    batch_size: int = BATCH_SIZE,
) -> np.ndarray:
    """Mean squared error of each sub-image, in file order.

    Parameters
    ----------
    errors : function made by `training.functions.error_function`
    pairs : Pairs, uint8, made by `compared_pairs`
    batch_size : int
        Matters where batch normalization uses the statistics of the minibatch; the
        last, smaller one is its own minibatch.

    Returns
    -------
    float array, (n,)
    """
    return np.concatenate(
        [
            errors(
                pairs.low_res[start : start + batch_size],
                pairs.high_res[start : start + batch_size],
            )
            for start in range(0, len(pairs.low_res), batch_size)
        ]
    )


def score_network(
    weights: Weights,
    pairs: Pairs,
    enlarged: Pairs,
    protocol: Protocol,
    batch_size: int = BATCH_SIZE,
) -> dict[str, Any]:
    """PSNR in dB of a trained network and of bicubic on sub-images.

    Parameters
    ----------
    weights : Weights
    pairs : Pairs
        With the inputs that the network takes.
    enlarged : Pairs
        The same sub-images with inputs that bicubic has enlarged; `pairs` itself for a
        network that takes those.
    protocol : Protocol
    batch_size : int, as in `sub_image_errors`

    Returns
    -------
    dict
        ``{"n": number, "ours": {aggregation: dB}, "bicubic": {aggregation: dB}}``
    """
    from srcnn_theano.training.functions import error_function

    model = _for_sub_images(weights, pairs)
    where = weights.about.get("window", "centre")
    pairs = compared_pairs(pairs, model, where)
    ours = sub_image_errors(error_function(model, protocol.clipped), pairs, batch_size)
    bicubic = mse_per_patch(
        *(
            to_float(cut_window(part, model.output_shape[2:], where))
            for part in enlarged
        )
    )
    return {
        "n": len(ours),
        "ours": every_aggregation(ours, protocol, batch_size),
        "bicubic": every_aggregation(bicubic, protocol, batch_size),
    }


def score_features(
    weights: Weights,
    pairs: Pairs,
    protocol: Protocol,
    vgg: VGG16Weights,
    training: Training,
) -> dict[str, float]:
    """PSNR in dB of a trained network in VGG space, by every aggregation.

    ``10 log10(255^2 / mse)``, mse the mean squared difference at relu2_2 over its maps
    and pixels, as in the report's program.

    Parameters
    ----------
    weights, pairs, protocol : as in `score_network`
    vgg : VGG16Weights
    training : Training
        Its `vgg_input`, `vgg_layout`, `vgg_target`, `window` and `batch_size`.

    Returns
    -------
    dict of aggregation to dB
    """
    from srcnn_theano.models.vgg16 import arranged, input_of
    from srcnn_theano.training.functions import feature_error_function

    model = _for_sub_images(weights, pairs)
    if training.vgg_target == "window":
        pairs = compared_pairs(pairs, model, training.window)
    preprocessing = input_of(vgg, training.vgg_input)
    distance = feature_error_function(
        model,
        arranged(vgg, training.vgg_layout),
        preprocessing,
        pairs.high_res.shape[2:],
        clipped=preprocessing != "levels",
    )
    mse = sub_image_errors(distance, pairs, training.batch_size)
    peak = 20 * np.log10(255)
    scores = every_aggregation(mse, protocol, training.batch_size)
    return {how: psnr + peak for how, psnr in scores.items()}


def _for_sub_images(weights: Weights, pairs: Pairs) -> Model:
    """The network with these values for sub-images of these sizes."""
    rng = np.random.RandomState(0)
    model = model_for_pairs(weights.model, weights.options, pairs, rng)
    model.set_values(weights.values)
    return model


def every_aggregation(
    mse: np.ndarray, protocol: Protocol, batch_size: int = BATCH_SIZE
) -> dict[str, float]:
    """PSNR in dB by `AGGREGATIONS`, and in minibatches of a training's size."""
    hows = dict.fromkeys((*AGGREGATIONS[:-1], f"batch{batch_size}", AGGREGATIONS[-1]))
    return {
        # A protocol of whole images has no floor, but sub-images need one.
        how: aggregate(mse, how, floor=protocol.floor or MSE_FLOOR)
        for how in hows
        if not how.startswith("batch") or int(how[5:]) <= len(mse)
    }
