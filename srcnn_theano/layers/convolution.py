"""Convolution with a bank of filters, a bias per map and an activation."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcnn_theano.backend import T
from srcnn_theano.layers.initializers import he_normal
from srcnn_theano.layers.layer import Layer, per_map
from srcnn_theano.layers.lengths import Border, Shape4, conv_length, whole


class ConvLayer(Layer):
    """Convolve the input with filters, add a bias per map, apply the activation.

    ``output[n, k] = activation(sum_c correlate(input[n, c], W[k, c]) + b[k])``

    Filters are not flipped (a correlation), as in the weights of Caffe, MATLAB, Keras
    and PyTorch. Dong et al., Learning a Deep Convolutional Network for Image
    Super-Resolution (2014), equations 1 to 3.

    Parameters
    ----------
    rng : numpy.random.RandomState
        Draws the filters when `W` is None.
    input : symbolic 4-tensor, (batch, maps in, rows, cols)
    input_shape : tuple of 4, ints or None
    filter_shape : tuple of 4 ints, (maps out, maps in, rows, cols)
    W : None, array, shared variable or constant, of `filter_shape`
        None draws from He's normal distribution, an array is copied, a shared variable
        is tied, a constant is never trained. A function ``(rng, shape) -> array`` draws
        from its own distribution.
    b : None, array, shared variable or constant, (maps out,)
        None is zeros.
    activation : function of a symbolic tensor, or None for the identity
    border_mode : 'valid', 'half', 'full' or int
    name : str

    Raises
    ------
    ValueError
        Shapes that do not fit; the message has the layer's name and both shapes.
    """

    compares_maps = True

    def __init__(
        self,
        rng: np.random.RandomState | None,
        input: Any,
        input_shape: Shape4,
        filter_shape: tuple[int, int, int, int],
        W: Any = None,
        b: Any = None,
        activation: Any = None,
        border_mode: Border = "valid",
        name: str = "conv",
    ) -> None:
        super().__init__(name, input, input_shape)
        self.filter_shape = self._checked_filter_shape(
            filter_shape, "(maps out, maps in, rows, cols)"
        )
        zeros = whole(border_mode)
        self.border_mode = border_mode if zeros is None else zeros
        self.activation = activation
        self.window = self.filter_shape[2:]
        self.output_shape = self._checked_output_shape()

        self.W = self.add_param("W", W, he_normal, self.filter_shape, rng, charged=True)
        self.b = self.add_param("b", b, 0.0, self.filter_shape[:1])
        maps = T.nnet.conv2d(
            self.input,
            self.W,
            input_shape=self.input_shape,
            filter_shape=self.filter_shape,
            border_mode=self.border_mode,
            filter_flip=False,
        )
        self.output = self._activated(maps + per_map(self.b))

    def shape_after(self, shape: Shape4) -> Shape4:
        batch, _, rows, cols = shape
        n_out, _, filter_rows, filter_cols = self.filter_shape
        return (
            batch,
            n_out,
            conv_length(rows, filter_rows, self.border_mode),
            conv_length(cols, filter_cols, self.border_mode),
        )

    def multiply_adds(self, before: Any, after: Any) -> int:
        return int(np.prod(after[1:]) * np.prod(self.filter_shape[1:]))

    def _told(self) -> str:
        n_out, n_in, rows, cols = self.filter_shape
        return f"{n_out} filters of {n_in}x{rows}x{cols}, border {self.border_mode!r}"

    def _checked_output_shape(self) -> Shape4:
        try:
            shape = self.shape_after(self.input_shape)
        except ValueError as error:
            raise ValueError(f"{self.name}: {error}") from None
        too_small = any(n is not None and n < 1 for n in shape[2:])
        if too_small or self.input_shape[1] not in (None, self.filter_shape[1]):
            raise ValueError(
                f"{self.name}: input {self.input_shape} does not fit filters "
                f"{self.filter_shape} with border_mode {self.border_mode!r}"
            )
        return shape
