"""Commands for pictures and for the networks that enlarge them."""

from __future__ import annotations

import argparse
from pathlib import Path

from srcnn_theano.cli.options import (
    DEVICE,
    JSON,
    MODEL,
    OUT,
    PROTOCOL,
    RESUME,
    SCALE,
    SCHEDULER,
    SEED,
    WEIGHTS,
    command,
    option,
)
from srcnn_theano.ranges import MEMORY, above_0, whole
from srcnn_theano.streams import say


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
    option("--format", help="of results in a folder, such as png or jpg"),
    option(
        "--quality",
        type=int,
        help="of JPEG and WebP, 1 to 100 (default: JPEG has 95, WebP loses nothing)",
    ),
    option(
        "--suffix",
        default="",
        metavar="TEXT",
        help="goes into the names of results in a folder, as in photo_x2.png",
    ),
    option(
        "--memory",
        type=above_0("GiB"),
        default=MEMORY,
        metavar="GIB",
        help="that may be taken; a picture that needs more is refused",
    ),
    RESUME.but(help="skip what was made already by the same network and options"),
    SCHEDULER,
    DEVICE,
)
def upscale(options: argparse.Namespace) -> int:
    from srcnn_theano.upscale.plan import Naming
    from srcnn_theano.upscale.upscale import upscale_paths

    summary = upscale_paths(
        options.inputs,
        options.scale,
        options.out,
        weights=options.weights,
        model=options.model,
        tta=options.tta,
        resume=options.resume,
        naming=Naming(options.format, options.suffix, options.quality),
        memory=options.memory,
        scheduler=options.scheduler,
    )
    for message in summary.failed:
        say(f"srcnn-theano: error: {message}")
    print(summary)
    return 2 if summary.failed else 0


@command(
    "score weights on folders of images, beside bicubic",
    option("folders", nargs="*", metavar="FOLDER"),
    option(
        "--low",
        type=Path,
        metavar="LOW",
        help="instead of FOLDER: a folder of small images, or one of them, and",
    ),
    option("--high", type=Path, metavar="HIGH", help="their originals, named alike"),
    MODEL,
    WEIGHTS,
    PROTOCOL.but(default="standard"),
    SCALE.but(required=True),
    JSON,
    SCHEDULER,
    DEVICE,
)
def evaluate(options: argparse.Namespace) -> int:
    from srcnn_theano.errors import UserError

    pairs = (options.low, options.high)
    if bool(options.folders) == any(pairs) or any(pairs) != all(pairs):
        raise UserError(
            "evaluate: name folders of images, or else --low and --high together"
        )
    from srcnn_theano.evaluation.evaluate import print_evaluation
    from srcnn_theano.experiments import batch_sizes

    return print_evaluation(
        options.folders,
        options.weights,
        options.protocol,
        options.scale,
        model=options.model,
        batch_sizes=batch_sizes(),
        as_json=options.json,
        pairs=pairs if all(pairs) else None,
        scheduler=options.scheduler,
    )


@command(
    "enlarge pictures on a page in the browser",
    option(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="where to listen; 0.0.0.0 lets in whoever reaches this machine",
    ),
    option("--port", type=whole(0, 65535), default=8000, help="0 for any that is free"),
    option("--most-mb", type=whole(1, 4096), default=50, metavar="N", help="of a file"),
    option(
        "--most-megapixels",
        type=whole(1, 1000),
        default=50,
        metavar="N",
        help="of a picture",
    ),
    WEIGHTS.but(type=Path, help="weight file of a network to offer beside ours"),
    DEVICE,
)
def web(options: argparse.Namespace) -> None:
    from srcnn_theano.web.serve import serve

    serve(
        options.host,
        options.port,
        options.most_mb,
        options.most_megapixels,
        options.weights,
    )


@command(
    "turn another program's weight file into ours, ours into ONNX",
    option(
        "input",
        metavar="IN",
        help=".mat of Dong et al.; SRCNN, FSRCNN or VGG16 as .h5 of Keras, .pth of "
        "PyTorch, .pb of TensorFlow, .caffemodel, .safetensors, .npz or .npy; for "
        "OUT.onnx, weights of this package",
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
    scale = weights.about.get("scale")
    print(
        f"{options.output}: {weights.model} {weights.options}, {len(weights.values)} "
        "arrays" + (f", trained for scale {scale}" if scale else "")
    )
