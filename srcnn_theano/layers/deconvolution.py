"""Upsampling by learned filters: stamps, the naive full border, resized stamps."""

from __future__ import annotations

from fractions import Fraction
from operator import index
from typing import Any, Sequence, Tuple

import numpy as np

from srcnn_theano.backend import T
from srcnn_theano.layers.initializers import narrow_normal
from srcnn_theano.layers.layer import Layer, per_map
from srcnn_theano.layers.lengths import (
    Shape4,
    can_crop,
    deconv_length,
    whole,
    whole_lengths,
)

# Pixels cut off (before, after).
Cut = Tuple[int, int]


class _Upsampling(Layer):
    """The arguments, parameters and errors that the layers share."""

    compares_maps = True

    def __init__(
        self,
        rng: np.random.RandomState | None,
        input: Any,
        input_shape: Shape4,
        filter_shape: tuple[int, int, int, int],
        stride: int = 1,
        crop: Any = 0,
        output_size: Sequence[int] | None = None,
        W: Any = None,
        b: Any = None,
        activation: Any = None,
        name: str = "deconv",
    ) -> None:
        super().__init__(name, input, input_shape)
        self.filter_shape = self._checked_filter_shape(
            filter_shape, "(maps in, maps out, rows, cols)"
        )
        self.stride = stride
        self.activation = activation
        sizes = None if output_size is None else whole_lengths(output_size, 2)
        if sizes == ():
            raise ValueError(
                f"{name}: output_size must be (rows, cols), got {output_size!r}"
            )
        self.output_size = sizes
        if (whole(stride) or 0) < 1:
            raise ValueError(f"{name}: stride {stride} is not a number of pixels")
        self._check_maps()
        crops = _per_axis(name, crop)
        if sizes is not None:
            crops = tuple(
                (before, self._full_length(axis) - before - length)
                for axis, (length, (before, _)) in enumerate(zip(sizes, crops))
            )
        self.crop = crops
        # A pixel lies under so many stamps.
        rows, cols = (-(-size // self._step()) for size in self.filter_shape[2:])
        self.window = rows, cols
        self.step = Fraction(1, self._step())
        self.output_shape = self._checked_output_shape()

        self.W = self.add_param(
            "W", W, narrow_normal, self.filter_shape, rng, charged=True
        )
        self.b = self.add_param("b", b, 0.0, self.filter_shape[1:2])
        self.output = self._activated(self._stamped() + per_map(self.b))

    def _stamped(self) -> Any:
        raise NotImplementedError

    def _step(self) -> int:
        """Pixels of the output from one stamp to the next."""
        raise NotImplementedError

    def n_stamps(self, length: Any) -> Any:
        """Stamps along an axis of an input of that length."""
        return length

    def _can_crop(self, kernel: int, cut: Cut) -> bool:
        raise NotImplementedError

    def _allowed(self, kernel: int, cut: Cut) -> str:
        """What `_can_crop` wants, in words."""
        raise NotImplementedError

    def _checked_output_shape(self) -> Shape4:
        for kernel, crop in zip(self.filter_shape[2:], self.crop):
            if not self._can_crop(kernel, crop):
                raise self._misfit(
                    f"do not give it by crop {self.crop}; {self._allowed(kernel, crop)}"
                )
        shape = self.shape_after(self.input_shape)
        if any(n is not None and n < 1 for n in shape[2:]):
            raise self._misfit(f"leave nothing after crop {self.crop}")
        return shape

    def shape_after(self, shape: Shape4) -> Shape4:
        lengths = [
            deconv_length(
                None if length is None else self.n_stamps(length),
                kernel,
                self._step(),
                crop,
            )
            for length, kernel, crop in zip(shape[2:], self.filter_shape[2:], self.crop)
        ]
        return (shape[0], self.filter_shape[1], *lengths)

    def multiply_adds(self, before: Any, after: Any) -> int:
        stamps = [self.n_stamps(length) for length in before[2:]]
        return int(np.prod(stamps) * np.prod(self.filter_shape))

    def _told(self) -> str:
        n_in, n_out, rows, cols = self.filter_shape
        filters = f"{n_in} stamps of {n_out}x{rows}x{cols}"
        return f"{filters}, stride {self._step()}, crop {self.crop}"

    def _full_length(self, axis: int) -> int:
        length = self.input_shape[2 + axis]
        if length is None:
            raise ValueError(
                f"{self.name}: output_size {self.output_size} needs known rows and "
                f"columns, the input is {self.input_shape}"
            )
        kernel = self.filter_shape[2 + axis]
        return deconv_length(self.n_stamps(length), kernel, self._step(), (0, 0))

    def _check_maps(self) -> None:
        n_in = self.input_shape[1]
        if n_in not in (None, self.filter_shape[0]):
            raise self._misfit(f"take {self.filter_shape[0]} maps")

    def _misfit(self, why: str) -> ValueError:
        return ValueError(
            "{}: input {}, output size {}: filters {} with stride {} {}".format(
                self.name,
                self.input_shape,
                self.output_size or "not given",
                self.filter_shape,
                self._step(),
                why,
            )
        )


class DeconvLayer(_Upsampling):
    """Stamp a scaled copy of the filter for each input pixel, `stride` pixels apart.

    ``output[n, k, stride * i + u - crop] += input[n, c, i] * W[c, k, u]`` for all c, i
    and u (for rows and columns alike), plus ``b[k]``. It is the adjoint of the
    convolution with the same filters, ``<conv(u), v> = <u, deconv(v)>``, hence the
    gradient of that convolution with respect to its input: Theano's
    ``AbstractConv2d_gradInputs``, here used forward. Length of the output:
    ``stride * (n - 1) + kernel - before - after``.

    Dong et al., Accelerating the Super-Resolution Convolutional Neural Network (2016),
    section 3.2; the report, section 5.1.2, item 3.

    Parameters
    ----------
    rng : numpy.random.RandomState
        Draws the filters when `W` is None.
    input : symbolic 4-tensor, (batch, maps in, rows, cols)
    input_shape : tuple of 4, ints or None
        Rows and columns may be None: the output's are then symbolic.
    filter_shape : tuple of 4 ints, (maps in, maps out, rows, cols)
    stride : int
        Pixels of the output per pixel of the input.
    crop : int, (before, after) or ((top, bottom), (left, right))
        Pixels cut off the output, Theano's `border_mode` of the convolution that this
        is the adjoint of. A negative `after` or `bottom` appends zeros, fewer than
        `stride`.
    output_size : None or (rows, cols)
        The size of the output, where the size of the input is known. Then only the
        `before` of `crop` counts; at the other end, pixels in excess are cut off and
        missing ones are appended as zeros.
    W : None, array, shared variable of `filter_shape` or initializer
        None draws from N(0, 0.001), as the paper does for this layer.
    b : None, array or shared variable, (maps out,)
    activation : function of a symbolic tensor, or None for the identity
    name : str

    Raises
    ------
    ValueError
        Maps that do not fit, or a size that filters, stride and crop cannot give; the
        message has the layer's name and the shapes. Theano would fail at run time.
    """

    def _step(self) -> int:
        return self.stride

    def _can_crop(self, kernel: int, cut: Cut) -> bool:
        return can_crop(kernel, self.stride, cut)

    def _allowed(self, kernel: int, cut: Cut) -> str:
        if not 0 <= cut[0] < kernel:
            return f"it may cut off 0 to {kernel - 1} pixels in front"
        return f"less than the stride, {self.stride}, may be appended behind"

    def _stamped(self) -> Any:
        rows, cols = (
            deconv_length(self.input.shape[2 + axis], kernel, self.stride, crop)
            for axis, (kernel, crop) in enumerate(zip(self.filter_shape[2:], self.crop))
        )
        op = T.nnet.abstract_conv.AbstractConv2d_gradInputs(
            imshp=self.output_shape,
            kshp=self.filter_shape,
            border_mode=tuple((before, max(after, 0)) for before, after in self.crop),
            subsample=(self.stride, self.stride),
            filter_flip=False,
        )
        known_rows, known_cols = self.output_shape[2:]
        size = (
            rows if known_rows is None else known_rows,
            cols if known_cols is None else known_cols,
        )
        return op(self.W, self.input, T.stack([T.cast(n, "int64") for n in size]))


class FullBorderDeconvLayer(_Upsampling):
    """Convolve the zero-padded input: the naive way to a larger output.

    ``conv2d(input, W, border_mode='full')`` gives ``n + kernel - 1`` pixels: one stamp
    for each input pixel as in `DeconvLayer`, but one pixel apart, whatever the stride.
    So the size grows by the filter's and not by a factor, the filter must be
    ``output - n + 1`` long (26 for 8 to 33), and the network fits one input size only.
    The report, section 5.1.2, item 3; its program was content with 9 and 16 pixels.

    Takes the arguments of `DeconvLayer`; `stride` is the factor by which the size is
    meant to grow, and has no part in the graph.

    Raises
    ------
    ValueError
        As `DeconvLayer`; an `output_size` that the filters do not give.
    """

    def _step(self) -> int:
        return 1

    def _can_crop(self, kernel: int, cut: Cut) -> bool:
        return min(cut) >= 0 and max(cut) < kernel

    def _allowed(self, kernel: int, cut: Cut) -> str:
        return f"it may cut off 0 to {kernel - 1} pixels at each end"

    def _checked_output_shape(self) -> Shape4:
        if self.output_size is not None:
            for axis, (before, after) in enumerate(self.crop):
                if after != before:
                    growth = self.output_size[axis] - self._full_length(axis)
                    needed = self.filter_shape[2 + axis] + growth + 2 * before
                    raise self._misfit(f"do not give it; they must be {needed} long")
        return super()._checked_output_shape()

    def _stamped(self) -> Any:
        return self._each_pixel_stamped(self.input, self.input_shape)

    def _each_pixel_stamped(self, input: Any, input_shape: Shape4) -> Any:
        # A true convolution (flipped filters) stamps the filters as they are.
        border = tuple(
            tuple(kernel - 1 - cut for cut in crop)
            for kernel, crop in zip(self.filter_shape[2:], self.crop)
        )
        n_in, n_out, rows, cols = self.filter_shape
        return T.nnet.conv2d(
            input,
            self.W.dimshuffle(1, 0, 2, 3),
            input_shape=input_shape,
            filter_shape=(n_out, n_in, rows, cols),
            border_mode="full" if self.crop == ((0, 0), (0, 0)) else border,
            filter_flip=True,
        )


class ResizeConvLayer(FullBorderDeconvLayer):
    """Repeat each pixel `stride` times along both axes, then convolve.

    The stamps are those of `FullBorderDeconvLayer` on the repeated pixels, one pixel
    apart: every output pixel gets equally many of them, so that no filter can leave a
    checkerboard on a flat image. Length of the output: ``stride * n + kernel - 1 -
    before - after``; a crop of half the filter keeps ``stride * n``.

    Odena, Dumoulin and Olah, Deconvolution and Checkerboard Artifacts (2016).

    Takes the arguments of `DeconvLayer`, and an `output_size` up to the length without
    a crop.

    Raises
    ------
    ValueError
        As `DeconvLayer`.
    """

    def n_stamps(self, length: Any) -> Any:
        return self.stride * length

    def _checked_output_shape(self) -> Shape4:
        rows, cols = (-(-(n - 1) // self.stride) + 1 for n in self.filter_shape[2:])
        self.window, self.step = (rows, cols), Fraction(1, self.stride)
        return _Upsampling._checked_output_shape(self)

    def _stamped(self) -> Any:
        # (batch, maps, rows, 1, cols, 1), spread over (..., stride, ..., stride)
        zeros = np.zeros((1, 1, 1, self.stride, 1, self.stride), self.input.dtype)
        repeated = self.input.dimshuffle(0, 1, 2, "x", 3, "x") + T.constant(zeros)
        batch, n_maps, rows, cols = (self.input.shape[i] for i in range(4))
        shape = (batch, n_maps, rows * self.stride, cols * self.stride)
        known = self.input_shape[:2] + tuple(
            None if n is None else self.n_stamps(n) for n in self.input_shape[2:]
        )
        return self._each_pixel_stamped(repeated.reshape(shape), known)


def bilinear(
    rng: np.random.RandomState, shape: tuple[int, int, int, int], stride: int
) -> np.ndarray:
    """Filters that interpolate linearly between the stamps, times random numbers.

    ``W[c, k] = g[c, k] * tent``, g from N(0, 1 / maps in); the tent is as long as the
    filter allows, at most ``2 * stride`` pixels, and the stamps of a constant input
    add up to a constant: no checkerboard to begin with.

    Long et al., Fully Convolutional Networks (2015), section 4.1, start from it.

    Parameters
    ----------
    rng : numpy.random.RandomState
    shape : tuple of 4 ints, (maps in, maps out, rows, cols)
    stride : int
    """
    n_in, n_out, rows, cols = shape
    gains = rng.normal(0.0, np.sqrt(1.0 / n_in), size=(n_in, n_out, 1, 1))
    return gains * np.outer(_tent(rows, stride), _tent(cols, stride))


def _tent(kernel: int, stride: int) -> np.ndarray:
    distances = np.abs(np.arange(kernel) - (kernel - 1) / 2.0)
    return np.maximum(1 - distances / stride, 0)


def _per_axis(name: str, crop: Any) -> tuple[Cut, ...]:
    """An int, a pair or a pair of pairs as ((top, bottom), (left, right))."""
    nested = isinstance(crop, (tuple, list)) and isinstance(crop[0], (tuple, list))
    try:
        (top, bottom), (left, right) = crop if nested else (_pair(crop), _pair(crop))
        return (index(top), index(bottom)), (index(left), index(right))
    except (TypeError, ValueError):
        raise ValueError(
            f"{name}: crop {crop!r}: it must be a number of pixels, (before, after) or "
            "((top, bottom), (left, right))"
        ) from None


def _pair(cut: Any) -> Any:
    return cut if isinstance(cut, (tuple, list)) else (cut, cut)
