"""Many pictures, each for itself: a function of ours applied to them on a cluster.

A worker gets some pictures at a time and applies the function in a process of its own,
so that a picture that ends the process ends no more than that. A worker that sees the
very files by their paths reads them there; to the others they are sent.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import warnings
from collections import deque
from functools import partial
from pathlib import Path
from typing import Any, Iterable, Iterator, Mapping, NamedTuple, Sequence

from srcnn_theano.cluster import worker
from srcnn_theano.cluster.client import (
    Supplies,
    answer_of,
    connected,
    outcomes,
    wait_for,
)
from srcnn_theano.environment import default_device
from srcnn_theano.files import sha256
from srcnn_theano.scratch import remove_stale, scratch_folder

# Of a job: starting its process takes as long as some pictures.
_MOST_PICTURES, _MOST_BYTES = 16, 1 << 25
_POLL = 1.0  # seconds between two looks at jobs
_SAID = "answers.json"
COMMAND = (sys.executable, "-m", "srcnn_theano.cluster.process")


class Answer(NamedTuple):
    """What became of a picture.

    Attributes
    ----------
    value : any
        What the function returned, as JSON knows it.
    content : bytes or None
        The file that it wrote.
    error : str
        Why it failed; empty if it did not.
    said : str
        What it had to say on standard error.
    """

    value: Any = None
    content: bytes | None = None
    error: str = ""
    said: str = ""


class _Sent(NamedTuple):
    """A picture on its way to a worker: paths here, checksum, perhaps the file."""

    name: str  # as the user has it
    source: str
    target: str
    checksum: str
    content: bytes | None


class _Job(NamedTuple):
    module: str
    network: str  # checksum
    settings: dict[str, Any]
    device: str
    pictures: list[_Sent]


def on_cluster(
    address: str,
    module: str,
    pictures: Sequence[tuple[Path, Path]],
    network: Path,
    settings: Mapping[str, Any],
) -> Iterator[tuple[int, Answer]]:
    """Apply a function to pictures on the workers of a cluster.

    Parameters
    ----------
    address : str
        Of the scheduler.
    module : str
        Of this package. Its function ``prepare(network, settings)`` makes the function,
        which takes the paths of a picture and of the file that it may write, and
        returns what JSON knows.
    pictures : sequence of (path, path)
        A file, and the name of what is written; this function writes nothing.
    network : path
        A weight file.
    settings : dict
        As JSON knows them.

    Yields
    ------
    (int, Answer)
        The number of a picture, and what became of it, in no order.

    Raises
    ------
    UserError
        As `client.connected`.
    """
    with connected(address) as client:
        supplies = Supplies(client)
        job = _Job(
            module, supplies.add_file(network), dict(settings), default_device(), []
        )
        supplies.send()
        yield from _Pictures(client, supplies, pictures, job).answers()


class _Pictures:
    """The pictures of one call, and where they are."""

    def __init__(
        self,
        client: Any,
        supplies: Supplies,
        pictures: Sequence[tuple[Path, Path]],
        job: _Job,
    ) -> None:
        self._client, self._supplies, self._job = client, supplies, job
        self._pictures = pictures
        self._waiting = deque(_batches(pictures, self._n_threads()))
        self._sent: dict[str, list[int]] = {}
        self._running: dict[str, Any] = {}
        self._n_jobs = 0
        self._with_files = False

    def answers(self) -> Iterator[tuple[int, Answer]]:
        for key, future in outcomes(self._running, self._next_jobs, self._wait):
            numbers = self._sent.pop(key)
            answers, error = answer_of(future)
            if error:
                names = [self._pictures[number][0] for number in numbers]
                answers = [Answer(error=f"{name}: {error}") for name in names]
            if answers is None:  # the worker does not see the files
                self._with_files = True
                self._waiting.appendleft(numbers)
                continue
            yield from zip(numbers, answers)

    def _n_threads(self) -> int:
        return max(1, sum(self._client.nthreads().values()))

    def _next_jobs(self) -> Iterable[tuple[str, Any]]:
        """Two for each thread: files that wait for longer would fill the memory."""
        while self._waiting and len(self._running) < 2 * self._n_threads():
            numbers = self._waiting.popleft()
            pictures = [self._packed(*self._pictures[number]) for number in numbers]
            self._n_jobs += 1
            key = f"srcnn-pictures-{os.getpid()}-{id(self)}-{self._n_jobs}"
            self._sent[key] = numbers
            with warnings.catch_warnings():  # files are large
                warnings.simplefilter("ignore", UserWarning)
                future = self._client.submit(
                    work, self._job._replace(pictures=pictures), key=key, pure=False
                )
            yield key, future

    def _packed(self, source: Path, target: Path) -> _Sent:
        content, checksum = None, ""
        with contextlib.suppress(OSError):  # the worker says it
            if self._with_files:
                content = source.read_bytes()
            else:
                checksum = sha256(source)
        return _Sent(
            str(source), str(source.absolute()), str(target), checksum, content
        )

    def _wait(self) -> None:
        self._supplies.send()
        wait_for(self._client, self._running.values(), _POLL, "FIRST_COMPLETED")


def _batches(
    pictures: Sequence[tuple[Path, Path]], n_threads: int
) -> Iterator[list[int]]:
    """Numbers of pictures for a job each: several for each thread, none too large."""
    most = min(_MOST_PICTURES, max(1, len(pictures) // (2 * n_threads)))
    batch: list[int] = []
    n_bytes = 0
    for number, (source, _) in enumerate(pictures):
        size = 0
        with contextlib.suppress(OSError):
            size = source.stat().st_size
        if batch and (len(batch) == most or n_bytes + size > _MOST_BYTES):
            yield batch
            batch, n_bytes = [], 0
        batch.append(number)
        n_bytes += size
    if batch:
        yield batch


# --- On a worker ---


def work(job: _Job) -> list[Answer] | None:
    """Apply the function to the pictures of a job.

    Returns
    -------
    list of Answer, or None
        None if the worker does not see the files, and they were not sent.
    """
    network = worker.kept(job.network)
    remove_stale()
    with scratch_folder() as folder:
        sources = [
            _source(picture, folder / f"in-{number}")
            for number, picture in enumerate(job.pictures)
        ]
        if None in sources:
            return None
        pairs = [
            (str(source), str(folder / f"out-{number}" / Path(picture.target).name))
            for number, (source, picture) in enumerate(zip(sources, job.pictures))
        ]
        apply = partial(_answers_of_process, job, network, folder)
        answers: list[Answer] = []
        while len(answers) < len(pairs):
            answers += apply(pairs[len(answers) :])
        return [
            _with_names(answer, pair, picture)
            for answer, pair, picture in zip(answers, pairs, job.pictures)
        ]


def _source(picture: _Sent, folder: Path) -> Path | None:
    path = Path(picture.source)
    if picture.content is not None:
        folder.mkdir()
        (folder / path.name).write_bytes(picture.content)
        return folder / path.name
    with contextlib.suppress(OSError):
        if picture.checksum and sha256(path) == picture.checksum:
            return path
    return None if picture.checksum else path


def _answers_of_process(
    job: _Job, network: Path, folder: Path, pairs: Sequence[tuple[str, str]]
) -> list[Answer]:
    """The answers that a process gives, one at least: it may end in between."""
    told = folder / _SAID
    told.unlink(missing_ok=True)
    words = [job.module, str(network), json.dumps(job.settings), str(told)]
    words += [name for pair in pairs for name in pair]
    with (folder / "log.txt").open("w+b") as log:
        with worker.process(
            [*COMMAND, *words], log, folder, SRCNN_DEVICE=job.device
        ) as run:
            status = run.wait()
        lines = told.read_text("utf-8").splitlines() if told.is_file() else []
        answers = [Answer(*json.loads(line)) for line in lines]
        if len(answers) < len(pairs):
            why = f"ended by signal {-status}" if status < 0 else worker.last_line(log)
            answers.append(Answer(error=f"{pairs[len(answers)][0]}: {why}"))
    return answers


def _with_names(answer: Answer, pair: tuple[str, str], picture: _Sent) -> Answer:
    """The answer with the file that was written, and names that the client knows."""
    source, target = pair
    content = None
    if not answer.error and Path(target).is_file():
        content = Path(target).read_bytes()

    def known(text: str) -> str:
        return text.replace(target, picture.target).replace(source, picture.name)

    return Answer(answer.value, content, known(answer.error), known(answer.said))
