"""The trained network of a row."""

from __future__ import annotations

from srcnn_theano.report.rows import Row
from srcnn_theano.shipped import weights_dir
from srcnn_theano.weights import Weights, load_weights


def weights_of(row: Row) -> Weights | None:
    """The trained network of a row: that of its run, else that of the package.

    Raises
    ------
    UserError
        Its file cannot be read.
    """
    places = [weights_dir() / f"{row.experiment.name}.h5"]
    if row.folder is not None:
        places.insert(0, row.folder / "weights.h5")
    for path in places:
        if path.is_file():
            return load_weights(path)
    return None
