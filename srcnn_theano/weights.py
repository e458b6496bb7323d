"""Trained weights in HDF5: one file holds arrays, architecture and where they are from.

::

    /                 attributes: format, version, model, options (JSON), about (JSON)
    /conv1.W          float32 (maps out, maps in, rows, cols), a correlation kernel
    /conv1.b          float32 (maps out,)
    ...
"""

import json
from pathlib import Path
from typing import Any, Dict, NamedTuple

import numpy as np

from srcnn_theano.errors import UserError
from srcnn_theano.hdf5 import read_arrays, write_arrays
from srcnn_theano.shipped import weights_dir
from srcnn_theano.vgg16_weights import FORMAT as VGG16_FORMAT

FORMAT = "srcnn_theano weights"
VERSION = 1

# Networks for pictures come along for each of these; the first is the default.
PICTURE_MODELS = ("fsrcnn", "srcnn")

_CONVERT = "files of other programs become weights by 'srcnn-theano convert'"


class Weights(NamedTuple):
    """Values of a trained network.

    Attributes
    ----------
    model : str
        Name of the architecture ('srcnn').
    options : dict
        Arguments of the model's constructor after `input_shape`.
    values : dict of str to float32 array
        By the names of the model's variables.
    about : dict
        What is known of them: scale, protocol, experiment, source.
    """

    model: str
    options: Dict[str, Any]
    values: Dict[str, np.ndarray]
    about: Dict[str, Any]


def save_weights(path, weights):
    """Write weights to an HDF5 file, in one step."""
    attributes = {
        "format": FORMAT,
        "version": VERSION,
        "model": weights.model,
        "options": json.dumps(weights.options, sort_keys=True),
        "about": json.dumps(weights.about, sort_keys=True),
    }
    values = {name: np.float32(value) for name, value in weights.values.items()}
    write_arrays(path, attributes, values)


def load_weights(path):
    """Read and check a weight file.

    Returns
    -------
    Weights

    Raises
    ------
    UserError
        No such file; not HDF5 or truncated; not a weight file of ours; another version;
        an unknown model; an array is missing, has the wrong shape or holds NaN.
    """
    path = Path(path)
    if not path.is_file():
        raise UserError(f"{path}: no such weight file")
    attributes, values = read_arrays(path, _CONVERT)
    return _checked(path, attributes, values)


def _checked(path, attributes, values):
    if attributes.get("format") == VGG16_FORMAT:
        raise UserError(
            f"{path}: VGG16, which costs are measured with; a network that restores "
            "pictures is needed here"
        )
    if attributes.get("format") != FORMAT:
        raise UserError(
            f"{path}: an HDF5 file, but not weights of srcnn_theano; {_CONVERT}"
        )
    if attributes.get("version") != VERSION:
        raise UserError(
            "{}: weight file version {}, this program reads version {}; convert or "
            "train it again".format(path, attributes.get("version"), VERSION)
        )
    try:
        weights = Weights(
            str(attributes["model"]),
            json.loads(attributes["options"]),
            {name: np.asarray(value, "float32") for name, value in values.items()},
            json.loads(attributes["about"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: damaged weight file ({error}); use another copy"
        ) from error
    for name, value in sorted(weights.values.items()):
        if not np.isfinite(value).all():
            raise UserError(
                f"{path}: {name} holds values that are not finite numbers; the "
                "training that wrote it had failed, use another file"
            )
    try:
        _check_shapes(weights)
    except (ArithmeticError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: does not fit the model {weights.model!r} it names: {error}"
        ) from error
    return weights


def _check_shapes(weights):
    from srcnn_theano.backend import T
    from srcnn_theano.models import model_class

    shape = (None, weights.options["channels"], None, None)
    model = model_class(weights.model)(
        np.random.RandomState(0), T.tensor4("x"), shape, **weights.options
    )
    model.set_values(weights.values)


def shipped_weights():
    """Paths of the weight files that come with the package, by name."""
    return {path.stem: path for path in sorted(weights_dir().glob("*.h5"))}


def weights_for_scale(scale, model="fsrcnn"):
    """The shipped network for pictures at a scale.

    Parameters
    ----------
    scale : int
    model : str
        One of `PICTURE_MODELS`.

    Raises
    ------
    UserError
        There is none for this scale.
    """
    path = shipped_weights().get(f"{model}_x{scale}")
    if path is None:
        raise UserError(
            "--model {} --scale {}: no such network comes along; use one of {} at "
            "scale 2, 3 or 4, or name a file with --weights".format(
                model, scale, ", ".join(PICTURE_MODELS)
            )
        )
    return path


def load_for_scale(scale, path=None, model=None):
    """The network that the options of a command name, for an upscaling factor.

    Parameters
    ----------
    scale : int
    path : path or None
        A weight file; None for a network that comes along.
    model : str or None
        Which of `PICTURE_MODELS` comes along; None for the first.

    Returns
    -------
    (path, Weights)

    Raises
    ------
    UserError
        Both a file and a model; no such network; a file that is not one of weights, or
        one of a network that enlarges by another factor.
    """
    if path is not None and model is not None:
        raise UserError(
            f"--model {model} --weights {path}: the file says what model it holds; "
            "give one of the two"
        )
    path = path or weights_for_scale(scale, model or PICTURE_MODELS[0])
    weights = load_weights(path)
    factor = weights.options.get("scale", scale)
    if factor != scale:
        raise UserError(
            f"{path}: enlarges {factor} times, not {scale}; use --scale {factor}, or "
            f"weights for {scale}"
        )
    return path, weights
