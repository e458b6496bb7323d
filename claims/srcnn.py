"""Sections 2, 4.1 and 5.1.1: SRCNN and its data."""

from __future__ import annotations

from typing import Sequence

import numpy as np

from claims import counting
from claims.record import (
    MUCH,
    Finding,
    Missing,
    better,
    bicubic,
    by_rule,
    claim,
    curves,
    holds,
    measured,
    spread,
    vanished,
)
from srcnn_theano.evaluation import rule
from srcnn_theano.experiments import EXPERIMENTS, find_experiment
from srcnn_theano.layers.initializers import fans

ADAM = "table1_adam_programmed"
RMSPROP, RMSPROP_L2 = "table1_rmsprop_programmed", "table1_rmsprop_l2_programmed"
SGD, BN = "table1_sgd_programmed", "table1_bn_l2_programmed"


def others(*names: str, test_set: str = "set14") -> str:
    """What other versions of a row have, those that have been trained."""
    told = []
    for name in names:
        try:
            title = find_experiment(name).row.title.split(", ", 1)[1]
            told.append(f"{title}: {spread(by_rule(name, test_set))}")
        except Missing:
            pass
    return "".join(f" {text[0].upper()}{text[1:]}." for text in told)


# --- Section 2: what others did ---


@claim(
    "2.1",
    "The mean squared error is of the central pixels 'because of the downsampling that "
    "occurs with the network'.",
)
def centre() -> Finding:
    sizes = [layer.size for layer in counting.srcnn()]
    left = 33 - sum(size - 1 for size in sizes)
    return "false", (
        f"Nothing is sampled down: three convolutions without padding leave "
        f"{left}x{left} of 33x33 pixels. And the first version of the program compared "
        f"these with the top left {left}x{left} of the target, {(33 - left) // 2} "
        "pixels off in each direction."
    )


@claim("2.1", "FSRCNN is 'nearly 41 times' as fast as SRCNN.")
def speed() -> Finding:
    srcnn, fsrcnn = counting.srcnn(1, (9, 5, 5)), counting.fsrcnn(1, 3)
    theirs = counting.per_pixel(srcnn) / counting.per_pixel(fsrcnn, 3)
    ours = counting.per_pixel(counting.srcnn()) / counting.per_pixel(
        counting.fsrcnn(), 4
    )
    return "false", (
        f"True of other networks: {counting.n_weights(srcnn):,} weights of 9-5-5 at "
        f"full size against {counting.n_weights(fsrcnn):,} of FSRCNN at a third of it, "
        f"one channel: {theirs:.1f} times the multiply-adds. The report's own 9-1-5 "
        f"in RGB takes {ours:.1f} times those of FSRCNN x4."
    )


@claim("2.1", "FSRCNN has fewer parameters than SRCNN.")
def parameters() -> Finding:
    srcnn = counting.n_parameters("srcnn", {"channels": 3})
    fsrcnn = counting.n_parameters("fsrcnn", {"channels": 3, "scale": 4})
    programmed = counting.n_parameters("fsrcnn-strideless", {"channels": 3})
    wide = counting.n_parameters("srcnn", {"channels": 3, "filter_sizes": (9, 5, 5)})
    return "false", (
        f"True against 9-5-5 ({wide:,} in RGB). SRCNN 9-1-5, which the report builds, "
        f"has {srcnn:,} and FSRCNN {fsrcnn:,}; as programmed, with 3x3 where the text "
        f"says 1x1, it has {programmed:,}."
    )


@claim("2.1", "FSRCNN's deconvolution saves 'the quadratic cost of bicubic'.")
def cost_of_bicubic() -> Finding:
    network = counting.per_pixel(counting.srcnn(1))
    return "false", (
        "Bicubic weighs 16 pixels for each that it makes; SRCNN 9-1-5 multiplies "
        f"{network:,.0f} times after it. What FSRCNN saves is convolution at full "
        f"size; the enlargement was {100 * 16 / network:.1f} % of that."
    )


# --- Section 4.1: data and network ---


@claim("4.1", "Dong et al. made 24,800 sub-images of 33x33 at stride 14.")
def stated_sub_images() -> Finding:
    counts = measured()["sub_images"]
    cropped = ", ".join(f"{counts['cropped'][k]:,}" for k in ("2", "3", "4"))
    most = max(counts["by_side"].values())
    return "false", (
        f"The paper says so; the 91 images hold {counts['T91']:,}, and {cropped} "
        f"after a crop to multiples of 2, 3, 4. Squares of 21 to 36 pixels at stride "
        f"14 are {most:,} at most."
    )


@claim("4.1", "The report made 22,092.")
def sub_images() -> Finding:
    counts = measured()["sub_images"]
    return "true", (
        f"{counts['T91']:,} of the 91 images, {counts['Set5']:,} of Set5, "
        f"{counts['Set14']:,} of Set14."
    )


