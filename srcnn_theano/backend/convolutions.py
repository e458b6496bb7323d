"""Theano's abstract convolutions become oneDNN's, where that can take them."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcnn_theano.backend.internals import (
    AbstractConv2d,
    AbstractConv2d_gradInputs,
    AbstractConv2d_gradWeights,
    TensorType,
    conv_groupopt,
    copy_stack_trace,
    local_optimizer,
)
from srcnn_theano.backend.library import T
from srcnn_theano.backend.onednn import Convolution, available

_PADDING = {"valid": (0, 0), "half": (-1, -1), "full": (-2, -2)}


def _border(border_mode):
    """Theano's border mode as ((before, after), (before, after))."""
    if isinstance(border_mode, str):
        return (_PADDING[border_mode],) * 2
    if isinstance(border_mode, int):
        return ((border_mode, border_mode),) * 2
    return tuple(
        (
            tuple(int(side) for side in pad)
            if isinstance(pad, tuple)
            else (int(pad), int(pad))
        )
        for pad in border_mode
    )


def _is_for_onednn(node):
    """Whether oneDNN may take over this abstract convolution."""
    op = node.op
    return (
        available()
        and op.convdim == 2
        and op.num_groups == 1
        and not op.unshared
        and tuple(op.filter_dilation) == (1, 1)
        and all(
            type(variable.type) is TensorType and variable.dtype == "float32"
            for variable in node.inputs[:2] + node.outputs
        )
    )


def _rows_and_columns(symbolic, shape):
    """The last two lengths: numbers where the user gave the shape in advance."""
    if all(isinstance(length, (int, np.integer)) for length in shape[2:4]):
        return T.constant(np.array(shape[2:4], "int64"))
    return T.cast(symbolic, "int64")


def _turned(filters):
    return filters[:, :, ::-1, ::-1]


def _as_correlated(op, filters):
    """Filters for a correlation: Theano's are turned round, unless the op says not."""
    return _turned(filters) if op.filter_flip else filters


def _replacement(node, result):
    result = T.patternbroadcast(result, node.outputs[0].broadcastable)
    copy_stack_trace(node.outputs[0], result)
    return [result]


@local_optimizer([AbstractConv2d])
def local_onednn_forward(fgraph: Any, node: Any) -> list | None:
    """AbstractConv2d -> Convolution{forward}"""
    if type(node.op) is not AbstractConv2d or not _is_for_onednn(node):
        return None
    images, filters = node.inputs
    op = Convolution("forward", _border(node.op.border_mode), node.op.subsample)
    return _replacement(node, op(images, _as_correlated(node.op, filters))[0])


@local_optimizer([AbstractConv2d_gradWeights])
def local_onednn_to_filters(fgraph: Any, node: Any) -> list | None:
    """AbstractConv2d_gradWeights -> Convolution{to_filters}"""
    if type(node.op) is not AbstractConv2d_gradWeights or not _is_for_onednn(node):
        return None
    images, gradient, shape = node.inputs
    shape = _rows_and_columns(shape, node.op.kshp)
    border, stride = _border(node.op.border_mode), node.op.subsample
    if border != _border("full") or tuple(stride) != (1, 1):
        result = Convolution("to_filters", border, stride)(
            images, gradient, shape=shape
        )
        return _replacement(node, _as_correlated(node.op, result[0]))
    # Here the images are smaller than the maps. The filters meet mostly border, and
    # oneDNN adds all of its zeros up. With images and gradient exchanged there is no
    # border, and the filters come out transposed and turned round.
    op = Convolution("to_filters", _border("valid"), stride)
    result = op(gradient, images, shape=shape)[0].dimshuffle(1, 0, 2, 3)
    return _replacement(node, result if node.op.filter_flip else _turned(result))


@local_optimizer([AbstractConv2d_gradInputs])
def local_onednn_to_images(fgraph: Any, node: Any) -> list | None:
    """AbstractConv2d_gradInputs -> Convolution{to_images}"""
    if type(node.op) is not AbstractConv2d_gradInputs or not _is_for_onednn(node):
        return None
    filters, gradient, shape = node.inputs
    op = Convolution("to_images", _border(node.op.border_mode), node.op.subsample)
    filters = _as_correlated(node.op, filters)
    result = op(filters, gradient, shape=_rows_and_columns(shape, node.op.imshp))[0]
    return _replacement(node, result)


def register() -> None:
    """Let Theano's optimiser use oneDNN; excluding "conv_onednn" does without."""
    for rewrite in (
        local_onednn_forward,
        local_onednn_to_filters,
        local_onednn_to_images,
    ):
        conv_groupopt.register(
            rewrite.__name__,
            rewrite,
            "conv_onednn",
            "fast_compile",
            "fast_run",
            position=-1,  # Theano's own begin at 0; the first that applies is taken
        )
