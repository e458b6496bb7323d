"""Whose graph is drawn: a model, an experiment or a weight file, by what it is called."""

import os
from pathlib import Path
from typing import Any, List, NamedTuple

import numpy as np

from srcnn_theano.errors import UserError
from srcnn_theano.experiments import EXPERIMENTS, Experiment
from srcnn_theano.models import MODELS, model_class

WHAT = ("predict", "train")

# Rows and columns of the image that shapes of a prediction are told for.
EXAMPLE_SIZE = 33


class Subject(NamedTuple):
    """A function of a network, rewritten by Theano.

    Attributes
    ----------
    name : str
        As it was asked for.
    what : str
        One of `WHAT`.
    experiment : Experiment
        With the model and options that the graph is of.
    layers : list of str
        Names of the layers, in the order in which an image passes them.
    shape : tuple of 4 int
        Of the input that the shapes in the graph are those for.
    rewriting : backend.graphs.Rewriting
    """

    name: str
    what: str
    experiment: Experiment
    layers: List[str]
    shape: tuple
    rewriting: Any


def find_subject(name, what=None):
    """The graph of what is called `name`.

    Parameters
    ----------
    name : str
        A model ('srcnn'), an experiment, or the path of a weight file.
    what : 'predict', 'train' or None
        The network's output, or a step of its training. None is a step for an
        experiment that trains, and the output for everything else.

    Raises
    ------
    UserError
        Nothing is called so, or the weight file cannot be used.
    """
    if name in EXPERIMENTS:
        experiment = EXPERIMENTS[name]
        trains = experiment.weights_of is None
        what = what or ("train" if trains else "predict")
        if what == "train" and not trains:
            experiment = EXPERIMENTS[experiment.weights_of]
    elif name in MODELS:
        experiment = _no_experiment(name, name, {"channels": 3})
    else:
        experiment = _of_weights(name)
    what = what or "predict"
    draw = {"predict": _prediction, "train": _training}[what]
    model, shape, rewriting = draw(experiment)
    layers = [layer.name for layer in model.layers]
    return Subject(name, what, experiment, layers, shape, rewriting)


def _no_experiment(name, model, options):
    """What a network is trained with if nobody says otherwise."""
    return Experiment(name=name, table="", row="", model=model, options=options)


def _of_weights(name):
    from srcnn_theano.weights import load_weights

    if not os.path.exists(name):
        raise UserError(
            "no model, experiment or weight file is called {!r}; the models are {}, the "
            "experiments {}".format(name, ", ".join(MODELS), ", ".join(EXPERIMENTS))
        )
    weights = load_weights(name)
    trained_as = EXPERIMENTS.get(weights.about.get("experiment"))
    if trained_as is None:
        return _no_experiment(Path(name).stem, weights.model, weights.options)
    return trained_as._replace(model=weights.model, options=weights.options)


def _prediction(experiment):
    from srcnn_theano.backend import graphs
    from srcnn_theano.training.functions import prediction_function

    # As it is for pictures: of any size, and enlarged by exactly the scale.
    options = dict(experiment.options)
    options.pop("output_size", None)
    channels = options["channels"]
    model = _model(experiment, (None, channels, None, None), options)
    size = model.window or EXAMPLE_SIZE
    example = np.zeros((1, channels, size, size), "float32")
    return (
        model,
        example.shape,
        graphs.rewriting(lambda mode: prediction_function(model, mode=mode), example),
    )


def _training(experiment):
    """The step of `runs.build_trainer`, on pairs that are all zero."""
    from srcnn_theano.backend import T, graphs, theano
    from srcnn_theano.evaluation.protocols import make_protocol
    from srcnn_theano.training.costs import COSTS
    from srcnn_theano.training.functions import SharedPairs, training_function
    from srcnn_theano.training.updates import UPDATES, layer_rates

    size = make_protocol(experiment.protocol, experiment.scale).recipe.size
    if model_class(experiment.model).upscales:
        size //= experiment.scale
    shape = (experiment.batch_size, experiment.options["channels"], size, size)
    model, y = _model(experiment, shape, experiment.options), T.tensor4("y")
    pairs = SharedPairs(
        np.zeros(shape, "uint8"),
        np.zeros(model.output_shape, "uint8"),
        experiment.batch_size,
    )
    cost = COSTS[experiment.cost](model.output, y)
    if experiment.L2_reg:
        cost = cost + experiment.L2_reg * model.L2_sqr
    learning_rate = theano.shared(
        np.asarray(experiment.learning_rate, theano.config.floatX), name="learning_rate"
    )
    rates = layer_rates(model.params, learning_rate, experiment.layer_rates)
    updates = UPDATES[experiment.update](cost, model.params, rates)
    rewriting = graphs.rewriting(
        lambda mode: training_function(model, y, cost, updates, pairs, mode=mode), 0
    )
    return model, shape, rewriting


def _model(experiment, shape, options):
    from srcnn_theano.backend import T

    rng = np.random.RandomState(experiment.seed)
    return model_class(experiment.model)(rng, T.tensor4("x"), shape, **options)
