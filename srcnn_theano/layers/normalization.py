"""Batch normalization, written by hand from means, variances, scale and shift."""

from __future__ import annotations

from typing import Any

from srcnn_theano.backend import T
from srcnn_theano.backend.running import keep_running
from srcnn_theano.layers.layer import Layer, per_map
from srcnn_theano.layers.lengths import Shape4


class BatchNormLayer(Layer):
    """Normalize each map by the mean and variance of its minibatch; scale and shift.

    ``output = activation(gamma * (input - mean) / sqrt(var + epsilon) + beta)``

    Ioffe and Szegedy, Batch Normalization (2015), algorithms 1 and 2. In training, mean
    and variance are those of the minibatch over (batch, rows, cols); at test time they
    are running averages of them.

    Parameters
    ----------
    input : symbolic 4-tensor, (batch, maps, rows, cols)
    input_shape : tuple of 4, ints or None; the number of maps must be known
    is_train : symbolic scalar, 1 while training and 0 at test time
        Replace it by ``T.constant(1, dtype='int8')`` through `givens` when compiling;
        the branch not taken is then folded away.
    gamma, beta, mean, var : None, array or shared variable, (maps,)
        None is 1, 0, 0, 1.
    activation : function of a symbolic tensor, or None
    test_statistics : 'running' or 'batch'
        'batch' normalizes by the minibatch at test time as well. That is a well-known
        mistake; it is here because it may be how the report came to 14.0 dB.
    momentum : float in [0, 1)
        Share of the old running average that is kept at each step.
    epsilon : float
    name : str
    """

    def __init__(
        self,
        input: Any,
        input_shape: Shape4,
        is_train: Any,
        gamma: Any = None,
        beta: Any = None,
        mean: Any = None,
        var: Any = None,
        activation: Any = None,
        test_statistics: str = "running",
        momentum: float = 0.9,
        epsilon: float = 1e-5,
        name: str = "bn",
    ) -> None:
        super().__init__(name, input, input_shape)
        if test_statistics not in ("running", "batch"):
            raise ValueError(
                f"{name}: test_statistics must be 'running' or 'batch', not "
                f"{test_statistics!r}"
            )
        if getattr(is_train, "ndim", None) != 0:
            raise ValueError(
                f"{name}: is_train {is_train!r} is no symbolic scalar; it must be "
                "T.bscalar() or T.constant(1, dtype='int8')"
            )
        n_maps = self.input_shape[1]
        if n_maps is None:
            raise ValueError(
                f"{name}: the number of maps must be known, input_shape is "
                f"{self.input_shape}"
            )
        self.activation = activation
        self.test_statistics = test_statistics
        self.epsilon = epsilon
        self.gamma = self.add_param("gamma", gamma, 1.0, (n_maps,))
        self.beta = self.add_param("beta", beta, 0.0, (n_maps,))
        self.mean = self.add_param("mean", mean, 0.0, (n_maps,), trained=False)
        self.var = self.add_param("var", var, 1.0, (n_maps,), trained=False)

        batch_mean = T.mean(self.input, axis=(0, 2, 3))  # (maps,)
        batch_var = T.var(self.input, axis=(0, 2, 3))  # (maps,), divided by n
        if test_statistics == "batch":
            used_mean, used_var = batch_mean, batch_var
        else:
            used_mean = T.switch(is_train, batch_mean, self.mean)
            used_var = T.switch(is_train, batch_var, self.var)
        scale = self.gamma / T.sqrt(used_var + epsilon)
        self.output = self._activated(
            (self.input - per_map(used_mean)) * per_map(scale) + per_map(self.beta)
        )
        self.output_shape = self.input_shape
        self.updates = tuple(
            (running, momentum * running + (1.0 - momentum) * current)
            for running, current in ((self.mean, batch_mean), (self.var, batch_var))
        )
        keep_running(self.output, self.updates, is_train)

    def _told(self) -> str:
        return f"{self.test_statistics} statistics at test time"
