"""``srcnn-theano upscale``: files and folders of pictures, one after another."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Sequence

from srcnn_theano.errors import UserError
from srcnn_theano.files import DiskFull
from srcnn_theano.progress import Bar
from srcnn_theano.upscale.picture import check_scale, load_upscaler, upscale_file
from srcnn_theano.upscale.plan import plan


class Summary(NamedTuple):
    """How it went with the pictures that `upscale_paths` was asked for."""

    written: list[Path]
    skipped: list[Path]  # there already, with `resume`
    failed: list[str]  # a message for each, which names the file
    not_tried: list[Path]  # after a full disk

    def __str__(self) -> str:
        text = f"{_pictures(len(self.written))} written"
        if self.skipped:
            text += f", {len(self.skipped)} skipped (already there)"
        if self.failed:
            text += f", {len(self.failed)} failed"
        if self.not_tried:
            text += f", {len(self.not_tried)} not tried"
        return text


def upscale_paths(
    inputs: Sequence[str | Path],
    scale: int,
    out: str | Path,
    weights: str | Path | None = None,
    model: str | None = None,
    tta: bool = False,
    resume: bool = False,
    progress: bool = True,
) -> Summary:
    """Enlarge picture files and folders of them.

    Parameters
    ----------
    inputs, out : paths, as in `plan.plan`
    scale, weights, model, tta : as in `picture.load_upscaler`
    resume : bool
        Pass over pictures whose output exists (outputs appear in one piece, so that an
        output which exists is complete).
    progress : bool
        Show progress bars on stderr.

    Returns
    -------
    Summary
        A picture that cannot be read or written does not stop the others; a full disk
        does.

    Raises
    ------
    UserError
        As in `plan.plan` and `picture.load_upscaler`; then nothing has been written.
    """
    check_scale(scale)
    jobs = plan([Path(path) for path in inputs], Path(out))
    skipped = [job.target for job in jobs if resume and job.target.exists()]
    jobs = [job for job in jobs if job.target not in skipped]
    summary = Summary([], skipped, [], [])
    if not jobs:
        return summary
    upscaler = load_upscaler(scale, weights, model, tta)
    many = len(jobs) > 1
    bar = Bar(jobs, unit="picture", disable=not (progress and many))
    for n_tried, (source, target) in enumerate(bar, start=1):
        try:
            upscale_file(upscaler, source, target, progress, leave=not many)
            summary.written.append(target)
        except DiskFull as error:
            summary.failed.append(str(error))
            summary.not_tried.extend(job.target for job in jobs[n_tried:])
            bar.close()
            break
        except UserError as error:
            summary.failed.append(str(error))
        except MemoryError:
            summary.failed.append(
                f"{source}: too large for the memory that is left; cut it into pieces"
            )
    return summary


def _pictures(n: int) -> str:
    return "1 picture" if n == 1 else f"{n} pictures"
