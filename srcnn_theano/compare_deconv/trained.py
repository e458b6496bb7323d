"""The networks that are compared: found in a folder of runs, or trained."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Callable, NamedTuple

import numpy as np

from srcnn_theano.data.cache import prepare
from srcnn_theano.data.datasets import image_paths, require_sets
from srcnn_theano.data.images import Picture, write_picture
from srcnn_theano.data.patches import Pairs, Recipe, make_pairs
from srcnn_theano.data.photograph import photograph
from srcnn_theano.errors import UserError
from srcnn_theano.experiments import EXPERIMENTS
from srcnn_theano.experiments.records import Experiment
from srcnn_theano.files import is_there, read_json, write_json
from srcnn_theano.pages.pixels import Crop
from srcnn_theano.record import read_record
from srcnn_theano.runs.lock import locked
from srcnn_theano.runs.run import Run, make_run, snapshot_name, training_recipe
from srcnn_theano.runs.runs import carry_out
from srcnn_theano.runs.training import build_trainer, train
from srcnn_theano.shipped import results_dir, weights_dir
from srcnn_theano.training.history import read_history
from srcnn_theano.weights import load_weights, trained_epochs

if TYPE_CHECKING:
    from srcnn_theano.training.trainer import Trainer

VARIANTS = {
    "fsrcnn_gradinputs": "gradInputs",
    "fsrcnn_bilinear": "gradInputs, bilinear start",
    "fsrcnn_full_border": "full border",
    "fsrcnn_resize": "resize, then convolve",
}
# Of the quick comparison: some 1,800 steps of small minibatches.
QUICK_EPOCHS = 8
_QUICK_SNAPSHOTS = (1, 2, 3, 4, 6)
_QUICK_BATCH_SIZE = 8
_SIDE = 256  # of the square of the photograph that is restored


class Material(NamedTuple):
    """What networks are trained and compared on."""

    title: str
    train_set: Pairs
    validation_name: str  # of the column NAME_psnr in histories
    validation_sets: tuple[Pairs, Pairs]  # low resolution as it is, and enlarged
    images: list[Path]
    details: list[tuple[Path, Crop]]


def photograph_material(out_dir: Path) -> Material:
    """The photograph of the demo: trained on one part, compared on a square of the
    other, which is left in `out_dir` as original.png."""
    photo = photograph()
    recipe = training_recipe(EXPERIMENTS["fsrcnn_gradinputs"].training)
    test = photo.pixels[photo.test]
    row, col = (
        min(start, length - _SIDE) for start, length in zip(photo.watched, test.shape)
    )
    square = np.ascontiguousarray(test[row : row + _SIDE, col : col + _SIDE])
    path = Path(out_dir) / "original.png"
    write_picture(path, Picture(square))
    return Material(
        f"a part of a photograph, {photo.name}, and compared on another part",
        make_pairs(photo.pixels[photo.train], recipe),
        "photograph",
        (make_pairs(square, recipe), make_pairs(square, _enlarged(recipe))),
        [path],
        [
            (path, Crop("", "the photograph", 24, 36, 96)),
            (path, Crop("", "the photograph", 144, 60, 96)),
        ],
    )


def sets_material(data_dir: Path) -> Material:
    """T91 to train on and Set5 to compare on."""
    recipe = training_recipe(EXPERIMENTS["fsrcnn_gradinputs"].training)
    require_sets(data_dir, ("T91", "Set5"))
    images = image_paths(data_dir, "Set5")
    folder = images[0].parent
    return Material(
        "T91, and compared on Set5",
        prepare(data_dir, "T91", recipe),
        "set5",
        (
            prepare(data_dir, "Set5", recipe),
            prepare(data_dir, "Set5", _enlarged(recipe)),
        ),
        images,
        [
            (folder / name, Crop("Set5", name, row, col, 96))
            for name, row, col in (
                ("butterfly_GT.bmp", 72, 72),
                ("bird_GT.bmp", 48, 96),
            )
        ],
    )


def _enlarged(recipe: Recipe) -> Recipe:
    return recipe._replace(enlarged=True)


class Trained(NamedTuple):
    """A variant of the network after its training."""

    title: str
    run: Run
    history: list[dict[str, str]]  # one entry per epoch
    weights: dict[int, Path]  # by the epoch after which they were kept
    source: str  # where they come from, for the page
    # PSNR and SSIM under `standard` after epochs whose network is not at hand.
    recorded: dict[int, dict[str, float]] = {}

    @property
    def experiment(self) -> Experiment:
        return self.run.experiment


def quick_run(name: str, n_epochs: int | None, seed: int, runs_dir: Path) -> Run:
    """A run of the row of that name, cut down to the photograph."""
    row = EXPERIMENTS[name].changed(
        QUICK_EPOCHS if n_epochs is None else n_epochs, seed
    )
    experiment = row._replace(
        name=name.replace("fsrcnn", "quick"),
        training=row.training._replace(batch_size=_QUICK_BATCH_SIZE),
    )
    return make_run(experiment, runs_dir)._replace(snapshots=_QUICK_SNAPSHOTS)


def full_run(name: str, n_epochs: int | None, seed: int, runs_dir: Path) -> Run:
    """A run of the row of that name."""
    return make_run(EXPERIMENTS[name].changed(n_epochs, seed), runs_dir)


class Trainers:
    """Compiled training steps, one for each run, on the material's sub-images.

    Parameters
    ----------
    material : Material
    """

    def __init__(self, material: Material) -> None:
        self.material = material
        self._built: dict[str, Trainer] = {}

    def get(self, run: Run) -> Trainer:
        """The run's Trainer, compiled when it is asked for first."""
        name, material = run.experiment.name, self.material
        if name not in self._built:
            validation_sets = {material.validation_name: material.validation_sets[0]}
            self._built[name] = build_trainer(run, material.train_set, validation_sets)
        return self._built[name]

    def train(self, run: Run) -> None:
        """Train, from the checkpoint if there is one."""
        settings = {"experiment": run.experiment.flat()}
        trainer = self.get(run)
        with locked(run.folder):
            trainer.resume()
            write_json(run.folder / "experiment.json", settings)
            train(run, trainer)


