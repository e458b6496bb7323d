"""Scores of trained networks, and of plain bicubic, on whole images.

Under a protocol of whole images (`standard`) each has its PSNR and SSIM, and with VGG16
its distance from the original in features.
"""

from __future__ import annotations

from pathlib import Path
from typing import Callable, Mapping, NamedTuple, Sequence, TypeVar

import numpy as np

from srcnn_theano.data.degradation import rgb_to_y
from srcnn_theano.data.images import read_pixels
from srcnn_theano.data.patches import Degraded, degrade
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.protocols import Protocol, as_scored, score
from srcnn_theano.inference import Predictor, restore
from srcnn_theano.progress import Bar
from srcnn_theano.vgg16_weights import VGG16Weights


class Score(NamedTuple):
    """An image: PSNR in dB and SSIM of the network's result and of plain bicubic."""

    image: str
    psnr: float
    ssim: float
    bicubic_psnr: float
    bicubic_ssim: float


def score_files(
    paths: Sequence[Path],
    protocol: Protocol,
    network: Predictor | None = None,
    failed: list[str] | None = None,
) -> list[Score]:
    """Score a network and bicubic on image files, under a protocol of whole images.

    Parameters
    ----------
    paths : sequence of paths
    protocol : Protocol
    network : Predictor or None
        None scores bicubic in the network's place, too.
    failed : list of str or None
        Where a sentence on each image goes that cannot be scored; without it the first
        of them is raised.

    Returns
    -------
    list of Score
        Of each image, and at the end their mean, called 'mean', if there is any.
    """
    scores = []
    for path in Bar(paths, desc=protocol.name, unit="image", leave=False, disable=None):
        try:
            image = large_enough(path, protocol)
        except UserError as error:
            if failed is None:
                raise
            failed.append(str(error))
            continue
        degraded = degrade(image, protocol.recipe)
        bicubic = ours = score(degraded.enlarged, degraded.high_res, protocol)
        if network is not None:
            in_rgb = protocol.recipe._replace(colour="rgb")
            restored = restored_in_colour(
                image.shape[2] == 1,
                degraded,
                lambda: degrade(image, in_rgb),
                protocol,
                network,
            )
            ours = score(restored, degraded.high_res, protocol)
        scores.append(Score(path.name, *ours, *bicubic))
    return with_mean(scores)


class Distance(NamedTuple):
    """An image: how far the network's result and bicubic are from it in VGG16."""

    image: str
    relu2_2: float
    bicubic_relu2_2: float


ScoreOrDistance = TypeVar("ScoreOrDistance", Score, Distance)


def feature_function(vgg: VGG16Weights) -> Callable[[np.ndarray], np.ndarray]:
    """Compile VGG16 up to relu2_2, on images as its weights expect them.

    Takes float32 (1, 3, rows, cols), RGB in [0, 1]; returns (1, 128, ...).

    Parameters
    ----------
    vgg : VGG16Weights
    """
    from srcnn_theano.backend import T
    from srcnn_theano.models.vgg16 import VGG16
    from srcnn_theano.training.functions import prediction_function

    shape = (None, 3, None, None)
    network = VGG16(T.tensor4("x"), shape, vgg.values, preprocessing=vgg.preprocessing)
    return prediction_function(network)


def feature_distances(
    paths: Sequence[Path],
    protocol: Protocol,
    networks: Mapping[str, Predictor],
    features: Callable[[np.ndarray], np.ndarray],
) -> dict[str, list[Distance]]:
    """Distances of networks' results, and of bicubic's, in the features of VGG16.

    ``mean((relu2_2(result) - relu2_2(original)) ** 2)`` over maps and pixels, in RGB; a
    network for Y leaves the chroma to bicubic. The less, the closer to the original.

    Parameters
    ----------
    paths : sequence of paths
    protocol : Protocol, of whole images in RGB
    networks : dict of str to Predictor
    features : function made by `feature_function`

    Returns
    -------
    dict of str to list of Distance
        For each network that of each image, and at the end their mean, called 'mean'.
    """

    def features_of(image: np.ndarray) -> np.ndarray:
        pixels = as_scored(image, protocol) / protocol.peak
        return features(np.moveaxis(pixels, 2, 0)[np.newaxis].astype("float32"))

    distances: dict[str, list[Distance]] = {name: [] for name in networks}
    for path in Bar(paths, desc="relu2_2", unit="image", leave=False, disable=None):
        degraded = degrade(large_enough(path, protocol), protocol.recipe)
        original = features_of(degraded.high_res)
        bicubic = _mean_square(features_of(degraded.enlarged), original)
        for name, network in networks.items():
            ours = _mean_square(features_of(restore(network, degraded)), original)
            distances[name].append(Distance(path.name, ours, bicubic))
    return {name: with_mean(images) for name, images in distances.items()}


def _mean_square(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.mean(np.square(a - b), dtype="float64"))


def with_mean(scores: list[ScoreOrDistance]) -> list[ScoreOrDistance]:
    """Scores of images, and at the end the mean of each figure, called 'mean'."""
    if not scores:
        return []
    means = np.mean([score[1:] for score in scores], axis=0)
    return scores + [type(scores[0])("mean", *map(float, means))]


def gains(psnr: Sequence[tuple[float, float]]) -> list[float | None]:
    """By how many dB a network is better than bicubic.

    Parameters
    ----------
    psnr : sequence of (network, bicubic)
        Of each image, and their means at the end.

    Returns
    -------
    list of float or None
        None where both are infinite, as of flat images. The last is the mean of those
        that are finite.
    """
    of_images = [None if a == b == np.inf else a - b for a, b in psnr[:-1]]
    finite = [gain for gain in of_images if gain is not None and np.isfinite(gain)]
    mean = [float(np.mean(finite)) if finite else None] if psnr else []
    return [*of_images, *mean]


def gain_text(gain: float | None) -> str:
    """A gain as a cell of a table."""
    return "-" if gain is None else f"{gain:+.2f}"


def large_enough(path: Path, protocol: Protocol) -> np.ndarray:
    """The pixels of an image that holds SSIM's window after crop and shave."""
    image = read_pixels(path)
    least = 11 + 3 * protocol.recipe.scale
    if min(image.shape[:2]) < least:
        raise UserError(
            f"{path}: {image.shape[1]}x{image.shape[0]} pixels are too few to be "
            f"scored at scale {protocol.recipe.scale}; at least {least}x{least} are "
            "needed"
        )
    return image


def restored_in_colour(
    grey: bool,
    degraded: Degraded,
    in_rgb: Callable[[], Degraded],
    protocol: Protocol,
    network: Predictor,
) -> np.ndarray:
    """The network's result in the colour of the protocol, (rows, cols, channels).

    Parameters
    ----------
    grey : bool
        Whether the files are grey.
    degraded : Degraded
        In the colour of the protocol.
    in_rgb : function to the same in RGB
        Called where a network of RGB is scored on luma.
    protocol : Protocol
    network : Predictor
    """
    if protocol.recipe.colour == "rgb" or network.channels == 1:
        return restore(network, degraded, is_luma=not grey)
    restored = np.clip(restore(network, in_rgb()), 0, 1)
    # The values of a grey file are compared as they are.
    return restored.mean(axis=2, keepdims=True) if grey else rgb_to_y(restored)
