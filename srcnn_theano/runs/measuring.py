"""A run's figures: on sub-images, on whole images, and in the features of VGG16."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Mapping

import numpy as np

from srcnn_theano.data import cache, datasets
from srcnn_theano.data.datasets import TEST_SETS
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.images import (
    feature_distances,
    feature_function,
    score_files,
)
from srcnn_theano.evaluation.protocols import Protocol, make_protocol
from srcnn_theano.evaluation.rule import SCORED, chosen_epochs
from srcnn_theano.evaluation.sub_images import (
    every_aggregation,
    score_features,
    score_network,
)
from srcnn_theano.experiments import find_experiment
from srcnn_theano.files import sha256
from srcnn_theano.inference import Predictor, build_predictor
from srcnn_theano.runs.run import BEST, Run
from srcnn_theano.runs.validation import errors_file, read_errors
from srcnn_theano.training.history import read_history
from srcnn_theano.vgg16_weights import VGG16Weights
from srcnn_theano.weights import Weights, load_weights, trained_epochs


def measure(run: Run, data_dir: Path) -> dict[str, Any]:
    """Figures of a trained network: under its row's protocol, and under `standard`.

    Returns
    -------
    dict
        ``{"n_epochs": trained, "sub_images": {set: {"ours": {aggregation: dB},
        "bicubic": ...}}, "images": {protocol: {"scores": {set: [one for each image ...,
        mean]}}}}``; the sub-images are cut by the recipe of the row's protocol.
        ``"rule"`` is what `_by_rule` gives.
        Rows that need VGG16 have ``{"vgg": {set: {aggregation: dB}}}`` besides, and
        every network that the row itself trains, with VGG16, what `measure_features`
        gives as ``"relu2_2"``.
    """
    experiment, scale = run.experiment, run.experiment.training.scale
    # A row may measure the network of another row with other options (batch norm).
    weights = _network_of(run)._replace(options=experiment.options)
    network = build_predictor(weights)
    results = {
        "experiment": experiment.name,
        "n_epochs": trained_epochs(run.network, weights),
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
    rule = _by_rule(run)
    if rule:
        results["rule"] = rule
    if run.vgg is not None and experiment.needs_vgg:
        results["vgg"] = _score_in_vgg_space(run, run.vgg, weights, data_dir)
        best = _best_network(run, rule)
        if best is not None:
            best = best._replace(options=experiment.options)
            rule["best_validation"]["vgg"] = _score_in_vgg_space(
                run, run.vgg, best, data_dir
            )
    if run.vgg is not None and experiment.trains:
        features = feature_function(run.vgg)
        results["relu2_2"] = measure_features(
            {"network": network}, scale, data_dir, run.vgg, features
        )["network"]
    return results


def _by_rule(run: Run) -> dict[str, Any]:
    """Figures on sub-images at the epochs that can be said to count.

    Returns
    -------
    dict
        ``{choice: {"epoch": ..., "iteration": ..., "set5": dB, "set14": dB,
        "sub_images": {set: {aggregation: dB}}}}`` for each choice of
        `rule.chosen_epochs`; the first two figures are the history's, in minibatches of
        the row's batch size. ``sub_images`` is there where the run has kept the errors.
        Empty where the history has no such figures, or where the row measures with
        other options than those that they were computed with.
    """
    experiment, folder = run.experiment, run.network.parent
    trained = find_experiment(experiment.trained_by) if not experiment.trains else None
    if trained is not None and trained.options != experiment.options:
        return {}
    if not (folder / "history.csv").exists():
        return {}
    history = read_history(folder / "history.csv")[: experiment.measure.n_epochs]
    size = experiment.training.batch_size
    rule: dict[str, Any] = {}
    for choice, epoch in chosen_epochs(history, size).items():
        row = history[epoch - 1]
        rule[choice] = {
            "epoch": epoch,
            "iteration": int(row["iteration"]),
            **{name: float(row[f"{name}_batch{size}"]) for name in SCORED},
        }
        if errors_file(folder, epoch).exists():
            rule[choice]["sub_images"] = {
                name: every_aggregation(mse, run.protocol, size)
                for name, mse in read_errors(folder, epoch).items()
            }
    return rule


def _best_network(run: Run, rule: Mapping[str, Any]) -> Weights | None:
    """The network of the best validation, if the rule's epoch is the one kept."""
    path = run.network.parent / BEST
    if not rule or not path.exists():
        return None
    weights = load_weights(path)
    is_it = trained_epochs(path, weights) == rule["best_validation"]["epoch"]
    return weights if is_it else None


def _network_of(run: Run) -> Weights:
    weights = load_weights(run.network)
    # Files of earlier versions do not say which training they are of.
    identity = weights.about.get("identity", run.experiment.training.identity)
    if identity != run.experiment.training.identity:
        raise UserError(
            f"{run.network}: the network of a training with other settings than those "
            f"of {run.experiment.name}; train {run.experiment.trained_by} again, or "
            "choose another --runs folder"
        )
    return weights


def _score_sub_images(
    run: Run, weights: Weights, data_dir: Path, test_set: str
) -> dict[str, Any]:
    """The network and bicubic on sub-images of a set, by every aggregation."""
    recipe = run.scored_recipe
    enlarged = pairs = cache.prepare(data_dir, test_set, recipe)
    if not recipe.enlarged:
        enlarged = cache.prepare(data_dir, test_set, recipe._replace(enlarged=True))
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
        pairs = cache.prepare(data_dir, name, run.scored_recipe)
        scores[name] = score_features(
            weights, pairs, run.protocol, vgg, run.experiment.training
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
