"""The command line: `python -m benchmarks --help`, in the root of a checkout."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from benchmarks.runner import run_bench
from srcnn_theano.environment import DEVICES
from srcnn_theano.errors import UserError
from srcnn_theano.ranges import count


def main(arguments: list[str] | None = None) -> int:
    """Measure; returns the exit status: 0, or 2 where something cannot be compared."""
    options = _parser().parse_args(arguments)
    if options.device:
        # Whatever compiles functions looks there, in this process and those it starts.
        os.environ["SRCNN_DEVICE"] = options.device
    against = _names(options.against)
    try:
        run_bench(
            [] if against == ["none"] else against,
            options.threads,
            _names(options.only),
            as_json=options.json,
            out=options.out,
            opencv=options.opencv,
        )
    except UserError as error:
        print(f"benchmarks: error: {error}", file=sys.stderr)
        return 2
    return 0


def _names(text: str | None) -> list[str] | None:
    return None if text is None else text.split(",")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="time training and upscaling, side by side with PyTorch, JAX and "
        "onnxruntime",
    )
    add = parser.add_argument
    add(
        "--against",
        help="some of torch,jax,onnxruntime (images alone), or none (default: torch; "
        "jax with --device xla, torch,jax with --device gpu)",
    )
    add("--threads", type=count, help="default: one, and then one for each core")
    add("--only", metavar="JOBS", help="such as srcnn-20,vgg-100,samples,first-use")
    add("--out", metavar="PATH", type=Path, help="file for the figures (JSON)")
    add(
        "--opencv",
        metavar="PB",
        type=Path,
        help="FSRCNN_x2.pb: for opencv-contrib-python, if that is installed",
    )
    add("--json", action="store_true", help="print the figures as JSON")
    add(
        "--device",
        choices=DEVICES,
        help="where our side runs (default: $SRCNN_DEVICE, or cpu)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
