"""A network as a list of layers."""

from __future__ import annotations

from typing import Any, Mapping, Sequence

import numpy as np

from srcnn_theano.backend import T
from srcnn_theano.layers.layer import Layer, shape_text
from srcnn_theano.layers.lengths import Shape4
from srcnn_theano.models.shapes import check_shapes
from srcnn_theano.models.summary import Summary, summarise


class Model:
    """A network: a list of layers, and all that training, saving and upscaling need.

    Subclasses build their layers in `__init__` and then call `_collect`.

    Attributes
    ----------
    layers : list of Layer
    output : symbolic 4-tensor, (batch, channels, rows, cols)
    output_shape : tuple of 4, ints or None
    params, weights, state, updates : tuples, gathered from the layers
    L2_sqr : symbolic scalar, sum of the squared weights
    is_train : symbolic int8 scalar, 1 in training functions and 0 in predictions
    channels : int
        Of input and output.
    factor : int
        Output pixels per input pixel.
    upscales : bool
        Whether it takes the low-resolution image as it is (FSRCNN); otherwise it takes
        the image that bicubic has enlarged to the size of the output (SRCNN).
    margin : int
        Pixels at each side of the input for which `output` has none.
    halo : int
        Width of the frame around a region of the input on which the output for that
        region depends; see `reach`.
    inside : symbolic 4-tensor
        The output for the input less `halo` pixels at each side. It is the same for a
        piece of an image as for the whole image.
    peak : float
        Of the values that the layers compute with; input and output are in [0, 1].
    window : int or None
        The only length of input that the network takes, if it is tied to one.
    """

    input: Any
    output: Any
    inside: Any
    is_train: Any
    output_shape: Shape4
    channels: int
    halo: int
    factor: int = 1
    upscales: bool = False
    margin: int = 0
    peak: float = 1.0
    window: int | None = None

    def _levels(self, input: Any, peak: float) -> Any:
        """The input in the values that the layers compute with."""
        self.peak = float(peak)
        return input if peak == 1 else input * np.float32(peak)

    def _collect(self, layers: Sequence[Layer]) -> None:
        """Take these as the network's layers; its last is the last of them.

        Raises
        ------
        ValueError
            There is no layer; two layers or two variables have one name.
        """
        if not layers:
            raise ValueError(f"{type(self).__name__}: a network has a layer at least")
        self.layers = list(layers)
        _check_names("layers", layers)
        self.params = sum((layer.params for layer in layers), ())
        self.weights = sum((layer.weights for layer in layers), ())
        self.state = sum((layer.state for layer in layers), ())
        self.updates = sum((layer.updates for layer in layers), ())
        _check_names("variables", self.params + self.state)
        self.output = layers[-1].output
        if self.peak != 1:
            self.output = self.output * np.float32(1 / self.peak)
        self.output_shape = layers[-1].output_shape
        self.L2_sqr = sum(T.sum(W**2) for W in self.weights)

    def _take_out(self, mean: float) -> None:
        """Set the first biases so that the layers begin with pixels less their mean.

        The first layer gets ``-mean * sum(W)``, the last one ``mean``.
        """
        if mean:
            first: Any = self.layers[0]
            last: Any = self.layers[-1]
            sums = first.W.get_value().sum(axis=(1, 2, 3))
            first.b.set_value(-np.float32(mean * self.peak) * sums)
            last.b.set_value(np.full_like(last.b.get_value(), mean * self.peak))

    def __repr__(self) -> str:
        summary = self.summary()
        inside = ", ".join(layer.name for layer in self.layers)
        return (
            f"{type(self).__name__}: {shape_text(self.layers[0].input_shape)} -> "
            f"{shape_text(self.output_shape)}, {summary.n_params:,} parameters in "
            f"{inside}"
        )

    def summary(self, size: tuple[int, int] | None = None) -> Summary:
        """Each layer's output, parameters, receptive field and multiply-adds.

        Parameters
        ----------
        size : (rows, cols) or None
            Of the image that goes in; None is the declared one, or 33x33.

        Returns
        -------
        Summary
            `print` shows it as a table.
        """
        return summarise(self.layers, size)

    @property
    def variables(self) -> dict[str, Any]:
        """All shared variables that a weight file holds, by name."""
        return {v.name: v for v in self.params + self.state}

    def get_values(self) -> dict[str, np.ndarray]:
        """Copies of all saved arrays, by name (``conv1.W``)."""
        return {name: v.get_value() for name, v in self.variables.items()}

    def set_values(self, values: Mapping[str, np.ndarray]) -> None:
        """Load arrays by name; every variable of the model must be there.

        Raises
        ------
        ValueError
            A name is missing or unknown, or a shape differs.
        """
        variables = self.variables
        check_shapes(
            values,
            {name: v.get_value(borrow=True).shape for name, v in variables.items()},
        )
        for name, variable in variables.items():
            variable.set_value(values[name].astype(variable.dtype))


def _check_names(what: str, named: Sequence[Any]) -> None:
    """Refuse two of one name: it stands for one in weight files and in messages."""
    owners: dict[str, Any] = {}
    for one_of_them in named:
        if owners.setdefault(one_of_them.name, one_of_them) is not one_of_them:
            raise ValueError(
                f"two {what} are called {one_of_them.name!r}; give each a name of its "
                "own, by which its values are saved and read back"
            )
