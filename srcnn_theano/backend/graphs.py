"""Function graphs as plain data, as they are written and as Theano rewrites them."""

from __future__ import annotations

import collections
from typing import Any, Callable, NamedTuple

import numpy as np

from srcnn_theano.backend.devices import device_mode
from srcnn_theano.backend.internals import (
    Assert,
    BaseAbstractConv,
    BaseCorrMM,
    CAReduce,
    Constant,
    DimShuffle,
    Elemwise,
    Feature,
    FunctionGraph,
    FunctionMaker,
    GlobalOptimizer,
    Join,
    MakeVector,
    Rebroadcast,
    Reshape,
    ScalarFromTensor,
    Shape,
    Shape_i,
    ShapeFeature,
    SharedVariable,
    Subtensor,
    TensorFromScalar,
    ViewOp,
    debugprint,
    get_default_mode,
    linked,
)
from srcnn_theano.backend.maps import Maps
from srcnn_theano.backend.onednn import Convolution
from srcnn_theano.backend.sources import source

KINDS = ("convolution", "elementwise", "reduction", "bookkeeping", "other")

_CLASSES = {
    "convolution": (BaseAbstractConv, BaseCorrMM, Convolution),
    "elementwise": (Elemwise, Maps),
    "reduction": (CAReduce,),
    "bookkeeping": (
        Assert,
        DimShuffle,
        Join,
        MakeVector,
        *Rebroadcast,
        Reshape,
        ScalarFromTensor,
        Shape,
        Shape_i,
        Subtensor,
        TensorFromScalar,
        ViewOp,
    ),
}


class Variable(NamedTuple):
    """An array or number of a graph.

    Attributes
    ----------
    name : str or None
    role : 'input', 'shared', 'constant' or 'result'
    dtype : str
    broadcastable : tuple of bool
    shape : tuple of int, or None where it could not be told
        It holds for the arguments of `rewriting`.
    value : str or None
        A constant has one.
    """

    name: str | None
    role: str
    dtype: str
    broadcastable: tuple[bool, ...]
    shape: tuple[int, ...] | None
    value: str | None


class Node(NamedTuple):
    """An op applied to variables.

    Attributes
    ----------
    op : str
        The name under which it is counted: 'Elemwise{add}', 'Convolution{forward}'.
    text : str
        The op with all its properties, as Theano writes it.
    kind : str
        One of `KINDS`.
    properties : dict of str to str
    inputs, outputs : lists of positions in `Graph.variables`
    overwrites : list of int
        The inputs that it works in place on.
    rewrite : str or None
        The rewrite of the optimiser that put it into the graph.
    source : str or None
        The line of this package that it comes from: 'layers/x.py:70: linear = ...'.
    """

    op: str
    text: str
    kind: str
    properties: dict[str, str]
    inputs: list[int]
    outputs: list[int]
    overwrites: list[int]
    rewrite: str | None
    source: str | None


class Graph(NamedTuple):
    """The graph of a compiled function; variables are named by their positions.

    Attributes
    ----------
    variables : list of Variable
    nodes : list of Node, in an order in which they can be computed
    outputs : list of int, the results that the function returns
    updates : list of (shared, result) pairs
    tree : str
        The graph as theano.printing.debugprint shows it.
    """

    variables: list[Variable]
    nodes: list[Node]
    outputs: list[int]
    updates: list[tuple[int, int]]
    tree: str

    def counts(self) -> collections.Counter[str]:
        """Number of nodes by op."""
        return collections.Counter(node.op for node in self.nodes)


class Rewriting(NamedTuple):
    """A function before and after Theano's optimiser.

    `rewrites` tells for each rewrite how many variables it replaced.
    """

    before: Graph
    after: Graph
    rewrites: dict[str, int]


# --- A graph before and after the optimiser ---


