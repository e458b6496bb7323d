"""Scores of a trained network, and of plain bicubic, under a protocol.

On sub-images (`course`) everything follows from one mean squared error per sub-image;
on whole images (`standard`) each image has its PSNR and SSIM.
"""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from srcnn_theano.data.cache import prepare_folder
from srcnn_theano.data.datasets import folder_images
from srcnn_theano.data.degradation import rgb_to_y, to_float
from srcnn_theano.data.images import read_pixels
from srcnn_theano.data.patches import central, degrade
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.metrics import MSE_FLOOR, aggregate, mse_per_patch
from srcnn_theano.evaluation.protocols import as_scored, make_protocol, score
from srcnn_theano.inference import build_predictor, restore

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


def score_network(weights, pairs, enlarged, protocol, batch_size=100):
    """PSNR in dB of a trained network and of bicubic on sub-images.

    Parameters
    ----------
    weights : Weights
    pairs : Pairs
        With the inputs that the network takes.
    enlarged : Pairs
        The same sub-images with inputs that bicubic has enlarged; `pairs` itself for a
        network that takes those.
    protocol : Protocol
    batch_size : int, as in `sub_image_errors`

    Returns
    -------
    dict
        ``{"n": number, "ours": {aggregation: dB}, "bicubic": {aggregation: dB}}``
    """
    from srcnn_theano.training.functions import error_function

    model = _for_sub_images(weights, pairs)
    ours = sub_image_errors(error_function(model), pairs, model.margin, batch_size)
    low_res, high_res = (to_float(central(part, model.margin)) for part in enlarged)
    bicubic = mse_per_patch(low_res, high_res)
    return {
        "n": len(ours),
        "ours": _every_aggregation(ours, protocol),
        "bicubic": _every_aggregation(bicubic, protocol),
    }


def score_features(weights, pairs, protocol, vgg_values, preprocessing):
    """PSNR in dB of a trained network in VGG space, by every aggregation.

    ``10 log10(255^2 / mse)``, mse the mean squared difference at relu2_2 over its maps
    and pixels, as reconstructed from the report's figures. Its older rows add the maps
    up instead, which is ``10 log10(128)`` = 21.07 dB less.

    Parameters
    ----------
    weights, pairs, protocol : as in `score_network`
    vgg_values, preprocessing : as in `training.costs.vgg_loss`

    Returns
    -------
    dict of aggregation to dB
    """
    from srcnn_theano.training.functions import feature_error_function

    model = _for_sub_images(weights, pairs)
    distance = feature_error_function(model, vgg_values, preprocessing)
    mse = sub_image_errors(distance, pairs, model.margin)
    peak = 20 * np.log10(255)
    scores = _every_aggregation(mse, protocol)
    return {how: psnr + peak for how, psnr in scores.items()}


def _for_sub_images(weights, pairs):
    """The network with these values for sub-images of these sizes."""
    from srcnn_theano.models import model_for_pairs

    rng = np.random.RandomState(0)
    model = model_for_pairs(weights.model, weights.options, pairs, rng)
    model.set_values(weights.values)
    return model


def _every_aggregation(mse, protocol):
    return {
        # A protocol of whole images has no floor, but sub-images need one.
        how: aggregate(mse, how, floor=protocol.floor or MSE_FLOOR)
        for how in AGGREGATIONS
        if not how.startswith("batch") or int(how[5:]) <= len(mse)
    }


class Score(NamedTuple):
    """One image: PSNR in dB and SSIM of the network's result and of plain bicubic."""

    image: str
    psnr: float
    ssim: float
    bicubic_psnr: float
    bicubic_ssim: float


def score_files(paths, protocol, network=None):
    """Score a network and bicubic on image files, under a protocol of whole images.

    Parameters
    ----------
    paths : sequence of paths
    protocol : Protocol
    network : Predictor or None
        None scores bicubic alone, in both places.

    Returns
    -------
    list of Score
        One for each image, and last their mean, called 'mean'.
    """
    scores = []
    for path in tqdm(
        paths, desc=protocol.name, unit="image", leave=False, disable=None
    ):
        image = _large_enough(path, protocol)
        degraded = degrade(image, protocol.recipe)
        bicubic = ours = score(degraded.enlarged, degraded.high_res, protocol)
        if network is not None:
            restored = _restore(image, degraded, protocol, network)
            ours = score(restored, degraded.high_res, protocol)
        scores.append(Score(Path(path).name, *ours, *bicubic))
    return _with_mean(scores)


class Distance(NamedTuple):
    """One image: how far the network's result and bicubic are from it in VGG16."""

    image: str
    relu2_2: float
    bicubic_relu2_2: float


def feature_function(vgg):
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


