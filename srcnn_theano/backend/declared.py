"""An op that holds data against the shape that was declared for them."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from srcnn_theano.backend.internals import Apply, Op
from srcnn_theano.backend.sources import layer_of


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


def declared(name: str, x: Any, shape: Sequence[int | None]) -> Any:
    """A variable whose data are held against a shape, unless a layer computes it.

    Maps, which an op compares with its filters, are left to that.
    """
    lengths = [length if axis != 1 else None for axis, length in enumerate(shape)]
    if all(length is None for length in lengths) or _is_of_layer(x):
        return x
    return Declared(name, lengths)(x)


def _is_of_layer(x: Any) -> bool:
    waiting, seen = [x.owner], set()
    while waiting:
        node = waiting.pop()
        if node is None or node in seen:
            continue
        if layer_of(node) is not None:
            return True
        seen.add(node)
        waiting.extend(y.owner for y in node.inputs)
    return False
