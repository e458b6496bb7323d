"""What a command of the command line is: a function, a line of help and options.

The options that several commands have read alike everywhere and are defined here.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any, Callable, NamedTuple, Optional

from srcnn_theano import environment
from srcnn_theano.ranges import count, seed
from srcnn_theano.training.settings import PRECISIONS

SHOW_DEFAULT = " (default: %(default)s)"
Run = Callable[[argparse.Namespace], Optional[int]]


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
MODEL = option(
    "--model",
    help="a network of this package: fsrcnn (default), srcnn or fsrcnn-large",
)
OUT = option("--out", type=Path, metavar="PATH")
PRECISION = option(
    "--precision",
    choices=PRECISIONS,
    help="what convolutions multiply in training (default: float32); bf16 is faster "
    "where the processor has it",
)
PROTOCOL = option("--protocol", help="such as programmed, course or standard")
RESUME = option("--resume", action="store_true")
RUNS = option("--runs", type=Path, metavar="DIR", help="folder of runs")
SCALE = option("--scale", type=int, help="2, 3 or 4")
SCHEDULER = option(
    "--scheduler",
    metavar="ADDRESS",
    help="of a Dask cluster whose workers do it, see docs/cluster.md",
)
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
