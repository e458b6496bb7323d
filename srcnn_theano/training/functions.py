"""Compiled functions of training, validation and prediction."""

from __future__ import annotations

import warnings
from typing import Any, Callable, Mapping, Sequence

import numpy as np

from srcnn_theano.backend import T, compile_function
from srcnn_theano.models.model import Model
from srcnn_theano.models.vgg16 import both_features
from srcnn_theano.training.pairs import SharedPairs, unit


def training_function(
    model: Model,
    y: Any,
    cost: Any,
    updates: Sequence[tuple[Any, Any]],
    pairs: SharedPairs,
    mode: Any = None,
) -> Callable[[int], Any]:
    """Compile one step: minibatch number -> (cost, mean squared error).

    The step warns where its cost is no finite number: it has spoilt the parameters.

    Parameters
    ----------
    model : Model
    y : symbolic 4-tensor, the target that `cost` was written with
    cost : symbolic scalar
    updates : list of (shared, expression)
        The optimiser's; the model's own are added.
    pairs : SharedPairs
    mode : theano.Mode or None
        How to compile; None is the usual way.
    """
    function = compile_function(
        [pairs.index],
        [cost, T.mean(T.sqr(model.output - y))],
        updates=list(updates) + list(model.updates),
        givens={
            model.input: pairs.x,
            y: pairs.y,
            model.is_train: T.constant(1, dtype="int8"),
        },
        mode=mode,
        name="train",
    )
    return _Warning(function)


class _Warning:
    """A compiled step that does not return inf or nan without a word.

    It has all that the function has. `many_steps` goes past it: who runs many looks
    at all costs.
    """

    def __init__(self, function: Any) -> None:
        self.function = function

    def __call__(self, index: Any) -> Any:
        cost, error = results = self.function(index)
        if not np.isfinite(cost):
            warnings.warn(
                f"minibatch {int(index)}: the cost is {cost}, so that all parameters "
                "have become nan or soon will; load those from before, and try a lower "
                "learning rate",
                RuntimeWarning,
                stacklevel=2,
            )
        return results

    def __getattr__(self, name: str) -> Any:
        return getattr(self.function, name)


def error_function(model: Model, clipped: bool = True) -> Callable[..., np.ndarray]:
    """Compile validation: uint8 pairs -> mean squared error of each sub-image.

    Parameters
    ----------
    model : Model
    clipped : bool
        Whether the output is clipped to [0, 1] first.

    Returns
    -------
    function of (low_res, high_res), both uint8 (n, channels, rows, cols)
        Mean squared errors, floatX (n,), of values in [0, 1].
    """
    output = _output(model, clipped)
    return function_of_pairs(
        model,
        lambda target: T.mean(T.sqr(output - target), axis=(1, 2, 3)),
        "validate",
    )


def feature_error_function(
    model: Model,
    values: Mapping[str, np.ndarray],
    preprocessing: str,
    target_size: Sequence[int] | None = None,
    clipped: bool = True,
) -> Callable[..., np.ndarray]:
    """Compile the distance in VGG space: uint8 pairs -> one number per sub-image.

    Parameters
    ----------
    model : Model of three channels
    values, preprocessing : as in `training.costs.vgg_loss`
    target_size : (rows, cols) or None
        Of targets that are larger than the output, see `models.vgg16.both_features`.
    clipped : bool
        Whether the output is clipped to [0, 1] before VGG16 sees it.

    Returns
    -------
    function of (low_res, high_res), both uint8 (n, 3, rows, cols)
        Mean squared differences at relu2_2 over maps and pixels, floatX (n,), between
        output and target.
    """
    shape = (None,) + tuple(model.output_shape[1:])
    target_shape = shape[:2] + tuple(target_size or shape[2:])
    output = _output(model, clipped)

    def distance(target: Any) -> Any:
        features, wanted = both_features(
            output, target, (shape, target_shape), values, preprocessing
        )
        return T.mean(T.sqr(features - wanted), axis=(1, 2, 3))

    return function_of_pairs(model, distance, "validate_features")


def function_of_pairs(
    model: Model, result: Callable[[Any], Any], name: str
) -> Callable[..., np.ndarray]:
    """Compile what a network that is not in training makes of pairs.

    Parameters
    ----------
    model : Model
    result : function of the target, a symbolic 4-tensor in [0, 1], to an expression
    name : str
        Of the compiled function.

    Returns
    -------
    function of (low_res, high_res), both uint8 (n, channels, rows, cols)
    """
    low_res, high_res = T.tensor4(dtype="uint8"), T.tensor4(dtype="uint8")
    return compile_function(
        [low_res, high_res],
        result(unit(high_res)),
        givens={
            model.input: unit(low_res),
            model.is_train: T.constant(0, dtype="int8"),
        },
        name=name,
    )


def _output(model: Model, clipped: bool) -> Any:
    return T.clip(model.output, 0.0, 1.0) if clipped else model.output


def prediction_function(
    model: Model, mode: Any = None
) -> Callable[[np.ndarray], np.ndarray]:
    """Compile the network: floatX (batch, channels, rows, cols) -> `model.inside`."""
    return compile_function(
        [model.input],
        model.inside,
        givens={model.is_train: T.constant(0, dtype="int8")},
        mode=mode,
        name="predict",
    )
