"""From one node of Theano's graph to XLA: a function per class of op.

A lowering takes the op, the node and the values of its inputs, and returns the value of
its output, or a list of them. There are three kinds of values: a NumPy array is known
while the function is traced (constants, shapes, and all that is computed from them
alone); an `Affine` is an integer that follows from the function's arguments by adding
and multiplying; everything else is a traced JAX array.
"""

from __future__ import annotations

import functools
import operator
from typing import Any

import numpy as np
from jax import lax

# The precision of products: graphics cards take fewer bits than float32 has unless they
# are told not to.
EXACT = lax.Precision.HIGHEST


class Call:
    """One function that is being traced; its values share this.

    Attributes
    ----------
    arguments : list of traced values
        The arguments of the function.
    limits : list of (start, least, most)
        The bounds of each `Affine` index and of each `Affine` start of a slice. XLA
        would silently move a slice that reaches beyond its axis.
    """

    def __init__(self, arguments: list) -> None:
        self.arguments = arguments
        self.limits: list[tuple[Affine, int, int]] = []


class Affine:
    """An integer ``constant + sum(factor * argument)``, for some scalar arguments.

    Such an integer may start a slice: the difference of two of them is known when the
    arguments are not, and so is the shape of the slice.

    Parameters
    ----------
    call : Call
    factors : dict from the position of an argument to its factor
    constant : int
    """

    def __init__(self, call: Call, factors: dict[int, int], constant: int = 0) -> None:
        self.call = call
        self.factors = {i: factor for i, factor in factors.items() if factor}
        self.constant = constant

    def __add__(self, other):
        other = self._affine(other)
        factors = dict(self.factors)
        for i, factor in other.factors.items():
            factors[i] = factors.get(i, 0) + factor
        return Affine(self.call, factors, self.constant + other.constant)

    __radd__ = __add__

    def __mul__(self, number):
        if isinstance(number, Affine):
            return NotImplemented
        factors = {i: int(number) * factor for i, factor in self.factors.items()}
        return Affine(self.call, factors, int(number) * self.constant)

    __rmul__ = __mul__

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -self._affine(other)

    def __rsub__(self, other):
        return self._affine(other) - self

    def _affine(self, value):
        if isinstance(value, Affine):
            return value
        return Affine(self.call, {}, int(value))

    def at(self, arguments: list) -> Any:
        """Its value for these arguments: numbers, arrays or traced."""
        terms = (factor * arguments[i] for i, factor in self.factors.items())
        return functools.reduce(operator.add, terms, self.constant)

    @property
    def traced(self) -> Any:
        """Its value in the function that is being traced."""
        return self.at(self.call.arguments)


@functools.singledispatch
def lower(op: Any, node: Any, *inputs: Any) -> Any:
    """The output of a node for these inputs, or the list of its outputs."""
    raise NotImplementedError("there is no lowering to XLA for it")


def static(value: Any, what: str) -> tuple[int, ...]:
    """Integers that must be known while the function is traced, as a tuple of int.

    Raises
    ------
    NotImplementedError
        They are computed from values that only a call knows.
    """
    if not isinstance(value, (np.ndarray, np.generic, int)):
        raise NotImplementedError(
            f"{what} depends on values that only a call knows, and XLA needs fixed "
            "shapes"
        )
    return tuple(int(number) for number in np.ravel(value))