def train_row(data_dir: Path) -> Callable[[Run], None]:
    """A function that trains a row as ``srcnn-theano train --resume`` does."""
    return partial(carry_out, data_dir=data_dir, resume=True)


def find_or_train(title: str, run: Run, train: Callable[[Run], None]) -> Trained:
    """A trained variant: of the runs, else a shipped one, else trained.

    Parameters
    ----------
    title : str
    run : Run
    train : function of a Run
        Carries it out; asked where there is none, or an unfinished one.

    Raises
    ------
    UserError
        The run is of other settings, or has been trained for longer and its network
        was not kept after that many epochs.
    """
    variant = _variant(title, run, run.folder, _kept(run), "trained before")
    if variant is None and not (run.folder / "checkpoint.h5").exists():
        variant = _shipped(title, run)
    if variant is not None:
        return variant
    _refuse_longer(run)
    train(run)
    files = _kept(run)
    history = read_history(run.folder / "history.csv")
    return Trained(title, run, history, dict(sorted(files.items())), "trained now")


def _shipped(title: str, run: Run) -> Trained | None:
    """The variant if it is shipped, trained for as long as is asked, else None."""
    name = run.experiment.name
    weights, record = weights_dir() / (name + ".h5"), results_dir() / name
    if not weights.is_file() or not _has_settings(record, run.experiment):
        return None
    variant = _variant(title, run, record, _by_epoch(weights), "shipped")
    return variant and variant._replace(recorded=_recorded(run))


def _recorded(run: Run) -> dict[int, dict[str, float]]:
    """What the rows that look at a training in between have scored."""
    recorded = {}
    for epoch in run.snapshots:
        row = f"{run.experiment.name}_{epoch}"
        path = results_dir() / row / "results.json"
        if path.is_file() and epoch < run.experiment.measure.n_epochs:
            results = read_json(path)
            mean = results["images"]["standard"]["scores"]["Set5"][-1]
            recorded[epoch] = {key: mean[key] for key in ("psnr", "ssim")}
    return recorded


def _variant(
    title: str, run: Run, folder: Path, weights: dict[int, Path], source: str
) -> Trained | None:
    """The variant if its last network is among the weights, else None."""
    n_epochs = run.experiment.measure.n_epochs
    if n_epochs not in weights:
        return None
    if not _has_settings(folder, run.experiment):
        raise UserError(
            f"{folder}: a run of {run.experiment.name} with other settings (another "
            "--seed?); choose another --runs folder"
        )
    history = read_history(folder / "history.csv")[:n_epochs]
    weights = {epoch: path for epoch, path in weights.items() if epoch <= n_epochs}
    return Trained(title, run, history, dict(sorted(weights.items())), source)


def _kept(run: Run) -> dict[int, Path]:
    """Weight files of a run by epoch."""
    paths = {epoch: run.folder / snapshot_name(epoch) for epoch in run.snapshots}
    kept = {epoch: path for epoch, path in paths.items() if path.is_file()}
    last = run.folder / "weights.h5"
    return {**kept, **_by_epoch(last)} if last.is_file() else kept


def _by_epoch(path: Path) -> dict[int, Path]:
    return {trained_epochs(path, load_weights(path)): path}


def _has_settings(folder: Path, experiment: Experiment) -> bool:
    """Whether a record is of these settings, as far as it names them."""
    if not is_there(folder / "experiment.json"):
        return False
    record = read_record(folder / "experiment.json")
    return not experiment.differences(record.get("experiment", {}))


def _refuse_longer(run: Run) -> None:
    history = run.folder / "history.csv"
    if not history.is_file():
        return
    done, n_epochs = len(read_history(history)), run.experiment.measure.n_epochs
    if done > n_epochs:
        kept = " or ".join(map(str, sorted(_kept(run)))) or "more"
        raise UserError(
            f"--epochs {n_epochs}: {run.folder} has been trained for {done} already; "
            f"compare after {kept}, or choose another --runs folder"
        )
