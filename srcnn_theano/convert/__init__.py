"""Weight files of other programs, turned into ours.

A file becomes a mapping of arrays by name, whatever its format. Each `Kind` recognises
its own by names and shapes and turns them into the options and values of a model.
"""

from pathlib import Path
from typing import Callable, NamedTuple

import numpy as np

from srcnn_theano.convert.fsrcnn import from_fsrcnn_mat, is_fsrcnn_mat
from srcnn_theano.convert.mat import read_mat
from srcnn_theano.convert.srcnn import from_srcnn_mat, is_srcnn_mat
from srcnn_theano.data.patches import SCALES
from srcnn_theano.errors import UserError
from srcnn_theano.files import sha256
from srcnn_theano.models import MODELS, model_class
from srcnn_theano.weights import Weights, save_weights


class Kind(NamedTuple):
    """One kind of foreign weight file.

    Attributes
    ----------
    model : str
        Name of the model that it becomes, and of the kind itself.
    what : str
        Whose weights these are and how they look, for messages.
    recognise : function of arrays by name -> bool
    convert : function of arrays by name -> (options, values)
        Raises ValueError where they do not fit together.
    """

    model: str
    what: str
    recognise: Callable
    convert: Callable


def convert(path, out, model=None, scale=None):
    """Turn a weight file of another program into one of ours.

    Parameters
    ----------
    path : str or Path
    out : str or Path, .h5
    model : str or None
        What the file holds, where it cannot be recognised.
    scale : int or None
        The upscaling factor that the network was trained for; the files do not say.

    Returns
    -------
    Weights

    Raises
    ------
    UserError
        The file is missing, damaged, of an unknown kind or of several; its arrays do
        not fit together or hold NaN; `out` cannot be written. The scale is not 2 to 4.
    """
    path = Path(path)
    if scale not in (None,) + SCALES:
        raise UserError("--scale {}: the scale must be 2, 3 or 4".format(scale))
    arrays = _read(path)
    kind = _kind_of(path, arrays, model)
    try:
        options, values = kind.convert(arrays)
    except ValueError as error:
        raise UserError(
            "{}: looks like the {}, but {}; use another copy".format(
                path, kind.what, error
            )
        )
    for name, value in sorted(values.items()):
        if not np.isfinite(value).all():
            raise UserError(
                "{}: {} would hold values that are not finite numbers; use another "
                "copy".format(path, name)
            )
    about = {
        "source": path.name,
        "source_sha256": sha256(path),
        "protocol": "standard",
    }
    if scale is not None:
        about["scale"] = scale
    if kind.model in MODELS and model_class(kind.model).upscales:
        if scale is None:
            raise UserError(
                "{}: the file does not say by what factor this network enlarges; say it "
                "with --scale".format(path)
            )
        options["scale"] = scale
    weights = Weights(kind.model, options, values, about)
    save_weights(out, weights)
    return weights


def _kind_of(path, arrays, model):
    """The one kind that the arrays are of; of `model` alone if that is given."""
    kinds = [kind for kind in KINDS if model in (None, kind.model)]
    if not kinds:
        raise UserError(
            "--model {}: no such kind; known are {}".format(
                model, ", ".join(kind.model for kind in KINDS)
            )
        )
    found = [kind for kind in kinds if kind.recognise(arrays)]
    if len(found) > 1:
        raise UserError(
            "{}: may be {}; say which with --model".format(
                path, " or ".join(kind.model for kind in found)
            )
        )
    if not found:
        raise UserError(
            "{}: not recognised. It holds {}. Known kinds are:\n{}".format(
                path,
                ", ".join(
                    "{} {}".format(name, array.shape)
                    for name, array in sorted(arrays.items())
                )
                or "no arrays",
                "\n".join("  {}: {}".format(kind.model, kind.what) for kind in kinds),
            )
        )
    return found[0]


def _read(path):
    """Arrays of a weight file, by name; its suffix tells the format."""
    if not path.is_file():
        raise UserError("{}: no such file".format(path))
    if path.suffix.lower() not in FORMATS:
        raise UserError(
            "{}: not a weight file that can be converted; known suffixes are {}".format(
                path, ", ".join(FORMATS)
            )
        )
    name, read = FORMATS[path.suffix.lower()]
    try:
        return read(path)
    except UserError:
        raise
    except Exception as error:  # a damaged file may raise anything
        raise UserError(
            "{}: damaged, or not a {} file ({}); use another copy".format(
                path, name, error
            )
        )


# Suffix of a file: (name of the format for messages, function of path -> {name: array})
FORMATS = {
    ".mat": ("MATLAB", read_mat),
}

KINDS = (
    Kind(
        "srcnn",
        "SRCNN of Dong et al. as MATLAB file (weights_conv1 to 3, biases_conv1 to 3)",
        is_srcnn_mat,
        from_srcnn_mat,
    ),
    Kind(
        "fsrcnn",
        "FSRCNN of Dong et al. as MATLAB file (cells weights_conv, biases_conv, "
        "prelu_conv)",
        is_fsrcnn_mat,
        from_fsrcnn_mat,
    ),
)
