"""What the report's program did, choice by choice, with a figure of ours for each."""

from __future__ import annotations

from typing import Callable, NamedTuple

import numpy as np

from claims import counting
from claims.knobs import AVERAGES
from claims.record import Missing, by_rule, curves, measured, perfect, spread
from claims.srcnn import ADAM, SGD, vanished
from srcnn_theano.data.datasets import TEST_SETS
from srcnn_theano.layers.initializers import fans
from srcnn_theano.tables import markdown_table

_HALF_SIDE = 17  # of the output of the report's half network


class Choice(NamedTuple):
    """Something that the program did, where that is known from, and its worth."""

    title: str
    text: str
    known: str
    figure: Callable[[], str]


def _bicubic(title: str, how: str = "batch20", test_set: str = "Set14") -> float:
    return measured()["bicubic"][title][test_set][how]


def _sub_images() -> str:
    counts = measured()["sub_images"]
    return (
        f"{counts['T91']:,} sub-images, the printed number; Set5 {counts['Set5']:,}, "
        f"Set14 {counts['Set14']:,}"
    )


def _blur() -> str:
    return (
        f"bicubic {_bicubic('as programmed'):.2f} dB, "
        f"{_bicubic('blurred once (`course`)'):.2f} blurred once, "
        f"{_bicubic('once, sharp target'):.2f} with a sharp target"
    )


def _stretch() -> str:
    return (
        f"bicubic {_bicubic('stretched on the way up', 'batch100'):.2f} dB with it, "
        f"{_bicubic('as programmed', 'batch100'):.2f} without (minibatches of 100)"
    )


def _order() -> str:
    return (
        f"bicubic {_bicubic('as programmed'):.2f} dB sorted, "
        f"{_bicubic('mixed order'):.2f} in a mixed order"
    )


def _means() -> str:
    return (
        f"bicubic {_bicubic('as programmed'):.2f} dB by minibatches of 20, "
        f"{_bicubic('as programmed', 'batch100'):.2f} of 100, "
        f"{_bicubic('as programmed', 'global'):.2f} of the mean error"
    )


def _rule() -> str:
    scores = curves(ADAM, "set14_batch20")[:, -20:]
    swing = np.median(scores.max(axis=1) - scores.min(axis=1))
    return (
        f"SRCNN by Adam: {spread(by_rule(ADAM))} by the rule, "
        f"{spread(by_rule(ADAM, choice='last'))} after the last epoch; the last 20 "
        f"epochs lie {swing:.1f} dB apart"
    )


def _cost() -> str:
    rates = curves("fsrcnn_augmented_programmed", "learning_rate")
    fallen = (np.diff(rates, axis=1) < 0).sum(axis=1)
    return (
        f"{21 * 21 * 3:,} values to a sub-image: an L2 norm weighs so much less; the "
        f"half's rate fell {fallen.min()} to {fallen.max()} times in "
        f"{rates.shape[1]} epochs ({len(rates)} seeds)"
    )


def _start() -> str:
    told = []
    for side, layer in zip((33, 25, 25), counting.srcnn()):
        he = np.sqrt(2 / fans(layer.filter_shape)[0])
        told.append(f"{np.sqrt(2) / side:.3f} ({he:.3f})")
    return f"standard deviations, He's in brackets: {', '.join(told)}"


def _adam() -> str:
    steps = np.arange(1, 10000)
    ratio = (1 - 0.9**steps) / np.sqrt(1 - 0.999**steps)
    return (
        f"the first step is {ratio[0]:.1f} times the rate, the largest "
        f"{ratio.max():.1f} times (minibatch {1 + int(ratio.argmax())}), if gradients "
        "stay alike"
    )


def _rmsprop() -> str:
    slow = counting.steps_to_vanish(0.05, 3e-5, 1e-4, rho=0.999, epsilon=1e-6)
    return (
        "a weight of 0.05 that only the L2 norm pulls at is below 1e-20 after "
        f"{slow:,} minibatches, {slow / 1104:.0f} epochs"
    )


