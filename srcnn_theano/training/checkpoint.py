"""Everything that a run needs to go on as if it had never stopped."""

import h5py
import numpy as np

from srcnn_theano.errors import UserError
from srcnn_theano.files import atomic_path

VERSION = 1


def save_checkpoint(path, variables, epoch, identity):
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
    """
    with atomic_path(path) as temporary, h5py.File(str(temporary), "w") as file:
        file.attrs["format"] = "srcnn_theano checkpoint"
        file.attrs["version"] = VERSION
        file.attrs["epoch"] = epoch
        file.attrs["identity"] = identity
        for variable in variables:
            file[variable.name] = variable.get_value(borrow=True)


def load_checkpoint(path, variables, identity):
    """Set the variables to the values of a checkpoint.

    Returns
    -------
    int
        Epochs finished.

    Raises
    ------
    UserError
        The file is damaged, of another version, or of another run.
    """
    try:
        with h5py.File(str(path), "r") as file:
            attributes = dict(file.attrs)
            values = {name: np.asarray(file[name]) for name in _datasets(file)}
    except OSError as error:
        raise UserError(
            "{}: not a readable checkpoint ({}); delete it to start anew".format(
                path, error
            )
        )
    if attributes.get("version") != VERSION:
        raise UserError(
            "{}: checkpoint version {}, this program reads {}; delete it to start "
            "anew".format(path, attributes.get("version"), VERSION)
        )
    if attributes["identity"] != identity or set(values) != {v.name for v in variables}:
        raise UserError(
            "{}: the checkpoint is of a run with other settings; choose another --runs "
            "folder, or delete it to start anew".format(path)
        )
    for variable in variables:
        variable.set_value(values[variable.name])
    return int(attributes["epoch"])


def _datasets(file):
    names = []
    file.visititems(
        lambda name, item: (
            names.append(name) if isinstance(item, h5py.Dataset) else None
        )
    )
    return names
