"""Every row of the report's tables, and every network for pictures, as data.

A row is three records: what is printed, how the network is trained, and how it is
measured. A row whose measure has `weights_of` is another evaluation of the network
that the named row trains.
"""

from __future__ import annotations

from srcnn_theano.errors import UserError, did_you_mean
from srcnn_theano.experiments import (
    described,
    fsrcnn,
    grid,
    pictures,
    programmed,
    slips,
)
from srcnn_theano.experiments.records import Experiment
from srcnn_theano.streams import say

# The report's first two tables; that of section 5.1.2 and what it tells in words; those
# of sections 5.1.3 and 5.1.4. What the report has not: rows with one slip of its
# program, what is not known of that, and the networks for pictures.
TABLES = (
    "table1",
    "table2",
    "fsrcnn",
    "fsrcnn-deconv",
    "fsrcnn-training",
    "fsrcnn-layers",
    "vgg",
    "fsrcnn-vgg",
    "slips",
    "grid",
    "models",
)

EXPERIMENTS: dict[str, Experiment] = {
    experiment.name: experiment
    for experiment in (
        *programmed.ROWS,
        *described.ROWS,
        *fsrcnn.ROWS,
        *slips.ROWS,
        *grid.ROWS,
        *pictures.ROWS_OF_SRCNN,
        *pictures.ROWS_OF_FSRCNN,
        *pictures.ROWS_OF_LARGE,
    )
}


# Rows of version 0.1.0 that were neither what the program did nor what the report says,
# and those that stand for them; the names go with the next version.
REPLACED = {
    **{
        old: f"{old}_described"
        for old in (
            "table1_adam",
            "table1_rmsprop",
            "table1_rmsprop_l2",
            "table1_sgd",
            "table2_set5",
            "table2_set14",
            "fsrcnn_relu",
            "fsrcnn_prelu",
            "fsrcnn_augmented_20",
            "fsrcnn_augmented",
        )
    },
    **{
        old: f"{old}_programmed"
        for old in (
            "vgg_only",
            "vgg_mse_20",
            "vgg_mse",
            "vgg_last_layer",
            "vgg_improved_20",
            "vgg_improved",
            "fsrcnn_vgg",
            "fsrcnn_vgg_mse",
        )
    },
    "table1_sgd_unclipped": "table1_sgd_described",
    "table1_sgd_narrow": "table1_sgd_described",
    "table1_bn_l2": "table1_bn_l2_programmed",
    "table1_bn_hidden_l2": "table1_bn_l2_described",
    "fsrcnn_mse": "fsrcnn_relu_described",
}


def find_experiment(name: str) -> Experiment:
    """The experiment of that name; an old name gives what replaced it, and says so.

    Raises
    ------
    UserError
        There is none.
    """
    if name in REPLACED:
        say(f"srcnn-theano: {name} has been replaced by {REPLACED[name]}")
        name = REPLACED[name]
    if name not in EXPERIMENTS:
        raise UserError(
            f"no experiment is called {name!r}{did_you_mean(name, EXPERIMENTS)}; "
            "'srcnn-theano experiments' lists them"
        )
    return EXPERIMENTS[name]


def batch_sizes() -> dict[str, int]:
    """The batch size of each training, by the name that its weight files carry."""
    return {
        **{name: row.training.batch_size for name, row in EXPERIMENTS.items()},
        **{old: EXPERIMENTS[new].training.batch_size for old, new in REPLACED.items()},
    }


def snapshots(name: str) -> tuple[int, ...]:
    """The epochs of a training after which its network is kept.

    They are those before its end after which other rows measure it.
    """
    if name not in EXPERIMENTS:
        return ()
    last = EXPERIMENTS[name].measure.n_epochs
    measured = {
        row.measure.n_epochs for row in EXPERIMENTS.values() if row.trained_by == name
    }
    return tuple(sorted(epoch for epoch in measured if epoch < last))