@claim(
    "2.2",
    "SRCNN has a much higher test PSNR than standard techniques like bicubic.",
)
def higher_than_bicubic() -> Finding:
    figures = by_rule(ADAM)
    return "true", (
        "Of Dong et al., who are spoken of: 30.48 beside 28.42 dB on Set5 at x4. The "
        "report does not compare its own: there bicubic has "
        f"{measured()['bicubic']['as programmed']['Set14']['batch20']:.2f} dB on Set14 "
        f"(printed for SRCNN: 35.08), in the first version's order and window "
        f"{bicubic(ADAM):.2f}, and SRCNN {spread(figures)}."
    )


@claim("4.1", "Low resolution is made by a Gaussian blur of sigma 1.")
def blur() -> Finding:
    scores = measured()["bicubic"]
    once, again = (
        scores[title]["Set14"]["batch20"]
        for title in ("blurred once (`course`)", "as programmed")
    )
    return "false", (
        "In the program a sub-image is a view of its image, so that the image is "
        "blurred, again by each of the up to nine sub-images over a pixel, and the "
        f"blurred sub-image is the target. Bicubic on Set14: {again:.2f} dB, blurred "
        f"once {once:.2f}."
    )


@claim("4.1", "Values are rescaled to [0, 1] and the output is clipped to that.")
def clipped() -> Finding:
    return "true", (
        "Of the last version of the program. The first one computed with 0 to 255 and "
        "clipped nothing; which of them printed a row is not known."
    )


@claim(
    "4.1",
    "Images are sampled down and up by a factor of 4.",
)
def scale() -> Finding:
    return "false", (f"33 pixels become {33 // 4}: the factor is {33 / (33 // 4):.3f}.")


# --- Section 5.1.1: training ---


@claim("5.1.1", "SGD brought no 'reasonable performance' with Dong et al.'s rates.")
def sgd_fails() -> Finding:
    figures = by_rule("table1_sgd_described")
    return holds(max(figures) < bicubic("table1_sgd_described")), (
        f"With these rates, all parameters trained, 50 epochs: {spread(figures)}; "
        f"bicubic {bicubic('table1_sgd_described'):.2f}. In the program the list of "
        "updates was begun anew for each parameter, and one bias was trained."
    )


@claim(
    "5.1.1",
    "Adam and RMSProp have 'significantly better results' than SGD.",
)
def better_than_sgd() -> Finding:
    rows = {"Adam": ADAM, "RMSProp": RMSPROP, "SGD": SGD}
    figures = {title: by_rule(row) for title, row in rows.items()}
    told = ", ".join(f"{title} {spread(some)}" for title, some in figures.items())
    apart = [better(figures[title], figures["SGD"], MUCH) for title in rows]
    return holds(all(apart[:2])), (
        f"As programmed: {told}; but that SGD moves one bias."
        + others("table1_sgd_described")
    )


@claim("5.1.1", "'SGD decreased by thousandths of a unit in PSNR per epoch.'")
def thousandths() -> Finding:
    rises = np.diff(curves(SGD, "set14_batch20"), axis=1)
    rise = float(np.median(rises))
    return holds(1e-4 < abs(rise) < 1e-2), (
        f"The size is right: it changes by {rise:+.4f} dB an epoch (median of "
        f"{rises.size} epochs), as programmed on 0 to 255, where one bias moves. It "
        f"{'rises' if rise > 0 else 'falls'}."
    )


@claim("5.1.1", "The cost has a plateau that is hard to pass.")
def plateau() -> Finding:
    n_seeds, stuck, left = 0, [], []
    for name in _WITHOUT_BN:
        costs, psnr = curves(name, "cost"), curves(name, "train_psnr")
        kinds = [_plateau(of_seed) for of_seed in costs]
        n_seeds += len(kinds)
        stuck += [
            f"`{name}` {of_seed[-1]:.2f} dB"
            for kind, of_seed in zip(kinds, psnr)
            if kind == "stuck"
        ]
        left += [f"`{name}`"] * kinds.count("left")
    return holds(bool(stuck or left)), (
        "A plateau is a tenth of a training in which the cost falls by less than 1 %. "
        f"Of {n_seeds} seeds, without batch normalization, {len(stuck)} never leave "
        "theirs, which lasts for the second half at least, with so much PSNR in "
        f"training: {', '.join(stuck)}. {len(left)} leave one and fall by more than "
        f"10 % in a later tenth ({', '.join(dict.fromkeys(left))}), the others have "
        "none. SGD as programmed, of one bias, is not counted: all of it lies flat."
    )


_WITHOUT_BN = [
    name
    for name, row in EXPERIMENTS.items()
    if name.startswith("table1_")
    and row.trains
    and "_bn_" not in name
    and row.training.update != "sgd_last_bias"
]


def _plateau(costs: np.ndarray) -> str:
    """'stuck' on one to the end, has 'left' one, or '' without any."""
    falls = np.array(_falls(costs))
    flat = np.abs(falls) < 1
    if flat[5:].all():
        return "stuck"
    steep = np.flatnonzero(falls > 10)
    return "left" if len(steep) and flat[: steep[-1]].any() else ""