def feature_distances(paths, protocol, networks, features):
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
        For each network one for each image, and last their mean, called 'mean'.
    """

    def features_of(image):
        pixels = as_scored(image, protocol) / protocol.peak
        return features(np.float32(np.moveaxis(pixels, 2, 0)[np.newaxis]))

    found = {name: [] for name in networks}
    for path in tqdm(paths, desc="relu2_2", unit="image", leave=False, disable=None):
        degraded = degrade(_large_enough(path, protocol), protocol.recipe)
        wanted = features_of(degraded.high_res)
        bicubic = _mean_square(features_of(degraded.enlarged), wanted)
        for name, network in networks.items():
            ours = _mean_square(features_of(restore(network, degraded)), wanted)
            found[name].append(Distance(Path(path).name, ours, bicubic))
    return {name: _with_mean(distances) for name, distances in found.items()}


def _mean_square(a, b):
    return float(np.mean(np.square(a - b), dtype="float64"))


def _with_mean(scores):
    """Scores of images, and last the mean of each figure, called 'mean'."""
    means = np.mean([one[1:] for one in scores], axis=0)
    return scores + [type(scores[0])("mean", *map(float, means))]


def _large_enough(path, protocol):
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


def _restore(image, degraded, protocol, network):
    """The network's result in the colour of the protocol, (rows, cols, channels)."""
    if protocol.recipe.colour == "rgb" or network.channels == 1:
        return restore(network, degraded)
    # An RGB network: luma of its result.
    rgb = degrade(image, protocol.recipe._replace(colour="rgb"))
    restored = np.clip(restore(network, rgb), 0, 1)
    # A grey file is its own luma: no conversion on the way in, none on the way out.
    grey = image.shape[2] == 1
    return restored.mean(axis=2, keepdims=True) if grey else rgb_to_y(restored)


def print_evaluation(
    folders, weights_file, protocol_name, scale, model=None, as_json=False
):
    """Print the scores of a weight file on folders of images, beside bicubic.

    Raises
    ------
    UserError
        A folder without images, a protocol or scale that does not exist, a weight file
        that cannot be used.
    """
    from srcnn_theano.weights import load_for_scale

    protocol = make_protocol(protocol_name, scale)
    on_patches = protocol.aggregation != "image"
    path, weights = load_for_scale(scale, weights_file, model)
    report = {
        "protocol": {"name": protocol.name, "hash": protocol.hash, "scale": scale},
        "weights": {"file": Path(path).name, "about": weights.about},
        "folders": {},
    }
    for folder in folders:
        paths = folder_images(folder)
        if on_patches:
            report["folders"][str(folder)] = _evaluate_patches(paths, protocol, weights)
        else:
            scores = score_files(paths, protocol, build_predictor(weights))
            report["folders"][str(folder)] = [one._asdict() for one in scores]
    if as_json:
        print(json.dumps(report, indent=2))
        return
    print(protocol.describe())
    for folder, scores in report["folders"].items():
        print(f"\n{folder}")
        print(_patch_table(scores) if on_patches else _image_table(scores))


def _evaluate_patches(paths, protocol, weights):
    from srcnn_theano.models import model_class

    if weights.options["channels"] != protocol.recipe.n_channels:
        raise UserError(
            "--protocol {}: compares {} channels, the network has {}; use --protocol "
            "standard".format(
                protocol.name, protocol.recipe.n_channels, weights.options["channels"]
            )
        )
    enlarged = pairs = prepare_folder(paths, protocol.recipe)
    if model_class(weights.model).upscales:
        pairs = prepare_folder(paths, protocol.recipe._replace(enlarged=False))
    return score_network(weights, pairs, enlarged, protocol)


def _image_table(scores):
    width = max(len(one["image"]) for one in scores)
    heading = "{:<{w}}  {:>8} {:>7}  {:>8} {:>7}  {:>6}"
    row = (
        "{image:<{w}}  {psnr:8.2f} {ssim:7.4f}  {bicubic_psnr:8.2f} {bicubic_ssim:7.4f}"
    )
    lines = [
        heading.format("image", "PSNR/dB", "SSIM", "bicubic", "SSIM", "gain", w=width)
    ]
    for one in scores:
        gain = "  {:+6.2f}".format(one["psnr"] - one["bicubic_psnr"])
        lines.append(row.format(w=width, **one) + gain)
    return "\n".join(lines)


def _patch_table(scores):
    lines = ["{} sub-images".format(scores["n"])]
    lines.append("{:<12} {:>8} {:>8}".format("aggregation", "PSNR/dB", "bicubic"))
    for how, ours in scores["ours"].items():
        lines.append("{:<12} {:8.2f} {:8.2f}".format(how, ours, scores["bicubic"][how]))
    return "\n".join(lines)
