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

FORMAT = "srcnn_theano weights"
VERSION = 1

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
        raise UserError("{}: no such weight file".format(path))
    attributes, values = read_arrays(path, _CONVERT)
    return _checked(path, attributes, values)


def _checked(path, attributes, values):
    if attributes.get("format") != FORMAT:
        raise UserError(
            "{}: an HDF5 file, but not weights of srcnn_theano; {}".format(
                path, _CONVERT
            )
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
            "{}: damaged weight file ({}); use another copy".format(path, error)
        )
    for name, value in sorted(weights.values.items()):
        if not np.isfinite(value).all():
            raise UserError(
                "{}: {} holds values that are not finite numbers; the training that "
                "wrote it had failed, use another file".format(path, name)
            )
    try:
        build_model(weights)
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            "{}: does not fit the model {!r} it names: {}".format(
                path, weights.model, error
            )
        )
    return weights


def build_model(weights, input_shape=None):
    """The symbolic network with these values.

    Parameters
    ----------
    weights : Weights
    input_shape : tuple of 4, ints or None
        (batch, channels, rows, cols); by default only the channels are known.

    Returns
    -------
    Model
    """
    from srcnn_theano.backend import T
    from srcnn_theano.models import model_class

    if input_shape is None:
        input_shape = (None, weights.options["channels"], None, None)
    model = model_class(weights.model)(
        np.random.RandomState(0), T.tensor4("x"), input_shape, **weights.options
    )
    model.set_values(weights.values)
    return model


def build_predictor(weights):
    """Compile the network: float32 (batch, channels, rows, cols) -> its output.

    SRCNN takes the image already enlarged, in [0, 1], and gives `margin` pixels less at
    each side; the output is not clipped unless the network clips it.

    Returns
    -------
    (function, int)
        The compiled function and the margin.
    """
    from srcnn_theano.training.functions import prediction_function

    model = build_model(weights)
    return prediction_function(model), model.margin


def shipped_weights():
    """Paths of the weight files that come with the package, by name."""
    return {path.stem: path for path in sorted(weights_dir().glob("*.h5"))}


def weights_for_scale(scale):
    """The shipped network for pictures at a scale.

    Raises
    ------
    UserError
        There is none for this scale.
    """
    shipped = shipped_weights()
    path = shipped.get("srcnn_x{}".format(scale))
    if path is None:
        raise UserError(
            "--scale {}: no network comes along for it; use 2, 3 or 4, or name a file "
            "with --weights".format(scale)
        )
    return path
