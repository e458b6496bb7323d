"""What every layer has in common."""

from __future__ import annotations

from typing import Any

from srcnn_theano.layers.lengths import Shape4


class Layer:
    """A piece of symbolic graph, built in `__init__` and read-only afterwards.

    Attributes
    ----------
    name : str
        Prefix of the names of the layer's shared variables (``conv1.W``).
    output : symbolic 4-tensor, (batch, maps, rows, cols)
    output_shape : tuple of 4, ints or None (unknown), never symbolic
    params : tuple of shared variables moved by gradient descent
    weights : tuple of shared variables charged by the L2 norm: filters, never biases
        or batch-norm scales
    state : tuple of shared variables that are saved but not trained
    updates : tuple of (shared, expression) pairs needed besides the gradient step
    activation : function of a symbolic tensor, applied last, or None
    """

    output: Any
    output_shape: Shape4
    params: tuple = ()
    weights: tuple = ()
    state: tuple = ()
    updates: tuple = ()
    activation: Any = None

    def __init__(self, name: str, input: Any, input_shape: Shape4) -> None:
        if len(input_shape) != 4:
            raise ValueError(
                f"{name}: input_shape must be (batch, maps, rows, cols), got "
                f"{input_shape}"
            )
        self.name = name
        self.input = input
        self.input_shape = tuple(input_shape)
