"""Convolutions through oneDNN, and the rewrites that put them into a graph.

One op computes a convolution or one of its two gradients; its geometry goes in as
op parameters, so all of them share one compiled C module. Feature maps travel
between these ops with the channels last in memory, which a strided array can say
of itself: no other type, and every other op of Theano can read them.
"""

import ctypes
import functools
import glob
import itertools
import os
import sys
import warnings

import numpy as np

from srcnn_theano.backend import T, theano

# isort: split

from theano.compile import optdb
from theano.graph.basic import Apply, Constant
from theano.graph.op import ExternalCOp, _NoPythonOp
from theano.graph.opt import GlobalOptimizer, copy_stack_trace, local_optimizer
from theano.graph.params_type import ParamsType
from theano.graph.toolbox import ReplaceValidate
from theano.graph.type import EnumList
from theano.scalar import int8, int64
from theano.tensor.elemwise import DimShuffle, Elemwise, Sum
from theano.tensor.nnet.abstract_conv import (
    AbstractConv2d,
    AbstractConv2d_gradInputs,
    AbstractConv2d_gradWeights,
    get_conv_output_shape,
)
from theano.tensor.nnet.opt import conv_groupopt
from theano.tensor.type import TensorType

__all__ = ["Convolution", "available"]

_PADDING = {"valid": (0, 0), "half": (-1, -1), "full": (-2, -2)}


@functools.lru_cache(maxsize=None)
def available():
    """Whether oneDNN is to be used: installed, loadable and not switched off.

    ``SRCNN_ONEDNN=0`` switches it off; a library that is missing or broken brings
    one warning, and Theano's own convolutions serve.
    """
    if os.environ.get("SRCNN_ONEDNN", "1") == "0" or not theano.config.cxx:
        return False
    found = sorted(glob.glob(os.path.join(_folder("lib"), "libdnnl.so*")))
    try:
        if not found or not os.path.exists(_header()):
            raise OSError("no libdnnl.so with its headers under " + sys.prefix)
        library = ctypes.CDLL(found[0])
        library.dnnl_version.restype = ctypes.POINTER(ctypes.c_int)
        major = library.dnnl_version()[0]
        if major != 3:
            raise OSError("{} is version {}, not 3".format(found[0], major))
    except (OSError, AttributeError) as error:
        warnings.warn(
            "Convolutions run without oneDNN, at half the speed or less: {}. "
            "`pip install onednn-cpu-gomp onednn-devel-cpu-gomp` brings it "
            "(x86-64 Linux); SRCNN_ONEDNN=0 silences this.".format(error)
        )
        return False
    keep_freed_memory()
    return True


def _folder(name):
    return os.path.join(sys.prefix, name)


def _header():
    return os.path.join(_folder("include"), "oneapi", "dnnl", "dnnl.h")


