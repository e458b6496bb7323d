"""``srcnn-theano upscale``: files and folders of pictures, one after another."""

from __future__ import annotations

import concurrent.futures
from functools import partial
from pathlib import Path
from typing import Any, Iterable, Iterator, NamedTuple, Sequence

from srcnn_theano.data.images import GIB, n_pixels, read_picture
from srcnn_theano.data.images.results import results_in
from srcnn_theano.errors import UserError
from srcnn_theano.files import DiskFull, sha256
from srcnn_theano.progress import Bar
from srcnn_theano.ranges import MEMORY
from srcnn_theano.streams import say
from srcnn_theano.upscale.picture import check_scale, load_upscaler, upscale_picture
from srcnn_theano.upscale.plan import Job, Naming, plan
from srcnn_theano.upscale.remote import enlarged
from srcnn_theano.upscale.resume import Made
from srcnn_theano.weights import load_for_scale, weights_path

# Larger pictures are read when their turn comes: two of them would fill the memory.
_MOST_PIXELS_AHEAD = 30_000_000


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
    naming: Naming | None = None,
    memory: float = MEMORY,
    scheduler: str | None = None,
) -> Summary:
    """Enlarge picture files and folders of them.

    Parameters
    ----------
    inputs, out, naming : as in `plan.plan`
    scale, weights, model, tta : as in `picture.load_upscaler`
    resume : bool
        Pass over pictures whose output exists and was made from the same file by the
        same network with the same options (see `resume`).
    progress : bool
        Show progress bars on stderr.
    memory : float
        GiB that the program may take. A picture that needs more is refused.
    scheduler : str or None
        Address of a cluster whose workers enlarge the pictures; they are written here.

    Returns
    -------
    Summary
        A picture that cannot be read or written does not stop the others.

    Raises
    ------
    UserError
        As in `plan.plan` and `picture.load_upscaler`; then nothing has been written.
    """
    check_scale(scale)
    naming = naming or Naming()
    sources, is_result = [Path(path) for path in inputs], results_in(Path(out))
    planned = plan(sources, Path(out), naming, is_result)
    for line in planned.passed_over:
        say(f"warning: {line}")
    summary = Summary([], [], list(planned.unreadable), [])
    made, jobs = None, planned.jobs
    # A single result gets no hidden file beside it that nobody has asked for.
    if planned.in_folder or resume:
        network = sha256(weights_path(scale, weights, model))
        folder = Path(out) if planned.in_folder else Path(out).parent
        made = Made(folder, _maker(scale, network, tta, naming))
    if made and resume:
        summary.skipped.extend(job.target for job in jobs if made.is_done(job))
        jobs = [job for job in jobs if job.target not in set(summary.skipped)]
    if jobs:
        options = _Options(scale, tta, naming.quality, int(memory * GIB))
        done = _enlarged(jobs, options, weights, model, progress, scheduler)
        _note(done, jobs, summary, made, progress)
    return summary


class _Options(NamedTuple):
    scale: int
    tta: bool
    quality: int | None
    memory: int  # bytes


def _maker(scale: int, network: str, tta: bool, naming: Naming) -> dict[str, Any]:
    """What makes the pixels and the file of a result."""
    return {"scale": scale, "network": network, "tta": tta, "quality": naming.quality}


class _Pictures:
    """The pictures of jobs, each read while the one before it is enlarged."""

    def __init__(self, reader: Any, jobs: Sequence[Job], most_memory: int) -> None:
        self.jobs = jobs
        self._reader = reader
        self._read = partial(read_picture, most_memory=most_memory)
        self._ahead: Any = None
        self._read_ahead(0)

    def __iter__(self) -> Iterator[tuple[Job, Any]]:
        """Jobs, each with a function that gives its picture or raises its error."""
        for number, job in enumerate(self.jobs):
            ahead, self._ahead = self._ahead, None
            if ahead is not None:
                concurrent.futures.wait([ahead])
            self._read_ahead(number + 1)
            yield job, ahead.result if ahead else partial(self._read, job.source)

    def _read_ahead(self, number: int) -> None:
        if number < len(self.jobs):
            source = self.jobs[number].source
            n = n_pixels(source)
            if n is not None and n <= _MOST_PIXELS_AHEAD:
                self._ahead = self._reader.submit(self._read, source)


def _enlarged(
    jobs: Sequence[Job],
    options: _Options,
    weights: str | Path | None,
    model: str | None,
    progress: bool,
    scheduler: str | None,
) -> Iterator[tuple[Job, UserError | None]]:
    """Enlarge and write all pictures; each with the error that it has met."""
    if scheduler:
        path, _ = load_for_scale(options.scale, weights, model)
        yield from enlarged(scheduler, jobs, path, options._asdict())
        return
    quality, most = options.quality, options.memory
    with concurrent.futures.ThreadPoolExecutor(1) as reader:
        pictures = _Pictures(reader, jobs, most)  # the first is read from now on
        upscaler = load_upscaler(options.scale, weights, model, options.tta)
        leave = len(jobs) == 1
        for job, read in pictures:
            error = None
            try:
                upscale_picture(upscaler, read, job, progress, leave, quality, most)
            except UserError as refused:
                error = refused
            except MemoryError:
                error = UserError(
                    f"{job.source}: too large for the memory that is left; cut it into "
                    "pieces"
                )
            yield job, error


def _note(
    done: Iterable[tuple[Job, UserError | None]],
    jobs: Sequence[Job],
    summary: Summary,
    made: Made | None,
    progress: bool,
) -> None:
    """Note in the summary what became of pictures, until the disk is full."""
    tried = set()
    bar = Bar(
        done,
        total=len(jobs),
        unit="picture",
        disable=not (progress and len(jobs) > 1),
    )
    for job, error in bar:
        tried.add(job)
        if error is None:
            summary.written.append(job.target)
            if made:
                made.add(job)
            continue
        summary.failed.append(str(error))
        if isinstance(error, DiskFull):
            summary.not_tried.extend(j.target for j in jobs if j not in tried)
            bar.close()
            break


def _pictures(n: int) -> str:
    return "1 picture" if n == 1 else f"{n} pictures"
