"""The outputs of one node for its inputs, while a function is traced."""

from __future__ import annotations

from typing import Any

import jax
import numpy as np

from srcnn_theano.backend.internals import IncSubtensor, Subtensor
from srcnn_theano.backend.sources import source
from srcnn_theano.backend.xla.elementwise import affine
from srcnn_theano.backend.xla.lower import Affine, lower


def evaluate(node: Any, inputs: list) -> list:
    """The values of a node's outputs.

    Where all inputs are known while the function is traced, Theano's own Python code
    computes them; where an `Affine` stays one, its arithmetic does; else JAX traces.

    Raises
    ------
    NotImplementedError, ValueError
        The lowering refuses these inputs; the message names the op and its line.
    """
    if all(_is_known(x) for x in inputs):
        try:
            return _performed(node, inputs)
        except (NotImplementedError, AttributeError):
            pass  # it has C code only
    if any(isinstance(x, Affine) for x in inputs):
        result = affine(node.op, node, inputs)
        if isinstance(result, Affine) and not result.factors:
            return [np.array(result.constant, node.outputs[0].type.dtype)]
        if result is not None:
            return [result]
        if not isinstance(node.op, (Subtensor, IncSubtensor)):
            inputs = [x.traced if isinstance(x, Affine) else x for x in inputs]
    try:
        results = lower(node.op, node, *inputs)
    except (
        NotImplementedError,
        jax.errors.ConcretizationTypeError,
        jax.errors.NonConcreteBooleanIndexError,
    ) as error:
        raise about(node, NotImplementedError, error) from error
    except (TypeError, ValueError) as error:
        raise about(node, ValueError, error) from error
    return list(results) if isinstance(results, (list, tuple)) else [results]


def _is_known(value):
    return not isinstance(value, (Affine, jax.Array))


def _performed(node, inputs):
    """The node's outputs by Theano's own Python code."""
    storage = {x: [value] for x, value in zip(node.inputs, inputs)}
    storage.update((x, [None]) for x in node.outputs)
    computed = {x: [x not in node.outputs] for x in storage}
    node.op.make_thunk(node, storage, computed, no_recycling=[], impl="py")()
    return [storage[x][0] for x in node.outputs]


def about(node: Any, kind: type[Exception], reason: Any) -> Exception:
    """An error of this kind that names the op and the line that it comes from."""
    line = source(node)
    place = f" (from {line})" if line else ""
    return kind(f"{node.op}{place}: {reason}")
