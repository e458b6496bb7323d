"""Files of trained weights: arrays, architecture and origin, in HDF5.

::

    /                 attributes: format, version, model, options (JSON), about (JSON)
    /conv1.W          float32 (maps out, maps in, rows, cols), a correlation kernel
    /conv1.b          float32 (maps out,)
    ...

Reading one takes NumPy and h5py: no compiler, no Theano.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from reprlib import repr as _short
from typing import Any, Mapping, NamedTuple

import numpy as np

from srcnn_theano.errors import UserError, did_you_mean
from srcnn_theano.files import parse_json, require_file
from srcnn_theano.hdf5 import read_arrays, write_arrays
from srcnn_theano.models.options import OPTIONS, Options, checked_options
from srcnn_theano.models.shapes import check_shapes, variable_shapes
from srcnn_theano.shipped import weights_dir
from srcnn_theano.streams import say
from srcnn_theano.vgg16_weights import FORMAT as VGG16_FORMAT

FORMAT = "srcnn_theano weights"
VERSION = 1

# An L2 norm shrinks filters that nothing else moves without end. As subnormal numbers
# they change no pixel and make a processor many times slower.
TINY = 1e-20

# Networks for pictures, which `shipped_models` may come with; the first is the default.
PICTURE_MODELS = ("fsrcnn", "srcnn", "fsrcnn-large")

_OF_ONES_OWN = (
    ". Values of a class of your own are saved by numpy.savez(path, "
    "**model.get_values()), and read back by model.set_values(numpy.load(path))"
)
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
        Where they come from, as far as it is known: scale, protocol, experiment,
        source.
    """

    model: str
    options: dict[str, Any]
    values: dict[str, np.ndarray]
    about: dict[str, Any]

    @property
    def architecture(self) -> Options:
        """The options that the file names, and the defaults of all others."""
        return checked_options(self.model, self.options)


def save_weights(path: str | Path, weights: Weights) -> None:
    """Write weights to an HDF5 file, in one step; those below `TINY` become 0.

    Raises
    ------
    UserError
        `load_weights` could not read them: the model is none of the package's, or the
        values are not those that its options ask for. Nothing is written.
    """
    _check_fit(path, weights)
    attributes = {
        "format": FORMAT,
        "version": VERSION,
        "model": weights.model,
        "options": json.dumps(weights.options, sort_keys=True),
        "about": json.dumps(weights.about, sort_keys=True),
    }
    values = {name: _flushed(value) for name, value in weights.values.items()}
    write_arrays(path, attributes, values)


def _check_fit(path: str | Path, weights: Weights) -> None:
    try:
        check_shapes(weights.values, variable_shapes(weights.model, weights.options))
    except ValueError as error:
        known = "" if weights.model in OPTIONS else _OF_ONES_OWN
        raise UserError(
            f"{path}: not written, as it could not be read back: {error}{known}"
        ) from error


def _flushed(value: np.ndarray) -> np.ndarray:
    value = np.asarray(value, np.float32)
    return np.where(np.abs(value) < TINY, np.float32(0), value)


def load_weights(path: str | Path) -> Weights:
    """Read and check a weight file.

    Returns
    -------
    Weights

    Raises
    ------
    UserError
        No such file; not HDF5 or truncated; another kind of file; another version;
        an unknown model; an array is missing, has the wrong shape or holds NaN.
    """
    path = Path(path)
    require_file(path, "weight file")
    attributes, values = read_arrays(path, _CONVERT)
    return _checked(path, attributes, values)


def _checked(
    path: Path, attributes: Mapping[str, Any], values: Mapping[str, np.ndarray]
) -> Weights:
    if attributes.get("format") == VGG16_FORMAT:
        raise UserError(
            f"{path}: VGG16, which costs are measured with; a network that restores "
            "pictures is needed here"
        )
    if attributes.get("format") != FORMAT:
        raise UserError(
            f"{path}: an HDF5 file, but not weights of srcnn_theano; {_CONVERT}"
        )
    version = attributes.get("version")
    if version != VERSION:
        raise UserError(
            f"{path}: weight file version {_short(version)}, this program "
            f"reads version {VERSION}; convert or train it again"
        )
    try:
        weights = Weights(
            str(attributes["model"]),
            parse_json(attributes["options"]),
            {name: np.asarray(value, "float32") for name, value in values.items()},
            _checked_about(parse_json(attributes["about"])),
        )
        for name, value in values.items():
            if value.dtype.itemsize != 4:
                raise ValueError(f"{name} holds {value.dtype}, not float32")
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
        check_shapes(weights.values, variable_shapes(weights.model, weights.options))
    except ValueError as error:
        raise UserError(
            f"{path}: does not fit the model {_short(weights.model)} it names "
            f"({error}); use another copy, or convert or train it again"
        ) from error
    return weights


