"""Python and NumPy in versions that the library runs with."""

from __future__ import annotations

import sys

from srcnn_theano.environment.library import find_library
from srcnn_theano.errors import UserError


def check_python(version: tuple | None = None) -> None:
    """Refuse a Python that the library does not run on, or neither of them."""
    here = tuple((version or sys.version_info)[:2])
    name = "Python {}.{}".format(*here)
    if not (3, 8) <= here <= (3, 12):
        raise UserError(
            f"{name}: srcnn-theano runs on 3.8 to 3.12 only, as Theano-PyMC (to 3.11) "
            "and Aesara do; make a virtual environment with one of these, e.g. `pip "
            "install uv && uv venv --seed --python 3.12 .venv`, and install "
            "srcnn-theano there"
        )
    library = find_library()
    if here > library.last_python:
        raise UserError(
            "{}: SRCNN_BACKEND={}, but {} runs on 3.8 to {}.{} only; unset "
            "SRCNN_BACKEND".format(
                name, library.module, library.description, *library.last_python
            )
        )


def check_numpy(version: str | None = None) -> None:
    """Refuse a NumPy whose removed names (np.complex, ...) the library still uses."""
    if version is None:
        version = _numpy_version()
    library = find_library()
    if tuple(int(part) for part in version.split(".")[:2]) >= library.too_new_numpy:
        raise UserError(
            "NumPy {} is too new for {}, which needs one before {}.{}; put it right "
            "with `pip install {}`".format(
                version, library.description, *library.too_new_numpy, numpy_pins()
            )
        )


def _numpy_version() -> str:
    try:
        import numpy
    except ImportError as error:
        raise UserError(
            f"NumPy cannot be imported ({error}); put it right with `pip install "
            f"{numpy_pins()}`"
        ) from error
    return numpy.__version__


def numpy_pins() -> str:
    """The NumPy and SciPy of this Python, as pip takes them on its command line."""
    if sys.version_info >= (3, 12):
        return "'numpy==1.26.4' 'scipy>=1.12,<1.13'"
    if sys.version_info >= (3, 11):
        return "'numpy==1.23.5' 'scipy>=1.9.2,<1.12'"
    return "'numpy>=1.21.6,<1.22' 'scipy>=1.7.2,<1.8'"
