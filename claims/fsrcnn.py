"""Sections 4.1 and 5.1.2: FSRCNN, its variants, and its table."""

from __future__ import annotations

import numpy as np

from claims import counting
from claims.record import (
    MUCH,
    Finding,
    better,
    bicubic,
    by_rule,
    claim,
    curve,
    curves,
    dead,
    find_experiment,
    histories_of,
    holds,
    measured,
    printed,
    results_of,
    spread,
)
from claims.srcnn import others, overfit

RELU, PRELU = "fsrcnn_relu_programmed", "fsrcnn_prelu_programmed"
AUGMENTED = "fsrcnn_augmented_programmed"
# The half as programmed, without flips, by the size of its minibatches.
BATCH_OF = {"grid_half_none_50": "50", "grid_half_none_25": "25"}
HALVES = tuple(BATCH_OF)


def last_ten(name: str) -> float:
    """Median of Set5's PSNR (`patch`) in the last ten epochs, which says more than the
    last one at a constant rate."""
    return float(np.median(curves(name, "set5_psnr")[:, -10:]))


def set14(name: str) -> float:
    """Set14 in minibatches of 20 after the last epoch, one seed."""
    return results_of(name)[0]["sub_images"]["Set14"]["ours"]["batch20"]


def beside(names: dict[str, str]) -> str:
    """Set5 in the last ten epochs and Set14 at the end, of rows with what they are."""
    return "; ".join(
        f"{what} {last_ten(name):.2f} / {set14(name):.2f}"
        for name, what in names.items()
    )


_AS = "Set5 `patch` in the last ten of 40 epochs / Set14 `batch20` at the end, one seed"


# --- Section 4.1: the network ---


@claim("4.1", "A shrinking and an expanding layer of 1x1, one 9x9 filter at the end.")
def layers() -> Finding:
    sizes = ", ".join(
        f"{layer.size}x{layer.size} ({layer.n_out})" for layer in counting.strideless()
    )
    return "false", f"As programmed: {sizes}. The last layer has three colours."


@claim("4.1", "The output has the size of the input divided by the stride.")
def divided() -> Finding:
    return "false", (
        "A deconvolution multiplies: with a stride of 4, 8x8 pixels become 33x33. The "
        "program had no stride: a full border makes 16x16 of 8x8, compared with the "
        "middle of the target."
    )


@claim("3.1", "Theano has no function for deconvolution.")
def no_function() -> Finding:
    return "false", (
        "It is the gradient of a convolution for its input, AbstractConv2d_gradInputs, "
        "which the report itself names in section 5.1.2."
    )


# --- Section 5.1.2: trends ---


@claim(
    "5.1.2",
    "The half network was much better (a word is missing) with 'symmetrical (9)' "
    "filters in the last layer.",
)
def symmetrical() -> Finding:
    rows = {
        "half_size_5": "5x5",
        "half_size_8": "8x8",
        "half_prelu": "9x9",
        "half_size_13": "13x13",
    }
    best = max(rows, key=last_ten)
    return "cannot be said", (
        f"The other size is not given. A half that has half of all counts, {_AS}: "
        f"{beside(rows)} dB; the best is {rows[best]} and none is far behind."
    )


@claim(
    "5.1.2",
    "Up to 100 epochs PReLU gives no significant gain over ReLU.",
)
def prelu_gain() -> Finding:
    relu, prelu = by_rule(RELU), by_rule(PRELU)
    right_relu, right = (
        by_rule(f"fsrcnn_{name}_described") for name in ("relu", "prelu")
    )
    much = better(prelu, relu, MUCH) or better(right, right_relu, MUCH)
    some = ""
    if better(right, right_relu):
        some = ", better in each seed, but not by so much"
    return holds(not much), (
        f"The report's own table has PReLU 0.54 dB higher. As programmed: ReLU "
        f"{spread(relu)}, PReLU {spread(prelu)}. As described: ReLU "
        f"{spread(right_relu)}, PReLU {spread(right)}{some}."
    )


@claim("5.1.2", "PReLU is much slower to train.")
def prelu_slow() -> Finding:
    seconds = {
        name: float(np.median(curves(name, "seconds")[:, 1:]))
        for name in ("half_relu", "half_prelu")
    }
    longer = seconds["half_prelu"] / seconds["half_relu"]
    wanted = last_ten("half_relu") - 1
    first = {
        name: 1 + int(np.argmax(curves(name, "set5_psnr")[0] >= wanted))
        for name in seconds
    }
    return holds(longer > 1.2), (
        f"A half that has half of all counts: an epoch took {longer:.1f} times as long "
        f"with PReLU, by the clocks in their records. It had {wanted:.1f} dB on Set5 "
        f"after {first['half_prelu']} epochs, ReLU after {first['half_relu']}."
    )


