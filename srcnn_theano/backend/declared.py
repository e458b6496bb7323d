"""An op that holds data against the shape that was declared for them."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from srcnn_theano.backend.internals import Apply, Elemwise, Op


class Declared(Op):
    """Gives its input as it is, if it has the declared lengths.

    Attributes
    ----------
    name : str
        Of whom the message speaks.
    shape : tuple of int or None
        None where any length will do.
    """

    __props__ = ("name", "shape")
    view_map = {0: [0]}

    def __init__(self, name: str, shape: Sequence[int | None]) -> None:
        self.name = name
        self.shape = tuple(shape)

    def make_node(self, x: Any) -> Any:
        return Apply(self, [x], [x.type()])

    def perform(
        self, node: Any, inputs: Any, output_storage: Any, params: Any = None
    ) -> None:
        (x,) = inputs
        self.check(np.shape(x))
        output_storage[0][0] = x

    def check(self, shape: Sequence[int]) -> None:
        """Refuse a shape that is not the declared one.

        Raises
        ------
        ValueError
            With the name and both shapes.
        """
        pairs = zip(shape, self.shape)
        if any(wanted not in (None, length) for length, wanted in pairs):
            raise ValueError(
                f"{self.name}: the data have shape {tuple(shape)}, and input_shape "
                f"declares {self.shape}; declare the shape that they have, with None "
                "where it varies"
            )

    def infer_shape(self, fgraph: Any, node: Any, shapes: Any) -> Any:
        return shapes

    def grad(self, inputs: Any, output_gradients: Any) -> Any:
        return output_gradients


def declared(name: str, x: Any, shape: Sequence[int | None], maps: bool = True) -> Any:
    """A variable whose data are held against a shape, as far as nothing tells them.

    Parameters
    ----------
    name : str
        Of the layer that declares the shape.
    x : symbolic 4-tensor
    shape : (batch, maps, rows, cols), ints or None
    maps : bool
        False leaves the number of maps to an op that compares it with its filters.

    Raises
    ------
    ValueError
        Layers before this one give another length.
    """
    known = _known_lengths(x)
    if any(None not in (a, b) and a != b for a, b in zip(known, shape)):
        raise ValueError(
            f"{name}: the input has shape {tuple(known)}, and input_shape declares "
            f"{tuple(shape)}; declare the output_shape of the layer before"
        )
    open_axes = [axis for axis in range(4) if known[axis] is None]
    if all(shape[axis] is None for axis in open_axes if maps or axis != 1):
        return x
    result = Declared(name, shape)(x)
    note_lengths(result, shape)
    return result


def note_lengths(x: Any, lengths: Sequence[int | None]) -> None:
    """Note at a variable the lengths that its data will have."""
    x.tag.lengths = tuple(lengths)


def _known_lengths(x):
    """The lengths that layers noted, as far as element-wise ops carry them to x."""
    lengths: list = [None] * 4
    waiting, seen = [(x, tuple(range(4)))], set()
    while waiting:
        pair = y, axes = waiting.pop()
        if pair in seen:
            continue
        seen.add(pair)
        noted = getattr(y.tag, "lengths", None)
        if noted is not None:
            for axis in axes:
                lengths[axis] = lengths[axis] or noted[axis]
        elif y.owner is not None and isinstance(y.owner.op, Elemwise):
            for z in y.owner.inputs:
                spread = zip(z.broadcastable, y.broadcastable)
                same = [after or not before for before, after in spread]
                waiting.append((z, tuple(a for a in axes if same[a])))
    return lengths
