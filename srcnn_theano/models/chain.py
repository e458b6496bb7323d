"""Convolutions in a row at one size, as both kinds of FSRCNN have them."""

from __future__ import annotations

from typing import Any, Callable, Mapping, Sequence

import numpy as np

from srcnn_theano.layers.activations import PReLULayer, relu
from srcnn_theano.layers.convolution import ConvLayer
from srcnn_theano.layers.layer import Layer
from srcnn_theano.layers.lengths import Shape4
from srcnn_theano.models.shapes import Conv


def chain(
    rng: np.random.RandomState,
    maps: Any,
    shape: Shape4,
    convolutions: Sequence[Conv],
    activation: str,
    skips: Mapping[int, int],
    filters: Callable[[Shape4], Any] = lambda shape: None,
    slopes: str = "map",
    a: Any = None,
    border: str = "half",
) -> tuple[list[Layer], Any]:
    """Convolutions, padded with zeros to keep the size, each with its activation.

    Parameters
    ----------
    rng : numpy.random.RandomState
    maps : symbolic 4-tensor, (batch, maps, rows, cols)
    shape : tuple of 4, ints or None
    convolutions : sequence of Conv
    activation : 'prelu' or 'relu'
    skips : dict of int to int
        To the maps of the first layer, numbered from 1, those of the second are added.
    filters : function of the shape of a layer's input
        The filters that `ConvLayer` begins with.
    slopes, a
        As in `PReLULayer`.
    border : 'half' or 'valid'
        Without padding, the centre of earlier maps is added to later ones.

    Returns
    -------
    list of Layer, named conv1, prelu1, conv2 ...
    symbolic 4-tensor
        What the last of them gives, with what is added to it.
    """
    layers: list[Layer] = []
    outputs: dict[int, Any] = {}
    for number, conv in enumerate(convolutions, start=1):
        layers.append(
            ConvLayer(
                rng,
                maps,
                shape,
                conv.filter_shape,
                W=filters(shape),
                activation=relu if activation == "relu" else None,
                border_mode=border,
                name=f"conv{number}",
            )
        )
        maps, shape = layers[-1].output, layers[-1].output_shape
        if activation == "prelu":
            layers.append(PReLULayer(maps, shape, slopes, a, f"prelu{number}"))
            maps = layers[-1].output
        outputs[number] = maps
        if number in skips:
            since = convolutions[skips[number] : number] if border == "valid" else []
            maps = maps + _centre(outputs[skips[number]], since)
    return layers, maps


def _centre(maps: Any, convolutions: Sequence[Conv]) -> Any:
    """Maps less the pixels at each side that these convolutions cut off."""
    cut = sum(conv.size // 2 for conv in convolutions)
    return maps[:, :, cut:-cut, cut:-cut] if cut else maps