def rewriting(build: Callable[[Any], Any], *arguments: Any) -> Rewriting:
    """Have Theano optimise a function for the device, without compiling it.

    Parameters
    ----------
    build : function (mode) -> theano.function(..., mode=mode)
        It must return whatever theano.function gives; in this mode that is no function.
    arguments : arrays
        Examples of the function's arguments, for which the shapes are told.

    Returns
    -------
    Rewriting
    """
    watch = _Watch()
    mode = (device_mode() or get_default_mode()).register((watch, -100.0))
    mode.function_maker = _OnlyOptimised
    optimised = build(mode)
    maker, written = optimised.maker, optimised.written
    before = _graph(maker, written, written.toposort(), arguments)
    # Shapes are inferred in a copy; only the original knows the order of its nodes,
    # which depends on what is overwritten.
    copy, equivalent = maker.fgraph.clone_get_equiv(attach_feature=False)
    copy.attach_feature(ShapeFeature())
    order = [equivalent[node] for node in maker.fgraph.toposort()]
    after = _graph(maker, copy, order, arguments)
    return Rewriting(before, after, watch.counts())


def texts_of_xla(
    build: Callable[[Any], Any], *arguments: Any
) -> tuple[str, str] | None:
    """The text of a function that XLA is given, and the text that it makes of that.

    Parameters
    ----------
    build, arguments : as in `rewriting`

    Returns
    -------
    (str, str), or None where XLA does not compile functions
    """
    if device_mode() is None:
        return None
    return linked(build(None)).texts(*arguments)


class _OnlyOptimised:
    """Stands in for FunctionMaker: it rewrites the graph and links nothing."""

    def __init__(self, inputs, outputs, *args, **kwargs):
        returned = outputs if isinstance(outputs, list) else [outputs]
        results = [spec.variable for spec in returned]
        results += [spec.update for spec in inputs if spec.update is not None]
        # A copy, as Aesara's optimiser works on the very graph that it is given.
        self.written = FunctionGraph(
            [spec.variable for spec in inputs], results, features=[ShapeFeature()]
        )
        self.maker = FunctionMaker(inputs, outputs, *args, **kwargs)

    def create(self, *args):
        return self


class _Watch(GlobalOptimizer, Feature):
    """Changes nothing, but sees what the optimisers after it replace."""

    def __init__(self):
        super().__init__()
        self.replaced = set()

    def add_requirements(self, fgraph):
        fgraph.attach_feature(self)

    def apply(self, fgraph):
        pass

    def on_change_input(self, fgraph, node, i, variable, new_variable, reason=None):
        if isinstance(reason, tuple):  # ("revert", the rewrite that is taken back)
            self.replaced.discard((_short_name(reason[1]), new_variable))
        else:
            self.replaced.add((_short_name(reason), variable))

    def counts(self):
        counter = collections.Counter(reason for reason, _ in self.replaced)
        return dict(counter.most_common())


def _short_name(reason):
    """The name of a rewrite; a group that is tried in turn has its first member's."""
    first, comma, _ = str(reason).partition(",")
    return first + ", ...)" if comma else first


# --- Plain data ---


def _graph(maker, fgraph, order, arguments):
    """The plain data of a function graph that has a ShapeFeature."""
    arguments = iter(arguments)
    values = {
        variable: (
            spec.variable.get_value(borrow=True)
            if isinstance(spec.variable, SharedVariable)
            else np.asarray(next(arguments))
        )
        for spec, variable in zip(maker.inputs, fgraph.inputs)
    }
    lengths = _Lengths(fgraph.shape_feature.shape_of, values)
    positions, variables = {}, []

    def position(variable):
        if variable not in positions:
            positions[variable] = len(variables)
            variables.append(_variable(variable, lengths.shape(variable)))
        return positions[variable]

    nodes = [_node(node, position) for node in order]
    n_outputs = len(maker.outputs)
    updated = [
        variable
        for spec, variable in zip(maker.inputs, fgraph.inputs)
        if spec.update is not None
    ]
    return Graph(
        variables,
        nodes,
        [position(variable) for variable in fgraph.outputs[:n_outputs]],
        [
            (position(shared), position(result))
            for shared, result in zip(updated, fgraph.outputs[n_outputs:])
        ],
        debugprint(fgraph, file="str", print_type=True),
    )


