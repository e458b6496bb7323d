"""A run's training: the trainer that is compiled for it, and the network it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, Mapping

import numpy as np

from srcnn_theano.data.patches import Pairs
from srcnn_theano.evaluation.metrics import aggregate
from srcnn_theano.evaluation.sub_images import compared_pairs, sub_image_errors
from srcnn_theano.models import model_for_pairs
from srcnn_theano.runs.run import Run, snapshot_name
from srcnn_theano.training.settings import Training
from srcnn_theano.weights import Weights, save_weights

if TYPE_CHECKING:
    from srcnn_theano.training.trainer import Trainer


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

    sets = {
        name: compared_pairs(pairs, copy, training.window)
        for name, pairs in validation_sets.items()
    }

    def validate() -> dict[str, float]:
        copy.set_values(model.get_values())
        return {
            f"{name}_psnr": aggregate(
                sub_image_errors(errors, pairs, training.batch_size),
                "patch",
            )
            for name, pairs in sets.items()
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
        "window": training.window,
    }
    weights = Weights(training.model, run.experiment.options, model.get_values(), about)
    save_weights(run.folder / file_name, weights)
