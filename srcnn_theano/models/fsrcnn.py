"""FSRCNN: features of the small image, then one deconvolution to full size."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from srcnn_theano.backend import T
from srcnn_theano.layers.deconvolution import (
    DeconvLayer,
    FullBorderDeconvLayer,
    ResizeConvLayer,
    bilinear,
)
from srcnn_theano.layers.initializers import filters_for
from srcnn_theano.layers.layer import Layer
from srcnn_theano.layers.lengths import Shape4
from srcnn_theano.models.chain import chain
from srcnn_theano.models.model import Model
from srcnn_theano.models.options import (
    FSRCNNOptions,
    HalfFSRCNNOptions,
    LargeFSRCNNOptions,
)
from srcnn_theano.models.reach import fsrcnn_halo, full_border_window, inside
from srcnn_theano.models.shapes import DeConv, fsrcnn_layers


class FSRCNN(Model):
    """Extract features, shrink, map, expand, upsample: an hourglass at low resolution.

    Dong et al., Accelerating the Super-Resolution Convolutional Neural Network (2016),
    section 3.2: ``Conv(5, d, 1) - Conv(1, s, d) - m x Conv(3, s, s) - Conv(1, d, s) -
    DeConv(9, 1, d)``, each convolution followed by a PReLU; the report, section 4.1,
    with three channels. All convolutions are padded with zeros to keep the size, unless
    the option `padding` says that nothing is.

    Parameters
    ----------
    rng : numpy.random.RandomState
        Draws the filters.
    input : symbolic 4-tensor, (batch, channels, rows, cols), in [0, 1]
        The low-resolution image.
    input_shape : tuple of 4, ints or None
    output_size : None or (rows, cols)
        None is exactly `scale` times the input, less what `padding` leaves out; the
        report's 8x8 inputs go to 33x33.
        Zeros are appended, or pixels cut off, at the bottom and the right, so that
        input pixels stay in their places and a network trained with one size fits
        another.
    **options
        See `FSRCNNOptions`.

    Raises
    ------
    ValueError
        An option's value that does not exist, or shapes that do not fit.
    """

    upscales = FSRCNNOptions.upscales
    options_class: type[FSRCNNOptions] = FSRCNNOptions

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
        self.factor = chosen.scale
        self.is_train = T.bscalar("is_train")

        convolutions, deconv = fsrcnn_layers(chosen)
        # (batch, d, rows, cols), (batch, s, ...) up to (batch, n_expanded, ...)
        layers, maps = chain(
            rng,
            self._levels(input, chosen.peak),
            input_shape,
            convolutions,
            chosen.activation,
            _skips(chosen),
            partial(filters_for, chosen.initializer),
            slopes=chosen.slopes,
            border="half" if chosen.padding == "zeros" else "valid",
        )
        shape = layers[-1].output_shape
        # (batch, channels, scale * rows, scale * cols)
        layers.append(_upsampling(rng, maps, shape, deconv, output_size, chosen))
        self._collect(layers)
        self._take_out(chosen.mean)

        self.halo = fsrcnn_halo(chosen)
        if chosen.padding == "none":
            self.margin, self.inside = self.halo, self.output
            return
        if chosen.upsampling == "full-border":
            self.window = full_border_window(deconv.size, chosen.scale)
        self.inside = inside(self.output, input, self.halo, self.factor)


class HalfFSRCNN(FSRCNN):
    """The report's concise first network (section 5.1.2, item 1), as we take it.

    The report does not describe it. Here it is `FSRCNN` with half of each number: 28
    maps, 6 after shrinking, 2 mapping layers. It takes the parameters of `FSRCNN`. That
    of the report's program is `strideless.StridelessHalf`.
    """

    options_class = HalfFSRCNNOptions


class LargeFSRCNN(FSRCNN):
    """An FSRCNN for sharper pictures, with about seven times the arithmetic.

    64 maps, 32 after shrinking, 8 mapping layers with their input added to their
    output, and the features to what is expanded. It takes the parameters of `FSRCNN`.
    """

    options_class = LargeFSRCNNOptions


def _skips(options: FSRCNNOptions) -> dict[int, int]:
    """Numbers of the layers that get the output of an earlier layer added to theirs."""
    last_mapping, expanding = 2 + options.m, 3 + options.m
    return {
        "none": {},
        "mapping": {last_mapping: 2},
        "features": {expanding: 1},
        "both": {last_mapping: 2, expanding: 1},
    }[options.skip]


def _upsampling(
    rng: np.random.RandomState,
    maps: Any,
    shape: Shape4,
    deconv: DeConv,
    output_size: tuple[int, int] | None,
    options: FSRCNNOptions,
) -> Layer:
    tents = partial(bilinear, stride=options.scale)
    others = {"full-border": FullBorderDeconvLayer, "resize": ResizeConvLayer}
    return others.get(options.upsampling, DeconvLayer)(
        rng,
        maps,
        shape,
        deconv.filter_shape,
        stride=options.scale,
        crop=options.crops,
        output_size=output_size,
        W=tents if options.upsampling == "bilinear" else None,
        name="deconv",
    )
