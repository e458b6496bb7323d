"""Element-wise non-linearities."""

from __future__ import annotations

from typing import Any

from srcnn_theano.backend import T
from srcnn_theano.layers.layer import Layer, per_map
from srcnn_theano.layers.lengths import Shape4


def relu(x: Any) -> Any:
    """Rectified linear unit, max(x, 0).

    Written as a switch so that the gradient at exactly 0 is 0, as in the other
    frameworks; Theano's own ``T.nnet.relu`` passes half of it there. Asking for
    ``x <= 0`` and not for ``x > 0`` lets NaN through, so that a training gone wrong
    shows in its cost.
    """
    return T.switch(x <= 0, T.zeros_like(x), x)


class PReLULayer(Layer):
    """Rectified linear unit with a learned slope below zero.

    ``output = x`` where x > 0, else ``a * x``; a is learned by backpropagation with
    ``d cost / d a = sum of (d cost / d output) * x where x <= 0``.

    He et al., Delving Deep into Rectifiers (2015), equations 1 and 2, where the first
    slope is 0.25, too.

    Parameters
    ----------
    input : symbolic 4-tensor, (batch, maps, rows, cols)
    input_shape : tuple of 4, ints or None; the maps are known
    slopes : 'map' or 'layer'
        One slope for each map, or one for all as in the official FSRCNN weights.
    a : None, array or shared variable, (maps,) or (1,)
        None is 0.25.
    name : str

    Raises
    ------
    ValueError
        Another word for `slopes`, an unknown number of maps, an `a` of another shape.
    """

    def __init__(
        self,
        input: Any,
        input_shape: Shape4,
        slopes: str = "map",
        a: Any = None,
        name: str = "prelu",
    ) -> None:
        super().__init__(name, input, input_shape)
        if slopes not in ("map", "layer"):
            raise ValueError(f"{name}: slopes must be 'map' or 'layer', not {slopes!r}")
        n_maps = self.input_shape[1]
        if n_maps is None:
            raise ValueError(
                f"{name}: input_shape {self.input_shape} does not say how many maps "
                "there are"
            )
        n_slopes = n_maps if slopes == "map" else 1
        self.a = self.add_param("a", a, 0.25, (n_slopes,))
        slope = T.addbroadcast(self.a, 0) if slopes == "layer" else self.a
        self.output = T.switch(self.input <= 0, per_map(slope) * self.input, self.input)
        self.output_shape = self.input_shape
