"""The command line: one small function per sub-command.

Nothing heavy is imported before a sub-command runs, so that ``--help`` answers at once.
"""

import argparse
import os
import sys
from pathlib import Path

from srcnn_theano import __version__, environment
from srcnn_theano.errors import UserError
from srcnn_theano.experiments import TABLES


def main(arguments=None):
    """Run the command line; returns the exit status: 0, 2 (bad input), 130 (Ctrl-C)."""
    options = _parser().parse_args(arguments)
    if getattr(options, "device", None):
        # Whatever compiles functions looks there, in this process and those it starts.
        os.environ["SRCNN_DEVICE"] = options.device
    try:
        return _run(options) or 0
    except UserError as error:
        print(f"srcnn-theano: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        cure = "; --resume goes on" if hasattr(options, "resume") else ""
        if options.command in ("reproduce", "compare-deconv"):
            cure = "; the same command goes on"
        print("srcnn-theano: interrupted" + cure, file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output (head, less) has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(options):
    try:
        return options.run(options)
    except ModuleNotFoundError as error:
        if (error.name or "srcnn_theano").startswith("srcnn_theano"):
            raise
        environment.check_python()  # nothing can be installed for some
        raise UserError(
            f"{error.name}: not installed for {sys.executable}; `pip install "
            "srcnn-theano`, or `pip install .` in a checkout, installs all that is "
            "needed"
        ) from error


def demo(options):
    from srcnn_theano.demo import run_demo

    run_demo(Path(options.out), seed=options.seed, as_json=options.json)


def upscale(options):
    from srcnn_theano.upscale import upscale_paths

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
        print(f"srcnn-theano: error: {message}", file=sys.stderr)
    print(summary)
    return 2 if summary.failed else 0


def data(options):
    from srcnn_theano.data import cache, datasets

    data_dir = datasets.find_data_dir(options.data)
    if options.action == "check":
        return datasets.print_check(data_dir, as_json=options.json)
    return cache.print_prepare(
        data_dir, options.protocol, options.scale, as_json=options.json
    )


def train(options):
    from srcnn_theano.data.datasets import find_data_dir
    from srcnn_theano.experiments import find_experiment
    from srcnn_theano.runs import run_experiment

    experiment = find_experiment(options.experiment)
    if options.seed is not None:
        experiment = experiment._replace(seed=options.seed)
    run_dir = run_experiment(
        experiment,
        find_data_dir(options.data),
        Path(options.runs),
        n_epochs=options.epochs,
        resume=options.resume,
        vgg=options.vgg,
    )
    print(f"the run is in {run_dir}")


def evaluate(options):
    from srcnn_theano.evaluation.evaluate import print_evaluation

    print_evaluation(
        options.folders,
        options.weights,
        options.protocol,
        options.scale,
        model=options.model,
        as_json=options.json,
    )


def experiments(options):
    from srcnn_theano.report.report import print_experiments

    print_experiments(_path(options.runs), as_json=options.json)


def reproduce(options):
    from srcnn_theano.data.datasets import find_data_dir
    from srcnn_theano.report.report import print_experiments
    from srcnn_theano.runs import reproduce_table

    reproduce_table(
        options.table, find_data_dir(options.data), Path(options.runs), options.vgg
    )
    print_experiments(Path(options.runs))


def report(options):
    from srcnn_theano.report.report import write_report

    write_report(Path(options.out), _path(options.runs), options.data)


def compare_deconv(options):
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


def convert(options):
    from srcnn_theano.convert import convert as convert_file

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


def graph(options):
    from srcnn_theano.graph.pages import write_graph

    write_graph(
        options.model, Path(options.out), what=options.what, as_json=options.json
    )


def doctor(options):
    from srcnn_theano.doctor import run_doctor

    report, ok = run_doctor(options.data, as_json=options.json)
    print(report)
    return 0 if ok else 2


def _path(text):
    return None if text is None else Path(text)


def _parser():
    parser = argparse.ArgumentParser(
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

    def command(run, help):
        name = run.__name__.replace("_", "-")
        sub = commands.add_parser(name, help=help, description=help)
        sub.set_defaults(run=run)
        return sub

    sub = command(demo, "train for 15 seconds on a photograph and compare with bicubic")
    _out(sub, "folder for the pictures", default="srcnn_demo")
    _seed(sub, 0)
    _json(sub)
    _device(sub)

    sub = command(upscale, "enlarge pictures")
    sub.add_argument("inputs", nargs="+", metavar="IN", help="files and folders")
    _scale(sub)
    _out(sub, "output file, or folder for several inputs", required=True)
    _weights(sub)
    sub.add_argument(
        "--tta", action="store_true", help="average over the eight flips and rotations"
    )
    sub.add_argument("--resume", action="store_true", help="skip what is done already")
    _device(sub)

    sub = command(data, "verify the image sets, or cut them into sub-images")
    sub.add_argument("action", choices=["check", "prepare"])
    _data(sub)
    _protocol(sub, "course")
    _scale(sub, default=4)
    _json(sub)

    sub = command(train, "train one experiment")
    sub.add_argument("experiment", help="a name that 'srcnn-theano experiments' lists")
    _data(sub)
    _runs(sub)
    _seed(sub, None)
    sub.add_argument("--epochs", type=int, help="another number than the experiment's")
    _vgg(sub)
    sub.add_argument("--resume", action="store_true", help="go on from the checkpoint")
    _device(sub)

    sub = command(evaluate, "score weights on folders of images, beside bicubic")
    sub.add_argument("folders", nargs="+", metavar="FOLDER")
    _weights(sub)
    _protocol(sub, "standard")
    _scale(sub)
    _json(sub)
    _device(sub)

    sub = command(experiments, "list the experiments and their results")
    _runs(sub, default=None)
    _json(sub)

    sub = command(reproduce, "train and measure every row of a table of the report")
    sub.add_argument("table", choices=TABLES)
    _data(sub)
    _runs(sub)
    _vgg(sub)
    _device(sub)

    sub = command(report, "write all results as Markdown and as one HTML page")
    _data(sub)
    _runs(sub, default=None)
    _out(sub, "folder for report.md and report.html", default="report")
    _device(sub)

    sub = command(
        compare_deconv, "compare deconvolution by gradInputs with the naive full border"
    )
    sub.add_argument(
        "--quick",
        action="store_true",
        help="in a minute or two, on a photograph instead of T91",
    )
    _data(sub)
    _runs(sub)
    sub.add_argument("--epochs", type=int, help="another number than the experiments'")
    _seed(sub, 0)
    _out(sub, "folder for deconvolution.html", default="deconvolution")
    _json(sub)
    _device(sub)

    sub = command(
        convert, "turn another program's weight file into ours, ours into ONNX"
    )
    sub.add_argument(
        "input",
        metavar="IN",
        help=".mat of Dong et al.; VGG16 as .h5 of Keras, .caffemodel, .pth of "
        "PyTorch, .safetensors, .npz or .npy; for OUT.onnx, a weight file of ours",
    )
    sub.add_argument(
        "output",
        metavar="OUT",
        help="OUT.h5; or OUT.onnx, which other programs run (needs the package onnx)",
    )
    sub.add_argument(
        "--model", help="what the file holds, where it cannot be recognised"
    )
    sub.add_argument(
        "--scale", type=int, help="the scale it was trained for: 2, 3 or 4"
    )
    sub.add_argument(
        "--last-layer",
        metavar="LAYER",
        help="where to cut VGG16 (relu2_2 for the report's loss; default: take all)",
    )

    sub = command(graph, "draw the graph of a network, before and after the optimiser")
    sub.add_argument(
        "model", metavar="MODEL", help="name of a model or experiment, or a weight file"
    )
    sub.add_argument(
        "--what",
        choices=["predict", "train"],
        help="the network's output, or a training step (default: a training step for "
        "experiments, else the output)",
    )
    _out(sub, "folder for the pages and texts", default="graph")
    _json(sub)
    _device(sub)

    sub = command(doctor, "tell what is installed, found and missing")
    _data(sub)
    _json(sub)
    _device(sub)
    return parser


def _data(sub):
    sub.add_argument(
        "--data",
        metavar="DIR",
        help="folder with T91, Set5 and Set14 (default: $SRCNN_DATA)",
    )


def _runs(sub, default="runs"):
    shown = "" if default is None else f" (default: {default})"
    sub.add_argument(
        "--runs", metavar="DIR", default=default, help="folder of runs" + shown
    )


def _out(sub, help, default=None, required=False):
    shown = "" if default is None else f" (default: {default})"
    sub.add_argument(
        "--out", metavar="PATH", default=default, required=required, help=help + shown
    )


def _scale(sub, default=None):
    shown = "" if default is None else f" (default: {default})"
    sub.add_argument(
        "--scale",
        type=int,
        default=default,
        required=default is None,
        help="2, 3 or 4" + shown,
    )


def _weights(sub):
    sub.add_argument(
        "--model",
        help="network that comes along: fsrcnn (default) or srcnn",
    )
    sub.add_argument("--weights", metavar="FILE", help="another network's weight file")


def _vgg(sub):
    sub.add_argument(
        "--vgg",
        metavar="FILE",
        help="VGG16 for perceptual losses and distances (default: $SRCNN_VGG16, or "
        "the converted one in the cache)",
    )


def _protocol(sub, default):
    sub.add_argument(
        "--protocol",
        default=default,
        help=f"course, course-initial, standard or standard-rgb (default: {default})",
    )


def _device(sub):
    sub.add_argument(
        "--device",
        choices=environment.DEVICES,
        help="C code and oneDNN; XLA on the CPU; or XLA on a graphics card (default: "
        "$SRCNN_DEVICE, or cpu)",
    )


def _seed(sub, default):
    sub.add_argument("--seed", type=int, default=default, help="of all random draws")


def _json(sub):
    sub.add_argument("--json", action="store_true", help="print the figures as JSON")


if __name__ == "__main__":
    sys.exit(main())
