"""A network as a table: what each layer gives, what it sees and what it costs."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple, Sequence

import numpy as np

from srcnn_theano.layers.layer import shape_text
from srcnn_theano.layers.lengths import Shape4, whole
from srcnn_theano.tables import text_lines

# Rows and columns where a network declares none.
SIDE = 33

_HEADER = ["layer", "", "output", "parameters", "receptive field", "multiply-adds"]


class Line(NamedTuple):
    """A layer of a network.

    Attributes
    ----------
    name, kind : str
        ``conv1``, ``ConvLayer``.
    output_shape : tuple of 4, ints or None
    n_params : int
        Numbers that training moves.
    receptive_field : (int, int)
        Rows and columns of the network's input that one value of the output depends on.
    multiply_adds : int
        Of convolutions, for one image.
    """

    name: str
    kind: str
    output_shape: Shape4
    n_params: int
    receptive_field: tuple[int, int]
    multiply_adds: int


class Summary(NamedTuple):
    """The layers of a network as a table, which `print` shows."""

    lines: list[Line]

    @property
    def n_params(self) -> int:
        return sum(line.n_params for line in self.lines)

    @property
    def multiply_adds(self) -> int:
        return sum(line.multiply_adds for line in self.lines)

    def __str__(self) -> str:
        rows = [
            [
                line.name,
                line.kind,
                shape_text(line.output_shape),
                f"{line.n_params:,}",
                "{}x{}".format(*line.receptive_field),
                f"{line.multiply_adds:,}",
            ]
            for line in self.lines
        ]
        total = ["all", "", "", f"{self.n_params:,}", "", f"{self.multiply_adds:,}"]
        return "\n".join(text_lines("lllrrr", [_HEADER, *rows, total]))

    def __repr__(self) -> str:
        return str(self)


def summarise(layers: Sequence[Any], size: tuple[int, int] | None = None) -> Summary:
    """What each layer of a chain gives, sees and costs.

    Parameters
    ----------
    layers : sequence of Layer, each of which reads the one before
    size : (rows, cols) or None
        Of the image; None is what the first layer declares, or `SIDE`.

    Raises
    ------
    ValueError
        A size that is none, or of which a layer leaves nothing.
    """
    if size is not None and not (
        np.shape(size) == (2,) and all((whole(n) or 0) > 0 for n in size)
    ):
        raise ValueError(f"size {size!r}: it must be (rows, cols), such as (33, 33)")
    batch, channels, *declared = layers[0].input_shape
    sides = tuple(size or (length or SIDE for length in declared))
    shape: Shape4 = (batch, channels, *sides)
    # Pixels of the input that one value sees, and from one value to the next.
    seen, apart = [Fraction(1)] * 2, [Fraction(1)] * 2
    lines = []
    for layer in layers:
        before, shape = shape, layer.shape_after(shape)
        if any(n is not None and n < 1 for n in shape[2:]):
            raise ValueError(
                f"{layer.name}: makes nothing of {shape_text(before)}; the network "
                f"takes larger images than {shape_text(sides)}"
            )
        window, step = layer.window, layer.step
        seen = [n + (w - 1) * a for n, w, a in zip(seen, window, apart)]
        apart = [a * step for a in apart]
        lines.append(
            Line(
                layer.name,
                type(layer).__name__,
                shape,
                layer.n_params,
                (int(seen[0]), int(seen[1])),
                layer.multiply_adds(before, shape),
            )
        )
    return Summary(lines)
