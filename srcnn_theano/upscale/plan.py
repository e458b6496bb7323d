"""Which pictures are upscaled, and where each goes; refusals before the work."""

from __future__ import annotations

import hashlib
import itertools
import os
from pathlib import Path
from typing import Callable, Container, NamedTuple, Sequence

from srcnn_theano.data.images import FORMATS, IMAGE_SUFFIXES, QUALITY, pictures_below
from srcnn_theano.errors import UserError
from srcnn_theano.files import check_target, kind_at

_READ = " ".join(sorted(IMAGE_SUFFIXES))
_WRITTEN = " ".join(sorted(FORMATS))
_MOST_NAME_BYTES = 255  # of Linux's file systems


class Job(NamedTuple):
    """A picture file, and the file for the enlarged picture."""

    source: Path
    target: Path


class Naming(NamedTuple):
    """How results in a folder are called, and how they are written."""

    format: str | None = None  # a suffix such as ".jpg"; None keeps that of the source
    suffix: str = ""  # goes between the name and the suffix of the format
    quality: int | None = None  # of JPEG and WebP


class Plan(NamedTuple):
    """What there is to do, and what was passed over in folders."""

    jobs: list[Job]
    passed_over: list[str]  # a line for each kind of thing that is no picture
    unreadable: list[str]  # folders that cannot be looked into
    in_folder: bool = True  # whether results go into a folder, not into a file by name


def plan(
    inputs: Sequence[Path],
    out: Path,
    naming: Naming | None = None,
    is_result: Callable[[Path], bool] = lambda path: False,
) -> Plan:
    """Find the pictures, and where each goes.

    A single file goes to the file `out`, in the format of its suffix, or into the
    folder `out` under its own name. Several files, and folders, go into the folder
    `out`; folders are searched to all depths and their structure is kept. Within a
    folder a picture keeps its format unless `naming` says another, except formats that
    cannot be written, and GIF, which cannot hold the new colours: these become PNG. Of
    two pictures whose results would have one name, a.gif and a.png, that whose format
    changes keeps the old suffix in its name, too: a.gif.png, or a.gif-2.png. Results of
    before that lie in a folder with what they were made of are not enlarged again,
    unless they are named and no result takes their place.

    Parameters
    ----------
    inputs : sequence of paths
    out : path
        An existing folder or a name without suffix is a folder.
    naming : Naming or None
    is_result : function of a path
        Whether a file was made by this program, in the folder `out`.

    Raises
    ------
    UserError
        An input that is not there, or neither a file nor a folder; a folder without
        pictures; an output that is not a folder where one is needed, that two pictures
        would share, that is an input, or where something else than a file is; options
        that do not fit the output.
    """
    naming = _checked(naming or Naming())
    kinds = [_kind_of_input(path) for path in inputs]
    if kinds == ["a file"] and _is_file_name(out):
        _check_naming_of_file(out, naming)
        result = Plan([Job(inputs[0], out)], [], [], in_folder=False)
    else:
        _check_folder(out)
        result = Plan([], [], [])
        for path in inputs:
            _add_jobs(result, path, out, naming, is_result)
    jobs = _without_remade(result.jobs, is_result)
    result = result._replace(jobs=_check_targets(jobs))
    _check_quality(result.jobs, naming)
    return result


# --- Options ---


def _checked(naming: Naming) -> Naming:
    if naming.quality is not None and not 1 <= naming.quality <= 100:
        raise UserError(f"--quality {naming.quality}: must be 1 to 100")
    if os.sep in naming.suffix or not naming.suffix.isprintable():
        raise UserError(
            f"--suffix {naming.suffix}: becomes a part of file names; leave out "
            f"{os.sep}, line breaks and what steers a terminal"
        )
    if naming.format is None:
        return naming
    format_ = "." + naming.format.lower().lstrip(".")
    if format_ not in FORMATS:
        raise UserError(
            f"--format {naming.format}: no format that can be written; use one of "
            f"{_WRITTEN}"
        )
    return naming._replace(format=format_)


def _check_naming_of_file(out: Path, naming: Naming) -> None:
    if naming.suffix:
        raise UserError(
            f"--suffix {naming.suffix} --out {out}: the file has a name already; leave "
            "one out, or name a folder"
        )
    if naming.format and FORMATS[naming.format] != FORMATS[out.suffix.lower()]:
        raise UserError(
            f"--format {naming.format} --out {out}: two formats; leave --format out, "
            "or name a folder"
        )