def _sgd() -> str:
    n = counting.n_parameters("srcnn", {"channels": 3})
    rises = np.diff(curves(SGD, "set14_batch20"), axis=1)
    return f"3 of {n:,} parameters move: {np.median(rises):+.4f} dB an epoch"


def _vgg() -> str:
    right = 100 * counting.taps_in_place(64, 64)
    return (
        f"{right:.2f} % of conv1_2's numbers in place; the target itself scores "
        f"{perfect('vgg_mse_programmed'):.2f} dB in the older rows, "
        f"{perfect('fsrcnn_vgg_mse_programmed'):.2f} for FSRCNN (minibatches of 100)"
    )


def _stride() -> str:
    return f"{100 * 16**2 / 33**2:.0f} % of a target's pixels are compared"


def _wide() -> str:
    gains = [
        0.5 / np.sqrt(2 / fans(layer.filter_shape)[0])
        for layer in counting.strideless()[:-1]
    ]
    return (
        f"each layer makes values {min(gains):.1f} to {max(gains):.1f} times larger "
        f"than He's start, all seven {np.prod(gains):,.0f} times"
    )


def _mirrored() -> str:
    return (
        "the mean of a target and its mirror image scores "
        f"{measured()['mirrored']['Set14']:.2f} dB (minibatches of 50)"
    )


CHOICES = (
    Choice(
        "Sub-images",
        "33x33 at stride 14 of 8-bit RGB, not cropped to a multiple of 4; 33 pixels "
        "become 8.",
        "read",
        _sub_images,
    ),
    Choice(
        "Blur",
        "A sub-image is a view of its image, and its blur is written back: a pixel is "
        "blurred again by each of the up to nine sub-images that cover it. The blurred "
        "sub-image is the target.",
        "read",
        _blur,
    ),
    Choice(
        "Enlargement",
        "In the version that is left, 8x8 pixels come to `imresize` as floating point "
        "and are stretched to their own minimum and maximum. That is the bug found "
        "late; how it was mended is not known, 8-bit values are presumed.",
        "read; the mend presumed",
        _stretch,
    ),
    Choice(
        "Order",
        "Never shuffled. Minibatches are consecutive sub-images: sorted by name, in "
        "the first version as the file system lists them. A minibatch of neighbours "
        "scores more than a mixed one.",
        "read; a fixed permutation stands for a file system",
        _order,
    ),
    Choice(
        "Scores",
        "Means of decibels over minibatches of the training's batch size, "
        "the last, smaller one left out.",
        "read",
        _means,
    ),
    Choice(
        "Which epoch",
        "Set14 at the epoch of the lowest cost on Set5.",
        "read",
        _rule,
    ),
    Choice(
        "Cost",
        "Sum of squares over a minibatch / batch size; of FSRCNN in full the mean. "
        "Rows of its half have the mean, too. So has the rule by which FSRCNN's rate "
        "falls, by 0.5 % where Set5's cost rounds to the integer of the epoch before: "
        f"by the half's sum, {_HALF_SIDE**2 * 3} times larger, it would hardly ever.",
        "read; of the half's rule presumed",
        _cost,
    ),
    Choice(
        "First filters",
        "N(0, 2 / side^2) by the side of a layer's input map, in a line of the layers "
        "before VGG16; N(0, 0.01^2) and biases of 1 is what that file begins with. "
        "NumPy's generator, never seeded, so no printed figure can be had exactly.",
        "read in SRCNN with VGG16; of the others presumed",
        _start,
    ),
    Choice(
        "Adam",
        "No bias correction; in the first version each step is that of the minibatch "
        "before, levels are 0 to 255, and the top left of the target is compared.",
        "read; [0, 1] and the clip of the later version said by the report",
        _adam,
    ),
    Choice(
        "RMSProp",
        "Mean square over 1,000 minibatches, 1e-6 outside the root, gradients clipped "
        "to [-1, 1].",
        "read in SRCNN with VGG16",
        _rmsprop,
    ),
    Choice(
        "SGD",
        "The list of updates is begun anew for each parameter: the bias of the last "
        "layer is all that is trained.",
        "read there, switched off",
        _sgd,
    ),
    Choice(
        "VGG16",
        "Filters are reshaped where axes had to be transposed; input 0 to 255, no mean "
        "taken off. In the older rows the whole target goes through it and its maps "
        "are cut; so it is here for FSRCNN. The first sub-image is left out.",
        "read; Adam and its rate said by the report; of FSRCNN presumed",
        _vgg,
    ),
    Choice(
        "FSRCNN",
        "No stride: a full border of 9x9 makes 16x16 of 8x8 pixels, compared with "
        "the middle of the target. 3x3 instead of 1x1, one PReLU slope a layer, levels "
        "of 0 to 255.",
        "read; the rates said by the report; with VGG16 put together",
        _stride,
    ),
    Choice(
        "Its first filters",
        "N(0, 0.5^2) in all layers but the last, and skips that add maps up.",
        "read; of the printed rows not known",
        _wide,
    ),
    Choice(
        "Augmentation",
        "Inputs are mirrored and turned, targets are not; translations are by 0 "
        "pixels.",
        "read; which switch was on is not known",
        _mirrored,
    ),
)


