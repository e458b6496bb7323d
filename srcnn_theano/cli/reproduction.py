"""Commands that reproduce the report: data, trainings, tables, results."""

from __future__ import annotations

import argparse
from pathlib import Path

from srcnn_theano.cli.options import (
    DATA,
    DEVICE,
    EPOCHS,
    JSON,
    MODEL,
    OUT,
    PRECISION,
    PROTOCOL,
    RESUME,
    RUNS,
    SCALE,
    SCHEDULER,
    SEED,
    SEEDS,
    VGG,
    command,
    option,
)
from srcnn_theano.errors import UserError
from srcnn_theano.experiments import TABLES
from srcnn_theano.ranges import count
from srcnn_theano.streams import say


@command(
    "bring the image sets together, verify them, or cut them into sub-images",
    option("action", choices=["get", "check", "prepare"]),
    DATA,
    option(
        "--from",
        dest="sources",
        nargs="+",
        metavar="SOURCE",
        help="folders, zip archives and addresses with copies of the images, whatever "
        "their names (get alone)",
    ),
    PROTOCOL.but(help=PROTOCOL.settings["help"] + " (prepare alone; default: course)"),
    SCALE.but(help="2, 3 or 4 (prepare alone; default: 4)"),
    JSON,
)
def data(options: argparse.Namespace) -> int:
    from srcnn_theano.data import cache, datasets, getting

    if options.sources and options.action != "get":
        raise UserError(
            f"data {options.action}: it copies nothing and takes no --from; leave it "
            "out, or use data get"
        )
    if options.action != "prepare" and (options.protocol or options.scale):
        raise UserError(
            f"data {options.action}: it cuts no sub-images and takes no --protocol and "
            "no --scale; leave them out, or use data prepare"
        )
    if options.action == "get":
        if not options.sources:
            raise UserError("data get: name what holds the images with --from SOURCE")
        folder = datasets.named_data_dir(options.data)
        getting.get(options.sources, folder)
        return datasets.print_check(folder, as_json=options.json)
    data_dir = datasets.find_data_dir(options.data)
    if options.action == "check":
        return datasets.print_check(data_dir, as_json=options.json)
    protocol, scale = options.protocol or "course", options.scale or 4
    cache.print_prepare(data_dir, protocol, scale, as_json=options.json)
    return 0


@command(
    "train one experiment, or a network on pictures of one's own",
    option(
        "experiment", nargs="?", help="a name that 'srcnn-theano experiments' lists"
    ),
    option(
        "--pictures",
        type=Path,
        metavar="DIR",
        help="instead of an experiment: learn from the pictures in this folder",
    ),
    SCALE.but(help="2, 3 or 4 (with --pictures)"),
    MODEL.but(help="with --pictures: fsrcnn (default), srcnn or fsrcnn-large"),
    DATA,
    RUNS.but(default="runs"),
    SEED,
    SEEDS,
    EPOCHS,
    VGG,
    RESUME.but(help="go on from the checkpoint"),
    option(
        "--train-only",
        action="store_true",
        help="do not measure the network; the same command with --resume does",
    ),
    DEVICE,
    PRECISION,
)
def train(options: argparse.Namespace) -> None:
    if options.pictures is not None:
        return _train_on_pictures(options)
    if options.experiment is None or options.scale or options.model:
        raise UserError(
            "train: name an experiment; or name a folder with --pictures, to which "
            "--scale and --model belong"
        )
    from srcnn_theano.data.datasets import find_data_dir
    from srcnn_theano.experiments import find_experiment
    from srcnn_theano.report.listing import print_rows
    from srcnn_theano.runs import runs

    listed, data_dir = find_experiment(options.experiment), find_data_dir(options.data)
    changes = options.epochs, options.precision, options.train_only
    if not listed.trains and any(changes):
        raise UserError(
            f"train {listed.name}: it measures the network of {listed.trained_by} and "
            "trains none; leave out --epochs, --precision and --train-only"
        )
    experiment = listed.changed(options.epochs, options.seed, options.precision)
    seeds = runs.parse_seeds(options.seeds, options.seed)
    runs.carry_out_seeds(
        experiment,
        seeds,
        data_dir,
        options.runs,
        options.vgg,
        options.resume,
        options.train_only,
    )
    print_rows([experiment.name], options.runs)


