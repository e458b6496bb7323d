"""Figures in benchmarks/README.md and docs/gpu.md, and all pages with such figures."""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Any, Sequence

import numpy as np

from benchmarks.machine import measured_by
from benchmarks.table import markdown
from claims.deconvolution import DECONVOLUTION
from claims.parts import Parts
from claims.record import results_of
from srcnn_theano.data.datasets import TEST_SETS
from srcnn_theano.files import read_json
from srcnn_theano.report.rows import mean_scores
from srcnn_theano.tables import markdown_table

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = ROOT / "benchmarks"


# --- benchmarks/README.md, docs/gpu.md ---


@lru_cache(maxsize=None)
def _report(name: str) -> dict[str, Any]:
    return read_json(BENCHMARKS / name)


def _on_card(job: str, side: str = "ours") -> dict[str, Any]:
    """Figures of a side of a job, the newest that there are."""
    (jobs,) = _report("figures-gpu.json")["passes"].values()
    (newer,) = _report("figures-gpu-fsrcnn.json")["passes"].values()
    return {**jobs, **newer}[job]["sides"][side]


def _times(jobs: Sequence[str], side: str, digits: int = 2) -> list[str]:
    """How many times the time of ours another side takes, smallest and largest last."""
    ratios = [_on_card(job, side)["times_ours"]["median"] for job in jobs]
    return [f"{ratio:.{digits}f}" for ratio in ratios]


def _range_of_times(size: int, side: str) -> list[str]:
    jobs = [f"{model}-{size}-steps" for model in ("srcnn", "fsrcnn", "vgg")]
    return sorted(_times(jobs, side, digits=1), key=float)[:: len(jobs) - 1]


def _small_minibatches() -> list[str]:
    sides = ("torch eager", "torch compile", "torch cudagraphs")
    return [figure for side in sides for figure in _range_of_times(20, side)]


def _large_minibatches() -> list[str]:
    jobs = ("srcnn-1000-steps", "vgg-1000-steps")
    return _times(jobs, "torch eager") + _times(jobs, "torch compile")


def _large_fsrcnn() -> list[str]:
    job = "fsrcnn-1000-steps"
    sides = ("torch eager", "torch compile", "torch cudagraphs", "jax jit")
    return [figure for side in sides for figure in _times([job], side)]


def _fsrcnn_before() -> list[str]:
    return [f"{_first_on_card()['torch eager']['times_ours']['median']:.2f}"]


def _large_fsrcnn_seconds() -> list[str]:
    sides = (_on_card("fsrcnn-1000-steps"), _first_on_card()["ours"])
    return [f"{side['median_ms']:.0f}" for side in sides]


def _first_on_card() -> dict[str, Any]:
    """FSRCNN at batch 1000 before two changes."""
    (jobs,) = _report("figures-gpu.json")["passes"].values()
    return jobs["fsrcnn-1000-steps"]["sides"]


def _small_fsrcnn() -> list[str]:
    return _times(("fsrcnn-20-steps", "fsrcnn-100-steps"), "jax jit")


def _turns_of_fsrcnn() -> list[str]:
    ours = _on_card("fsrcnn-100-steps")["seconds_by_turn"]
    by_hand = np.median(_on_card("fsrcnn-100-steps", "jax jit")["seconds_by_turn"])
    return [f"{1e3 * value:.0f}" for value in (min(ours), max(ours), by_hand)]


def _single_steps() -> list[str]:
    jobs = ("srcnn-20", "fsrcnn-20", "vgg-20")
    by_hand = sorted(_times(jobs, "jax jit"), key=float)
    return [*_times(jobs, "torch eager"), by_hand[0], by_hand[-1]]


def _products() -> list[str]:
    (jobs,) = _report("figures-gpu.json")["passes"].values()
    rate = max(job["sides"]["sgemm jax"]["GFLOP_per_s"] for job in jobs.values())
    return [f"{rate / 1e3:.1f}"]


def epochs_table() -> str:
    """Epochs per minute of every row on a card, in Markdown."""
    lines = [
        [
            row["table"],
            f"`{name}`",
            str(row["steps"]),
            f"{row['epochs_per_minute']:.1f}",
        ]
        for name, row in _report("epochs-gpu.json")["rows"].items()
    ]
    header = ["table", "row", "steps per epoch", "epochs per minute"]
    return markdown_table("llrr", header, lines)


_DEVICES = {
    "cpu": "`cpu` (C code, oneDNN)",
    "xla": "`xla` (AMD EPYC, one core)",
    "gpu": "`gpu` (H100)",
}


def _whole_trainings() -> dict[tuple[str, str], list[float]]:
    """PSNR on Set5 and Set14, by the row and the device that it was trained on."""
    read = {}
    for row in ("srcnn_x4", "fsrcnn_x2"):
        for device in _DEVICES:
            path = BENCHMARKS / "full_length" / device / row / "results.json"
            if path.is_file():
                read[row, device] = read_json(path)
    return {
        key: [mean_scores(results, "standard", name)["psnr"] for name in TEST_SETS]
        for key, results in read.items()
    }


def whole_trainings_table() -> str:
    """Trainings to the end on each device, in Markdown."""
    lines = []
    for (row, device), scores in _whole_trainings().items():
        option = "" if device == "cpu" else f" --device {device}"
        command = f"`srcnn-theano train {row}{option}`"
        figures = [f"{score:.3f}" for score in scores]
        lines.append([f"`{row}`", _DEVICES[device], *figures, command])
    return markdown_table("llrrl", ["row", "device", "Set5", "Set14", "command"], lines)


