"""SRCNN: patch extraction, non-linear mapping, reconstruction."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcnn_theano.backend import T
from srcnn_theano.layers.activations import relu
from srcnn_theano.layers.convolution import ConvLayer
from srcnn_theano.layers.initializers import filters_for, first_bias
from srcnn_theano.layers.layer import Layer
from srcnn_theano.layers.lengths import Shape4
from srcnn_theano.layers.normalization import BatchNormLayer
from srcnn_theano.models.model import Model
from srcnn_theano.models.options import SRCNNOptions
from srcnn_theano.models.reach import convolutions_halo
from srcnn_theano.models.shapes import normalized_layers, srcnn_layers


class SRCNN(Model):
    """Valid convolutions that sharpen an image already enlarged by bicubic.

    Dong et al., Learning a Deep Convolutional Network for Image Super-Resolution
    (2014), section 3.1; the report, section 4.1: 64 filters of 9x9, 32 of 1x1 and one
    of 5x5 for each channel, with a ReLU after each layer but the last.

    Parameters
    ----------
    rng : numpy.random.RandomState
        Draws the filters.
    input : symbolic 4-tensor, (batch, channels, rows, cols), in [0, 1]
        The low-resolution image at its final size.
    input_shape : tuple of 4, ints or None
    **options
        See `SRCNNOptions`.

    Attributes
    ----------
    margin, halo : int
        Pixels that the valid convolutions cut off at each side (6 for 9-1-5).

    Raises
    ------
    ValueError
        An option's value that does not exist, or shapes that do not fit.
    """

    upscales = SRCNNOptions.upscales

    def __init__(
        self,
        rng: np.random.RandomState,
        input: Any,
        input_shape: Shape4,
        **options: Any,
    ) -> None:
        chosen = SRCNNOptions(**options)
        self.input = input
        self.channels = chosen.channels
        self.is_train = T.bscalar("is_train")
        self.margin = self.halo = convolutions_halo(chosen.filter_sizes)

        input = self._levels(input, chosen.peak)
        convolutions = srcnn_layers(chosen)
        layers: list[Layer] = []
        for number, conv in enumerate(convolutions, start=1):
            normalized = number <= normalized_layers(chosen)
            activation = relu if number < len(convolutions) else None
            layers.append(
                ConvLayer(
                    rng,
                    input,
                    input_shape,
                    conv.filter_shape,
                    W=filters_for(chosen.initializer, input_shape),
                    b=np.full(conv.filter_shape[0], first_bias(chosen.initializer)),
                    activation=None if normalized else activation,
                    name=f"conv{number}",
                )
            )
            if normalized:
                layers.append(
                    BatchNormLayer(
                        layers[-1].output,
                        layers[-1].output_shape,
                        self.is_train,
                        activation=activation,
                        test_statistics=chosen.test_statistics,
                        name=f"bn{number}",
                    )
                )
            input, input_shape = layers[-1].output, layers[-1].output_shape
            # 9-1-5 on 33x33: (batch, 64, 25, 25), (batch, 32, 25, 25),
            # (batch, channels, 21, 21)
        self._collect(layers)
        self._take_out(chosen.mean)
        if chosen.clip:
            self.output = T.clip(self.output, 0.0, 1.0)
        self.inside = self.output