def _train_on_pictures(options: argparse.Namespace) -> None:
    from srcnn_theano.own.training import train_on_pictures

    given = (options.experiment, options.data, options.seeds, options.vgg)
    if any(given) or options.train_only or options.precision:
        raise UserError(
            "--pictures: goes with --scale, --model, --runs, --seed, --epochs and "
            "--resume; leave out the experiment and all other options"
        )
    train_on_pictures(
        options.pictures,
        options.scale,
        options.runs,
        options.model,
        options.epochs,
        options.seed,
        options.resume,
    )


@command(
    "train and measure every row of a table of the report, or of all",
    option("table", choices=[*TABLES, "all"]),
    DATA,
    RUNS.but(default="runs"),
    SEEDS,
    option(
        "--only", nargs="+", default=[], metavar="ROW", help="these rows; * is a joker"
    ),
    option(
        "--jobs",
        type=count,
        help="runs at a time; they share the cores (default: 1)",
    ),
    SCHEDULER,
    option("--anew", action="store_true", help="also what results/ has already"),
    option(
        "--cost",
        action="store_true",
        help="time the steps, say what it will cost, and do nothing",
    ),
    option(
        "--check",
        action="store_true",
        help="train rows again, one seed without --seeds, and say whether they lie in "
        "the range of results/; exit status 1 if one does not",
    ),
    EPOCHS.but(help="with --check: train for no more, and look at results/ as far"),
    VGG,
    DEVICE,
)
def reproduce(options: argparse.Namespace) -> int:
    from srcnn_theano.data.datasets import find_data_dir
    from srcnn_theano.environment import usable_cores
    from srcnn_theano.report.listing import print_rows
    from srcnn_theano.runs.plan import make_plan
    from srcnn_theano.runs.reproduce import reproduce as reproduce_rows
    from srcnn_theano.runs.runs import parse_seeds
    from srcnn_theano.runs.side_by_side import Settings

    data_dir, seeds = find_data_dir(options.data), parse_seeds(options.seeds)
    if options.check:
        for name in ("cost", "scheduler", "anew"):
            if getattr(options, name):
                raise UserError(f"--{name}: does not go with --check; leave out either")
        from srcnn_theano.report.check import check_rows

        good = check_rows(
            options.table,
            options.only,
            data_dir,
            options.runs,
            options.vgg,
            seeds,
            options.epochs,
        )
        return 0 if good else 1
    if options.epochs:
        raise UserError("--epochs: goes with --check; leave it out, or add --check")
    if options.scheduler and options.jobs:
        raise UserError(
            "--jobs: the threads of the cluster's workers say how many run at a time; "
            "leave it out, or --scheduler"
        )
    jobs = options.jobs or 1
    if jobs > usable_cores():
        say(
            f"--jobs {jobs}: more than the {usable_cores()} cores here; "
            f"{usable_cores()} at a time"
        )
        jobs = usable_cores()
    settings = Settings(data_dir, options.runs, options.vgg, jobs)
    planned = make_plan(
        options.table,
        data_dir,
        options.runs,
        options.vgg,
        seeds,
        options.only,
        options.anew,
    )
    failed = reproduce_rows(planned, settings, options.cost, options.scheduler)
    if not options.cost:
        print_rows((p.run.experiment.name for p in planned), options.runs)
    for reason in dict.fromkeys(failed.values()):
        names = ", ".join(name for name in failed if failed[name] == reason)
        say(f"srcnn-theano: error: {names}: {reason}")
    return 2 if failed else 0


@command("list the experiments and their results", RUNS, JSON)
def experiments(options: argparse.Namespace) -> None:
    from srcnn_theano.report.listing import print_experiments

    print_experiments(options.runs, as_json=options.json)


@command(
    "write all results as Markdown and as one HTML page",
    DATA,
    RUNS,
    OUT.but(default="report", help="folder for report.md and report.html"),
    DEVICE,
)
def report(options: argparse.Namespace) -> None:
    from srcnn_theano.report.report import write_report

    write_report(options.out, options.runs, options.data)
