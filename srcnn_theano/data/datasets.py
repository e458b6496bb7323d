"""Image sets: where T91, Set5 and Set14 are, and whether they are the right ones; and
the images in any folder.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import textwrap
import warnings
from pathlib import Path
from typing import Any, Callable, Mapping, NamedTuple, Sequence

from srcnn_theano.data.images import pictures_below
from srcnn_theano.errors import UserError
from srcnn_theano.files import PathLike, json_text, require_folder, sha256
from srcnn_theano.streams import say

TEST_SETS = ("Set5", "Set14")
SETS = ("T91", *TEST_SETS)
GET_DATA = "srcnn-theano data get --from DIR|ZIP|URL... --data DIR"


@functools.lru_cache(maxsize=1)
def manifest() -> dict[str, dict[str, dict[str, Any]]]:
    """What is known of all files: {set: {name: facts}}.

    Facts are ``bytes`` and ``sha256`` of the file, and of the image ``mode`` (of
    Pillow), ``size`` (columns, rows) and ``pixels``, see `pixels_sha256`.
    """
    text = Path(__file__).with_name("manifest.json").read_text(encoding="utf-8")
    return json.loads(text)


def named_data_dir(option: PathLike | None = None) -> Path:
    """The folder for T91, Set5 and Set14: `option`, else the variable SRCNN_DATA.

    Raises
    ------
    UserError
        Neither names a folder.
    """
    name = option or os.environ.get("SRCNN_DATA")
    if not name:
        raise UserError(
            f"no image sets: name the folder that holds {', '.join(SETS)} with --data "
            f"DIR or the variable SRCNN_DATA (to get them: {GET_DATA})"
        )
    return Path(name).expanduser()


def find_data_dir(option: PathLike | None = None) -> Path:
    """The folder of `named_data_dir`, if it exists.

    Raises
    ------
    UserError
        No folder is named, or there is none.
    """
    folder = named_data_dir(option)
    source = "--data" if option else "SRCNN_DATA"
    cure = f"name the folder that holds {', '.join(SETS)}"
    require_folder(folder, f"{source} ", cure)
    return folder


# --- Checking ---


class SetCheck(NamedTuple):
    """The files of one image set: how many are right, and the names of the others."""

    name: str
    n_expected: int
    n_found: int  # files with the right content
    missing: list[str]
    wrong: list[str]  # files whose content differs

    @property
    def ok(self) -> bool:
        return self.n_found == self.n_expected

    def __str__(self) -> str:
        counts = f"{self.n_found:>3} of {self.n_expected:>2}"
        line = f"  {self.name:<6} {counts} files verified by SHA-256"
        if self.ok:
            return line
        lines = [line + ":"]
        for word, names in (("missing", self.missing), ("wrong", self.wrong)):
            if names:
                text = f"{word}: {', '.join(names)}"
                lines += textwrap.wrap(
                    text, 88, initial_indent=" " * 9, subsequent_indent=" " * 11
                )
        return "\n".join(lines)


class DataCheck(NamedTuple):
    """The result of `check`; `str` of it is the report to print."""

    data_dir: str
    sets: list[SetCheck]

    @property
    def ok(self) -> bool:
        return all(image_set.ok for image_set in self.sets)

    def as_dict(self) -> dict[str, Any]:
        sets = [dict(image_set._asdict(), ok=image_set.ok) for image_set in self.sets]
        return {"data_dir": self.data_dir, "ok": self.ok, "sets": sets}

    def __str__(self) -> str:
        lines = [f"image sets in {self.data_dir}", *map(str, self.sets)]
        if not self.ok:
            lines.append(f"  to get the right files: {GET_DATA}")
        return "\n".join(lines)


def check(data_dir: PathLike) -> DataCheck:
    """Compare the files of the three sets with the manifest.

    Returns
    -------
    DataCheck
    """
    return DataCheck(str(data_dir), [_check_set(data_dir, name) for name in SETS])


def _check_set(data_dir: PathLike, name: str) -> SetCheck:
    missing, wrong = [], []
    files = manifest()[name]
    for file_name, facts in files.items():
        path = Path(data_dir) / name / file_name
        if not path.is_file():
            missing.append(file_name)
        elif not is_right(path, facts):
            wrong.append(file_name)
    n_right = len(files) - len(missing) - len(wrong)
    return SetCheck(name, len(files), n_right, missing, wrong)


def is_right(path: Path, facts: Mapping[str, Any]) -> bool:
    """Whether a file is a set's own, or a lossless copy with the same pixels."""
    if not path.is_file():
        return False
    if path.stat().st_size == facts["bytes"] and sha256(path) == facts["sha256"]:
        return True
    return pixels_sha256(path, [facts["size"]]) == facts["pixels"]


