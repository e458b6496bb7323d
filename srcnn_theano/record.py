"""Where a figure comes from: command, versions, flags, checksums of the data."""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path
from typing import Any

import numpy as np

import srcnn_theano
from srcnn_theano.data import datasets
from srcnn_theano.environment import accelerators, usable_cores
from srcnn_theano.experiments import EXPERIMENTS
from srcnn_theano.experiments.records import Experiment
from srcnn_theano.files import sha256


def command(experiment: Experiment) -> str:
    """The command line that does this experiment again, on any machine."""
    listed = EXPERIMENTS.get(experiment.name, experiment)
    words = ["srcnn-theano train", experiment.name, "--data DIR"]
    if experiment.measure.n_epochs != listed.measure.n_epochs:
        words.append(f"--epochs {experiment.measure.n_epochs}")
    if experiment.training.seed != listed.training.seed:
        words.append(f"--seed {experiment.training.seed}")
    if experiment.needs_vgg:
        words.append("--vgg FILE")
    return " ".join(words)


def conditions() -> dict[str, Any]:
    """The versions, the device and the flags that functions are compiled with here."""
    import h5py
    import PIL
    import scipy

    from srcnn_theano.backend import default_device, settings, theano
    from srcnn_theano.backend.onednn import version as onednn_version

    device = default_device()
    versions = {
        "srcnn_theano": srcnn_theano.__version__,
        "python": platform.python_version(),
        settings.library.module: theano.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "pillow": PIL.__version__,
        "h5py": h5py.__version__,
    }
    if device != "cpu":
        import jax

        versions["jax"] = jax.__version__
    flags = ("floatX", "optimizer", "linker", "gcc__cxxflags")
    recorded: dict[str, Any] = {
        "versions": versions,
        "device": device,
        # Rounding, and with high rates a training, depends on them.
        "threads": os.environ.get("OMP_NUM_THREADS") or str(usable_cores()),
        "onednn": onednn_version() if device == "cpu" else None,
        "theano_flags": {name: str(getattr(theano.config, name)) for name in flags},
    }
    if device == "gpu":
        recorded["accelerators"] = accelerators()
    return recorded


def data_checksums(data_dir: Path) -> dict[str, str]:
    """A checksum of each set: that of its files' checksums, in order of their names."""
    checksums = {}
    for name in datasets.SETS:
        sums = "".join(sha256(path) for path in datasets.image_paths(data_dir, name))
        checksums[name] = hashlib.sha256(sums.encode("ascii")).hexdigest()
    return checksums
