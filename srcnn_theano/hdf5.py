"""HDF5 files of named arrays and attributes: trained weights, checkpoints."""

import errno

import h5py
import numpy as np

from srcnn_theano.errors import UserError
from srcnn_theano.files import atomic_path


def write_arrays(path, attributes, arrays):
    """Write attributes and arrays (mappings by name) to an HDF5 file, in one step.

    Equal contents give equal bytes.

    Raises
    ------
    UserError
        The folder cannot be written, or the disk is full.
    """
    with atomic_path(path) as temporary:
        try:
            with h5py.File(str(temporary), "w") as file:
                file.attrs.update(attributes)
                for name, array in sorted(arrays.items()):
                    _write_array(file, name, np.asarray(array))
        except RuntimeError as error:
            # What h5py makes of a full disk when it closes the file.
            raise OSError(errno.EIO, str(error))


def _write_array(file, name, array):
    # With checksums, so that a damaged file is noticed; a scalar cannot have one.
    checked = {"chunks": array.shape, "fletcher32": True} if array.size > 1 else {}
    # No modification times, so that equal contents give equal bytes.
    file.create_dataset(name, data=array, track_times=False, **checked)


def read_arrays(path, cure):
    """Read what `write_arrays` wrote: (attributes, arrays).

    Raises
    ------
    UserError
        Not an HDF5 file, truncated or damaged; `cure` says what to do then.
    """
    try:
        with h5py.File(str(path), "r") as file:
            arrays = {
                name: np.asarray(file[name])
                for name in file
                if isinstance(file[name], h5py.Dataset)
            }
            return dict(file.attrs), arrays
    # A damaged file raises any of these, depending on the place of the damage.
    except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            "{}: damaged, or not an HDF5 file ({}); {}".format(path, error, cure)
        )