def file_sha256(path: Path) -> str:
    """SHA-256 of an image in the folder of its set, or of the file it is a copy of."""
    digest = sha256(path)
    facts = manifest().get(path.parent.name, {}).get(path.name)
    known = facts and facts["sha256"] != digest and is_right(path, facts)
    return facts["sha256"] if facts and known else digest


def pixels_sha256(path: Path, sizes: Sequence[Sequence[int]]) -> str | None:
    """SHA-256 of the 8-bit RGB values of an image, row by row; grey is replicated.

    None for what is no image of one of the `sizes` (columns, rows): it is not decoded.
    """
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with Image.open(path) as image:
                if list(image.size) not in [list(size) for size in sizes]:
                    return None
                if image.mode in ("LA", "RGBA", "PA"):
                    # What shows through is another image than it seems.
                    if image.getchannel("A").getextrema() != (255, 255):
                        return None
                elif image.mode not in ("1", "L", "RGB", "P"):
                    return None
                return hashlib.sha256(image.convert("RGB").tobytes()).hexdigest()
        except Exception:  # Pillow raises many kinds on damaged files
            return None


def print_check(data_dir: PathLike, as_json: bool = False) -> int:
    """Print the result of `check`; returns the exit status, 1 if something is amiss."""
    result = check(data_dir)
    print(json_text(result.as_dict()) if as_json else result)
    return 0 if result.ok else 1


# --- Files of a set, and of a folder ---


def image_paths(data_dir: PathLike, name: str) -> list[Path]:
    """The files of a set, sorted by name (t1, t10, t11, ..., t2, ...).

    Raises
    ------
    UserError
        `name` is no set, or a file is missing.
    """
    if name not in SETS:
        raise UserError(f"no image set is called {name!r}; there are {', '.join(SETS)}")
    require_sets(data_dir, [name])
    return _paths(data_dir, name)


def require_sets(data_dir: PathLike, names: Sequence[str] = SETS) -> None:
    """Refuse a folder that lacks files of some sets, and name all of them.

    Raises
    ------
    UserError
        A file is missing.
    """
    lacking = []
    for name in names:
        paths = _paths(data_dir, name)
        missing = [path.name for path in paths if not path.is_file()]
        if missing:
            lacking.append(
                f"{Path(data_dir) / name}: {len(missing)} of {len(paths)} images of "
                f"{name} are missing ({', '.join(missing)})"
            )
    if lacking:
        raise UserError(f"{'; '.join(lacking)}; to get them: {GET_DATA}")


def _paths(data_dir: PathLike, name: str) -> list[Path]:
    return [Path(data_dir) / name / file_name for file_name in sorted(manifest()[name])]


def folder_images(
    folder: PathLike, is_left_out: Callable[[Path], bool] = lambda path: False
) -> list[Path]:
    """The image files in a folder and the folders below it, sorted by path.

    Parameters
    ----------
    folder : path
    is_left_out : as in `images.pictures_below`

    Raises
    ------
    UserError
        There is no such folder, or no image in it.
    """
    require_folder(folder, cure="name a folder of images")
    found = pictures_below(Path(folder), is_left_out)
    for line in found.passed_over(Path(folder)) + found.unreadable:
        say(f"warning: {line}")
    paths = sorted(found.pictures)
    if not paths:
        raise UserError(
            f"{folder}: no images in this folder; it should hold files such as .png, "
            ".bmp, .jpg or .tif"
        )
    return paths