class Convolution(ExternalCOp, _NoPythonOp):
    """A correlation of images with filters, or its gradient to either of them.

    ``forward``: images, filters and bias (empty: none) give maps, rectified if
    `relu`. ``to_filters``: images and the gradient of the maps give the gradient of
    the filters and, if `with_bias`, of the bias. ``to_images``: filters and the
    gradient of the maps give the gradient of the images, zero where `mask` (empty:
    none) is zero or less.

    Parameters
    ----------
    direction : {'forward', 'to_filters', 'to_images'}
    border : ((int, int), (int, int))
        Zeros before and after, in rows and columns; -1 is half the filter's
        length, -2 its length less one.
    stride : (int, int)
    relu, with_bias : bool
    channels_last : bool
        Whether the channels of the resulting maps are neighbours in memory.
    """

    check_broadcast = False
    __props__ = (
        "direction_name",
        "border",
        "stride",
        "relu",
        "with_bias",
        "channels_last",
    )
    params_type = ParamsType(
        direction=EnumList(
            ("DIRECTION_FORWARD", "forward"),
            ("DIRECTION_TO_FILTERS", "to_filters"),
            ("DIRECTION_TO_IMAGES", "to_images"),
        ),
        dH=int64,
        dW=int64,
        padH_l=int64,
        padH_r=int64,
        padW_l=int64,
        padW_r=int64,
        relu=int8,
        with_bias=int8,
        channels_last=int8,
    )

    direction = property(
        lambda self: self.params_type.enum_from_alias(self.direction_name)
    )
    dH = property(lambda self: self.stride[0])
    dW = property(lambda self: self.stride[1])
    padH_l = property(lambda self: self.border[0][0])
    padH_r = property(lambda self: self.border[0][1])
    padW_l = property(lambda self: self.border[1][0])
    padW_r = property(lambda self: self.border[1][1])

    def __init__(
        self,
        direction,
        border,
        stride,
        relu=False,
        with_bias=False,
        channels_last=True,
    ):
        super().__init__(["onednn.c"], "APPLY_SPECIFIC(convolve)")
        self.direction_name = direction
        self.border = border
        self.stride = tuple(int(step) for step in stride)
        self.relu = relu
        self.with_bias = with_bias
        self.channels_last = channels_last

    def but(self, **changes):
        """This op with some of its properties changed."""
        settings = dict(
            direction=self.direction_name,
            border=self.border,
            stride=self.stride,
            relu=self.relu,
            with_bias=self.with_bias,
            channels_last=self.channels_last,
        )
        settings.update(changes)
        return Convolution(**settings)

    def make_node(self, first, second, bias=None, mask=None, shape=None):
        first, second = T.as_tensor_variable(first), T.as_tensor_variable(second)
        bias = _none(1) if bias is None else T.as_tensor_variable(bias)
        mask = _none(4) if mask is None else T.as_tensor_variable(mask)
        shape = _none(1, "int64") if shape is None else T.as_tensor_variable(shape)
        if self.direction_name == "forward":
            broadcastable = (first.broadcastable[0], second.broadcastable[0])
        elif self.direction_name == "to_filters":
            broadcastable = (second.broadcastable[1], first.broadcastable[1])
        else:
            broadcastable = (second.broadcastable[0], first.broadcastable[1])
        return Apply(
            self,
            [first, second, bias, mask, shape],
            [
                TensorType("float32", broadcastable + (False, False))(),
                TensorType("float32", (False,))(),
            ],
        )

    def infer_shape(self, fgraph, node, shapes):
        first, second = shapes[:2]
        shape = node.inputs[4]
        if self.direction_name == "forward":
            border = tuple(
                {-1: "half", -2: "full"}.get(pad[0], pad) for pad in self.border
            )
            result = get_conv_output_shape(first, second, border, self.stride)
            return [result, (0,)]
        if self.direction_name == "to_filters":
            bias = second[1] if self.with_bias else 0
            return [(second[1], first[1], shape[0], shape[1]), (bias,)]
        return [(second[0], first[1], shape[0], shape[1]), (0,)]

    def c_headers(self, **kwargs):
        return [
            "<oneapi/dnnl/dnnl.h>",
            "<algorithm>",
            "<map>",
            "<new>",
            "<stdexcept>",
            "<string>",
            "<stdlib.h>",
            "<string.h>",
        ]

    def c_header_dirs(self, **kwargs):
        return [_folder("include")]

    def c_lib_dirs(self, **kwargs):
        return [_folder("lib")]

    def c_libraries(self, **kwargs):
        return ["dnnl"]

    def c_compile_args(self, **kwargs):
        # No rpath: `available` has loaded the library, and the loader goes by its name.
        # -O2 instead of Theano's -O3: a second less, and the work is done elsewhere.
        return ["-fopenmp", "-O2"]


def _none(ndim, dtype="float32"):
    return T.constant(np.zeros((0,) * ndim, dtype))


# Lowering: Theano's abstract convolutions become ours.


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


def _ours(node):
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


def _flipped(filters, op):
    return filters[:, :, ::-1, ::-1] if op.filter_flip else filters


def _replacement(node, result):
    result = T.patternbroadcast(result, node.outputs[0].broadcastable)
    copy_stack_trace(node.outputs[0], result)
    return [result]


@local_optimizer([AbstractConv2d])
def local_onednn_forward(fgraph, node):
    """AbstractConv2d -> Convolution{forward}"""
    if type(node.op) is not AbstractConv2d or not _ours(node):
        return None
    images, filters = node.inputs
    op = Convolution("forward", _border(node.op.border_mode), node.op.subsample)
    return _replacement(node, op(images, _flipped(filters, node.op))[0])


@local_optimizer([AbstractConv2d_gradWeights])
def local_onednn_to_filters(fgraph, node):
    """AbstractConv2d_gradWeights -> Convolution{to_filters}"""
    if type(node.op) is not AbstractConv2d_gradWeights or not _ours(node):
        return None
    images, gradient, shape = node.inputs
    op = Convolution("to_filters", _border(node.op.border_mode), node.op.subsample)
    result = op(images, gradient, shape=T.cast(shape, "int64"))[0]
    return _replacement(node, _flipped(result, node.op))


@local_optimizer([AbstractConv2d_gradInputs])
def local_onednn_to_images(fgraph, node):
    """AbstractConv2d_gradInputs -> Convolution{to_images}"""
    if type(node.op) is not AbstractConv2d_gradInputs or not _ours(node):
        return None
    filters, gradient, shape = node.inputs
    op = Convolution("to_images", _border(node.op.border_mode), node.op.subsample)
    filters = _flipped(filters, node.op)
    return _replacement(node, op(filters, gradient, shape=T.cast(shape, "int64"))[0])


# Fusion: what stands around a convolution goes into it.


