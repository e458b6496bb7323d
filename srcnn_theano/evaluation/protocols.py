"""The named protocols: which images are compared, and how they become one number.

A PSNR says nothing without the protocol it was measured under: plain bicubic scores
28.4 dB on Set5 under `standard` and 36.4 dB under `course`.
"""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

import numpy as np

from srcnn_theano.data.degradation import from_float, to_float
from srcnn_theano.data.patches import Recipe, make_recipe
from srcnn_theano.errors import UserError, did_you_mean
from srcnn_theano.evaluation import metrics


class Protocol(NamedTuple):
    """A recipe for the data and the choices of the metric, under one name."""

    name: str
    recipe: Recipe
    crop: str  # "valid": as much as valid convolutions; "scale": that many pixels
    quantised: bool  # the output is rounded to uint8 first
    peak: float  # in whose units SSIM and PSNR are computed
    aggregation: str  # "image", or as in metrics.aggregate: "patch", "batchN", "global"
    floor: float  # a smaller mean squared error (at peak 1) counts as this much
    clipped: bool = True  # the output is clipped to [0, 1] first

    @property
    def hash(self) -> str:
        """Ten hexadecimal digits of the protocol and its recipe; names are left out.

        So is `clipped` where it is true, as results had it before it was a choice.
        """
        knobs = dict(self._asdict(), recipe=self.recipe.hash)
        del knobs["name"]
        if self.clipped:
            del knobs["clipped"]
        text = json.dumps(knobs, sort_keys=True)
        return hashlib.sha256(text.encode("ascii")).hexdigest()[:10]

    @property
    def on_patches(self) -> bool:
        """Whether it scores sub-images, not whole images."""
        return self.aggregation != "image"

    def describe(self) -> str:
        """A line to stand beside a number."""
        recipe = self.recipe
        colour = "RGB" if recipe.colour == "rgb" else "Y"
        rounding = "8 bits" if self.quantised else "not rounded"
        return (
            f"{self.name} ({self.hash}): x{recipe.scale}, {colour}, {recipe.unit} "
            f"degraded, target {recipe.target}, crop {self.crop}, {rounding}, mean per "
            f"{self.aggregation}"
        )


def _on_patches(name: str, aggregation: str, clipped: bool = True) -> Protocol:
    return Protocol(
        name=name,
        recipe=make_recipe(name),
        crop="valid",
        quantised=False,
        peak=1.0,
        aggregation=aggregation,
        floor=metrics.MSE_FLOOR,
        clipped=clipped,
    )


def _on_images(name: str) -> Protocol:
    return Protocol(
        name=name,
        recipe=make_recipe(name),
        crop="scale",
        quantised=True,
        peak=255.0,
        aggregation="image",
        floor=0.0,
    )


# At scale 4; `make_protocol` gives other scales.
PROTOCOLS = {
    "programmed": _on_patches("programmed", "batch20", clipped=False),
    "programmed-initial": _on_patches("programmed-initial", "batch100", clipped=False),
    "course": _on_patches("course", "patch"),
    "course-initial": _on_patches("course-initial", "batch100"),
    "standard": _on_images("standard"),
    "standard-rgb": _on_images("standard-rgb"),
}


def make_protocol(name: str, scale: int = 4) -> Protocol:
    """The protocol called `name` for an upscaling factor of 2, 3 or 4."""
    if name not in PROTOCOLS:
        raise UserError(
            f"no protocol is called {name!r}{did_you_mean(name, PROTOCOLS)}; there are "
            f"{', '.join(PROTOCOLS)}"
        )
    return PROTOCOLS[name]._replace(recipe=make_recipe(name, scale))


def score(
    output: np.ndarray, high_res: np.ndarray, protocol: Protocol
) -> tuple[float, float]:
    """PSNR in dB and SSIM of one upscaled image under a protocol on images.

    Parameters
    ----------
    output, high_res : float array, (rows, cols, channels)
        In [0, 1]; values outside are clipped.
    protocol : Protocol

    Returns
    -------
    (float, float)

    Raises
    ------
    UserError
        The image is too small for SSIM.
    """
    a, b = (as_scored(image, protocol) for image in (output, high_res))
    return metrics.psnr(a, b, protocol.peak), metrics.ssim(a, b, protocol.peak)


def as_scored(image: np.ndarray, protocol: Protocol) -> np.ndarray:
    """An image as a protocol on images compares it: shaved, clipped, rounded, times
    the peak."""
    shave = protocol.recipe.scale
    rows, cols = image.shape[:2]
    image = np.clip(image[shave : rows - shave, shave : cols - shave], 0, 1)
    if protocol.quantised:
        image = to_float(from_float(image))
    return image * protocol.peak
