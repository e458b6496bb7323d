"""How far a pixel reaches: the arithmetic that lets images go through in pieces.

The output for a region of the input depends on so many pixels around the region: the
*halo*. So an image can be cut into regions, each with its halo around it, and their
outputs together are the output for the whole image.
"""

from __future__ import annotations

from typing import Any, Iterable

from srcnn_theano.models.options import FSRCNNOptions
from srcnn_theano.models.shapes import fsrcnn_layers


def convolutions_halo(sizes: Iterable[int]) -> int:
    """Halo of convolutions one after another, by the (odd) lengths of their filters.

    It is also the number of pixels that they cut off where nothing is padded.
    """
    return sum(size // 2 for size in sizes)


def full_border_window(size: int, scale: int) -> int:
    """The largest length n of input that a full border enlarges `scale` times or more.

    Its output has ``n + size - 1`` pixels: ``scale * n``, or less than `scale` more.
    """
    return (size - 1) // (scale - 1)


def fsrcnn_halo(options: FSRCNNOptions) -> int:
    """Halo of an FSRCNN; with a full border as much as leaves a pixel or two."""
    if options.upsampling == "full-border":
        return (full_border_window(options.deconv_size, options.scale) - 1) // 2
    convolutions, _ = fsrcnn_layers(options)
    halo = convolutions_halo(conv.size for conv in convolutions)
    return halo + options.stamps_reach


def inside(output: Any, input: Any, halo: int, factor: int) -> Any:
    """The part of an output that does not depend on anything beyond the input.

    Both are symbolic, the input (batch, maps, rows, cols) and the output `factor` times
    as large. The part has factor * (rows - 2 halo) rows, and columns alike.
    """
    first = factor * halo
    rows, cols = (factor * (input.shape[i] - 2 * halo) for i in (2, 3))
    return output[:, :, first : first + rows, first : first + cols]