class FuseConvolutions(GlobalOptimizer):
    """Bias, ReLU, the ReLU's gradient and the bias's gradient join the convolutions.

    ReLU is recognised by its values, not by its spelling: whatever Theano made of
    ``T.nnet.relu(x)``, ``T.maximum(x, 0)`` or ``T.switch(x > 0, x, 0)`` is a function
    of one number, which is tried at a few of them. The gradient of such a ReLU is
    taken from its result, so that its input need not be kept.
    """

    def add_requirements(self, fgraph):
        fgraph.attach_feature(ReplaceValidate())

    def apply(self, fgraph):
        for node in fgraph.toposort():
            if _is(node, "forward"):
                _fuse_activation(fgraph, node)
        for node in fgraph.toposort():
            if _is(node, "to_filters"):
                _fuse_bias_gradient(fgraph, node)
        for node in fgraph.toposort():
            if isinstance(node.op, Convolution):
                _choose_layout(fgraph, node)


def _is(node, direction):
    return isinstance(node.op, Convolution) and node.op.direction_name == direction


def _clients(fgraph, variable):
    """The nodes that read a variable; "output" for the function itself."""
    return [client for client, _ in fgraph.clients[variable]]


def _replace(fgraph, pairs, reason):
    for old, new in pairs:
        copy_stack_trace(old, new)
    fgraph.replace_all_validate(pairs, reason=reason)


def _is_elemwise(node):
    return node != "output" and isinstance(node.op, Elemwise) and len(node.outputs) == 1


def _as_vector(variable):
    """The vector that was spread over (batch, maps, rows, columns), or None."""
    if variable.dtype != "float32" or variable.broadcastable != (True, False) + (
        True,
        True,
    ):
        return None
    if isinstance(variable, Constant):
        return T.constant(variable.data.reshape(-1))
    node = variable.owner
    if node is None or not isinstance(node.op, DimShuffle):
        return None
    if tuple(node.op.new_order) != ("x", 0, "x", "x"):
        return None
    return node.inputs[0]


# Numbers whose sums are exact and not zero, so that any spelling gives the same.
_MAPS = [np.float32(x) for x in (-7, -1, -0.375, 2.0**-20, 0.3125, 1, 5)]
_BIASES = [np.float32(x) for x in (-0.5, 0.25)]
_GRADIENTS = [np.float32(x) for x in (-3, 0.5, 2)]


def _fuse_activation(fgraph, node):
    """conv + bias and its ReLU -> one op, and the ReLU's gradient from its result.

    At zero, where the ReLU has no derivative, its gradient is taken as zero.
    """
    maps = node.outputs[0]
    nodes = _elemwise_nodes_after(fgraph, maps)
    biases = _biases_added(maps, nodes)
    if len(biases) > 1:
        return
    bias = biases[0] if biases else None
    sums, relus, gradients = [], [], []
    for candidate in nodes:
        result = candidate.outputs[0]
        others = _leaves(result, maps, nodes) - {bias}
        if result.type != maps.type or any(leaf.type != maps.type for leaf in others):
            continue
        if not others:
            if _equals(result, maps, bias, None, lambda x, _: max(x, 0)):
                relus.append(result)
            elif _equals(result, maps, bias, None, lambda x, _: x):
                sums.append(result)
        elif len(others) == 1:
            (leaf,) = others
            if _equals(result, maps, bias, leaf, lambda x, g: g if x > 0 else 0):
                gradients.append((result, leaf))
    inputs = list(node.inputs)
    if bias is not None:
        inputs[2] = _as_vector(bias)
    matched = set(relus) | {result for result, _ in gradients}
    if relus and _only_through(fgraph, maps, matched):
        rectified = node.op.but(relu=True)(*inputs)[0]
        pairs = [(relu, rectified) for relu in relus]
        for result, gradient in gradients:
            pairs.append((result, _masked(fgraph, gradient, rectified, matched)))
        _replace(fgraph, pairs, "fuse_relu")
    elif sums and bias is not None and _only_through(fgraph, maps, set(sums)):
        fused = node.op(*inputs)[0]
        _replace(fgraph, [(result, fused) for result in sums], "fuse_bias")


def _biases_added(maps, nodes):
    """The vectors, spread over the maps, that stand beside them in `nodes`."""
    found = {}
    for node in nodes:
        if maps in node.inputs:
            for variable in node.inputs:
                if _as_vector(variable) is not None:
                    found[variable] = None
    return list(found)


def _elemwise_nodes_after(fgraph, variable, limit=32):
    """Element-by-element nodes that a variable reaches through such nodes alone."""
    found, waiting = {}, [variable]
    while waiting and len(found) < limit:
        for client in _clients(fgraph, waiting.pop()):
            if _is_elemwise(client) and client not in found:
                found[client] = None
                waiting.append(client.outputs[0])
    return list(found)


