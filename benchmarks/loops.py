"""What a loop of steps costs where XLA compiles for a CPU.

    python -m benchmarks.loops --out benchmarks/loops.json

A training step of SRCNN at batch 20 is taken by itself, as `--device xla` does it, and
as one of a loop on the device, as `--device gpu` does it. The two take turns, and count
is kept of the processor's time: other programs may run beside. docs/gpu.md has the
figures, by `python -m claims`.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path
from typing import Any, Callable

import numpy as np

from benchmarks.sides import spread
from srcnn_theano.compare_deconv.measures import seconds_in_turns
from srcnn_theano.environment import processor
from srcnn_theano.errors import UserError
from srcnn_theano.files import check_target, write_json
from srcnn_theano.ranges import count

BATCH_SIZE = 20


def build() -> tuple[Callable[[], Any], Callable[[], Any], int]:
    """(steps one by one, the same steps in a loop, how many they are)."""
    from srcnn_theano.backend.internals import linked
    from srcnn_theano.backend.xla.function import STEPS_PER_LOOP
    from srcnn_theano.data.patches import Pairs
    from srcnn_theano.training.settings import Training
    from srcnn_theano.training.step import build_step

    shape = (STEPS_PER_LOOP * BATCH_SIZE, 3, 33, 33)
    images = np.random.RandomState(0).randint(0, 256, shape).astype("uint8")
    training = Training("srcnn", {"channels": 3}, batch_size=BATCH_SIZE)
    function = build_step(training, Pairs(images, images)).function
    function = getattr(function, "function", function)  # past what is wrapped around it
    inner = linked(function)

    def alone():
        return [function(index) for index in range(STEPS_PER_LOOP)]

    return alone, lambda: inner.many(0, STEPS_PER_LOOP), STEPS_PER_LOOP


def measure(n_turns: int) -> dict[str, Any]:
    """Milliseconds of processor time a step, of each turn."""
    alone, looped, n_steps = build()
    calls = {"alone": alone, "looped": looped}
    seconds = seconds_in_turns(calls, n_turns, time.process_time)
    per_step = {k: [1e3 * s / n_steps for s in turns] for k, turns in seconds.items()}
    ratios = np.array(per_step["looped"]) / per_step["alone"]
    return {"n_steps": n_steps, "ms": per_step, "times": spread(ratios)}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=count, default=5)
    parser.add_argument("--out", metavar="FILE.json", type=Path, required=True)
    options = parser.parse_args()
    os.environ["SRCNN_DEVICE"] = "xla"
    try:
        check_target(options.out)
        from srcnn_theano.record import conditions

        figures = {"processor": processor(), "cores": os.cpu_count(), **conditions()}
        write_json(options.out, {**figures, **measure(options.turns)})
    except UserError as error:
        print(f"benchmarks.loops: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
