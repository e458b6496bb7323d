"""The loop over epochs and minibatches; it knows no architecture."""

import csv
import io
import time
from pathlib import Path

import numpy as np
from tqdm import tqdm

from srcnn_theano.backend import many_steps
from srcnn_theano.errors import UserError
from srcnn_theano.files import write_text
from srcnn_theano.training.checkpoint import load_checkpoint, save_checkpoint

# Between two looks at the costs, and movements of the progress bar.
SECONDS_PER_CALL = 0.3


class Trainer:
    """Run compiled steps over shuffled minibatches, with history and checkpoints.

    Parameters
    ----------
    step : function of a minibatch number -> (cost, mean squared error)
    pairs : SharedPairs
    variables : sequence of shared variables
        All that `step` moves; saved in the checkpoint.
    learning_rate : shared scalar, multiplied by `decay` after each epoch
    decay : float
    validate : function () -> dict of column name to PSNR in dB, run after each epoch
    seed : int
        The order of epoch e is drawn from RandomState([seed, e]), so that a resumed run
        sees the same minibatches.
    run_dir : str or Path
        Gets ``history.csv`` and ``checkpoint.h5``.
    identity : str
        Names the settings of the run; a checkpoint of others is refused.
    keep : function of the number of finished epochs
        Called after each, before the checkpoint: what it writes is there on resume.
    """

    def __init__(
        self,
        step,
        pairs,
        variables,
        learning_rate,
        decay,
        validate,
        seed,
        run_dir,
        identity,
        keep=lambda epoch: None,
    ):
        self.step = step
        self.pairs = pairs
        self.variables = list(variables)
        self.learning_rate = learning_rate
        self.decay = decay
        self.validate = validate
        self.seed = seed
        self.checkpoint = Path(run_dir) / "checkpoint.h5"
        self.history_file = Path(run_dir) / "history.csv"
        self.identity = identity
        self.keep = keep
        self.epoch = 0
        self.history = []

    def resume(self):
        """Go on from the checkpoint in the run folder, if there is one."""
        if self.checkpoint.exists():
            self.epoch = load_checkpoint(self.checkpoint, self.variables, self.identity)
            self.history = read_history(self.history_file)[: self.epoch]

    def run(self, n_epochs, progress=True):
        """Train until `n_epochs` epochs are finished; save after each.

        Raises
        ------
        UserError
            The cost or a variable is no longer finite. The checkpoint of the last
            finished epoch stays.
        """
        total = n_epochs * self.pairs.n_batches
        done = self.epoch * self.pairs.n_batches
        with tqdm(total=total, initial=done, unit="it", disable=not progress) as bar:
            while self.epoch < n_epochs:
                self._one_epoch(bar)

    def _one_epoch(self, bar):
        started = time.perf_counter()
        self.pairs.shuffle(np.random.RandomState([self.seed, self.epoch]))
        costs, errors = self._all_steps(bar)
        # The last step moved the variables after its own cost was computed.
        for variable in self.variables:
            if not np.isfinite(variable.get_value(borrow=True)).all():
                raise self._diverged(
                    variable.name + " is no longer finite", len(costs) - 1
                )
        self.epoch += 1
        row = {
            "epoch": self.epoch,
            "iteration": self.epoch * self.pairs.n_batches,
            "learning_rate": float(self.learning_rate.get_value()),
            "cost": float(np.mean(costs)),
            "train_psnr": decibels(np.mean(errors)),
        }
        row.update(self.validate())
        row["seconds"] = round(time.perf_counter() - started, 2)
        self.history.append({name: _short(value) for name, value in row.items()})
        self.learning_rate.set_value(
            np.asarray(
                self.learning_rate.get_value() * self.decay, self.learning_rate.dtype
            )
        )
        # The history goes first: after a kill in between, resume cuts the extra row.
        write_history(self.history_file, self.history)
        self.keep(self.epoch)
        save_checkpoint(self.checkpoint, self.variables, self.epoch, self.identity)

    def _all_steps(self, bar):
        """Costs and mean squared errors of an epoch's minibatches."""
        steps = many_steps(self.step)
        costs, errors, count = [], [], 1
        while len(costs) < self.pairs.n_batches:
            first = len(costs)
            started = time.perf_counter()
            some = steps(first, min(first + count, self.pairs.n_batches))
            for index, cost in enumerate(some[0], start=first):
                if not np.isfinite(cost):
                    raise self._diverged(f"the cost became {cost}", index)
            costs.extend(some[0])
            errors.extend(some[1])
            bar.update(len(some[0]))
            bar.set_postfix_str(self._postfix(costs[-20:], errors[-20:]), False)
            seconds = max(time.perf_counter() - started, 1e-6)
            # At most twice as many at once: the first call compiles.
            count = int(np.clip(count * SECONDS_PER_CALL / seconds, 1, 2 * count))
        return costs, errors

    def _diverged(self, what, index):
        return UserError(
            f"{what} in epoch {self.epoch + 1}, minibatch {index}; try a lower "
            f"learning rate. The state after epoch {self.epoch} is kept"
        )

    def _postfix(self, costs, errors):
        text = f"cost {np.mean(costs):.5f}, train {decibels(np.mean(errors)):.2f} dB"
        if self.history:
            last = self.history[-1]
            text += "".join(
                f", {name[:-5]} {float(last[name]):.2f} dB"
                for name in last
                if name.endswith("_psnr") and name != "train_psnr"
            )
        return text


def decibels(mean_squared_error):
    """PSNR in dB of a mean squared error of pixels in [0, 1]."""
    return float(-10 * np.log10(np.maximum(mean_squared_error, 1e-10)))


def write_history(path, rows):
    """Write rows (dicts with the same keys) as CSV, in one step."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, stream.getvalue())


def read_history(path):
    """The rows of a history file, as dicts of strings.

    Raises
    ------
    UserError
        There is no such file.
    """
    try:
        with open(str(path), newline="") as stream:
            return [dict(row) for row in csv.DictReader(stream)]
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); delete the run folder to "
            "start anew"
        ) from error


def _short(value):
    return f"{value:.7g}" if isinstance(value, float) else str(value)
