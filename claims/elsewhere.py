"""Figures in other pages: tables between marks, and numbers within sentences.

The pages are written by hand, but for what stands here: a block goes between the marks
`<!-- NAME -->` and `<!-- end of NAME -->`, a sentence is known by its words, and each
``{}`` in it is a figure.
"""

from __future__ import annotations

import math
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Mapping, NamedTuple, Sequence

import numpy as np

from benchmarks.table import markdown
from claims.record import curves, results_of
from srcnn_theano.files import read_json
from srcnn_theano.tables import markdown_table

ROOT = Path(__file__).resolve().parents[1]
BENCHMARKS = ROOT / "benchmarks"
_FIGURE = r"([+-]?\d[\d,]*(?:\.\d+)?)"


class Parts(NamedTuple):
    """What of a page is made.

    Attributes
    ----------
    blocks : dict of str to function () -> str
        The text between the marks, by their name.
    sentences : dict of str to function () -> sequence of str
        The figures of a sentence, by its words.
    """

    blocks: Mapping[str, Callable[[], str]]
    sentences: Mapping[str, Callable[[], Sequence[str]]]


def made_again(path: Path, parts: Parts) -> str:
    """The text of a page with its blocks and the figures of its sentences made again.

    Raises
    ------
    ValueError
        The page lacks marks or a sentence, or has them twice.
    """
    text = path.read_text(encoding="utf-8")
    for name, make in parts.blocks.items():
        before, mark, rest = text.partition(f"<!-- {name} -->")
        _, end, after = rest.partition(f"<!-- end of {name} -->")
        if not end or mark in after:
            raise ValueError(f"{path}: has not the marks of {name!r} once")
        text = f"{before}{mark}\n\n{make()}\n\n{end}{after}"
    for words, make_figures in parts.sentences.items():
        text = _with_figures(text, words, make_figures(), path)
    return text


def _with_figures(text: str, words: str, figures: Sequence[str], path: Path) -> str:
    pieces = [re.escape(word).replace(r"\{\}", _FIGURE) for word in words.split()]
    found = list(re.finditer(r"\s+".join(pieces), text))
    if len(found) != 1:
        raise ValueError(f"{path}: {len(found)} sentences read {words!r}")
    for group, figure in reversed(list(enumerate(figures, start=1))):
        begin, end = found[0].span(group)
        text = text[:begin] + figure + text[end:]
    return text


# --- docs/deconvolution.md ---

_GRADINPUTS, _FULL_BORDER = "fsrcnn_gradinputs", "fsrcnn_full_border"
_TENTS = "fsrcnn_bilinear"
_EPOCHS = (1, 5, 10, 20, 50, 100, 200)
_FIRST = (1, 2, 3, 4, 5)
# results.json of `srcnn-theano compare-deconv --quick --out DIR`.
_QUICK = Path(__file__).with_name("compare_deconv_quick.json")


def _by_epoch(name: str) -> str:
    """Set5 after so many epochs of a training, beside bicubic."""
    history = _set5(name)
    measured = {n: results_of(f"{name}_{n}")[0] for n in (20, 50, 100)}
    measured[200] = results_of(name)[0]
    scores = {
        n: results["images"]["standard"]["scores"]["Set5"][-1]
        for n, results in measured.items()
    }

    def cells(key: str, form: Callable[[float], str]) -> list[str]:
        ours = [form(scores[n][key]) if n in scores else "" for n in _EPOCHS]
        return [*ours, form(scores[200]["bicubic_" + key])]

    of_patches = [f"{history[n - 1]:.2f}" for n in _EPOCHS]
    rows = [
        ["PSNR in dB, sub-images, `course`", *of_patches, f"{_bicubic():.2f}"],
        ["PSNR in dB, pictures, `standard`", *cells("psnr", "{:.2f}".format)],
        ["SSIM, pictures, `standard`", *cells("ssim", _ssim)],
    ]
    header = ["after epochs of T91", *map(str, _EPOCHS), "bicubic"]
    return markdown_table("l" + "r" * (len(header) - 1), header, rows)


def _ssim(value: float) -> str:
    return f"{value:.4f}".lstrip("0")


def _set5(name: str) -> np.ndarray:
    """PSNR of Set5's sub-images after each epoch."""
    return curves(name, "set5_psnr")[0]


def _bicubic() -> float:
    return results_of(_GRADINPUTS)[0]["sub_images"]["Set5"]["bicubic"]["patch"]


def _after(name: str, epochs: Sequence[int]) -> list[str]:
    return [f"{_set5(name)[epoch - 1]:.2f}" for epoch in epochs]


def _above_bicubic() -> list[str]:
    return [str(1 + int(np.argmax(_set5(_GRADINPUTS) > _bicubic())))]


