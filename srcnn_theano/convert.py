"""Weight files of other programs, turned into ours.

A file becomes a mapping of arrays by name, whatever its format. Each `Kind` recognises
its own by names and shapes and turns them into the options and values of a model.
"""

from pathlib import Path
from typing import Callable, NamedTuple

import numpy as np

from srcnn_theano.data.patches import SCALES
from srcnn_theano.errors import UserError
from srcnn_theano.files import sha256
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
    arrays = _read_mat(path)
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


def _read_mat(path):
    """Arrays of a MATLAB file (version 5 to 7), by name."""
    from scipy.io import loadmat

    if not path.is_file():
        raise UserError("{}: no such file".format(path))
    try:
        content = loadmat(str(path), appendmat=False)
    except NotImplementedError:
        raise UserError(
            "{}: a MATLAB 7.3 file; save it in MATLAB with -v7".format(path)
        )
    except Exception as error:  # a damaged file may raise anything
        raise UserError("{}: damaged, or not a MATLAB file ({})".format(path, error))
    return {name: array for name, array in content.items() if not name.startswith("__")}


# SRCNN, the MATLAB files of its authors


def _is_srcnn_mat(arrays):
    n_axes = {"weights_conv1": 2, "weights_conv2": 3, "weights_conv3": 2}
    n_axes.update({"biases_conv1": 2, "biases_conv2": 2, "biases_conv3": 2})
    return set(n_axes) <= set(arrays) and all(
        arrays[name].ndim == n and arrays[name].dtype.kind == "f"
        for name, n in n_axes.items()
    )


def _from_srcnn_mat(arrays):
    """The arrays of Dong et al.'s demo: correlations on Y in [0, 1].

    weights_conv1 is (patch, maps out), weights_conv2 (maps in, patch, maps out) and
    weights_conv3 (maps in, patch), each patch a square in MATLAB's order, column after
    column.
    """
    banks = (  # (maps in, patch, maps out)
        arrays["weights_conv1"][np.newaxis],
        arrays["weights_conv2"],
        arrays["weights_conv3"][:, :, np.newaxis],
    )
    values, n_out = {}, 1
    for i, bank in enumerate(banks, start=1):
        name = "weights_conv{}".format(i)
        n_in, patch, n_maps = bank.shape
        size = int(round(patch**0.5))
        if size * size != patch or size % 2 == 0:
            raise ValueError(
                "{} has patches of {} values, not an odd square".format(name, patch)
            )
        if n_in != n_out:
            raise ValueError(
                "{} takes {} maps, the layer before gives {}".format(name, n_in, n_out)
            )
        n_out = n_maps
        bias = arrays["biases_conv{}".format(i)].ravel()
        if bias.size != n_out:
            raise ValueError(
                "{} gives {} maps and has {} biases".format(name, n_out, bias.size)
            )
        # (maps out, maps in, cols, rows), then rows before cols
        filters = bank.transpose(2, 0, 1).reshape(n_out, n_in, size, size)
        filters = filters.transpose(0, 1, 3, 2)
        values["conv{}.W".format(i)] = filters.astype("float32")
        values["conv{}.b".format(i)] = bias.astype("float32")
    options = {
        "channels": 1,
        "n_filters": [len(values["conv1.b"]), len(values["conv2.b"])],
        "filter_sizes": [values["conv{}.W".format(i)].shape[2] for i in (1, 2, 3)],
    }
    return options, values


KINDS = (
    Kind(
        "srcnn",
        "SRCNN of Dong et al. as MATLAB file (weights_conv1 to 3, biases_conv1 to 3)",
        _is_srcnn_mat,
        _from_srcnn_mat,
    ),
)
