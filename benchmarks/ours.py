"""The timed jobs by this package."""

from __future__ import annotations

from typing import Any, Callable

import numpy as np

from benchmarks import work as common
from benchmarks.jax_side import peak_memory  # noqa: F401
from benchmarks.work import Work


def make_job(work: Work, variant: str) -> Callable[[], Any]:
    """A function without arguments that does the job once and returns its result.

    The variant is a precision of training steps; float32 where it is empty.
    """
    if work.kind in ("step", "steps"):
        return _training(work, variant or "float32")
    if work.kind == "picture":
        return _picture(work)
    network, image = predictor(work), common.image(work)
    return lambda: network(image)


def training_step(work: Work, precision: str) -> Any:
    """A compiled step (`training.step.Step`) of the job's network and sub-images."""
    from srcnn_theano.data.patches import Pairs
    from srcnn_theano.training.settings import Training
    from srcnn_theano.training.step import build_step
    from srcnn_theano.vgg16_weights import VGG16Weights

    low_res, high_res = common.sub_images(work)
    if work.network == "srcnn":  # the step itself cuts off what the network leaves out
        high_res = low_res
    training = Training(
        work.network,
        {"channels": work.channels},
        pixel_weight=0.0 if work.perceptual else 1.0,
        vgg_weight=1.0 if work.perceptual else 0.0,
        learning_rate=common.LEARNING_RATE,
        batch_size=work.batch_size,
        precision=precision,
    )
    vgg = None
    if work.perceptual:
        values = common.named_values(common.feature_layers())
        vgg = VGG16Weights(values, "unit", "random numbers", "")
    step = build_step(training, Pairs(low_res, high_res), vgg)
    step.model.set_values(common.named_values(common.layers(work)))
    return step


def _training(work, precision):
    from srcnn_theano.backend import many_steps

    step = training_step(work, precision)
    n_batches = step.pairs.n_batches
    if work.kind == "steps":
        steps = many_steps(step.function)
        return lambda: steps(0, n_batches)[0][: common.N_COSTS]
    done = [0]

    def job():
        cost, _ = step.function(done[0] % n_batches)
        done[0] += 1
        return float(cost)

    return job


def _picture(work):
    from srcnn_theano.data.images import Picture
    from srcnn_theano.inference import Upscaler

    pixels = np.random.RandomState(2).randint(0, 256, work.size + (3,))
    picture = Picture(pixels.astype("uint8"))
    upscaler = Upscaler(predictor(work), common.SCALE)
    return lambda: upscaler(picture).pixels


def predictor(work: Work) -> Any:
    """A compiled network (`inference.Predictor`) of the job."""
    from srcnn_theano.inference import build_predictor
    from srcnn_theano.weights import Weights

    options = {"channels": work.channels}
    values = common.named_values(common.layers(work))
    return build_predictor(Weights(work.network, options, values, {}))
