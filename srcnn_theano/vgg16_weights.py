"""Weights of VGG16 in HDF5, which others trained and the user brings and converts.

::

    /                 attributes: format, version, preprocessing, source, source_sha256,
                      checksums (JSON: the SHA-256 of each array)
    /conv1_1.W        float32 (maps out, maps in, rows, cols), a correlation kernel
    /conv1_1.b        float32 (maps out,)
    ...
    /fc6.W            float32 (4096, 512, 7, 7): a fully connected layer is a
                      convolution whose kernel is as large as its input
    ...

A file may end after any layer: nothing above ``relu2_2`` is needed for a loss there.
"""

from __future__ import annotations

import json
import os
import shlex
from pathlib import Path
from reprlib import repr as _short
from typing import Any, Mapping, NamedTuple

import numpy as np

from srcnn_theano.errors import UserError
from srcnn_theano.files import PathLike, kind_at, parse_json, require_file
from srcnn_theano.hdf5 import arrays_sha256, read_arrays, write_arrays
from srcnn_theano.shipped import cache_dir

FORMAT = "srcnn_theano vgg16"
VERSION = 1

# Simonyan and Zisserman (2015), table 1, configuration D: maps of the convolutions
# between one pooling and the next.
_BLOCKS = ((64, 64), (128, 128), (256,) * 3, (512,) * 3, (512,) * 3)

# Kinds of input that the first layer may expect; `models.vgg16.preprocess` makes them.
PREPROCESSINGS = ("caffe", "torchvision", "unit")

_MAKE = (
    "make it from a file that you have by 'srcnn-theano convert FILE {} --model vgg16 "
    "--last-layer relu2_2' (weights/README.md says where to get one)"
)
_CONVERT = _MAKE.format("OUT.h5")


def _shapes() -> dict[str, tuple[int, ...]]:
    """Shape of each layer's filters, (maps out, maps in, rows, cols), in order."""
    shapes: dict[str, tuple[int, ...]] = {}
    n_in = 3
    for block, widths in enumerate(_BLOCKS, start=1):
        for i, n_out in enumerate(widths, start=1):
            shapes[f"conv{block}_{i}"] = (n_out, n_in, 3, 3)
            n_in = n_out
    shapes["fc6"] = (4096, n_in, 7, 7)
    shapes["fc7"] = (4096, 4096, 1, 1)
    shapes["fc8"] = (1000, 4096, 1, 1)
    return shapes


def _layers() -> tuple[str, ...]:
    """The names of all layers, in the order of the data: conv1_1, relu1_1, ... prob."""
    names = []
    for block, widths in enumerate(_BLOCKS, start=1):
        for i in range(1, len(widths) + 1):
            names += [f"conv{block}_{i}", f"relu{block}_{i}"]
        names.append(f"pool{block}")
    return tuple(names + ["fc6", "relu6", "fc7", "relu7", "fc8", "prob"])


SHAPES = _shapes()
LAYERS = _layers()


class VGG16Weights(NamedTuple):
    """Values of VGG16, or of its first layers.

    Attributes
    ----------
    values : dict of str to float32 array
        ``conv1_1.W``, ``conv1_1.b``, ...
    preprocessing : str
        One of `PREPROCESSINGS`: the images that they were trained on.
    source, source_sha256 : str
        Name and checksum of the file that they were converted from.
    """

    values: dict[str, np.ndarray]
    preprocessing: str
    source: str
    source_sha256: str


def layers_to(last_layer: str) -> tuple[str, ...]:
    """The layers up to `last_layer`, which is the last of them.

    Raises
    ------
    UserError
        VGG16 has no such layer.
    """
    if last_layer not in LAYERS:
        raise UserError(
            f"{last_layer!r}: VGG16 has no such layer; it has {', '.join(LAYERS)}"
        )
    return LAYERS[: LAYERS.index(last_layer) + 1]


def arrays_to(last_layer: str) -> dict[str, tuple[int, ...]]:
    """Shapes of the arrays that the layers up to `last_layer` need, by name."""
    shapes = {}
    for layer in layers_to(last_layer):
        if layer in SHAPES:
            shapes[layer + ".W"] = SHAPES[layer]
            shapes[layer + ".b"] = SHAPES[layer][:1]
    return shapes


