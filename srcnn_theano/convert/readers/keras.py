"""Arrays of Keras' weight files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, Sequence

import numpy as np

from srcnn_theano.errors import UserError

# Attributes that say who wrote the file.
_TELLING = ("format", "backend")


def read_keras(path: Path) -> dict[str, np.ndarray]:
    """Arrays of a Keras file (.h5 of Keras 1 to 3), by path: ``block1_conv1/kernel:0``.

    Kernels are given as correlations. Kernels in Theano's order (maps out, maps in,
    rows, cols) are of Keras 1, which convolved with Theano: they are flipped here. From
    Keras 2 on the order is (rows, cols, maps in, maps out) in all files.
    """
    from srcnn_theano import hdf5

    return hdf5.apart(_read, path)


def _read(path: Path) -> dict[str, np.ndarray]:
    import h5py

    from srcnn_theano import hdf5

    with hdf5.opened(path) as file:
        arrays = hdf5.datasets(file)
        # A whole model keeps its weights apart from the optimiser's.
        weights = file
        if isinstance(file.get("model_weights"), h5py.Group):
            weights = file["model_weights"]
        _refuse_unsuited(
            path, *(hdf5.words(group, _TELLING) for group in (file, weights))
        )
        prefix = weights.name.strip("/")
        prefix += "/" if prefix else ""
        found = {
            name[len(prefix) :]: np.asarray(file[name])
            for name, dataset in arrays.items()
            # Counts of steps and the like are integers.
            if name.startswith(prefix) and dataset.dtype.kind == "f"
        }
    if not _maps_first([array.shape for array in found.values() if array.ndim == 4]):
        return found
    return {
        name: array[:, :, ::-1, ::-1] if array.ndim == 4 else array
        for name, array in found.items()
    }


def _maps_first(shapes: Sequence[tuple[int, ...]]) -> bool:
    """Whether kernels are (maps out, maps in, rows, cols), as the squares in them tell.

    Where the other two axes are as long as each other as well, there are mostly more
    maps than rows and columns.
    """
    first = all(rows == cols for _, _, rows, cols in shapes)
    last = all(rows == cols for rows, cols, _, _ in shapes)
    if first != last:
        return first
    return sum(a + b - c - d for a, b, c, d in shapes) > 0


def _refuse_unsuited(path: Path, *attributes: Mapping[str, Any]) -> None:
    for attrs in attributes:
        if _text(attrs.get("format")).startswith("srcnn_theano"):
            raise UserError(
                f"{path}: is a file of srcnn_theano already; convert the file it was "
                "made from, or write trained weights as OUT.onnx"
            )
        if _text(attrs.get("backend")) == "theano":
            # Flipped kernels in the new order, and no word on how maps are flattened.
            raise UserError(
                f"{path}: written by Keras 2 with Theano, which does not say the order "
                "of its arrays; load it with TensorFlow and save it again"
            )


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
