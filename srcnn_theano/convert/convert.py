"""``srcnn-theano convert``: weight files of other programs into ours, ours into ONNX.

`formats` reads a file as arrays by name, `kinds` recognises the network by names and
shapes and turns the arrays into the options and values of a model.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from srcnn_theano.convert.formats import read_arrays, shown
from srcnn_theano.convert.kinds import Arrays, Kind, kind_of
from srcnn_theano.data.patches import SCALES
from srcnn_theano.errors import UserError
from srcnn_theano.files import check_not_source, check_target, sha256
from srcnn_theano.models.options import OPTIONS
from srcnn_theano.weights import Weights


def convert(
    path: str | Path,
    out: str | Path,
    model: str | None = None,
    scale: int | None = None,
    last_layer: str | None = None,
) -> Weights:
    """Turn a weight file of another program into ours, or ours into ONNX.

    Parameters
    ----------
    path : str or Path
    out : str or Path, .h5 or .onnx
        ONNX is made from our weight files (`onnx.export`), which say all that the
        options could.
    model : str or None
        The only kind of network to take; a file of another is refused.
    scale : int or None
        The upscaling factor that the network was trained for; the files do not say.
    last_layer : str or None
        Where to cut VGG16; None takes all that the file has.

    Returns
    -------
    Weights

    Raises
    ------
    UserError
        The file is missing, damaged, of an unknown kind or of several; its arrays do
        not fit together or hold NaN; `out` cannot be written, or is the same file. The
        scale is not 2 to 4, or the network has no scale, or no last layer to choose.
        `out` has another suffix. As `onnx.export`, for ONNX.
    """
    path, out = Path(path), Path(out)
    check_target(out)
    check_not_source(out, path)
    if out.suffix.lower() == ".onnx":
        return _export(path, out, model=model, scale=scale, last_layer=last_layer)
    if out.suffix.lower() not in (".h5", ".hdf5"):
        raise UserError(
            f"{out}: weights are written as .h5, and our own .h5 files as .onnx, too; "
            "choose a name that ends so"
        )
    if scale not in (None,) + SCALES:
        raise UserError(f"--scale {scale}: the scale must be 2, 3 or 4")
    arrays = read_arrays(path)
    kind = kind_of(path, arrays, model)
    how = _how_to_read(path, kind, scale, last_layer)
    options, values = _read(path, arrays, kind, how)
    scale = options.get("scale", scale)
    about = {
        "source": path.name,
        "source_sha256": sha256(path),
        "protocol": "standard",
        **({} if scale is None else {"scale": scale}),
    }
    weights = Weights(kind.model, options, values, about)
    kind.write(out, weights)
    return weights


def _export(path: Path, out: Path, **options: Any) -> Weights:
    for name, value in options.items():
        if value is not None:
            raise UserError(
                f"--{name.replace('_', '-')} {value}: our weight files say what they "
                f"hold; leave it out for {out}"
            )
    from srcnn_theano.convert.onnx import export

    return export(path, out)


def _how_to_read(
    path: Path, kind: Kind, scale: int | None, last_layer: str | None
) -> dict[str, Any]:
    """The arguments of a kind besides its arrays; refuses those that it has no use for.

    VGG16 can be cut after a layer, and a network that enlarges must know how far.
    """
    is_vgg16 = kind.model == "vgg16"
    if is_vgg16 and scale is not None:
        raise UserError(f"--scale {scale}: VGG16 has no scale; leave it out")
    if last_layer is not None:
        if not is_vgg16:
            raise UserError(
                f"--last-layer {last_layer}: only VGG16 can be cut, and this is "
                f"{kind.model}; leave it out"
            )
        return {"last_layer": last_layer}
    if kind.model not in OPTIONS or not OPTIONS[kind.model].upscales:
        return {}
    if kind.tells_scale:
        if scale is not None:
            raise UserError(f"--scale {scale}: {path} says its scale; leave it out")
        return {}
    if scale is None:
        raise UserError(
            f"{path}: the file does not say by what factor this network enlarges; "
            "say it with --scale"
        )
    return {"scale": scale}


def _read(
    path: Path, arrays: Arrays, kind: Kind, how: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """(options, values) of the network in a file."""
    try:
        options, values = kind.read(arrays, **how)
    except ValueError as error:
        reason = shown(str(error), at_most=300)
        raise UserError(
            f"{path}: looks like the {kind.description}, but {reason}; use another copy"
        ) from error
    for name, value in sorted(values.items()):
        if not np.isfinite(value).all():
            raise UserError(
                f"{path}: {name} would hold values that are not finite numbers; use "
                "another copy"
            )
    return options, values
