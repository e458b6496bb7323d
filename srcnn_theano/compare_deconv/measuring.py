"""All figures of the comparison."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, Callable, List, Mapping, Tuple

import numpy as np

from srcnn_theano.compare_deconv import measures
from srcnn_theano.compare_deconv.trained import Material, Trained, Trainers
from srcnn_theano.data.degradation import to_float
from srcnn_theano.data.images import read_rgb
from srcnn_theano.data.patches import degrade, make_recipe
from srcnn_theano.evaluation.images import score_files
from srcnn_theano.evaluation.metrics import aggregate, mse_per_patch
from srcnn_theano.evaluation.protocols import make_protocol
from srcnn_theano.inference import Predictor, build_model, restore
from srcnn_theano.training.settings import Training
from srcnn_theano.weights import Weights, load_weights

SCALE = 4
PICTURE = 256  # side of the picture that is timed and counted, in output pixels
_N_TURNS = {"step": 15, "picture": 9}


class Changing(Predictor):
    """A network whose weights are exchanged without compiling it again."""

    def __init__(self, weights: Weights) -> None:
        self._model = build_model(weights)
        super().__init__(self._model)

    def load(self, weights: Weights) -> None:
        """Exchange the weights for those of the same network after another epoch."""
        self._model.set_values(weights.values)


Spectrum = Tuple[List[float], List[float]]  # cycles per stride, power in dB


def measure(
    trained: Mapping[str, Trained], material: Material, trainers: Trainers
) -> tuple[dict[str, Any], dict[str, Spectrum], dict[str, Changing]]:
    """All figures of the comparison.

    Parameters
    ----------
    trained : dict of str to Trained
    material : Material
    trainers : Trainers, for the steps that are timed

    Returns
    -------
    (results, spectra, networks)
        A dict for results.json; {name: (frequencies, power in dB)} of the variants and
        the original; {name: Changing}.
    """
    results = _settings(trained, material)
    networks, spectra = {}, {"original": _profile(_originals(material))}
    for name, variant in trained.items():
        n_epochs = variant.experiment.measure.n_epochs
        networks[name] = Changing(load_weights(variant.weights[n_epochs]))
        scores = _scores(variant, networks[name], material)
        outputs = _outputs(material, networks[name])
        spectra[name] = _profile(outputs)
        column = material.validation_name + "_psnr"
        results["variants"][name] = {
            "title": variant.title,
            "source": variant.source,
            "sub_images_psnr": [float(row[column]) for row in variant.history],
            "standard": scores,
            "checkerboard_energy": _energy(outputs),
            "grey_ripple": measures.grey_ripple(networks[name]),
            **_work(variant.experiment.training),
        }
    for what, medians in seconds(trained, trainers, networks).items():
        for name, value in medians.items():
            results["variants"][name]["seconds_per_" + what] = value
    return results, spectra, networks


def _settings(trained, material):
    """What all variants have in common, and the figures of bicubic and original."""
    experiment = next(iter(trained.values())).experiment
    training, n_epochs = experiment.training, experiment.measure.n_epochs
    n_batches = len(material.train_set.low_res) // training.batch_size
    bicubic, original = _references(material)
    return {
        "trained_on": material.title,
        "validation": material.validation_name,
        "scale": SCALE,
        "picture": PICTURE,
        "batch_size": training.batch_size,
        "n_epochs": n_epochs,
        "steps": n_epochs * n_batches,
        "seed": training.seed,
        "protocol": make_protocol("standard", SCALE).describe(),
        "bicubic": bicubic,
        "original": original,
        "variants": {},
    }


def _references(material):
    """The figures of bicubic, and of the original itself."""
    low_res, high_res = (to_float(part) for part in material.validation_sets[1])
    score = score_files(material.images, make_protocol("standard", SCALE))[-1]
    bicubic = {
        "sub_images_psnr": aggregate(mse_per_patch(low_res, high_res), "patch"),
        "psnr": score.bicubic_psnr,
        "ssim": score.bicubic_ssim,
        "checkerboard_energy": _energy(
            [_luma(part.enlarged) for part in _degraded(material)]
        ),
    }
    return bicubic, {"checkerboard_energy": _energy(_originals(material))}


def _degraded(material):
    recipe = make_recipe("standard-rgb", SCALE)
    return [degrade(read_rgb(path), recipe) for path in material.images]


def _originals(material):
    return [_luma(part.high_res) for part in _degraded(material)]


def _outputs(material, network):
    """Luma of the restored images."""
    return [_luma(restore(network, part)) for part in _degraded(material)]


def _luma(image):
    return measures.luma(np.clip(image, 0, 1))


def checkerboard(material: Material, network: Predictor) -> float:
    """Mean `checkerboard_energy` of what a network makes of the images."""
    return _energy(_outputs(material, network))


def _energy(images):
    return float(
        np.mean([measures.checkerboard_energy(image, SCALE) for image in images])
    )


def _profile(images):
    """(cycles per stride, mean power in dB of a level of 255) of the images."""
    profiles = [measures.frequency_profile(image) for image in images]
    power = np.mean([power for _, power in profiles], axis=0)
    decibels = 10 * np.log10(255.0**2 * power + 1e-6)
    return (SCALE * profiles[0][0]).tolist(), decibels.tolist()


def _scores(variant, network, material):
    """PSNR and SSIM under `standard` after the epochs for which they can be had.

    The network is left with the weights of the last.
    """
    protocol = make_protocol("standard", SCALE)
    scores = dict(variant.recorded)
    for epoch, path in variant.weights.items():
        network.load(load_weights(path))
        mean = score_files(material.images, protocol, network)[-1]
        scores[epoch] = {"psnr": mean.psnr, "ssim": mean.ssim}
    return [{"epoch": epoch, **scores[epoch]} for epoch in sorted(scores)]


def _work(training):
    """Parameters and multiply-adds of a variant."""
    model = _model(training, 8, output_size=(33, 33))
    upsampling = model.layers[-1]
    return {
        "n_parameters": measures.n_parameters(model),
        "n_upsampling_weights": int(upsampling.W.get_value(borrow=True).size),
        "multiply_adds": {
            "sub_image": measures.multiply_adds(model),
            "upsampling": measures.layer_multiply_adds(upsampling),
            "upsampling_without_zeros": measures.stamp_multiply_adds(upsampling),
            "picture": picture_multiply_adds(training),
        },
    }


def picture_multiply_adds(training: Training) -> int:
    """Multiply-adds of an output of PICTURE x PICTURE pixels, without its border.

    A network that is tied to one size of input goes over it in overlapping windows.
    """
    side = PICTURE // SCALE
    window = _model(training, 8).window
    if window is None:
        return measures.multiply_adds(_model(training, side))
    model = _model(training, window)
    step = window - 2 * model.halo
    return (-(-side // step)) ** 2 * measures.multiply_adds(model)


def _model(training, side, **options):
    from srcnn_theano.backend import T
    from srcnn_theano.models import model_class

    options = dict(training.options, **options)
    shape = (1, options["channels"], side, side)
    rng = np.random.RandomState(0)
    return model_class(training.model)(rng, T.tensor4("x"), shape, **options)


def seconds(
    trained: Mapping[str, Trained],
    trainers: Trainers,
    networks: Mapping[str, Predictor],
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, dict[str, float]]:
    """Median seconds of a training step, and of a picture, by variant."""
    steps = {
        name: partial(trainers.get(variant.run).step.function, 0)
        for name, variant in trained.items()
    }
    pictures = {
        name: partial(network, _noise(network)) for name, network in networks.items()
    }
    return {
        "step": measures.median_seconds(steps, _N_TURNS["step"], clock),
        "picture": measures.median_seconds(pictures, _N_TURNS["picture"], clock),
    }


def _noise(network):
    """An input that becomes PICTURE x PICTURE pixels, with its halo."""
    side = PICTURE // SCALE + 2 * network.halo
    shape = (1, network.channels, side, side)
    return np.random.RandomState(0).rand(*shape).astype(np.float32)
