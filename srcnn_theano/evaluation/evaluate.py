"""``srcnn-theano evaluate``: scores of a weight file on folders of images, printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, Sequence

from srcnn_theano.data.cache import prepare_folder, read_for_pairs
from srcnn_theano.data.datasets import folder_images
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.given_pairs import paired_files, score_pairs
from srcnn_theano.evaluation.images import Score, gain_text, gains, score_files
from srcnn_theano.evaluation.protocols import Protocol, make_protocol
from srcnn_theano.evaluation.remote import score_on_cluster
from srcnn_theano.evaluation.sub_images import BATCH_SIZE, score_network
from srcnn_theano.files import json_text
from srcnn_theano.inference import build_predictor
from srcnn_theano.streams import say
from srcnn_theano.tables import text_lines
from srcnn_theano.weights import Weights, load_for_scale

# A folder has a list of scores of images, or a dict of scores of all sub-images.
Scores = Any


def print_evaluation(
    folders: Sequence[Path],
    weights_file: Path | None,
    protocol_name: str,
    scale: int,
    model: str | None = None,
    batch_sizes: Mapping[str, int] | None = None,
    as_json: bool = False,
    pairs: tuple[Path, Path] | None = None,
    scheduler: str | None = None,
) -> int:
    """Print the scores of a weight file on folders of images, beside bicubic.

    An image that cannot be read or is too small is named on stderr, and does not end
    the work. Instead of folders, `pairs` names that of small images and that of their
    originals: see `given_pairs`. `batch_sizes` are those of the experiments by name: a
    network takes so many sub-images at a time as its training did, others `BATCH_SIZE`,
    which matters where batch normalization takes the statistics of the minibatch.
    `scheduler` is the address of a cluster whose workers score the images.

    Returns
    -------
    int
        The exit status: 2 if there are such images.

    Raises
    ------
    UserError
        A folder without images, a protocol or scale that does not exist, a weight file
        that cannot be used.
    """
    protocol = make_protocol(protocol_name, scale)
    _check_for(scheduler, protocol, pairs)
    path, weights = load_for_scale(scale, weights_file, model)
    failed: list[str] = []
    scores_by_folder: dict[str, Scores]
    if pairs is not None:
        files = _files_of(pairs, protocol)
        scores = score_pairs(files, protocol, build_predictor(weights, path), failed)
        scores_by_folder = {str(pairs[0]): _with_gains(scores)}
    elif protocol.on_patches:
        scores_by_folder = _score_sub_images(
            _images_of(folders), protocol, weights, batch_sizes or {}, failed
        )
    else:
        scores_by_folder = _score_images(
            _images_of(folders), protocol, path, weights, failed, scheduler
        )
    for message in failed:
        say(f"srcnn-theano: error: {message}")
    if as_json:
        named = {"name": protocol.name, "hash": protocol.hash, "scale": scale}
        about = {"file": path.name, "about": weights.about}
        report = {"protocol": named, "weights": about, "folders": scores_by_folder}
        print(json_text({**report, "failed": failed}))
    else:
        print(protocol.describe())
        _print_tables(scores_by_folder, protocol)
    return 2 if failed else 0


def _check_for(scheduler: str | None, protocol: Protocol, pairs: object) -> None:
    if scheduler and (protocol.on_patches or pairs):
        raise UserError(
            "--scheduler: is for folders of whole images; leave it out, or take "
            "--protocol standard, and neither --low nor --high"
        )


def _print_tables(scores_by_folder: Mapping[str, Scores], protocol: Protocol) -> None:
    for folder, scores in scores_by_folder.items():
        print(f"\n{folder}")
        print((_sub_image_table if protocol.on_patches else _image_table)(scores))


def _images_of(folders: Sequence[Path]) -> dict[str, list[Path]]:
    return {str(folder): folder_images(folder) for folder in folders}


def _files_of(pairs: tuple[Path, Path], protocol: Protocol) -> list[tuple[Path, Path]]:
    if protocol.on_patches:
        raise UserError(
            f"--protocol {protocol.name}: makes its own sub-images; given pairs are "
            "scored as whole images, by standard or standard-rgb"
        )
    return paired_files(*pairs, protocol.recipe.scale)


def _score_images(
    paths: Mapping[str, Sequence[Path]],
    protocol: Protocol,
    path: Path,
    weights: Weights,
    failed: list[str],
    scheduler: str | None,
) -> dict[str, Scores]:
    if scheduler:
        scores = score_on_cluster(scheduler, paths, protocol, path, failed)
    else:
        network = build_predictor(weights, path)
        scores = {
            folder: score_files(images, protocol, network, failed)
            for folder, images in paths.items()
        }
    return {folder: _with_gains(of_images) for folder, of_images in scores.items()}


def _with_gains(scores: Sequence[Score]) -> list[dict[str, Any]]:
    better = gains([(score.psnr, score.bicubic_psnr) for score in scores])
    return [{**s._asdict(), "gain": gain} for s, gain in zip(scores, better)]


def _score_sub_images(
    paths: Mapping[str, Sequence[Path]],
    protocol: Protocol,
    weights: Weights,
    batch_sizes: Mapping[str, int],
    failed: list[str],
) -> dict[str, Scores]:
    network = weights.architecture
    if network.channels != protocol.recipe.n_channels:
        raise UserError(
            f"--protocol {protocol.name}: compares {protocol.recipe.n_channels} "
            f"channels, the network has {network.channels}; use --protocol standard"
        )
    batch_size = batch_sizes.get(weights.about.get("experiment", ""), BATCH_SIZE)
    scores: dict[str, Scores] = {}
    for folder, named in paths.items():
        images = [path for path in named if _holds_pairs(path, protocol, failed)]
        if not images:
            scores[folder] = {"n": 0, "ours": {}, "bicubic": {}}
            continue
        enlarged = pairs = prepare_folder(images, protocol.recipe)
        if network.upscales:
            pairs = prepare_folder(images, protocol.recipe._replace(enlarged=False))
        scores[folder] = score_network(weights, pairs, enlarged, protocol, batch_size)
    return scores


def _holds_pairs(path: Path, protocol: Protocol, failed: list[str]) -> bool:
    try:
        read_for_pairs(path, protocol.recipe)
    except UserError as error:
        failed.append(str(error))
        return False
    return True


def _image_table(scores: Sequence[Mapping[str, Any]]) -> str:
    rows = [["image", "PSNR/dB", "SSIM", "bicubic", "SSIM", "gain"]]
    for score in scores:
        rows.append(
            [
                score["image"],
                f"{score['psnr']:.2f}",
                f"{score['ssim']:.4f}",
                f"{score['bicubic_psnr']:.2f}",
                f"{score['bicubic_ssim']:.4f}",
                gain_text(score["gain"]),
            ]
        )
    return "\n".join(text_lines("lrrrrr", rows))


def _sub_image_table(scores: Mapping[str, Any]) -> str:
    rows = [["aggregation", "PSNR/dB", "bicubic"]]
    for how, ours in scores["ours"].items():
        rows.append([how, f"{ours:.2f}", f"{scores['bicubic'][how]:.2f}"])
    return "\n".join([f"{scores['n']} sub-images", *text_lines("lrr", rows)])