def _devices_apart() -> list[str]:
    """By how much trainings on a card end elsewhere than those by C code, at most."""
    scores = _whole_trainings()
    most = max(
        abs(ours - theirs)
        for (row, device), figures in scores.items()
        if device == "gpu"
        for ours, theirs in zip(figures, scores[row, "cpu"])
    )
    return [f"{math.ceil(100 * most) / 100:.2f}"]


def _one_step() -> list[str]:
    alone, in_a_row = _on_card("srcnn-20"), _on_card("srcnn-20-steps")
    return [f"{alone['median_ms']:.2f}", f"{in_a_row['median_ms'] / 64:.2f}"]


def _loop() -> str:
    """What a loop of steps costs XLA on a CPU, as a sentence."""
    record = _report("loops.json")
    alone, looped = (np.median(record["ms"][how]) for how in ("alone", "looped"))
    times, n_turns = record["times"], len(record["ms"]["alone"])
    turns = f"{times['from']:.1f} to {times['to']:.1f}, {n_turns} turns"
    machine = f"{record['cores']} cores of an {record['processor']}"
    return (
        f"A step at batch 20 takes {times['median']:.1f} times as long inside of a "
        f"loop of {record['n_steps']} steps\nas by itself ({turns}; {alone:.0f} ms of "
        f"processor time become {looped:.0f};\n{machine}, which did other work, too)."
    )


MEASURED = Parts(
    {
        "figures": lambda: markdown(_report("figures.json")),
        "xla figures": lambda: markdown(_report("figures-xla.json")),
        "gpu figures": lambda: markdown(_report("figures-gpu.json")),
        "gpu fsrcnn figures": lambda: markdown(_report("figures-gpu-fsrcnn.json")),
        "whole trainings": whole_trainings_table,
        "epochs per minute": epochs_table,
    },
    {
        "at batch 20 they are {} to {} times as fast as eager PyTorch and {} to {} "
        "times as torch.compile, {} to {} times as with CUDA graphs": (
            _small_minibatches
        ),
        "at batch 1000 {} (SRCNN) and {} (with VGG16) times eager PyTorch, {} and {} "
        "times torch.compile": _large_minibatches,
        "**FSRCNN at batch 1000** is {} times as fast as eager PyTorch, {} times as "
        "torch.compile, {} times as with CUDA graphs and {} times as JAX by hand.": (
            _large_fsrcnn
        ),
        "It was {} times as fast as eager PyTorch before": _fsrcnn_before,
        "64 steps take {} ms where they took {}.": _large_fsrcnn_seconds,
        "has not gained by the changes: {} and {} times as fast as JAX by hand.": (
            _small_fsrcnn
        ),
        "At batch 100 our turns took {} to {} ms, and JAX's {} each": _turns_of_fsrcnn,
        "is slow through the linker: {} of eager PyTorch for SRCNN, {} and {} times "
        "for the two others, {} to {} of JAX by hand": _single_steps,
        "two 8192x8192 matrices (up to {} TFLOP/s)": _products,
    },
)
ON_A_CARD = Parts(
    {"loop": _loop},
    {
        "An SRCNN step at batch 20 takes {} ms by itself on an H100, its cost fetched, "
        "and {} ms as one of 64 in a row": _one_step,
        "SRCNN x4 and FSRCNN x2 end within {} dB of those by C code": _devices_apart,
    },
)

# --- docs/enlarging.md ---

_NETWORKS = {
    "--model srcnn": ("SRCNN (`--model srcnn`)", "srcnn"),
    "srcnn-theano": ("FSRCNN", "fsrcnn"),
    "--model fsrcnn-large": ("larger FSRCNN (`--model fsrcnn-large`)", "fsrcnn_large"),
}


def networks_table() -> str:
    """How good the networks for pictures are, and how long their commands take."""
    record = _report("networks.json")
    of_side: dict[str, list[dict[str, Any]]] = {side: [] for side in _NETWORKS}
    for row in record["speed"]:
        of_side[row["side"]].append(row)
    lines = []
    for side, (name, stem) in _NETWORKS.items():
        cells = [" / ".join(_on_whole_pictures(stem, of)) for of in TEST_SETS]
        for row in of_side[side]:
            least, most = row["spread"]
            cells += [
                f"{row['seconds']:.2f}",
                f"{row['times_ours']:.2f} ({least:.2f} to {most:.2f})",
            ]
        lines.append([name, *cells])
    header = ["network", "Set5 x2 / x3 / x4, dB", "Set14 x2 / x3 / x4, dB"]
    for size in ("1.2 megapixels x2", "12 megapixels x2"):
        header += [f"{size}, s", "times FSRCNN's"]
    table = markdown_table("lllrrrr", header, lines)
    return f"{table}\n\n{measured_by(record['command'], record['machine'])}"


def _on_whole_pictures(stem: str, test_set: str) -> list[str]:
    first_seeds = [results_of(f"{stem}_x{scale}")[0] for scale in (2, 3, 4)]
    scores = [mean_scores(one, "standard", test_set) for one in first_seeds]
    return [f"{one['psnr']:.2f}" for one in scores]


ENLARGING = Parts({"networks": networks_table}, {})

PAGES = {
    ROOT / "docs" / "enlarging.md": ENLARGING,
    ROOT / "docs" / "deconvolution.md": DECONVOLUTION,
    BENCHMARKS / "README.md": MEASURED,
    ROOT / "docs" / "gpu.md": ON_A_CARD,
}
