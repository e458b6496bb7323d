"""Filters as the MATLAB files of Dong et al. hold them: a column for each square."""

from __future__ import annotations

import numpy as np


def square_filters(name: str, patches: np.ndarray) -> np.ndarray:
    """Filters from patches, each a square in MATLAB's order, column after column.

    Parameters
    ----------
    name : str
        Of the bank of filters, for messages.
    patches : array, (maps, maps, values of a patch)

    Returns
    -------
    float32 array, (maps, maps, rows, cols)

    Raises
    ------
    ValueError
        The patches are no squares of odd length.
    """
    n_values = patches.shape[2]
    size = int(round(n_values**0.5))
    if size * size != n_values or size % 2 == 0:
        raise ValueError(f"{name} has patches of {n_values} values, not an odd square")
    # (maps, maps, cols, rows), then rows before cols
    filters = patches.reshape(patches.shape[:2] + (size, size)).transpose(0, 1, 3, 2)
    return np.ascontiguousarray(filters, dtype="float32")
