"""Convolutions through oneDNN, in the place of Theano's.

One op computes a convolution or one of its two gradients; its geometry goes in as
op parameters, so all of them share one compiled C module. Feature maps travel
between these ops with the channels last in memory, which a strided array can say
of itself: no other type, and every other op of Theano can read them.
"""

import ctypes
import functools
import glob
import os
import sys
import warnings

import numpy as np

from srcnn_theano.backend.internals import (
    AbstractConv2d,
    AbstractConv2d_gradInputs,
    AbstractConv2d_gradWeights,
    Apply,
    EnumList,
    ExternalCOp,
    NoPythonOp,
    ParamsType,
    TensorConstant,
    TensorType,
    conv_groupopt,
    copy_stack_trace,
    get_conv_output_shape,
    int8,
    int64,
    local_optimizer,
)
from srcnn_theano.backend.library import T, theano
from srcnn_theano.backend.maps import none

# One after another they are a C++ file.
SOURCES = [
    f"cpp/{name}"
    for name in ("arrays.h", "plan.h", "direct.h", "unfolded.h", "convolution.cpp")
]

__all__ = ["Convolution", "available"]

# The slope of a PReLU that does nothing. (An empty vector as for the bias would be the
# same input twice, and the C module another one.)
_IDENTITY = TensorConstant(TensorType("float32", (False,)), np.ones(1, "float32"))

_PADDING = {"valid": (0, 0), "half": (-1, -1), "full": (-2, -2)}


@functools.lru_cache(maxsize=None)
def available():
    """Whether oneDNN is to be used: installed, loadable and not switched off.

    ``SRCNN_ONEDNN=0`` switches it off; a library that is missing or broken brings
    one warning, and Theano's own convolutions serve.
    """
    if os.environ.get("SRCNN_ONEDNN", "1") == "0" or not theano.config.cxx:
        return False
    let_idle_threads_sleep()
    found = sorted(glob.glob(os.path.join(_folder("lib"), "libdnnl.so*")))
    try:
        if not found or not os.path.exists(_header()):
            raise OSError("no libdnnl.so with its headers under " + sys.prefix)
        library = ctypes.CDLL(found[0])
        library.dnnl_version.restype = ctypes.POINTER(ctypes.c_int)
        major = library.dnnl_version()[0]
        if major != 3:
            raise OSError(f"{found[0]} is version {major}, not 3")
    except (OSError, AttributeError) as error:
        warnings.warn(
            f"Convolutions run without oneDNN, at half the speed or less: {error}. "
            "`pip install onednn-cpu-gomp onednn-devel-cpu-gomp` brings it "
            "(x86-64 Linux); SRCNN_ONEDNN=0 silences this."
        )
        return False
    keep_freed_memory()
    return True


def _folder(name):
    return os.path.join(sys.prefix, name)


def _header():
    return os.path.join(_folder("include"), "oneapi", "dnnl", "dnnl.h")


def let_idle_threads_sleep():
    """Let an OpenMP thread without work spin for some microseconds only.

    By default it spins for milliseconds, and where something else wants the cores it
    keeps the very threads that it waits for from running: with two threads on two busy
    cores, steps took eight to ten times as long as with this. A thousand turns are
    what libgomp takes by itself where it has more threads than cores. It reads this
    when it is loaded: with oneDNN, if not before.
    """
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")


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


class Convolution(ExternalCOp, NoPythonOp):
    """A correlation of images with filters, or its gradient to either of them.

    ``forward``: images, filters and bias give maps, rectified if `relu` or if slopes
    (of a PReLU) are given. ``to_filters``: images and the gradient of the maps give
    the gradient of the filters and, if `with_bias`, of the bias. ``to_images``:
    filters and the gradient of the maps give the gradient of the images. What has a
    `mask` is zero where that is zero or less.

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
        super().__init__(SOURCES, "APPLY_SPECIFIC(convolve)")
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

    def make_node(self, first, second, bias=None, slopes=None, mask=None, shape=None):
        first, second = T.as_tensor_variable(first), T.as_tensor_variable(second)
        bias = none(1) if bias is None else bias
        slopes = _IDENTITY if slopes is None else slopes
        mask = none(4) if mask is None else mask
        shape = none(1, "int64") if shape is None else shape
        if self.direction_name == "forward":
            broadcastable = (first.broadcastable[0], second.broadcastable[0])
        elif self.direction_name == "to_filters":
            broadcastable = (second.broadcastable[1], first.broadcastable[1])
        else:
            broadcastable = (second.broadcastable[0], first.broadcastable[1])
        return Apply(
            self,
            [first, second, bias, slopes, mask, shape],
            [
                TensorType("float32", broadcastable + (False, False))(),
                TensorType("float32", (False,))(),
            ],
        )

    def infer_shape(self, fgraph, node, shapes):
        first, second = shapes[:2]
        shape = node.inputs[5]
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


def _size(symbolic, shape):
    """Rows and columns: of the shape, where the user said what they are."""
    if all(isinstance(length, (int, np.integer)) for length in shape[2:4]):
        return T.constant(np.array(shape[2:4], "int64"))
    return T.cast(symbolic, "int64")


def _turned(filters):
    return filters[:, :, ::-1, ::-1]


def _flipped(filters, op):
    return _turned(filters) if op.filter_flip else filters


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
    shape = _size(shape, node.op.kshp)
    border, stride = _border(node.op.border_mode), node.op.subsample
    if border != _border("full") or tuple(stride) != (1, 1):
        result = Convolution("to_filters", border, stride)(
            images, gradient, shape=shape
        )
        return _replacement(node, _flipped(result[0], node.op))
    # The images are the smaller ones here, most of what the filters meet is border, and
    # oneDNN adds all of its zeros up. With the two in each other's place there is no
    # border, and the filters come out transposed and flipped.
    op = Convolution("to_filters", _border("valid"), stride)
    result = op(gradient, images, shape=shape)[0].dimshuffle(1, 0, 2, 3)
    return _replacement(node, result if node.op.filter_flip else _turned(result))


@local_optimizer([AbstractConv2d_gradInputs])
def local_onednn_to_images(fgraph, node):
    """AbstractConv2d_gradInputs -> Convolution{to_images}"""
    if type(node.op) is not AbstractConv2d_gradInputs or not _ours(node):
        return None
    filters, gradient, shape = node.inputs
    op = Convolution("to_images", _border(node.op.border_mode), node.op.subsample)
    filters = _flipped(filters, node.op)
    result = op(filters, gradient, shape=_size(shape, node.op.imshp))[0]
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
