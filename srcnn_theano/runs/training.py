"""A run's training: the trainer that is compiled for it, and the network it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Mapping

from srcnn_theano.data.patches import Pairs
from srcnn_theano.evaluation.rule import best_validation
from srcnn_theano.runs.run import BEST, Run, snapshot_name
from srcnn_theano.runs.validation import Validation
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
        Each gives the history columns, see `Validation`.
    """
    from srcnn_theano.training.step import build_step
    from srcnn_theano.training.trainer import Trainer

    training = run.experiment.compiled
    step = build_step(training, train_set, run.vgg)
    validation = Validation(run, step.model, train_set, validation_sets)

    def keep(epoch: int) -> None:
        validation.keep(epoch)
        if epoch in run.snapshots:
            _save_network(run, snapshot_name(epoch), step.model, epoch)
        if best_validation(trainer.history) == epoch:
            _save_network(run, BEST, step.model, epoch)

    trainer = Trainer(
        step,
        training.seed,
        training.decay,
        validation,
        run.folder,
        run.experiment.training.identity,
        keep,
        training.decay_rule,
        training.decay_epochs,
    )
    return trainer


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
        "identity": training.identity,
        "window": training.window,
    }
    weights = Weights(training.model, run.experiment.options, model.get_values(), about)
    save_weights(run.folder / file_name, weights)
