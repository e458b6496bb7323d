"""Our networks as ONNX files, for inference without Theano.

A file is written from the layers of the built model, by a small function for each class
of layer; skip connections and the clip of the output, which are no layers, are read
from the symbolic graph between them. So no network is described twice, and the file has
the nodes that runtimes know and are fast at. The symbolic graph alone would not give
them: there a ReLU is a comparison and a switch, and batch normalization a dozen
operations.

The graph takes whole images as `inference.restore` does: the outermost pixels are
repeated for as far as the network's halo reaches, and the network's output for that
border is cut off.
"""

from __future__ import annotations

import json
from functools import singledispatch
from pathlib import Path
from typing import Any

import numpy as np

from srcnn_theano import __version__
from srcnn_theano.backend import T
from srcnn_theano.errors import UserError
from srcnn_theano.files import atomic_path, sha256
from srcnn_theano.inference import build_model
from srcnn_theano.layers.activations import PReLULayer, relu
from srcnn_theano.layers.convolution import ConvLayer
from srcnn_theano.layers.deconvolution import DeconvLayer
from srcnn_theano.layers.lengths import border_length
from srcnn_theano.layers.normalization import BatchNormLayer
from srcnn_theano.models.model import Model
from srcnn_theano.weights import Weights, load_weights

try:
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError as error:
    raise UserError(
        f"ONNX files need the package onnx ({error}); put it right with `pip install "
        "'srcnn-theano[onnx]'`"
    ) from error

# The oldest version that has everything in today's form, so that old runtimes read the
# files: onnxruntime since 1.6 (December 2020).
OPSET = 13

# Axes of an image in (batch, channels, rows, cols), and all but the maps.
_IMAGE, _NOT_MAPS = [2, 3], [0, 2, 3]

_COLOURS = {
    1: (
        "Y",
        "luma, MATLAB's rgb2ycbcr / 255 (16/255 is black, 235/255 white), which is (16 "
        "+ 219 g) / 255 for grey g in [0, 1]",
    ),
    3: ("RGB", "red, green, blue / 255"),
}
_INPUTS = {
    True: "the low-resolution image as it is",
    False: "the image, already enlarged to its final size by MATLAB's bicubic",
}


def export(path: str | Path, out: str | Path) -> Weights:
    """Write one of our weight files as an ONNX file.

    Its input ``x`` is float32, (batch, channels, rows, cols), in [0, 1], and its output
    ``y`` is (batch, channels, factor * rows, factor * cols), around [0, 1]; batch, rows
    and cols are free. A network whose batch normalization goes by the statistics of the
    minibatch takes those of the images that it is given together.

    Parameters
    ----------
    path : str or Path
    out : str or Path, .onnx

    Returns
    -------
    Weights

    Raises
    ------
    UserError
        `path` is no weight file, or of a network that takes one size of input only;
        `out` cannot be written.
    """
    weights = load_weights(path)
    model = build_model(weights)
    if model.window is not None:
        raise UserError(
            f"{path}: its naive full border takes {model.window}x{model.window} pixels "
            "and no other size, so that it cannot become an ONNX file for whole "
            "images; use a network with another upsampling"
        )
    proto = helper.make_model(
        _whole_image_graph(model, weights.model),
        producer_name="srcnn_theano",
        producer_version=__version__,
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=helper.find_min_ir_version_for([helper.make_opsetid("", OPSET)]),
        doc_string=_description(model, weights),
    )
    helper.set_model_props(proto, _metadata(model, weights, path))
    onnx.checker.check_model(proto, full_check=True)
    with atomic_path(out) as temporary:
        temporary.write_bytes(proto.SerializeToString())
    return weights


def _description(model: Model, weights: Weights) -> str:
    return (
        f"{weights.model}: x is {_INPUTS[model.upscales]}, as "
        f"{_COLOURS[model.channels][1]}. y is {model.factor} times as large, in the "
        "same colours, around [0, 1]."
    )


def _metadata(model: Model, weights: Weights, path: str | Path) -> dict[str, str]:
    """Facts that a reader of the file must know, as strings by name."""
    scale = model.factor if model.upscales else weights.about.get("scale", "unknown")
    return {
        "model": weights.model,
        "options": json.dumps(weights.options, sort_keys=True),
        "scale": str(scale),
        "colour": _COLOURS[model.channels][0],
        "input": _INPUTS[model.upscales],
        "input_range": "[0, 1]: " + _COLOURS[model.channels][1],
        "source": Path(path).name,
        "source_sha256": sha256(path),
    }


def _whole_image_graph(model: Model, name: str) -> Any:
    graph = _Graph()
    halo = model.halo
    border = graph.constant([0, 0, halo, halo] * 2)
    graph.names[model.input] = graph.node("Pad", "x", border, mode="edge")
    for layer in model.layers:
        x = _node(layer, graph, graph.name(layer.input))
        if layer.activation is not None:
            x = graph.node(_ACTIVATIONS[layer.activation], x)
        graph.names[layer.output] = x
    y = graph.name(model.output)
    beyond = model.factor * (halo - model.margin)
    if beyond:
        ends = [[beyond] * 2, [-beyond] * 2, _IMAGE]
        y = graph.node("Slice", y, *map(graph.constant, ends))
    graph.nodes[-1].output[0] = "y"
    return helper.make_graph(
        graph.nodes,
        name,
        [_image("x", model.channels)],
        [_image("y", model.channels, model.factor)],
        graph.arrays,
    )


