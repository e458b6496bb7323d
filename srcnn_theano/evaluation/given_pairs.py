"""Scores on pairs of files that somebody has made: a small image and the original."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Sequence

import numpy as np

from srcnn_theano.data.datasets import folder_images
from srcnn_theano.data.degradation import imresize, rgb_to_y, to_float
from srcnn_theano.data.images import read_pixels
from srcnn_theano.data.patches import Degraded, Recipe, prepare_image
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.images import (
    Score,
    large_enough,
    restored_in_colour,
    with_mean,
)
from srcnn_theano.evaluation.protocols import Protocol, score
from srcnn_theano.files import kind_at
from srcnn_theano.inference import Predictor
from srcnn_theano.progress import Bar


def paired_files(low: Path, high: Path, scale: int) -> list[tuple[Path, Path]]:
    """The files that belong together: (small image, original), in order of their names.

    Names are the same but for the suffix; those of small images may end with the scale
    besides, as in ``0801x4.png`` beside ``0801.png``, or with LR where those of
    originals end with HR. Two files are a pair, whatever they are called.

    Raises
    ------
    UserError
        No such file or folder; an image without its other one, or with two of them.
    """
    kinds = [kind_at(path) or "nothing" for path in (low, high)]
    if kinds == ["a file"] * 2:
        return [(low, high)]
    if kinds != ["a folder"] * 2:
        raise UserError(
            f"--low {low} is {kinds[0]}, --high {high} is {kinds[1]}; two folders are "
            "needed, or two image files"
        )
    low_stems, high_stems = _stems(low), _stems(high)
    end = rf"[ _-]?x{scale}|[ _-]LR"
    smalls = _by_stem(f"--low {low}", low_stems, end, high_stems)
    originals = _by_stem(f"--high {high}", high_stems, "[ _-]HR", low_stems)
    for alone, option in (
        (set(smalls) - set(originals), f"--high {high}"),
        (set(originals) - set(smalls), f"--low {low}"),
    ):
        if alone:
            raise UserError(
                f"{option}: has no image for {min(alone)!r}; files that belong "
                "together have the same name, or the small one has the scale behind "
                f"it, as in {min(alone)}x{scale}.png"
            )
    return [(smalls[stem], originals[stem]) for stem in sorted(smalls)]


def _stems(folder: Path) -> list[tuple[str, Path]]:
    """Files, each with its name within the folder, without suffix."""
    paths = folder_images(folder)
    return [
        (path.relative_to(folder).with_suffix("").as_posix(), path) for path in paths
    ]


def _by_stem(
    option: str,
    stems: Sequence[tuple[str, Path]],
    ends: str,
    others: Sequence[tuple[str, Path]],
) -> dict[str, Path]:
    """Files by their names without what `ends` matches.

    The name of one of the others is whole as it is: that of index2.png, say.
    """
    files: dict[str, Path] = {}
    whole = {stem for stem, _ in others}
    for stem, path in stems:
        if stem not in whole:
            stem = re.sub(rf"({ends})$", "", stem, flags=re.IGNORECASE)
        if stem in files:
            raise UserError(
                f"{option}: {files[stem].name} and {path.name} are both {stem!r}; "
                "leave one of them there"
            )
        files[stem] = path
    return files


def score_pairs(
    files: Sequence[tuple[Path, Path]],
    protocol: Protocol,
    network: Predictor,
    failed: list[str],
) -> list[Score]:
    """Score a network and bicubic on pairs of files, in colour, shave and metric of a
    protocol of whole images.

    Parameters
    ----------
    files : sequence of (small image, original)
    protocol : Protocol
    network : Predictor
    failed : list of str
        Where a sentence on each pair goes that cannot be scored.

    Returns
    -------
    list of Score
        Of each pair, called as its small image, and their mean, if there is any.
    """
    scores = []
    for low, high in Bar(files, desc="pairs", unit="image", leave=False, disable=None):
        try:
            images = (read_pixels(low), large_enough(high, protocol))
            _check_sizes(low, high, images, protocol.recipe.scale)
        except UserError as error:
            failed.append(str(error))
            continue
        degraded = _given(*images, protocol.recipe)
        bicubic = score(degraded.enlarged, degraded.high_res, protocol)
        in_rgb = protocol.recipe._replace(colour="rgb")
        restored = restored_in_colour(
            images[0].shape[2] == 1,
            degraded,
            lambda: _given(*images, in_rgb),
            protocol,
            network,
        )
        ours = score(restored, degraded.high_res, protocol)
        scores.append(Score(low.name, *ours, *bicubic))
    return with_mean(scores)


def _check_sizes(
    low: Path, high: Path, images: tuple[np.ndarray, np.ndarray], scale: int
) -> None:
    small, large = (image.shape[:2] for image in images)
    # An original may have been cut to a multiple of the scale before it was reduced.
    if any(m // scale != n for n, m in zip(small, large)):
        raise UserError(
            f"{low}: {small[1]}x{small[0]} pixels, and {high} has {large[1]}x"
            f"{large[0]}, which are not {scale} times as many; use another --scale, or "
            "the files that belong together"
        )
    if images[0].shape[2] != images[1].shape[2]:
        raise UserError(f"{low}: one of it and {high} is grey, the other in colour")


def _given(low: np.ndarray, high: np.ndarray, recipe: Recipe) -> Degraded:
    """A pair in a recipe's colour, as if the recipe had made it."""
    original = to_float(prepare_image(high, recipe._replace(mod_crop=True)))
    small = to_float(low)
    if recipe.colour == "y" and low.shape[2] == 3:
        small = rgb_to_y(small)
    elif recipe.colour == "rgb" and low.shape[2] == 1:
        small = np.repeat(small, 3, axis=2)
    return Degraded(small, imresize(small, recipe.scale), original)
