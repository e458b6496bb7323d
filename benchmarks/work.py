"""What is timed: the same shapes, values and weights for every framework, in numpy."""

from __future__ import annotations

import os
from typing import Any, Iterable, NamedTuple

import numpy as np

LEARNING_RATE = 1e-4
# Costs of as many first steps are compared.
N_COSTS = 5
STEPS_IN_A_ROW = 64


class Work(NamedTuple):
    """A job to be timed.

    Attributes
    ----------
    name, title : str
    kind : 'step', 'steps', 'image' or 'picture'
        From a minibatch of uint8 sub-images in memory to weights updated by Adam, and
        its cost fetched; such steps over all sub-images in a row, and their costs
        fetched at the end; from one float32 image to the network's output; or from one
        RGB picture of 8 bits to the enlarged one, in tiles (ours alone).
    network : 'srcnn' or 'fsrcnn'
    channels, batch_size : int
    size : (rows, cols) of what goes in
    perceptual : bool
        Whether the cost is the mean squared error of relu2_2 of VGG16 and not that of
        the pixels.
    n_sub_images : int
        That minibatches are taken from.
    """

    name: str
    title: str
    kind: str
    network: str
    channels: int
    batch_size: int
    size: tuple[int, int]
    perceptual: bool = False
    n_sub_images: int = 1000


def _step(name, title, network, batch_size, size, perceptual=False):
    title = f"{title} step, batch {batch_size}"
    return Work(name, title, "step", network, 3, batch_size, (size, size), perceptual)


def _steps(step):
    """The same many times in a row."""
    many = f"{STEPS_IN_A_ROW} steps in a row"
    return step._replace(
        name=step.name + "-steps",
        title=step.title.replace("step", many),
        kind="steps",
        n_sub_images=STEPS_IN_A_ROW * step.batch_size,
    )


_SRCNN, _FSRCNN = "SRCNN 9-1-5 RGB", "FSRCNN(56,12,4) RGB"
_STEPS = [
    _step(f"{name}-{batch_size}", title, network, batch_size, *size)
    for name, title, network, size in (
        ("srcnn", _SRCNN, "srcnn", (33,)),
        ("fsrcnn", _FSRCNN, "fsrcnn", (8,)),
        ("vgg", "SRCNN + VGG relu2_2", "srcnn", (33, True)),
    )
    for batch_size in (20, 100, 1000)
]


# 1,000 x 1,000 pixels come out of the images: the valid convolutions of SRCNN cut 6 off
# at each side, and FSRCNN's output depends on 7 more pixels at each side of its input.
WORKS = {
    work.name: work
    for work in (
        *_STEPS,
        *map(_steps, _STEPS),
        Work(
            "srcnn-image",
            "SRCNN 9-1-5 Y, 1 megapixel",
            "image",
            "srcnn",
            1,
            1,
            (1012, 1012),
        ),
        Work(
            "fsrcnn-image",
            "FSRCNN(56,12,4) x4 Y, 1 megapixel",
            "image",
            "fsrcnn",
            1,
            1,
            (264, 264),
        ),
    )
}

# What is timed unless jobs are named. A graphics card waits for single steps of small
# minibatches; it is filled by many in a row, or by large ones.
CPU_JOBS = (
    "srcnn-20",
    "srcnn-100",
    "fsrcnn-20",
    "fsrcnn-100",
    "vgg-100",
    "srcnn-image",
    "fsrcnn-image",
)
GPU_JOBS = tuple(work.name + "-steps" for work in _STEPS)
GPU_JOBS += ("srcnn-20", "fsrcnn-20", "vgg-20")

SCALE = 4
MARGIN = 6  # of SRCNN 9-1-5
HALO = 7  # of FSRCNN(56,12,4)


class Layer(NamedTuple):
    """A layer of a network, as every side builds it in its own way.

    Attributes
    ----------
    kind : 'conv', 'deconv', 'relu', 'prelu' or 'pool'
        'deconv' is a transposed convolution of stride `SCALE`; 'pool' takes the largest
        of each 2x2 pixels.
    name : str, empty where there are no values
    values : dict of str to float32 array
        W (maps out, maps in, rows, cols) of a convolution, (maps in, maps out, rows,
        cols) of a deconvolution; b (maps out,); a (maps,), the slopes of a PReLU.
    padding : int
        Zeros at each side of the input; of a deconvolution, pixels cut off each side of
        the output.
    """

    kind: str
    name: str
    values: dict[str, Any]
    padding: int = 0


def layers(work: Work) -> list[Layer]:
    """The network that is trained or applied, with its initial values."""
    rng = np.random.RandomState(0)
    if work.network == "srcnn":
        return _convolutions(
            rng,
            ["conv1", "conv2", "conv3"],
            [(work.channels, 64, 9), (64, 32, 1), (32, work.channels, 5)],
        )[:-1]
    sizes = [(work.channels, 56, 5), (56, 12, 1)] + 4 * [(12, 12, 3)] + [(12, 56, 1)]
    names = [f"conv{i}" for i in range(1, len(sizes) + 1)]
    network = _convolutions(rng, names, sizes, same_size=True)
    for i, layer in enumerate(network):
        if layer.kind == "relu":
            maps = len(network[i - 1].values["b"])
            name = network[i - 1].name.replace("conv", "prelu")
            network[i] = Layer("prelu", name, {"a": np.full(maps, 0.25, "float32")})
    # The paper's N(0, 0.001) would make an output of almost 0, whatever the maps are.
    W = rng.normal(0, 0.01, (56, work.channels, 9, 9)).astype("float32")
    b = np.zeros(work.channels, "float32")
    return network + [Layer("deconv", "deconv", {"W": W, "b": b}, padding=2)]


