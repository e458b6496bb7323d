"""Convolutions by oneDNN: whether it is there, and the op.

One op computes a convolution or one of its two gradients; its geometry goes in as
op parameters, so all of them share one compiled C module. Feature maps travel
between these ops with the channels last in memory, which a strided array can say
of itself: no other type, and every other op of Theano can read them.
"""

from __future__ import annotations

import ctypes
import functools
import os
import warnings
from typing import Any, Sequence

import numpy as np

from srcnn_theano.backend.coded import CodedOp
from srcnn_theano.backend.internals import (
    Apply,
    EnumList,
    ParamsType,
    TensorConstant,
    TensorType,
    float32,
    get_conv_output_shape,
    int8,
    int64,
)
from srcnn_theano.backend.library import T, theano
from srcnn_theano.backend.maps import none
from srcnn_theano.environment import (
    compute_alone_after_fork,
    keep_freed_memory,
    let_idle_threads_sleep,
)
from srcnn_theano.environment.onednn import find as find_onednn

__all__ = ["Convolution", "available", "multiplies_bf16", "version"]

# The bit of dnnl_cpu_isa_t that stands for the instructions.
_BF16 = 0x80

# The slope of a PReLU that does nothing. (An empty vector as for the bias would be the
# same input twice, and the C module another one.)
_IDENTITY = TensorConstant(TensorType("float32", (False,)), np.ones(1, "float32"))


@functools.lru_cache(maxsize=None)
def available() -> bool:
    """Whether oneDNN is to be used: installed, loadable and not switched off.

    ``SRCNN_ONEDNN=0`` switches it off; a library that is missing or broken brings
    one warning, and Theano's own convolutions serve.
    """
    if os.environ.get("SRCNN_ONEDNN", "1") == "0" or not theano.config.cxx:
        return False
    let_idle_threads_sleep()
    try:
        path = find_onednn().library
        library = ctypes.CDLL(str(path))
        library.dnnl_version.restype = ctypes.POINTER(ctypes.c_int)
        major = library.dnnl_version()[0]
        if major != 3:
            raise OSError(f"{path} is version {major}, not 3")
    except (OSError, AttributeError) as error:
        warnings.warn(
            f"Convolutions run without oneDNN, at half the speed or less: {error}. "
            "`pip install onednn-cpu-gomp onednn-devel-cpu-gomp` brings it "
            "(x86-64 Linux); SRCNN_ONEDNN=0 silences this."
        )
        return False
    keep_freed_memory()
    compute_alone_after_fork(library)
    return True


def version() -> str | None:
    """The version of oneDNN that convolutions run through; None where they do not."""
    if not available():
        return None
    library = ctypes.CDLL(str(find_onednn().library))
    library.dnnl_version.restype = ctypes.POINTER(ctypes.c_int)
    return ".".join(str(number) for number in library.dnnl_version()[:3])


def multiplies_bf16() -> bool:
    """Whether oneDNN and the processor multiply bf16: AVX512-BF16 or AMX."""
    if not available():
        return False
    library = ctypes.CDLL(str(find_onednn().library))
    return bool(library.dnnl_get_effective_cpu_isa() & _BF16)


class Convolution(CodedOp):
    """A correlation of images with filters, or its gradient to either of them.

    ``forward``: images, filters and bias give maps, rectified if `relu` or if slopes
    (of a PReLU) are given. ``to_filters``: images and the gradient of the maps give
    the gradient of the filters and, if `with_bias`, of the bias. ``to_images``:
    filters and the gradient of the maps give the gradient of the images. With a
    `mask`, which is what a ReLU gave, the result is multiplied by that ReLU's
    derivative: zero where the mask is -0 or less, `at_zero` where it is +0. Our ReLU
    gives -0 for a negative number, which it multiplies by a slope of 0.

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
    at_zero : float
        The derivative at 0 of the ReLU that gave the mask.
    bf16 : bool
        Whether what is multiplied is rounded to bf16 before: 8 bits of 24. Products
        are added up, and results kept, in float32. Images of one channel are left as
        they are where maps are made of them, which bf16 makes no faster.
    """

    check_broadcast = False
    __props__ = (
        "direction_name",
        "border",
        "stride",
        "relu",
        "with_bias",
        "channels_last",
        "at_zero",
        "bf16",
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
        at_zero=float32,
        bf16=int8,
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
        direction: str,
        border: tuple[tuple[int, int], tuple[int, int]],
        stride: Sequence[int],
        relu: bool = False,
        with_bias: bool = False,
        channels_last: bool = True,
        at_zero: float = 0,
        bf16: bool = False,
    ) -> None:
        plans = "direct", "unfolded", "pointwise", "narrow", "scattered"
        headers = "arrays", "threads", "plan", *plans
        super().__init__(
            [f"cpp/{name}.h" for name in headers] + ["cpp/convolution.cpp"],
            "APPLY_SPECIFIC(convolve)",
        )
        self.direction_name = direction
        self.border = border
        self.stride = tuple(int(step) for step in stride)
        self.relu = relu
        self.with_bias = with_bias
        self.channels_last = channels_last
        self.at_zero = at_zero
        self.bf16 = bf16

    def but(self, **changes: Any) -> Convolution:
        """This op with some of its properties changed."""
        settings: dict[str, Any] = dict(
            direction=self.direction_name,
            border=self.border,
            stride=self.stride,
            relu=self.relu,
            with_bias=self.with_bias,
            channels_last=self.channels_last,
            at_zero=self.at_zero,
            bf16=self.bf16,
        )
        settings.update(changes)
        return Convolution(**settings)

    def make_node(
        self,
        first: Any,
        second: Any,
        bias: Any = None,
        slopes: Any = None,
        mask: Any = None,
        shape: Any = None,
    ) -> Any:
        """Apply it; each argument that is left out is none (`maps.none`)."""
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

    def infer_shape(self, fgraph: Any, node: Any, shapes: list) -> list[tuple]:
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

    def c_headers(self, **kwargs: Any) -> list[str]:
        return [
            "<oneapi/dnnl/dnnl.h>",
            "<algorithm>",
            "<cmath>",
            "<map>",
            "<new>",
            "<stdexcept>",
            "<string>",
            "<stdlib.h>",
            "<string.h>",
        ]

    def c_header_dirs(self, **kwargs: Any) -> list[str]:
        return [str(find_onednn().include)]

    def c_lib_dirs(self, **kwargs: Any) -> list[str]:
        return [str(find_onednn().library.parent)]

    def c_libraries(self, **kwargs: Any) -> list[str]:
        return ["dnnl"]

    def c_compile_args(self, **kwargs: Any) -> list[str]:
        # No rpath: `available` has loaded the library, and the loader goes by its name.
        # -O2 instead of Theano's -O3: a second less, and no slower, as what oneDNN does
        # not do is written out in vectors.
        return ["-fopenmp", "-O2"]
