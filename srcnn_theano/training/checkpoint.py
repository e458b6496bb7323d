"""Everything that a run needs to go on as if it had never stopped."""

from __future__ import annotations

from pathlib import Path
from reprlib import repr as _short
from typing import Any, Sequence

import numpy as np

from srcnn_theano.errors import UserError
from srcnn_theano.hdf5 import read_arrays, write_arrays

FORMAT = "srcnn_theano checkpoint"
VERSION = 1
_HISTORY = "history.csv"


def save_checkpoint(
    path: Path,
    variables: Sequence[Any],
    epoch: int,
    identity: str,
    history: str = "",
) -> None:
    """Write the values of all moving variables after an epoch, in one step.

    Parameters
    ----------
    path : str or Path, .h5
    variables : sequence of shared variables with distinct names
        Parameters, running averages, accumulators, the learning rate.
    epoch : int
        Epochs finished.
    identity : str
        What the checkpoint belongs to; `load_checkpoint` asks for the same.
    history : str
        The text of history.csv at that time.
    """
    attributes = {
        "format": FORMAT,
        "version": VERSION,
        "epoch": epoch,
        "identity": identity,
    }
    arrays = {v.name: v.get_value() for v in variables}
    arrays[_HISTORY] = np.frombuffer(history.encode("ascii"), np.uint8)
    write_arrays(path, attributes, arrays)


def load_checkpoint(
    path: Path, variables: Sequence[Any], identity: str
) -> tuple[int, str | None]:
    """Set the variables to the values of a checkpoint.

    Returns
    -------
    (int, str or None)
        Epochs finished, and the text of their history; checkpoints of earlier versions
        have none.

    Raises
    ------
    UserError
        The file is damaged, of another version, or of another run.
    """
    attributes, values = read_arrays(path, "delete it to start anew", kinds="fu")
    history = values.pop(_HISTORY, None)
    if attributes.get("format") != FORMAT:
        raise UserError(
            f"{path}: not a checkpoint of srcnn_theano; move it away to start anew"
        )
    version = attributes.get("version")
    if version != VERSION:
        raise UserError(
            f"{path}: checkpoint version {_short(version)}, this program "
            f"reads {VERSION}; delete it to start anew"
        )
    shapes = {v.name: v.get_value(borrow=True).shape for v in variables}
    saved_shapes = {name: value.shape for name, value in values.items()}
    if attributes.get("identity") != identity or saved_shapes != shapes:
        raise UserError(
            f"{path}: the checkpoint is of a run with other settings, or of an earlier "
            "version of this program; choose another --runs folder, or delete it to "
            "start anew"
        )
    epoch = attributes.get("epoch")
    if not isinstance(epoch, int) or not 0 <= epoch < 10**9:
        raise UserError(
            f"{path}: damaged, {_short(epoch)} is no number of epochs; delete it to "
            "start anew"
        )
    for variable in variables:
        value = values[variable.name]
        if value.dtype != variable.dtype:
            raise UserError(
                f"{path}: damaged, {variable.name} is of the type {value.dtype}, not "
                f"{variable.dtype}; delete it to start anew"
            )
    for variable in variables:
        variable.set_value(values[variable.name])
    return epoch, None if history is None else history.tobytes().decode("latin-1")
