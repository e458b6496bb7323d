"""A run: one experiment trained from the data to a weight file, in a folder of its own.

::

    RUNS/NAME/experiment.json   settings, versions, flags, checksums, command
              history.csv       a row per epoch
              checkpoint.h5     everything that moves, after the last finished epoch
              weights.h5        the trained network, once all epochs are done
              weights-20.h5     the network after epoch 20, where a row measures it
              results.json      figures under the row's protocol and `standard`
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, Mapping, NamedTuple

import numpy as np

from srcnn_theano.data import cache, datasets
from srcnn_theano.data.patches import Pairs, Recipe, make_recipe
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.images import (
    feature_distances,
    feature_function,
    score_files,
)
from srcnn_theano.evaluation.metrics import aggregate
from srcnn_theano.evaluation.protocols import Protocol, make_protocol
from srcnn_theano.evaluation.sub_images import (
    score_features,
    score_network,
    sub_image_errors,
)
from srcnn_theano.experiments import EXPERIMENTS, snapshots
from srcnn_theano.experiments.records import Experiment
from srcnn_theano.files import read_json, sha256, write_json
from srcnn_theano.inference import Predictor, build_predictor
from srcnn_theano.models import model_for_pairs
from srcnn_theano.models.options import OPTIONS
from srcnn_theano.record import command, conditions, data_checksums
from srcnn_theano.training.settings import Training
from srcnn_theano.vgg16_weights import VGG16Weights, find_vgg16, load_vgg16
from srcnn_theano.weights import Weights, load_weights, save_weights

if TYPE_CHECKING:
    from srcnn_theano.training.trainer import Trainer

TEST_SETS = ("Set5", "Set14")


class Run(NamedTuple):
    """All that is settled before an experiment is trained and measured.

    Attributes
    ----------
    experiment : Experiment
        With the length and the seed of this run.
    protocol : Protocol
        That the experiment is trained and measured under, at its scale.
    recipe : Recipe
        How the sub-images are made.
    vgg : VGG16Weights or None
        None where there is no file and the experiment needs none.
    runs_dir : Path
        The folder of this run and of those whose networks it measures.
    snapshots : tuple of int
        The epochs after which the network is kept.
    """

    experiment: Experiment
    protocol: Protocol
    recipe: Recipe
    vgg: VGG16Weights | None
    runs_dir: Path
    snapshots: tuple[int, ...]

    @property
    def folder(self) -> Path:
        return self.runs_dir / self.experiment.name

    @property
    def network(self) -> Path:
        """The weight file that is measured."""
        return network_file(self.experiment, self.runs_dir)


def make_run(
    experiment: Experiment, runs_dir: Path, vgg: str | Path | None = None
) -> Run:
    """Settle what a run needs.

    Parameters
    ----------
    experiment : Experiment
    runs_dir : Path
    vgg : path or None
        VGG16, see `vgg16_weights.find_vgg16`.

    Raises
    ------
    UserError
        The experiment needs VGG16, or a file is named, and it cannot be had.
    """
    return Run(
        experiment,
        make_protocol(experiment.training.protocol, experiment.training.scale),
        training_recipe(experiment.training),
        _find_vgg(experiment, vgg),
        Path(runs_dir),
        snapshots(experiment.name),
    )


def training_recipe(training: Training) -> Recipe:
    """How the sub-images are made that a network is trained and measured on."""
    recipe = make_recipe(training.protocol, training.scale)
    upscales = OPTIONS[training.model].upscales
    return recipe._replace(enlarged=not upscales, **training.recipe)


def _find_vgg(experiment: Experiment, path: str | Path | None) -> VGG16Weights | None:
    try:
        file = find_vgg16(path)
    except UserError:
        if path or os.environ.get("SRCNN_VGG16") or experiment.needs_vgg:
            raise
        return None
    return load_vgg16(file)


def network_file(experiment: Experiment, runs_dir: Path) -> Path:
    """Where the network that an experiment measures is, or will be."""
    n_epochs = experiment.measure.n_epochs
    kept = not experiment.trains and n_epochs in snapshots(experiment.trained_by)
    name = snapshot_name(n_epochs) if kept else "weights.h5"
    return runs_dir / experiment.trained_by / name


def snapshot_name(epoch: int) -> str:
    """File name of a network that is kept before the end."""
    return f"weights-{epoch}.h5"


# --- From the data to the results ---


def carry_out(run: Run, data_dir: Path, resume: bool = False) -> None:
    """Train an experiment, measure the network, leave all in the run folder.

    Parameters
    ----------
    run : Run
        A row that trains no network is only measured; the row that trains it must have
        been run.
    data_dir : Path of the folder with T91, Set5 and Set14
    resume : bool
        Go on from the checkpoint in the run folder.

    Raises
    ------
    UserError
        The folder holds a run already and `resume` is false; the data are missing; the
        cost is no longer finite; the row that trains the network has not been run.
    """
    if run.experiment.trains:
        if not resume and (run.folder / "checkpoint.h5").exists():
            raise UserError(
                f"{run.folder}: holds a run already; use --resume to go on with it, or "
                "another --runs folder"
            )
        train_set, set5 = (
            cache.prepare(data_dir, name, run.recipe) for name in ("T91", "Set5")
        )
        trainer = build_trainer(run, train_set, {"set5": set5})
        if resume:
            trainer.resume()
        write_json(run.folder / "experiment.json", _record(run, data_dir))
        train(run, trainer)
    elif run.network.exists():
        write_json(run.folder / "experiment.json", _record(run, data_dir))
    else:
        raise UserError(
            f"{run.experiment.name}: measures the network of "
            f"{run.experiment.trained_by}; train that first"
        )
    write_json(run.folder / "results.json", measure(run, data_dir))


def _record(run: Run, data_dir: Path) -> dict[str, Any]:
    """What a figure needs beside it: settings, versions, flags, checksums, command."""
    checksums = data_checksums(data_dir)
    if run.vgg is not None and run.experiment.needs_vgg:
        checksums["VGG16"] = run.vgg.source_sha256
    return {
        "experiment": {**run.experiment.flat(), "snapshots": run.snapshots},
        "protocol": {"name": run.protocol.name, "hash": run.protocol.hash},
        "recipe": {**run.recipe._asdict(), "hash": run.recipe.hash},
        "command": command(run.experiment),
        **conditions(),
        "data": checksums,
    }


def reproduce_table(
    table: str, data_dir: Path, runs_dir: Path, vgg: str | Path | None = None
) -> None:
    """Train and measure every row of a table that has no result in `runs_dir` yet.

    Networks that its rows share with other tables are trained first. Interrupted runs
    go on from their checkpoints.

    Parameters
    ----------
    table : str
        One of `experiments.TABLES`.
    data_dir, runs_dir : Path
    vgg : path or None
        As in `make_run`.
    """
    rows = [row for row in EXPERIMENTS.values() if row.row.table == table]
    shared = {row.trained_by for row in rows} - {row.name for row in rows}
    experiments = [EXPERIMENTS[name] for name in sorted(shared)] + rows
    # What is missing shows before hours of training.
    runs = [make_run(experiment, runs_dir, vgg) for experiment in experiments]
    for run in runs:
        if _is_done(run):
            print(f"{run.experiment.name}: done")
            continue
        print(f"{run.experiment.name}: {run.experiment.measure.n_epochs} epochs")
        carry_out(run, data_dir, resume=True)


def _is_done(run: Run) -> bool:
    path = run.folder / "results.json"
    if not path.exists():
        return False
    results = read_json(path)
    return results["n_epochs"] >= run.experiment.measure.n_epochs


# --- Training ---


def build_trainer(
    run: Run, train_set: Pairs, validation_sets: Mapping[str, Pairs]
) -> Trainer:
    """Compile all that a training needs.

    Parameters
    ----------
    run : Run
    train_set : Pairs, made by the run's recipe
    validation_sets : dict of str to Pairs
        Each gives the history a column: the mean PSNR of its sub-images.
    """
    from srcnn_theano.training.step import build_step
    from srcnn_theano.training.trainer import Trainer

    training = run.experiment.compiled
    step = build_step(training, train_set, run.vgg)

    def keep(epoch: int) -> None:
        if epoch in run.snapshots:
            _save_network(run, snapshot_name(epoch), step.model, epoch)

    return Trainer(
        step,
        training.seed,
        training.decay,
        _validation(training, step.model, train_set, validation_sets),
        run.folder,
        run.experiment.training.identity,
        keep,
    )


def _validation(
    training: Training,
    model: Any,
    train_set: Pairs,
    validation_sets: Mapping[str, Pairs],
) -> Callable[[], dict[str, float]]:
    from srcnn_theano.training.functions import error_function

    # The training graph has its batch size built in.
    rng = np.random.RandomState(0)
    copy = model_for_pairs(training.model, training.options, train_set, rng)
    errors = error_function(copy)

    def validate() -> dict[str, float]:
        copy.set_values(model.get_values())
        return {
            f"{name}_psnr": aggregate(
                sub_image_errors(errors, pairs, model.margin, training.batch_size),
                "patch",
            )
            for name, pairs in validation_sets.items()
        }

    return validate


def train(run: Run, trainer: Trainer) -> None:
    """Train to the end and write the trained network."""
    trainer.run(run.experiment.measure.n_epochs)
    _save_network(run, "weights.h5", trainer.step.model, trainer.epoch)


def _save_network(run: Run, file_name: str, model: Any, n_epochs: int) -> None:
    """Write the network with where it comes from."""
    training = run.experiment.training
    about = {
        "experiment": run.experiment.name,
        "protocol": training.protocol,
        "scale": training.scale,
        "n_epochs": n_epochs,
    }
    weights = Weights(training.model, run.experiment.options, model.get_values(), about)
    save_weights(run.folder / file_name, weights)


# --- Measuring ---


def measure(run: Run, data_dir: Path) -> dict[str, Any]:
    """Figures of a trained network: under its row's protocol, and under `standard`.

    Returns
    -------
    dict
        ``{"n_epochs": trained, "sub_images": {set: {"ours": {aggregation: dB},
        "bicubic": ...}}, "images": {protocol: {"scores": {set: [one for each image ...,
        mean]}}}}``; the sub-images are cut by the recipe of the row's protocol.
        Rows that need VGG16 have ``{"vgg": {set: {aggregation: dB}}}`` besides, and
        every network that the row itself trains, with VGG16, what `measure_features`
        gives as ``"relu2_2"``.
    """
    experiment, scale = run.experiment, run.experiment.training.scale
    # A row may measure the network of another row with other options (batch norm).
    weights = load_weights(run.network)._replace(options=experiment.options)
    network = build_predictor(weights)
    results = {
        "experiment": experiment.name,
        "n_epochs": weights.about["n_epochs"],
        "weights_sha256": sha256(run.network),
        "protocol": {"name": run.protocol.name, "hash": run.protocol.hash},
        "sub_images": {
            name: _score_sub_images(run, weights, data_dir, name) for name in TEST_SETS
        },
        "images": {
            name: _score_images(network, make_protocol(name, scale), data_dir)
            for name in ("standard", "standard-rgb")
        },
    }
    if run.vgg is not None and experiment.needs_vgg:
        results["vgg"] = _score_in_vgg_space(run, run.vgg, weights, data_dir)
    if run.vgg is not None and experiment.trains:
        features = feature_function(run.vgg)
        results["relu2_2"] = measure_features(
            {"network": network}, scale, data_dir, run.vgg, features
        )["network"]
    return results


def _score_sub_images(
    run: Run, weights: Weights, data_dir: Path, test_set: str
) -> dict[str, Any]:
    """The network and bicubic on sub-images of a set, by every aggregation."""
    enlarged = pairs = cache.prepare(data_dir, test_set, run.recipe)
    if not run.recipe.enlarged:
        enlarged = cache.prepare(data_dir, test_set, run.recipe._replace(enlarged=True))
    return score_network(
        weights, pairs, enlarged, run.protocol, run.experiment.training.batch_size
    )


def _score_images(
    network: Predictor, protocol: Protocol, data_dir: Path
) -> dict[str, Any]:
    """The network and bicubic on each whole image of the test sets, and their mean."""
    scores = {}
    for name in TEST_SETS:
        of_set = score_files(datasets.image_paths(data_dir, name), protocol, network)
        scores[name] = [score._asdict() for score in of_set]
    return {"hash": protocol.hash, "scores": scores}


def _score_in_vgg_space(
    run: Run, vgg: VGG16Weights, weights: Weights, data_dir: Path
) -> dict[str, Any]:
    """The network on sub-images of the test sets, in the features of VGG16."""
    scores: dict[str, Any] = {"source_sha256": vgg.source_sha256}
    for name in TEST_SETS:
        pairs = cache.prepare(data_dir, name, run.recipe)
        vgg_input = run.experiment.training.vgg_input
        scores[name] = score_features(
            weights, pairs, run.protocol, vgg.values, vgg_input
        )
    return scores


def measure_features(
    networks: Mapping[str, Predictor],
    scale: int,
    data_dir: Path,
    vgg: VGG16Weights,
    features: Callable[[np.ndarray], np.ndarray],
) -> dict[str, dict[str, Any]]:
    """Distances of networks of one scale from the originals in the features of VGG16.

    Parameters
    ----------
    networks : dict of str to inference.Predictor
    scale : int
    data_dir : Path
    vgg : VGG16Weights
    features : function made by `evaluation.images.feature_function` of it

    Returns
    -------
    dict of str to dict
        ``{"hash": of standard-rgb, "preprocessing": ..., "source_sha256": of VGG16,
        "scores": {set: [one for each image ..., mean]}}`` for each network.
    """
    protocol = make_protocol("standard-rgb", scale)
    distances = {
        test_set: feature_distances(
            datasets.image_paths(data_dir, test_set), protocol, networks, features
        )
        for test_set in TEST_SETS
    }
    return {
        name: {
            "hash": protocol.hash,
            "preprocessing": vgg.preprocessing,
            "source_sha256": vgg.source_sha256,
            "scores": {
                test_set: [distance._asdict() for distance in of_set[name]]
                for test_set, of_set in distances.items()
            },
        }
        for name in networks
    }
