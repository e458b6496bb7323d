"""Ten steps of training small networks, which every backend must come to.

    python tests/recorded/model_steps.py

It writes model_steps.npz beside itself; Theano-PyMC 1.1.2 made the file that is there.
Inputs are noise and targets their negatives, in minibatches of four that take turns.
"""

from pathlib import Path

import numpy as np

from srcnn_theano.backend import T
from srcnn_theano.models.fsrcnn import FSRCNN
from srcnn_theano.models.srcnn import SRCNN
from srcnn_theano.training.costs import mse
from srcnn_theano.training.functions import training_function
from srcnn_theano.training.pairs import SharedPairs
from srcnn_theano.training.updates import UPDATES

N_STEPS = 10
N_BATCHES, BATCH_SIZE, SIZE = 2, 4, 12
# name: (class, its options, optimiser, learning rate). With batch normalization not
# Adam: a bias before it has a gradient of mere rounding, and would make whole steps.
NETWORKS = {
    "srcnn": (
        SRCNN,
        {"n_filters": (8, 6), "filter_sizes": (5, 1, 3), "batch_norm": "hidden"},
        "momentum",
        0.01,
    ),
    "fsrcnn": (
        FSRCNN,
        {"d": 8, "s": 4, "m": 1, "scale": 2, "deconv_size": 5, "skip": "mapping"},
        "adam",
        0.001,
    ),
}


def ten_steps(name):
    """Costs before each step, and all parameters after the last, by name."""
    network, options, optimiser, learning_rate = NETWORKS[name]
    rng = np.random.RandomState(7)
    x, y = T.tensor4("x"), T.tensor4("y")
    model = network(rng, x, (BATCH_SIZE, 3, SIZE, SIZE), **options)
    low_res = rng.randint(256, size=(N_BATCHES * BATCH_SIZE, 3, SIZE, SIZE))
    if model.upscales:
        high_res = 255 - low_res.repeat(options["scale"], 2).repeat(options["scale"], 3)
    else:
        inside = slice(model.margin, SIZE - model.margin)
        high_res = 255 - low_res[:, :, inside, inside]
    pairs = SharedPairs(low_res.astype("uint8"), high_res.astype("uint8"), BATCH_SIZE)
    cost = mse(model.output, y)
    updates = UPDATES[optimiser](cost, model.params, learning_rate)
    step = training_function(model, y, cost, updates, pairs)
    costs = [float(step(i % N_BATCHES)[0]) for i in range(N_STEPS)]
    return dict(model.get_values(), cost=np.array(costs))


def main():
    arrays = {
        f"{name}/{what}": values
        for name in NETWORKS
        for what, values in ten_steps(name).items()
    }
    np.savez_compressed(Path(__file__).with_suffix(".npz"), **arrays)


if __name__ == "__main__":
    main()