def _check_quality(jobs: Sequence[Job], naming: Naming) -> None:
    names = {FORMATS[job.target.suffix.lower()].name for job in jobs}
    if naming.quality is not None and jobs and not names & set(QUALITY):
        raise UserError(
            f"--quality {naming.quality}: is for JPEG and WebP, and nothing is written "
            "as these; leave it out, or add --format jpg"
        )


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
    if out.suffix.lower() not in FORMATS:
        raise UserError(
            f"--out {out}: {out.suffix} is no format that can be written; use one of "
            f"{_WRITTEN}, or the name of a folder"
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


# --- Pictures and their results ---


def _add_jobs(
    result: Plan,
    path: Path,
    out: Path,
    naming: Naming,
    is_result: Callable[[Path], bool],
) -> None:
    if kind_at(path) == "a file":
        result.jobs.append(Job(path, out / _name_in_folder(Path(path.name), naming)))
        return
    found = pictures_below(path, lambda folder: _real(folder) == _real(out))
    if not found.pictures and not found.unreadable:
        raise UserError(f"{path}: no pictures in this folder ({_READ})")
    result.passed_over.extend(found.passed_over(path, takes_files=True))
    result.unreadable.extend(found.unreadable)
    sources = [source for source in found.pictures if not is_result(source)]
    if found.pictures and not sources:
        raise UserError(
            f"{path}: no pictures in this folder but results of before; to enlarge "
            "these again, choose another --out"
        )
    for source in sources:
        name = _name_in_folder(source.relative_to(path), naming)
        result.jobs.append(Job(source, out / name))


def _name_in_folder(path: Path, naming: Naming) -> Path:
    suffix = path.suffix.lower()
    keeps = suffix in FORMATS and suffix != ".gif"
    format_ = path.suffix if keeps else ".png"
    if naming.format and (not keeps or FORMATS[suffix] != FORMATS[naming.format]):
        format_ = naming.format
    return path.with_name(shortened(path.stem, naming.suffix + format_))


def shortened(stem: str, end: str) -> str:
    """``stem + end``; if that is too long, less of the stem, and a mark of all of it.

    By the mark names stay different that differ in what is left out.
    """
    if len(os.fsencode(stem + end)) <= _MOST_NAME_BYTES:
        return stem + end
    end = "~" + hashlib.sha256(os.fsencode(stem)).hexdigest()[:8] + end
    stem = stem[:_MOST_NAME_BYTES]
    while stem and len(os.fsencode(stem + end)) > _MOST_NAME_BYTES:
        stem = stem[:-1]
    return stem + end


def _with_free_name(job: Job, taken: Container[str]) -> Job:
    """The job, its target with the old suffix, and with a number if need be."""
    target = job.target
    end = target.name[len(target.stem) :]
    for number in itertools.count(1):
        old = job.source.suffix + (f"-{number}" if number > 1 else "")
        free = target.with_name(shortened(target.stem, old + end))
        if _real(free) not in taken:
            break
    return job._replace(target=free)


def _without_remade(
    jobs: Sequence[Job], is_result: Callable[[Path], bool]
) -> list[Job]:
    """The jobs less those of results that others are going to make again."""
    makers = {_real(job.target): _real(job.source) for job in jobs}
    return [
        job
        for job in jobs
        if makers.get(_real(job.source), _real(job.source)) == _real(job.source)
        or not is_result(job.source)
    ]


def _check_targets(jobs: Sequence[Job]) -> list[Job]:
    """The jobs, with results of one name told apart where that can be."""
    # No result takes the place of one of these.
    taken = {_real(job.source): "" for job in jobs}
    # Those that keep their formats keep their names.
    changing = [job.source.suffix.lower() != job.target.suffix.lower() for job in jobs]
    checked = list(jobs)
    for number in sorted(range(len(jobs)), key=lambda n: changing[n]):
        job = jobs[number]
        if changing[number] and _real(job.target) in taken:
            job = checked[number] = _with_free_name(job, taken)
        check_target(job.target)
        target = _real(job.target)
        if target in taken and not taken[target]:
            raise UserError(
                f"--out: {job.target} would be overwritten by a result; choose another "
                "folder or name"
            )
        if target in taken:
            raise UserError(
                f"--out: {taken[target]} and {job.source} would both become "
                f"{job.target}; upscale them one by one"
            )
        taken[target] = str(job.source)
    return checked


def _real(path: Path) -> str:
    """The path without links; as Path.resolve, but a circle of links is no error."""
    return os.path.realpath(path)
