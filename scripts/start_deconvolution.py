"""How FSRCNN's training starts, setting by setting: a table of docs/deconvolution.md.

    python scripts/start_deconvolution.py --data DIR --runs FOLDER [--epochs 5]

Trains the row fsrcnn_gradinputs with another optimiser, other rates or other first
filters for some epochs of T91, and prints PSNR in dB of Set5's sub-images (`course`,
mean of each) after each epoch. Interrupted, the same command goes on. Before that it
prints how large the first step of plain gradient descent is beside the filters that it
moves. `--out FILE.json` writes all of it as a record; the page is made of the one in
claims/start_deconvolution.json, by `python -m claims`.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Sequence

import numpy as np

from srcnn_theano import environment
from srcnn_theano.data.cache import prepare
from srcnn_theano.data.datasets import find_data_dir
from srcnn_theano.data.patches import Pairs
from srcnn_theano.errors import UserError
from srcnn_theano.experiments import EXPERIMENTS
from srcnn_theano.files import check_target, write_json
from srcnn_theano.ranges import count
from srcnn_theano.record import conditions
from srcnn_theano.runs.lock import locked
from srcnn_theano.runs.run import make_run, training_recipe
from srcnn_theano.runs.training import build_trainer
from srcnn_theano.tables import markdown_row
from srcnn_theano.training.settings import Training
from srcnn_theano.training.trainer import Diverged

ROW = EXPERIMENTS["fsrcnn_gradinputs"]
NOISE = ROW.training
TENTS = EXPERIMENTS["fsrcnn_bilinear"].training
SLOW_LAST = {"deconv": 0.1}  # the FSRCNN paper: 1e-3, and 1e-4 for the deconvolution
# Caffe's Euclidean loss is half the sum over a sub-image, ours the mean.
SUMMED = 3 * 33 * 33 / 2
SUMMED_PAPER = 21 * 21 / 2  # over the paper's sub-images at x4
SETTINGS = {
    "Adam, 1e-3": NOISE,
    "Adam, 1e-3 and 1e-4": NOISE._replace(layer_rates=SLOW_LAST),
    "Adam, 1e-3, bilinear filters": TENTS,
    "Adam, 5e-3": NOISE._replace(learning_rate=5e-3),
    "RMSProp, 1e-3": NOISE._replace(update="rmsprop"),
    "SGD, 1e-3 and 1e-4": NOISE._replace(update="sgd", layer_rates=SLOW_LAST),
    "SGD, 1e-3 and 1e-4, bilinear filters": TENTS._replace(
        update="sgd", layer_rates=SLOW_LAST
    ),
    "momentum 0.9, 1e-3 and 1e-4": NOISE._replace(
        update="momentum", layer_rates=SLOW_LAST
    ),
    "SGD, 0.1": NOISE._replace(update="sgd", learning_rate=0.1),
    "SGD, 1e-3 and 1e-4, summed over 21x21": NOISE._replace(
        update="sgd", learning_rate=1e-3 * SUMMED_PAPER, layer_rates=SLOW_LAST
    ),
    "SGD, 1e-3 and 1e-4, summed over 3x33x33": NOISE._replace(
        update="sgd", learning_rate=1e-3 * SUMMED, layer_rates=SLOW_LAST
    ),
}


def first_steps(training: Training, train_set: Pairs) -> dict[str, float]:
    """rms of the gradient over rms of the filters, by layer, of the first minibatch."""
    from srcnn_theano.backend import T, theano
    from srcnn_theano.models import model_for_pairs
    from srcnn_theano.training.costs import mse

    rng = np.random.RandomState(training.seed)
    model = model_for_pairs(training.model, training.options, train_set, rng)
    y = T.tensor4("y")
    gradients = theano.grad(mse(model.output, y), list(model.weights))
    function = theano.function([model.input, y], gradients)
    first = (part[: training.batch_size] / np.float32(255) for part in train_set)
    return {
        W.name: float(_rms(gradient) / _rms(W.get_value()))
        for W, gradient in zip(model.weights, function(*first))
    }


def _rms(values):
    return np.sqrt(np.mean(np.square(values)))


def train(
    title: str,
    training: Training,
    pairs: Sequence[Pairs],
    runs_dir: Path,
    n_epochs: int,
) -> dict[str, Any]:
    """PSNR after each epoch, and whether the cost became infinite after the last."""
    slug = "-".join(title.replace(",", "").replace("_", "-").split())
    run = make_run(ROW._replace(name=slug, training=training), runs_dir)
    trainer = build_trainer(run, pairs[0], {"set5": pairs[1]})
    diverged = False
    with locked(run.folder):
        trainer.resume()
        try:
            trainer.run(n_epochs)
        except Diverged:
            diverged = True
    psnr = [float(row["set5_psnr"]) for row in trainer.history[:n_epochs]]
    return {"set5_psnr": psnr, "diverged": diverged}


def cells(figures: dict[str, Any]) -> list[str]:
    """What the table has of a setting."""
    ended = ["diverged"] if figures["diverged"] else []
    return [f"{psnr:.2f}" for psnr in figures["set5_psnr"]] + ended


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", metavar="DIR", help="default: $SRCNN_DATA")
    parser.add_argument("--runs", metavar="FOLDER", type=Path, required=True)
    parser.add_argument("--epochs", type=count, default=5)
    parser.add_argument("--out", metavar="FILE.json", type=Path)
    options = parser.parse_args()
    try:
        if options.out:
            check_target(options.out)
        figures = measure(find_data_dir(options.data), options.runs, options.epochs)
        if options.out:
            write_json(options.out, figures)
    except UserError as error:
        print(f"start_deconvolution: error: {error}", file=sys.stderr)
        return 2
    return 0


def measure(data_dir: Path, runs_dir: Path, n_epochs: int) -> dict[str, Any]:
    """All figures, printed as they come."""
    recipe = training_recipe(NOISE)
    pairs = [prepare(data_dir, name, recipe) for name in ("T91", "Set5")]
    steps = {
        "noise": first_steps(NOISE, pairs[0]),
        "tents": first_steps(TENTS, pairs[0]),
    }
    for title, ratios in steps.items():
        for name, ratio in ratios.items():
            print(f"{title}: {name} {ratio:.2g}")
    settings = {}
    for title, training in SETTINGS.items():
        settings[title] = train(title, training, pairs, runs_dir, n_epochs)
        print(markdown_row([title, *cells(settings[title])]), flush=True)
    n_batches = len(pairs[0].low_res) // NOISE.batch_size
    return {
        "processor": environment.processor(),
        **conditions(),
        "n_epochs": n_epochs,
        "batch_size": NOISE.batch_size,
        "steps": n_epochs * n_batches,
        "first_steps": steps,
        "settings": settings,
    }


if __name__ == "__main__":
    sys.exit(main())
