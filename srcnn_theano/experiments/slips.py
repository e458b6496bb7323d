"""What each slip of the report's program is worth: rows as described, each with one.

Whatever a row does not name is as in the row as described that it is taken from.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from srcnn_theano.experiments import described
from srcnn_theano.experiments.records import Experiment, Row

_DESCRIBED = {row.name: row for row in described.ROWS}


class Slip(NamedTuple):
    """A row with one slip, and the name of the row as described without it."""

    row: Experiment
    without: str


def _slip(name: str, title: str, without: str, notes: str = "", **changed: Any) -> Slip:
    base = _DESCRIBED[without]
    row = Experiment(
        name,
        Row("slips", title, notes=f"As {without}, but for this. {notes}".rstrip()),
        base.training._replace(**changed),
        base.measure,
    )
    return Slip(row, without)


_FSRCNN = _DESCRIBED["fsrcnn_prelu_described"].training

SLIPS = (
    _slip(
        "slip_repeated_blur",
        "Pixels are blurred again by each sub-image that covers them",
        "table1_adam_described",
        "Targets are blurred more, and easier to reach.",
        recipe={"blur": "in_place"},
    ),
    _slip(
        "slip_sorted",
        "Minibatches are consecutive sub-images, never shuffled",
        "table1_adam_described",
        shuffle=False,
    ),
    _slip(
        "slip_uncorrected",
        "Adam without its correction",
        "table1_adam_described",
        update="adam_uncorrected",
    ),
    _slip(
        "slip_one_bias",
        "SGD moves one bias",
        "table1_sgd_described",
        update="sgd_last_bias",
    ),
    _slip(
        "slip_no_stride",
        "FSRCNN without a stride",
        "fsrcnn_prelu_described",
        "8x8 pixels become 16x16, which are compared with the middle of the target. "
        "The layers are the program's, without its skips and from filters by He.",
        model="fsrcnn-strideless",
        options={"channels": 3, "initializer": "he", "skip": "none"},
    ),
    _slip(
        "slip_wide_start",
        "FSRCNN from filters of N(0, 0.5^2)",
        "fsrcnn_prelu_described",
        options={**_FSRCNN.options, "initializer": "wide"},
    ),
    _slip(
        "slip_mirrored_inputs",
        "Inputs are mirrored, targets are not",
        "fsrcnn_augmented_described",
        augmentation="mirrored-inputs",
    ),
    _slip(
        "slip_scrambled_vgg",
        "VGG16's filters reshaped, not transposed",
        "vgg_only_described",
        vgg_layout="reshaped",
    ),
    _slip(
        "slip_whole_target",
        "VGG16 sees the target's 33x33, the output's 21x21",
        "vgg_only_described",
        vgg_target="whole",
    ),
)
ROWS = tuple(slip.row for slip in SLIPS)
