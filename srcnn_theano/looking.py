"""The inside of a network as pictures: the filters of its layers, and their maps."""

from __future__ import annotations

from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from srcnn_theano.data.degradation import from_float, imresize, rgb_to_y, to_float
from srcnn_theano.data.images import Picture, read_rgb, write_picture
from srcnn_theano.errors import UserError
from srcnn_theano.files import PathLike, check_not_source, check_target_folder
from srcnn_theano.inference import build_model
from srcnn_theano.weights import load_for_scale

if TYPE_CHECKING:
    from srcnn_theano.models.model import Model

# Rows and columns of the picture that are looked at, from its middle.
SIDE = 96

# Squares of a sheet are about so many pixels, with as many between them.
SQUARE, GAP = 64, 4


def sheet(maps: np.ndarray, symmetric: bool = False) -> np.ndarray:
    """Arrays side by side in a square, each from black to white.

    Parameters
    ----------
    maps : array, (n, rows, cols)
    symmetric : bool
        0 is grey, and black and white are the largest absolute value of all, as fits
        filters; otherwise black and white are the smallest and the largest value of
        each array, as fits maps, and one whose values are all the same is black.

    Returns
    -------
    uint8 array, (rows, cols)
        Pixels are repeated; between the arrays it is white.
    """
    maps = np.asarray(maps, float)
    if symmetric:
        shown = 0.5 + 0.5 * maps / (abs(maps).max() or 1)
    else:
        low, high = (f(maps, axis=(1, 2), keepdims=True) for f in (np.min, np.max))
        shown = (maps - low) / np.where(high > low, high - low, 1)
    n, rows, cols = shown.shape
    zoom = max(1, round(SQUARE / max(rows, cols)))
    across = int(np.ceil(np.sqrt(n)))
    down = -(-n // across)
    cell = zoom * rows + GAP, zoom * cols + GAP
    page = np.full((down * cell[0] - GAP, across * cell[1] - GAP), 255, np.uint8)
    for i, pixels in enumerate(from_float(shown)):
        row, col = (n * side for n, side in zip(divmod(i, across), cell))
        large = pixels.repeat(zoom, axis=0).repeat(zoom, axis=1)
        page[row : row + zoom * rows, col : col + zoom * cols] = large
    return page


def filters_of(layer: Any) -> np.ndarray:
    """The filters of a layer as images, (n, rows, cols).

    Those that read few maps have an image for each of them; of the others it is the
    root mean square over all maps that they read, which is never negative.

    Raises
    ------
    ValueError
        A layer without filters.
    """
    W = getattr(layer, "W", None)
    if W is None:
        raise ValueError(f"{layer.name}: a {type(layer).__name__} has no filters")
    W = np.asarray(W.get_value() if hasattr(W, "get_value") else W.data, float)
    if W.shape[1] <= 3:
        return W.reshape((-1,) + W.shape[2:])
    return np.sqrt((W**2).mean(axis=1))


def maps_of(model: Model, images: np.ndarray) -> dict[str, np.ndarray]:
    """What each layer of a network makes of a minibatch, by the layers' names.

    Parameters
    ----------
    model : Model
    images : array, (batch, channels, rows, cols), in [0, 1], as the network takes it

    Returns
    -------
    dict of str to array, (batch, maps, rows, cols)
    """
    from srcnn_theano.backend import T, compile_function

    is_train = getattr(model, "is_train", None)
    givens = {is_train: T.constant(0, dtype="int8")} if is_train is not None else {}
    function = compile_function(
        [model.input],
        [layer.output for layer in model.layers],
        givens=givens,
        on_unused_input="ignore",
    )
    outputs = function(np.asarray(images, model.input.dtype))
    return dict(zip((layer.name for layer in model.layers), outputs))


def look(
    picture: PathLike,
    scale: int,
    out_dir: Path,
    weights: PathLike | None = None,
    model: str | None = None,
    only: str | None = None,
) -> list[str]:
    """Write the filters and maps of a network's layers as PNG files.

    Parameters
    ----------
    picture : path
        Its middle, at most `SIDE` pixels on each side, goes in as `upscale` takes it:
        enlarged by bicubic first for a network that does not upscale.
    scale, weights, model : as for `weights.load_for_scale`
    out_dir : Path
        Gets ``input.png``, ``LAYER-filters.png`` and ``LAYER-maps.png``.
    only : str or None
        The layer; None is all.

    Returns
    -------
    list of str
        Names of the files.

    Raises
    ------
    UserError
        No such network, picture or layer; a picture so small that a layer has nothing
        to give; the folder cannot be written, or a file would replace the picture.
    """
    check_target_folder(out_dir)
    _, loaded = load_for_scale(scale, weights, model)
    network = build_model(loaded)
    names = [layer.name for layer in network.layers]
    if only is not None and only not in names:
        raise UserError(
            f"--layer {only}: the network has no such layer; it has {', '.join(names)}"
        )
    image = _middle(to_float(read_rgb(picture)))
    if network.channels == 1:
        image = rgb_to_y(image)
    if not network.upscales:
        image = np.clip(imresize(image, scale), 0, 1)
    _check_size(network, picture, image.shape[:2])
    maps = maps_of(network, image.transpose(2, 0, 1)[np.newaxis])
    sheets = {"input.png": from_float(image)}
    for layer in network.layers:
        if only in (None, layer.name):
            if hasattr(layer, "W"):
                filters = filters_of(layer)
                signed = bool(filters.min() < 0)
                sheets[f"{layer.name}-filters.png"] = sheet(filters, signed)
            sheets[f"{layer.name}-maps.png"] = sheet(maps[layer.name][0])
    for name in sheets:
        check_not_source(out_dir / name, picture)
    for name, pixels in sheets.items():
        write_picture(out_dir / name, Picture(np.atleast_3d(pixels)))
    return list(sheets)


def _check_size(model: Model, picture: PathLike, size: Any) -> None:
    """Refuse an image of which a layer of the network leaves nothing."""
    rows, cols = size
    layer = _first_without_maps(model, rows, cols)
    if layer is None:
        return
    least = next(n for n in count(1) if _first_without_maps(model, n, n) is None)
    raise UserError(
        f"{picture}: too small: {cols}x{rows} pixels go into the network, and {layer} "
        f"makes nothing of them; take a picture of which {least}x{least} go in, or more"
    )


def _first_without_maps(model: Model, rows: int, cols: int) -> str | None:
    """The first layer that makes nothing of an image of this size."""
    shape: Any = (1, model.channels, rows, cols)
    for layer in model.layers:
        shape = layer.shape_after(shape)
        if min(shape[2:]) < 1:
            return layer.name
    return None


def _middle(image: np.ndarray) -> np.ndarray:
    """At most `SIDE` rows and columns of an image."""
    rows, cols = (max(0, (n - SIDE) // 2) for n in image.shape[:2])
    return image[rows : rows + SIDE, cols : cols + SIDE]
