"""A whole training in miniature, for tests in this process and in others.

    python tiny_run.py RUN_DIR N_EPOCHS [MOMENT]

trains, resuming what it finds in RUN_DIR; at the moment named it kills itself, or (with
"pause") says "paused" and waits to be killed.
"""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np

from srcnn_theano.backend import T, theano
from srcnn_theano.models.srcnn import SRCNN
from srcnn_theano.training import trainer as trainer_module
from srcnn_theano.training.costs import mse
from srcnn_theano.training.functions import error_function, training_function
from srcnn_theano.training.pairs import SharedPairs
from srcnn_theano.training.step import Step
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
        moving = self.variables[:-1]
        step = Step(
            step or self.step, self.model, self.pairs, self.learning_rate, moving
        )
        return Trainer(step, seed, 0.9, self.validate, Path(run_dir), identity)


def replace_function(trainer, function):
    trainer.step = trainer.step._replace(function=function)


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def die_at(moment, trainer):
    """Make the trainer's process end by SIGKILL at a moment of its run."""
    step, save = trainer.step.function, trainer_module.save_checkpoint
    steps = {"first epoch": (0, 1), "middle of the third epoch": (2, 1)}

    def dying_step(index):
        if (trainer.epoch, index) == steps.get(moment):
            die()
        return step(index)

    def dying_save(path, variables, epoch, identity, history):
        if epoch == 3 and moment == "between history and checkpoint":
            die()
        if epoch == 3 and moment == "half-written checkpoint":
            Path.replace = lambda *_: die()
        save(path, variables, epoch, identity, history)

    replace_function(trainer, dying_step)
    trainer_module.save_checkpoint = dying_save


def pause_in_second_epoch(trainer):
    """Say "paused" at the third minibatch of the second epoch, and wait."""
    step = trainer.step.function

    def pausing_step(index):
        if (trainer.epoch, index) == (1, 2):
            print("paused", flush=True)
            time.sleep(600)
        return step(index)

    replace_function(trainer, pausing_step)


def main(run_dir, n_epochs, moment=None):
    trainer = TinyRun().trainer(run_dir)
    if moment == "pause":
        pause_in_second_epoch(trainer)
    elif moment:
        die_at(moment, trainer)
    trainer.resume()
    trainer.run(int(n_epochs), progress=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
