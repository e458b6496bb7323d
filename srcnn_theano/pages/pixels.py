"""Pictures whose pixels can be seen: details of images, sheets of filters."""

from __future__ import annotations

from pathlib import Path
from typing import Mapping, NamedTuple

import numpy as np

from srcnn_theano.data.degradation import from_float
from srcnn_theano.data.images import Picture, read_rgb, write_picture
from srcnn_theano.data.patches import degrade, make_recipe
from srcnn_theano.inference import Predictor, restore


class Crop(NamedTuple):
    """A square of an image; row, column and side are multiples of 12."""

    test_set: str
    image: str
    row: int
    col: int
    size: int


def write_strip(
    folder: Path,
    name: str,
    image_path: Path,
    crop: Crop,
    scale: int,
    networks: Mapping[str, Predictor],
) -> list[str]:
    """Write a crop in several versions as `name`-*.png.

    The image is in colour, and degraded like under `standard-rgb`; a network for Y
    leaves the chroma to bicubic. Pixels are repeated, so that they can be seen.

    Parameters
    ----------
    folder : Path
    name : str
    image_path : Path
    crop : Crop
    scale : int
    networks : dict of str to inference.Predictor
        Their keys stand for * in the names of the files.

    Returns
    -------
    list of str
        Names of the files: low resolution, bicubic, each of the networks, original.
    """
    recipe = make_recipe("standard-rgb", scale)
    degraded = degrade(read_rgb(image_path), recipe)
    versions = {"low": degraded.low_res, "bicubic": degraded.enlarged}
    for version, network in networks.items():
        versions[version] = restore(network, degraded)
    versions["original"] = degraded.high_res
    files = []
    for version, image in versions.items():
        step = scale if version == "low" else 1
        row, col, size = (n // step for n in (crop.row, crop.col, crop.size))
        pixels = from_float(np.clip(image[row : row + size, col : col + size], 0, 1))
        files.append(f"{name}-{version}.png")
        write_picture(folder / files[-1], Picture(_magnified(pixels, 3 * step)))
    return files


def write_filters(path: Path, filters: np.ndarray, columns: int) -> None:
    """Write RGB filters as a sheet of squares, the strongest first.

    0 is grey, and black and white are the largest absolute value of all; pixels are
    repeated to squares of about 52, and between the filters the page shows through.

    Parameters
    ----------
    path : Path of a PNG file
    filters : float array, (n, 3, rows, cols)
    columns : int
    """
    norms = np.sqrt((filters**2).sum((1, 2, 3)))
    shown = 0.5 + 0.5 * filters[np.argsort(-norms, kind="stable")] / abs(filters).max()
    zoom = max(1, round(52 / filters.shape[2]))
    cell = [zoom * n + 4 for n in filters.shape[2:]]
    lines = -(-len(filters) // columns)
    sheet = np.zeros((lines * cell[0], columns * cell[1], 3), np.uint8)
    alpha = np.zeros(sheet.shape[:2], np.uint8)
    for i, pixels in enumerate(shown):
        row, col = (n * side for n, side in zip(divmod(i, columns), cell))
        place = np.s_[row : row + cell[0] - 4, col : col + cell[1] - 4]
        sheet[place] = _magnified(from_float(pixels.transpose(1, 2, 0)), zoom)
        alpha[place] = 255
    write_picture(path, Picture(sheet, alpha))


def _magnified(pixels, times):
    return pixels.repeat(times, axis=0).repeat(times, axis=1)
