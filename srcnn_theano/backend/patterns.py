"""Activations and their gradients, as a table, and how a graph is searched for them."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any, NamedTuple

from srcnn_theano.backend.internals import (
    Constant,
    DimShuffle,
    Rebroadcast,
    TensorConstant,
    TensorType,
)
from srcnn_theano.backend.piecewise import (
    Case,
    Polynomial,
    constant,
    is_elementwise,
    operands,
)

# What a function of maps z is where z is negative, zero and positive: a product of z,
# slopes a (a number for each map, or for all) and a gradient g. A ReLU's derivative at
# zero depends on its spelling: it is 1 for T.maximum(z, 0), 1/2 for T.nnet.relu(z).
PATTERNS = {
    "relu": ("0", "0", "z"),
    "relu_gradient": ("0", "0", "g"),
    "relu_gradient_half": ("0", "½g", "g"),
    "relu_gradient_whole": ("0", "g", "g"),
    "prelu": ("az", "0", "z"),
    "prelu_gradient": ("ag", "ag", "g"),
    "slopes_gradient": ("zg", "0", "0"),
}

_NUMBERS = {"0": constant(0), "½": constant(Fraction(1, 2))}

# Expressions of more nodes than this are not looked through.
_MOST_NODES = 32


class Match(NamedTuple):
    """An expression that is a function in the table.

    Attributes
    ----------
    result : variable
    slopes : variable or None
        As they are spread over the maps; `as_vector` has the vector.
    gradient : variable or None
    """

    result: Any
    slopes: Any
    gradient: Any


def matches(fgraph: Any, maps: Any) -> dict[str, list[Match]]:
    """All functions of the table that are taken of maps, by their names."""
    cases = [Case(maps, sign) for sign in (-1, 0, 1)]
    results: dict[str, list[Match]] = {name: [] for name in PATTERNS}
    for node in _elementwise_after(fgraph, maps):
        if node.outputs[0].type == maps.type:
            for name, match in _match(cases, maps, node.outputs[0]):
                results[name].append(match)
    return results


def _match(cases: list[Case], maps: Any, result: Any) -> list[tuple[str, Match]]:
    """What a variable is in the table, if anything: the first that it is."""
    parts = _parts(result)
    candidates = {
        "a": [x for x in parts if as_vector(x, for_all_maps=True) is not None],
        "g": [x for x in parts if x.type == maps.type],
    }
    sums = [case.sum_of(result) for case in cases]
    for name, pattern in PATTERNS.items():
        letters = set("".join(pattern))
        for slopes, gradient in itertools.product(
            *(candidates[letter] if letter in letters else [None] for letter in "ag")
        ):
            variables = {"z": maps, "a": slopes, "g": gradient}
            if sums == [
                _product(case, letters, variables)
                for case, letters in zip(cases, pattern)
            ]:
                return [(name, Match(result, slopes, gradient))]
    return []


def _product(case: Case, letters: str, variables: dict[str, Any]) -> Polynomial:
    product = constant(1)
    for letter in letters:
        number = _NUMBERS.get(letter)
        product *= case.sum_of(variables[letter]) if number is None else number
    return product


def _parts(result: Any) -> list[Any]:
    """The variables that an expression is written with, the outermost first."""
    parts = list(operands(result))
    for part in parts:  # which grows
        if len(parts) < _MOST_NODES:
            parts += [x for x in operands(part) if x not in parts]
    return [x for x in parts if not _is_number(x)]


def _is_number(variable: Any) -> bool:
    return isinstance(variable, Constant) and all(variable.broadcastable)


def _elementwise_after(fgraph: Any, variable: Any) -> list[Any]:
    """Element-by-element nodes that a variable reaches through such nodes alone."""
    nodes: list[Any] = []
    waiting = [variable]
    while waiting and len(nodes) < _MOST_NODES:
        for client, _ in fgraph.clients[waiting.pop(0)]:
            if is_elementwise(client) and client not in nodes:
                nodes.append(client)
                waiting.append(client.outputs[0])
    return nodes


def as_vector(variable: Any, for_all_maps: bool = False) -> Any:
    """The vector that was spread over (batch, maps, rows, columns), or None.

    With `for_all_maps`, a vector of one number will do.
    """
    spread = (True, False, True, True)
    if variable.dtype != "float32" or variable.broadcastable not in (
        [spread, (True,) * 4] if for_all_maps else [spread]
    ):
        return None
    if isinstance(variable, Constant):
        vector = TensorType("float32", (False,))
        return TensorConstant(vector, variable.data.reshape(-1))
    node = variable.owner
    if node is None or not isinstance(node.op, DimShuffle):
        return None
    (vector,) = node.inputs
    if tuple(node.op.new_order) != ("x", 0, "x", "x") or vector.ndim != 1:
        return None
    if vector.owner is not None and isinstance(vector.owner.op, Rebroadcast):
        return vector.owner.inputs[0]
    return vector