def _checked_about(about: Any) -> dict[str, Any]:
    """What a file says about itself, if it may say that.

    Raises
    ------
    ValueError
        Not values by name; a value that is no word and no finite number, or not what
        its name stands for.
    """
    if not isinstance(about, dict):
        raise ValueError("'about' must have names")
    for name, value in about.items():
        if name in ("scale", "n_epochs"):
            is_right = type(value) is int and 0 <= value < 10**9
        elif name in ("experiment", "protocol", "source", "source_sha256", "identity"):
            is_right = isinstance(value, str)
        elif name == "window":
            is_right = value in ("centre", "top-left")
        else:
            is_right = isinstance(value, (str, int, type(None)))
            is_right |= isinstance(value, float) and math.isfinite(value)
        if not is_right:
            raise ValueError(f"about: {_short(name)} must not be {_short(value)}")
    return about


def trained_epochs(path: str | Path, weights: Weights) -> int:
    """After how many epochs a training wrote the weights of a file.

    Raises
    ------
    UserError
        The file does not say.
    """
    if "n_epochs" not in weights.about:
        raise UserError(
            f"{path}: does not say after how many epochs it was written, so it is not "
            "of a training here; use the file that the training wrote"
        )
    return weights.about["n_epochs"]


def shipped_weights() -> dict[str, Path]:
    """Paths of the weight files that come with the package, by name."""
    return {path.stem: path for path in sorted(weights_dir().glob("*.h5"))}


def shipped_models() -> tuple[str, ...]:
    """Those of `PICTURE_MODELS` of which the package has a network for any scale."""
    shipped = {name.rpartition("_x")[0] for name in shipped_weights()}
    return tuple(name for name in PICTURE_MODELS if _row_of(name) in shipped)


def picture_row(model: str, scale: int) -> str:
    """What the row and the weight file of one of `PICTURE_MODELS` are called."""
    return f"{_row_of(model)}_x{scale}"


def _row_of(model: str) -> str:
    """What the names of a model's weight files begin with."""
    return model.replace("-", "_")


def weights_for_scale(scale: int, model: str = PICTURE_MODELS[0]) -> Path:
    """The shipped network for pictures at a scale.

    Parameters
    ----------
    scale : int
    model : str
        One of `shipped_models`.

    Raises
    ------
    UserError
        There is none for this scale.
    """
    path = shipped_weights().get(picture_row(model, scale))
    if path is None:
        models = shipped_models()
        raise UserError(
            f"--model {model} --scale {scale}: no such network is in the package"
            f"{did_you_mean(model, models)}; use one of {', '.join(models)} at scale "
            "2, 3 or 4, or name a file with --weights"
        )
    return path


def weights_path(
    scale: int, path: str | Path | None = None, model: str | None = None
) -> Path:
    """The file of `load_for_scale`.

    Raises
    ------
    UserError
        Both a file and a model; no such network or file.
    """
    if path is not None and model is not None:
        raise UserError(
            f"--model {model} --weights {path}: the file names its model; "
            "leave one of them out"
        )
    if path is None:
        path = weights_for_scale(scale, model or PICTURE_MODELS[0])
    require_file(path, "weight file")
    return Path(path)


def load_for_scale(
    scale: int, path: str | Path | None = None, model: str | None = None
) -> tuple[Path, Weights]:
    """The network that the options of a command name, for an upscaling factor.

    Parameters
    ----------
    scale : int
    path : path or None
        A weight file; None for a network of the package. An SRCNN trained for another
        scale is used all the same, with a line on stderr.
    model : str or None
        Which of `shipped_models`; None for the first.

    Returns
    -------
    (path, Weights)

    Raises
    ------
    UserError
        Both a file and a model; no such network; a file that `load_weights` refuses, or
        whose network enlarges by another factor.
    """
    path = weights_path(scale, path, model)
    weights = load_weights(path)
    factor = getattr(weights.architecture, "scale", scale)
    if factor != scale:
        raise UserError(
            f"{path}: enlarges {factor} times, not {scale}; use --scale {factor}, or "
            f"weights for {scale}"
        )
    trained_for = weights.about.get("scale", scale)
    if trained_for != scale:
        say(
            f"warning: {path} was trained for scale {trained_for}, not {scale}; the "
            "picture will be of the right size, but less sharp than it could be"
        )
    return path, weights
