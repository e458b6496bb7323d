"""Figures in docs/deconvolution.md.

Of trainings of 200 epochs they come from results/, of shorter ones from the records
beside this file, which scripts/start_deconvolution.py, scripts/measure_deconvolution.py
and `srcnn-theano compare-deconv --quick` have written.
"""

from __future__ import annotations

import math
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable, Sequence

import numpy as np

from claims.parts import Parts
from claims.record import curves, results_of
from srcnn_theano.files import read_json
from srcnn_theano.tables import markdown_table

RECORDS = Path(__file__).parent
_GRADINPUTS, _FULL_BORDER = "fsrcnn_gradinputs", "fsrcnn_full_border"
_TENTS = "fsrcnn_bilinear"
_EPOCHS = (1, 5, 10, 20, 50, 100, 200)
_MEASURED_EPOCHS = (20, 50, 100, 200)  # of which results/ has pictures


@lru_cache(maxsize=None)
def _record(name: str) -> dict[str, Any]:
    return read_json(RECORDS / f"{name}.json")


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return markdown_table("l" + "r" * (len(header) - 1), header, rows)


def _ssim(value: float) -> str:
    return f"{value:.4f}".lstrip("0")


def _told(condition: bool, sentence: str) -> None:
    """What a sentence says in words must be so, too."""
    if not condition:
        raise ValueError(f"docs/deconvolution.md says what is not so: {sentence!r}")


# --- Two ways side by side ---


