"""Weight files of other programs, turned into ours; and ours, into ONNX.

A file becomes a mapping of arrays by name, whatever its format. Each `Kind` recognises
its own by names and shapes and turns them into the options and values of a model.
"""

from pathlib import Path
from typing import Callable, NamedTuple

import numpy as np

from srcnn_theano.convert import vgg16
from srcnn_theano.convert.caffe import read_caffe
from srcnn_theano.convert.fsrcnn import from_fsrcnn_mat, is_fsrcnn_mat
from srcnn_theano.convert.keras import read_keras
from srcnn_theano.convert.mat import read_mat
from srcnn_theano.convert.numpy_files import read_numpy
from srcnn_theano.convert.pytorch import read_pytorch
from srcnn_theano.convert.safetensors import read_safetensors
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
        Raises ValueError where they do not fit together. That of VGG16 takes a last
        layer besides.
    save : function of (path, Weights)
        Writes the file.
    """

    model: str
    what: str
    recognise: Callable
    convert: Callable
    save: Callable = save_weights


def convert(path, out, model=None, scale=None, last_layer=None):
    """Turn a weight file of another program into one of ours, or ours into ONNX.

    Parameters
    ----------
    path : str or Path
    out : str or Path, .h5 or .onnx
        The latter takes a weight file of ours (`onnx.export`), which says all that the
        options could.
    model : str or None
        What the file holds, where it cannot be recognised.
    scale : int or None
        The upscaling factor that the network was trained for; the files do not say.
    last_layer : str or None
        Where to cut VGG16; None takes all that the file has.

    Returns
    -------
    Weights

    Raises
    ------
    UserError
        The file is missing, damaged, of an unknown kind or of several; its arrays do
        not fit together or hold NaN; `out` cannot be written. The scale is not 2 to 4,
        or the network has no scale, or no last layer to choose. `out` has another
        suffix. As `onnx.export`, for ONNX.
    """
    path, out = Path(path), Path(out)
    if out.suffix.lower() == ".onnx":
        return _export(path, out, model=model, scale=scale, last_layer=last_layer)
    if out.suffix.lower() not in (".h5", ".hdf5"):
        raise UserError(
            f"{out}: weights are written as .h5, and those of ours as .onnx besides; "
            "choose a name that ends so"
        )
    if scale not in (None,) + SCALES:
        raise UserError(f"--scale {scale}: the scale must be 2, 3 or 4")
    arrays = _read(path)
    kind = _kind_of(path, arrays, model)
    cut = _cut(kind, scale, last_layer)
    try:
        options, values = kind.convert(arrays, **cut)
    except ValueError as error:
        raise UserError(
            f"{path}: looks like the {kind.what}, but {error}; use another copy"
        ) from error
    for name, value in sorted(values.items()):
        if not np.isfinite(value).all():
            raise UserError(
                f"{path}: {name} would hold values that are not finite numbers; use "
                "another copy"
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
                f"{path}: the file does not say by what factor this network enlarges; "
                "say it with --scale"
            )
        options["scale"] = scale
    weights = Weights(kind.model, options, values, about)
    kind.save(out, weights)
    return weights


def _export(path, out, **options):
    for name, value in options.items():
        if value is not None:
            raise UserError(
                "--{} {}: our weight files say what they hold; leave it out for "
                "{}".format(name.replace("_", "-"), value, out)
            )
    from srcnn_theano.convert.onnx import export

    return export(path, out)


def _cut(kind, scale, last_layer):
    """The argument `last_layer` where it is given to what can be cut."""
    is_vgg16 = kind.model == "vgg16"
    if is_vgg16 and scale is not None:
        raise UserError(f"--scale {scale}: VGG16 has no scale; leave it out")
    if last_layer is None:
        return {}
    if not is_vgg16:
        raise UserError(
            f"--last-layer {last_layer}: only VGG16 can be cut, and this is "
            f"{kind.model}; leave it out"
        )
    return {"last_layer": last_layer}


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
                _listed(arrays),
                "\n".join(f"  {kind.model}: {kind.what}" for kind in kinds),
            )
        )
    return found[0]


def _listed(arrays, at_most=8):
    shown = [f"{name} {array.shape}" for name, array in sorted(arrays.items())]
    rest = len(shown) - at_most
    more = f" and {rest} more" if rest > 0 else ""
    return (", ".join(shown[:at_most]) or "no arrays") + more


def _read(path):
    """Arrays of a weight file, by name; its suffix tells the format."""
    if not path.is_file():
        raise UserError(f"{path}: no such file")
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
            f"{path}: damaged, or not a {name} file ({error}); use another copy"
        ) from error


# Suffix of a file: (name of the format for messages, function of path -> {name: array})
FORMATS = {
    ".mat": ("MATLAB", read_mat),
    ".h5": ("Keras", read_keras),
    ".hdf5": ("Keras", read_keras),
    ".caffemodel": ("Caffe", read_caffe),
    ".pth": ("PyTorch", read_pytorch),
    ".pt": ("PyTorch", read_pytorch),
    ".bin": ("PyTorch", read_pytorch),
    ".safetensors": ("safetensors", read_safetensors),
    ".npy": ("NumPy", read_numpy),
    ".npz": ("NumPy", read_numpy),
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
    Kind(
        "vgg16",
        "VGG16 of Simonyan and Zisserman, by the names of its layers in Caffe "
        "(conv1_1), Keras (block1_conv1), PyTorch and timm (features.0)",
        vgg16.is_vgg16,
        vgg16.from_vgg16,
        vgg16.save,
    ),
)
