"""What all layers have in common: a piece of graph, and parameters with roles."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from srcnn_theano.backend import T, theano
from srcnn_theano.backend.declared import declared, note_lengths
from srcnn_theano.backend.sources import mark
from srcnn_theano.layers.initializers import INITIALIZERS
from srcnn_theano.layers.lengths import Shape4, whole_lengths


class _Marking(type):
    """Notes at each node which layer wrote it, for drawings of the graph."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        layer = super().__call__(*args, **kwargs)
        outputs = [new for _, new in layer.updates]
        if hasattr(layer, "output"):
            outputs.append(layer.output)
            shape = getattr(layer, "output_shape", ())
            if layer.output is not layer.input and len(shape) == 4:
                note_lengths(layer.output, shape)
        mark(layer.name, outputs, [layer.input])
        return layer


class Layer(metaclass=_Marking):
    """A piece of symbolic graph, built in `__init__` and read-only afterwards.

    Attributes
    ----------
    name : str
        Prefix of the names of the layer's shared variables (``conv1.W``).
    input : symbolic 4-tensor, (batch, maps, rows, cols)
        What the layer is made with, and a check that the data have the lengths that
        `input_shape` declares, as far as the layers before do not tell them.
    output : symbolic 4-tensor, (batch, maps, rows, cols)
    output_shape : tuple of 4, ints or None (unknown), never symbolic
    params : tuple of shared variables moved by gradient descent
    weights : tuple of shared variables charged by the L2 norm: filters, never biases
        or batch-norm scales
    state : tuple of shared variables that are saved but not trained
    updates : tuple of (shared, expression) pairs needed besides the gradient step
    activation : function of a symbolic tensor, applied last, or None
    window : (rows, cols) of the layer's input that one value of its output depends on
    step : pixels of the input from one value of the output to the next
    compares_maps : whether an op of the layer refuses another number of maps by itself
    """

    output: Any
    output_shape: Shape4
    params: tuple = ()
    weights: tuple = ()
    state: tuple = ()
    updates: tuple = ()
    activation: Any = None
    window: tuple[int, ...] = (1, 1)
    step: Fraction = Fraction(1)
    compares_maps: bool = False

    def __init__(self, name: str, input: Any, input_shape: Shape4) -> None:
        self.name = name
        lengths = whole_lengths(input_shape, 4, unknown=True)
        if not lengths:
            raise ValueError(
                f"{name}: input_shape must be (batch, maps, rows, cols), whole numbers "
                f"or None, got {input_shape!r}"
            )
        lack = _no_4_tensor(input)
        if lack:
            raise ValueError(
                f"{name}: input {lack}; it must be a symbolic 4-tensor, "
                "(batch, maps, rows, cols), as T.tensor4() or the output of a layer"
            )
        self.input_shape: Shape4 = lengths
        self.input = declared(
            name, input, self.input_shape, maps=not self.compares_maps
        )

    def add_param(
        self,
        role: str,
        value: Any,
        default: Any,
        shape: tuple[int, ...],
        rng: np.random.RandomState | None = None,
        trained: bool = True,
        charged: bool = False,
    ) -> Any:
        """Make a parameter of this layer and enter it where its roles are kept.

        Parameters
        ----------
        role : str
            ``W`` for ``conv1.W``, which is the key in weight files and the label in
            ``debugprint``.
        value : array, shared variable, constant, initializer or None
            An array is copied and a shared variable is tied. A constant of Theano's
            stays one: it is part of the graph, and has no role because nothing moves
            it. An initializer is a function ``(rng, shape) -> array``.
        default : number or initializer
            Takes the place of `value` where that is None.
        shape : tuple of int
            The shape that the layer's geometry asks for.
        rng : numpy.random.RandomState or None
            For initializers.
        trained : bool
            Whether gradient descent moves it (`params`), or it is only saved (`state`).
        charged : bool
            Whether the L2 norm counts it (`weights`).

        Returns
        -------
        shared variable or constant

        Raises
        ------
        ValueError
            The value has another shape, is a word, or is to be drawn without an `rng`.
        """
        if value is None:
            value = default if callable(default) else np.full(shape, default)
        if callable(value):
            value = self._drawn(role, value, rng, shape)
        variable = _variable(f"{self.name}.{role}", value, shape)
        if isinstance(variable, T.TensorConstant):
            return variable
        if trained:
            self.params += (variable,)
        else:
            self.state += (variable,)
        if charged:
            self.weights += (variable,)
        return variable

    def _drawn(
        self, role: str, initializer: Any, rng: Any, shape: tuple[int, ...]
    ) -> Any:
        try:
            return initializer(rng, shape)
        except (AttributeError, TypeError) as error:
            if hasattr(rng, "normal") and not isinstance(rng, type):
                raise
            raise ValueError(
                f"{self.name}: rng {rng!r} can draw no {role}; it must be a generator, "
                "such as numpy.random.RandomState(0)"
            ) from error

    @property
    def n_params(self) -> int:
        """How many numbers training moves."""
        return sum(p.get_value(borrow=True).size for p in self.params)

    def shape_after(self, shape: Shape4) -> Shape4:
        """The shape of the output for an input of another size than the declared."""
        return shape

    def multiply_adds(self, before: Any, after: Any) -> int:
        """Of the layer's convolution, for one image of these sizes; 0 without one."""
        return 0

    def __repr__(self) -> str:
        told = self._told()
        return (
            f"{type(self).__name__} {self.name}: {shape_text(self.input_shape)} -> "
            f"{shape_text(getattr(self, 'output_shape', ()))}"
            f"{told and ', ' + told}, {self.n_params:,} parameters"
        )

    def _told(self) -> str:
        """What `repr` says of the layer beside its shapes."""
        return ""

    def _activated(self, linear: Any) -> Any:
        if self.activation is None:
            return linear
        if not callable(self.activation) or isinstance(self.activation, type):
            raise ValueError(
                f"{self.name}: activation {self.activation!r} is no function; it must "
                "be a function of a tensor, such as relu of "
                "srcnn_theano.layers.activations or T.tanh, or None"
            )
        output = self.activation(linear)
        lack = _no_4_tensor(output)
        if lack:
            raise ValueError(
                f"{self.name}: what activation {self.activation!r} returns, {lack}; it "
                "must be a symbolic 4-tensor, as the one that the function takes"
            )
        return output

    def _checked_filter_shape(self, shape: Any, axes: str) -> tuple[int, ...]:
        lengths = whole_lengths(shape, 4)
        if not lengths or min(lengths) < 1:
            raise ValueError(
                f"{self.name}: filter_shape must be {axes}, whole numbers above 0, got "
                f"{shape!r}"
            )
        return lengths


