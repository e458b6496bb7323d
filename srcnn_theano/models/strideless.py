"""FSRCNN and its half as the report's program had them: without a stride, or of 2."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from srcnn_theano.backend import T
from srcnn_theano.layers.convolution import ConvLayer
from srcnn_theano.layers.deconvolution import DeconvLayer
from srcnn_theano.layers.initializers import filters_for, narrow_normal
from srcnn_theano.layers.layer import Layer
from srcnn_theano.layers.lengths import Shape4
from srcnn_theano.models.chain import chain
from srcnn_theano.models.model import Model
from srcnn_theano.models.options import (
    StridelessHalfOptions,
    StridelessOptions,
    StrideTwoOptions,
)
from srcnn_theano.models.shapes import Conv, strideless_layers


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
    _first_inside = 0  # pixels of the output before those of the central 4x4

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
            partial(filters_for, chosen.initializer),
            slopes="layer",
            a=np.array([0.5]),
        )
        # (batch, channels, 16, 16), 17x17 of the half, 23x23 with a stride
        shape, number = layers[-1].output_shape, len(hidden) + 1
        layers.append(self._last(rng, maps, shape, last, number, chosen))
        self._collect(layers)

        # Two of eight pixels at each side have no output.
        self.halo = 2
        first = self._first_inside
        end = first + self.factor * (self.window - 2 * self.halo)
        self.inside = self.output[:, :, first:end, first:end]

    def _last(
        self,
        rng: np.random.RandomState,
        maps: Any,
        shape: Shape4,
        conv: Conv,
        number: int,
        options: StridelessOptions,
    ) -> Layer:
        """The layer that makes the output larger than the input."""
        return ConvLayer(
            rng,
            maps,
            shape,
            conv.filter_shape,
            W=narrow_normal,
            border_mode="full",
            name=f"conv{number}",
        )


class StridelessHalf(StridelessFSRCNN):
    """The report's half: 9x9 (64), 5x5 (32), and a full border of 10x10."""

    options_class = StridelessHalfOptions


class StrideTwoFSRCNN(StridelessFSRCNN):
    """The report's deconvolution by gradInputs: 9x9 filters two pixels apart.

    The other layers are those of `StridelessFSRCNN`. 8 pixels become 23, which are
    compared with the middle of 33: two pixels of the output are one of the input, which
    is four of the target.
    """

    options_class = StrideTwoOptions
    _first_inside = 3

    def _last(
        self,
        rng: np.random.RandomState,
        maps: Any,
        shape: Shape4,
        conv: Conv,
        number: int,
        options: StridelessOptions,
    ) -> Layer:
        return DeconvLayer(
            rng,
            maps,
            shape,
            conv.filter_shape,
            stride=2,
            W=filters_for(options.initializer, shape),
            name=f"conv{number}",
        )
