"""A run: one experiment trained from the data to a weight file, in a folder of its own.

::

    RUNS/NAME/experiment.json   settings, versions, flags, checksums, command
              history.csv       a row per epoch
              checkpoint.h5     everything that moves, after the last finished epoch
              weights.h5        the trained network, once all epochs are done
              weights-20.h5     the network after epoch 20, where a row measures it
              weights-best.h5   the network after the epoch of the lowest cost on Set5
              errors/20.h5      the errors of all sub-images of Set5 and Set14 after it
              results.json      figures under the row's protocol and `standard`
    RUNS/NAME-seed1/            the same from another seed
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence

from srcnn_theano.data import cache, datasets
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.rule import SCORED
from srcnn_theano.experiments.records import Experiment
from srcnn_theano.files import write_json
from srcnn_theano.record import (
    TRAINS_ALIKE,
    command,
    conditions,
    data_checksums,
    read_record,
)
from srcnn_theano.runs.lock import locked
from srcnn_theano.runs.measuring import measure
from srcnn_theano.runs.run import Run, load_vgg, parse_seeds, runs_of_seeds
from srcnn_theano.runs.training import build_trainer, train

__all__ = ["carry_out", "carry_out_seeds", "parse_seeds"]


def carry_out(
    run: Run, data_dir: Path, resume: bool = False, train_only: bool = False
) -> None:
    """Train an experiment, measure the network, leave all in the run folder.

    Parameters
    ----------
    run : Run
        A row that trains no network is only measured; the row that trains it must have
        been run.
    data_dir : Path of the folder with T91, Set5 and Set14
    resume : bool
        Go on from the checkpoint in the run folder; the record says which machine
        trained the epochs until then, if it was another. Where all epochs are done, it
        stays that of the machine that trained, and the network is measured.
    train_only : bool
        Measure nothing: `resume` does it later, on another machine if need be.

    Raises
    ------
    UserError
        The folder holds a run already and `resume` is false; the data are missing; the
        cost is no longer finite; the row that trains the network has not been run;
        another process works in the folder, or has trained there for more epochs.
    """
    with locked(run.folder):
        _carry_out(run, data_dir, resume, train_only)


def _carry_out(run: Run, data_dir: Path, resume: bool, train_only: bool) -> None:
    if run.experiment.trains:
        if not resume and (run.folder / "checkpoint.h5").exists():
            raise UserError(
                f"{run.folder}: holds a run already; use --resume to go on with it, or "
                "another --runs folder"
            )
        train_set = cache.prepare(data_dir, "T91", run.recipe)
        scored = {
            column: cache.prepare(data_dir, name, run.scored_recipe)
            for column, name in zip(SCORED, datasets.TEST_SETS)
        }
        trainer = build_trainer(run, train_set, scored)
        if resume:
            trainer.resume()
            _refuse_fewer(run, trainer.epoch)
        if trainer.epoch < run.experiment.measure.n_epochs:
            record = _record(run, data_dir, trainer.epoch)
            write_json(run.folder / "experiment.json", record)
        train(run, trainer)
    elif run.network.exists():
        write_json(run.folder / "experiment.json", _record(run, data_dir))
    else:
        raise UserError(
            f"{run.experiment.name}: measures the network of "
            f"{run.experiment.trained_by}; train that first"
        )
    if not train_only:
        write_json(run.folder / "results.json", measure(run, data_dir))


def _refuse_fewer(run: Run, n_done: int) -> None:
    """Refuse a training that is longer than asked for: its network is of the end."""
    n_epochs = run.experiment.measure.n_epochs
    if n_done > n_epochs:
        raise UserError(
            f"{run.folder}: has been trained for {n_done} epochs, more than the "
            f"{n_epochs} asked for; --epochs {n_done} takes it as it is, another "
            "--runs folder starts anew"
        )


def _record(run: Run, data_dir: Path, n_done: int = 0) -> dict[str, Any]:
    """What a figure needs beside it: settings, versions, flags, checksums, command."""
    checksums, here = data_checksums(data_dir), conditions()
    if run.vgg is not None and run.experiment.needs_vgg:
        checksums["VGG16"] = run.vgg.source_sha256
    return {
        "experiment": {**run.experiment.flat(), "snapshots": run.snapshots},
        "protocol": {"name": run.protocol.name, "hash": run.protocol.hash},
        "recipe": {**run.recipe._asdict(), "hash": run.recipe.hash},
        "command": command(run.experiment),
        **here,
        "trains_alike": TRAINS_ALIKE,
        "data": checksums,
        **_earlier(run.folder / "experiment.json", n_done, here),
    }


def _earlier(path: Path, n_done: int, here: dict[str, Any]) -> dict[str, Any]:
    """Who trained the epochs that are done: `earlier`, if it was not done `here`.

    A list of conditions, the oldest first, each with `epochs`, the last one it trained.
    """
    if n_done == 0 or not path.exists():
        return {}
    before = read_record(path)
    parts = before.get("earlier", [])
    # Only a record of a card has "accelerators".
    then = {n: before[n] for n in (*here, "accelerators") if n in before}
    if then != here:
        parts = [*parts, {"epochs": n_done, **then}]
    return {"earlier": parts} if parts else {}


def carry_out_seeds(
    experiment: Experiment,
    seeds: Sequence[int] | None,
    data_dir: Path,
    runs_dir: Path,
    vgg: str | Path | None = None,
    resume: bool = False,
    train_only: bool = False,
) -> None:
    """`carry_out` for each of the seeds, or for the experiment's own."""
    runs = runs_of_seeds(experiment, runs_dir, seeds)
    vgg16 = load_vgg(vgg, experiment.needs_vgg)
    for run in runs:
        carry_out(run._replace(vgg=vgg16), data_dir, resume, train_only)
        print(f"the run is in {run.folder}")
