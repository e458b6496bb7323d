"""The image sets T91, Set5 and Set14: where they are, whether they are the right ones,
and their sub-images, kept in an HDF5 cache.
"""

import hashlib
import io
import json
import os
import sys
from pathlib import Path
from typing import List, NamedTuple

import numpy as np

from srcnn_theano import shipped
from srcnn_theano.data.images import IMAGE_SUFFIXES, read_pixels
from srcnn_theano.data.patches import (
    Pairs,
    Recipe,
    make_pairs,
    make_recipe,
    sub_image_count,
)
from srcnn_theano.errors import UserError
from srcnn_theano.files import atomic_path, sha256

SETS = ("T91", "Set5", "Set14")
_GET_DATA = "python scripts/get_data.py --help"
_CACHE_FORMAT = "srcnn-theano pairs 1"


def manifest():
    """Names, sizes in bytes and SHA-256 of every file: {set: {name: {...}}}."""
    text = Path(__file__).with_name("manifest.json").read_text(encoding="utf-8")
    return json.loads(text)


def find_data_dir(option=None):
    """The folder with T91, Set5 and Set14: `option`, else the variable SRCNN_DATA.

    Raises
    ------
    UserError
        Neither is given, or what is given is no folder.
    """
    given, source = (
        (option, "--data") if option else (os.environ.get("SRCNN_DATA"), "SRCNN_DATA")
    )
    if not given:
        raise UserError(
            "no image sets: name the folder that holds {} with --data DIR or the "
            "variable SRCNN_DATA (to get them: {})".format(", ".join(SETS), _GET_DATA)
        )
    folder = Path(given).expanduser()
    if not folder.is_dir():
        raise UserError(
            "{} {}: no such folder; name the one that holds {}".format(
                source, folder, ", ".join(SETS)
            )
        )
    return folder


# Checking


class SetCheck(NamedTuple):
    """What of one image set is there."""

    name: str
    n_expected: int
    n_found: int  # files with the right content
    missing: List[str]
    wrong: List[str]  # files whose content differs

    @property
    def ok(self):
        return self.n_found == self.n_expected


class DataCheck(NamedTuple):
    """What `check` found; `str` of it is the report to print."""

    data_dir: str
    sets: List[SetCheck]

    @property
    def ok(self):
        return all(one.ok for one in self.sets)

    def as_dict(self):
        sets = [dict(one._asdict(), ok=one.ok) for one in self.sets]
        return {"data_dir": self.data_dir, "ok": self.ok, "sets": sets}

    def __str__(self):
        lines = [f"image sets in {self.data_dir}"]
        for one in self.sets:
            lines.append(
                "  {:<6} {:>3} of {:>2} files verified by SHA-256{}".format(
                    one.name, one.n_found, one.n_expected, "" if one.ok else ":"
                )
            )
            for what, names in (("missing", one.missing), ("wrong", one.wrong)):
                if names:
                    lines.append(f"         {what}: {_some(names)}")
        if not self.ok:
            lines.append(f"  to get the right files: {_GET_DATA}")
        return "\n".join(lines)


def _some(names, at_most=6):
    rest = len(names) - at_most
    listed = ", ".join(names[:at_most])
    return listed + (f" and {rest} more" if rest > 0 else "")


def check(data_dir):
    """Compare every file of the three sets with the manifest.

    Returns
    -------
    DataCheck
    """
    return DataCheck(str(data_dir), [_check_set(data_dir, name) for name in SETS])


def _check_set(data_dir, name):
    missing, wrong = [], []
    files = manifest()[name]
    for file_name, facts in files.items():
        path = Path(data_dir) / name / file_name
        if not path.is_file():
            missing.append(file_name)
        elif not _is_right(path, facts):
            wrong.append(file_name)
    n_found = len(files) - len(missing) - len(wrong)
    return SetCheck(name, len(files), n_found, missing, wrong)


def _is_right(path, facts):
    return path.stat().st_size == facts["bytes"] and sha256(path) == facts["sha256"]


