"""Figures for the claims that need the image sets: measured once, kept in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import numpy as np

from claims.knobs import AVERAGES, KNOBS, bicubic_scores
from srcnn_theano.data.cache import prepare
from srcnn_theano.data.datasets import SETS, TEST_SETS, image_paths
from srcnn_theano.data.degradation import to_float
from srcnn_theano.data.images.reading import read_pixels
from srcnn_theano.data.patches import (
    Pairs,
    cut_window,
    make_recipe,
    sub_image_count,
)
from srcnn_theano.evaluation.metrics import MSE_FLOOR, aggregate, mse_per_patch
from srcnn_theano.experiments import find_experiment
from srcnn_theano.runs.run import training_recipe
from srcnn_theano.shipped import weights_dir

STATED = 24800  # sub-images, by Dong et al.
_N_SEEDS = 10
_HALF = 17  # side of the output of the report's half network
_PICTURES = (
    "vgg_only_programmed",
    "vgg_mse_programmed",
    "vgg_last_layer_programmed",
    "vgg_improved_programmed",
    "fsrcnn_relu_programmed",
    "fsrcnn_prelu_programmed",
    "fsrcnn_vgg_programmed",
    "fsrcnn_vgg_mse_programmed",
)


def measure(data_dir: Path, vgg: Any, cache_dir: Path | None = None) -> dict[str, Any]:
    """All figures.

    Parameters
    ----------
    data_dir : Path
    vgg : VGG16Weights or None
        Without it what needs VGG16 is left out.
    cache_dir : Path or None
        Of the sub-images.
    """
    figures = {
        "sub_images": _sub_images(data_dir),
        "bicubic": {
            title: bicubic_scores(recipe, data_dir, cache_dir)
            for title, recipe in KNOBS.items()
        },
        "mirrored": _mirrored(data_dir, cache_dir),
        "pictures": _pictures(data_dir, cache_dir),
        "untrained": _untrained(data_dir, cache_dir),
    }
    if vgg is not None:
        figures["perfect_in_vgg_space"] = _perfect(data_dir, cache_dir, vgg)
    return figures


# --- Sub-images ---


def _sub_images(data_dir: Path) -> dict[str, Any]:
    """How many, and with which side there would be as many as Dong et al. state."""
    recipe = make_recipe("programmed")
    shapes = {
        name: [read_pixels(path).shape for path in image_paths(data_dir, name)]
        for name in SETS
    }
    counts: dict[str, Any] = {
        name: sum(sub_image_count(shape, recipe) for shape in of_set)
        for name, of_set in shapes.items()
    }
    counts["cropped"] = {
        str(scale): sum(
            sub_image_count(shape, recipe._replace(mod_crop=True, scale=scale))
            for shape in shapes["T91"]
        )
        for scale in (2, 3, 4)
    }
    counts["by_side"] = {
        str(side): sum(
            sub_image_count(shape, recipe._replace(size=side))
            for shape in shapes["T91"]
        )
        for side in range(21, 37)
    }
    return counts


# --- What an output can reach ---


def _untrained(data_dir: Path, cache_dir: Path | None) -> list[float]:
    """PSNR on Set14 of the row of SGD before it is trained, of ten seeds."""
    from srcnn_theano.evaluation.sub_images import compared_pairs, sub_image_errors
    from srcnn_theano.models import model_for_pairs
    from srcnn_theano.training.functions import error_function

    training = find_experiment("table1_sgd_programmed").training
    recipe, scores = training_recipe(training), []
    pairs = prepare(data_dir, "Set14", recipe, cache_dir)
    for seed in range(_N_SEEDS):
        rng = np.random.RandomState(seed)
        model = model_for_pairs(training.model, training.options, pairs, rng)
        compared = compared_pairs(pairs, model, training.window)
        mse = sub_image_errors(error_function(model, clipped=False), compared)
        scores.append(aggregate(mse, "batch20"))
    return scores


def _mirrored(data_dir: Path, cache_dir: Path | None) -> dict[str, float]:
    """The best output for targets that stay where inputs are mirrored half the time.

    The mean of the target and its mirror image is as good as any network can be.
    """
    scores = {}
    for name in TEST_SETS:
        pairs = prepare(data_dir, name, make_recipe("programmed"), cache_dir)
        whole = to_float(pairs.high_res)
        target, mirrored = (
            whole[:, :, 8 : 8 + _HALF, 8 : 8 + _HALF],
            whole[:, :, :, ::-1][:, :, 8 : 8 + _HALF, 8 : 8 + _HALF],
        )
        mse = mse_per_patch((target + mirrored) / 2, target)
        scores[name] = aggregate(mse, "batch50", floor=MSE_FLOOR)
    return scores


def _perfect(
    data_dir: Path, cache_dir: Path | None, vgg: Any
) -> dict[str, dict[str, dict[str, float]]]:
    """PSNR of the target itself in VGG space, where VGG16 sees more of it than of the
    output: by the row, the set and the average."""
    return {
        row: {
            name: _perfect_on(name, row, data_dir, cache_dir, vgg) for name in TEST_SETS
        }
        for row in ("vgg_mse_programmed", "fsrcnn_vgg_mse_programmed")
    }


def _perfect_on(
    test_set: str, row: str, data_dir: Path, cache_dir: Path | None, vgg: Any
) -> dict[str, float]:
    from srcnn_theano.backend import T, compile_function
    from srcnn_theano.models.vgg16 import arranged, both_features
    from srcnn_theano.training.functions import unit

    training = find_experiment(row).training
    recipe = training_recipe(training)
    whole = prepare(data_dir, test_set, recipe, cache_dir).high_res
    side = 21 if training.model == "srcnn" else 16
    output, target = T.tensor4(dtype="uint8"), T.tensor4(dtype="uint8")
    found, wanted = both_features(
        unit(output),
        unit(target),
        ((None, 3, side, side), (None, 3, 33, 33)),
        arranged(vgg, "reshaped"),
        training.vgg_input,
    )
    distance = compile_function(
        [output, target], T.mean(T.sqr(found - wanted), axis=(1, 2, 3))
    )
    cut = cut_window(whole, (side, side), training.window)
    mse = np.concatenate(
        [
            distance(cut[i : i + 100], whole[i : i + 100])
            for i in range(0, len(whole), 100)
        ]
    )
    return {how: float(aggregate(mse, how) + 20 * np.log10(255)) for how in AVERAGES}


# --- Pictures ---


def _pictures(data_dir: Path, cache_dir: Path | None) -> dict[str, dict[str, float]]:
    """Contrast, colour and edges of outputs on Set14, as shares of the targets'."""
    return {
        name: _looks(name, data_dir, cache_dir)
        for name in _PICTURES
        if (weights_dir() / f"{name}.h5").is_file()
    }


