"""Draws of initial values: `initializer(rng, shape) -> array`.

Filters are (maps out, maps in, rows, cols), so that fan-in is maps in x rows x cols and
fan-out is maps out x rows x cols.
"""

from __future__ import annotations

from functools import partial
from typing import Callable

import numpy as np

from srcnn_theano.layers.lengths import Shape4, whole_lengths


def fans(shape: tuple[int, ...]) -> tuple[int, int]:
    """Fan-in and fan-out of a bank of filters of the given shape."""
    n_out, n_in = shape[:2]
    patch = int(np.prod(shape[2:]))
    return n_in * patch, n_out * patch


def he_normal(rng: np.random.RandomState, shape: tuple[int, ...]) -> np.ndarray:
    """Normal with variance 2 / fan-in, which keeps the signal's size through a ReLU.

    He et al., Delving Deep into Rectifiers (2015), section 2.2. It may be what the
    report means by "Xavier initialization for ReLu" (section 5.1.1); its program had
    `side_normal`.
    """
    return rng.normal(0.0, np.sqrt(2.0 / fans(shape)[0]), size=shape)


def xavier_normal(rng: np.random.RandomState, shape: tuple[int, ...]) -> np.ndarray:
    """Normal with variance 2 / (fan-in + fan-out).

    Glorot and Bengio, Understanding the Difficulty of Training Deep Feedforward
    Neural Networks (2010), equation 12.
    """
    return rng.normal(0.0, np.sqrt(2.0 / sum(fans(shape))), size=shape)


def narrow_normal(rng: np.random.RandomState, shape: tuple[int, ...]) -> np.ndarray:
    """Normal with standard deviation 0.001, as Dong et al. (2014), section 3.3."""
    return rng.normal(0.0, 0.001, size=shape)


def wide_normal(rng: np.random.RandomState, shape: tuple[int, ...]) -> np.ndarray:
    """Normal with standard deviation 0.5, whatever the fans.

    The report's program began FSRCNN so: 1 / sqrt(8 / 2), by the 8 pixels of its input.
    """
    return rng.normal(0.0, 0.5, size=shape)


def side_normal(
    rng: np.random.RandomState, shape: tuple[int, ...], side: int | None
) -> np.ndarray:
    """Normal with variance 2 / side^2, by the side of the layer's input map in pixels.

    The report's program had it where its text says Xavier: the map took the place of
    the filter. Where the side is not known a network is built to be filled with values
    from a file, and zeros do.
    """
    if side is None:
        return np.zeros(shape)
    return rng.normal(0.0, np.sqrt(2.0) / side, size=shape)


def hundredth_normal(rng: np.random.RandomState, shape: tuple[int, ...]) -> np.ndarray:
    """Normal with standard deviation 0.01, and biases of 1 (`first_bias`).

    The file of the report's program that has VGG16 in the cost begins so.
    """
    return rng.normal(0.0, 0.01, size=shape)


INITIALIZERS = {"he": he_normal, "xavier": xavier_normal, "narrow": narrow_normal}


def filters_for(name: str, shape: Shape4) -> Callable[..., np.ndarray]:
    """The initializer of that name: of `INITIALIZERS`, or one of the report's program.

    Those are 'wide', 'hundredth' and 'side', which is of the input. A shape that is
    none is left to the layer, which says so.
    """
    if name == "side":
        lengths = whole_lengths(shape, 4, unknown=True)
        return partial(side_normal, side=lengths[2] if lengths else None)
    programmed = {"wide": wide_normal, "hundredth": hundredth_normal}
    return programmed.get(name) or INITIALIZERS[name]


def first_bias(name: str) -> float:
    """What the biases are at first, beside filters of that initializer."""
    return 1.0 if name == "hundredth" else 0.0
