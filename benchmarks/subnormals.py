"""What weights below float32's normal form cost, taken for 0 or computed with.

    python -m benchmarks.subnormals [--network FILE.h5]

A convolution of SRCNN's first layer, its gradients, an element-wise step and the
network of a file run with their own weights, and with all of them subnormal: as
functions are called here, and as they would be without `backend/subnormals.py`. They
take turns; printed are the quickest of the turns, in milliseconds.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from pathlib import Path
from typing import Any, Callable, Tuple

import numpy as np

from srcnn_theano.backend import T, compile_function
from srcnn_theano.inference import build_model
from srcnn_theano.tables import text_lines
from srcnn_theano.training.functions import prediction_function
from srcnn_theano.weights import load_weights, weights_for_scale

SUBNORMAL = np.float32(1e-40)
_TURNS, _SECONDS = 15, 0.05

# A function and its arguments.
Work = Tuple[Any, Tuple[np.ndarray, ...]]


def _cases(network: Path) -> dict[str, tuple[Work, Work]]:
    """By name: the work with weights as they are, and with subnormal ones."""
    rng = np.random.RandomState(0)
    images = rng.rand(20, 3, 33, 33).astype("float32")
    filters = rng.randn(64, 3, 9, 9).astype("float32")
    many = rng.rand(100_000).astype("float32")
    x, w, v = T.tensor4("x"), T.tensor4("w"), T.fvector("v")
    maps = T.nnet.conv2d(x, w)
    convolution = compile_function([x, w], maps)
    gradients = compile_function([x, w], T.grad(T.sqr(maps).sum(), [x, w]))
    elements = compile_function([v], v * np.float32(0.9) + v * v)
    weights = load_weights(network)
    tiny = {name: value * SUBNORMAL for name, value in weights.values.items()}
    models = build_model(weights), build_model(weights._replace(values=tiny))
    picture = rng.rand(1, models[0].channels, 100, 100).astype("float32")
    own, scaled = ((prediction_function(model), (picture,)) for model in models)
    return {
        "convolution": (
            (convolution, (images, filters)),
            (convolution, (images, filters * SUBNORMAL)),
        ),
        "its gradients": (
            (gradients, (images, filters)),
            (gradients, (images, filters * SUBNORMAL)),
        ),
        "element by element": ((elements, (many,)), (elements, (many * SUBNORMAL,))),
        network.stem: (own, scaled),
    }


def _quickest(calls: dict[str, Callable[[], Any]]) -> dict[str, float]:
    """The quickest call of each, in ms; they take turns."""
    best = dict.fromkeys(calls, float("inf"))
    for _ in range(_TURNS):
        for name, call in calls.items():
            end = time.perf_counter() + _SECONDS / len(calls)
            while True:
                start = time.perf_counter()
                call()
                now = time.perf_counter()
                best[name] = min(best[name], 1000 * (now - start))
                if now > end:
                    break
    return best


def measure(network: Path) -> dict[str, dict[str, float]]:
    """Milliseconds by case: normal weights, subnormal ones, and these computed with."""
    measured = {}
    for name, ((function, own), (the_same, tiny)) in _cases(network).items():
        call = type(function).__call__
        plain = getattr(call, "__wrapped__", call)
        measured[name] = _quickest(
            {
                "normal": partial(function, *own),
                "subnormal": partial(the_same, *tiny),
                "computed with": partial(plain, the_same, *tiny),
            }
        )
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--network", type=Path, default=weights_for_scale(4, "srcnn"))
    rows = [["", "normal/ms", "subnormal", "computed with", "slower"]]
    for name, ms in measure(parser.parse_args().network).items():
        slower = ms["computed with"] / ms["subnormal"]
        rows.append([name, *(f"{x:.3f}" for x in ms.values()), f"{slower:.1f} times"])
    print("\n".join(text_lines("lrrrr", rows)))


if __name__ == "__main__":
    main()
