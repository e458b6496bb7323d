"""Networks whose weights can be converted: how each is recognised, read and written."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Mapping, NamedTuple

import numpy as np

from srcnn_theano.convert.formats import shown
from srcnn_theano.convert.networks import vgg16
from srcnn_theano.convert.networks.fsrcnn import from_fsrcnn_mat, is_fsrcnn_mat
from srcnn_theano.convert.networks.fsrcnn_layers import (
    from_fsrcnn_tensorflow,
    from_fsrcnn_torch,
    is_fsrcnn_tensorflow,
    is_fsrcnn_torch,
)
from srcnn_theano.convert.networks.srcnn import from_srcnn_mat, is_srcnn_mat
from srcnn_theano.convert.networks.srcnn_layers import (
    from_srcnn_layers,
    is_srcnn_layers,
)
from srcnn_theano.errors import UserError, did_you_mean
from srcnn_theano.weights import Weights, save_weights

Arrays = Mapping[str, np.ndarray]


class Kind(NamedTuple):
    """A network as other programs' files hold it.

    Attributes
    ----------
    model : str
        Name of the model that it becomes, and of the kind itself.
    description : str
        Whose weights these are and how they look, for messages.
    recognise : function of arrays by name -> bool
    read : function of arrays by name -> (options, values)
        Raises ValueError where they do not fit together. That of VGG16 takes a last
        layer besides, that of a network that enlarges its scale, unless the file tells
        it.
    tells_scale : bool
        Whether the arrays of a network that enlarges say how far.
    write : function of (path, Weights)
    """

    model: str
    description: str
    recognise: Callable[[Arrays], bool]
    read: Callable[..., tuple[dict[str, Any], dict[str, np.ndarray]]]
    tells_scale: bool = False
    write: Callable[[Path, Weights], None] = save_weights


KINDS = (
    Kind(
        "srcnn",
        "SRCNN of Dong et al. as MATLAB file (weights_conv1 to 3, biases_conv1 to 3)",
        is_srcnn_mat,
        from_srcnn_mat,
    ),
    Kind(
        "srcnn",
        "SRCNN of Caffe, Keras, PyTorch or NumPy: three convolutions and their biases, "
        "for 1 or 3 channels, and nothing else",
        is_srcnn_layers,
        from_srcnn_layers,
    ),
    Kind(
        "fsrcnn",
        "FSRCNN of Dong et al. as MATLAB file (cells weights_conv, biases_conv, "
        "prelu_conv)",
        is_fsrcnn_mat,
        from_fsrcnn_mat,
    ),
    Kind(
        "fsrcnn",
        "FSRCNN of PyTorch: convolutions with biases and PReLUs, the last one "
        "transposed, and nothing else",
        is_fsrcnn_torch,
        from_fsrcnn_torch,
    ),
    Kind(
        "fsrcnn",
        "FSRCNN of TensorFlow, as OpenCV loads it (f1, b1, alpha1 and so on)",
        is_fsrcnn_tensorflow,
        from_fsrcnn_tensorflow,
        tells_scale=True,
    ),
    Kind(
        "vgg16",
        "VGG16 of Simonyan and Zisserman, by the names of its layers in Caffe "
        "(conv1_1), Keras (block1_conv1), PyTorch and timm (features.0)",
        # Three layers may have names as in a VGG: features.0 and so on.
        lambda arrays: vgg16.is_vgg16(arrays) and not is_srcnn_layers(arrays),
        vgg16.from_vgg16,
        write=vgg16.save,
    ),
)


def kind_of(path: Path, arrays: Arrays, model: str | None) -> Kind:
    """The kind of a file's arrays.

    Parameters
    ----------
    path : Path
        For messages.
    arrays : mapping of str to array
    model : str or None
        The only kind to take; None for all.

    Raises
    ------
    UserError
        The arrays are of no kind, or may be of several; no kind has that name.
    """
    kinds = [kind for kind in KINDS if model in (None, kind.model)]
    if not kinds:
        names = list(dict.fromkeys(kind.model for kind in KINDS))
        raise UserError(
            f"--model {model}: no such kind{did_you_mean(str(model), names)}; known "
            f"are {', '.join(names)}"
        )
    matching = [kind for kind in kinds if kind.recognise(arrays)]
    if len(matching) > 1:
        either = " or ".join(kind.model for kind in matching)
        raise UserError(f"{path}: may be {either}; say which with --model")
    if not matching:
        known = ", ".join(f"{kind.model} ({kind.description})" for kind in kinds)
        raise UserError(
            f"{path}: not recognised. It holds {_listed(arrays)}. Known kinds "
            f"are {known}"
        )
    return matching[0]


def _listed(arrays: Arrays, at_most: int = 8) -> str:
    first = sorted(arrays.items())[:at_most]
    listed = [f"{shown(name, at_most=60)} {array.shape}" for name, array in first]
    rest = len(arrays) - at_most
    more = f" and {rest} more" if rest > 0 else ""
    return (", ".join(listed) or "no arrays") + more
