"""Commands that look into graphs, and at the machine."""

from __future__ import annotations

import argparse

from srcnn_theano.cli.options import (
    DATA,
    DEVICE,
    EPOCHS,
    JSON,
    MODEL,
    OUT,
    RUNS,
    SCALE,
    SEED,
    WEIGHTS,
    command,
    option,
)
from srcnn_theano.errors import UserError


@command(
    "compare deconvolution by gradInputs with the naive full border",
    option(
        "--quick",
        action="store_true",
        help="in a minute or two, on a photograph instead of T91",
    ),
    DATA,
    RUNS.but(default="runs"),
    EPOCHS,
    SEED.but(default=0),
    OUT.but(default="deconvolution", help="folder for deconvolution.html"),
    JSON,
    DEVICE,
)
def compare_deconv(options: argparse.Namespace) -> None:
    from srcnn_theano.compare_deconv.compare import compare_deconv as compare

    if options.quick and options.data:
        raise UserError(
            f"--quick --data {options.data}: with --quick it trains on a photograph; "
            "leave one of them out"
        )
    compare(
        options.out,
        options.runs,
        data=options.data,
        quick=options.quick,
        n_epochs=options.epochs,
        seed=options.seed,
        as_json=options.json,
    )


@command(
    "draw the graph of a network, before and after the optimiser",
    option(
        "model", metavar="MODEL", help="name of a model or experiment, or a weight file"
    ),
    option(
        "--what",
        choices=["predict", "train"],
        help="the network's output, or a training step (default: a training step for "
        "experiments, else the output)",
    ),
    OUT.but(default="graph", help="folder for the pages and texts"),
    JSON,
    DEVICE,
)
def graph(options: argparse.Namespace) -> None:
    from srcnn_theano.graph.pages import write_graph

    write_graph(options.model, options.out, what=options.what, as_json=options.json)


@command(
    "show the inside of a network: filters and maps of its layers, as pictures",
    option("picture", metavar="PICTURE", help="its middle goes through the network"),
    SCALE.but(default=3),
    OUT.but(default="inside", help="folder for the pictures"),
    MODEL,
    WEIGHTS,
    option("--layer", help="this one alone (default: all)"),
    DEVICE,
)
def look(options: argparse.Namespace) -> None:
    from srcnn_theano.looking import look as write

    files = write(
        options.picture,
        options.scale,
        options.out,
        options.weights,
        options.model,
        options.layer,
    )
    print(f"{len(files)} pictures are in {options.out}: {', '.join(files)}")


@command("tell what is installed, found and missing", DATA, JSON, DEVICE)
def doctor(options: argparse.Namespace) -> int:
    from srcnn_theano.doctor import run_doctor

    text, ok = run_doctor(options.data, as_json=options.json)
    print(text)
    return 0 if ok else 2
