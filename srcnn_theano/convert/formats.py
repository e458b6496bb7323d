"""Formats of weight files by other programs: each is read as arrays by name."""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Mapping, NamedTuple

import numpy as np

from srcnn_theano.convert.readers.caffe import read_caffe
from srcnn_theano.convert.readers.keras import read_keras
from srcnn_theano.convert.readers.matlab import read_matlab
from srcnn_theano.convert.readers.numpy_files import read_numpy
from srcnn_theano.convert.readers.pytorch import read_pytorch
from srcnn_theano.convert.readers.safetensors import read_safetensors
from srcnn_theano.convert.readers.tensorflow import read_tensorflow
from srcnn_theano.errors import UserError
from srcnn_theano.files import require_file


class Format(NamedTuple):
    """A format of files.

    Attributes
    ----------
    name : str
        For messages.
    suffixes : tuple of str
    read : function of a path -> arrays by name
        May raise anything where the file is damaged.
    """

    name: str
    suffixes: tuple[str, ...]
    read: Callable[[Path], Mapping[str, np.ndarray]]


FORMATS = (
    Format("MATLAB", (".mat",), read_matlab),
    Format("Keras", (".h5", ".hdf5"), read_keras),
    Format("Caffe", (".caffemodel",), read_caffe),
    Format("PyTorch", (".pth", ".pt", ".bin"), read_pytorch),
    Format("TensorFlow", (".pb",), read_tensorflow),
    Format("safetensors", (".safetensors",), read_safetensors),
    Format("NumPy", (".npy", ".npz"), read_numpy),
)


# What programs put before the names of a whole network's arrays.
_WRAPPERS = (
    "module model net network backbone generator _orig_mod srcnn fsrcnn vgg vgg16"
).split()
_MOST_WRAPPERS = 4


def read_arrays(path: Path) -> Mapping[str, np.ndarray]:
    """Arrays of a weight file, by name; its suffix tells the format.

    A word for the whole network before all names, as in ``module.conv1.weight``, is
    left out.

    Raises
    ------
    UserError
        There is no such file, its suffix is not known, or it is damaged.
    """
    require_file(path)
    for form in FORMATS:
        if path.suffix.lower() in form.suffixes:
            return _unwrapped(_read(path, form))
    known = ", ".join(suffix for form in FORMATS for suffix in form.suffixes)
    raise UserError(
        f"{path}: not a weight file that can be converted; known suffixes are {known}"
    )


def _unwrapped(arrays: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
    for _ in range(_MOST_WRAPPERS):
        parts = [name.partition(".") for name in arrays]
        words = {word.lower() for word, _, _ in parts}
        if len(words) != 1 or not words <= set(_WRAPPERS):
            break
        if not all(rest for _, _, rest in parts):
            break
        arrays = {rest: array for (_, _, rest), array in zip(parts, arrays.values())}
    return arrays


def _read(path: Path, form: Format) -> Mapping[str, np.ndarray]:
    try:
        return form.read(path)
    except UserError:
        raise
    except MemoryError as error:
        raise UserError(
            f"{path}: does not fit into the memory; use another copy, or a machine "
            "with more"
        ) from error
    except Exception as error:  # a damaged file may raise anything
        reason = shown(str(error) or type(error).__name__, at_most=200)
        raise UserError(
            f"{path}: damaged, or not a {form.name} file ({reason}); use another copy"
        ) from error


def shown(text: str, at_most: int) -> str:
    """Text out of a file, for a terminal: in one line, and without what steers it."""
    text = text if len(text) <= at_most else text[:at_most] + "..."
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
