"""FSRCNN and its half as the report's program had them: without a stride."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from srcnn_theano.backend import T
from srcnn_theano.layers.convolution import ConvLayer
from srcnn_theano.layers.initializers import filters_for, narrow_normal
from srcnn_theano.layers.lengths import Shape4
from srcnn_theano.models.chain import chain
from srcnn_theano.models.model import Model
from srcnn_theano.models.options import StridelessHalfOptions, StridelessOptions
from srcnn_theano.models.shapes import strideless_layers


class StridelessFSRCNN(Model):
    """Convolutions at low resolution whose full border makes 16 pixels of 8.

    8x8 pixels stand for 33x33, and the output for the 16x16 in their middle, which the
    central 4x4 of them stand for. A full border puts no pixel between others: the
    output begins with pixels that one corner of the input reaches. A network of this
    kind fits inputs of 8x8 only.

    Parameters
    ----------
    rng : numpy.random.RandomState
        Draws the filters.
    input : symbolic 4-tensor, (batch, channels, rows, cols), in [0, 1]
    input_shape : tuple of 4, ints or None
    output_size : None or (rows, cols)
        Of the sub-image that the input stands for; the output does not depend on it.
    **options
        See `StridelessOptions`.
    """

    upscales = StridelessOptions.upscales
    options_class: type[StridelessOptions] = StridelessOptions
    factor = 4
    window = 8

    def __init__(
        self,
        rng: np.random.RandomState,
        input: Any,
        input_shape: Shape4,
        output_size: tuple[int, int] | None = None,
        **options: Any,
    ) -> None:
        chosen = self.options_class(**options)
        self.input = input
        self.channels = chosen.channels
        self.is_train = T.bscalar("is_train")

        *hidden, last = strideless_layers(chosen)
        layers, maps = chain(
            rng,
            self._levels(input, chosen.peak),
            input_shape,
            hidden,
            chosen.activation,
            # conv2 is added to conv4, and their sum goes into conv5; and so on.
            {4: 2, 5: 3, 6: 4} if chosen.skip == "both" else {},
            partial(_filters, chosen),
            slopes="layer",
            a=np.array([0.5]),
        )
        layers.append(
            ConvLayer(
                rng,
                maps,
                layers[-1].output_shape,
                last.filter_shape,
                W=narrow_normal,
                border_mode="full",
                name=f"conv{len(hidden) + 1}",
            )
        )
        # (batch, channels, 16, 16), or 17x17 of the half
        self._collect(layers)

        # Two of eight pixels at each side have no output.
        self.halo = 2
        side = self.factor * (self.window - 2 * self.halo)
        self.inside = self.output[:, :, :side, :side]


class StridelessHalf(StridelessFSRCNN):
    """The report's half: 9x9 (64), 5x5 (32), and a full border of 10x10."""

    options_class = StridelessHalfOptions


def _filters(options: StridelessOptions, side: int | None) -> Any:
    if options.initializer == "wide":
        return lambda rng, shape: rng.normal(0.0, 0.5, size=shape)
    return filters_for(options.initializer, side)
