"""Which parts of a large picture are computed at a time."""

from __future__ import annotations

from typing import Sequence

# A row of tiles is made lower beyond so many bytes, down to so many rows of the input.
_BAND_BYTES, _LEAST_ROWS = 96 << 20, 8


def rows_of_tiles(
    size: Sequence[int], pixel_bytes: int, tile: int | None, factor: int
) -> list[list[tuple[slice, slice]]]:
    """The parts of a picture from top to bottom, each row from left to right.

    Tiles are square. Where a row of them would be large, as in a panorama, they are
    lower, and so much longer that they have as many pixels.

    Parameters
    ----------
    size : (rows, cols)
        Of the enlarged picture.
    pixel_bytes : int
        Bytes of one of its pixels.
    tile : int or None
        The side of a tile in pixels of a network's input; None for a single tile.
    factor : int
        How many times larger the network's output is than its input.

    Returns
    -------
    list of lists of (rows, cols), slices of the enlarged picture
    """
    sides = list(size)
    if tile is not None:
        most = _BAND_BYTES // (factor * size[1] * pixel_bytes)
        rows = min(tile, max(_LEAST_ROWS, most))
        sides = [factor * rows, factor * (tile * tile // rows)]
    spans = [
        [slice(i, min(i + side, length)) for i in range(0, length, side)]
        for length, side in zip(size, sides)
    ]
    return [[(rows, cols) for cols in spans[1]] for rows in spans[0]]


def inside_and_beyond(
    parts: Sequence[slice], lengths: Sequence[int], halo: int
) -> tuple[list[slice], list[tuple[int, int]]]:
    """How much of the parts with a halo lies in the image, and how much beyond it."""
    inside, beyond = [], []
    for part, length in zip(parts, lengths):
        start, stop = part.start - halo, part.stop + halo
        first, last = max(start, 0), min(stop, length)
        inside.append(slice(first, last))
        beyond.append((first - start, stop - last))
    return inside, beyond