def _below_bicubic() -> list[str]:
    below = _set5(_GRADINPUTS) < _bicubic()
    counts = [below[:100].sum(), below[100:].sum(), 1 + np.flatnonzero(below)[-1]]
    return [str(count) for count in counts]


def _rmsprop() -> list[str]:
    last = _set5("fsrcnn_rmsprop")[39]
    return [f"{last:.2f}", f"{_bicubic() - last:.1f}"]


def _five_epochs() -> list[str]:
    named = (_GRADINPUTS, _TENTS, _FULL_BORDER)
    return [_after(name, [5])[0] for name in named] + [f"{_bicubic():.2f}"]


def _quick() -> str:
    """What `compare-deconv --quick` measures, from the results.json that it wrote."""
    results = read_json(_QUICK)
    variants, plain = list(results["variants"].values()), results["bicubic"]
    rows = [
        ["PSNR in dB, sub-images, `course`"]
        + [f"{one['sub_images_psnr'][-1]:.2f}" for one in variants]
        + [f"{plain['sub_images_psnr']:.2f}"],
        ["PSNR in dB, picture, `standard`"]
        + [f"{one['standard'][-1]['psnr']:.2f}" for one in variants]
        + [f"{plain['psnr']:.2f}"],
        ["SSIM, picture, `standard`"]
        + [_ssim(one["standard"][-1]["ssim"]) for one in variants]
        + [_ssim(plain["ssim"])],
        ["ripple on flat grey, levels of 255"]
        + [f"{one['grey_ripple']:.2f}" for one in variants]
        + ["0"],
    ]
    header = ["", *(one["title"] for one in variants), "bicubic"]
    return markdown_table("l" + "r" * (len(header) - 1), header, rows)


def _quick_steps() -> list[str]:
    results = read_json(_QUICK)
    return [f"{results['steps']:,}", str(results["batch_size"])]


DECONVOLUTION = Parts(
    {
        "quick": _quick,
        "gradInputs by epoch": lambda: _by_epoch(_GRADINPUTS),
        "full border by epoch": lambda: _by_epoch(_FULL_BORDER),
    },
    {
        "With `--quick`, after {} steps of {} sub-images of a photograph, on another "
        "part of it:": _quick_steps,
        "| | gradInputs | bilinear start | full border | bicubic | "
        "| --- | ---: | ---: | ---: | ---: | "
        "| PSNR in dB, sub-images, `course` | {} | {} | {} | {} |": _five_epochs,
        "passes bicubic for the first time after {} epochs": _above_bicubic,
        "{} of the first hundred epochs end below bicubic, and {} of the second "
        "hundred, the last of them epoch {}.": _below_bicubic,
        "never reaches bicubic in 200 epochs ({} dB at best)": lambda: [
            f"{_set5(_FULL_BORDER).max():.2f}"
        ],
        "epochs, where bicubic has {}.": lambda: [f"{_bicubic():.2f}"],
        "| Adam, 1e-3 | {} | {} | {} | {} | {} |": lambda: _after(_GRADINPUTS, _FIRST),
        "| Adam, 1e-3, bilinear filters | {} | {} | {} | {} | {} |": lambda: _after(
            _TENTS, _FIRST
        ),
        "| RMSProp, 1e-3 | {} | {} | {} | {} | {} |": lambda: _after(
            "fsrcnn_rmsprop", _FIRST
        ),
        "after 40 epochs at {} dB, still {} below bicubic": _rmsprop,
        "behind after 20, 40, 50, 100 and 200 ({}, {}, {}, {} and {} dB;": lambda: (
            _after(_TENTS, (20, 40, 50, 100, 200))
        ),
    },
)


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
    read = {("srcnn_x4", "cpu"): results_of("srcnn_x4")[0]}
    for row in ("srcnn_x4", "fsrcnn_x2"):
        for device in _DEVICES:
            path = BENCHMARKS / "full_length" / device / row / "results.json"
            if path.is_file():
                read[row, device] = read_json(path)
    return {
        key: [
            results["images"]["standard"]["scores"][name][-1]["psnr"]
            for name in ("Set5", "Set14")
        ]
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
    {},
    {
        "An SRCNN step at batch 20 takes {} ms by itself on an H100, its cost fetched, "
        "and {} ms as one of 64 in a row": _one_step,
        "SRCNN x4 and FSRCNN x2 end within {} dB of those by C code": _devices_apart,
    },
)

PAGES = {
    ROOT / "docs" / "deconvolution.md": DECONVOLUTION,
    BENCHMARKS / "README.md": MEASURED,
    ROOT / "docs" / "gpu.md": ON_A_CARD,
}
