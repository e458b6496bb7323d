"""What is settled before an experiment is trained and measured."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import NamedTuple, Sequence

from srcnn_theano.data.patches import Recipe, make_recipe
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.protocols import Protocol, make_protocol
from srcnn_theano.experiments import snapshots
from srcnn_theano.experiments.records import Experiment
from srcnn_theano.files import check_target_folder
from srcnn_theano.models.options import OPTIONS
from srcnn_theano.ranges import seed as parse_seed
from srcnn_theano.training.settings import Training
from srcnn_theano.vgg16_weights import VGG16Weights, find_vgg16, load_vgg16

# The network after the epoch of the lowest cost on Set5.
BEST = "weights-best.h5"


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
    suffix : str
        What the names of folders end with, for a run beside that of the row's own seed.
    """

    experiment: Experiment
    protocol: Protocol
    recipe: Recipe
    vgg: VGG16Weights | None
    runs_dir: Path
    snapshots: tuple[int, ...]
    suffix: str = ""

    @property
    def folder(self) -> Path:
        return self.runs_dir / (self.experiment.name + self.suffix)

    @property
    def scored_recipe(self) -> Recipe:
        """How the sub-images of Set5 and Set14 are made: from whole images alone."""
        return self.recipe._replace(reductions=(1.0,))

    @property
    def network(self) -> Path:
        """The weight file that is measured."""
        return network_file(self.experiment, self.runs_dir, self.suffix)


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
        The experiment needs VGG16, or a file is named, and it cannot be had; something
        else is in the place of the folder, or it cannot be written.
    """
    check_target_folder(runs_dir)
    vgg16 = load_vgg(vgg, experiment.needs_vgg)
    return _settled(experiment, runs_dir)._replace(vgg=vgg16)


def _settled(experiment: Experiment, runs_dir: Path) -> Run:
    """A run without VGG16."""
    return Run(
        experiment,
        make_protocol(experiment.training.protocol, experiment.training.scale),
        training_recipe(experiment.training),
        None,
        Path(runs_dir),
        snapshots(experiment.name),
    )


def runs_of_seeds(
    experiment: Experiment, runs_dir: Path, seeds: Sequence[int] | None
) -> list[Run]:
    """A run for each seed, in folders of their own; without seeds, the one run.

    That of the row's own seed is in ``RUNS/NAME``, others in ``RUNS/NAME-seed1`` and
    so on. None has VGG16: `load_vgg` reads it once for all.
    """
    check_target_folder(runs_dir)
    own = experiment.training.seed
    if seeds is None:
        return [_settled(experiment, runs_dir)]
    return [
        _settled(experiment.changed(seed=seed), runs_dir)._replace(
            suffix="" if seed == own else f"-seed{seed}"
        )
        for seed in seeds
    ]


def parse_seeds(text: str | None, seed: int | None = None) -> list[int] | None:
    """The numbers of ``--seeds``, each once; None without.

    Raises
    ------
    UserError
        No such numbers, or a single ``--seed`` beside them.
    """
    if text is None:
        return None
    if seed is not None:
        raise UserError("--seed and --seeds: leave one of them out")
    try:
        return list(dict.fromkeys(map(parse_seed, text.split(","))))
    except argparse.ArgumentTypeError as error:
        raise UserError(
            f"--seeds {text}: {error}; whole numbers with commas between them are "
            "needed, such as 0,1,2"
        ) from error


def training_recipe(training: Training) -> Recipe:
    """How the sub-images are made that a network is trained and measured on."""
    recipe = make_recipe(training.protocol, training.scale)
    upscales = OPTIONS[training.model].upscales
    return recipe._replace(enlarged=not upscales, **training.recipe)


def load_vgg(path: str | Path | None, needed: bool = False) -> VGG16Weights | None:
    """VGG16, see `vgg16_weights.find_vgg16`; None where there is none.

    Raises
    ------
    UserError
        It is needed, or a file is named, and it cannot be had; it is damaged.
    """
    try:
        file = find_vgg16(path)
    except UserError:
        if path or os.environ.get("SRCNN_VGG16") or needed:
            raise
        return None
    return load_vgg16(file)


def network_file(experiment: Experiment, runs_dir: Path, suffix: str = "") -> Path:
    """Where the network that an experiment measures is, or will be."""
    n_epochs = experiment.measure.n_epochs
    kept = not experiment.trains and n_epochs in snapshots(experiment.trained_by)
    name = snapshot_name(n_epochs) if kept else "weights.h5"
    return runs_dir / (experiment.trained_by + suffix) / name


def snapshot_name(epoch: int) -> str:
    """File name of a network that is kept before the end."""
    return f"weights-{epoch}.h5"
