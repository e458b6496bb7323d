"""The loop over epochs and minibatches; it knows no architecture."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Callable, Iterator

import numpy as np

from srcnn_theano.backend import many_steps
from srcnn_theano.errors import UserError
from srcnn_theano.progress import Bar
from srcnn_theano.training.checkpoint import load_checkpoint, save_checkpoint
from srcnn_theano.training.history import (
    as_numbers,
    history_text,
    parse_history,
    read_history,
    write_history,
)
from srcnn_theano.training.step import Step

# Between two looks at the costs, and movements of the progress bar.
SECONDS_PER_CALL = 0.3


class Diverged(UserError):
    """A training whose cost or variables are no longer finite."""


class Trainer:
    """Run compiled steps over shuffled minibatches, with history and checkpoints.

    `run` trains for a number of epochs. Whoever wants to end at another moment, or to
    change the learning rate within an epoch, goes through `steps`.

    Parameters
    ----------
    step : Step
    seed : int
        The order of epoch e is drawn from RandomState([seed, e]), so that a resumed run
        sees the same minibatches.
    decay : float
        The learning rate is multiplied by it after the epochs of `run` that
        `decay_rule` names.
    validate : function () -> dict of column name to PSNR in dB, run after each epoch
    run_dir : Path or None
        Gets ``history.csv`` and ``checkpoint.h5``; nothing is written without it.
    identity : str
        Names the settings of the run; a checkpoint of others is refused.
    decay_rule : str
        A name in `DECAY_RULES`: after which epochs; or 'cosine'.
    keep : function of the number of finished epochs
        Called after each, before the checkpoint: what it writes is there on resume.
    decay_epochs : int
        The epochs in which 'cosine' takes the rate to 0.

    Attributes
    ----------
    epoch : int
        Finished epochs.
    history : list of dict
        A row for each of them, as in ``history.csv``.
    """

    def __init__(
        self,
        step: Step,
        seed: int,
        decay: float = 1.0,
        validate: Callable[[], dict[str, float]] = dict,
        run_dir: Path | None = None,
        identity: str = "",
        keep: Callable[[int], None] = lambda epoch: None,
        decay_rule: str = "each",
        decay_epochs: int = 0,
    ) -> None:
        self.step = step
        self.seed = seed
        self.decay = decay
        self.validate = validate
        self.run_dir = run_dir
        self.identity = identity
        self.keep = keep
        self.decay_rule = decay_rule
        self.decay_epochs = decay_epochs
        self.epoch = 0
        self.history: list[dict[str, str]] = []
        # All that moves.
        self.variables = step.variables + [step.learning_rate]

    @property
    def curves(self) -> dict[str, np.ndarray]:
        """The history as numbers: an array for each column, (epochs,)."""
        return as_numbers(self.history)

    def resume(self) -> None:
        """Go on from the checkpoint in the run folder, if there is one."""
        if self.run_dir is None or not (self.run_dir / "checkpoint.h5").exists():
            return
        path = self.run_dir / "checkpoint.h5"
        epoch, text = load_checkpoint(path, self.variables, self.identity)
        table = self.run_dir / "history.csv"
        if text is None:  # of an earlier version
            rows = read_history(table)
        else:
            try:
                rows = parse_history(text)
            except ValueError as error:
                raise UserError(
                    f"{path}: damaged, its history is none ({error}); delete it to "
                    "start anew"
                ) from error
        if len(rows) < epoch:
            raise UserError(
                f"{table if text is None else path}: the history of {len(rows)} epochs "
                f"of the {epoch} that are finished; use another copy, or delete the "
                "run folder to start anew"
            )
        self.epoch, self.history = epoch, rows[:epoch]
        if rows:
            write_history(table, self.history)

    def run(self, n_epochs: int, progress: bool = True) -> None:
        """Train until `n_epochs` epochs are finished; save after each.

        Raises
        ------
        Diverged
            The cost or a variable is no longer finite. The checkpoint of the last
            finished epoch stays.
        """
        n_batches = self.step.pairs.n_batches
        total, done = n_epochs * n_batches, self.epoch * n_batches
        with Bar(total=total, initial=done, unit="it", disable=not progress) as bar:
            while self.epoch < n_epochs:
                self._run_epoch(bar)

    def _run_epoch(self, bar: Bar) -> None:
        started = time.perf_counter()
        costs: list[float] = []
        errors: list[float] = []
        for new_costs, new_errors in self.steps():
            costs.extend(new_costs)
            errors.extend(new_errors)
            bar.update(len(new_costs))
            bar.set_postfix_str(self._postfix(costs[-20:], errors[-20:]), False)
        rate = self.step.learning_rate
        row = {
            "epoch": self.epoch,
            "iteration": self.epoch * self.step.pairs.n_batches,
            "learning_rate": float(rate.get_value()),
            "cost": float(np.mean(costs)),
            "train_psnr": decibels(np.mean(errors)),
            **self.validate(),
            "seconds": round(time.perf_counter() - started, 2),
        }
        self.history.append({name: _short(value) for name, value in row.items()})
        rate.set_value(np.asarray(rate.get_value() * self._factor(), rate.dtype))
        self._save()

    def steps(
        self, one_by_one: bool = False
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Train for one epoch, through the minibatches in an order of its own.

        Whoever asks for the next ones may look at the network before, change the
        learning rate, or stop for good.

        Parameters
        ----------
        one_by_one : bool
            Yield after each minibatch; otherwise several times a second.

        Yields
        ------
        (costs, mean squared errors) of the minibatches since the last yield

        Raises
        ------
        Diverged
            The cost or a variable is no longer finite.
        """
        pairs, steps = self.step.pairs, many_steps(self.step.function)
        pairs.shuffle(np.random.RandomState([self.seed, self.epoch]))
        done, count = 0, 1
        while done < pairs.n_batches:
            started = time.perf_counter()
            costs, errors = steps(done, min(done + count, pairs.n_batches))
            for index, cost in enumerate(costs, start=done):
                if not np.isfinite(cost):
                    raise self._diverged(f"the cost became {cost}", index)
            done += len(costs)
            if not one_by_one:
                seconds = max(time.perf_counter() - started, 1e-6)
                # At most twice as many at once: the first call compiles.
                count = int(np.clip(count * SECONDS_PER_CALL / seconds, 1, 2 * count))
            yield costs, errors
        # The last step moved the variables after its own cost was computed.
        for variable in self.variables:
            if not np.isfinite(variable.get_value(borrow=True)).all():
                raise self._diverged(f"{variable.name} is no longer finite", done - 1)
        self.epoch += 1

    def _factor(self) -> float:
        """What the learning rate is multiplied by after an epoch."""
        if self.decay_rule == "cosine":
            return cosine_factor(self.epoch, self.decay_epochs)
        return self.decay if DECAY_RULES[self.decay_rule](self.history) else 1.0

    def _save(self) -> None:
        if self.run_dir is None:
            return
        # The table goes first; resume writes it again from the checkpoint.
        write_history(self.run_dir / "history.csv", self.history)
        self.keep(self.epoch)
        save_checkpoint(
            self.run_dir / "checkpoint.h5",
            self.variables,
            self.epoch,
            self.identity,
            history_text(self.history),
        )

    def _diverged(self, event: str, index: int) -> Diverged:
        return Diverged(
            f"{event} in epoch {self.epoch + 1}, minibatch {index}; try a lower "
            f"learning rate. The state after epoch {self.epoch} is kept"
        )

    def _postfix(self, costs: list[float], errors: list[float]) -> str:
        text = f"cost {np.mean(costs):.5f}, train {decibels(np.mean(errors)):.2f} dB"
        if self.history:
            last = self.history[-1]
            text += "".join(
                f", {name[:-5]} {float(last[name]):.2f} dB"
                for name in last
                if name.endswith("_psnr") and name != "train_psnr"
            )
        return text


