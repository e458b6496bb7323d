"""Pictures of one's own: to learn from, and to be judged by; their sub-images."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Iterator, NamedTuple, Sequence

import numpy as np

from srcnn_theano.data.datasets import folder_images
from srcnn_theano.data.degradation import imresize, reduced_copies
from srcnn_theano.data.images import read_rgb
from srcnn_theano.data.patches import Pairs, Recipe, make_pairs, sub_image_count
from srcnn_theano.errors import UserError
from srcnn_theano.files import kind_at
from srcnn_theano.progress import Bar
from srcnn_theano.streams import say

# Of a large picture only squares of this side are cut into sub-images.
SQUARE = 480
# At most so many sub-images are learned from, as many of each picture.
MOST_PAIRS = 16000
# The validation part: a tenth of the pictures, at most so many, and at most this side.
MOST_JUDGED, JUDGED_SIDE = 10, 640


class Split(NamedTuple):
    """Files of a folder, in the order of their names."""

    train: list[Path]
    validation: list[Path]


def split(folder: Path, scale: int, runs_dir: Path | None = None) -> Split:
    """Set a tenth of the pictures in a folder aside, evenly over their order.

    Pictures that cannot be read or are too small are named and passed over, copies of
    others are counted; what networks have drawn is left out, see `_originals`.

    Raises
    ------
    UserError
        No such folder, or fewer than two pictures that can be used.
    """
    least = 32 * scale
    usable: dict[str, Path] = {}  # by pixels: nothing that is judged is learned from
    n_copies = 0
    paths = _originals(folder, runs_dir)
    for path in Bar(paths, desc="reading", leave=False, disable=None):
        try:
            image = read_rgb(path)
        except UserError as error:
            say(f"warning: {error}; it is passed over")
            continue
        rows, cols = image.shape[:2]
        if min(rows, cols) < least:
            say(
                f"warning: {path}: {cols}x{rows} pixels are too few for scale {scale}, "
                f"at least {least}x{least} are needed; it is passed over"
            )
            continue
        n_before = len(usable)
        usable.setdefault(_checksum(image), path)
        n_copies += len(usable) == n_before
    if n_copies:
        copies = "1 copy" if n_copies == 1 else f"{n_copies} copies"
        say(f"{folder}: passed over {copies} of other pictures there")
    return _divided(folder, list(usable.values()), least)


def _checksum(image: np.ndarray) -> str:
    digest = hashlib.sha256(repr(image.shape).encode("ascii"))
    digest.update(np.ascontiguousarray(image).data)
    return digest.hexdigest()


def _divided(folder: Path, usable: Sequence[Path], least: int) -> Split:
    if len(usable) < 2:
        raise UserError(
            f"--pictures {folder}: {len(usable)} of its pictures can be used; two at "
            f"least are needed, of {least}x{least} pixels or more, one to learn from "
            "and one to be judged by"
        )
    n_judged = min(max(len(usable) // 10, 1), MOST_JUDGED)
    places = {int((i + 0.5) * len(usable) / n_judged) for i in range(n_judged)}
    return Split(
        [path for i, path in enumerate(usable) if i not in places],
        [path for i, path in enumerate(usable) if i in places],
    )


def _originals(folder: Path, runs_dir: Path | None) -> list[Path]:
    """The pictures in a folder and below it that no network has drawn.

    `runs_dir` and folders of other runs are not looked into; results of `upscale` are
    passed over in all folders.
    """
    runs = None if runs_dir is None else os.path.realpath(runs_dir)
    return folder_images(
        folder,
        lambda path: (
            os.path.realpath(path) == runs or kind_at(path / "history.csv") == "a file"
        ),
    )


def cut(paths: Sequence[Path], recipe: Recipe, seed: int) -> Pairs:
    """Sub-images of pictures, as many of each, drawn at random.

    Parameters
    ----------
    paths : sequence of Path
    recipe : Recipe
    seed : int

    Returns
    -------
    Pairs
        At most `MOST_PAIRS`.
    """
    share = -(-MOST_PAIRS // len(paths))
    low_res, high_res = [], []
    for number, path in enumerate(Bar(paths, desc="sub-images", disable=None)):
        rng = np.random.RandomState([seed, number])
        kept: list[Pairs] = []
        n_kept = 0
        for piece in _pieces(read_rgb(path), recipe.reductions, rng):
            if n_kept < 2 * share and sub_image_count(piece.shape, recipe):
                kept.append(make_pairs(piece, recipe))
                n_kept += len(kept[-1].low_res)
        chosen = rng.permutation(n_kept)[:share]
        low_res.append(np.concatenate([pairs.low_res for pairs in kept])[chosen])
        high_res.append(np.concatenate([pairs.high_res for pairs in kept])[chosen])
    return Pairs(np.concatenate(low_res), np.concatenate(high_res))


def _pieces(
    image: np.ndarray, factors: Sequence[float], rng: np.random.RandomState
) -> Iterator[np.ndarray]:
    """A small picture at all scales; of a large one random squares, each at one."""
    rows, cols = image.shape[:2]
    if max(rows, cols) <= 2 * SQUARE:
        yield from reduced_copies(image, factors)
        return
    smallest = min(SQUARE, rows, cols)
    for number in range(-(-rows * cols // smallest**2)):
        factor = factors[number % len(factors)]
        side = min(int(np.ceil(SQUARE / factor)), rows, cols)
        top, left = (rng.randint(length - side + 1) for length in (rows, cols))
        square = image[top : top + side, left : left + side]
        yield square if factor == 1 else imresize(square, factor)


def judged(path: Path) -> np.ndarray:
    """The middle of a picture of the validation part: uint8 (rows, cols, 3)."""
    image = read_rgb(path)
    spans = []
    for length in image.shape[:2]:
        side = min(length, JUDGED_SIDE)
        spans.append(slice((length - side) // 2, (length - side) // 2 + side))
    return image[tuple(spans)]
