"""Convolution with a bank of filters, a bias per map and an activation."""

import numpy as np

from srcnn_theano.backend import T
from srcnn_theano.layers.initializers import he_normal
from srcnn_theano.layers.layer import Layer
from srcnn_theano.layers.lengths import conv_length
from srcnn_theano.layers.parameters import shared_parameter, trained


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

    def __init__(
        self,
        rng,
        input,
        input_shape,
        filter_shape,
        W=None,
        b=None,
        activation=None,
        border_mode="valid",
        name="conv",
    ):
        super().__init__(name, input, input_shape)
        self.filter_shape = tuple(filter_shape)
        self.border_mode = border_mode
        self.activation = activation
        self.output_shape = self._output_shape()

        if W is None:
            W = he_normal
        if callable(W):
            W = W(rng, self.filter_shape)
        n_out = self.filter_shape[0]
        self.W = shared_parameter(W, self.filter_shape, name + ".W")
        self.b = shared_parameter(
            np.zeros(n_out) if b is None else b, (n_out,), name + ".b"
        )

        linear = T.nnet.conv2d(
            input,
            self.W,
            input_shape=self.input_shape,
            filter_shape=self.filter_shape,
            border_mode=border_mode,
            filter_flip=False,
        ) + self.b.dimshuffle("x", 0, "x", "x")
        self.output = linear if activation is None else activation(linear)

        self.params = trained(self.W, self.b)
        self.weights = trained(self.W)

    def _output_shape(self):
        batch, n_in, rows, cols = self.input_shape
        n_out, filter_n_in, filter_rows, filter_cols = self.filter_shape
        shape = (
            batch,
            n_out,
            conv_length(rows, filter_rows, self.border_mode),
            conv_length(cols, filter_cols, self.border_mode),
        )
        too_small = any(n is not None and n < 1 for n in shape[2:])
        if too_small or n_in not in (None, filter_n_in):
            raise ValueError(
                f"{self.name}: input {self.input_shape} does not fit filters "
                f"{self.filter_shape} with border_mode {self.border_mode!r}"
            )
        return shape