@claim("5.1.2", "Half-FSRCNN overfits to some degree.")
def half_overfits() -> Finding:
    does, told = overfit(HALVES)
    rises = [
        np.median(scores[:, -10:]) - np.median(scores[:, 5:15])
        for scores in (curves(name, "set5_global") for name in HALVES)
    ]
    weights = counting.n_parameters("half-strideless", {"channels": 3})
    return holds(does), (
        f"The program's half ({weights:,} parameters), without flips, in minibatches "
        f"of {' and '.join(BATCH_OF.values())}. {told} Set5 itself changes by "
        f"{' and '.join(f'{rise:+.2f}' for rise in rises)} dB in the same epochs."
    )


@claim(
    "5.1.2",
    "Random flips and translations bring a small gain.",
)
def augmentation() -> Finding:
    gain = last_ten("half_augmented") - last_ten("half_prelu")
    cap = measured()["mirrored"]["Set14"]
    flips, none = by_rule(AUGMENTED), by_rule("grid_half_none_50")
    return holds(gain > 0), (
        f"{_AS}, targets moved as well, a smaller half: "
        f"{beside({'half_prelu': 'without', 'half_augmented': 'with'})} dB. In the "
        "program inputs were mirrored and targets were not, translations were by 0 "
        "pixels: a network that learns what that asks for makes the mean of both, "
        f"which scores {cap:.1f} dB. As programmed {spread(flips)}, without flips "
        f"{spread(none)}."
    )


@claim("5.1.2", "The full FSRCNN is much harder to train.")
def harder() -> Finding:
    full = by_rule(PRELU)
    halves = {name: by_rule(name) for name in HALVES}
    told = "; ".join(f"of {BATCH_OF[name]} {spread(halves[name])}" for name in HALVES)
    described = by_rule("fsrcnn_prelu_described")
    on_the_way = [
        curves(name, f"set14_batch{size}").mean(axis=1)
        for name, size in ((PRELU, "20"), *BATCH_OF.items())
    ]
    return holds(all(better(half, on_the_way[0], MUCH) for half in on_the_way[1:])), (
        "Harder is what has less PSNR as the mean over all epochs: "
        f"{spread(on_the_way[0])}, the half, without flips, "
        f"{' and '.join(map(spread, on_the_way[1:]))}. Filters begin from N(0, 0.5 "
        f"squared) and skips add maps up: {spread(full)} after 100 epochs as "
        f"programmed, minibatches of 20. The half, in minibatches {told}. With the "
        "stride, He's start and no skip the full one has, as described, "
        f"{spread(described)}."
    )


@claim(
    "5.1.2",
    "Skip connections improve the full network (tried in order to).",
)
def skips() -> Finding:
    rows = {
        "fsrcnn_base": "none",
        "fsrcnn_skip_mapping": "mapping",
        "fsrcnn_skip_features": "features",
        "fsrcnn_skip_both": "both",
    }
    gains = [last_ten(name) - last_ten("fsrcnn_base") for name in list(rows)[1:]]
    return holds(min(gains) > 0), f"{_AS}: {beside(rows)} dB."


@claim(
    "5.1.2",
    "Deconvolution by a full border trains fast, with poor results.",
)
def full_border() -> Finding:
    border, grad = (
        last_ten(name) for name in ("fsrcnn_full_border", "fsrcnn_gradinputs")
    )
    naive = counting.n_weights([*counting.fsrcnn()[:-1]]) + 26 * 26 * 56 * 3
    return holds(better([grad], [border], MUCH)), (
        f"Poor: Set5 in the last ten of 200 epochs {border:.2f} dB, by gradInputs "
        f"{grad:.2f}. Not fast where it makes 33x33 of 8x8: it needs 26x26 filters, "
        f"{naive:,} weights against {counting.n_weights(counting.fsrcnn()):,}. The "
        "program's 9x9 makes 16x16 and is cheap."
    )


@claim(
    "5.1.2",
    "gradInputs gives no decent reconstruction before 200 epochs.",
)
def gradinputs() -> Finding:
    programmed = curves("grid_gradinputs", "set14_batch20")[0]
    narrow = {n: set14(f"fsrcnn_gradinputs_{n}") for n in (20, 50, 100)}
    plain, plain_narrow = (
        bicubic(name) for name in ("grid_gradinputs", "fsrcnn_gradinputs")
    )
    return holds(programmed.max() < plain - 5), (
        "As programmed, with stride 2 and filters from N(0, 0.5 squared): "
        f"{_after({n: programmed[n - 1] for n in (20, 50, 100, 150, 200)})}, bicubic "
        f"{plain:.2f}. It is the start: from N(0, 0.001 squared) and with stride 4 it "
        f"has {_after(narrow)}, bicubic {plain_narrow:.2f} (Set14 `batch20`, one seed "
        "each)."
    )


def _after(figures: dict[int, float]) -> str:
    told = ", ".join(f"{figure:.2f} after {n}" for n, figure in figures.items())
    return f"{told} epochs"


@claim(
    "5.1.2",
    "Adam is much better than RMSProp and converges much faster.",
)
def adam_better() -> Finding:
    rows = {
        "fsrcnn_base": "Adam",
        "fsrcnn_rmsprop": "RMSProp",
        "fsrcnn_rmsprop_1e-4": "at a tenth of the rate",
    }
    adam, *others = ([last_ten(name)] for name in rows)
    much = [better(adam, other, MUCH) for other in others]
    return holds(all(much)), f"{_AS}: {beside(rows)} dB."


