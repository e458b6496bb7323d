"""A photograph that installed packages have, for work without a data set."""

from __future__ import annotations

import warnings
from typing import NamedTuple

import numpy as np

from srcnn_theano.data.images import read_rgb
from srcnn_theano.errors import UserError


class Photograph(NamedTuple):
    """A picture and how it is divided; all positions are (row, column) in pixels.

    Attributes
    ----------
    name : str
    pixels : uint8 array, (rows, cols, 3)
    train, test : (slice, slice)
        The parts to train on and to measure on, which do not overlap.
    watched : (int, int)
        Corner of a square of `SIDE` pixels within the test part.
    details : tuple of (int, int)
        Corners of squares of `DETAIL` pixels within the test part.
    """

    name: str
    pixels: np.ndarray
    train: tuple[slice, slice]
    test: tuple[slice, slice]
    watched: tuple[int, int]
    details: tuple[tuple[int, int], ...]


SIDE = 192
DETAIL = 96


def photograph() -> Photograph:
    """The photograph that SciPy has, or else the portrait that matplotlib has.

    Raises
    ------
    UserError
        Neither SciPy nor matplotlib has one.
    """
    try:
        from scipy.misc import face

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            pixels = face()
    except (ImportError, OSError):  # from SciPy 1.12 on it is a download
        return portrait()
    return Photograph(
        "raccoon (scipy.misc.face)",
        pixels,
        train=(slice(None), slice(0, 512)),
        test=(slice(None), slice(512, 1024)),
        watched=(240, 120),
        details=((303, 0), (282, 159)),
    )


def portrait() -> Photograph:
    """The portrait that every matplotlib has: lessons need the same picture everywhere.

    Raises
    ------
    UserError
        It is missing.
    """
    from matplotlib import cbook

    try:
        path = cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
        pixels = read_rgb(path)
    except (OSError, UserError) as error:
        raise UserError(
            f"the demo's photograph is in neither SciPy nor matplotlib here ({error}); "
            "reinstall matplotlib"
        ) from error
    return Photograph(
        "Grace Hopper (matplotlib's sample data)",
        pixels,
        train=(slice(300, 600), slice(None)),
        test=(slice(0, 300), slice(None)),
        watched=(75, 150),
        details=((150, 171), (21, 204)),
    )
