"""What is timed: the same shapes, values and weights for every framework, in numpy."""

from typing import NamedTuple

import numpy as np


class Work(NamedTuple):
    """A job to be timed.

    Attributes
    ----------
    name, title : str
    kind : 'train' or 'predict'
        One Adam step on a minibatch of 33x33 sub-images, or one image through the
        network at its final size.
    channels, batch_size : int
    size : (rows, cols) of the input
    """

    name: str
    title: str
    kind: str
    channels: int
    batch_size: int
    size: tuple


# 1,000 x 1,000 pixels come out; valid convolutions cut 6 off at each side.
WORKS = {
    work.name: work
    for work in (
        Work("train-20", "SRCNN 9-1-5 RGB step, batch 20", "train", 3, 20, (33, 33)),
        Work("train-100", "SRCNN 9-1-5 RGB step, batch 100", "train", 3, 100, (33, 33)),
        Work("upscale", "SRCNN 9-1-5 Y, 1 megapixel", "predict", 1, 1, (1012, 1012)),
    )
}
MARGIN = 6
N_SUB_IMAGES = 1000
LEARNING_RATE = 1e-4


def initial_weights(channels):
    """Filters (maps out, maps in, rows, cols) and biases of SRCNN 9-1-5, float32."""
    rng = np.random.RandomState(0)
    shapes = [(64, channels, 9, 9), (32, 64, 1, 1), (channels, 32, 5, 5)]
    return [
        (
            rng.normal(0, np.sqrt(2.0 / np.prod(shape[1:])), shape).astype("float32"),
            np.zeros(shape[0], "float32"),
        )
        for shape in shapes
    ]


def sub_images(work):
    """Inputs (n, channels, 33, 33) and centres (n, channels, 21, 21), uint8."""
    rng = np.random.RandomState(1)
    shape = (N_SUB_IMAGES, work.channels) + work.size
    low_res = rng.randint(0, 256, shape).astype("uint8")
    high_res = low_res[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN]
    return low_res, np.ascontiguousarray(high_res)


def image(work):
    """One image, float32 (1, channels, rows, cols) in [0, 1]."""
    rng = np.random.RandomState(2)
    return rng.uniform(size=(1, work.channels) + work.size).astype("float32")
