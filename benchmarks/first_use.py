"""How long the first results take when nothing has been compiled yet."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.work import SCALE, WORKS
from srcnn_theano.data.images import Picture, write_picture
from srcnn_theano.environment import usable_cores

PICTURE = (64, 64)
TITLES = {
    "step": "first SRCNN training step",
    "upscale": "upscaling a small picture",
    "demo": "demo, with 15 s of training",
}
# Through XLA it is the step alone, and nothing may need a C compiler.
XLA_TITLES = {"step": "first SRCNN training step, no C compiler"}


def measure(device: str = "cpu") -> dict[str, dict[str, Any]]:
    """Seconds from a command to its end, each with an empty compile folder.

    Parameters
    ----------
    device : 'cpu', 'xla' or 'gpu'

    Returns
    -------
    dict of name, a key of the titles, to {"title": str, "seconds": float}, or with
    "failed", the last line that was said, instead of the seconds.
    """
    titles = TITLES if device == "cpu" else XLA_TITLES
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small.png"
        pixels = np.random.RandomState(0).randint(0, 256, PICTURE + (3,))
        write_picture(small, Picture(pixels.astype("uint8")))
        step = json.dumps(WORKS["srcnn-20"]._asdict())
        enlarge = ["upscale", str(small), "--scale", str(SCALE), "--out", folder + "/o"]
        commands = {
            "step": [
                "benchmarks.worker",
                "ours",
                "",
                step,
                str(usable_cores()),
            ],
            "upscale": ["srcnn_theano"] + enlarge,
            "demo": ["srcnn_theano", "demo", "--out", folder + "/demo"],
        }
        return {
            name: dict(_seconds(commands[name], device), title=title)
            for name, title in titles.items()
        }


def _seconds(command: list[str], device: str = "cpu") -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as empty:
        # Theano takes the last of two values, and this flag before its base folder.
        flags = [os.environ.get("THEANO_FLAGS"), "compiledir=" + empty]
        flags += [] if device == "cpu" else ["cxx="]
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m"] + command,
            input="run 1\n",  # to the worker; others do not listen
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=dict(
                os.environ,
                SRCNN_DEVICE=device,
                THEANO_FLAGS=",".join(filter(None, flags)),
            ),
            text=True,
        )
        seconds = time.perf_counter() - started
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["ended"])[-1]}
    return {"seconds": seconds}
