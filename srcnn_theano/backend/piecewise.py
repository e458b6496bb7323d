"""Element-wise expressions, read as a polynomial for each sign of one variable.

An activation and its gradient choose between simple terms by the sign of their input:
a ReLU is 0 where x is negative and x where it is positive. Theano has many spellings of
that (``T.nnet.relu(x)``, ``T.maximum(x, 0)``, ``T.switch(x > 0, x, 0)``,
``x * (x > 0)``), and its optimiser makes more. With the sign of x known, each of their
comparisons has an answer, and what is left are sums and products: a polynomial. Two
expressions with the same polynomials are the same function, whatever their spelling.

Nothing is evaluated at numbers. An operation that is not in `_RULES`, and a comparison
whose answer depends on more than the sign of x (``T.clip(x, 0, 6)``), make the
expression unknown (None).
"""

from __future__ import annotations

from typing import Any, Callable, Collection, Dict, Optional, Tuple

import numpy as np

from srcnn_theano.backend.internals import Constant, Elemwise, Mul

# Variables, sorted and repeated as often as they are multiplied -> coefficient. The
# variables are Theano's; the empty product is the number 1, and the empty sum 0.
Polynomial = Dict[Tuple[Any, ...], float]

SIGNS = (-1, 0, 1)
_MOST_TERMS = 8  # more are no activation


def by_sign(
    result: Any, x: Any, nodes: Collection[Any]
) -> tuple[Polynomial, ...] | None:
    """The polynomials that an expression is where x is negative, zero and positive.

    Parameters
    ----------
    result : variable
    x : variable
    nodes : collection of Apply
        Element-wise nodes that the expression is made of. A variable that comes from
        elsewhere is a name in the polynomials, and a constant of one value its number.

    Returns
    -------
    tuple of three Polynomial, or None
        None where the expression is no polynomial, or depends on more than a sign.
    """
    branches = tuple(_Branch(x, sign, nodes).read(result) for sign in SIGNS)
    return None if None in branches else branches  # type: ignore[return-value]


def names_in(branches: tuple[Polynomial, ...]) -> set[Any]:
    """The variables that polynomials are written with."""
    return {name for terms in branches for product in terms for name in product}


def product_of(*factors: Any) -> Polynomial:
    """The polynomial that is one product of variables."""
    return {tuple(sorted(factors, key=id)): 1.0}


def number_of(variable: Any) -> float | None:
    """The number that a constant holds and nothing else, or None."""
    if isinstance(variable, Constant) and np.size(variable.data) == 1:
        return float(np.reshape(variable.data, -1)[0])
    return None


class _Branch:
    """Reads expressions where x has one sign, each variable once."""

    def __init__(self, x: Any, sign: int, nodes: Collection[Any]) -> None:
        self.x = x
        self.sign = sign
        self.nodes = nodes
        self.known: dict[Any, Polynomial | None] = {x: product_of(x) if sign else {}}

    def read(self, variable: Any) -> Polynomial | None:
        if variable not in self.known:
            self.known[variable] = self._read(variable)
        return self.known[variable]

    def _read(self, variable: Any) -> Polynomial | None:
        number = number_of(variable)
        if number is not None:
            return _constant(number) if np.isfinite(number) else None
        if variable.owner not in self.nodes:
            return product_of(variable)
        scalar_op = variable.owner.op.scalar_op
        rule = _RULES.get(type(scalar_op).__name__)
        arguments = [self.read(argument) for argument in variable.owner.inputs]
        if rule is None or None in arguments:
            return None
        terms = rule(self, *arguments)
        if terms is None or len(terms) > _MOST_TERMS:
            return None
        if variable.dtype not in ("float32", "float64") and terms not in ({}, _ONE):
            return None  # whole numbers wrap around and are cut off
        return terms

    def sign_of(self, terms: Polynomial | None) -> int | None:
        """-1, 0 or 1; None where it depends on more than the sign of x."""
        signs = set()
        for product, coefficient in (terms or {}).items():
            if any(name is not self.x for name in product):
                return None
            signs.add(np.sign(coefficient) * self.sign ** len(product))
        if terms is None or len(signs) > 1:
            return None
        return int(signs.pop()) if signs else 0


# --- Arithmetic ---

_ONE: Polynomial = {(): 1.0}


def _constant(number: float) -> Polynomial:
    return {(): float(number)} if number else {}


