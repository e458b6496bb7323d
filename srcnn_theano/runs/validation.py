"""What is looked at after each epoch of a run: Set5 and Set14, sub-image by sub-image.

The mean squared errors of all sub-images are kept in the run folder, a file an epoch,
so that any way of averaging can be asked for afterwards.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping

import numpy as np

from srcnn_theano.data.patches import Pairs
from srcnn_theano.evaluation.metrics import aggregate
from srcnn_theano.evaluation.rule import VALIDATION_SET
from srcnn_theano.evaluation.sub_images import compared_pairs, sub_image_errors
from srcnn_theano.hdf5 import read_arrays, write_arrays
from srcnn_theano.models import model_for_pairs
from srcnn_theano.runs.run import Run


class Validation:
    """Scores of a network in training, as columns of the history.

    For each set, with N the batch size of the training: ``SET_psnr``, the mean PSNR of
    the sub-images; ``SET_batchN``, that of minibatches, if there are so many
    sub-images; ``SET_global``, the PSNR of the mean error. For Set5 also ``set5_cost``:
    the training's own cost, mean over minibatches, a last, smaller one left out.

    Parameters
    ----------
    run : Run
    model : Model in training
    train_set : Pairs, for the sizes of the sub-images
    sets : dict of str to Pairs
    """

    def __init__(
        self, run: Run, model: Any, train_set: Pairs, sets: Mapping[str, Pairs]
    ) -> None:
        from srcnn_theano.training.functions import error_function
        from srcnn_theano.training.step import cost_function

        self.training = training = run.experiment.compiled
        self.folder = run.folder
        self.model = model
        # The training graph has its batch size built in.
        rng = np.random.RandomState(0)
        self.copy = model_for_pairs(training.model, training.options, train_set, rng)
        self.errors = error_function(self.copy, run.protocol.clipped)
        self.cost = cost_function(
            training, self.copy, train_set.high_res.shape[2:], run.vgg
        )
        self.sets = dict(sets)
        self.compared = {
            name: compared_pairs(pairs, self.copy, training.window)
            for name, pairs in sets.items()
        }
        self.latest: dict[str, np.ndarray] = {}

    def __call__(self) -> dict[str, float]:
        """The columns for the network as it is now."""
        self.copy.set_values(self.model.get_values())
        batch_size = self.training.batch_size
        columns = {}
        for name, pairs in self.compared.items():
            mse = sub_image_errors(self.errors, pairs, batch_size)
            self.latest[name] = mse.astype("float32")
            columns[f"{name}_psnr"] = aggregate(mse, "patch")
            if len(mse) >= batch_size:
                how = f"batch{batch_size}"
                columns[f"{name}_{how}"] = aggregate(mse, how)
            columns[f"{name}_global"] = aggregate(mse, "global")
        if VALIDATION_SET in self.sets:
            columns[f"{VALIDATION_SET}_cost"] = self._mean_cost()
        return columns

    def _mean_cost(self) -> float:
        pairs, size = self.sets[VALIDATION_SET], self.training.batch_size
        costs = [
            self.cost(*(part[start : start + size] for part in pairs))
            for start in range(0, max(len(pairs.low_res) - size, 0) + 1, size)
        ]
        return float(np.mean(costs))

    def keep(self, epoch: int) -> None:
        """Write the errors of all sub-images after an epoch."""
        write_arrays(errors_file(self.folder, epoch), {"epoch": epoch}, self.latest)


def errors_file(folder: Path, epoch: int) -> Path:
    """Where a run keeps the errors after an epoch."""
    return folder / "errors" / f"{epoch}.h5"


def read_errors(folder: Path, epoch: int) -> dict[str, np.ndarray]:
    """Mean squared errors of the sub-images after an epoch, float32, by set."""
    return read_arrays(
        errors_file(folder, epoch), "delete the run folder to start anew"
    )[1]
