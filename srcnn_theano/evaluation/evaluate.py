"""Scores of a trained network, and of plain bicubic, under a protocol.

On sub-images (`course`) everything follows from one mean squared error per sub-image;
on whole images (`standard`) each image has its PSNR and SSIM.
"""

import json
from pathlib import Path
from typing import List, NamedTuple

import numpy as np

from srcnn_theano.data import degradation
from srcnn_theano.data.datasets import folder_images, prepare_folder
from srcnn_theano.data.images import read_pixels
from srcnn_theano.data.patches import central, degrade
from srcnn_theano.evaluation.metrics import aggregate, psnr, ssim

AGGREGATIONS = ("patch", "batch20", "batch100", "global")


def sub_image_errors(errors, pairs, margin, batch_size=100):
    """Mean squared error of each sub-image, in file order.

    Parameters
    ----------
    errors : function made by `training.functions.error_function`
    pairs : Pairs, uint8
    margin : int
        Pixels that the network cuts off at each side.
    batch_size : int
        Matters where batch normalization uses the statistics of the minibatch; the
        last, smaller one is its own minibatch.

    Returns
    -------
    float array, (n,)
    """
    targets = central(pairs.high_res, margin)
    return np.concatenate(
        [
            errors(
                pairs.low_res[start : start + batch_size],
                targets[start : start + batch_size],
            )
            for start in range(0, len(targets), batch_size)
        ]
    )


def bicubic_errors(pairs, margin):
    """Mean squared error of the enlarged sub-images themselves, on the same centre."""
    difference = central(pairs.low_res, margin) / 255.0
    difference -= central(pairs.high_res, margin) / 255.0
    return np.mean(difference**2, axis=(1, 2, 3))


def score_sub_images(errors, pairs, margin, protocol, batch_size=100):
    """PSNR in dB of a network and of bicubic by every aggregation.

    Returns
    -------
    dict
        ``{"n": number, "ours": {aggregation: dB}, "bicubic": {aggregation: dB}}``
    """
    ours = sub_image_errors(errors, pairs, margin, batch_size)
    bicubic = bicubic_errors(pairs, margin)
    return {
        "n": len(ours),
        "ours": _every_aggregation(ours, protocol),
        "bicubic": _every_aggregation(bicubic, protocol),
    }


def _every_aggregation(mse, protocol):
    return {
        how: float(aggregate(mse, how, floor=protocol.floor)) for how in AGGREGATIONS
    }


class Score(NamedTuple):
    """One image: PSNR in dB and SSIM of the network's result and of plain bicubic."""

    image: str
    psnr: float
    ssim: float
    bicubic_psnr: float
    bicubic_ssim: float


class Network:
    """A trained network applied to whole images.

    Parameters
    ----------
    weights : Weights
    """

    def __init__(self, weights):
        from srcnn_theano.weights import build_predictor

        self.n_channels = weights.options["channels"]
        self.predict, self.margin = build_predictor(weights)

    def __call__(self, enlarged):
        """Restore an image that bicubic has enlarged.

        The edge pixels are repeated `margin` times, so that the valid convolutions give
        the size of the input.

        Parameters
        ----------
        enlarged : float array, (rows, cols, channels), in [0, 1]
            As many channels as the network has.

        Returns
        -------
        float32 array of the same shape, not clipped
        """
        x = np.moveaxis(enlarged, 2, 0)[np.newaxis]  # (1, channels, rows, cols)
        edges = ((0, 0), (0, 0)) + ((self.margin, self.margin),) * 2
        x = np.pad(x.astype("float32"), edges, mode="edge")
        return np.moveaxis(self.predict(x)[0], 0, 2)


def score_image(path, protocol, network=None):
    """Score a network and bicubic on one image, under a protocol of whole images.

    Parameters
    ----------
    path : path of an image
    protocol : Protocol
    network : Network or None
        None scores bicubic alone, in both places.

    Returns
    -------
    Score
    """
    image = read_pixels(path)
    degraded = degrade(image, protocol.recipe)
    bicubic = _score(degraded.enlarged, degraded.high_res, protocol)
    ours = bicubic
    if network is not None:
        ours = _score(
            _restore(image, degraded, protocol, network), degraded.high_res, protocol
        )
    return Score(Path(path).name, ours[0], ours[1], bicubic[0], bicubic[1])


def score_images(paths, protocol, network=None):
    """A Score for each image, and last their mean, called 'mean'."""
    scores = [score_image(path, protocol, network) for path in paths]
    means = [
        float(np.mean([s[i] for s in scores])) for i in range(1, len(Score._fields))
    ]
    return scores + [Score("mean", *means)]


def _restore(image, degraded, protocol, network):
    """The network's result in the colour of the protocol, float (rows, cols, n)."""
    colour = protocol.recipe.colour
    if network.n_channels == degraded.enlarged.shape[2]:
        return network(degraded.enlarged)
    if colour == "y":  # an RGB network: Y of its result
        rgb = degrade(image, protocol.recipe._replace(colour="rgb")).enlarged
        restored = np.clip(network(rgb), 0, 1)
        # A grey file is its own luma: no conversion on the way in, none on the way out.
        grey = image.shape[2] == 1
        return (
            restored.mean(axis=2, keepdims=True)
            if grey
            else degradation.rgb_to_y(restored)
        )
    ycbcr = degradation.rgb_to_ycbcr(degraded.enlarged)  # a Y network: bicubic chroma
    ycbcr[..., :1] = network(ycbcr[..., :1])
    return degradation.ycbcr_to_rgb(ycbcr)