def save_vgg16(path: PathLike, weights: VGG16Weights) -> None:
    """Write `VGG16Weights` to an HDF5 file, in one step."""
    values = {
        name: np.asarray(value, np.float32) for name, value in weights.values.items()
    }
    attributes = {
        "format": FORMAT,
        "version": VERSION,
        "preprocessing": weights.preprocessing,
        "source": weights.source,
        "source_sha256": weights.source_sha256,
    }
    checksums = {name: arrays_sha256({name: value}) for name, value in values.items()}
    attributes["checksums"] = json.dumps(checksums, sort_keys=True)
    write_arrays(path, attributes, values)


def load_vgg16(path: PathLike, last_layer: str = "relu2_2") -> VGG16Weights:
    """Read and check VGG16 up to a layer; the layers above it stay on the disk.

    Parameters
    ----------
    path : str or Path
    last_layer : str
        One of `LAYERS`.

    Returns
    -------
    VGG16Weights

    Raises
    ------
    UserError
        No such layer or file; not HDF5 or truncated; another network's or another
        version's; an array that is needed is missing, or has another shape or type than
        VGG16's, or holds values that are not finite.
    """
    path, shapes = Path(path), arrays_to(last_layer)
    require_file(path, cure=_CONVERT)
    attributes, values = read_arrays(path, _CONVERT, names=shapes)
    if attributes.get("format") != FORMAT:
        raise UserError(
            f"{path}: an HDF5 file, but not VGG16 as srcnn_theano reads it; {_CONVERT}"
        )
    if attributes.get("version") != VERSION:
        version = attributes.get("version")
        raise UserError(
            f"{path}: VGG16 file version {_short(version)}, this program reads version "
            f"{VERSION}; convert it again"
        )
    for name, shape in shapes.items():
        _check(path, name, values.get(name), shape, last_layer)
    _check_sums(path, attributes, values)
    preprocessing = attributes.get("preprocessing")
    if preprocessing not in PREPROCESSINGS:
        raise UserError(
            f"{path}: preprocessing {_short(preprocessing)} is not known; convert it "
            "again"
        )
    source, checksum = (
        str(attributes.get(name, "")) for name in VGG16Weights._fields[2:]
    )
    return VGG16Weights(values, preprocessing, source, checksum)


def _check(
    path: Path,
    name: str,
    value: np.ndarray | None,
    shape: tuple[int, ...],
    last_layer: str,
) -> None:
    if value is None:
        raise UserError(
            f"{path}: has no {name}, which {last_layer} needs; convert it again from a "
            f"file that has, with --last-layer {last_layer}"
        )
    if value.shape != shape:
        raise UserError(
            f"{path}: {name} has shape {value.shape}, that of VGG16 is {shape}; this "
            f"is another network, {_CONVERT}"
        )
    if value.dtype != np.float32:
        raise UserError(
            f"{path}: {name} is {value.dtype}, not float32; convert it again"
        )
    if not np.isfinite(value).all():
        raise UserError(
            f"{path}: {name} holds values that are not finite numbers; convert it "
            "again from another copy"
        )


def _check_sums(
    path: Path, attributes: Mapping[str, Any], values: Mapping[str, np.ndarray]
) -> None:
    try:
        checksums = parse_json(attributes["checksums"])
        wrong = [
            name
            for name, value in sorted(values.items())
            if checksums[name] != arrays_sha256({name: value})
        ]
    except (KeyError, TypeError, ValueError):
        wrong = ["its list of checksums"]
    if wrong:
        names = ", ".join(wrong)
        raise UserError(
            f"{path}: damaged ({names} is not as it was written); convert it again"
        )


def find_vgg16(option: PathLike | None = None) -> Path:
    """The user's file: `option`, else ``$SRCNN_VGG16``, else vgg16.h5 in the cache.

    Raises
    ------
    UserError
        It is not there.
    """
    name, source = option, "--vgg"
    if not name:
        name, source = os.environ.get("SRCNN_VGG16"), "SRCNN_VGG16"
    if name:
        path = Path(name).expanduser()
        if kind_at(path) != "a file":
            raise UserError(f"{source} {path}: no such file; {_CONVERT}")
        return path
    path = cache_dir() / "vgg16.h5"
    if not path.is_file():
        raise UserError(
            "no VGG16, which perceptual losses need: neither --vgg FILE nor the "
            f"variable SRCNN_VGG16 names a file, and {path} is not there; "
            f"{_MAKE.format(shlex.quote(str(path)))}"
        )
    return path
