"""Solutions of lesson 4."""

import numpy as np

from srcnn_theano.layers.activations import relu
from srcnn_theano.layers.convolution import ConvLayer


def psnr(a, b):
    return 10 * np.log10(1 / np.mean((a - b) ** 2))


def network(rng, x, input_shape, filter_sizes, n_filters):
    layers, n_in = [], 1
    for size, n_out in zip(filter_sizes, [*n_filters, 1]):
        layer = ConvLayer(
            rng,
            layers[-1].output if layers else x,
            layers[-1].output_shape if layers else input_shape,
            (n_out, n_in, size, size),
            activation=relu if len(layers) < len(n_filters) else None,
            name=f"conv{len(layers) + 1}",
        )
        layers.append(layer)
        n_in = n_out
    return layers
