"""A whole training in miniature, for tests in this process and in others.

    python tiny_run.py RUN_DIR N_EPOCHS [EPOCH MINIBATCH]

trains, resuming what it finds in RUN_DIR; with the last two it says "paused" when it
comes to that minibatch, and waits to be killed.
"""

import sys
import time

import numpy as np

from srcnn_theano.backend import T, theano
from srcnn_theano.models.srcnn import SRCNN
from srcnn_theano.training.costs import mse
from srcnn_theano.training.functions import (
    SharedPairs,
    error_function,
    training_function,
)
from srcnn_theano.training.trainer import Trainer
from srcnn_theano.training.updates import adam

N, BATCH_SIZE, SIZE = 18, 4, 9
L2_REG = 1e-3


class TinyRun:
    """The compiled functions; `trainer` puts all variables back to their start."""

    def __init__(self):
        rng = np.random.RandomState(1)
        self.low_res = rng.randint(0, 256, (N, 3, SIZE, SIZE)).astype("uint8")
        self.high_res = 255 - self.low_res[:, :, 2:-2, 2:-2]
        x, y = T.tensor4("x"), T.tensor4("y")
        self.model = SRCNN(
            rng,
            x,
            (None, 3, SIZE, SIZE),
            n_filters=(4, 3),
            filter_sizes=(3, 1, 3),
            batch_norm="hidden",
        )
        self.pairs = SharedPairs(self.low_res, self.high_res, BATCH_SIZE)
        cost = mse(self.model.output, y) + L2_REG * self.model.L2_sqr
        self.learning_rate = theano.shared(np.float32(0.01), name="learning_rate")
        updates = adam(cost, self.model.params, self.learning_rate)
        self.step = training_function(self.model, y, cost, updates, self.pairs)
        self.errors = error_function(self.model)
        moving = list(updates) + list(self.model.updates)
        self.variables = [shared for shared, _ in moving] + [self.learning_rate]
        self.start = [v.get_value() for v in self.variables]

    def reset(self):
        for variable, value in zip(self.variables, self.start):
            variable.set_value(value)
        self.pairs.order.set_value(np.arange(N, dtype="int32"))

    def validate(self):
        return {"set5_psnr": float(np.mean(self.errors(self.low_res, self.high_res)))}

    def trainer(self, run_dir, step=None, seed=5, identity="tiny"):
        self.reset()
        return Trainer(
            step or self.step,
            self.pairs,
            self.variables,
            self.learning_rate,
            0.9,
            self.validate,
            seed,
            run_dir,
            identity,
        )


def main(run_dir, n_epochs, *pause_at):
    tiny = TinyRun()

    def step(index):
        if pause_at and [trainer.epoch, index] == [int(x) for x in pause_at]:
            print("paused", flush=True)
            time.sleep(600)
        return tiny.step(index)

    trainer = tiny.trainer(run_dir, step)
    trainer.resume()
    trainer.run(int(n_epochs), progress=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