@claim("5.1.2", "For some settings Adam converged too quickly, and RMSProp was better.")
def adam_too_quick() -> Finding:
    return "cannot be said", "Neither the settings nor the figures are given."


@claim(
    "5.1.2",
    "Smaller batches are significantly better; 20 to 50 are the best of 20 to 500.",
)
def batches() -> Finding:
    told, gains = [], []
    for size in (50, 100, 500):
        history = histories_of(f"fsrcnn_batch_{size}")[0]
        reached = curve(history, "set5_psnr")
        small = histories_of("fsrcnn_base")[0]
        steps = curve(history, "iteration")
        at = np.searchsorted(curve(small, "iteration"), steps[-1])
        equal = curve(small, "set5_psnr")[max(at - 2, 0) : at + 1]
        gains.append(equal.mean() - reached[-3:].mean())
        told.append(
            f"{int(steps[-1]):,} steps of {size}: {reached[-3:].mean():.2f}, of 20 "
            f"{equal.mean():.2f}"
        )
    rows = {"fsrcnn_base": "20"}
    rows.update({f"fsrcnn_batch_{size}": str(size) for size in (50, 100, 500)})
    return holds(min(gains) > MUCH), (
        f"After as many epochs, yes, as it makes more steps of them: {beside(rows)} dB "
        f"({_AS}). After as many steps, Set5 as the mean of three epochs: "
        f"{'; '.join(told)} dB."
    )


@claim(
    "5.1.2",
    "Only rates of 0.001 to 0.005 gave good results.",
)
def rates() -> Finding:
    rows = {"fsrcnn_base": "0.001"}
    rows.update({f"fsrcnn_rate_{r}": r for r in ("0.002", "0.003", "0.005")})
    poor = min(set14(name) for name in rows)
    return holds(poor > bicubic("fsrcnn_base")), f"{_AS}: {beside(rows)} dB."


@claim(
    "5.1.2",
    "A decay of the rate by about 0.9975 is marginally better.",
)
def decay() -> Finding:
    rows = {"fsrcnn_base": "constant", "fsrcnn_decay": "times 0.9975 an epoch"}
    gain = last_ten("fsrcnn_decay") - last_ten("fsrcnn_base")
    return holds(gain > 0), (
        f"{_AS}: {beside(rows)} dB. In the program the rate fell by 0.995 after an "
        "epoch whose validation error rounded to the integer of the one before."
    )


@claim(
    "5.1.2",
    "The squared error was tried for all colours together and for each.",
)
def per_channel() -> Finding:
    rows = {"fsrcnn_base": "together", "fsrcnn_per_channel": "each"}
    return "true", (
        f"No result is told. The costs differ by a factor, 3, which Adam takes out: "
        f"{beside(rows)} dB ({_AS})."
    )


# --- Its table ---


@claim("5.1.2", "Transition State 1 of the FSRCNN paper has 31.95, with PReLU 32.95.")
def transition() -> Finding:
    return "false", (
        "31.95 is not in the paper. 32.95 is: Transition State 1, luma of whole images "
        "of Set5, x3. It stands beside x4 in RGB."
    )


def _printed(name: str, published: float, described: str, more: str = "") -> Finding:
    figures = by_rule(name)
    text = f"As programmed: {spread(figures)}.{dead(figures)}"
    return printed(published, figures, text + others(described) + more)


@claim("5.1.2", "ReLU, 100 epochs: 31.75 dB.")
def relu_100() -> Finding:
    return _printed(RELU, 31.75, "fsrcnn_relu_described")


@claim("5.1.2", "PReLU, 100 epochs: 32.29 dB.")
def prelu_100() -> Finding:
    return _printed(PRELU, 32.29, "fsrcnn_prelu_described")


@claim("5.1.2", "Data augmentation, 20 epochs: 23.34 dB.")
def augmented_20() -> Finding:
    return _printed(
        "fsrcnn_augmented_20_programmed", 23.34, "fsrcnn_augmented_20_described"
    )


@claim("5.1.2", "Data augmentation, 100 epochs: 34.74 dB.")
def augmented_100() -> Finding:
    cap = measured()["mirrored"]["Set14"]
    return _printed(
        AUGMENTED,
        34.74,
        "fsrcnn_augmented_described",
        " With mirrored inputs a network that learns what it is asked for has "
        f"{cap:.1f} dB.",
    )


@claim(
    "5.1.2",
    "After 50 epochs the picture by ReLU is 'much better' than that by PReLU.",
)
def pictures_50() -> Finding:
    size = find_experiment(RELU).training.batch_size
    relu, prelu = (curves(name, f"set14_batch{size}")[:, 49] for name in (RELU, PRELU))
    return holds(better(relu, prelu, MUCH)), (
        f"Set14 after 50 epochs, as programmed: ReLU {spread(relu)}, PReLU "
        f"{spread(prelu)}. The report's own figures, at 100, are the other way round."
    )