def _leaves(result, source, nodes):
    """What an expression of `nodes` depends on besides `source` and constants."""
    leaves, seen, waiting = set(), set(), [result]
    while waiting:
        variable = waiting.pop()
        if variable is source or variable in seen or isinstance(variable, Constant):
            continue
        seen.add(variable)
        if variable.owner in nodes:
            waiting.extend(variable.owner.inputs)
        else:
            leaves.add(variable)
    # Theano may have multiplied a gradient by a number before it branches.
    for leaf in list(leaves):
        if leaf.owner is not None and _is_elemwise(leaf.owner):
            inputs = {x for x in leaf.owner.inputs if not isinstance(x, Constant)}
            if inputs and inputs < leaves:
                leaves.remove(leaf)
    return leaves


def _equals(result, maps, bias, leaf, function):
    """Whether `result` is `function` of maps + bias and of the leaf."""
    for x, b, g in itertools.product(
        _MAPS,
        _BIASES if bias is not None else [np.float32(0)],
        _GRADIENTS if leaf is not None else [None],
    ):
        value = _value(result, {maps: x, bias: b, leaf: g})
        if value is None or value != function(x + b, g):
            return False
    return True


def _value(variable, known):
    """Evaluate an expression of single numbers; None where it is not one."""
    if variable not in known:
        if isinstance(variable, Constant):
            data = variable.data
            known[variable] = data.reshape(-1)[0] if data.size == 1 else None
        else:
            inputs = [_value(x, known) for x in variable.owner.inputs]
            if any(x is None for x in inputs):
                return None
            known[variable] = variable.owner.op.scalar_op.impl(*inputs)
    return known[variable]


def _only_through(fgraph, source, matched):
    """Whether nothing but `matched` needs `source`."""
    waiting = [source]
    while waiting:
        for client in _clients(fgraph, waiting.pop()):
            if not _is_elemwise(client):
                return False
            if client.outputs[0] not in matched:
                waiting.append(client.outputs[0])
    return True


def _masked(fgraph, gradient, rectified, matched):
    """The gradient where the rectified maps are not zero."""
    node = gradient.owner
    if (
        node is not None
        and _is(node, "to_images")
        and isinstance(node.inputs[3], Constant)
        and _only_through(fgraph, gradient, matched)
    ):
        inputs = list(node.inputs)
        inputs[3] = rectified
        return node.op(*inputs)[0]
    return T.switch(rectified <= 0, T.constant(np.float32(0)), gradient)


def _fuse_bias_gradient(fgraph, node):
    """sum(gradient, (0, 2, 3)) -> the second result of Convolution{to_filters}"""
    gradient = node.inputs[1]
    for client in _clients(fgraph, gradient):
        if (
            client != "output"
            and isinstance(client.op, Sum)
            and tuple(client.op.axis or ()) == (0, 2, 3)
            and client.outputs[0].type == node.outputs[1].type
        ):
            fused = node.op.but(with_bias=True)(*node.inputs)
            pairs = [(node.outputs[0], fused[0]), (client.outputs[0], fused[1])]
            _replace(fgraph, pairs, "fuse_bias_gradient")
            return


def _choose_layout(fgraph, node):
    """Channels last where another convolution reads the maps, else Theano's order."""
    wanted = any(
        client != "output" and isinstance(client.op, Convolution)
        for client in _clients(fgraph, node.outputs[0])
    )
    if node.op.channels_last != wanted:
        pairs = zip(node.outputs, node.op.but(channels_last=wanted)(*node.inputs))
        _replace(fgraph, list(pairs), "choose_layout")


def keep_freed_memory():
    """Let glibc keep what is freed, for the next minibatch's maps.

    Theano frees every intermediate array after each call. By default glibc gives
    arrays of this size back to the kernel, which then clears each page anew: a sixth
    of a step of SRCNN at batch 100.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None or any(name.startswith("MALLOC_") for name in os.environ):
        return  # not glibc, or tuned by the user
    m_trim_threshold, m_mmap_threshold = -1, -3
    mallopt(m_mmap_threshold, 32 << 20)  # the most that glibc allows
    mallopt(m_trim_threshold, 512 << 20)


# Theano's optimiser uses oneDNN from here on; exclude "conv_onednn" to do without.
for _rewrite in (local_onednn_forward, local_onednn_to_filters, local_onednn_to_images):
    conv_groupopt.register(
        _rewrite.__name__,
        _rewrite,
        "conv_onednn",
        "fast_compile",
        "fast_run",
        position=-1,  # Theano's own begin at 0; the first that applies is taken
    )
# After the lowering (48.6), before element-wise operations are fused (49).
optdb.register("fuse_onednn", FuseConvolutions(), 48.65, "conv_onednn", "fast_run")
