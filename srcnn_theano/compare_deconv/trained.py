"""The networks that are compared: found in a folder of runs, or trained."""

import json
from pathlib import Path
from typing import Dict, List, NamedTuple, Tuple

import numpy as np

from srcnn_theano.data.images import Picture, write_picture
from srcnn_theano.data.patches import Pairs, make_pairs
from srcnn_theano.data.photograph import photograph
from srcnn_theano.errors import UserError
from srcnn_theano.experiments import EXPERIMENTS, Experiment
from srcnn_theano.files import write_json
from srcnn_theano.report.figures import Crop
from srcnn_theano.runs import (
    build_trainer,
    run_experiment,
    save_network,
    training_recipe,
)
from srcnn_theano.shipped import results_dir, weights_dir

VARIANTS = {
    "fsrcnn_gradinputs": "gradInputs",
    "fsrcnn_bilinear": "gradInputs, bilinear start",
    "fsrcnn_full_border": "full border",
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
    validation_sets: Tuple[Pairs, Pairs]  # low resolution as it is, and enlarged
    images: List[Path]
    details: List[Tuple[Path, Crop]]


def photograph_material(out_dir):
    """The photograph of the demo: trained on one part, compared on a square of the
    other, which is left in `out_dir` as original.png."""
    photo = photograph()
    recipe = training_recipe(EXPERIMENTS["fsrcnn_gradinputs"])
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


def sets_material(data_dir):
    """T91 to train on and Set5 to compare on."""
    from srcnn_theano.data.cache import prepare
    from srcnn_theano.data.datasets import image_paths

    recipe = training_recipe(EXPERIMENTS["fsrcnn_gradinputs"])
    images = image_paths(data_dir, "Set5")
    folder = images[0].parent
    return Material(
        "T91, and compared on Set5",
        prepare(data_dir, "T91", recipe),
        "set5",
        tuple(prepare(data_dir, "Set5", r) for r in (recipe, _enlarged(recipe))),
        images,
        [
            (folder / name, Crop("Set5", name, row, col, 96))
            for name, row, col in (
                ("butterfly_GT.bmp", 72, 72),
                ("bird_GT.bmp", 48, 96),
            )
        ],
    )


def _enlarged(recipe):
    return recipe._replace(enlarged=True)


class Trained(NamedTuple):
    """A variant of the network after its training."""

    title: str
    experiment: Experiment
    history: List[Dict[str, str]]  # one entry per epoch
    weights: Dict[int, Path]  # by the epoch after which they were kept
    source: str  # where they come from, for the page
    # PSNR and SSIM under `standard` after epochs whose network is not at hand.
    recorded: Dict[int, Dict[str, float]] = {}


def quick_experiment(name, n_epochs, seed):
    """The row of that name, cut down to the photograph."""
    return EXPERIMENTS[name]._replace(
        name=name.replace("fsrcnn", "quick"),
        n_epochs=QUICK_EPOCHS if n_epochs is None else n_epochs,
        batch_size=_QUICK_BATCH_SIZE,
        seed=seed,
        snapshots=_QUICK_SNAPSHOTS,
    )


def full_experiment(name, n_epochs, seed):
    """The row of that name."""
    experiment = EXPERIMENTS[name]._replace(seed=seed)
    return experiment if n_epochs is None else experiment._replace(n_epochs=n_epochs)


class Trainers:
    """Compiled training steps, one for each experiment, on the material's sub-images.

    Parameters
    ----------
    material : Material
    runs_dir : Path
    """

    def __init__(self, material, runs_dir):
        self.material = material
        self.runs_dir = Path(runs_dir)
        self._built = {}

    def get(self, experiment):
        """(Trainer, Model), compiled when it is asked for first."""
        if experiment.name not in self._built:
            material = self.material
            self._built[experiment.name] = build_trainer(
                experiment,
                material.train_set,
                {material.validation_name: material.validation_sets[0]},
                self.runs_dir / experiment.name,
            )
        return self._built[experiment.name]

    def train(self, experiment):
        """Train an experiment, from its checkpoint if there is one."""
        run_dir = self.runs_dir / experiment.name
        write_json(run_dir / "experiment.json", {"experiment": experiment._asdict()})
        trainer, model = self.get(experiment)
        trainer.resume()
        trainer.run(experiment.n_epochs)
        save_network(run_dir / "weights.h5", experiment, model, trainer.epoch)


def train_row(data_dir, runs_dir):
    """A function that trains a row as ``srcnn-theano train --resume`` does."""

    def train(experiment):
        run_experiment(experiment, data_dir, runs_dir, resume=True)

    return train


def find_or_train(title, experiment, runs_dir, train):
    """A trained variant: of the runs, else of those that come along, else trained.

    Parameters
    ----------
    title : str
    experiment : Experiment
    runs_dir : Path
    train : function of an experiment
        Leaves a run in `runs_dir`; asked where there is none, or an unfinished one.

    Raises
    ------
    UserError
        The run is of other settings, or has been trained for longer and its network
        was not kept after that many epochs.
    """
    run_dir = Path(runs_dir) / experiment.name
    kept = _kept(run_dir, experiment)
    found = _found(title, experiment, run_dir, kept, "trained before")
    if found is None and not (run_dir / "checkpoint.h5").exists():
        found = _shipped(title, experiment)
    if found is not None:
        return found
    _refuse_longer(run_dir, experiment)
    train(experiment)
    return _found(title, experiment, run_dir, _kept(run_dir, experiment), "trained now")


def _shipped(title, experiment):
    """The variant if it comes along, trained for as long as is asked, else None."""
    weights = weights_dir() / (experiment.name + ".h5")
    record = results_dir() / experiment.name
    if not weights.is_file() or not _has_settings(record, experiment):
        return None
    found = _found(title, experiment, record, _by_epoch(weights), "comes along")
    return found and found._replace(recorded=_recorded(experiment))


def _recorded(experiment):
    """What the rows that look at a training in between have scored."""
    recorded = {}
    for epoch in experiment.snapshots:
        row = f"{experiment.name}_{epoch}"
        path = results_dir() / row / "results.json"
        if path.is_file() and epoch < experiment.n_epochs:
            results = json.loads(path.read_text(encoding="utf-8"))
            mean = results["images"]["standard"]["scores"]["Set5"][-1]
            recorded[epoch] = {key: mean[key] for key in ("psnr", "ssim")}
    return recorded


def _found(title, experiment, folder, weights, source):
    """The variant if its network after `n_epochs` is among the weights, else None."""
    from srcnn_theano.training.history import read_history

    n_epochs = experiment.n_epochs
    if n_epochs not in weights:
        return None
    if not _has_settings(folder, experiment):
        raise UserError(
            f"{folder}: a run of {experiment.name} with other settings (another "
            "--seed?); choose another --runs folder"
        )
    history = read_history(folder / "history.csv")[:n_epochs]
    weights = {epoch: path for epoch, path in weights.items() if epoch <= n_epochs}
    return Trained(title, experiment, history, dict(sorted(weights.items())), source)


def _kept(run_dir, experiment):
    """Weight files of a run by epoch."""
    kept = {}
    for epoch in experiment.snapshots:
        path = run_dir / f"weights-{epoch}.h5"
        if path.is_file():
            kept[epoch] = path
    last = run_dir / "weights.h5"
    return {**kept, **_by_epoch(last)} if last.is_file() else kept


def _by_epoch(path):
    from srcnn_theano.weights import load_weights

    return {load_weights(path).about["n_epochs"]: path}


def _has_settings(folder, experiment):
    """Whether a record is of these settings, as far as it names them."""
    try:
        text = (folder / "experiment.json").read_text(encoding="utf-8")
        recorded = json.loads(text)["experiment"]
    except (OSError, ValueError, KeyError):
        return False
    settings = json.loads(json.dumps(experiment._asdict()))
    for unrelated in ("table", "row", "published", "notes", "n_epochs", "snapshots"):
        del settings[unrelated]
    return all(recorded.get(name, value) == value for name, value in settings.items())


def _refuse_longer(run_dir, experiment):
    history = run_dir / "history.csv"
    if not history.is_file():
        return
    from srcnn_theano.training.history import read_history

    done, kept = len(read_history(history)), sorted(_kept(run_dir, experiment))
    if done > experiment.n_epochs:
        raise UserError(
            "--epochs {}: {} has been trained for {} already; compare after {}, or "
            "choose another --runs folder".format(
                experiment.n_epochs,
                run_dir,
                done,
                " or ".join(map(str, kept)) or "more",
            )
        )
