"""FSRCNN as state dicts of PyTorch and TensorFlow's frozen graphs hold it."""

from __future__ import annotations

from typing import Any, Mapping, NamedTuple, Sequence

import numpy as np

from srcnn_theano.convert.networks.layers import Layer, by_name, in_sequence, layers_of

# Luma is 16 to 235 for our networks; OpenCV's, which TensorFlow's are for, is 0 to 255.
_BLACK, _RANGE = 16 / 255, 219 / 255


class _Parts(NamedTuple):
    """The layers of an FSRCNN in their order, and a bank of slopes for each but the
    last, whose filters are (maps in, channels, rows, cols)."""

    convolutions: list[tuple[np.ndarray, np.ndarray]]
    slopes: list[np.ndarray]
    deconvolution: tuple[np.ndarray, np.ndarray]


# --- PyTorch ---


def is_fsrcnn_torch(arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether these arrays, by name, are such a state dict."""
    return _torch_parts(arrays) is not None


def from_fsrcnn_torch(
    arrays: Mapping[str, np.ndarray], scale: int
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Correlations with PReLUs on Y or RGB in [0, 1], then a transposed convolution.

    It is taken to be padded as in all programs that were read: by half its filters'
    side, and at the end to `scale` times the input. The file does not say.

    Returns
    -------
    (options, values) of an FSRCNN

    Raises
    ------
    ValueError
        The arrays do not fit together.
    """
    parts = _torch_parts(arrays)
    assert parts is not None
    side = parts.deconvolution[0].shape[2]
    if side % 2 == 0:
        raise ValueError(
            f"its deconvolution has filters of {side}x{side}; of an even side it is "
            "not known how they are padded"
        )
    return _network(parts, scale, crop=side // 2)


def _torch_parts(arrays: Mapping[str, np.ndarray]) -> _Parts | None:
    layers = layers_of(arrays)
    if layers is None:
        return None
    banks = [layer for layer in layers if layer.filters is not None]
    last = [layer for layer in banks if _is_deconvolution(layer)]
    if len(last) != 1:
        return None
    order = _in_order([x for x in banks if x is not last[0]], last[0], layers)
    slopes = None if order is None else _slopes(layers, order)
    if order is None or slopes is None:
        return None
    return _Parts([_bank(layer) for layer in order], slopes, _bank(last[0]))


def _bank(layer: Layer) -> tuple[np.ndarray, np.ndarray]:
    assert layer.filters is not None
    return layer.filters, layer.vector


def _is_deconvolution(layer: Layer) -> bool:
    """Whether its biases are as many as its second axis, its first is longer."""
    assert layer.filters is not None
    n_in, n_out = layer.filters.shape[:2]
    return n_in > n_out == len(layer.vector) and n_out in (1, 3)


def _slopes(layers: Sequence[Layer], order: Sequence[Layer]) -> list[np.ndarray] | None:
    """The slopes of each convolution of `order`.

    They are those of the layer behind it, by the names or in the file; where slopes
    have names of their own, the n-th are those of the n-th convolution. Of several ways
    that first is taken in which there are as many slopes as maps.
    """
    slopes = [layer for layer in layers if layer.filters is None]
    if len(slopes) != len(order):
        return None
    ways = []
    for arranged in (by_name(layers), layers):
        behind = {
            before.name: layer.vector
            for before, layer in zip(arranged, arranged[1:])
            if before.filters is not None and layer.filters is None
        }
        if set(behind) == {layer.name for layer in order}:
            ways.append([behind[layer.name] for layer in order])
    apart = in_sequence(slopes, layers)
    if apart is not None:
        ways.append([layer.vector for layer in apart])
    for way in ways:
        if all(len(a) in (1, len(x.vector)) for a, x in zip(way, order)):
            return way
    return ways[0] if ways else None


def _in_order(
    banks: Sequence[Layer], last: Layer, layers: Sequence[Layer]
) -> list[Layer] | None:
    """The convolutions as data pass them: features, shrink, map, expand.

    Names need not be in that order, but the maps that go in and out tell it.
    """
    n_expanded, n_channels = _bank(last)[0].shape[:2]
    if len(banks) < 3:
        return None
    # The longest filters see the picture, if there are as many maps as channels.
    side = max(_bank(x)[0].shape[2] for x in banks)
    first = [x for x in banks if _bank(x)[0].shape[1:3] == (n_channels, side)]
    if len(first) != 1:
        return None
    rest = [x for x in banks if x is not first[0]]
    d = len(first[0].vector)
    shrink = [x for x in rest if _bank(x)[0].shape[1] == d and len(x.vector) != d]
    if len(shrink) != 1:
        return None
    s = len(shrink[0].vector)
    mapping = [x for x in rest if _bank(x)[0].shape[:2] == (s, s)]
    mapped = in_sequence(mapping, layers)
    expand = [x for x in rest if _bank(x)[0].shape[:2] == (n_expanded, s)]
    if mapped is None or len(expand) != 1:
        return None
    order = [*first, *shrink, *mapped, *expand]
    return order if len(order) == len(banks) else None


# --- TensorFlow ---


def is_fsrcnn_tensorflow(arrays: Mapping[str, np.ndarray]) -> bool:
    """Whether these arrays, by name, are of a frozen graph as OpenCV loads it."""
    n = sum(name[:1] == "f" and name[1:].isdigit() for name in arrays)
    return n >= 4 and set(_tensorflow_names(n)) <= set(arrays)


def from_fsrcnn_tensorflow(
    arrays: Mapping[str, np.ndarray],
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Correlations with PReLUs on luma of 0 to 255; the last ends in depth-to-space.

    That one has filters of one pixel and a map for each pixel of the enlarged one, so
    it is a deconvolution with filters as long as the scale, which don't overlap.
    Filters are (rows, cols, maps in, maps out). Luma of 16 to 235, which our networks
    get, goes in through the first filters and comes out of the last.

    Returns
    -------
    (options, values) of an FSRCNN

    Raises
    ------
    ValueError
        The arrays do not fit together.
    """
    n = sum(name[:1] == "f" and name[1:].isdigit() for name in arrays)
    banks = []
    for i in range(1, n + 1):
        filters, biases = arrays[f"f{i}"], arrays[f"b{i}"]
        if filters.ndim != 4 or biases.ndim != 1:
            raise ValueError(f"f{i} has {filters.ndim} axes and b{i} {biases.ndim}")
        banks.append((filters.transpose(3, 2, 0, 1), biases))
    *convolutions, (last, bias) = banks
    scale = int(round(len(last) ** 0.5))
    if last.shape[2:] != (1, 1) or scale**2 != len(last) or len(bias) != 1:
        raise ValueError(
            f"f{n} has the shape {arrays[f'f{n}'].shape}; for one channel it has "
            "filters of one pixel, and as many maps as a pixel becomes pixels"
        )
    # (pixels, maps in, 1, 1) -> (maps in, 1, rows, cols)
    stamps = last[:, :, 0, 0].T.reshape(-1, 1, scale, scale)
    slopes = [arrays[f"alpha{i}"].ravel() for i in range(1, n)]
    options, values = _network(_Parts(convolutions, slopes, (stamps, bias)), scale)
    W, b = values["conv1.W"] / _RANGE, values["conv1.b"]
    changed = {
        "conv1.W": W,
        "conv1.b": b - _BLACK * W.sum(axis=(1, 2, 3)),
        "deconv.W": values["deconv.W"] * _RANGE,
        "deconv.b": values["deconv.b"] * _RANGE + _BLACK,
    }
    for name, value in changed.items():
        values[name] = value.astype("float32")
    return options, values


def _tensorflow_names(n: int) -> list[str]:
    names = [f"{kind}{i}" for kind in "fb" for i in range(1, n + 1)]
    return names + [f"alpha{i}" for i in range(1, n)]


# --- All ---


def _network(
    parts: _Parts, scale: int, crop: int | None = None
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """(options, values) of an FSRCNN with these layers."""
    values: dict[str, np.ndarray] = {}
    stamps, bias = parts.deconvolution
    n_in = n_channels = len(bias)
    of_layers = all(len(slopes) == 1 for slopes in parts.slopes)
    for i, (filters, biases) in enumerate(parts.convolutions, start=1):
        n_out, takes, rows, cols = filters.shape
        slopes = parts.slopes[i - 1]
        if takes != n_in:
            raise ValueError(f"layer {i} takes {takes} maps, that before gives {n_in}")
        if len(biases) != n_out or len(slopes) not in (1, n_out):
            raise ValueError(
                f"layer {i} gives {n_out} maps and has {len(biases)} biases and "
                f"{len(slopes)} slopes"
            )
        values[f"conv{i}.W"] = np.ascontiguousarray(filters, "float32")
        values[f"conv{i}.b"] = biases.astype("float32")
        n_slopes = 1 if of_layers else n_out
        values[f"prelu{i}.a"] = np.full(n_slopes, slopes, "float32")
        n_in = n_out
    if len(stamps) != n_in:
        raise ValueError(f"the last layer takes {len(stamps)} maps, gets {n_in}")
    values["deconv.W"] = np.ascontiguousarray(stamps, "float32")
    values["deconv.b"] = bias.astype("float32")
    options = {
        "channels": n_channels,
        "scale": scale,
        "d": len(values["conv1.b"]),
        "s": len(values["conv2.b"]),
        "m": len(parts.convolutions) - 3,
        "n_deconv": n_in,
        "deconv_size": stamps.shape[2],
        "slopes": "layer" if of_layers else "map",
        **({} if crop is None else {"crop": crop}),
    }
    return options, values
