"""Layers of each model as lists, and the shapes of all that a weight file holds.

Theano is not imported, so that this is known without building the network.
"""

from __future__ import annotations

from reprlib import repr as _short
from typing import Any, Mapping, NamedTuple, Tuple

import numpy as np

from srcnn_theano.models.options import (
    FSRCNNOptions,
    SRCNNOptions,
    StridelessHalfOptions,
    StridelessOptions,
    StrideTwoOptions,
    checked_options,
)

Shape = Tuple[int, ...]


class Conv(NamedTuple):
    """A convolution in FSRCNN's notation: Conv(size, maps out, maps in)."""

    size: int
    n_out: int
    n_in: int

    @property
    def filter_shape(self) -> tuple[int, int, int, int]:
        """(maps out, maps in, rows, cols), as `ConvLayer` takes it."""
        return self.n_out, self.n_in, self.size, self.size


class DeConv(Conv):
    """A deconvolution in FSRCNN's notation: DeConv(size, maps out, maps in)."""

    @property
    def filter_shape(self) -> tuple[int, int, int, int]:
        """(maps in, maps out, rows, cols), as `DeconvLayer` takes it."""
        return self.n_in, self.n_out, self.size, self.size


def srcnn_layers(options: SRCNNOptions) -> list[Conv]:
    """The convolutions of SRCNN; Dong et al. (2014), section 3.1."""
    maps = [options.channels, *options.n_filters, options.channels]
    return [
        Conv(size, n_out, n_in)
        for size, n_out, n_in in zip(options.filter_sizes, maps[1:], maps)
    ]


def fsrcnn_layers(options: FSRCNNOptions) -> tuple[list[Conv], DeConv]:
    """FSRCNN's convolutions and its deconvolution; Dong et al. (2016), section 3.2.

    The paper has ``n = d`` and one channel.
    """
    c, d, s, m = options.channels, options.d, options.s, options.m
    n, k = options.n_expanded, options.deconv_size
    convolutions = [Conv(5, d, c), Conv(1, s, d), *m * [Conv(3, s, s)], Conv(1, n, s)]
    return convolutions, DeConv(k, c, n)


def strideless_layers(options: StridelessOptions) -> list[Conv]:
    """The convolutions of the report's FSRCNN, or of its half, as they were programmed.

    All are padded to keep the size but the last, whose full border adds its length, or
    which is a deconvolution where there is a stride.
    """
    if isinstance(options, StridelessHalfOptions):
        sizes, maps = [9, 5, 10], [64, 32]
    else:
        sizes, maps = [5, *6 * [3], 9], [56, *5 * [12], 56]
    maps = [options.channels, *maps, options.channels]
    layers = [
        Conv(size, n_out, n_in) for size, n_out, n_in in zip(sizes, maps[1:], maps)
    ]
    if isinstance(options, StrideTwoOptions):
        layers[-1] = DeConv(*layers[-1])
    return layers


def normalized_layers(options: SRCNNOptions) -> int:
    """How many layers of an SRCNN, from the first on, are batch-normalized."""
    n_layers = len(options.filter_sizes)
    return {"none": 0, "hidden": n_layers - 1, "all": n_layers}[options.batch_norm]


def variable_shapes(model_name: str, options: Mapping[str, Any]) -> dict[str, Shape]:
    """Shapes of a model's variables by name, as its weight file must have them.

    Parameters
    ----------
    model_name : str
        One of `MODELS`.
    options : mapping of str to value
        As in a weight file; those left out have their defaults.

    Returns
    -------
    dict of str to tuple of int
        ``conv1.W``: (maps out, maps in, rows, cols), ``conv1.b``: (maps out,), ...

    Raises
    ------
    ValueError
        See `checked_options`.
    """
    checked = checked_options(model_name, options)
    if isinstance(checked, SRCNNOptions):
        return _srcnn_shapes(checked)
    if isinstance(checked, StridelessOptions):
        return _strideless_shapes(checked)
    assert isinstance(checked, FSRCNNOptions)
    return _fsrcnn_shapes(checked)


def check_shapes(values: Mapping[str, np.ndarray], shapes: Mapping[str, Shape]) -> None:
    """Hold arrays against the shapes that a model's variables have, by name.

    Raises
    ------
    ValueError
        A name is missing or unknown, or a shape differs.
    """
    for name in sorted(set(shapes) - set(values)):
        raise ValueError(f"the model has {name}, which is missing")
    for name in sorted(set(values) - set(shapes)):
        raise ValueError(f"{_short(name)} is not known to the model")
    for name, shape in shapes.items():
        if values[name].shape != shape:
            raise ValueError(
                f"{name}: shape {values[name].shape} given, {shape} needed"
            )


def _srcnn_shapes(options: SRCNNOptions) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    for number, conv in enumerate(srcnn_layers(options), start=1):
        shapes[f"conv{number}.W"] = conv.filter_shape
        shapes[f"conv{number}.b"] = (conv.n_out,)
        if number <= normalized_layers(options):
            for role in ("gamma", "beta", "mean", "var"):
                shapes[f"bn{number}.{role}"] = (conv.n_out,)
    return shapes


def _fsrcnn_shapes(options: FSRCNNOptions) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    convolutions, deconv = fsrcnn_layers(options)
    for number, conv in enumerate(convolutions, start=1):
        shapes[f"conv{number}.W"] = conv.filter_shape
        shapes[f"conv{number}.b"] = (conv.n_out,)
        if options.activation == "prelu":
            shapes[f"prelu{number}.a"] = (conv.n_out if options.slopes == "map" else 1,)
    shapes["deconv.W"] = deconv.filter_shape
    shapes["deconv.b"] = (deconv.n_out,)
    return shapes


def _strideless_shapes(options: StridelessOptions) -> dict[str, Shape]:
    shapes: dict[str, Shape] = {}
    layers = strideless_layers(options)
    for number, conv in enumerate(layers, start=1):
        shapes[f"conv{number}.W"] = conv.filter_shape
        shapes[f"conv{number}.b"] = (conv.n_out,)
        if options.activation == "prelu" and number < len(layers):
            shapes[f"prelu{number}.a"] = (1,)
    return shapes
