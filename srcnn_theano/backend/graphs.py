"""Function graphs as plain data, as they are written and as Theano rewrites them."""

from __future__ import annotations

import collections
from typing import Any, Callable, NamedTuple

import numpy as np

from srcnn_theano.backend.declared import Declared
from srcnn_theano.backend.devices import device_mode
from srcnn_theano.backend.examining import evaluate, gradients, in_order, in_words
from srcnn_theano.backend.internals import (
    IS_AESARA,
    Assert,
    BaseAbstractConv,
    BaseCorrMM,
    CAReduce,
    Constant,
    DimShuffle,
    Elemwise,
    FunctionGraph,
    FunctionMaker,
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
from srcnn_theano.backend.known_lengths import Lengths
from srcnn_theano.backend.maps import Maps
from srcnn_theano.backend.onednn import Convolution
from srcnn_theano.backend.origins import Watch, short_name, written_by

KINDS = ("convolution", "elementwise", "reduction", "bookkeeping", "other")

_CLASSES = {
    "convolution": (BaseAbstractConv, BaseCorrMM, Convolution),
    "elementwise": (Elemwise, Maps),
    "reduction": (CAReduce,),
    "bookkeeping": (
        Assert,
        Declared,
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
    seen : str or None
        Where the graph was examined: its numbers, or their range and mean.
    gradient : str or None
        The same of the gradient of the function's first result, if that is a number.
    """

    name: str | None
    role: str
    dtype: str
    broadcastable: tuple[bool, ...]
    shape: tuple[int, ...] | None
    value: str | None
    seen: str | None = None
    gradient: str | None = None

    @property
    def is_number(self) -> bool:
        """Whether it is a single number and no array."""
        return not self.broadcastable


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
    sources : list of str
        The lines that it comes from: 'layers/x.py:70: linear = ...'. In the graph that
        runs they are those of all nodes that it took the place of.
    layers : list of str
        The layers that wrote these, by their names.
    """

    op: str
    text: str
    kind: str
    properties: dict[str, str]
    inputs: list[int]
    outputs: list[int]
    overwrites: list[int]
    rewrite: str | None
    sources: list[str]
    layers: list[str]


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


def rewriting(
    build: Callable[[Any], Any], *arguments: Any, examine: bool = False
) -> Rewriting:
    """Have Theano optimise a function for the device, without compiling it.

    Parameters
    ----------
    build : function (mode) -> theano.function(..., mode=mode)
        It must return whatever theano.function gives; in this mode that is no function.
    arguments : arrays
        Examples of the function's arguments, for which the shapes are told. Without
        them shapes that depend on arguments are not known.
    examine : bool
        Compute the graphs for these arguments, node by node, and tell the values.

    Returns
    -------
    Rewriting
    """
    watch = Watch()
    mode = (device_mode() or get_default_mode()).register((watch, -100.0))
    mode.function_maker = _OnlyOptimised
    optimised = build(mode)
    maker, written = optimised.maker, optimised.written
    order = written.toposort()
    origins = written_by(order)
    before = _graph(maker, written, order, arguments, origins, examine, examine)
    # Shapes are inferred in a copy; only the original knows the order of its nodes,
    # which depends on what is overwritten. An input that the optimiser no longer reads
    # is no fault, though Theano's check of a copy says so.
    copy, equivalent = maker.fgraph.clone_get_equiv(
        check_integrity=False, attach_feature=False
    )
    copy.attach_feature(ShapeFeature())
    order = maker.fgraph.toposort()
    origins = {equivalent[node]: list(watch.origins[node]) for node in order}
    after = _graph(maker, copy, list(origins), arguments, origins, examine)
    return Rewriting(before, after, watch.counts())


def written_as(function: Any) -> tuple[list[Any], Any, list[tuple[Any, Any]]]:
    """The arguments, results and updates that a compiled function was written with.

    Raises
    ------
    ValueError
        Aesara has rewritten the very graph that it was given.
    """
    if IS_AESARA:
        raise ValueError(
            "a compiled function: Aesara keeps no graph of it as it was written; draw "
            "the expressions that it was compiled of"
        )
    specs = function.maker.inputs
    arguments = [
        spec.variable for spec in specs if not isinstance(spec.variable, SharedVariable)
    ]
    updates = [(s.variable, s.update) for s in specs if s.update is not None]
    return arguments, [spec.variable for spec in function.maker.outputs], updates


def arguments_of(outputs: Any, known: set[Any]) -> list[Any]:
    """The inputs of an expression, or of several, in the order in which it reads them.

    Constants, shared variables and those that are `known` are left out.
    """
    outputs = outputs if isinstance(outputs, list) else [outputs]
    read = [x for node in in_order(outputs) for x in node.inputs] + outputs
    return [
        x
        for x in dict.fromkeys(read)
        if x.owner is None
        and x not in known
        and not isinstance(x, (Constant, SharedVariable))
    ]


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


# --- Plain data ---


def _graph(maker, fgraph, order, arguments, origins, examine, differentiate=False):
    """The plain data of a function graph that has a ShapeFeature."""
    values = _inputs(maker, fgraph, arguments)
    seen, slopes = {}, {}
    if examine:
        seen, slopes = _examined(fgraph, order, values, differentiate)
    lengths = Lengths(fgraph.shape_feature.shape_of, values)
    positions, variables = {}, []

    def position(variable):
        if variable not in positions:
            positions[variable] = len(variables)
            array = seen.get(variable)
            shape = lengths.shape(variable) if array is None else np.shape(array)
            variables.append(_variable(variable, shape, array, slopes.get(variable)))
        return positions[variable]

    nodes = [_node(node, position, origins[node]) for node in order]
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


def _inputs(maker, fgraph, arguments):
    """The values of a graph's inputs: the arguments, as far as there are any."""
    arguments = iter(arguments)
    values = {}
    for spec, variable in zip(maker.inputs, fgraph.inputs):
        if isinstance(spec.variable, SharedVariable):
            values[variable] = spec.variable.get_value(borrow=True)
        else:
            argument = next(arguments, None)
            if argument is not None:
                values[variable] = np.asarray(argument)
    return values


def _examined(fgraph, order, values, differentiate):
    """The values of a graph's variables, and of the gradients of its first result."""
    seen = evaluate(order, values)
    cost = fgraph.outputs[0] if fgraph.outputs else None
    if not (differentiate and cost is not None and cost.ndim == 0):
        return seen, {}
    symbolic = gradients(
        cost, [x for node in order for x in node.inputs + node.outputs]
    )
    results = evaluate(in_order(symbolic.values()), seen)
    # A gradient may be a constant, or an input.
    results.update((x, x.data) for x in symbolic.values() if isinstance(x, Constant))
    return seen, {x: results.get(g) for x, g in symbolic.items()}


def _variable(variable, shape, array, slope):
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
        in_words(array),
        in_words(slope),
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


def _node(node, position, origins):
    op = node.op
    destroyed = getattr(op, "destroy_map", None) or {}
    rewrites = [
        reason
        for reason in getattr(node.tag, "imported_by", ())
        if not reason.startswith(("init", "None", "('Revert'"))
    ]
    return Node(
        op_name(op),
        str(op),
        _kind(node),
        {name: str(getattr(op, name)) for name in _properties(op)},
        [position(variable) for variable in node.inputs],
        [position(variable) for variable in node.outputs],
        sorted(i for positions in destroyed.values() for i in positions),
        short_name(rewrites[-1]) if rewrites else None,
        list(dict.fromkeys(line for _, line in origins if line)),
        list(dict.fromkeys(layer for layer, _ in origins if layer)),
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
