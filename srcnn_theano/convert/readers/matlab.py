"""Arrays of MATLAB files."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from srcnn_theano.errors import UserError


def read_matlab(path: Path) -> dict[str, np.ndarray]:
    """Arrays of a MATLAB file (version 5 to 7), by name."""
    from scipy.io import loadmat

    try:
        content = loadmat(str(path), appendmat=False)
    except NotImplementedError:
        raise UserError(
            f"{path}: a MATLAB 7.3 file; save it in MATLAB with -v7"
        ) from None
    return {name: array for name, array in content.items() if not name.startswith("__")}
