"""``srcnn-theano evaluate``: scores of a weight file on folders of images, printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Mapping, Sequence

from srcnn_theano.data.cache import prepare_folder
from srcnn_theano.data.datasets import folder_images
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.images import score_files
from srcnn_theano.evaluation.protocols import Protocol, make_protocol
from srcnn_theano.evaluation.sub_images import score_network
from srcnn_theano.inference import Predictor, build_predictor
from srcnn_theano.tables import text_lines
from srcnn_theano.weights import Weights, load_for_scale


def print_evaluation(
    folders: Sequence[Path],
    weights_file: Path | None,
    protocol_name: str,
    scale: int,
    model: str | None = None,
    as_json: bool = False,
) -> None:
    """Print the scores of a weight file on folders of images, beside bicubic.

    Raises
    ------
    UserError
        A folder without images, a protocol or scale that does not exist, a weight file
        that cannot be used.
    """
    protocol = make_protocol(protocol_name, scale)
    path, weights = load_for_scale(scale, weights_file, model)
    paths = {str(folder): folder_images(folder) for folder in folders}
    if protocol.on_patches:
        scores_by_folder = _score_sub_images(paths, protocol, weights)
    else:
        network = build_predictor(weights, path)
        scores_by_folder = _score_images(paths, protocol, network)
    if as_json:
        report = {
            "protocol": {"name": protocol.name, "hash": protocol.hash, "scale": scale},
            "weights": {"file": path.name, "about": weights.about},
            "folders": scores_by_folder,
        }
        print(json.dumps(report, indent=2))
        return
    print(protocol.describe())
    for folder, scores in scores_by_folder.items():
        print(f"\n{folder}")
        print((_sub_image_table if protocol.on_patches else _image_table)(scores))


# A folder has a list of scores of images, or a dict of scores of all sub-images.
Scores = Any


def _score_images(
    paths: Mapping[str, Sequence[Path]], protocol: Protocol, network: Predictor
) -> dict[str, Scores]:
    return {
        folder: [score._asdict() for score in score_files(images, protocol, network)]
        for folder, images in paths.items()
    }


def _score_sub_images(
    paths: Mapping[str, Sequence[Path]], protocol: Protocol, weights: Weights
) -> dict[str, Scores]:
    network = weights.architecture
    if network.channels != protocol.recipe.n_channels:
        raise UserError(
            f"--protocol {protocol.name}: compares {protocol.recipe.n_channels} "
            f"channels, the network has {network.channels}; use --protocol standard"
        )
    scores = {}
    for folder, images in paths.items():
        enlarged = pairs = prepare_folder(images, protocol.recipe)
        if network.upscales:
            pairs = prepare_folder(images, protocol.recipe._replace(enlarged=False))
        scores[folder] = score_network(weights, pairs, enlarged, protocol)
    return scores


def _image_table(scores: Sequence[Mapping[str, Any]]) -> str:
    rows = [["image", "PSNR/dB", "SSIM", "bicubic", "SSIM", "gain"]]
    for score in scores:
        psnr, bicubic = score["psnr"], score["bicubic_psnr"]
        rows.append(
            [
                score["image"],
                f"{psnr:.2f}",
                f"{score['ssim']:.4f}",
                f"{bicubic:.2f}",
                f"{score['bicubic_ssim']:.4f}",
                f"{psnr - bicubic:+.2f}",
            ]
        )
    return "\n".join(text_lines("lrrrrr", rows))


def _sub_image_table(scores: Mapping[str, Any]) -> str:
    rows = [["aggregation", "PSNR/dB", "bicubic"]]
    for how, ours in scores["ours"].items():
        rows.append([how, f"{ours:.2f}", f"{scores['bicubic'][how]:.2f}"])
    return "\n".join([f"{scores['n']} sub-images", *text_lines("lrr", rows)])
