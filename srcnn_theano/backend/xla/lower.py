"""From one node of Theano's graph to XLA: a function per class of op.

A lowering takes the op, the node and the values of its inputs, and returns the value of
its output, or a list of them. A value is a NumPy array where it is known while the
function is traced (constants, shapes, and all that is computed from them alone), an
`Affine` where it is an integer that an argument of the function gives by adding and
multiplying, and a traced JAX array otherwise.
"""

import functools
import operator

import numpy as np
from jax import lax

# Of products: float32 is float32 on graphics cards, too, which take fewer bits unless
# they are told not to.
EXACT = lax.Precision.HIGHEST


class Call:
    """What is common to all values of one function that is being traced.

    Attributes
    ----------
    arguments : list of traced values
        What the function was called with.
    limits : list of (start, least, most)
        Of each slice with an `Affine` start, and of each such index: what it can be.
        XLA would silently move a slice that reaches beyond its axis.
    """

    def __init__(self, arguments):
        self.arguments = arguments
        self.limits = []


class Affine:
    """An integer ``constant + sum(factor * argument)``, for some scalar arguments.

    Such an integer may start a slice: the difference of two of them is known when the
    arguments are not, and so is the shape of what is cut out.

    Parameters
    ----------
    call : Call
    factors : dict of int to int
        By the argument's position.
    constant : int
    """

    def __init__(self, call, factors, constant=0):
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

    def at(self, arguments):
        """Its value for these arguments: numbers, arrays or traced."""
        terms = (factor * arguments[i] for i, factor in self.factors.items())
        return functools.reduce(operator.add, terms, self.constant)

    @property
    def traced(self):
        """Its value in the function that is being traced."""
        return self.at(self.call.arguments)


@functools.singledispatch
def lower(op, node, *inputs):
    """The value, or list of values, that a node gives for these inputs."""
    raise NotImplementedError("there is no lowering to XLA for it")


def static(value, what):
    """Integers that must be known while the function is traced, as a tuple of int.

    Raises
    ------
    NotImplementedError
        They are computed from what only a call knows.
    """
    if not isinstance(value, (np.ndarray, np.generic, int)):
        raise NotImplementedError(
            f"{what} depends on values that only a call knows, and XLA needs fixed "
            "shapes"
        )
    return tuple(int(number) for number in np.ravel(value))