def feature_layers() -> list[Layer]:
    """VGG16 up to relu2_2 (Simonyan and Zisserman, 2015), with random values."""
    rng = np.random.RandomState(3)
    first = _convolutions(
        rng, ["conv1_1", "conv1_2"], [(3, 64, 3), (64, 64, 3)], same_size=True
    )
    second = _convolutions(
        rng, ["conv2_1", "conv2_2"], [(64, 128, 3), (128, 128, 3)], same_size=True
    )
    for layer in first[::2] + second[::2]:
        # Constant zeros would be optimised away, which no real network's are.
        layer.values["b"][:] = rng.normal(0, 0.1, len(layer.values["b"]))
    return first + [Layer("pool", "", {})] + second


def _convolutions(rng, names, sizes, same_size=False):
    """Convolutions and ReLUs; sizes are (maps in, maps out, filter length)."""
    network = []
    for name, (n_in, n_out, length) in zip(names, sizes):
        scale = np.sqrt(2.0 / (n_in * length**2))  # He's
        W = rng.normal(0, scale, (n_out, n_in, length, length)).astype("float32")
        values = {"W": W, "b": np.zeros(n_out, "float32")}
        padding = length // 2 if same_size else 0
        network += [Layer("conv", name, values, padding), Layer("relu", "", {})]
    return network


def named_values(network: Iterable[Layer]) -> dict[str, np.ndarray]:
    """Arrays by the names that weight files have (``conv1.W``)."""
    return {
        f"{layer.name}.{key}": value
        for layer in network
        for key, value in layer.values.items()
    }


def sub_images(work: Work) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and targets (n, channels, rows, cols), uint8, of the network's sizes."""
    rng = np.random.RandomState(1)
    shape: tuple[int, ...] = (work.n_sub_images, work.channels, *work.size)
    low_res = rng.randint(0, 256, shape).astype("uint8")
    if work.network == "srcnn":
        high_res = low_res[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN]
        return low_res, np.ascontiguousarray(high_res)
    shape = shape[:2] + tuple(SCALE * n + 1 for n in work.size)
    return low_res, rng.randint(0, 256, shape).astype("uint8")


def starts(work: Work) -> range:
    """Where the minibatches begin."""
    whole = work.n_sub_images - work.n_sub_images % work.batch_size
    return range(0, whole, work.batch_size)


def on_gpu() -> bool:
    """Whether this process is one side of a comparison on a graphics card."""
    return os.environ.get("SRCNN_DEVICE") == "gpu"


def image(work: Work) -> np.ndarray:
    """One image, float32 (1, channels, rows, cols) in [0, 1]."""
    rng = np.random.RandomState(2)
    return rng.uniform(size=(1, work.channels) + work.size).astype("float32")


def inside(work: Work, output: Any) -> Any:
    """The part of an image's output that no zeros around the image reach."""
    if work.network == "srcnn":
        return output
    rows, cols = (SCALE * (n - 2 * HALO) for n in work.size)
    first = SCALE * HALO
    return output[:, :, first : first + rows, first : first + cols]


def without_margin(work: Work, picture: Any) -> Any:
    """A whole picture without what the valid convolutions of SRCNN cut off."""
    if work.network != "srcnn":
        return picture
    return picture[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN]


def multiply_adds(work: Work) -> int:
    """Multiplications and additions of all convolutions that the job needs.

    A step needs each convolution of the network once forward, once for the gradient of
    its filters and, the first one excepted, once for that of its input. Features are
    computed of the target, and of the output with the gradient of their input. Products
    with the zeros around an image, and those that a deconvolution stamps beyond the
    border, are not counted.
    """
    if work.kind in ("step", "steps"):
        (first, *others), size = _layer_multiply_adds(layers(work), work.size)
        total = 2 * first + 3 * sum(others)
        if work.perceptual:
            total += 3 * sum(_layer_multiply_adds(feature_layers(), size)[0])
        n_steps = len(starts(work)) if work.kind == "steps" else 1
        return n_steps * work.batch_size * total
    return sum(_layer_multiply_adds(layers(work), work.size)[0])


def by_layer(work: Work) -> dict[str, int]:
    """Multiplications and additions of each convolution, once, for a minibatch."""
    network = layers(work)
    counts, size = _layer_multiply_adds(network, work.size)
    if work.perceptual:
        network = network + feature_layers()
        counts = counts + _layer_multiply_adds(feature_layers(), size)[0]
    names = [layer.name for layer in network if layer.kind in ("conv", "deconv")]
    return {name: work.batch_size * n for name, n in zip(names, counts)}


def _layer_multiply_adds(network, size):
    """Of each convolution for one image, and the size that comes out."""
    counts = []
    for layer in network:
        if layer.kind == "pool":
            size = tuple(n // 2 for n in size)
        elif layer.kind in ("conv", "deconv"):
            W, stride = layer.values["W"], SCALE if layer.kind == "deconv" else 1
            kernel, taps, result = W.shape[2], 1, []
            for n in size:
                if layer.kind == "conv":
                    large, small = n, n + 2 * layer.padding - kernel + 1
                    result.append(small)
                else:
                    small, large = n, stride * (n - 1) + kernel - 2 * layer.padding
                    result.append(large)
                taps *= _taps(large, small, kernel, stride, layer.padding)
            counts.append(int(np.prod(W.shape[:2])) * taps)
            size = tuple(result)
    return counts, size


def _taps(large, small, kernel, stride, padding):
    """Pairs of pixel and tap along one axis that lie within the larger side."""
    starts = stride * np.arange(small) - padding
    inside = np.minimum(starts + kernel, large) - np.maximum(starts, 0)
    return int(np.maximum(inside, 0).sum())
