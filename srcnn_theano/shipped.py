"""Where files lie: the package's own, and those kept for the user."""

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def weights_dir() -> Path:
    """Folder of the package's trained networks (`*.h5`, `*.json`)."""
    return _shipped("weights")


def results_dir() -> Path:
    """Folder of the records the tables are made from, one folder per experiment."""
    return _shipped("results")


def cache_dir() -> Path:
    """Folder of what is kept for the user: sub-images, VGG16.

    ``$XDG_CACHE_HOME/srcnn_theano``, or ``~/.cache/srcnn_theano``.
    """
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    return Path(base).expanduser() / "srcnn_theano"


def _shipped(name: str) -> Path:
    installed = _PACKAGE / ("_" + name)
    return installed if installed.is_dir() else _PACKAGE.parent / name
