"""Whole pictures of any size and kind through a trained network, tile by tile."""

import os
import sys
from pathlib import Path
from typing import List, NamedTuple

from tqdm import tqdm

from srcnn_theano.data.images import (
    IMAGE_SUFFIXES,
    check_writable,
    read_picture,
    write_picture,
)
from srcnn_theano.data.patches import SCALES
from srcnn_theano.errors import UserError
from srcnn_theano.inference import Upscaler, build_predictor
from srcnn_theano.weights import load_for_scale


def load_upscaler(scale, weights=None, model=None, tta=False):
    """Load a network and compile it for upscaling.

    Parameters
    ----------
    scale : 2, 3 or 4
    weights : path or None
        A weight file; None for a network that the package brings for this scale. An
        SRCNN trained for another scale is used all the same, with a line on stderr.
    model : str or None
        Which of `weights.PICTURE_MODELS` it brings; None for the first.
    tta : bool

    Raises
    ------
    UserError
        Another scale; no such weights, a file that is not one of weights, or one of a
        network that enlarges by another factor.
    """
    _check_scale(scale)
    path, loaded = load_for_scale(scale, weights, model)
    trained_for = loaded.about.get("scale", scale)
    if trained_for != scale:
        print(
            f"warning: {path} was trained for scale {trained_for}, not {scale}; the "
            "picture will be of the right size, but less sharp than it could be",
            file=sys.stderr,
        )
    return Upscaler(build_predictor(loaded), scale, tta)


def _check_scale(scale):
    if scale not in SCALES:
        raise UserError(
            f"--scale {scale}: the scale must be 2, 3 or 4; for larger ones, upscale "
            "the result again"
        )


class Summary(NamedTuple):
    """What became of the pictures that `upscale_paths` was given."""

    written: List[Path]
    skipped: List[Path]  # there already, with `resume`
    failed: List[str]  # a message for each, which names the file

    def __str__(self):
        text = f"{_pictures(len(self.written))} written"
        if self.skipped:
            text += f", {len(self.skipped)} skipped (already there)"
        if self.failed:
            text += f", {len(self.failed)} failed"
        return text


def upscale_paths(
    inputs,
    scale,
    out,
    weights=None,
    model=None,
    tta=False,
    resume=False,
    progress=True,
):
    """Enlarge picture files and folders of them.

    A single file goes to the file `out`, in the format of its suffix, or into the
    folder `out` under its own name. Several files, and folders, go into the folder
    `out`; folders are searched to all depths, their structure is kept, and files
    without the suffix of a picture are passed over. Within a folder a picture keeps its
    format, except GIF, which cannot hold the new colours and becomes PNG.

    Parameters
    ----------
    inputs : sequence of paths
    scale : 2, 3 or 4
    out : path
        An existing folder or a name without suffix is a folder.
    weights, model, tta : as in `load_upscaler`
    resume : bool
        Pass over pictures whose output exists (outputs appear in one piece, so one that
        exists is complete).
    progress : bool
        Show progress bars on stderr.

    Returns
    -------
    Summary
        A picture that cannot be read or written does not stop the others.

    Raises
    ------
    UserError
        Nothing has been written: no such input or weights, a folder without pictures,
        an output that is not a folder where one is needed, that two pictures would
        share, or that is an input.
    """
    _check_scale(scale)
    jobs = _plan([Path(path) for path in inputs], Path(out))
    skipped = [job.target for job in jobs if resume and job.target.exists()]
    jobs = [job for job in jobs if job.target not in skipped]
    summary = Summary([], skipped, [])
    if not jobs:
        return summary
    upscaler = load_upscaler(scale, weights, model, tta)
    many = len(jobs) > 1
    for job in tqdm(jobs, unit="picture", disable=not (progress and many)):
        try:
            _upscale_file(upscaler, job, progress, leave=not many)
            summary.written.append(job.target)
        except UserError as error:
            summary.failed.append(str(error))
        except MemoryError:
            summary.failed.append(
                f"{job.source}: too large for the memory that is left; cut it into "
                "pieces"
            )
    return summary


def _upscale_file(upscaler, job, progress, leave):
    picture = read_picture(job.source)
    check_writable(job.target, picture)
    with tqdm(
        total=upscaler.n_tiles(picture),
        desc=job.source.name,
        unit="tile",
        leave=leave,
        disable=not progress,
    ) as bar:
        result = upscaler(picture, on_tile=bar.update)
    write_picture(job.target, result)


class _Job(NamedTuple):
    source: Path
    target: Path


def _plan(inputs, out):
    """Which picture goes where; everything that can be refused before the work is."""
    for path in inputs:
        if not path.exists():
            raise UserError(f"{path}: no such file or folder")
    if len(inputs) == 1 and inputs[0].is_file() and _is_file_name(out):
        jobs = [_Job(inputs[0], out)]
    else:
        _check_folder(out)
        jobs = [job for path in inputs for job in _jobs_of(path, out)]
    _check_targets(jobs)
    return jobs


def _is_file_name(out):
    if out.is_dir() or not out.suffix:
        return False
    if out.suffix.lower() not in IMAGE_SUFFIXES:
        raise UserError(
            "--out {}: {} is no format that can be written; use one of {}, or the name "
            "of a folder".format(out, out.suffix, " ".join(sorted(IMAGE_SUFFIXES)))
        )
    return True


def _check_folder(out):
    if out.exists() and not out.is_dir():
        raise UserError(
            f"--out {out}: a file; several pictures, or a folder of them, need a folder"
        )
    if not out.exists() and out.suffix.lower() in IMAGE_SUFFIXES:
        raise UserError(
            f"--out {out}: the name of a picture; several pictures, or a folder of "
            "them, need a folder"
        )


def _jobs_of(path, out):
    if path.is_file():
        return [_Job(path, out / _name_in_folder(Path(path.name)))]
    sources = _pictures_below(path, out)
    if not sources:
        raise UserError(
            "{}: no pictures in this folder ({})".format(
                path, " ".join(sorted(IMAGE_SUFFIXES))
            )
        )
    return [_Job(s, out / _name_in_folder(s.relative_to(path))) for s in sources]


def _pictures_below(folder, out):
    """Files with the suffix of a picture; not hidden ones, nor those in `out`."""
    found = []
    for root, folders, names in os.walk(str(folder)):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and not _same(Path(root, name), out)
        )
        found += [
            Path(root, name)
            for name in sorted(names)
            if not name.startswith(".") and Path(name).suffix.lower() in IMAGE_SUFFIXES
        ]
    return found


def _name_in_folder(path):
    suffix = path.suffix.lower()
    keeps = suffix in IMAGE_SUFFIXES and suffix != ".gif"
    return path if keeps else path.with_suffix(".png")


def _check_targets(jobs):
    sources = {job.source.resolve() for job in jobs}
    sources_by_target = {}
    for job in jobs:
        target = job.target.resolve()
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


def _same(path, other):
    return path.resolve() == other.resolve()


def _pictures(n):
    return "1 picture" if n == 1 else f"{n} pictures"
