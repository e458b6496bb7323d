"""What docs/deconvolution.md tells of checkerboards, of five epochs, and of time.

    python scripts/measure_deconvolution.py --data DIR --runs FOLDER --out FILE.json

Trains FSRCNN x4 by gradInputs, by gradInputs from tents and by the full border, and
measures each as `srcnn-theano compare-deconv` does: 5 epochs of T91 of all three, 100
epochs of gradInputs, whose networks of epochs in between are kept, and the steps of
`compare-deconv --quick` of the first two. The network after 200 epochs is the one that
is shipped. Times are processor time, in turns. Interrupted, the same command goes on.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from srcnn_theano import environment
from srcnn_theano.compare_deconv import measuring
from srcnn_theano.compare_deconv.measures import grey_ripple
from srcnn_theano.compare_deconv.trained import (
    VARIANTS,
    Material,
    Trained,
    Trainers,
    find_or_train,
    full_run,
    photograph_material,
    quick_run,
    sets_material,
)
from srcnn_theano.data.datasets import find_data_dir
from srcnn_theano.errors import UserError
from srcnn_theano.files import check_target, write_json
from srcnn_theano.record import conditions
from srcnn_theano.runs.run import Run
from srcnn_theano.shipped import weights_dir
from srcnn_theano.weights import Weights, load_weights, trained_epochs

GRADINPUTS, TENTS, FULL_BORDER = list(VARIANTS)[:3]
FEW, MANY = 5, 100  # epochs


def trained(run: Run, trainers: Trainers) -> Trained:
    """The network of a run, trained unless it lies in the folder of runs."""
    name = run.experiment.name.replace("quick", "fsrcnn")
    return find_or_train(VARIANTS[name], run, trainers.train)


# --- What is measured ---


def few_epochs(material: Material, runs_dir: Path) -> dict[str, Any]:
    """All that `compare-deconv` tells of each after a few epochs, times last."""
    trainers = Trainers(material)
    networks = {
        name: trained(full_run(name, FEW, 0, runs_dir / "few"), trainers)
        for name in (GRADINPUTS, TENTS, FULL_BORDER)
    }
    results, _, predictors = measuring.measure(networks, material, trainers)
    clock = time.process_time
    return {
        **results,
        "processor_seconds": measuring.seconds(networks, trainers, predictors, clock),
    }


def by_epoch(material: Material, runs_dir: Path) -> dict[str, Any]:
    """Ripple and checkerboard energy of gradInputs, by the epoch of T91."""
    run = full_run(GRADINPUTS, MANY, 0, runs_dir / "many")
    files = dict(trained(run, Trainers(material)).weights)
    shipped = weights_dir() / (GRADINPUTS + ".h5")
    files[trained_epochs(shipped, load_weights(shipped))] = shipped
    network = measuring.Changing(load_weights(shipped))
    figures = {}
    for epoch, path in sorted(files.items()):
        network.load(load_weights(path))
        figures[str(epoch)] = {
            "grey_ripple": grey_ripple(network),
            "checkerboard_energy": measuring.checkerboard(material, network),
        }
    return figures


def by_step(runs_dir: Path) -> dict[str, dict[str, float]]:
    """Ripple in the steps of `--quick`, by the start of the filters."""
    with tempfile.TemporaryDirectory() as folder:
        material = photograph_material(Path(folder))
    figures = {}
    for name in (GRADINPUTS, TENTS):
        run = quick_run(name, None, 0, runs_dir / "quick")
        trainers = Trainers(material)
        step, training = trainers.get(run).step, run.experiment.training
        start = Weights(
            training.model, run.experiment.options, step.model.get_values(), {}
        )
        network = measuring.Changing(start)
        ripples = {"0": grey_ripple(network)}
        for epoch, path in trained(run, trainers).weights.items():
            network.load(load_weights(path))
            ripples[str(epoch * step.pairs.n_batches)] = grey_ripple(network)
        figures[name] = ripples
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", metavar="DIR", help="default: $SRCNN_DATA")
    parser.add_argument("--runs", metavar="FOLDER", type=Path, required=True)
    parser.add_argument("--out", metavar="FILE.json", type=Path, required=True)
    options = parser.parse_args()
    try:
        check_target(options.out)
        material = sets_material(find_data_dir(options.data))
        figures = {
            "processor": environment.processor(),
            **conditions(),
            "by_step": by_step(options.runs),
            "few_epochs": few_epochs(material, options.runs),
            "by_epoch": by_epoch(material, options.runs),
        }
        write_json(options.out, figures)
    except UserError as error:
        print(f"measure_deconvolution: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
