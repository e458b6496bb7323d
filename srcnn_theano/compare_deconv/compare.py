"""Deconvolution by gradInputs beside the naive full border: `compare-deconv`.

The variants of FSRCNN that section 5.1.2 of the report names differ in their last layer
only. They are trained alike, or found trained, and measured alike.
"""

import json
import sys
from functools import partial
from pathlib import Path

import numpy as np

from srcnn_theano.compare_deconv import measures
from srcnn_theano.compare_deconv.page import table, write_page
from srcnn_theano.compare_deconv.trained import (
    VARIANTS,
    Trainers,
    find_or_train,
    full_run,
    photograph_material,
    quick_run,
    sets_material,
    train_row,
)
from srcnn_theano.data.datasets import find_data_dir
from srcnn_theano.data.degradation import to_float
from srcnn_theano.data.images import read_rgb
from srcnn_theano.data.patches import degrade, make_recipe
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.images import score_files
from srcnn_theano.evaluation.metrics import aggregate, mse_per_patch
from srcnn_theano.evaluation.protocols import make_protocol
from srcnn_theano.files import write_json, write_text
from srcnn_theano.inference import Predictor, build_model, restore
from srcnn_theano.weights import load_weights

SCALE = 4
PICTURE = 256  # side of the picture that is timed and counted, in output pixels
_N_TURNS = {"step": 15, "picture": 9}


def compare_deconv(
    out_dir, runs_dir, data=None, quick=False, n_epochs=None, seed=0, as_json=False
):
    """Train or find the variants, measure them, print a table and write a page.

    Training can be interrupted: the same command goes on after the last finished epoch.

    Parameters
    ----------
    out_dir : path
        Gets ``deconvolution.html``, the pictures in it and ``results.json``.
    runs_dir : path
        Runs are looked for, and left, here.
    data : path or None
        Folder with T91 and Set5; None for what SRCNN_DATA names.
    quick : bool
        Train on the photograph of the demo and not on T91, some hundred steps.
    n_epochs : int or None
        Another number of epochs than the rows'.
    seed : int
    as_json : bool
        Print the figures as JSON.

    Returns
    -------
    dict
        The contents of ``results.json``.
    """
    if n_epochs is not None and n_epochs < 1:
        raise UserError(f"--epochs {n_epochs}: must be at least 1")
    out_dir, runs_dir = Path(out_dir), Path(runs_dir)
    if quick:
        material, make = photograph_material(out_dir), quick_run
        trainers = Trainers(material)
        train = trainers.train
    else:
        data_dir = _data_dir(data)
        material, make = sets_material(data_dir), full_run
        _check_writable(out_dir)
        trainers = Trainers(material)
        train = train_row(data_dir)
    trained = {}
    for name, title in VARIANTS.items():
        run = make(name, n_epochs, seed, runs_dir)
        _say(f"{title}: {run.experiment.measure.n_epochs} epochs")
        trained[name] = find_or_train(title, run, train)
    _say("measuring")
    results, spectra, networks = measure(trained, material, trainers)
    write_json(out_dir / "results.json", results)
    write_page(out_dir, results, trained, material, spectra, networks)
    print(json.dumps(results, indent=2) if as_json else table(results, out_dir))
    return results


def _data_dir(data):
    try:
        return find_data_dir(data)
    except UserError as error:
        raise UserError(f"{error}; --quick does without") from error


def _check_writable(folder):
    """Refuse a folder before the work, not after it."""
    probe = folder / "probe.txt"
    write_text(probe, "")
    probe.unlink()


def _say(text):
    print(text, file=sys.stderr)


class Changing(Predictor):
    """A network whose weights are exchanged without compiling it again."""

    def __init__(self, weights):
        self._model = build_model(weights)
        super().__init__(self._model)

    def load(self, weights):
        self._model.set_values(weights.values)


def measure(trained, material, trainers):
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
        the original; {name: Predictor}.
    """
    results = _settings(trained, material)
    networks, spectra = {}, {"original": _profile(_originals(material))}
    for name, one in trained.items():
        networks[name] = Changing(
            load_weights(one.weights[one.experiment.measure.n_epochs])
        )
        scores = _scores(one, networks[name], material)
        outputs = _outputs(material, networks[name])
        spectra[name] = _profile(outputs)
        column = material.validation_name + "_psnr"
        results["variants"][name] = {
            "title": one.title,
            "source": one.source,
            "sub_images_psnr": [float(row[column]) for row in one.history],
            "standard": scores,
            "checkerboard_energy": _energy(outputs),
            "grey_ripple": measures.grey_ripple(networks[name]),
            **_work(one.experiment.training),
        }
    for what, seconds in _seconds(trained, trainers, networks).items():
        for name, value in seconds.items():
            results["variants"][name]["seconds_per_" + what] = value
    return results, spectra, networks


def _settings(trained, material):
    """What all variants have in common, and the figures without them."""
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


def _scores(one, network, material):
    """PSNR and SSIM under `standard` after the epochs for which they can be had.

    The network is left with the weights of the last.
    """
    protocol = make_protocol("standard", SCALE)
    scores = dict(one.recorded)
    for epoch, path in one.weights.items():
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


def picture_multiply_adds(training):
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


def _seconds(trained, trainers, networks):
    """Median seconds of a training step, and of a picture, by variant."""
    steps = {
        name: partial(trainers.get(one.run).step.function, 0)
        for name, one in trained.items()
    }
    pictures = {
        name: partial(network, _noise(network)) for name, network in networks.items()
    }
    return {
        "step": measures.median_seconds(steps, _N_TURNS["step"]),
        "picture": measures.median_seconds(pictures, _N_TURNS["picture"]),
    }


def _noise(network):
    """What becomes PICTURE x PICTURE pixels, with its halo."""
    side = PICTURE // SCALE + 2 * network.halo
    shape = (1, network.channels, side, side)
    return np.random.RandomState(0).rand(*shape).astype(np.float32)
