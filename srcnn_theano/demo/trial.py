"""A picture that networks try to restore, and the score of each attempt."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from srcnn_theano.data.degradation import imresize, mod_crop, rgb_to_y, to_float
from srcnn_theano.data.images import Picture
from srcnn_theano.evaluation.protocols import make_protocol, score
from srcnn_theano.inference import Upscaler

SCALE = 3

DESCRIPTION = (
    f"x{SCALE}, luma of BT.601, 8-bit RGB reduced by MATLAB's bicubic, border of "
    f"{SCALE} pixels left out, peak 255"
)


class Attempt(NamedTuple):
    """A restored picture and its score.

    Attributes
    ----------
    name : str
        Of its file, and of its figures in ``results.json``.
    title : str
        For tables and pictures.
    pixels : uint8 array, (rows, cols, 3)
    psnr : float, in dB
    ssim : float
    """

    name: str
    title: str
    pixels: np.ndarray
    psnr: float
    ssim: float

    @property
    def scores(self) -> dict[str, float]:
        """The figures of ``results.json``."""
        return {"psnr": round(self.psnr, 4), "ssim": round(self.ssim, 5)}


class Trial:
    """A picture, its reduced version, and scores of attempts to restore it.

    Scores are of the `standard` protocol (luma, border of `SCALE` pixels left out, peak
    255) except that the reduced picture is RGB of 8 bits, as a file would be.

    Parameters
    ----------
    original : uint8 array, (rows, cols, 3)
    """

    def __init__(self, original: np.ndarray) -> None:
        self.original = mod_crop(original, SCALE)
        self.low_res = imresize(self.original, 1 / SCALE)
        self.bicubic = imresize(self.low_res, SCALE)

    def restored(self, upscaler: Upscaler) -> np.ndarray:
        """The reduced version enlarged by a network: uint8, of the original's shape."""
        return upscaler(Picture(self.low_res)).pixels

    def score(self, image: np.ndarray) -> tuple[float, float]:
        """PSNR in dB and SSIM of a uint8 array of the original's shape."""
        luma, original = (rgb_to_y(to_float(x)) for x in (image, self.original))
        return score(luma, original, make_protocol("standard", SCALE))
