"""What a worker of a cluster does for one run: it trains, and sends what it makes.

The run itself is a process of its own, `srcnn-theano train NAME --resume`, in a folder
that only this job has. State, all that a run needs to go on, lies in a variable of the
scheduler, so that it outlives the worker.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import signal
import time
import zipfile
from functools import partial
from pathlib import Path
from typing import Iterable, Mapping, NamedTuple

from srcnn_theano import shipped
from srcnn_theano.cluster.worker import awaited, kept, last_line, process
from srcnn_theano.data import datasets
from srcnn_theano.files import atomic_path
from srcnn_theano.record import data_checksums
from srcnn_theano.runs.side_by_side import command_of
from srcnn_theano.scratch import remove_stale, scratch_folder

_POLL = 0.5  # seconds between two looks at the run
# The files of runs that travel: NAME/history.csv, NAME/errors/20.h5.
_NAME = re.compile(r"[\w.-]*\w/(errors/)?\w[\w.-]*\.(h5|json|csv)", re.ASCII)
_ERRORS = "/errors/"


class Job(NamedTuple):
    """A run as it is sent to a worker.

    Attributes
    ----------
    session : str
        Names this call of the command: variables and queues begin with it.
    name, row : str
        Of the run's folder, and of the row.
    seed : int
    device : str
        'cpu' or 'gpu'.
    checksums : dict of str to str
        Of the image sets, see `record.data_checksums`.
    vgg : str or None
        The checksum of VGG16's file.
    """

    session: str
    name: str
    row: str
    seed: int
    device: str
    checksums: dict[str, str]
    vgg: str | None = None


def work(job: Job) -> str:
    """Carry out a job on a worker of `distributed`.

    Returns
    -------
    str
        Empty, or why the run failed.
    """
    from distributed import Queue, Variable, get_client

    client = get_client()
    state = Variable(f"{job.session}-{job.name}", client)
    news = Queue(f"{job.session}-news", client)
    stop = Variable(f"{job.session}-stop", client)
    remove_stale()
    with scratch_folder() as scratch:
        runs_dir = scratch / "runs"
        runs_dir.mkdir()
        unpack(state.get(), runs_dir)
        vgg = kept(job.vgg) if job.vgg else None
        data_dir = awaited(partial(_found_data, job.checksums), "image sets")
        words = command_of(job.row, job.seed, data_dir, runs_dir, vgg)
        words += ["--device", job.device]
        sent: dict[str, float] = {}

        def send() -> None:
            lasting, errors = _packed(runs_dir, sent)
            if errors:
                news.put((job.name, errors))
            if lasting:
                state.set(lasting)
                news.put((job.name, b""))

        with (scratch / "log.txt").open("w+b") as log, process(
            words, log, scratch
        ) as run:
            while run.poll() is None:
                time.sleep(_POLL)
                if stop.get():
                    run.send_signal(signal.SIGINT)
                    run.wait()
                send()
            send()
            reason = last_line(log)
    return reason if run.returncode else ""


def _packed(runs_dir: Path, sent: dict[str, float]) -> tuple[bytes, bytes]:
    """Archives of what a run goes on from or ends with, and of new errors.

    Each is empty where nothing is new. Errors are looked for after the checkpoint has
    been packed: so all are there that belong to the epochs which it has behind it.
    """
    lasting, _ = _files(runs_dir)
    packed = pack(runs_dir, lasting) if _changed(lasting, sent) else b""
    errors = _changed(_files(runs_dir)[1], sent)
    return packed, pack(runs_dir, errors) if errors else b""


def _changed(paths: Iterable[Path], sent: dict[str, float]) -> list[Path]:
    """The files that are new or others since they were sent; they count as sent."""
    changed = []
    for path in paths:
        time_of_change = path.stat().st_mtime
        if sent.get(str(path)) != time_of_change:
            sent[str(path)] = time_of_change
            changed.append(path)
    return changed


def _files(runs_dir: Path) -> tuple[list[Path], list[Path]]:
    """The small files that a run goes on from or ends with; errors of its epochs."""
    lasting: list[Path] = []
    errors: list[Path] = []
    for path in sorted(runs_dir.rglob("*")):
        if path.is_file() and _travels(path, runs_dir):
            (errors if _ERRORS in path.as_posix() else lasting).append(path)
    return lasting, errors


# --- Files on their way ---


def _travels(path: Path, runs_dir: Path) -> bool:
    return bool(_NAME.fullmatch(path.relative_to(runs_dir).as_posix()))


def pack(folder: Path, paths: Iterable[Path]) -> bytes:
    """The files below a folder as the bytes of a zip archive."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in paths:
            archive.write(path, path.relative_to(folder).as_posix())
    return stream.getvalue()


def unpack(content: bytes, folder: Path, only: str = "") -> None:
    """Write the files of such an archive, each whole or not at all.

    Parameters
    ----------
    content : bytes
        Empty for no file.
    folder : Path
    only : str
        The name of a run: files of others are left out.
    """
    if not content:
        return
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for name in archive.namelist():
            if _NAME.fullmatch(name) and name.startswith(only and only + "/"):
                with atomic_path(folder / name) as temporary:
                    temporary.write_bytes(archive.read(name))


# --- Image sets ---


def has_data(checksums: Mapping[str, str]) -> bool:
    """Whether a worker has the very image sets, for the client to ask before jobs."""
    return _found_data(checksums) is not None


def _found_data(checksums: Mapping[str, str]) -> Path | None:
    """A folder with the very image sets: the worker's own, or one that was sent."""
    for folder in (os.environ.get("SRCNN_DATA"), _sent_data(checksums)):
        with contextlib.suppress(Exception):
            if folder and data_checksums(Path(folder)) == dict(checksums):
                return Path(folder)
    return None


def _sent_data(checksums: Mapping[str, str]) -> Path:
    return shipped.cache_dir() / f"sets-{checksums[datasets.SETS[0]][:10]}"


def receive_data(content: bytes, checksums: Mapping[str, str]) -> None:
    """Keep image sets that were sent, for this and later jobs."""
    folder = _sent_data(checksums)
    known = datasets.manifest()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for set_name in datasets.SETS:
            for file_name in known[set_name]:
                with atomic_path(folder / set_name / file_name) as temporary:
                    temporary.write_bytes(archive.read(f"{set_name}/{file_name}"))