def image_paths(data_dir, name):
    """The files of one set, sorted by name (t1, t10, t11, ..., t2, ...).

    Raises
    ------
    UserError
        `name` is no set, or a file is missing.
    """
    if name not in SETS:
        raise UserError(
            "no image set is called {!r}; there are {}".format(name, ", ".join(SETS))
        )
    paths = [
        Path(data_dir) / name / file_name for file_name in sorted(manifest()[name])
    ]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise UserError(
            f"{Path(data_dir) / name}: {len(missing)} of {len(paths)} images of {name} "
            f"are missing ({_some(missing)}); to get them: {_GET_DATA}"
        )
    return paths


def folder_images(folder):
    """The image files in a folder and the folders below it, sorted by path.

    Raises
    ------
    UserError
        There is no such folder, or no image in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise UserError(f"{folder}: no such folder")
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    )
    if not paths:
        raise UserError(
            f"{folder}: no images in this folder; it should hold files such as .png, "
            ".bmp, .jpg or .tif"
        )
    return paths


# Sub-images


def prepare(data_dir, name, recipe, cache_dir=None):
    """The sub-images of T91, Set5 or Set14, from the cache if they are there.

    Parameters
    ----------
    data_dir : path
        See `find_data_dir`.
    name : str
        One of `SETS`.
    recipe : Recipe
    cache_dir : path, optional
        Default: ``$XDG_CACHE_HOME/srcnn_theano``, or ``~/.cache/srcnn_theano``.

    Returns
    -------
    Pairs
        In the order of `image_paths`.

    Raises
    ------
    UserError
        A file is missing or its content is not the known one.
    """
    paths = image_paths(data_dir, name)
    sums = _checksums(paths)
    for path, facts in zip(paths, (manifest()[name][path.name] for path in paths)):
        if sums[str(path)] != facts["sha256"]:
            raise UserError(
                f"{path}: wrong checksum, this is not the known {path.name} of {name}; "
                f"to get the right file: {_GET_DATA}"
            )
    return _cached_pairs(name, sums, recipe, cache_dir)


def prepare_folder(paths, recipe, cache_dir=None):
    """The sub-images of any image files, from the cache if they are there.

    Parameters
    ----------
    paths : list of path
        As from `folder_images`; their order is that of the sub-images.
    recipe, cache_dir
        As in `prepare`.

    Returns
    -------
    Pairs

    Raises
    ------
    UserError
        No images, one that cannot be read, or one smaller than a sub-image.
    """
    paths = [Path(path) for path in paths]
    if not paths:
        raise UserError("no images to prepare sub-images from")
    # One cache file for each list of files, whatever their contents.
    listed = "\n".join(str(path.resolve()) for path in paths)
    label = "images-" + hashlib.sha256(listed.encode("utf-8")).hexdigest()[:10]
    return _cached_pairs(label, _checksums(paths), recipe, cache_dir)


def cache_path(label, recipe, cache_dir=None):
    """Where the sub-images of a set (or list of images) by a recipe are kept."""
    folder = shipped.cache_dir() if cache_dir is None else Path(cache_dir)
    return folder / f"{label}-{recipe.name}-x{recipe.scale}-{recipe.hash}.h5"


def _checksums(paths):
    """{path: sha256}, in the order of the paths."""
    try:
        return {str(path): sha256(path) for path in paths}
    except OSError as error:
        raise UserError(
            f"{error.filename}: cannot be read ({error.strerror})"
        ) from error


def _cached_pairs(label, sums, recipe, cache_dir):
    path = cache_path(label, recipe, cache_dir)
    if path.exists():
        try:
            return load_pairs(path, recipe, list(sums.values()))
        except UserError as error:
            print(f"{error}; making it again", file=sys.stderr)
    pairs = _make_all(sums, recipe)
    try:
        save_pairs(path, pairs, recipe, sums)
    except UserError as error:
        print(f"{error}; going on without this cache", file=sys.stderr)
    return pairs


def _make_all(paths, recipe):
    from tqdm import tqdm

    low_res, high_res = [], []
    for path in tqdm(list(paths), desc="sub-images", unit="image", disable=None):
        image = read_pixels(path)
        if sub_image_count(image.shape, recipe) == 0:
            raise UserError(
                f"{path}: {image.shape[1]}x{image.shape[0]} pixels hold no sub-image "
                f"of {recipe.size}x{recipe.size}; leave the file out or use a larger "
                "image"
            )
        pairs = make_pairs(image, recipe)
        low_res.append(pairs.low_res)
        high_res.append(pairs.high_res)
    return Pairs(np.concatenate(low_res), np.concatenate(high_res))


def save_pairs(path, pairs, recipe, sums):
    """Write sub-images, their recipe and the checksums {file: sha256} to HDF5."""
    import h5py

    sources = [[Path(name).name, value] for name, value in sums.items()]
    # Made in memory: HDF5 itself does not take a full disk well.
    content = io.BytesIO()
    with h5py.File(content, "w") as store:
        store.attrs["format"] = _CACHE_FORMAT
        store.attrs["recipe"] = json.dumps(recipe._asdict())
        store.attrs["recipe_hash"] = recipe.hash
        # A dataset, because an attribute holds no more than 64 kB.
        store["sources"] = json.dumps(sources)
        for name, array in pairs._asdict().items():
            _save_array(store, name, array)
    with atomic_path(path) as temporary:
        # Not getbuffer: Python 3.12.1 crashes when a failed write leaves that to the
        # garbage collector.
        temporary.write_bytes(content.getvalue())


def _save_array(store, name, array):
    chunks = (min(len(array), 512),) + array.shape[1:]
    # With checksums, so that a damaged file is noticed.
    store.create_dataset(name, data=array, chunks=chunks, fletcher32=True)


def load_pairs(path, recipe=None, source_sums=None):
    """Read what `save_pairs` wrote.

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
    import h5py

    try:
        with h5py.File(str(path), "r") as store:
            if store.attrs["format"] != _CACHE_FORMAT:
                raise KeyError("format")
            made_by = _recipe_of(store)
            sources = [value for _, value in json.loads(store["sources"][()])]
            pairs = Pairs(store["low_res"][...], store["high_res"][...])
    except (OSError, RuntimeError, KeyError, TypeError, ValueError):
        raise UserError(f"{path}: not a readable file of sub-images") from None
    if recipe is not None and made_by.hash != recipe.hash:
        raise UserError(
            f"{path}: made by another recipe, {_difference(made_by, recipe)}"
        )
    if source_sums is not None and sources != list(source_sums):
        raise UserError(f"{path}: made from other images")
    return pairs


