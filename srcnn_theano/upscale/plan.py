"""Which pictures are upscaled, and where each goes; refusals before the work."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple, Sequence

from srcnn_theano.data.images import IMAGE_SUFFIXES
from srcnn_theano.errors import UserError
from srcnn_theano.files import check_target, kind_at

_SUFFIXES = " ".join(sorted(IMAGE_SUFFIXES))


class Job(NamedTuple):
    """A picture file, and the file for the enlarged picture."""

    source: Path
    target: Path


def plan(inputs: Sequence[Path], out: Path) -> list[Job]:
    """Find the pictures, and where each goes.

    A single file goes to the file `out`, in the format of its suffix, or into the
    folder `out` under its own name. Several files, and folders, go into the folder
    `out`; folders are searched to all depths, their structure is kept, and files
    without the suffix of a picture are passed over. Within a folder a picture keeps its
    format, except GIF, which cannot hold the new colours and becomes PNG.

    Parameters
    ----------
    inputs : sequence of paths
    out : path
        An existing folder or a name without suffix is a folder.

    Raises
    ------
    UserError
        An input that is not there, or neither a file nor a folder; a folder without
        pictures; an output that is not a folder where one is needed, that two pictures
        would share, that is an input, or where something else than a file is.
    """
    kinds = [_kind_of_input(path) for path in inputs]
    if kinds == ["a file"] and _is_file_name(out):
        jobs = [Job(inputs[0], out)]
    else:
        _check_folder(out)
        jobs = [job for path in inputs for job in _jobs_of(path, out)]
    _check_targets(jobs)
    return jobs


def _kind_of_input(path: Path) -> str:
    kind = kind_at(path)
    if not kind:
        raise UserError(f"{path}: no such file or folder")
    if kind not in ("a file", "a folder"):
        raise UserError(f"{path}: is {kind}; name picture files or folders")
    return kind


def _is_file_name(out: Path) -> bool:
    if kind_at(out) == "a folder" or not out.suffix:
        return False
    if out.suffix.lower() not in IMAGE_SUFFIXES:
        raise UserError(
            f"--out {out}: {out.suffix} is no format that can be written; use one of "
            f"{_SUFFIXES}, or the name of a folder"
        )
    return True


def _check_folder(out: Path) -> None:
    kind = kind_at(out)
    if kind not in ("", "a folder"):
        raise UserError(
            f"--out {out}: {kind}; several pictures, or a folder of them, need a folder"
        )
    if not kind and out.suffix.lower() in IMAGE_SUFFIXES:
        raise UserError(
            f"--out {out}: the name of a picture; several pictures, or a folder of "
            "them, need a folder"
        )


def _jobs_of(path: Path, out: Path) -> list[Job]:
    if kind_at(path) == "a file":
        return [Job(path, out / _name_in_folder(Path(path.name)))]
    sources = _pictures_below(path, out)
    if not sources:
        raise UserError(f"{path}: no pictures in this folder ({_SUFFIXES})")
    return [Job(s, out / _name_in_folder(s.relative_to(path))) for s in sources]


def _pictures_below(folder: Path, out: Path) -> list[Path]:
    """Files with the suffix of a picture, except hidden files and those in `out`."""
    pictures: list[Path] = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and not _same(Path(root, name), out)
        )
        pictures += [
            Path(root, name)
            for name in sorted(names)
            if not name.startswith(".") and Path(name).suffix.lower() in IMAGE_SUFFIXES
        ]
    return pictures


def _name_in_folder(path: Path) -> Path:
    suffix = path.suffix.lower()
    keeps = suffix in IMAGE_SUFFIXES and suffix != ".gif"
    return path if keeps else path.with_suffix(".png")


def _check_targets(jobs: Sequence[Job]) -> None:
    sources = {_real(job.source) for job in jobs}
    sources_by_target: dict[str, Path] = {}
    for job in jobs:
        check_target(job.target)
        target = _real(job.target)
        if target in sources:
            raise UserError(
                f"--out: {job.target} would be overwritten by a result; choose another "
                "folder or name"
            )
        if target in sources_by_target:
            raise UserError(
                f"--out: {sources_by_target[target]} and {job.source} would both "
                f"become {job.target}; upscale them one by one"
            )
        sources_by_target[target] = job.source


def _same(path: Path, other: Path) -> bool:
    return _real(path) == _real(other)


def _real(path: Path) -> str:
    """The path without links; as Path.resolve, but a circle of links is no error."""
    return os.path.realpath(path)