def _counted() -> str:
    """What the last layers are made of, as `compare-deconv` counts it."""
    both = [_few()["variants"][name] for name in (_GRADINPUTS, _FULL_BORDER)]
    sides = [math.isqrt(one["n_upsampling_weights"] // (56 * 3)) for one in both]
    counts = [one["multiply_adds"] for one in both]
    rows = [
        ["filter", *(f"{side}x{side}" for side in sides)],
        ["weights", *(f"{one['n_upsampling_weights']:,}" for one in both)],
        ["multiply-adds", *(f"{count['upsampling']:,}" for count in counts)],
        ["of these not by a zero of the padding"]
        + [f"{count['upsampling_without_zeros']:,}" for count in counts],
        ["multiply-adds of the whole network, 256x256 out"]
        + [_million(count["picture"]) for count in counts],
        ["sizes of input", "any", "8x8"],
    ]
    title = "last layer, 56 maps to 3 colours, 8x8 to 33x33"
    return _table([title, "gradInputs", "full border"], rows)


def _million(value: float) -> str:
    return f"{value / 1e6:,.{1 if value < 1e9 else 0}f} million"


def _compared(results: dict[str, Any], pictures: str) -> str:
    """What a `compare-deconv` measures of its variants, from its results.json."""
    variants, plain = list(results["variants"].values()), results["bicubic"]
    rows = [
        ["PSNR in dB, sub-images, `course`"]
        + [f"{one['sub_images_psnr'][-1]:.2f}" for one in variants]
        + [f"{plain['sub_images_psnr']:.2f}"],
        [f"PSNR in dB, {pictures}, `standard`"]
        + [f"{one['standard'][-1]['psnr']:.2f}" for one in variants]
        + [f"{plain['psnr']:.2f}"],
        [f"SSIM, {pictures}, `standard`"]
        + [_ssim(one["standard"][-1]["ssim"]) for one in variants]
        + [_ssim(plain["ssim"])],
        ["ripple on flat grey, levels of 255"]
        + [f"{one['grey_ripple']:.2f}" for one in variants]
        + ["0"],
    ]
    return _table(["", *(one["title"] for one in variants), "bicubic"], rows)


def _steps(results: dict[str, Any]) -> list[str]:
    return [f"{results['steps']:,}", str(results["batch_size"])]


def _few() -> dict[str, Any]:
    return _record("measure_deconvolution")["few_epochs"]


def _quick() -> dict[str, Any]:
    return _record("compare_deconv_quick")


def _time() -> str:
    """How much longer the full border takes, as a sentence."""
    record, seconds = _record("measure_deconvolution"), _few()["processor_seconds"]
    step, picture = (
        seconds[what][_FULL_BORDER] / seconds[what][_GRADINPUTS]
        for what in ("step", "picture")
    )
    _told(step > 1.5 and picture > 1.5, "it does not train fast")
    side, batch = _few()["picture"], _few()["batch_size"]
    return (
        f"A step of {batch} sub-images takes {step:.1f} times the processor time of "
        f"gradInputs,\nand a picture of {side}x{side} pixels {picture:.0f} times "
        f"({record['processor']}, {_threads(record['threads'])}, oneDNN "
        f"{record['onednn']})."
    )


def _threads(number: str) -> str:
    return "one thread" if number == "1" else f"{number} threads"


# --- Checkerboards ---


def _ripple_by_epoch() -> str:
    figures = _record("measure_deconvolution")["by_epoch"]
    rows = [
        ["ripple on flat grey, levels of 255"]
        + [f"{one['grey_ripple']:.2f}" for one in figures.values()],
        ["checkerboard energy, per mille"]
        + [f"{1e3 * one['checkerboard_energy']:.3f}" for one in figures.values()],
    ]
    return _table(["after epochs of T91", *figures], rows)


def _ripple_by_step() -> str:
    noise, tents = _by_step()
    rows = [
        [title, *(f"{ripple:.2f}" for ripple in one.values())]
        for title, one in (("from noise", noise), ("from tents", tents))
    ]
    return _table(["after steps", *(f"{int(n):,}" for n in noise)], rows)


def _by_step() -> tuple[dict[str, float], dict[str, float]]:
    figures = _record("measure_deconvolution")["by_step"]
    return figures[_GRADINPUTS], figures[_TENTS]


def _first_quick_steps() -> list[str]:
    noise, tents = _by_step()
    ripples = list(tents.values())
    _told(ripples[0] < 0.005 < ripples[1], "tents start without a ripple")
    for one in (ripples, list(noise.values())):
        _told(max(one) > 2 * one[-1], "then it fades, whatever the start")
    return [f"{int(list(noise)[-1]):,}"]


def _energies() -> list[str]:
    results = _few()
    original, plain = (
        1e3 * results[name]["checkerboard_energy"] for name in ("original", "bicubic")
    )
    return [f"{original:.1f}", f"{plain:.3f}"]


# --- Epoch by epoch ---


def _by_epoch(name: str) -> str:
    """Set5 after so many epochs of a training, beside bicubic."""
    scores = _pictures(name)

    def cells(key: str, form: Callable[[float], str]) -> list[str]:
        ours = [form(scores[n][key]) if n in scores else "" for n in _EPOCHS]
        return [*ours, form(scores[200]["bicubic_" + key])]

    rows = [
        ["PSNR in dB, sub-images, `course`", *_after(name, _EPOCHS)]
        + [f"{_bicubic():.2f}"],
        ["PSNR in dB, pictures, `standard`", *cells("psnr", "{:.2f}".format)],
        ["SSIM, pictures, `standard`", *cells("ssim", _ssim)],
    ]
    return _table(["after epochs of T91", *map(str, _EPOCHS), "bicubic"], rows)


def _pictures(name: str) -> dict[int, dict[str, float]]:
    """Means over Set5's pictures, by the epoch."""
    rows = {n: f"{name}_{n}" if n < 200 else name for n in _MEASURED_EPOCHS}
    return {
        n: results_of(row)[0]["images"]["standard"]["scores"]["Set5"][-1]
        for n, row in rows.items()
    }


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


def _sharp_pictures() -> list[str]:
    """How long PSNR stays below bicubic's, and when SSIM has passed it."""
    scores = _pictures(_GRADINPUTS)
    reached = {
        key: [n for n, one in scores.items() if one[key] >= one["bicubic_" + key]]
        for key in ("psnr", "ssim")
    }
    _told(not reached["psnr"], "its PSNR has not reached bicubic's")
    return [str(max(scores)), str(min(reached["ssim"]))]


def _best_full_border() -> list[str]:
    best = _set5(_FULL_BORDER).max()
    _told(best < _bicubic(), "never reaches bicubic in 200 epochs")
    return [f"{best:.2f}"]


# --- Settings of the optimiser ---


def _start() -> dict[str, Any]:
    return _record("start_deconvolution")


def _of(setting: str) -> np.ndarray:
    """PSNR after each epoch with a setting."""
    return np.array(_start()["settings"][setting]["set5_psnr"])


def _settings() -> str:
    n_epochs = _start()["n_epochs"]
    rows = []
    for title, figures in _start()["settings"].items():
        cells = [f"{psnr:.2f}" for psnr in figures["set5_psnr"]]
        cells += ["diverged"] if figures["diverged"] else []
        rows.append([title, *cells, *[""] * (n_epochs - len(cells))])
    return _table(["", *(str(1 + epoch) for epoch in range(n_epochs))], rows)


def _first_steps() -> str:
    rows = [
        [title, *map(_two_digits, _ratios(start))]
        for title, start in (("N(0, 0.001)", "noise"), ("tents (`bilinear`)", "tents"))
    ]
    header = ["first filters of the deconvolution", "conv1", "conv2", "conv3 to 6"]
    return _table([*header, "conv7", "deconv"], rows)


def _ratios(start: str) -> list[tuple[float, ...]]:
    """The gradient over the filters: one figure or smallest and largest, by column."""
    ratios = _start()["first_steps"][start]
    middle = [ratios[f"conv{number}.W"] for number in (3, 4, 5, 6)]
    return [
        (ratios["conv1.W"],),
        (ratios["conv2.W"],),
        (min(middle), max(middle)),
        (ratios["conv7.W"],),
        (ratios["deconv.W"],),
    ]


def _two_digits(values: Sequence[float]) -> str:
    return " to ".join(f"{value:.2g}" for value in values)


def _rmsprop() -> list[str]:
    behind = _of("Adam, 1e-3")[-1] - _of("RMSProp, 1e-3")[-1]
    last = _set5("fsrcnn_rmsprop")
    _told(last[-1] < _bicubic(), "still below bicubic")
    return [
        f"{behind:.1f}",
        str(len(last)),
        f"{last[-1]:.2f}",
        f"{_bicubic() - last[-1]:.1f}",
    ]


def _descent() -> list[str]:
    figures = _of("SGD, 1e-3 and 1e-4")
    rise = np.diff(figures).mean()
    return [f"{rise:.1f}", f"{_bicubic() - figures[-1]:.0f}", str(len(figures))]


def _summed() -> list[str]:
    _told(
        _start()["settings"]["SGD, 1e-3 and 1e-4, summed over 3x33x33"]["diverged"],
        "with the factor of 3x33x33 they diverge",
    )
    figures = _of("SGD, 1e-3 and 1e-4, summed over 21x21")
    return [f"{figures[-1]:.2f}", str(len(figures))]


def _noise_hides() -> list[str]:
    """What a step moves, what tents let through, and what they gain by it."""
    (noise,), (tents,) = (_ratios(start)[0] for start in ("noise", "tents"))
    gained = (
        _of("SGD, 1e-3 and 1e-4, bilinear filters")[-1] - _of("SGD, 1e-3 and 1e-4")[-1]
    )
    _told(0 < gained < 1, "tents gain little by gradient descent")
    return [f"{1e-6 / (1e-3 * noise):.1f}", f"{tents / noise:.0f}", f"{gained:.1f}"]


def _tents_behind() -> list[str]:
    behind = _of("Adam, 1e-3") - _of("Adam, 1e-3, bilinear filters")
    epochs = (20, 40, 50, 100, 200)
    later = _set5(_GRADINPUTS) - _set5(_TENTS)
    _told(
        behind.min() > 0 and min(later[n - 1] for n in epochs) > 0,
        "tents are behind, and still behind later",
    )
    return [f"{behind.min():.1f}", f"{behind.max():.1f}", *_after(_TENTS, epochs)]


def _smaller_rate() -> list[str]:
    more = _of("Adam, 1e-3 and 1e-4")[-1] - _of("Adam, 1e-3")[-1]
    _told(more > 0, "a smaller rate for the deconvolution is worth something")
    return [f"{more:.1f}", str(len(_of("Adam, 1e-3")))]


def _largest_rate() -> list[str]:
    fast, usual = _of("Adam, 5e-3"), _of("Adam, 1e-3")
    _told(fast[0] > usual[0], "5e-3 is no slower")
    return [f"{-np.diff(fast).min():.0f}"]


DECONVOLUTION = Parts(
    {
        "counted": _counted,
        "quick": lambda: _compared(_quick(), "picture"),
        "few epochs": lambda: _compared(_few(), "pictures"),
        "time": _time,
        "ripple by epoch": _ripple_by_epoch,
        "ripple by step": _ripple_by_step,
        "gradInputs by epoch": lambda: _by_epoch(_GRADINPUTS),
        "full border by epoch": lambda: _by_epoch(_FULL_BORDER),
        "settings": _settings,
        "first steps": _first_steps,
    },
    {
        "With `--quick`, after {} steps of {} sub-images of a photograph, on another "
        "part of it:": lambda: _steps(_quick()),
        "With `--epochs {}`, after {} steps of {} sub-images of T91, on Set5:": (
            lambda: [str(_few()["n_epochs"]), *_steps(_few())]
        ),
        "the originals have {} per mille, bicubic {}": _energies,
        "In the first {} steps on a photograph": _first_quick_steps,
        "{} sub-images a step, {} steps an epoch, measured on Set5": lambda: [
            str(_start()["batch_size"]),
            f"{_start()['steps'] // _start()['n_epochs']:,}",
        ],
        "passes bicubic for the first time after {} epochs": _above_bicubic,
        "{} of the first hundred epochs end below bicubic, and {} of the second "
        "hundred, the last of them epoch {}.": _below_bicubic,
        "its PSNR has not reached bicubic's after {} epochs (its SSIM has after {})": (
            _sharp_pictures
        ),
        "never reaches bicubic in 200 epochs ({} dB at best)": _best_full_border,
        "after the same {} first steps, with another setting": lambda: [
            f"{_start()['steps']:,}"
        ],
        "after each of {} epochs, where bicubic has {}.": lambda: [
            str(_start()["n_epochs"]),
            f"{_bicubic():.2f}",
        ],
        "is {} dB behind Adam here, and after {} epochs at {} dB, still {} below "
        "bicubic": _rmsprop,
        "gains {} dB per epoch, and is {} dB below bicubic after {}.": _descent,
        "With that factor the same rates bring {} dB after {} epochs": _summed,
        "a step of conv1 is one part in {} million of its filters. But tents, which "
        "let {} times as much through, end only {} dB higher by gradient descent.": (
            _noise_hides
        ),
        "they are behind by {} to {} dB in these epochs, and still behind after 20, "
        "40, 50, 100 and 200 ({}, {}, {}, {} and {} dB;": _tents_behind,
        "is worth {} dB after {} epochs with Adam.": _smaller_rate,
        "is no slower but fell back by {} dB from one epoch to the next": _largest_rate,
    },
)
