"""Networks by name: the names in weight files and experiments.

`options` and `shapes` describe a network without Theano; the classes, which build it,
are imported when they are asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_theano.models.options import OPTIONS

if TYPE_CHECKING:
    from srcnn_theano.models.model import Model

MODELS = tuple(OPTIONS)


def model_class(name: str) -> type[Model]:
    """The class of a model by its name, of `MODELS`; KeyError when there is none."""
    from srcnn_theano.models.fsrcnn import FSRCNN, HalfFSRCNN, LargeFSRCNN
    from srcnn_theano.models.srcnn import SRCNN
    from srcnn_theano.models.strideless import (
        StridelessFSRCNN,
        StridelessHalf,
        StrideTwoFSRCNN,
    )

    classes: dict[str, type[Model]] = {
        "srcnn": SRCNN,
        "fsrcnn": FSRCNN,
        "half-fsrcnn": HalfFSRCNN,
        "fsrcnn-large": LargeFSRCNN,
        "fsrcnn-strideless": StridelessFSRCNN,
        "half-strideless": StridelessHalf,
        "fsrcnn-stride-2": StrideTwoFSRCNN,
    }
    return classes[name]


def model_for_pairs(
    name: str,
    options: dict[str, Any],
    pairs: tuple[np.ndarray, np.ndarray],
    rng: np.random.RandomState,
    batch_size: int | None = None,
) -> Model:
    """A model that takes and gives sub-images of the sizes that the pairs have.

    Parameters
    ----------
    name : str, one of `MODELS`
    options : dict
        Arguments of its constructor.
    pairs : (low_res, high_res), arrays (n, channels, rows, cols)
        Where the model upscales, its output has the size of the targets; otherwise, and
        with the option `padding` 'none', its convolutions leave so much of the input.
    rng : numpy.random.RandomState
    batch_size : int or None
        Known sizes make faster graphs.
    """
    from srcnn_theano.backend import T

    network: Any = model_class(name)
    low_res, high_res = pairs
    if network.upscales and options.get("padding", "zeros") == "zeros":
        options = dict(options, output_size=high_res.shape[2:])
    shape = (batch_size,) + low_res.shape[1:]
    return network(rng, T.tensor4("x"), shape, **options)
