"""The command line: one small function per sub-command, with its options beside it.

Nothing heavy is imported before a sub-command runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional, Sequence

from srcnn_theano import __version__, environment
from srcnn_theano.errors import UserError
from srcnn_theano.experiments import TABLES
from srcnn_theano.ranges import count, seed
from srcnn_theano.streams import Parser, say, tolerant_output

SHOW_DEFAULT = " (default: %(default)s)"
Run = Callable[[argparse.Namespace], Optional[int]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0, 2 (bad input), 130 (Ctrl-C).

    Whoever reads the output may go (head, less): that is no error. An output that
    cannot be written is one for a command that only prints; the others have done their
    work, and say that its summary was lost.
    """
    makes_files = False
    with tolerant_output() as output:
        try:
            options = _parser().parse_args(arguments)
            makes_files = options.command not in _ONLY_PRINT
            makes_files &= getattr(options, "action", "") != "check"
            status = _status(options)
        except SystemExit as end:
            output.flush()
            if end.code or output.error is None:
                raise
            status = 0
    if output.error is None or isinstance(output.error, BrokenPipeError):
        return status
    message = f"standard output: cannot be written ({output.error.strerror}); "
    if makes_files:
        say(f"srcnn-theano: {message}only what was to be printed is lost")
        return status
    say(f"srcnn-theano: error: {message}send it to another place")
    return status or 2


_ONLY_PRINT = ("evaluate", "experiments", "doctor")


def _status(options: argparse.Namespace) -> int:
    """Run a command; the exit status that becomes of it."""
    if getattr(options, "device", None):
        # Whatever compiles functions looks there, in this process and those it starts.
        os.environ["SRCNN_DEVICE"] = options.device
    try:
        return _run(options) or 0
    except UserError as error:
        say(f"srcnn-theano: error: {error}")
        return 2
    except MemoryError:
        say(f"srcnn-theano: error: {options.command}: memory full; take less at once")
        return 2
    except KeyboardInterrupt:
        cure = "; --resume goes on" if hasattr(options, "resume") else ""
        if options.command in ("reproduce", "compare-deconv"):
            cure = "; the same command goes on"
        say("srcnn-theano: interrupted" + cure)
        return 130


def _run(options: argparse.Namespace) -> int | None:
    try:
        return COMMANDS[options.command].run(options)
    except ModuleNotFoundError as error:
        if (error.name or "srcnn_theano").startswith("srcnn_theano"):
            raise
        environment.check_python()  # nothing can be installed for some
        raise UserError(
            f"{error.name}: not installed for {sys.executable}; `pip install "
            "srcnn-theano`, or `pip install .` in a checkout, installs all that is "
            "needed"
        ) from error


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="srcnn-theano",
        description="Super-resolution by SRCNN in Theano: upscale pictures, train, and "
        "reproduce a report's tables under protocols that are spelled out.",
        epilog="The benchmarks against PyTorch and JAX are run by `python -m "
        "benchmarks` in a checkout.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command"
    )
    commands.required = True
    for name, command in COMMANDS.items():
        sub = commands.add_parser(name, help=command.help, description=command.help)
        for names, settings in command.options:
            if settings.get("default") is not None:
                settings = dict(settings, help=settings["help"] + SHOW_DEFAULT)
            sub.add_argument(*names, **settings)
    return parser


# --- Options ---


class Option(NamedTuple):
    """An option or argument of a command, as ``add_argument`` of argparse takes it."""

    names: tuple[str, ...]
    settings: dict[str, Any]

    def but(self, **settings: Any) -> Option:
        """The same with other settings."""
        return self._replace(settings={**self.settings, **settings})


def option(*names: str, **settings: Any) -> Option:
    """An option by its names and the settings of ``add_argument``."""
    return Option(names, settings)


DATA = option(
    "--data",
    metavar="DIR",
    help="folder with T91, Set5 and Set14 (default: $SRCNN_DATA)",
)
DEVICE = option(
    "--device",
    choices=environment.DEVICES,
    help="C code and oneDNN; XLA on the CPU; or XLA on a graphics card (default: "
    "$SRCNN_DEVICE, or cpu)",
)
EPOCHS = option("--epochs", type=count, help="another number than the experiment's")
JSON = option("--json", action="store_true", help="print the figures as JSON")
MODEL = option("--model", help="a network of this package: fsrcnn (default) or srcnn")
OUT = option("--out", type=Path, metavar="PATH")
PROTOCOL = option("--protocol", help="such as programmed, course or standard")
RESUME = option("--resume", action="store_true")
RUNS = option("--runs", type=Path, metavar="DIR", help="folder of runs")
SCALE = option("--scale", type=int, help="2, 3 or 4")
SEED = option("--seed", type=seed, help="of all random draws")
SEEDS = option("--seeds", metavar="0,1,2", help="a run and a folder for each seed")
VGG = option(
    "--vgg",
    metavar="FILE",
    help="VGG16 for perceptual losses and distances (default: $SRCNN_VGG16, or the "
    "converted one in the cache)",
)
WEIGHTS = option("--weights", metavar="FILE", help="another network's weight file")


# --- Commands ---


class Command(NamedTuple):
    """A sub-command: the function that runs it, a line of help, and its options."""

    run: Run
    help: str
    options: tuple[Option, ...]


COMMANDS: dict[str, Command] = {}


def command(help: str, *options: Option) -> Callable[[Run], Run]:
    """Make a function a sub-command of its name; it returns the exit status or None."""

    def register(run: Run) -> Run:
        COMMANDS[run.__name__.replace("_", "-")] = Command(run, help, options)
        return run

    return register