def _falls(costs: np.ndarray) -> list[float]:
    """By how many per cent a cost falls in each tenth of a training."""
    ends = [len(costs) * tenth // 10 for tenth in range(1, 11)]
    levels = [costs[0]] + [costs[max(end - 2, 0) : end].mean() for end in ends]
    return [100 * (1 - b / a) for a, b in zip(levels, levels[1:])]


BN_DESCRIBED, L2_DESCRIBED = "table1_bn_l2_described", "table1_rmsprop_l2_described"


@claim(
    "5.1.1",
    "Batch normalization did not improve the PSNR.",
)
def batch_norm() -> Finding:
    with_ = by_rule(BN_DESCRIBED)
    tenth = find_experiment(BN_DESCRIBED).measure.n_epochs - 1
    without = curves(L2_DESCRIBED, "set14_batch20")[:, tenth]
    return holds(not better(with_, without)), (
        f"As described, after the hidden layers and with running statistics, "
        f"{tenth + 1} epochs: {spread(with_)}; without it, after as many: "
        f"{spread(without)}."
    )


OVERFITS = 0.5  # dB


def widening(name: str) -> tuple[float, float]:
    """By how many dB training PSNR gains on that of Set5, and on that of Set14.

    From epochs 6 to 15 to the last ten, medians over epochs and seeds; each as the PSNR
    of the mean error.
    """
    train = curves(name, "train_psnr")
    gaps = [train - curves(name, f"{test_set}_global") for test_set in rule.SCORED]
    set5, set14 = (
        float(np.median(gap[:, -10:]) - np.median(gap[:, 5:15])) for gap in gaps
    )
    return set5, set14


def overfit(names: Sequence[str]) -> tuple[bool, str]:
    """Whether one of the rows does, and what training gains in each."""
    gains = {name: widening(name) for name in names}
    told = [
        f"`{name}` {set5:+.2f} and {set14:+.2f}"
        for name, (set5, set14) in gains.items()
    ]
    return (
        any(min(pair) > OVERFITS for pair in gains.values()),
        f"Training gains on Set5 and on Set14, in dB: {', '.join(told)}.",
    )


@claim("5.1.1", "Training PSNR diverged from validation and test: overfitting.")
def overfitting() -> Finding:
    does, told = overfit(
        [
            f"table1_{optimiser}_{how}"
            for optimiser in ("adam", "rmsprop")
            for how in ("programmed", "later_programmed", "described")
        ]
    )
    counts = measured()["sub_images"]
    return holds(does), f"{counts['T91']:,} sub-images, without L2 norm. {told}"


@claim("5.1.1", "An L2 norm of 1e-4 'indeed improved' the network.")
def l2_norm() -> Finding:
    with_, without = by_rule(RMSPROP_L2), by_rule(RMSPROP)
    gain = float(np.median(with_) - np.median(without))
    return holds(better(with_, without)), (
        f"With: {spread(with_)}; without: {spread(without)}. The difference of the "
        f"medians is {gain:+.2f} dB, the printed one +0.24. The cost is a sum of 1,323 "
        "squares, beside which the norm weighs 1,323 times less than beside a mean."
    )


@claim("5.1.1", "Implied: the L2 norm is harmless where it does not help.")
def l2_kills() -> Finding:
    sgd = counting.steps_to_vanish(0.05, 1e-4, 1e-4)
    rmsprop = counting.steps_to_vanish(0.05, 1e-4, 1e-4, rho=0.9, epsilon=1e-8)
    slow = counting.steps_to_vanish(0.05, 3e-5, 1e-4, rho=0.999, epsilon=1e-6)
    return "false", (
        "Under RMSProp it kills filters. The gradient is divided by the root of its "
        "own mean square; where only the norm pulls, as at a filter behind a dead "
        "ReLU, a step has its full size, however small the norm's factor. "
        f"From 0.05 a weight is below 1e-20 after {rmsprop:,} minibatches (rate 1e-4, "
        f"average 0.9), after {slow:,} with the program's 3e-5, 0.999 and 1e-6; by "
        f"plain SGD after {sgd:,}. {vanished()}".rstrip()
    )


@claim("5.1.1", "The filters begin from 'Xavier initialization for ReLu'.")
def xavier() -> Finding:
    sides = (33, 25, 25)
    layers = [layer.filter_shape for layer in counting.srcnn()]
    ours = ", ".join(f"{np.sqrt(2) / side:.3f}" for side in sides)
    glorot = ", ".join(f"{np.sqrt(2 / sum(fans(shape))):.3f}" for shape in layers)
    he = ", ".join(f"{np.sqrt(2 / fans(shape)[0]):.3f}" for shape in layers)
    return "false", (
        f"The program put the area of a layer's input map in the place of its fan-in: "
        f"standard deviations of {ours}. Xavier (Glorot) would be {glorot}, He's for "
        f"ReLU {he}."
    )


@claim("5.1.1", "Adam and RMSProp are '2nd order optimization'.")
def second_order() -> Finding:
    return "false", "They use first derivatives only, divided by a mean of their size."