def _looks(name: str, data_dir: Path, cache_dir: Path | None) -> dict[str, float]:
    from srcnn_theano.backend import T, compile_function
    from srcnn_theano.evaluation.sub_images import compared_pairs
    from srcnn_theano.models import model_for_pairs
    from srcnn_theano.weights import load_weights

    training = find_experiment(name).training
    weights = load_weights(weights_dir() / f"{name}.h5")
    pairs = prepare(data_dir, "Set14", training_recipe(training), cache_dir)
    model = model_for_pairs(
        weights.model, weights.options, pairs, np.random.RandomState(0)
    )
    model.set_values(weights.values)
    pairs = compared_pairs(pairs, model, training.window)
    outputs = compile_function(
        [model.input],
        model.output,
        givens={model.is_train: T.constant(0, dtype="int8")},
    )
    sums = np.zeros((2, 3))
    for low_res, high_res in _minibatches(pairs):
        made = np.clip(outputs(to_float(low_res).astype("float32")), 0, 1)
        sums += [_look(made), _look(to_float(high_res))]
    contrast, colour, edges = sums[0] / sums[1]
    return {
        "contrast": float(contrast),
        "colour": float(colour),
        "edges": float(edges),
    }


def _minibatches(pairs: Pairs, size: int = 500) -> Iterator[tuple[Any, Any]]:
    for start in range(0, len(pairs.low_res), size):
        yield (
            pairs.low_res[start : start + size],
            pairs.high_res[start : start + size],
        )


def _look(images: np.ndarray) -> list[float]:
    """Sums over sub-images of the standard deviation of brightness, of the distance of
    the strongest colour from the weakest, and of steps from pixel to pixel."""
    brightness = images.mean(axis=1)
    return [
        float(brightness.std(axis=(1, 2)).sum()),
        float((images.max(axis=1) - images.min(axis=1)).mean(axis=(1, 2)).sum()),
        float(np.abs(np.diff(brightness, axis=2)).mean(axis=(1, 2)).sum()),
    ]
