"""Lengths of images before and after a layer; no Theano."""

from __future__ import annotations

from operator import index
from typing import Any, Optional, Tuple, Union

# (batch, maps, rows, cols), None where it is known only at run time.
Shape4 = Tuple[Optional[int], ...]

# 'valid', 'half' or 'full', or the zeros that a convolution pads on each side.
Border = Union[str, int]


def whole(value: Any) -> int | None:
    """A whole number of any type, as an int; None for what is none, such as True."""
    try:
        return None if isinstance(value, bool) else index(value)
    except TypeError:
        return None


def whole_lengths(values: Any, n: int, unknown: bool = False) -> Any:
    """So many ints, or None for `unknown` ones, as a tuple; () for anything else."""
    try:
        pairs = [(value, whole(value)) for value in values]
    except (TypeError, ValueError):
        return ()
    right = all(i is not None or unknown and value is None for value, i in pairs)
    return tuple(i for _, i in pairs) if right and len(pairs) == n else ()


def conv_length(
    length: int | None, kernel: int, border: Border, stride: int = 1
) -> int | None:
    """Length of a convolution's output along one axis.

    ``floor((length + 2 * pad - kernel) / stride) + 1``

    Parameters
    ----------
    length : int or None
        Input length in pixels; None when it is known only at run time.
    kernel, stride : int
    border : 'valid', 'half', 'full' or int
        Zero padding on each side, as `border_length` has it.

    Returns
    -------
    int or None
        Not positive when the input is shorter than the kernel.
    """
    padding = border_length(kernel, border)
    return None if length is None else (length + 2 * padding - kernel) // stride + 1


def border_length(kernel: int, border: Border) -> int:
    """Zeros that a convolution pads on each side along one axis.

    0 for 'valid', ``kernel // 2`` for 'half', ``kernel - 1`` for 'full', or the number.
    """
    zeros = whole(border)
    if zeros is not None and zeros >= 0:
        return zeros
    lengths = {"valid": 0, "half": kernel // 2, "full": kernel - 1}
    if not isinstance(border, str) or border not in lengths:
        raise ValueError(
            f"border_mode {border!r}: it must be one of {', '.join(lengths)}, or a "
            "number of zeros ('half' keeps the size where filters are odd)"
        )
    return lengths[border]


def deconv_length(length: Any, kernel: int, stride: int, crop: tuple[int, int]) -> Any:
    """Length of a transposed convolution's output along one axis.

    ``stride * (length - 1) + kernel - before - after``

    Parameters
    ----------
    length : int, None or symbolic scalar
        Input length in pixels; None when it is known only at run time.
    kernel, stride : int
    crop : (before, after), ints
        Pixels cut off the two ends; a negative `after` appends as many zeros.
    """
    if length is None:
        return None
    return stride * (length - 1) + kernel - crop[0] - crop[1]


def can_crop(kernel: int, stride: int, crop: tuple[int, int]) -> bool:
    """Whether a transposed convolution can cut (before, after) pixels off its ends.

    It is the adjoint of a convolution that pads `before` zeros, less than its kernel,
    and that leaves out less than a stride at the end.
    """
    before, after = crop
    return 0 <= before < kernel and -after < stride


def even_crop(overhang: int) -> tuple[int, int]:
    """An overhang of stamps cut off both ends alike: (before, after).

    To get ``stride * length`` pixels the overhang is ``kernel - stride``. Input pixel i
    is then centred on ``stride * i + (stride - 1) / 2`` of the output, where resizing
    puts it, or, where ``kernel - stride`` is odd, half a pixel after it.
    """
    return overhang // 2, overhang - overhang // 2


def stamps_halo(size: int, stride: int, before: int) -> int:
    """Halo of a deconvolution, in pixels of its input.

    Output pixel p has the stamps i with ``stride * i - before <= p < stride * i -
    before + size``. Input pixel 0 stands for the output pixels 0 to ``stride - 1``:
    the first of the stamps on 0 is ``(size - 1 - before) // stride`` before it, the
    last of those on ``stride - 1`` is ``(before + stride - 1) // stride`` after it.

    Parameters
    ----------
    size, stride, before : int
        Length of the filters, their distance, and pixels cut off before the first.
    """
    return max(size - 1 - before, before + stride - 1) // stride


def resized_halo(size: int, stride: int, before: int) -> int:
    """Halo of a `ResizeConvLayer`, in pixels of its input.

    Output pixel p reads the repeated pixels ``p - (size - 1 - before)`` to ``p +
    before``, of which `stride` at a time are a pixel of the input.
    """
    return -(-max(size - 1 - before, before) // stride)
