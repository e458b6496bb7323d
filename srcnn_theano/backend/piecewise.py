"""What an expression is where the maps in it are negative, zero and positive.

Theano has many spellings of one function: ``T.maximum(z, 0)``, ``(z + abs(z)) / 2`` and
``T.switch(z > 0, z, 0)`` are 0 where z is negative or zero, and z where it is positive.
Where the sign of z is known, such comparisons and maxima are decided, and a sum of
products is left. Two expressions that come to the same sums are the same function of
all numbers: this is algebra and tries no values.

What cannot be decided, as whether z is above 6, and what is no sum of products, as the
exponential of z, stands for itself: it is an unknown in the sum.
"""

from __future__ import annotations

import functools
import operator
from fractions import Fraction
from typing import Any, Callable

import numpy as np

from srcnn_theano.backend.internals import (
    EQ,
    GE,
    GT,
    LE,
    LT,
    Abs,
    Add,
    Constant,
    Elemwise,
    Mul,
    Neg,
    ScalarMaximum,
    ScalarMinimum,
    Sgn,
    Sub,
    Switch,
)

# An expression of more terms than this, or that lies deeper, is an unknown.
_MOST_TERMS, _MOST_DEPTH = 16, 16


class Polynomial(dict):
    """A sum of products, {the variables of a product: the number before it}.

    The variables are in order and no number is 0, so that equal sums are equal
    dictionaries.
    """

    def __add__(self, other: Polynomial) -> Polynomial:
        total = dict(self)
        for variables, number in other.items():
            total[variables] = total.get(variables, 0) + number
        return Polynomial({key: number for key, number in total.items() if number})

    def __mul__(self, other: Polynomial) -> Polynomial:
        total = ZERO
        for first, number in self.items():
            for second, factor in other.items():
                variables = tuple(sorted(first + second, key=id))
                total += Polynomial({variables: number * factor})
        return total

    def __neg__(self) -> Polynomial:
        return constant(-1) * self

    def __sub__(self, other: Polynomial) -> Polynomial:
        return self + -other


def constant(number: Any) -> Polynomial:
    """A finite number as a sum."""
    return Polynomial({(): Fraction(number)} if number else {})


def unknown(variable: Any) -> Polynomial:
    """A variable as a sum: of itself alone."""
    return Polynomial({(variable,): Fraction(1)})


ZERO, ONE = constant(0), constant(1)


class Undecided(Exception):
    """A sum may have any sign."""


# What the element-wise operations give, by a function `sign` that gives -1, 0 or 1 for
# a sum or raises Undecided. `T.clip` is not among them: it has two ends.
_OPERATIONS: dict[type, Callable] = {
    Add: lambda sign, *terms: functools.reduce(operator.add, terms),
    Sub: lambda sign, x, y: x - y,
    Neg: lambda sign, x: -x,
    Mul: lambda sign, *factors: functools.reduce(operator.mul, factors),
    Abs: lambda sign, x: x if sign(x) > 0 else -x,
    Sgn: lambda sign, x: constant(sign(x)),
    ScalarMaximum: lambda sign, x, y: x if sign(x - y) > 0 else y,
    ScalarMinimum: lambda sign, x, y: x if sign(x - y) < 0 else y,
    Switch: lambda sign, condition, x, y: x if sign(condition) else y,
    GT: lambda sign, x, y: constant(sign(x - y) > 0),
    GE: lambda sign, x, y: constant(sign(x - y) >= 0),
    LT: lambda sign, x, y: constant(sign(x - y) < 0),
    LE: lambda sign, x, y: constant(sign(x - y) <= 0),
    EQ: lambda sign, x, y: constant(sign(x - y) == 0),
}


def operands(variable: Any) -> list[Any]:
    """What a variable is computed from by an operation known here; else nothing."""
    node = variable.owner
    if node is None or not is_elementwise(node):
        return []
    kind = type(node.op.scalar_op)
    if kind in (Add, Sub, Neg, Mul) and "float" not in variable.dtype:
        return []  # Integers overflow, and two booleans that are true add up to true.
    return list(node.inputs) if kind in _OPERATIONS else []


def is_elementwise(node: Any) -> bool:
    """Whether it is a node (and not "output") that treats each element alone."""
    return node != "output" and isinstance(node.op, Elemwise) and len(node.outputs) == 1


class Case:
    """All expressions, in the one case that some maps are below, at or above zero.

    Parameters
    ----------
    maps : variable
    sign : -1, 0 or 1
    """

    def __init__(self, maps: Any, sign: int) -> None:
        self._maps, self._sign_of_maps = maps, sign
        self._sums = {maps: unknown(maps) if sign else ZERO}

    def sum_of(self, variable: Any, depth: int = 0) -> Polynomial:
        """What a variable comes to in this case."""
        if variable not in self._sums:
            try:
                result = self._evaluate(variable, depth)
            except Undecided:
                result = unknown(variable)
            few = len(result) <= _MOST_TERMS
            self._sums[variable] = result if few else unknown(variable)
        return self._sums[variable]

    def _evaluate(self, variable: Any, depth: int) -> Polynomial:
        if isinstance(variable, Constant) and np.size(variable.data) == 1:
            number = float(np.reshape(variable.data, -1)[0])
            return constant(number) if np.isfinite(number) else unknown(variable)
        inputs = operands(variable)
        if not inputs or depth == _MOST_DEPTH:
            return unknown(variable)
        operation = _OPERATIONS[type(variable.owner.op.scalar_op)]
        return operation(self._sign, *[self.sum_of(x, depth + 1) for x in inputs])

    def _sign(self, value: Polynomial) -> int:
        """-1, 0 or 1: the sign that a sum has for all values of what is unknown."""
        signs = set()
        for variables, number in value.items():
            if any(variable is not self._maps for variable in variables):
                raise Undecided
            signs.add((1 if number > 0 else -1) * self._sign_of_maps ** len(variables))
        if len(signs) > 1:
            raise Undecided
        return signs.pop() if signs else 0
