"""Epochs per minute of every row that is trained, on one device.

    python scripts/measure_epochs.py --data DIR --device gpu --out FILE.json

Compiles each row's training step as `srcnn-theano train` does and runs epochs of T91's
minibatches, in as few calls as the device allows: one that is not timed, then as many
as `--seconds` hold, at least one. Validation and checkpoints are not in the figures.
Rows that differ in rates, initial values and length only have the same step, and are
measured once. Prints a table; --rows takes some only, --out writes the figures as JSON.
"""

import argparse
import os
import sys
import time

from srcnn_theano.environment import DEVICES, accelerators, usable_cores
from srcnn_theano.errors import UserError
from srcnn_theano.experiments import EXPERIMENTS, find_experiment
from srcnn_theano.progress import Bar
from srcnn_theano.ranges import duration
from srcnn_theano.tables import markdown_table


def measure(training, data_dir, vgg, seconds):
    """{"steps": of an epoch, "epochs_per_minute": ...} of one training."""
    from srcnn_theano.backend import many_steps
    from srcnn_theano.data.cache import prepare
    from srcnn_theano.runs.run import training_recipe
    from srcnn_theano.training.step import build_step

    train_set = prepare(data_dir, "T91", training_recipe(training))
    step = build_step(training, train_set, vgg)
    n_steps = step.pairs.n_batches
    steps = many_steps(step.function)
    steps(0, n_steps)
    started, n_epochs = time.perf_counter(), 0
    while n_epochs == 0 or time.perf_counter() - started < seconds:
        steps(0, n_steps)
        n_epochs += 1
    rate = 60 * n_epochs / (time.perf_counter() - started)
    return {"steps": n_steps, "epochs_per_minute": rate}


def same_step(training):
    """Stands for all trainings that compile to the same step.

    They differ in the values that variables start with: filters, and the rate.
    """
    options = {k: v for k, v in training.options.items() if k != "initializer"}
    return training._replace(options=options, learning_rate=0, decay=1, seed=0)


def table(figures):
    """The figures as Markdown."""
    header = ["table", "row", "steps per epoch", "epochs per minute"]
    rows = [
        [
            row["table"],
            f"`{name}`",
            str(row["steps"]),
            f"{row['epochs_per_minute']:.1f}",
        ]
        for name, row in figures["rows"].items()
    ]
    return markdown_table("llrr", header, rows)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", metavar="DIR", help="default: $SRCNN_DATA")
    parser.add_argument("--device", choices=DEVICES, help="default: $SRCNN_DEVICE")
    parser.add_argument("--rows", metavar="NAME,...", help="default: all")
    parser.add_argument("--vgg", metavar="FILE", help="default: the one in the cache")
    parser.add_argument("--seconds", type=duration, default=3, metavar="N")
    parser.add_argument("--out", metavar="FILE.json")
    options = parser.parse_args()
    if options.device:
        os.environ["SRCNN_DEVICE"] = options.device
    try:
        figures = run(options)
    except UserError as error:
        print(f"measure_epochs: error: {error}", file=sys.stderr)
        return 2
    print(table(figures))
    return 0


def run(options):
    from srcnn_theano.backend import default_device
    from srcnn_theano.data.datasets import find_data_dir
    from srcnn_theano.files import write_json
    from srcnn_theano.vgg16_weights import find_vgg16, load_vgg16

    data_dir = find_data_dir(options.data)
    names = options.rows.split(",") if options.rows else list(EXPERIMENTS)
    rows = [find_experiment(name) for name in names]
    rows = [row for row in rows if row.trains]
    vgg = None
    if any(row.training.vgg_weight for row in rows):
        vgg = load_vgg16(find_vgg16(options.vgg))
    figures = {
        "device": default_device(),
        "accelerators": accelerators(),
        "cores": usable_cores(),
        "rows": {},
    }
    by_step = {}
    for row in Bar(rows, unit="row", disable=None):
        step = same_step(row.compiled).identity
        if step not in by_step:
            by_step[step] = measure(row.compiled, data_dir, vgg, options.seconds)
        figures["rows"][row.name] = dict(by_step[step], table=row.row.table)
        if options.out:
            write_json(options.out, figures)
    return figures


if __name__ == "__main__":
    sys.exit(main())
