"""Runs a graph node by node, to see each array on the way; it is not fast."""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np

from srcnn_theano.backend.internals import BaseAbstractConv, Constant, SharedVariable
from srcnn_theano.backend.library import theano
from srcnn_theano.backend.sources import source

# Arrays of so many numbers are shown in full.
FEW = 4


def in_order(outputs: Iterable[Any]) -> list[Any]:
    """The nodes that outputs depend on, each after those that it reads."""
    order: dict[Any, None] = {}
    waiting = [(variable.owner, False) for variable in outputs if variable.owner]
    while waiting:
        node, ready = waiting.pop()
        if node in order:
            continue
        if ready:
            order[node] = None
            continue
        waiting.append((node, True))
        waiting.extend((x.owner, False) for x in node.inputs if x.owner)
    return list(order)


def gradients(cost: Any, variables: Iterable[Any]) -> dict[Any, Any]:
    """Symbolic gradients of a number with respect to those that it depends on.

    Where a variable cannot be differentiated (an integer, an op without gradient)
    there is none.
    """
    before = {x for node in in_order([cost]) for x in node.inputs} | {cost}
    wanted = [
        x
        for x in variables
        if x in before and getattr(x, "dtype", "").startswith("float")
    ]
    try:
        found = theano.grad(
            cost, wanted, disconnected_inputs="ignore", return_disconnected="None"
        )
    except (NotImplementedError, TypeError, theano.gradient.NullTypeGradError):
        return {}
    return {x: g for x, g in zip(wanted, found) if g is not None}


def evaluate(nodes: Iterable[Any], values: dict[Any, Any]) -> dict[Any, np.ndarray]:
    """The values of all variables of a graph.

    Parameters
    ----------
    nodes : iterable of Apply
        In an order in which they can be computed.
    values : dict of variable to array
        Of the inputs; shared variables have their own. An array of which nothing is
        known is left out, and with it all that is computed from it.

    Raises
    ------
    ValueError
        An op fails; the message names it, and the line that wrote it.
    """
    values = dict(values)
    functions: dict[Any, Any] = {}  # of convolutions, compiled
    for node in nodes:
        for x in node.inputs:
            if isinstance(x, Constant):
                values[x] = x.data
            elif isinstance(x, SharedVariable) and x not in values:
                values[x] = x.get_value()
        if all(x in values for x in node.inputs):
            values.update(zip(node.outputs, _run(node, values, functions)))
    return values


def _run(node, values, functions):
    """The outputs of a node; its inputs are left as they are."""
    inputs = [values[x] for x in node.inputs]
    if isinstance(node.op, BaseAbstractConv):
        key = node.op, tuple(x.type for x in node.inputs)
        if key not in functions:
            given = [x.type() for x in node.inputs]
            functions[key] = theano.function(
                given, node.op(*given), on_unused_input="ignore"
            )
        return [functions[key](*inputs)]
    storage = {
        x: [np.array(v) if isinstance(v, np.ndarray) else v]
        for x, v in zip(node.inputs, inputs)
    }
    storage.update((x, [None]) for x in node.outputs)
    computed = {x: [x not in node.outputs] for x in storage}
    try:
        with np.errstate(all="ignore"):  # what comes of it is shown
            _thunk(node, storage, computed)()
    except Exception as error:
        line = source(node)
        place = f" (from {line})" if line else ""
        raise ValueError(f"{node.op}{place}: {error}") from error
    return [
        np.array(storage[x][0])
        if isinstance(storage[x][0], np.ndarray)
        else storage[x][0]
        for x in node.outputs
    ]


def _thunk(node, storage, computed):
    """The op's own Python code, or where it has none its C code."""
    has_python = not type(node.op).perform.__module__.endswith(".graph.op")
    impl = "py" if has_python else None
    return node.op.make_thunk(node, storage, computed, no_recycling=[], impl=impl)


def in_words(array: Any) -> str | None:
    """An array in a few characters; what is not finite is counted."""
    array = np.asarray(array)
    if array.dtype.kind not in "biuf":
        return None
    if array.size <= FEW:
        return " ".join(f"{number:.4g}" for number in array.ravel()) or "nothing"
    finite = array[np.isfinite(array)]
    lost = array.size - finite.size
    told = [f"{lost} of {array.size} not finite"] if lost else []
    if finite.size:
        low, mean, high = finite.min(), finite.mean(dtype="float64"), finite.max()
        told.append(f"{low:.3g} to {high:.3g}, mean {mean:.3g}")
    return "; ".join(told)
