"""First filters and last kernels of trained networks, as pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Mapping, NamedTuple

import numpy as np

from srcnn_theano.data.images import Picture, write_picture
from srcnn_theano.errors import UserError
from srcnn_theano.looking import sheet
from srcnn_theano.pages.document import Block, Paragraph, Pictures
from srcnn_theano.pages.pixels import write_filters
from srcnn_theano.report.rows import Row
from srcnn_theano.report.trained import weights_of
from srcnn_theano.streams import say

_COLUMNS = 8


class _Sheet(NamedTuple):
    row: str
    layer: str
    words: str


_SHEETS = (
    _Sheet(
        "srcnn_x3",
        "conv1",
        "The first filters of SRCNN, trained for pictures in grey.",
    ),
    _Sheet(
        "table1_adam_described",
        "conv1",
        "The same layer in colour, trained as the report describes it.",
    ),
    _Sheet(
        "table1_adam_programmed",
        "conv1",
        "And as the report's program trained it.",
    ),
    _Sheet(
        "fsrcnn_x3",
        "deconv",
        "The stamps with which FSRCNN draws its output, trained for pictures.",
    ),
    _Sheet(
        "fsrcnn_gradinputs",
        "deconv",
        "The same in colour, by the gradient of a convolution (`gradInputs`).",
    ),
    _Sheet(
        "fsrcnn_full_border",
        "deconv",
        "And by the report's naive full border, whose stamps are larger.",
    ),
)


def filters_blocks(rows: Mapping[str, Row], out_dir: Path) -> list[Block]:
    """A picture for each network of the list that there is.

    Parameters
    ----------
    rows : dict of str to Row
    out_dir : Path
        Gets the pictures.
    """
    shown: list[Block] = []
    for one in _SHEETS:
        try:
            weights = weights_of(rows[one.row])
        except UserError as error:
            say(f"srcnn-theano: {error}")
            continue
        if weights is None or f"{one.layer}.W" not in weights.values:
            continue
        filters = np.asarray(weights.values[f"{one.layer}.W"], float)
        name = f"filters-{one.row}-{one.layer}.png"
        if filters.shape[1] == 3:
            write_filters(out_dir / name, filters, _COLUMNS)
        else:
            write_picture(
                out_dir / name,
                Picture(sheet(filters[:, 0], symmetric=True)[..., np.newaxis]),
            )
        count = f"{len(filters)} filters of {filters.shape[2]}x{filters.shape[3]}"
        label = f"{count} of layer {one.layer} of {one.row}"
        caption = f"{one.words} {count} of `{one.layer}`, `{one.row}`; grey is 0."
        shown.append(Pictures([(label, name)], caption))
    return shown or [Paragraph("No network is there whose filters could be shown.")]
