"""A training step, built from the record of a training and compiled."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple, Sequence

import numpy as np

from srcnn_theano.backend import T, device_mode, theano
from srcnn_theano.data.patches import Pairs, cut_window, window
from srcnn_theano.models import model_for_pairs
from srcnn_theano.models.model import Model
from srcnn_theano.training.costs import training_cost
from srcnn_theano.training.functions import function_of_pairs, training_function
from srcnn_theano.training.pairs import SharedPairs
from srcnn_theano.training.settings import Training
from srcnn_theano.training.updates import UPDATES, layer_rates
from srcnn_theano.vgg16_weights import VGG16Weights


class Step(NamedTuple):
    """A compiled step of training and what belongs to it.

    Attributes
    ----------
    function : minibatch number -> (cost, mean squared error)
    model : Model
    pairs : SharedPairs
    learning_rate : shared scalar
    variables : list of shared variables that the step moves
    """

    function: Callable[[int], Any]
    model: Model
    pairs: SharedPairs
    learning_rate: Any
    variables: list[Any]


def build_step(
    training: Training,
    train_set: Pairs,
    vgg: VGG16Weights | None = None,
    mode: Any = None,
) -> Step:
    """Draw a network and compile the step that trains it.

    Parameters
    ----------
    training : Training
    train_set : Pairs
        Made by the training's recipe.
    vgg : VGG16Weights or None
        For costs that need it.
    mode : theano.Mode or None
        How to compile; None is the usual way.
    """
    rng = np.random.RandomState(training.seed)
    model = model_for_pairs(
        training.model, training.options, train_set, rng, training.batch_size
    )
    return step_of(model, training, train_set, vgg, mode)


def step_of(
    model: Model,
    training: Training,
    train_set: Pairs,
    vgg: VGG16Weights | None = None,
    mode: Any = None,
) -> Step:
    """Compile the step that trains a network as it is; as in `build_step`."""
    high_res = train_set.high_res[training.first :]
    # Of a network for images of any size, what its convolutions leave.
    compared = [
        wanted or length - 2 * model.margin
        for wanted, length in zip(model.output_shape[2:], high_res.shape[2:])
    ]
    whole = training.vgg_target == "whole"
    pairs = SharedPairs(
        train_set.low_res[training.first :],
        high_res if whole else cut_window(high_res, compared, training.window),
        training.batch_size,
        training.augmentation,
        training.shuffle,
        compared if whole else None,
    )
    y = T.tensor4("y")
    shape = model.output_shape[:2] + high_res.shape[2:]
    seen = (pairs.whole, shape) if whole else None
    cost = training_cost(training, model, y, vgg, seen)
    learning_rate = theano.shared(
        np.asarray(training.learning_rate, theano.config.floatX), name="learning_rate"
    )
    rates = layer_rates(model.params, learning_rate, training.layer_rates)
    updates = UPDATES[training.update](cost, model.params, rates)
    mode = mode or device_mode(precision=training.precision)
    function = training_function(model, y, cost, updates, pairs, mode)
    variables = [shared for shared, _ in list(updates) + list(model.updates)]
    return Step(function, model, pairs, learning_rate, variables)


def cost_function(
    training: Training,
    model: Model,
    target_size: Sequence[int],
    vgg: VGG16Weights | None = None,
) -> Callable[..., Any]:
    """Compile the cost of a training for other sub-images than it trains on.

    Parameters
    ----------
    training, vgg : as in `build_step`
    model : Model for minibatches of any size
    target_size : (rows, cols) of whole targets

    Returns
    -------
    function of (low_res, high_res), both uint8 (n, channels, rows, cols), to a scalar
    """
    rows, cols = window(target_size, model.output_shape[2:], training.window)
    shape = model.output_shape[:2] + tuple(target_size)

    def cost(whole: Any) -> Any:
        seen = (whole, shape) if training.vgg_target == "whole" else None
        return training_cost(training, model, whole[:, :, rows, cols], vgg, seen)

    return function_of_pairs(model, cost, "validation_cost")