def _image(name: str, channels: int, factor: int = 1) -> Any:
    times = "" if factor == 1 else f"{factor}*"
    shape: list[Any] = ["batch", channels, times + "rows", times + "cols"]
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


class _Graph:
    """Nodes and arrays in the making.

    Attributes
    ----------
    nodes, arrays : lists of protocol buffers
    names : dict
        Symbolic variable -> name of the value that it is here.
    """

    def __init__(self) -> None:
        self.nodes: list[Any] = []
        self.arrays: list[Any] = []
        self.names: dict[Any, str] = {}

    def node(self, op: str, *inputs: str, **attributes: Any) -> str:
        """Add a node with a single output; returns the output's name."""
        name = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], name, **attributes))
        return name

    def constant(self, values: Any, name: str | None = None) -> str:
        """Add an array, float32 or int64; returns its name."""
        array = np.asarray(values)
        array = array.astype("float32" if array.dtype.kind == "f" else "int64")
        name = name or f"constant_{len(self.arrays)}"
        self.arrays.append(numpy_helper.from_array(array, name))
        return name

    def parameter(self, variable: Any, shape: tuple[int, ...] = (-1,)) -> str:
        """Add the value of a shared variable under its own name."""
        return self.constant(variable.get_value().reshape(shape), variable.name)

    def name(self, variable: Any) -> str:
        """The name of a variable; a variable between layers becomes a node now."""
        if variable not in self.names:
            op, inputs = variable.owner.op, variable.owner.inputs
            if op == T.add:
                self.names[variable] = self.node("Add", *map(self.name, inputs))
            elif op == T.mul:
                factor = float(T.get_scalar_constant_value(inputs[1]))
                self.names[variable] = self.node(
                    "Mul", self.name(inputs[0]), self.constant(factor)
                )
            elif isinstance(op, T.subtensor.Subtensor):
                # Earlier maps less as many pixels at each side as convolutions cut off.
                part = T.subtensor.get_idx_list(inputs, op.idx_list)[2]
                first, last = (
                    int(T.get_scalar_constant_value(x)) for x in (part.start, part.stop)
                )
                ends = [[first] * 2, [last] * 2, _IMAGE]
                self.names[variable] = self.node(
                    "Slice", self.name(inputs[0]), *map(self.constant, ends)
                )
            elif op == T.clip:
                bounds = [float(T.get_scalar_constant_value(x)) for x in inputs[1:]]
                self.names[variable] = self.node(
                    "Clip", self.name(inputs[0]), *map(self.constant, bounds)
                )
            else:
                raise TypeError(f"between layers there is {op}")
        return self.names[variable]


_ACTIVATIONS = {relu: "Relu"}


@singledispatch
def _node(layer: Any, graph: _Graph, x: str) -> str:
    """Add a layer but for its activation; returns the name of the output."""
    raise TypeError(f"{layer.name}: no ONNX for {type(layer).__name__}")


@_node.register(ConvLayer)
def _convolution(layer: ConvLayer, graph: _Graph, x: str) -> str:
    W = graph.parameter(layer.W, layer.filter_shape)
    pads = [
        border_length(kernel, layer.border_mode) for kernel in layer.filter_shape[2:]
    ]
    return graph.node("Conv", x, W, graph.parameter(layer.b), pads=pads * 2)


@_node.register(PReLULayer)
def _prelu(layer: PReLULayer, graph: _Graph, x: str) -> str:
    return graph.node("PRelu", x, graph.parameter(layer.a, (-1, 1, 1)))


@_node.register(BatchNormLayer)
def _batch_normalization(layer: BatchNormLayer, graph: _Graph, x: str) -> str:
    if layer.test_statistics == "batch":
        mean, var = _statistics(graph, x)
    else:
        mean, var = graph.parameter(layer.mean), graph.parameter(layer.var)
    gamma, beta = graph.parameter(layer.gamma), graph.parameter(layer.beta)
    return graph.node(
        "BatchNormalization", x, gamma, beta, mean, var, epsilon=layer.epsilon
    )


def _statistics(graph: _Graph, x: str) -> tuple[str, str]:
    """Mean and variance of each map over the minibatch."""
    mean = graph.node("ReduceMean", x, axes=_NOT_MAPS, keepdims=0)
    centre = graph.node("ReduceMean", x, axes=_NOT_MAPS, keepdims=1)
    distance = graph.node("Sub", x, centre)
    square = graph.node("Mul", distance, distance)
    return mean, graph.node("ReduceMean", square, axes=_NOT_MAPS, keepdims=0)


@_node.register(DeconvLayer)
def _deconvolution(layer: DeconvLayer, graph: _Graph, x: str) -> str:
    (top, bottom), (left, right) = layer.crop
    return graph.node(
        "ConvTranspose",
        x,
        graph.parameter(layer.W, layer.filter_shape),
        graph.parameter(layer.b),
        strides=[layer.stride] * 2,
        # A negative crop appends.
        pads=[top, left, max(bottom, 0), max(right, 0)],
        output_padding=[max(-bottom, 0), max(-right, 0)],
    )
