"""Details of pictures: reduced, by bicubic, by the network, and the original."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Sequence

import numpy as np

from srcnn_theano.data.degradation import from_float, imresize, mod_crop, to_float
from srcnn_theano.data.images import Picture
from srcnn_theano.files import atomic_path
from srcnn_theano.inference import Predictor, Upscaler

DETAIL = 96  # pixels of a side
MOST = 4  # pictures


class Judged(NamedTuple):
    """A picture of the validation part: uint8 (rows, cols, 3), and figures in dB."""

    name: str
    pixels: np.ndarray
    psnr: float
    bicubic_psnr: float


def draw_comparison(
    path: Path, pictures: Sequence[Judged], network: Predictor, scale: int
) -> None:
    """Write a PNG: of each picture the detail that bicubic gets wrong most."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = pictures[:MOST]
    figure = Figure(figsize=(12, 3.3 * len(shown)), dpi=100)
    FigureCanvasAgg(figure)
    figure.subplots_adjust(left=0.01, right=0.99, top=0.92, bottom=0.01, hspace=0.25)
    grid = figure.subplots(len(shown), 4, squeeze=False)
    for row, picture in zip(grid, shown):
        original = mod_crop(picture.pixels, scale)
        low_res = imresize(original, 1 / scale)
        bicubic = from_float(imresize(to_float(low_res), scale))
        restored = Upscaler(network, scale)(Picture(low_res)).pixels
        top, left = _worst(original, bicubic)
        titles = {
            f"{picture.name[:24]}, 1/{scale}": low_res.repeat(scale, 0).repeat(
                scale, 1
            ),
            f"bicubic, {picture.bicubic_psnr:.2f} dB": bicubic,
            f"network, {picture.psnr:.2f} dB": restored,
            "original": original,
        }
        for axes, (title, image) in zip(row, titles.items()):
            detail = image[top : top + DETAIL, left : left + DETAIL]
            axes.imshow(detail, interpolation="nearest")
            axes.set_title(title.replace("$", r"\$"), fontsize=11)
            axes.set_axis_off()
    with atomic_path(path) as temporary:
        figure.savefig(str(temporary), format="png")


def _worst(original: np.ndarray, bicubic: np.ndarray) -> tuple[int, int]:
    """Top and left of the square in which bicubic is furthest from the original."""
    error = np.square(original.astype(float) - bicubic).mean(axis=2)
    sums = np.pad(error, ((1, 0), (1, 0))).cumsum(0).cumsum(1)
    d = [min(DETAIL, n) for n in error.shape]
    within = sums[d[0] :, d[1] :] - sums[: -d[0], d[1] :]
    within = within - sums[d[0] :, : -d[1]] + sums[: -d[0], : -d[1]]
    top, left = np.unravel_index(int(within.argmax()), within.shape)
    return int(top), int(left)
