"""The timed jobs by this package."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from benchmarks import work as common
from benchmarks.jax_side import peak_memory  # noqa: F401
from benchmarks.work import Work


def make_job(work: Work, variant: str) -> Callable[[], Any]:
    """A function without arguments that does the job once and returns its result."""
    if work.kind in ("step", "steps"):
        return _training(work)
    if work.kind == "picture":
        return _picture(work)
    predictor, image = _predictor(work), common.image(work)
    return lambda: predictor(image)


def _training(work):
    from srcnn_theano.backend import T, many_steps
    from srcnn_theano.models import model_for_pairs
    from srcnn_theano.training.costs import mse
    from srcnn_theano.training.functions import SharedPairs, training_function
    from srcnn_theano.training.updates import adam

    arrays = common.sub_images(work)
    model = model_for_pairs(
        work.network,
        {"channels": work.channels},
        arrays,
        np.random.RandomState(0),
        work.batch_size,
    )
    model.set_values(common.named_values(common.layers(work)))
    y = T.tensor4("y")
    pairs = SharedPairs(*arrays, batch_size=work.batch_size)
    output, target = model.output, y
    if work.perceptual:
        output, target = (_features(x, model.output_shape) for x in (output, y))
    cost = mse(output, target)
    updates = adam(cost, model.params, common.LEARNING_RATE)
    step = training_function(model, y, cost, updates, pairs)
    if work.kind == "steps":
        steps = many_steps(step)
        return lambda: steps(0, pairs.n_batches)[0][: common.N_COSTS]
    done = [0]

    def job():
        cost, _ = step(done[0] % pairs.n_batches)
        done[0] += 1
        return float(cost)

    return job


def _features(images, shape):
    from srcnn_theano.models.vgg16 import VGG16

    values = common.named_values(common.feature_layers())
    return VGG16(images, shape, values, "relu2_2", "unit").output


def _picture(work):
    from srcnn_theano.data.images import Picture
    from srcnn_theano.inference import Upscaler

    pixels = np.random.RandomState(2).randint(0, 256, work.size + (3,))
    picture = Picture(pixels.astype("uint8"))
    upscaler = Upscaler(_predictor(work), common.SCALE)
    return lambda: upscaler(picture).pixels


def _predictor(work):
    from srcnn_theano.inference import build_predictor
    from srcnn_theano.weights import Weights

    options = {"channels": work.channels}
    values = common.named_values(common.layers(work))
    return build_predictor(Weights(work.network, options, values, {}))