@command(
    "train for 15 seconds on a photograph and compare with bicubic",
    OUT.but(default="srcnn_demo", help="folder for the pictures"),
    SEED.but(default=0),
    JSON,
    DEVICE,
)
def demo(options: argparse.Namespace) -> None:
    from srcnn_theano.demo.demo import run_demo

    run_demo(options.out, seed=options.seed, as_json=options.json)


@command(
    "enlarge pictures",
    option("inputs", nargs="+", metavar="IN", help="files and folders"),
    SCALE.but(required=True),
    OUT.but(required=True, help="output file, or folder for several inputs"),
    MODEL,
    WEIGHTS,
    option(
        "--tta", action="store_true", help="average over the eight flips and rotations"
    ),
    RESUME.but(help="skip what is done already"),
    DEVICE,
)
def upscale(options: argparse.Namespace) -> int:
    from srcnn_theano.upscale.upscale import upscale_paths

    summary = upscale_paths(
        options.inputs,
        options.scale,
        options.out,
        weights=options.weights,
        model=options.model,
        tta=options.tta,
        resume=options.resume,
    )
    for message in summary.failed:
        say(f"srcnn-theano: error: {message}")
    print(summary)
    return 2 if summary.failed else 0


@command(
    "verify the image sets, or cut them into sub-images",
    option("action", choices=["check", "prepare"]),
    DATA,
    PROTOCOL.but(help=PROTOCOL.settings["help"] + " (prepare alone; default: course)"),
    SCALE.but(help="2, 3 or 4 (prepare alone; default: 4)"),
    JSON,
)
def data(options: argparse.Namespace) -> int:
    from srcnn_theano.data import cache, datasets

    data_dir = datasets.find_data_dir(options.data)
    if options.action == "prepare":
        protocol, scale = options.protocol or "course", options.scale or 4
        cache.print_prepare(data_dir, protocol, scale, as_json=options.json)
        return 0
    if options.protocol or options.scale:
        raise UserError(
            "data check: it verifies files and takes no --protocol and no --scale; "
            "leave them out, or use data prepare"
        )
    return datasets.print_check(data_dir, as_json=options.json)


@command(
    "train one experiment",
    option("experiment", help="a name that 'srcnn-theano experiments' lists"),
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
)
def train(options: argparse.Namespace) -> None:
    from srcnn_theano.data.datasets import find_data_dir
    from srcnn_theano.experiments import find_experiment
    from srcnn_theano.runs import runs

    listed, data_dir = find_experiment(options.experiment), find_data_dir(options.data)
    experiment = listed.changed(options.epochs, options.seed)
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


@command(
    "score weights on folders of images, beside bicubic",
    option("folders", nargs="+", metavar="FOLDER"),
    MODEL,
    WEIGHTS,
    PROTOCOL.but(default="standard"),
    SCALE.but(required=True),
    JSON,
    DEVICE,
)
def evaluate(options: argparse.Namespace) -> None:
    from srcnn_theano.evaluation.evaluate import print_evaluation

    print_evaluation(
        options.folders,
        options.weights,
        options.protocol,
        options.scale,
        model=options.model,
        as_json=options.json,
    )


@command("list the experiments and their results", RUNS, JSON)
def experiments(options: argparse.Namespace) -> None:
    from srcnn_theano.report.listing import print_experiments

    print_experiments(options.runs, as_json=options.json)


@command(
    "train and measure every row of a table of the report",
    option("table", choices=TABLES),
    DATA,
    RUNS.but(default="runs"),
    SEEDS,
    VGG,
    DEVICE,
)
def reproduce(options: argparse.Namespace) -> None:
    from srcnn_theano.data.datasets import find_data_dir
    from srcnn_theano.report.listing import print_experiments
    from srcnn_theano.runs.runs import parse_seeds, reproduce_table

    data_dir, seeds = find_data_dir(options.data), parse_seeds(options.seeds)
    reproduce_table(options.table, data_dir, options.runs, options.vgg, seeds)
    print_experiments(options.runs)


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
    "turn another program's weight file into ours, ours into ONNX",
    option(
        "input",
        metavar="IN",
        help=".mat of Dong et al.; VGG16 as .h5 of Keras, .caffemodel, .pth of "
        "PyTorch, .safetensors, .npz or .npy; for OUT.onnx, weights of this package",
    ),
    option(
        "output",
        metavar="OUT",
        help="OUT.h5; or OUT.onnx, which other programs run (needs the package onnx)",
    ),
    option("--model", help="refuse any other kind: srcnn, fsrcnn or vgg16"),
    SCALE.but(help="the scale it was trained for: 2, 3 or 4"),
    option(
        "--last-layer",
        metavar="LAYER",
        help="where to cut VGG16 (relu2_2 for the report's loss; default: take all)",
    ),
)
def convert(options: argparse.Namespace) -> None:
    from srcnn_theano.convert.convert import convert as convert_file

    weights = convert_file(
        options.input,
        options.output,
        options.model,
        options.scale,
        options.last_layer,
    )
    print(
        f"{options.output}: {weights.model} {weights.options}, {len(weights.values)} "
        "arrays"
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


@command("tell what is installed, found and missing", DATA, JSON, DEVICE)
def doctor(options: argparse.Namespace) -> int:
    from srcnn_theano.doctor import run_doctor

    text, ok = run_doctor(options.data, as_json=options.json)
    print(text)
    return 0 if ok else 2


if __name__ == "__main__":
    sys.exit(main())
