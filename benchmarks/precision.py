"""What bf16 saves and what it costs.

    python -m benchmarks.precision --data DIR [--runs DIR] --out PAGE.md

Training steps in float32 and in bf16 take turns. Set5 and Set14 are scored by the
networks for pictures, once as they are and once with convolutions in bf16. Rows that
were trained with `srcnn-theano train ROW --precision bf16 --runs DIR` stand beside the
same rows of results/.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Iterator

import numpy as np

from benchmarks import sides
from benchmarks.sides import Contender
from benchmarks.work import WORKS
from srcnn_theano import environment, shipped
from srcnn_theano.backend import device_mode, onednn
from srcnn_theano.data.datasets import find_data_dir, image_paths
from srcnn_theano.evaluation.images import score_files
from srcnn_theano.evaluation.protocols import make_protocol
from srcnn_theano.experiments import find_experiment
from srcnn_theano.files import write_text
from srcnn_theano.inference import Predictor, build_model
from srcnn_theano.record import read_record, read_results
from srcnn_theano.tables import markdown_table
from srcnn_theano.training.settings import PRECISIONS
from srcnn_theano.weights import load_for_scale

JOBS = ("srcnn-20", "srcnn-100", "fsrcnn-20", "fsrcnn-100", "vgg-20", "vgg-100")
SETS = ("Set5", "Set14")


# --- Steps ---


def step_rows(threads: int) -> Iterator[list[Any]]:
    """For each job: milliseconds in both precisions, their ratio, and its spread."""
    for name in JOBS:
        pair = [
            Contender(precision, "ours", precision, WORKS[name], threads)
            for precision in PRECISIONS
        ]
        started, failed = sides.start(pair)
        try:
            if failed:
                sys.exit("; ".join(failed.values()))
            sides.take_turns(started, WORKS[name].title)
            exact, rough = (np.array(side.seconds) for side in started)
        finally:
            sides.close(started)
        ratio = sides.spread(exact / rough)
        yield [
            WORKS[name].title,
            f"{1e3 * np.median(exact):.2f}",
            f"{1e3 * np.median(rough):.2f}",
            f"{ratio['median']:.2f}",
            f"{ratio['from']:.2f} to {ratio['to']:.2f}",
        ]


# --- Pictures ---


def picture_rows(data_dir: Path) -> Iterator[list[str]]:
    """For each network and scale: PSNR as it is, and what bf16 changes of it."""
    for model in ("fsrcnn", "srcnn"):
        for scale in (2, 3, 4):
            _, weights = load_for_scale(scale, None, model)
            exact, rough = (
                Predictor(build_model(weights), mode=device_mode("cpu", precision))
                for precision in PRECISIONS
            )
            row = [f"{model} x{scale}"]
            for name in SETS:
                psnr = [_mean_psnr(data_dir, name, scale, x) for x in (exact, rough)]
                row += [f"{psnr[0]:.3f}", f"{psnr[1] - psnr[0]:+.3f}"]
            yield row


def _mean_psnr(data_dir, name, scale, network):
    protocol = make_protocol("standard", scale)
    scores = score_files(image_paths(data_dir, name), protocol, network)
    return next(score.psnr for score in scores if score.image == "mean")


# --- Trainings ---


def training_rows(runs_dir: Path) -> Iterator[list[str]]:
    """For each run in bf16: its figure, and those of results/ from the same seed."""
    for folder in sorted(runs_dir.glob("*/results.json")):
        record = read_record(folder.parent / "experiment.json")["experiment"]
        if record.get("precision") != "bf16":
            continue
        listed = find_experiment(record["name"])
        pair = []
        for parent in (shipped.results_dir(), runs_dir):
            path = parent / folder.parent.name / "results.json"
            rule = read_results(path, listed)["rule"]["best_validation"]
            pair.append(rule["sub_images"]["set14"][listed.measure.aggregation])
        figures = [f"{psnr:.2f}" for psnr in pair]
        yield [f"`{listed.name}`", str(record["seed"]), *figures]


# --- The page ---


def page(steps: list, pictures: list, trainings: list, command: str) -> str:
    """The tables with what they are of."""
    parts = [
        "# bf16: what it saves and what it costs",
        f"Measured by `{command}` on {environment.processor()} with oneDNN "
        f"{onednn.version()}, one thread.",
        markdown_table(
            "lrrrl", ["step", "float32/ms", "bf16/ms", "times as fast", "spread"], steps
        ),
        "PSNR in dB of the networks for pictures, and what rounding changes of it "
        "(protocol `standard`):",
        markdown_table("lrrrr", ["network", "Set5", "bf16", "Set14", "bf16"], pictures),
    ]
    if trainings:
        header = ["row", "seed", "float32", "trained in bf16"]
        parts += [
            "PSNR in dB on Set14 of whole trainings (`srcnn-theano train ROW "
            "--precision bf16 --data DIR --runs DIR`), at the epoch of the lowest cost "
            "on Set5:",
            markdown_table("lrrr", header, trainings),
        ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", metavar="DIR")
    parser.add_argument("--runs", type=Path, metavar="DIR")
    parser.add_argument("--out", type=Path, metavar="PAGE", required=True)
    options = parser.parse_args()
    data_dir = find_data_dir(options.data)
    steps, pictures = list(step_rows(1)), list(picture_rows(data_dir))
    trainings = list(training_rows(options.runs)) if options.runs else []
    command = "python -m benchmarks.precision --data DIR"
    command += f"{' --runs DIR' * bool(options.runs)} --out {options.out.name}"
    write_text(options.out, page(steps, pictures, trainings, command))


if __name__ == "__main__":
    main()
