"""Max-pooling."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from srcnn_theano.backend import T
from srcnn_theano.layers.layer import Layer
from srcnn_theano.layers.lengths import Shape4, conv_length


class PoolLayer(Layer):
    """The largest value of each square of 2x2 pixels, map by map.

    ``output[n, k, i, j] = max(input[n, k, 2i:2i+2, 2j:2j+2])``

    The last row or column of an odd length belongs to no square and is left out, as
    everywhere in VGG16 (Simonyan and Zisserman, 2015, section 2.1). Where a square
    reaches its maximum more than once, Theano gives the whole gradient to each of these
    pixels; other frameworks give it to the first.

    Parameters
    ----------
    input : symbolic 4-tensor, (batch, maps, rows, cols)
    input_shape : tuple of 4, ints or None
    name : str

    Raises
    ------
    ValueError
        The input has less than two rows or columns.
    """

    window = (2, 2)
    step = Fraction(2)

    def __init__(self, input: Any, input_shape: Shape4, name: str = "pool") -> None:
        super().__init__(name, input, input_shape)
        self.output_shape = self.shape_after(self.input_shape)
        if 0 in self.output_shape[2:]:
            raise ValueError(f"{name}: input {self.input_shape} is smaller than 2x2")
        self.output = T.signal.pool.pool_2d(self.input, (2, 2), ignore_border=True)

    def shape_after(self, shape: Shape4) -> Shape4:
        batch, n_maps, rows, cols = shape
        lengths = conv_length(rows, 2, 0, stride=2), conv_length(cols, 2, 0, stride=2)
        return (batch, n_maps) + lengths
