"""Where the files that come with the package lie: trained weights, results records."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def weights_dir():
    """Folder of the trained networks that come with the package (`*.h5`, `*.json`)."""
    return _shipped("weights")


def results_dir():
    """Folder of the records the tables are made from, one folder per experiment."""
    return _shipped("results")


def _shipped(name):
    installed = _PACKAGE / ("_" + name)
    return installed if installed.is_dir() else _PACKAGE.parent / name
