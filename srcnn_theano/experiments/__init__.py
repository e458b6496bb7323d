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
    srcnn,
    vgg,
)
from srcnn_theano.experiments.records import Experiment

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
        *srcnn.ROWS,
        *pictures.ROWS_OF_SRCNN,
        *fsrcnn.ROWS,
        *vgg.ROWS,
        *pictures.ROWS_OF_FSRCNN,
        *programmed.ROWS,
        *described.ROWS,
        *slips.ROWS,
        *grid.ROWS,
    )
}


def find_experiment(name: str) -> Experiment:
    """The experiment of that name.

    Raises
    ------
    UserError
        There is none.
    """
    if name not in EXPERIMENTS:
        raise UserError(
            f"no experiment is called {name!r}{did_you_mean(name, EXPERIMENTS)}; "
            "'srcnn-theano experiments' lists them"
        )
    return EXPERIMENTS[name]


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