def decibels(mean_squared_error: float | np.floating) -> float:
    """PSNR in dB of a mean squared error of pixels in [0, 1]."""
    return float(-10 * np.log10(np.maximum(mean_squared_error, 1e-10)))


def each_epoch(history: list[dict[str, str]]) -> bool:
    """The rule of a rate that decays after all epochs."""
    return True


def same_integer(history: list[dict[str, str]]) -> bool:
    """The rule of the report's program: Set5's cost rounds to the integer before.

    Its cost is the mean squared error of levels, 0..255.
    """
    costs = [round(float(row["set5_cost"])) for row in history[-2:]]
    return len(costs) == 2 and costs[0] == costs[1]


DECAY_RULES = {"each": each_epoch, "same-integer": same_integer}


def cosine_factor(epoch: int, n_epochs: int) -> float:
    """From the rate of an epoch to that of the next, `epoch`, down a half cosine.

    It ends at 0 and stays there: Loshchilov and Hutter, SGDR (2017), equation 5,
    without restarts.
    """
    before, after = (
        1 + np.cos(np.pi * min(e, n_epochs) / n_epochs) for e in (epoch - 1, epoch)
    )
    return float(after / before) if before else 0.0


def _short(value: float) -> str:
    return f"{value:.7g}" if isinstance(value, float) else str(value)
