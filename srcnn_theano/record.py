"""Where a figure comes from: command, versions, flags, checksums of the data.

And the records of figures, which are read by their shape: files may come from anywhere.
"""

from __future__ import annotations

import hashlib
import os
import platform
from pathlib import Path
from reprlib import repr as _short
from typing import Any

import numpy as np

import srcnn_theano
from srcnn_theano.data import datasets
from srcnn_theano.environment import accelerators, usable_cores
from srcnn_theano.errors import UserError
from srcnn_theano.experiments import EXPERIMENTS
from srcnn_theano.experiments.records import Experiment
from srcnn_theano.files import read_json

# Raised where the same training ends elsewhere, but for rounding: for other sub-images,
# first filters, costs or updates. Figures of another number prove nothing of this code.
# The steps in tests/recorded tell when.
TRAINS_ALIKE = 1


def command(experiment: Experiment) -> str:
    """The command line that does this experiment again, on any machine."""
    listed = EXPERIMENTS.get(experiment.name, experiment)
    words = ["srcnn-theano train", experiment.name, "--data DIR"]
    if experiment.measure.n_epochs != listed.measure.n_epochs:
        words.append(f"--epochs {experiment.measure.n_epochs}")
    if experiment.training.seed != listed.training.seed:
        words.append(f"--seed {experiment.training.seed}")
    if experiment.training.precision != listed.training.precision:
        words.append(f"--precision {experiment.training.precision}")
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
    """A checksum of each set: that of its files' checksums, in order of their names.

    A lossless copy counts as the file that it is a copy of.
    """
    datasets.require_sets(data_dir)
    checksums = {}
    for name in datasets.SETS:
        sums = "".join(
            datasets.file_sha256(path) for path in datasets.image_paths(data_dir, name)
        )
        checksums[name] = hashlib.sha256(sums.encode("ascii")).hexdigest()
    return checksums


# --- Records that are read again ---


def read_results(path: Path, experiment: Experiment) -> dict[str, Any]:
    """The results.json of a row, with all that is shown of it.

    Raises
    ------
    UserError
        There is no such file, or it has another shape.
    """
    return _checked(path, _results_shape(experiment))


def read_record(path: Path) -> dict[str, Any]:
    """The experiment.json of a row.

    Raises
    ------
    UserError
        There is no such file, or it has another shape.
    """
    return _checked(path, _RECORD)


def _checked(path: Path, shape: Any) -> Any:
    value = read_json(path)
    try:
        _check(value, shape, "it")
    except ValueError as error:
        raise UserError(
            f"{path}: not a record of this program ({error}); use another copy, or "
            "delete it"
        ) from error
    return value


def _check(value: Any, shape: Any, place: str) -> None:
    """Compare a value of JSON with a shape.

    A shape is a function that says whether a value is right; a list of one shape, for
    as many values as there are, one at least; or a dict, where a name that ends with a
    question mark may be missing, and "*" stands for all names.
    """
    if callable(shape):
        if not shape(value):
            raise ValueError(f"{place} must not be {_short(value)}")
    elif isinstance(shape, list):
        if not isinstance(value, list) or not value:
            raise ValueError(f"{place} is no list of values")
        for number, part in enumerate(value):
            _check(part, shape[0], f"{place}[{number}]")
    elif not isinstance(value, dict):
        raise ValueError(f"{place} has no names")
    else:
        for name, part in shape.items():
            if name == "*":
                for key in value:
                    _check(value[key], part, f"{place}.{key}"[:80])
            elif name.rstrip("?") in value:
                name = name.rstrip("?")
                _check(value[name], part, f"{place}.{name}")
            elif not name.endswith("?"):
                raise ValueError(f"{place} lacks {name!r}")


def _is_word(value: Any) -> bool:
    return isinstance(value, str) and len(value) < 10000


def _is_number(value: Any) -> bool:
    is_one = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_one and abs(value) < 1e15


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 10**9


def _is_flat(value: Any) -> bool:
    """Numbers, words, and short lists of them."""
    if isinstance(value, list):
        return len(value) < 100 and all(
            _is_flat(part) for part in value if not isinstance(part, list)
        )
    return (
        value is None or isinstance(value, bool) or _is_word(value) or _is_number(value)
    )


_SCORE = {
    "image": _is_word,
    "psnr": _is_number,
    "ssim": _is_number,
    "bicubic_psnr": _is_number,
    "bicubic_ssim": _is_number,
}
_DISTANCE = {"image": _is_word, "relu2_2": _is_number, "bicubic_relu2_2": _is_number}
_RECORD = {
    "experiment?": {
        "name?": _is_word,
        "cost?": _is_word,
        "pixel_weight?": _is_number,
        "vgg_weight?": _is_number,
        "update?": _is_word,
        "learning_rate?": _is_number,
        "layer_rates?": {"*": _is_number},
        "decay?": _is_number,
        "batch_size?": _is_count,
        "L2_reg?": _is_number,
        "options?": {"*": _is_flat},
        "seed?": _is_number,
    },
    "versions?": {"*": _is_word},
    "device?": _is_word,
    "earlier?": [{"epochs": _is_count, "device": _is_word}],
}


def _results_shape(experiment: Experiment) -> dict[str, Any]:
    how = experiment.measure.aggregation
    test_sets = {"Set5", "Set14", experiment.measure.test_set}

    def of_sets(shape: Any) -> dict[str, Any]:
        return {name: shape for name in sorted(test_sets)}

    psnr: dict[str, Any] = {"*": _is_number, "patch": _is_number}
    protocols = ["standard"]
    if how == "image":
        protocols.append(experiment.training.protocol)
    else:
        psnr[how] = _is_number
    scores = {"scores": of_sets([_SCORE])}
    return {
        "experiment?": _is_word,
        "n_epochs": _is_count,
        "weights_sha256": _is_word,
        "protocol": {"hash": _is_word},
        "sub_images": of_sets({"ours": psnr, "bicubic": psnr}),
        "images": {"*": scores, **dict.fromkeys(protocols, scores)},
        "vgg?": {"source_sha256?": _is_word, **of_sets(psnr)},
        "rule?": {
            "*": {
                "epoch": _is_count,
                "set5": _is_number,
                "set14": _is_number,
                "sub_images?": dict.fromkeys(("set5", "set14"), psnr),
                "vgg?": of_sets(psnr),
            }
        },
        "relu2_2?": {
            "preprocessing": _is_word,
            "source_sha256": _is_word,
            "scores": of_sets([_DISTANCE]),
        },
    }
