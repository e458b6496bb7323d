"""The command line with one more experiment, `tiny`, on small pictures made here.

python tiny_command.py train tiny
"""

import sys
from pathlib import Path

import numpy as np

from srcnn_theano import cli, experiments
from srcnn_theano.data import cache, datasets
from srcnn_theano.data.images import Picture, write_picture
from srcnn_theano.data.patches import make_pairs
from srcnn_theano.experiments.records import Measure

_L2 = experiments.EXPERIMENTS["table1_rmsprop_l2_described"]
TINY = _L2._replace(
    name="tiny",
    training=_L2.training._replace(
        options={
            "channels": 3,
            "n_filters": [4, 3],
            "filter_sizes": [3, 1, 3],
            "batch_norm": "hidden",
        },
        batch_size=10,
    ),
    measure=Measure(n_epochs=3),
)


def pixels():
    rows, cols = np.mgrid[:70, :80] / 5.0
    waves = [np.sin(rows + c) * np.cos(cols * c) for c in (1, 2, 3)]
    return np.uint8(127 + 120 * np.stack(waves, 2))


def main(arguments):
    experiments.EXPERIMENTS["tiny"] = TINY
    image = Path("image.png")
    write_picture(image, Picture(pixels()))
    datasets.find_data_dir = lambda folder: Path("data")
    datasets.image_paths = lambda folder, name: [image]
    datasets.require_sets = lambda folder: None
    cache.prepare = lambda folder, name, recipe: make_pairs(pixels(), recipe)
    return cli.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