def _recipe_of(store):
    return Recipe(**json.loads(store.attrs["recipe"]))


def _difference(made_by, wanted):
    pairs = zip(made_by._asdict().items(), wanted)
    knobs = [
        f"{key} {have} instead of {want}"
        for (key, have), want in pairs
        if have != want and key != "name"
    ]
    return ", ".join(knobs)


# What the command line prints


def print_check(data_dir, as_json=False):
    """Print the result of `check`; returns the exit status, 1 if something is amiss."""
    result = check(data_dir)
    print(json.dumps(result.as_dict(), indent=2) if as_json else result)
    return 0 if result.ok else 1


def print_prepare(data_dir, protocol, scale=4, as_json=False):
    """Fill the cache for all sets by a protocol's recipe, and print the counts."""
    recipe = make_recipe(protocol, scale)
    sets = {}
    for name in SETS:
        pairs = prepare(data_dir, name, recipe)
        sets[name] = {
            "images": len(image_paths(data_dir, name)),
            "sub_images": len(pairs.low_res),
            "cache": str(cache_path(name, recipe)),
        }
    if as_json:
        about = dict(recipe._asdict(), hash=recipe.hash)
        print(json.dumps({"recipe": about, "sets": sets}, indent=2))
        return
    print(f"sub-images by the recipe {protocol} (x{scale}, {recipe.hash})")
    for name, one in sets.items():
        print(
            "  {:<6} {images:>3} images {sub_images:>7,} sub-images  {cache}".format(
                name, **one
            )
        )
