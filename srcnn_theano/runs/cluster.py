"""Runs on the workers of a cluster: `srcnn-theano reproduce --scheduler ADDRESS`.

The scheduler and its workers are those of Dask (dask.distributed). What a worker makes
comes back after each epoch; a run whose worker is lost goes on from there elsewhere.
"""

from __future__ import annotations

import contextlib
import re
import uuid
from pathlib import Path
from typing import Any, Sequence

from srcnn_theano import __version__
from srcnn_theano.data import datasets
from srcnn_theano.errors import UserError
from srcnn_theano.progress import Bar, say_above
from srcnn_theano.record import data_checksums
from srcnn_theano.runs.plan import Planned, take_ready
from srcnn_theano.runs.side_by_side import Settings
from srcnn_theano.runs.worker import Job, facts, pack, receive_data, unpack, work
from srcnn_theano.vgg16_weights import find_vgg16

_CONNECT = 20  # seconds until a scheduler is given up
_POLL = 1.0
# Of others Dask leaves threads behind that keep the process from its end.
_ADDRESS = re.compile(r"((tcp|tls|ws|wss)://)?[\w.:\[\]-]+:\d+", re.ASCII)
_KEPT = (".h5", ".json", ".csv")  # what a run goes on from


def run_on_cluster(
    planned: Sequence[Planned], settings: Settings, address: str
) -> dict[str, str]:
    """Do all runs on a cluster; as `side_by_side.run_all`.

    Rows with VGG16 go to workers with the resource ``gpu``, if there are any.

    Parameters
    ----------
    planned, settings
        As there.
    address : str
        Of the scheduler, such as ``tcp://10.0.0.1:8786``.

    Raises
    ------
    UserError
        Dask is not installed; no scheduler answers; it has no workers, or some that
        have another version of this package.
    """
    client = _connect(address)
    try:
        checksums = data_checksums(settings.data_dir)
        _prepare_workers(client, checksums, settings.data_dir)
        with _Cluster(client, settings, checksums) as cluster:
            return cluster.run(planned)
    finally:
        client.close()


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
    if not client.scheduler_info()["workers"]:
        client.close()
        raise UserError(
            f"--scheduler {address}: it has no workers; start some with `dask worker "
            f"{address}`"
        )
    return client


def _prepare_workers(client: Any, checksums: dict[str, str], data_dir: Path) -> None:
    """Compare versions, and send the image sets to whoever has not got them."""
    found = client.run(facts, checksums)
    for worker, known in found.items():
        if known["version"] != __version__:
            raise UserError(
                f"worker {worker}: has srcnn_theano {known['version']}, here is "
                f"{__version__}; install the same everywhere"
            )
    paths = [p for name in datasets.SETS for p in datasets.image_paths(data_dir, name)]
    content = pack(data_dir, paths)
    lacking = [worker for worker, known in found.items() if not known["data"]]
    if lacking:
        client.run(receive_data, content, checksums, workers=lacking)
    # For workers that come later.
    with contextlib.suppress(KeyError):
        client.unpublish_dataset("srcnn-sets")
    client.publish_dataset(**{"srcnn-sets": client.scatter(content, broadcast=True)})


class _Cluster:
    """The jobs of one call, on a cluster that is ready for them."""

    def __init__(self, client: Any, settings: Settings, checksums: dict[str, str]):
        from distributed import Queue, Variable

        self.client, self.settings, self.checksums = client, settings, checksums
        self.session = f"srcnn-{uuid.uuid4().hex[:8]}"
        self.news = Queue(f"{self.session}-news", client)
        self.stop = Variable(f"{self.session}-stop", client)
        self.stop.set(False)
        self.states: dict[str, Any] = {}
        self.futures: dict[str, Any] = {}
        workers = client.scheduler_info()["workers"].values()
        self.has_gpu = any("gpu" in worker.get("resources", {}) for worker in workers)

    def __enter__(self) -> _Cluster:
        return self

    def __exit__(self, *exception: Any) -> None:
        if self.futures:  # interrupted: each leaves its last epoch
            self.stop.set(True)
            with contextlib.suppress(Exception):
                from distributed import wait

                wait(list(self.futures.values()), timeout=30)
                self._receive()
        for variable in (*self.states.values(), self.stop, self.news):
            variable.close() if variable is self.news else variable.delete()

    def run(self, planned: Sequence[Planned]) -> dict[str, str]:
        waiting, failed = list(planned), {}  # type: list[Planned], dict[str, str]
        with Bar(total=len(planned), unit="run", disable=None, desc="all runs") as bar:
            while waiting or self.futures:
                for plan in take_ready(waiting, self.futures, failed):
                    self.futures[plan.name] = self._send(plan)
                self._receive()
                for name, future in list(self.futures.items()):
                    if future.done():
                        del self.futures[name]
                        self._receive(name)
                        reason = self._outcome(future)
                        if reason:
                            failed[name] = reason
                        say_above(
                            f"{name}: {'failed, ' + reason if reason else 'done'}"
                        )
                        bar.update()
        return failed

    def _send(self, plan: Planned) -> Any:
        from distributed import Variable

        runs_dir = self.settings.runs_dir
        names = {plan.name, plan.after} - {""}
        paths = [p for n in sorted(names) for p in (runs_dir / n).glob("*.*")]
        state = Variable(f"{self.session}-{plan.name}", self.client)
        state.set(pack(runs_dir, [p for p in paths if p.suffix in _KEPT]))
        self.states[plan.name] = state
        experiment = plan.run.experiment
        on_gpu = self.has_gpu and bool(experiment.training.vgg_weight)
        job = Job(
            self.session,
            plan.name,
            experiment.name,
            experiment.training.seed,
            "gpu" if on_gpu else "cpu",
            self.checksums,
            self._vgg() if experiment.needs_vgg else None,
        )
        return self.client.submit(
            work,
            job,
            key=f"{self.session}-{plan.name}",
            pure=False,
            resources={"gpu": 1} if on_gpu else None,
        )

    def _vgg(self) -> bytes:
        return Path(find_vgg16(self.settings.vgg)).read_bytes()

    def _receive(self, *finished: str) -> None:
        """Write what workers have made to the folder of runs."""
        from distributed import TimeoutError as NothingNew

        changed = set(finished)
        with contextlib.suppress(NothingNew, TimeoutError):
            while True:
                name, errors = self.news.get(timeout=0 if changed else _POLL)
                unpack(errors, self.settings.runs_dir, only=name)
                changed.add(name)
        for name in changed:
            unpack(self.states[name].get(), self.settings.runs_dir, only=name)

    def _outcome(self, future: Any) -> str:
        """Why a job failed; empty if it did not."""
        try:
            return future.result()
        except Exception as error:  # whatever a worker may raise, or its loss
            return f"{type(error).__name__}: {error}"
