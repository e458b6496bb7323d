"""Pictures enlarged by the workers of a cluster: ``upscale --scheduler ADDRESS``."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Sequence

from srcnn_theano.cluster.pictures import Answer, on_cluster
from srcnn_theano.data.images import read_picture
from srcnn_theano.errors import UserError
from srcnn_theano.files import atomic_path
from srcnn_theano.streams import say
from srcnn_theano.upscale.picture import load_upscaler, upscale_picture
from srcnn_theano.upscale.plan import Job


def enlarged(
    address: str, jobs: Sequence[Job], network: Path, settings: Mapping[str, Any]
) -> Iterator[tuple[Job, UserError | None]]:
    """Have pictures enlarged, and write them here.

    Parameters
    ----------
    address : str
        Of the scheduler.
    jobs : sequence of Job
    network : path
        A weight file.
    settings : dict
        ``scale``, ``tta``, ``quality`` and ``memory`` (bytes).

    Yields
    ------
    (Job, UserError or None)
        In no order, a picture that has been written, or why it has not.

    Raises
    ------
    UserError
        As `cluster.client.connected`.
    """
    for number, answer in on_cluster(address, __name__, jobs, network, settings):
        try:
            _write(jobs[number].target, answer)
        except UserError as error:
            yield jobs[number], error
        else:
            yield jobs[number], None


def _write(target: Path, answer: Answer) -> None:
    for line in answer.said.splitlines():
        say(line)
    if answer.error:
        raise UserError(answer.error)
    with atomic_path(target) as temporary:
        temporary.write_bytes(answer.content or b"")


def prepare(network: Path, settings: Mapping[str, Any]) -> Callable[[Path, Path], None]:
    """What enlarges a picture into a file, on a worker."""
    upscaler = load_upscaler(settings["scale"], network, tta=settings["tta"])
    quality, most_memory = settings["quality"], settings["memory"]

    def enlarge(source: Path, target: Path) -> None:
        read = partial(read_picture, source, most_memory=most_memory)
        job = Job(source, target)
        upscale_picture(upscaler, read, job, False, False, quality, most_memory)

    return enlarge