def blocks() -> dict[str, str]:
    """The generated blocks of docs/protocols.md by name."""
    return {
        "choices": _choices(),
        "knobs": _knobs(),
        "kills": _kills(),
        "perfect": _perfect(),
    }


def _perfect() -> str:
    """What the target itself scores in VGG space, by set and average."""
    titles = {
        "vgg_mse_programmed": "the older rows, 21x21 of 33x33",
        "fsrcnn_vgg_mse_programmed": "FSRCNN, 16x16 of 33x33",
    }
    header = [""] + [f"{name} `{how}`" for name in TEST_SETS for how in AVERAGES]
    lines = [
        [
            title,
            *(f"{perfect(row, name, h):.2f}" for name in TEST_SETS for h in AVERAGES),
        ]
        for row, title in titles.items()
    ]
    return markdown_table("l" + "r" * (len(header) - 1), header, lines)


def _choices() -> str:
    lines = [
        [f"**{choice.title}**", choice.text, choice.known, _figure(choice)]
        for choice in CHOICES
    ]
    header = ["", "the program", "known from", "measured here"]
    return markdown_table("llll", header, lines)


def _figure(choice: Choice) -> str:
    try:
        return choice.figure()
    except Missing as missing:
        return f"not yet: {missing}"


def _kills() -> str:
    """What the steps of a weight are that only the L2 norm pulls at."""
    lines = []
    for title, rate, rho, epsilon in (
        ("SGD, rate 1e-4", 1e-4, None, 0.0),
        ("RMSProp, 1e-4, average 0.9, 1e-8 beside the root", 1e-4, 0.9, 1e-8),
        ("the program's RMSProp: 3e-5, 0.999, 1e-6", 3e-5, 0.999, 1e-6),
        ("decay beside the step of RMSProp, 3e-5", 3e-5, None, 0.0),
    ):
        steps = counting.steps_to_vanish(0.05, rate, 1e-4, rho, epsilon)
        lines.append([title, f"{steps:,}"])
    header = ["L2 norm of 1e-4, from 0.05", "minibatches until below 1e-20"]
    return f"{markdown_table('lr', header, lines)}\n\n{vanished()}".rstrip()


def _knobs() -> str:
    scores = measured()["bicubic"]
    averages = list(scores["as programmed"]["Set14"])
    header = [""] + [
        f"{name} `{how}`" for name in ("Set5", "Set14") for how in averages
    ]
    lines = [
        [title, *(f"{of[name][how]:.2f}" for name in of for how in averages)]
        for title, of in scores.items()
    ]
    return markdown_table("l" + "r" * (len(header) - 1), header, lines)
