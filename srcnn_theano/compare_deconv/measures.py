"""What a comparison counts: parameters, multiply-adds, checkerboards, seconds."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Callable, Mapping

import numpy as np

from srcnn_theano.data.degradation import rgb_to_y
from srcnn_theano.inference import Predictor

if TYPE_CHECKING:
    from srcnn_theano.layers.layer import Layer
    from srcnn_theano.models.model import Model

# Side of the tiles whose spectra are averaged, in strides.
_TILE = 8


def n_parameters(model: Model) -> int:
    """All numbers that training moves: filters, biases, slopes."""
    return sum(p.get_value(borrow=True).size for p in model.params)


def layer_multiply_adds(layer: Layer) -> int:
    """Multiplications by filter weights of one image, as the layer is defined.

    ``maps in * maps out * filter rows * filter cols * pixels``: a convolution lays its
    filters on each pixel of its output, on padding, too, and so do
    `FullBorderDeconvLayer` and `ResizeConvLayer`; `DeconvLayer` stamps them for each
    pixel of its input, and the pixels that are cut off count. Biases and activations
    are not counted.

    Parameters
    ----------
    layer : Layer whose rows and columns are known

    Returns
    -------
    int
        0 for a layer without filters.
    """
    from srcnn_theano.layers.deconvolution import DeconvLayer

    if not layer.weights:
        return 0
    stamps = isinstance(layer, DeconvLayer)
    shape = layer.input_shape if stamps else layer.output_shape
    return _n_weights(layer) * shape[2] * shape[3]


def stamp_multiply_adds(layer: Any) -> int:
    """Multiplications of an upsampling layer that are not by a zero of the padding.

    Each weight meets each pixel that is stamped once, whichever way it is computed: so
    much the full border costs if the zeros around its input are skipped. Pixels that
    are repeated before count as often.
    """
    rows, cols = (layer.n_stamps(length) for length in layer.input_shape[2:])
    return _n_weights(layer) * rows * cols


def multiply_adds(model: Model) -> int:
    """The sum of `layer_multiply_adds` over the layers of a model."""
    return sum(layer_multiply_adds(layer) for layer in model.layers)


def _n_weights(layer):
    return sum(W.get_value(borrow=True).size for W in layer.weights)


def power_spectrum(image: np.ndarray, tile: int) -> np.ndarray:
    """Mean power spectrum of the tiles of an image, by Welch's method.

    ``P[u, v] = mean over tiles |sum_ab w[a] w[b] (y[a, b] - m) e^(-2 pi i (u a + v b) /
    tile)|^2 / (sum_a w[a]^2)^2`` with the Hann window ``w[a] = sin(pi a / tile)^2`` and
    m such that ``P[0, 0] = 0``. Tiles start every half a tile.

    Parameters
    ----------
    image : float array, (rows, cols)
        At least one tile large.
    tile : int, even
        Side of a tile in pixels.

    Returns
    -------
    float array, (tile, tile)
        In squared units of the image; frequency u / tile cycles per pixel. White noise
        of variance v has v everywhere.
    """
    if min(image.shape) < tile:
        raise ValueError(f"an image of {image.shape} has no tile of {tile}x{tile}")
    tiles = np.lib.stride_tricks.sliding_window_view(image, (tile, tile))
    tiles = tiles[:: tile // 2, :: tile // 2].reshape(-1, tile, tile)
    hann = np.sin(np.pi * np.arange(tile) / tile) ** 2
    window = np.outer(hann, hann)
    means = (tiles * window).sum((1, 2), keepdims=True) / window.sum()
    spectra = np.abs(np.fft.fft2((tiles - means) * window)) ** 2
    return spectra.mean(0) / np.sum(window**2)


def checkerboard_energy(image: np.ndarray, stride: int) -> float:
    """The share of an image's spectrum that is at the stride's frequencies.

    ``C = (9 / 4) * sum of P[u, v] over (u, v) in L / sum of P[u, v] over (u, v) != 0``

    where P is the `power_spectrum` of tiles of T = 8 strides and L holds all (u, v)
    except (0, 0) whose both entries are multiples of T / stride: whole multiples of one
    cycle per stride, along the rows, the columns, or both. A pattern that repeats with
    every stamp of a deconvolution, whatever its shape, has its energy there and nowhere
    else. The Hann window spreads 5/9 of a frequency's energy to the bins around it;
    hence 9/4.

    A pattern that repeats every `stride` pixels has 1, white noise
    ``(9 / 4) (stride^2 - 1) / (T^2 - 1)``, 0.033 at stride 4. Photographs have
    little there, but not nothing: compare with the original's.

    Odena et al., Deconvolution and Checkerboard Artifacts (2016), show the artifact;
    the measure is ours.

    Parameters
    ----------
    image : float array, (rows, cols)
        At least 8 strides large.
    stride : int, at least 2
    """
    power = power_spectrum(image, _TILE * stride)
    at_stride = power[::_TILE, ::_TILE].sum() - power[0, 0]
    return float(9 / 4 * at_stride / (power.sum() - power[0, 0]))


def frequency_profile(
    image: np.ndarray, tile: int = 64
) -> tuple[np.ndarray, np.ndarray]:
    """Power along the frequency axes: (cycles per pixel, power), up to one half.

    The mean of ``P[0, v]`` and ``P[v, 0]`` of the `power_spectrum`: horizontal and
    vertical frequencies.
    """
    power = power_spectrum(image, tile)
    cycles = np.arange(1, tile // 2 + 1)  # per tile
    return cycles / tile, (power[0, cycles] + power[cycles, 0]) / 2


def grey_ripple(predict: Predictor, grey: float = 0.5) -> float:
    """Standard deviation of a network's output for a flat grey, in levels of 255.

    A flat input has nothing to restore, so ripples in the output come from the stamps:
    they overlap unevenly where the filter is no multiple of the stride.

    Parameters
    ----------
    predict : inference.Predictor
    grey : float in [0, 1]
    """
    side = 8 + 2 * predict.halo
    flat = np.full((1, predict.channels, side, side), grey, np.float32)
    return float(255 * np.sqrt(predict(flat)[0].var(axis=(1, 2)).mean()))


def luma(image: np.ndarray) -> np.ndarray:
    """Luma of float (rows, cols, 3) or (rows, cols, 1), (rows, cols)."""
    return (rgb_to_y(image) if image.shape[2] == 3 else image)[:, :, 0]


def seconds_in_turns(
    calls: Mapping[str, Callable[[], object]],
    n_turns: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, list[float]]:
    """Seconds of functions that are called in turns, so that none has the quieter
    machine; a first call of each, which may compile, is left out.

    Parameters
    ----------
    calls : dict of str to function ()
    n_turns : int
    clock : function () -> float
        In seconds: `time.process_time` where other programs are at work.

    Returns
    -------
    dict of str to list of float, one for each turn
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for call in calls.values():  # the first call allocates
        call()
    for _ in range(n_turns):
        for name, call in calls.items():
            started = clock()
            call()
            seconds[name].append(clock() - started)
    return seconds


def median_seconds(
    calls: Mapping[str, Callable[[], object]],
    n_turns: int,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, float]:
    """Medians of `seconds_in_turns`."""
    seconds = seconds_in_turns(calls, n_turns, clock)
    return {name: float(np.median(values)) for name, values in seconds.items()}
