"""Sub-images of image sets and of any images, kept in HDF5 files."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any, Iterable, Mapping, Sequence

import numpy as np

from srcnn_theano import shipped
from srcnn_theano.data import datasets
from srcnn_theano.data.degradation import reduced_copies
from srcnn_theano.data.images import read_pixels
from srcnn_theano.data.patches import (
    Pairs,
    Recipe,
    make_pairs,
    make_recipe,
    sub_image_count,
    sub_image_order,
)
from srcnn_theano.errors import UserError
from srcnn_theano.files import PathLike, json_text, parse_json, sha256
from srcnn_theano.hdf5 import read_arrays, write_arrays
from srcnn_theano.streams import say

_FORMAT = "srcnn-theano pairs 2"


def prepare(
    data_dir: PathLike, name: str, recipe: Recipe, cache_dir: PathLike | None = None
) -> Pairs:
    """The sub-images of T91, Set5 or Set14, from the cache if they are there.

    Parameters
    ----------
    data_dir : path
        See `datasets.find_data_dir`.
    name : str
        One of `datasets.SETS`.
    recipe : Recipe
    cache_dir : path, optional
        Default: ``$XDG_CACHE_HOME/srcnn_theano``, or ``~/.cache/srcnn_theano``.

    Returns
    -------
    Pairs
        In the order of `datasets.image_paths`, unless the recipe mixes them.

    Raises
    ------
    UserError
        A file is missing, or its content is not the known content.
    """
    paths = datasets.image_paths(data_dir, name)
    sums = _checksums(paths)
    for path, facts in zip(
        paths, (datasets.manifest()[name][path.name] for path in paths)
    ):
        if sums[path] != facts["sha256"] and not datasets.is_right(path, facts):
            raise UserError(
                f"{path}: wrong checksum, this is not the known {path.name} of {name}; "
                f"to get the right file: {datasets.GET_DATA}"
            )
    return _cached_pairs(name, sums, recipe, cache_dir)


def prepare_folder(
    paths: Sequence[PathLike], recipe: Recipe, cache_dir: PathLike | None = None
) -> Pairs:
    """The sub-images of any image files, from the cache if they are there.

    Parameters
    ----------
    paths : list of path
        As from `datasets.folder_images`; their order is that of the sub-images.
    recipe, cache_dir
        As in `prepare`.

    Returns
    -------
    Pairs

    Raises
    ------
    UserError
        There is no image, or an image cannot be read or is smaller than a sub-image.
    """
    if not paths:
        raise UserError("no images to prepare sub-images from")
    files = [Path(path) for path in paths]
    # One cache file for each list of files, whatever their contents.
    listed = "\n".join(str(path.resolve()) for path in files)
    label = "images-" + hashlib.sha256(os.fsencode(listed)).hexdigest()[:10]
    return _cached_pairs(label, _checksums(files), recipe, cache_dir)


def cache_path(label: str, recipe: Recipe, cache_dir: PathLike | None = None) -> Path:
    """Where the sub-images of a set (or list of images) by a recipe are kept."""
    folder = shipped.cache_dir() if cache_dir is None else Path(cache_dir)
    return folder / f"{label}-{recipe.name}-x{recipe.scale}-{recipe.hash}.h5"


def _checksums(paths: Iterable[Path]) -> dict[Path, str]:
    try:
        return {path: sha256(path) for path in paths}
    except OSError as error:
        raise UserError(
            f"{error.filename}: cannot be read ({error.strerror})"
        ) from error


def _cached_pairs(
    label: str, sums: dict[Path, str], recipe: Recipe, cache_dir: PathLike | None
) -> Pairs:
    path = cache_path(label, recipe, cache_dir)
    if path.exists():
        try:
            return load_pairs(path, recipe, list(sums.values()))
        except UserError as error:
            say(f"{error}; making it again")
    pairs = _make_all(sums, recipe)
    try:
        save_pairs(path, pairs, recipe, sums)
    except UserError as error:
        say(f"{error}; going on without this cache")
    return pairs


def _make_all(paths: Iterable[Path], recipe: Recipe) -> Pairs:
    from srcnn_theano.progress import Bar

    low_res, high_res = [], []
    for path in Bar(list(paths), desc="sub-images", unit="image", disable=None):
        image = read_for_pairs(path, recipe)
        for copy in reduced_copies(image, recipe.reductions):
            if sub_image_count(copy.shape, recipe):
                pairs = make_pairs(copy, recipe)
                low_res.append(pairs.low_res)
                high_res.append(pairs.high_res)
    whole = Pairs(np.concatenate(low_res), np.concatenate(high_res))
    if recipe.order == "sorted":
        return whole
    order = sub_image_order(recipe.order, len(whole.low_res))
    return Pairs(*(part[order] for part in whole))


def read_for_pairs(path: PathLike, recipe: Recipe) -> np.ndarray:
    """The pixels of an image that holds at least one sub-image.

    Raises
    ------
    UserError
    """
    image = read_pixels(path)
    if sub_image_count(image.shape, recipe) == 0:
        raise UserError(
            f"{path}: {image.shape[1]}x{image.shape[0]} pixels hold no sub-image "
            f"of {recipe.size}x{recipe.size}; leave the file out or use a larger "
            "image"
        )
    return image


def save_pairs(
    path: PathLike, pairs: Pairs, recipe: Recipe, sums: Mapping[Path, str]
) -> None:
    """Write sub-images, their recipe and the checksums {file: sha256} to HDF5."""
    attributes = {
        "format": _FORMAT,
        "recipe": json.dumps(recipe._asdict()),
        "recipe_hash": recipe.hash,
        "sources": json.dumps([[source.name, sums[source]] for source in sums]),
    }
    write_arrays(path, attributes, pairs._asdict())


def load_pairs(
    path: PathLike,
    recipe: Recipe | None = None,
    source_sums: Sequence[str] | None = None,
) -> Pairs:
    """Read a file that `save_pairs` wrote.

    Parameters
    ----------
    path : path
    recipe : Recipe, optional
        The recipe that the sub-images must have been made by.
    source_sums : list of str, optional
        The SHA-256 of the images that they must have been made from, in order.

    Returns
    -------
    Pairs

    Raises
    ------
    UserError
        Not such a file, damaged, of another recipe or from other images.
    """
    unreadable = UserError(f"{path}: not a readable file of sub-images")
    try:
        attributes, arrays = read_arrays(path, "", kinds="fu")
        if attributes["format"] != _FORMAT:
            raise unreadable
        made_by = Recipe(**parse_json(attributes["recipe"]))
        sources = [
            value for _, value in parse_json(attributes["sources"], most=1 << 24)
        ]
        pairs = Pairs(**arrays)
        if {array.ndim for array in pairs} != {4} or len(set(map(len, pairs))) != 1:
            raise unreadable
    except (UserError, KeyError, TypeError, ValueError):
        raise unreadable from None
    if recipe is not None and made_by.hash != recipe.hash:
        raise UserError(
            f"{path}: made by another recipe, {_difference(made_by, recipe)}"
        )
    if source_sums is not None and sources != list(source_sums):
        raise UserError(f"{path}: made from other images")
    return pairs


def _difference(made_by: Recipe, wanted: Recipe) -> str:
    pairs = zip(made_by._asdict().items(), wanted)
    knobs = [
        f"{key} {have} instead of {want}"
        for (key, have), want in pairs
        if have != want and key != "name"
    ]
    return ", ".join(knobs)


def print_prepare(
    data_dir: PathLike, protocol: str, scale: int = 4, as_json: bool = False
) -> None:
    """Fill the cache for all sets by a protocol's recipe, and print the counts."""
    recipe = make_recipe(protocol, scale)
    datasets.require_sets(data_dir)
    sets: dict[str, dict[str, Any]] = {}
    for name in datasets.SETS:
        pairs = prepare(data_dir, name, recipe)
        sets[name] = {
            "images": len(datasets.image_paths(data_dir, name)),
            "sub_images": len(pairs.low_res),
            "cache": str(cache_path(name, recipe)),
        }
    if as_json:
        about = dict(recipe._asdict(), hash=recipe.hash)
        print(json_text({"recipe": about, "sets": sets}))
        return
    print(f"sub-images by the recipe {protocol} (x{scale}, {recipe.hash})")
    for name, facts in sets.items():
        print(
            f"  {name:<6} {facts['images']:>3} images {facts['sub_images']:>7,} "
            f"sub-images  {facts['cache']}"
        )