def _sum(*summands: Polynomial) -> Polynomial:
    total: Polynomial = {}
    for terms in summands:
        for product, coefficient in terms.items():
            total[product] = total.get(product, 0.0) + coefficient
    return {product: c for product, c in total.items() if c}


def _times(*factors: Polynomial) -> Polynomial:
    total = _ONE
    for terms in factors:
        total = _sum(
            *(
                {tuple(sorted(a + b, key=id)): c * d}
                for a, c in total.items()
                for b, d in terms.items()
            )
        )
    return total


def _negative(terms: Polynomial) -> Polynomial:
    return {product: -c for product, c in terms.items()}


def _minus(a: Polynomial, b: Polynomial) -> Polynomial:
    return _sum(a, _negative(b))


def _divide(a: Polynomial, b: Polynomial) -> Polynomial | None:
    if set(b) != {()}:
        return None
    return {product: c / b[()] for product, c in a.items()}


# --- Choices ---

_Rule = Callable[..., Optional[Polynomial]]


def _compare(*signs: int) -> _Rule:
    """Whether a - b has one of these signs."""

    def rule(branch: _Branch, a: Polynomial, b: Polynomial) -> Polynomial | None:
        sign = branch.sign_of(_minus(a, b))
        return None if sign is None else _constant(sign in signs)

    return rule


def _choose(
    branch: _Branch, condition: Polynomial, a: Polynomial, b: Polynomial
) -> Polynomial | None:
    if a == b:
        return a
    sign = branch.sign_of(condition)
    return None if sign is None else (a if sign else b)


def _largest(branch: _Branch, *arguments: Polynomial) -> Polynomial | None:
    largest = arguments[0]
    for terms in arguments[1:]:
        sign = branch.sign_of(_minus(largest, terms))
        if sign is None:
            return None
        largest = largest if sign >= 0 else terms
    return largest


def _smallest(branch: _Branch, *arguments: Polynomial) -> Polynomial | None:
    largest = _largest(branch, *map(_negative, arguments))
    return None if largest is None else _negative(largest)


def _clip(
    branch: _Branch, x: Polynomial, low: Polynomial, high: Polynomial
) -> Polynomial | None:
    raised = _largest(branch, x, low)
    return None if raised is None else _smallest(branch, raised, high)


def _sign(branch: _Branch, x: Polynomial) -> Polynomial | None:
    sign = branch.sign_of(x)
    return None if sign is None else _constant(sign)


def _absolute(branch: _Branch, x: Polynomial) -> Polynomial | None:
    sign = branch.sign_of(x)
    return None if sign is None else (x if sign >= 0 else _negative(x))


def _all(branch: _Branch, *truths: Polynomial) -> Polynomial:
    return _ONE if all(truths) else {}


def _any(branch: _Branch, *truths: Polynomial) -> Polynomial:
    return _ONE if any(truths) else {}


def _not(branch: _Branch, truth: Polynomial) -> Polynomial:
    return {} if truth else _ONE


def _same(branch: _Branch, x: Polynomial) -> Polynomial:
    return x


# Scalar op of Theano -> function of the branch and the arguments' polynomials. Those of
# logic are given 0 or 1, for `_read` lets no other whole numbers through.
_RULES: dict[str, _Rule] = {
    "Add": lambda branch, *arguments: _sum(*arguments),
    "Sub": lambda branch, a, b: _minus(a, b),
    "Mul": lambda branch, *arguments: _times(*arguments),
    "TrueDiv": lambda branch, a, b: _divide(a, b),
    "Neg": lambda branch, x: _negative(x),
    "Sqr": lambda branch, x: _times(x, x),
    "Abs": _absolute,
    "Sgn": _sign,
    "Identity": _same,
    "Cast": _same,
    "Second": lambda branch, a, b: b,
    "LT": _compare(-1),
    "LE": _compare(-1, 0),
    "EQ": _compare(0),
    "NEQ": _compare(-1, 1),
    "GE": _compare(0, 1),
    "GT": _compare(1),
    "Switch": _choose,
    "ScalarMaximum": _largest,
    "ScalarMinimum": _smallest,
    "Maximum": _largest,
    "Minimum": _smallest,
    "Clip": _clip,
    "AND": _all,
    "OR": _any,
    "Invert": _not,
}


def multiplies(node: Any) -> bool:
    """Whether a node multiplies its inputs element by element."""
    return (
        node is not None
        and isinstance(node.op, Elemwise)
        and isinstance(node.op.scalar_op, Mul)
    )
