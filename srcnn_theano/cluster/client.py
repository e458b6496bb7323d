"""The side that has the work: a scheduler, its workers, what these need, their jobs.

The scheduler and its workers are those of Dask (dask.distributed). It gives the job of
a worker that is lost to another.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator

from srcnn_theano import __version__
from srcnn_theano.cluster import worker
from srcnn_theano.errors import UserError
from srcnn_theano.files import sha256

_CONNECT = 20  # seconds until a scheduler is given up
# Of others Dask leaves threads behind that keep the process from its end.
_ADDRESS = re.compile(r"((tcp|tls|ws|wss)://)?[\w.:\[\]-]+:\d+", re.ASCII)


@contextlib.contextmanager
def connected(address: str) -> Iterator[Any]:
    """A client of the scheduler, for a block.

    Parameters
    ----------
    address : str
        Such as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    UserError
        Dask is not installed; no scheduler answers; it has no workers, or some that
        have another version of this package.
    """
    client = _connect(address)
    try:
        for name, version in client.run(worker.version).items():
            if version != __version__:
                raise UserError(
                    f"worker {name}: has srcnn_theano {version}, here is "
                    f"{__version__}; install the same everywhere"
                )
        yield client
    finally:
        client.close()


def slots(address: str) -> int:
    """How many runs a cluster carries out at a time, as `connected` checks it."""
    with connected(address) as client:
        return sum(client.nthreads().values())


def _connect(address: str) -> Any:
    try:
        from distributed import Client
    except ImportError as error:
        raise UserError(
            "--scheduler: Dask is not installed; `pip install 'srcnn-theano[cluster]'` "
            "installs it"
        ) from error
    if not _ADDRESS.fullmatch(address):
        raise UserError(
            f"--scheduler {address}: is no address such as tcp://10.0.0.1:8786; "
            "`dask scheduler` prints its own"
        )
    try:
        client = Client(address, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise UserError(
            f"--scheduler {address}: no scheduler answers there ({error}); start one "
            "with `dask scheduler`, it prints its address"
        ) from error
    if not client.nthreads():
        client.close()
        raise UserError(
            f"--scheduler {address}: it has no workers; start some with `dask worker "
            f"{address}`"
        )
    return client


class Supplies:
    """What jobs need besides themselves, sent once to each worker that lacks it.

    Parameters
    ----------
    client : Client of distributed
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._things: list[tuple[Callable, Callable, Callable[[], bytes], Any]] = []
        self._supplied: set[str] = set()

    def add(
        self,
        has: Callable[[Any], bool],
        receive: Callable[[bytes, Any], None],
        read: Callable[[], bytes],
        about: Any,
    ) -> None:
        """Add a thing: functions for workers, one that reads it, and what it is."""
        self._things.append((has, receive, read, about))
        self._supplied.clear()

    def add_file(self, path: Path) -> str:
        """Add a file, which `worker.kept` has on workers; returns its checksum."""
        checksum = sha256(path)
        self.add(worker.has, worker.keep, path.read_bytes, checksum)
        return checksum

    def send(self) -> None:
        """Send everything to the workers that have come since the last time."""
        new = sorted(set(self._client.nthreads()) - self._supplied)
        if not new:
            return
        supplied = set(new)
        for has, receive, read, about in self._things:
            supplied &= self._send(new, has, receive, read, about)
        self._supplied |= supplied

    def _send(
        self,
        workers: list[str],
        has: Callable,
        receive: Callable,
        read: Callable[[], bytes],
        about: Any,
    ) -> set[str]:
        """The workers that have it now; not those that are lost meanwhile."""
        asked = self._client.run(has, about, workers=workers, on_error="ignore")
        have = {name for name, answer in asked.items() if answer}
        lacking = sorted(set(asked) - have)
        if lacking:
            sent = self._client.run(
                receive, read(), about, workers=lacking, on_error="ignore"
            )
            have |= set(sent)
        return have


def outcomes(
    running: dict[str, Any],
    next_jobs: Callable[[], Iterable[tuple[str, Any]]],
    meanwhile: Callable[[], None],
) -> Iterator[tuple[str, Any]]:
    """Jobs as they end, until there are no more.

    Parameters
    ----------
    running : dict of str to Future
        Those that are on their way, kept up to date.
    next_jobs : function () -> iterable of (str, Future)
        Submits what can be submitted now.
    meanwhile : function ()
        Is called again and again, and takes its time.

    Yields
    ------
    (str, Future)
        The name of a job, and its future, which is done.
    """
    while True:
        running.update(next_jobs())
        if not running:
            return
        meanwhile()
        for name, future in list(running.items()):
            if future.done():
                del running[name]
                yield name, future


def wait_for(client: Any, futures: Iterable[Any], seconds: float, which: str) -> None:
    """Wait for 'ALL_COMPLETED' or the 'FIRST_COMPLETED' of jobs, but not for longer."""
    from distributed import TimeoutError as NotYet
    from distributed import wait

    with client.as_current(), contextlib.suppress(NotYet, TimeoutError):
        wait(list(futures), timeout=seconds, return_when=which)


def answer_of(future: Any) -> tuple[Any, str]:
    """What a job returned, and why it failed; one of them is None or empty."""
    try:
        return future.result(), ""
    except Exception as error:  # whatever a worker may raise, or its loss
        return None, f"{type(error).__name__}: {error}"