def _variable(variable, shape):
    if isinstance(variable, Constant):
        role = "constant"
    elif isinstance(variable, SharedVariable):
        role = "shared"
    else:
        role = "input" if variable.owner is None else "result"
    return Variable(
        variable.name,
        role,
        getattr(variable.type, "dtype", str(variable.type)),
        tuple(getattr(variable.type, "broadcastable", ())),
        shape,
        _short(variable.data) if role == "constant" else None,
    )


def _short(data):
    """A constant's value in a few characters."""
    data = np.asarray(data)
    if not data.size:
        return "nothing"
    if (data == data.flat[0]).all():
        text = f"{data.flat[0]:.7g}" if data.dtype.kind in "fiub" else "..."
        return text if data.size == 1 else text + " everywhere"
    return str(data.tolist()) if data.size <= 4 else f"{data.size} numbers"


def _node(node, position):
    op = node.op
    destroyed = getattr(op, "destroy_map", None) or {}
    rewrites = [
        reason
        for reason in getattr(node.tag, "imported_by", ())
        if reason not in ("init", "None")
    ]
    return Node(
        op_name(op),
        str(op),
        _kind(node),
        {name: str(getattr(op, name)) for name in _properties(op)},
        [position(variable) for variable in node.inputs],
        [position(variable) for variable in node.outputs],
        sorted(i for positions in destroyed.values() for i in positions),
        _short_name(rewrites[-1]) if rewrites else None,
        source(node),
    )


def op_name(op: Any) -> str:
    """The name under which an op is counted: its class, and its work if that varies."""
    name = type(op).__name__
    if isinstance(op, Elemwise):
        return f"{name}{{{_scalar_name(op.scalar_op)}}}"
    # `Convolution` and `Maps` do several things; such a property says which.
    choices = [prop for prop in _properties(op) if prop.endswith("_name")]
    return f"{name}{{{getattr(op, choices[0])}}}" if choices else name


def _properties(op):
    return getattr(op, "__props__", None) or ()


def _scalar_name(op):
    name = type(op).__name__
    return name if name == "Composite" else name.lower()


def _kind(node):
    if isinstance(node.op, Elemwise) and all(
        variable.ndim == 0 and variable.dtype.startswith("int")
        for variable in node.outputs
    ):
        return "bookkeeping"  # arithmetic on lengths and indices
    for kind, classes in _CLASSES.items():
        if isinstance(node.op, classes):
            return kind
    return "other"


# --- Shapes ---


class _Lengths:
    """Evaluates the symbolic lengths of arrays, in Python, for given arguments."""

    def __init__(self, shape_of, values):
        self.shape_of = shape_of
        self.values = dict(values)

    def shape(self, variable):
        """The shape as ints; None where it depends on more than lengths."""
        if isinstance(variable, Constant) or variable in self.values:
            return np.shape(self._value(variable))
        try:
            lengths = self.shape_of[variable]
            return tuple(int(self._value(length)) for length in lengths)
        except (KeyError, TypeError, _Unknown, RecursionError):
            return None

    def _value(self, variable):
        if isinstance(variable, Constant):
            return variable.data
        if variable not in self.values:
            self.values[variable] = self._computed(variable)
        return self.values[variable]

    def _computed(self, variable):
        node = variable.owner
        # Lengths are computed from numbers and vectors of numbers.
        if node is None or len(node.outputs) > 1 or variable.ndim > 1:
            raise _Unknown
        if isinstance(node.op, (Shape, Shape_i)):
            shape = self.shape(node.inputs[0])
            if shape is None:
                raise _Unknown
            whole = isinstance(node.op, Shape)
            return np.array(shape if whole else shape[node.op.i], "int64")
        storage = {x: [self._value(x)] for x in node.inputs}
        storage[variable] = [None]
        computed = {x: [x is not variable] for x in storage}
        node.op.make_thunk(node, storage, computed, no_recycling=[], impl="py")()
        return storage[variable][0]


class _Unknown(Exception):
    """A length depends on the numbers in an array."""