def _no_4_tensor(x: Any) -> str:
    """What a value is instead of a symbolic 4-tensor; nothing where it is one."""
    if not (hasattr(x, "owner") and hasattr(x, "ndim")):
        told = f"array of shape {x.shape}" if isinstance(x, np.ndarray) else x
        return f"{told} is no symbolic tensor"
    return "" if x.ndim == 4 else f"{x} is of {x.ndim} dimensions"


def shape_text(shape: Shape4) -> str:
    """A shape in a few characters; what is not known is a question mark."""
    return "x".join("?" if length is None else str(length) for length in shape)


def per_map(vector: Any) -> Any:
    """A vector, (maps,), as (1, maps, 1, 1): the same for all images and pixels."""
    return vector.dimshuffle("x", 0, "x", "x")


def _variable(name: str, value: Any, shape: tuple[int, ...]) -> Any:
    """A value as a shared variable, unless it is one already, or a constant."""
    if isinstance(value, str):
        known = ", ".join(function.__name__ for function in INITIALIZERS.values())
        raise ValueError(
            f"{name}: {value!r} is a word; it must be an array, a shared variable, or "
            f"a function (rng, shape) -> array, such as {known} of "
            "srcnn_theano.layers.initializers"
        )
    is_constant = isinstance(value, T.TensorConstant)
    is_shared = isinstance(value, theano.compile.SharedVariable)
    if is_constant:
        values = value.data
    elif is_shared:
        values = value.get_value(borrow=True)
    else:
        values = np.asarray(value)
    if values.shape != tuple(shape):
        raise ValueError(f"{name}: shape {values.shape} given, {tuple(shape)} needed")
    if is_constant or is_shared:
        return value
    return theano.shared(values.astype(theano.config.floatX), name=name)
