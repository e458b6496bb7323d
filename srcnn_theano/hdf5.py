"""HDF5 files of named arrays and attributes: trained weights, checkpoints."""

from __future__ import annotations

import hashlib
import io
from typing import Any, Collection, Mapping

import h5py
import numpy as np

from srcnn_theano.errors import UserError
from srcnn_theano.files import PathLike, atomic_path

# The format of HDF5 1.10 has checksums over its structure; reading a damaged file of
# the older default may never end. The values get a checksum in `write_arrays`.
_LIBVER = ("v110", "v110")


def write_arrays(
    path: PathLike, attributes: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    """Write attributes and arrays (mappings by name) to an HDF5 file, in one step.

    Equal contents give equal bytes, but for the second of writing, which older h5py
    (3.11) puts into the root group.

    Raises
    ------
    UserError
        The folder cannot be written, or the disk is full.
    """
    # Made in memory: HDF5 itself may crash when the disk is full.
    content = io.BytesIO()
    with h5py.File(content, "w", libver=_LIBVER) as file:
        file.attrs.update(attributes)
        file.attrs["sha256"] = arrays_sha256(arrays)
        for name, array in sorted(arrays.items()):
            # Without modification times, which would differ from run to run.
            file.create_dataset(name, data=array, track_times=False)
    with atomic_path(path) as temporary:
        # Not getbuffer: Python 3.12.1 crashes when a failed write leaves that to the
        # garbage collector.
        temporary.write_bytes(content.getvalue())


def read_arrays(
    path: PathLike, cure: str, names: Collection[str] | None = None
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Read a file that `write_arrays` wrote: (attributes, arrays).

    Parameters
    ----------
    path : path
    cure : str
        The advice about a damaged file in the message.
    names : collection of str, optional
        The arrays to read, as far as the file has them. The others stay on the disk,
        so the checksum over all arrays is not looked at.

    Raises
    ------
    UserError
        Not an HDF5 file, truncated or damaged.
    """
    try:
        with h5py.File(path, "r") as file:
            attributes = dict(file.attrs)
            arrays = {
                name: np.asarray(file[name])
                for name in (file if names is None else set(names) & set(file))
                if isinstance(file[name], h5py.Dataset)
            }
        checksum = attributes.pop("sha256", None)
        if names is None and checksum not in (None, arrays_sha256(arrays)):
            raise ValueError("its values do not have the checksum it names")
    # A damaged file raises any of these, depending on the place of the damage.
    except (OSError, RuntimeError, KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path}: damaged, or not an HDF5 file ({error}); {cure}"
        ) from error
    return attributes, arrays


def arrays_sha256(arrays: Mapping[str, np.ndarray]) -> str:
    """One checksum of all arrays, in the order of their names."""
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        digest.update(name.encode("utf-8"))
        digest.update(np.asarray(array).tobytes())
    return digest.hexdigest()
