"""The whole job in small, without a data set: degrade, train, restore, compare.

A photograph that comes with a dependency is cut in two. A fresh SRCNN trains for some
seconds on sub-images of one part; the other part, which it never sees, is reduced,
restored, scored against bicubic and shown.
"""

from __future__ import annotations

import shlex
import time
from pathlib import Path
from typing import Any, Mapping, Sequence

import numpy as np

from srcnn_theano.data.images import Picture, write_picture
from srcnn_theano.data.photograph import photograph
from srcnn_theano.demo.comparison import draw
from srcnn_theano.demo.learning import Learning, Point
from srcnn_theano.demo.trial import DESCRIPTION, SCALE, Attempt, Trial
from srcnn_theano.errors import UserError
from srcnn_theano.files import check_target_folder, json_text, write_json, write_text
from srcnn_theano.streams import say
from srcnn_theano.tables import text_lines
from srcnn_theano.upscale.picture import load_upscaler


def run_demo(
    out_dir: Path,
    seed: int = 0,
    seconds: float = 15.0,
    as_json: bool = False,
    progress: bool = True,
) -> dict[str, Any]:
    """Train, restore, score, draw, and print a table.

    Ctrl-C during the training ends the training: the network is scored as it is. The
    figures depend on how many steps the machine makes in the time.

    Parameters
    ----------
    out_dir : path
        Gets pictures, ``history.csv``, ``results.json`` and ``weights.h5``.
    seed : int
        Of the first filters and the order of the sub-images.
    seconds : float
        Length of the training.
    as_json : bool
        Print the figures as JSON, not as a table.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    dict
        As in ``results.json``.
    """
    started = time.perf_counter()
    out_dir = Path(out_dir)
    check_target_folder(out_dir)
    photo = photograph()
    trial = Trial(photo.pixels[photo.test])
    _write(out_dir, {"original": trial.original, "low_res": trial.low_res})
    if progress:
        say("compiling (the first time takes a while) ...")
    learning = Learning(photo, seed)
    curve = learning.run(seconds, progress)
    attempts = _attempts(trial, learning, curve[-1].seconds)
    _write(out_dir, {attempt.name: attempt.pixels for attempt in attempts})
    learning.save(out_dir / "weights.h5")
    write_text(out_dir / "history.csv", _csv(curve))
    bicubic = learning.watched_bicubic
    draw(out_dir / "comparison.png", photo, trial, attempts, curve, bicubic)
    results = {
        "photograph": photo.name,
        "protocol": DESCRIPTION,
        "seed": seed,
        "steps": curve[-1].step,
        "seconds_of_training": round(curve[-1].seconds, 2),
        "seconds_to_first_step": round(learning.first_step - started, 2),
        **{attempt.name: attempt.scores for attempt in attempts},
        "seconds": round(time.perf_counter() - started, 2),
    }
    write_json(out_dir / "results.json", results)
    print(json_text(results) if as_json else _report(results, out_dir))
    return results


# --- Attempts to restore the test part ---

_TITLES = {
    "bicubic": "bicubic",
    "srcnn": "SRCNN, {:.0f} s of training",
    "shipped": "FSRCNN, shipped weights",
}


def _titles(seconds: float) -> dict[str, str]:
    return {name: title.format(seconds) for name, title in _TITLES.items()}


def _attempts(trial: Trial, learning: Learning, seconds: float) -> list[Attempt]:
    images = {"bicubic": trial.bicubic, "srcnn": trial.restored(learning.upscaler)}
    try:
        images["shipped"] = trial.restored(load_upscaler(SCALE))
    except UserError as error:
        say(f"note: {error}")
    titles = _titles(seconds)
    return [
        Attempt(name, titles[name], pixels, *trial.score(pixels))
        for name, pixels in images.items()
    ]


# --- Files and text ---


def _write(out_dir: Path, images: Mapping[str, np.ndarray]) -> None:
    for name, pixels in images.items():
        write_picture(out_dir / (name + ".png"), Picture(pixels))


def _csv(curve: Sequence[Point]) -> str:
    lines = [",".join(Point._fields)]
    lines += [",".join(str(value) for value in point) for point in curve]
    return "\n".join(lines) + "\n"


def _report(results: Mapping[str, Any], out_dir: Path) -> str:
    """The table of scores and the commands to try next, as text."""
    lines = [
        "",
        f"{results['photograph']}: trained on one part, measured on the other",
        results["protocol"],
        "",
        *text_lines("lrrr", _scores(results)),
        "",
        f"first step after {results['seconds_to_first_step']:.1f} s, "
        f"{results['steps']} steps, {results['seconds']:.1f} s in all",
        f"side by side: {out_dir / 'comparison.png'}",
        "",
        "Try next",
        *text_lines("ll", _next_commands(out_dir, "shipped" in results)),
    ]
    return "\n".join(lines)


def _scores(results: Mapping[str, Any]) -> list[list[str]]:
    """The rows of the table, the header first."""
    rows = [["", "PSNR/dB", "SSIM", "gain"]]
    bicubic = results["bicubic"]["psnr"]
    for name, title in _titles(results["seconds_of_training"]).items():
        if name in results:
            psnr, ssim = results[name]["psnr"], results[name]["ssim"]
            gain = "" if name == "bicubic" else f"{psnr - bicubic:+.2f}"
            rows.append([title, f"{psnr:.2f}", f"{ssim:.4f}", gain])
    return rows


def _next_commands(out_dir: Path, shipped: bool) -> list[list[str]]:
    """Commands, and their purpose."""
    upscale = f"upscale YOUR.jpg --scale {SCALE} --out big.png"
    trained = f"{upscale} --weights {shlex.quote(str(out_dir / 'weights.h5'))}"
    commands = {
        **({upscale: "a picture of yours"} if shipped else {}),
        trained: "by the network just trained",
        "experiments": "the report's tables, row by row",
        "doctor": "the state of this machine",
    }
    return [[f"  srcnn-theano {command}", why] for command, why in commands.items()]
