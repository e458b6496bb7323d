"""Lengths of arrays in a graph, as far as those of its inputs tell them."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcnn_theano.backend.internals import Constant, Shape, Shape_i


class Lengths:
    """Evaluates the symbolic lengths of arrays, in Python, for given arguments."""

    def __init__(self, shape_of: Any, values: dict[Any, Any]) -> None:
        self.shape_of = shape_of
        self.values = dict(values)

    def shape(self, variable: Any) -> tuple[int, ...] | None:
        """The shape as ints; None where it depends on more than lengths."""
        if isinstance(variable, Constant) or variable in self.values:
            return np.shape(self._value(variable))
        try:
            lengths = self.shape_of[variable]
            return tuple(int(self._value(length)) for length in lengths)
        except (KeyError, TypeError, _Unknown, RecursionError):
            return None

    def _value(self, variable):
        if isinstance(variable, Constant):
            return variable.data
        if variable not in self.values:
            self.values[variable] = self._computed(variable)
        return self.values[variable]

    def _computed(self, variable):
        node = variable.owner
        # Lengths are computed from numbers and vectors of numbers.
        if node is None or len(node.outputs) > 1 or variable.ndim > 1:
            raise _Unknown
        if isinstance(node.op, (Shape, Shape_i)):
            shape = self.shape(node.inputs[0])
            if shape is None:
                raise _Unknown
            whole = isinstance(node.op, Shape)
            return np.array(shape if whole else shape[node.op.i], "int64")
        storage = {x: [self._value(x)] for x in node.inputs}
        storage[variable] = [None]
        computed = {x: [x is not variable] for x in storage}
        node.op.make_thunk(node, storage, computed, no_recycling=[], impl="py")()
        return storage[variable][0]


class _Unknown(Exception):
    """A length depends on the numbers in an array."""
