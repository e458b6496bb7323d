"""Runs on the workers of a cluster: `srcnn-theano reproduce --scheduler ADDRESS`.

The scheduler and its workers are those of Dask (dask.distributed). What a worker makes
comes back after each epoch; a run whose worker is lost goes on from there elsewhere.
"""

from __future__ import annotations

import contextlib
import uuid
from functools import partial
from pathlib import Path
from typing import Any, Iterator, Sequence

from srcnn_theano.cluster.client import (
    Supplies,
    answer_of,
    connected,
    outcomes,
    wait_for,
)
from srcnn_theano.data import datasets
from srcnn_theano.errors import UserError
from srcnn_theano.files import check_target_folder
from srcnn_theano.progress import Bar, say_above
from srcnn_theano.record import data_checksums
from srcnn_theano.runs.plan import Planned, take_ready
from srcnn_theano.runs.side_by_side import Settings
from srcnn_theano.runs.worker import Job, has_data, pack, receive_data, unpack, work
from srcnn_theano.vgg16_weights import find_vgg16

_POLL = 1.0
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
        As `cluster.client.connected`.
    """
    with connected(address) as client:
        checksums = data_checksums(settings.data_dir)
        with _Cluster(client, settings, checksums) as cluster:
            return cluster.run(planned)


def _pack_sets(data_dir: Path) -> bytes:
    paths = [p for name in datasets.SETS for p in datasets.image_paths(data_dir, name)]
    return pack(data_dir, paths)


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
        # A client is told of some workers only.
        self.has_gpu = client.run_on_scheduler(
            lambda dask_scheduler: any(
                "gpu" in worker.resources for worker in dask_scheduler.workers.values()
            )
        )
        self.supplies = Supplies(client)
        read = partial(_pack_sets, settings.data_dir)
        self.supplies.add(has_data, receive_data, read, checksums)
        self.vgg: str | None = None

    def __enter__(self) -> _Cluster:
        return self

    def __exit__(self, *exception: Any) -> None:
        if self.futures:  # interrupted: each leaves its last epoch
            self.stop.set(True)
            with contextlib.suppress(Exception):
                wait_for(self.client, self.futures.values(), 30, "ALL_COMPLETED")
                self._receive()
        for variable in (*self.states.values(), self.stop, self.news):
            variable.close() if variable is self.news else variable.delete()

    def run(self, planned: Sequence[Planned]) -> dict[str, str]:
        waiting, failed = list(planned), {}  # type: list[Planned], dict[str, str]
        if any(plan.run.experiment.needs_vgg for plan in planned):
            self.vgg = self.supplies.add_file(find_vgg16(self.settings.vgg))
        self.supplies.send()

        def next_jobs() -> Iterator[tuple[str, Any]]:
            for plan in take_ready(waiting, self.futures, failed):
                try:  # a folder that cannot be made stops no other run
                    check_target_folder(plan.run.folder)
                except UserError as error:
                    failed[plan.name] = str(error)
                    say_above(f"{plan.name}: failed, {error}")
                    continue
                yield plan.name, self._send(plan)

        def meanwhile() -> None:
            self.supplies.send()
            self._receive()

        with Bar(total=len(planned), unit="run", disable=None, desc="all runs") as bar:
            for name, future in outcomes(self.futures, next_jobs, meanwhile):
                self._receive(name)
                answer, error = answer_of(future)
                reason = answer or error
                if reason:
                    failed[name] = reason
                say_above(f"{name}: {'failed, ' + reason if reason else 'done'}")
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
            self.vgg if experiment.needs_vgg else None,
        )
        return self.client.submit(
            work,
            job,
            key=f"{self.session}-{plan.name}",
            pure=False,
            resources={"gpu": 1} if on_gpu else None,
        )

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
