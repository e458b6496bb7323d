"""Whose graph is drawn: a model, an experiment or a weight file, by its name."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from srcnn_theano.errors import UserError, did_you_mean
from srcnn_theano.experiments import EXPERIMENTS, REPLACED, find_experiment
from srcnn_theano.files import kind_at
from srcnn_theano.models import MODELS, model_class
from srcnn_theano.training.settings import Training

# Rows and columns of the image that the shapes of a prediction are for.
EXAMPLE_SIZE = 33


class Subject(NamedTuple):
    """A function of a network, rewritten by Theano.

    Attributes
    ----------
    name : str
        As it was asked for.
    what : 'predict', 'train' or 'drawing'
        The network's output, a step of its training, or a graph of anybody's.
    training : Training or None
        With the model and options that the graph is of.
    layers : list of str
        Names of the layers, in the order in which an image passes them.
    shape : tuple of 4 int, or None
        Of the input; the shapes in the graph are those that it leads to.
    rewriting : backend.graphs.Rewriting
    xla : (str, str) or None
        Where XLA compiles the function: its input and its result as texts.
    """

    name: str
    what: str
    training: Training | None
    layers: list[str]
    shape: tuple[int, ...] | None
    rewriting: Any
    xla: tuple[str, str] | None = None


def find_subject(name: str, what: str | None = None) -> Subject:
    """The graph of a model, an experiment or a weight file.

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
    if name in EXPERIMENTS or name in REPLACED:
        experiment = find_experiment(name)
        what = what or ("train" if experiment.trains else "predict")
        if what == "train":
            experiment = EXPERIMENTS[experiment.trained_by]
        training = experiment.compiled
    elif name in MODELS:
        training = _usual_training(name, {"channels": 3})
    else:
        training = _of_weights(name)
    what = what or "predict"
    draw = {"predict": _prediction, "train": _training}[what]
    model, shape, *graphs = draw(training)
    layers = [layer.name for layer in model.layers]
    return Subject(name, what, training, layers, shape, *graphs)


def _usual_training(model, options):
    """How a network is trained if nobody says otherwise."""
    return Training(
        model,
        options,
        protocol="standard" if options["channels"] == 1 else "course",
        scale=options.get("scale", 4),
    )


def _of_weights(name):
    from srcnn_theano.weights import load_weights

    if not kind_at(name):
        raise UserError(
            f"no model, experiment or weight file is called {name!r}"
            f"{did_you_mean(name, [*MODELS, *EXPERIMENTS])}; the models are "
            f"{', '.join(MODELS)}; 'srcnn-theano experiments' lists the experiments"
        )
    weights = load_weights(name)
    trained_as = EXPERIMENTS.get(weights.about.get("experiment"))
    if trained_as is None:
        return _usual_training(weights.model, weights.options)
    return trained_as.training._replace(model=weights.model, options=weights.options)


def _prediction(training):
    from srcnn_theano.backend import T, graphs
    from srcnn_theano.training.functions import prediction_function

    # Of any size, as for pictures.
    channels = training.options["channels"]
    model = model_class(training.model)(
        np.random.RandomState(training.seed),
        T.tensor4("x"),
        (None, channels, None, None),
        **training.options,
    )
    size = model.window or EXAMPLE_SIZE
    example = np.zeros((1, channels, size, size), "float32")

    def build(mode):
        return prediction_function(model, mode=mode)

    rewriting = graphs.rewriting(build, example)
    return model, example.shape, rewriting, graphs.texts_of_xla(build, example)


def _training(training):
    from srcnn_theano.backend import graphs
    from srcnn_theano.data.patches import Pairs, make_pairs
    from srcnn_theano.runs.run import training_recipe
    from srcnn_theano.training.step import build_step

    # Only sizes matter, so a black minibatch will do, and a VGG16 that nobody trained.
    recipe = training_recipe(training)
    black = np.zeros((2 * recipe.size, 2 * recipe.size, 3), "uint8")
    batch = Pairs(
        *(
            np.repeat(images[:1], training.first + training.batch_size, axis=0)
            for images in make_pairs(black, recipe)
        )
    )
    vgg = _random_vgg16() if training.vgg_weight else None
    step = None

    def build(mode):
        nonlocal step
        step = build_step(training, batch, vgg, mode)
        return step.function

    rewriting, texts = graphs.rewriting(build, 0), graphs.texts_of_xla(build, 0)
    shape = (training.batch_size, *batch.low_res.shape[1:])
    return step.model, shape, rewriting, texts


def _random_vgg16():
    from srcnn_theano.vgg16_weights import VGG16Weights, arrays_to

    rng = np.random.RandomState(0)
    values = {
        name: rng.normal(size=shape).astype("float32")
        for name, shape in arrays_to("relu2_2").items()
    }
    return VGG16Weights(values, "caffe", "random numbers", "")
