"""Weights and multiply-adds, from the lists of layers that the models are built of."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from srcnn_theano.models.options import FSRCNNOptions, SRCNNOptions, StridelessOptions
from srcnn_theano.models.shapes import (
    Conv,
    fsrcnn_layers,
    srcnn_layers,
    strideless_layers,
    variable_shapes,
)


def n_parameters(model: str, options: dict[str, Any]) -> int:
    """All numbers that are trained: filters, biases, slopes."""
    return sum(
        int(np.prod(shape)) for shape in variable_shapes(model, options).values()
    )


def n_weights(layers: Sequence[Conv]) -> int:
    """Numbers in filters alone, as the papers count."""
    return sum(int(np.prod(layer.filter_shape)) for layer in layers)


def srcnn(channels: int = 3, sizes: Sequence[int] = (9, 1, 5)) -> list[Conv]:
    return srcnn_layers(SRCNNOptions(channels=channels, filter_sizes=tuple(sizes)))


def fsrcnn(channels: int = 3, scale: int = 4) -> list[Conv]:
    convolutions, deconvolution = fsrcnn_layers(
        FSRCNNOptions(channels=channels, scale=scale)
    )
    return [*convolutions, deconvolution]


def strideless() -> list[Conv]:
    return strideless_layers(StridelessOptions())


def per_pixel(layers: Sequence[Conv], scale: int = 1) -> float:
    """Multiply-adds for a pixel of the result.

    Parameters
    ----------
    layers : sequence of Conv
        Each multiplies every weight once for each of its pixels; a deconvolution does
        so for each pixel of its input.
    scale : int
        Layers that work before the enlargement have so many times fewer pixels along
        each side.
    """
    return n_weights(layers) / scale**2


def taps_in_place(n_out: int, n_in: int, side: int = 3) -> float:
    """Share of a filter bank's numbers that *reshaping* leaves where they belong.

    From (rows, cols, in, out) to (out, in, rows, cols), where the axes were to be
    transposed.
    """
    numbers = np.arange(side * side * n_in * n_out).reshape(side, side, n_in, n_out)
    right = numbers.transpose(3, 2, 0, 1)
    return float(np.mean(numbers.reshape(right.shape) == right))


# --- Weights that no gradient holds ---


def steps_to_vanish(
    start: float,
    rate: float,
    decay: float,
    rho: float | None = None,
    epsilon: float = 0.0,
    least: float = 1e-20,
    most: int = 10**9,
) -> int:
    """Minibatches until a weight whose only gradient is that of the L2 norm is gone.

    Parameters
    ----------
    start : float
        The weight at first.
    rate, decay : float
        Learning rate, and the factor of the sum of squares in the cost.
    rho, epsilon : float
        Of RMSProp, ``w - rate * g / (sqrt(s) + epsilon)``; None for plain SGD.
    least : float
        Smaller is gone.
    """
    if rho is None:  # w falls by the same factor in each step
        return int(np.ceil(np.log(least / start) / np.log1p(-2 * decay * rate)))
    weight, square = start, 0.0
    for step in range(1, most):
        gradient = 2 * decay * weight
        square = rho * square + (1 - rho) * gradient**2
        weight -= rate * gradient / (np.sqrt(square) + epsilon)
        if abs(weight) < least:
            return step
    return most
