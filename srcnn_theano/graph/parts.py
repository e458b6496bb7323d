"""Which part of the work a node of a graph does, told from whom it reads and feeds.

A step of training has three rows: the layers' outputs from the first to the last and
the cost, the gradient from the last to the first, and what the optimiser makes of it.
"""

from __future__ import annotations

from typing import Any, NamedTuple

ROWS = ("forward", "gradient", "update")

# What SharedPairs calls the targets.
TARGET = "high_res"


class Group(NamedTuple):
    """A place in the picture: `row` of `ROWS`, `column` in the order of the layers."""

    title: str
    row: int
    column: int


class Parts(NamedTuple):
    """The groups that are not empty, and the position of each node's group."""

    groups: list[Group]
    of_nodes: list[int]


def find_parts(graph: Any, layers: list[str]) -> Parts:
    """Sort the nodes of a graph into parts.

    A node that a layer wrote is in the box of that layer. For all others the names of
    shared variables tell: they begin with that of their layer.

    Parameters
    ----------
    graph : backend.graphs.Graph
    layers : list of str
        Names of the layers, in their order. Those that the graph has besides are put
        behind them.

    Returns
    -------
    Parts
    """
    layers = layers + _other_layers(graph, layers)
    sorter = _Sorter(graph, layers)
    of_nodes = [sorter.group(number) for number in range(len(graph.nodes))]
    _join_readers(graph, of_nodes)
    groups = sorted(set(of_nodes), key=lambda group: (group.row, group.column))
    places = sorted({group.column for group in groups})
    shown = [_with_fused(group, groups, layers) for group in groups]
    return Parts(
        [group._replace(column=places.index(group.column)) for group in shown],
        [groups.index(group) for group in of_nodes],
    )


def _other_layers(graph, layers):
    """Layers that wrote nodes and were not named, in the order in which they end."""
    returned, last = _ancestors(graph, graph.outputs), {}
    for number, node in enumerate(graph.nodes):
        if returned.isdisjoint(node.outputs):
            continue
        shared = (graph.variables[i] for i in node.inputs)
        of_shared = [_layer(x.name) for x in shared if (x.name or "").count(".") == 1]
        for name in node.layers or of_shared:
            last[name] = number
    return sorted(set(last) - set(layers), key=lambda name: last[name])


class _Sorter:
    """Tells the group of each node of a graph."""

    def __init__(self, graph, layers):
        self.graph = graph
        self.columns = {layer: i for i, layer in enumerate(layers, start=1)}
        self.reads = _read(graph)
        self.feeds = _updates_fed(graph)
        self.returned = _ancestors(graph, graph.outputs)
        # What layers wrote on the way to the result; the last may be behind all others.
        self.written = [
            set(node.layers) & set(self.columns) if self._is_returned(node) else set()
            for node in graph.nodes
        ]
        # The optimiser's own variables: no output depends on them.
        self.of_optimiser = {
            variable.name
            for i, variable in enumerate(graph.variables)
            if variable.role == "shared"
            and i not in self.returned
            and not _is_of_model(variable.name, self.columns)
        }
        self.of_layers = {
            name
            for read, layers in zip(self.reads, self.written)
            if layers
            for name in read
        } - {TARGET}
        self.moved = {
            _layer(graph.variables[shared].name) for shared, _ in graph.updates
        } & set(self.columns)
        self.frozen = set(self.columns) - self.moved
        self.makers = {
            i: layers
            for node, layers in zip(graph.nodes, self.written)
            for i in node.outputs
        }
        # The layer that a gradient has come from, of those that nothing moves.
        self.passing = {}
        self.has_cost = any(
            graph.variables[i].role == "result" and graph.variables[i].is_number
            for i in graph.outputs
        )

    def _is_returned(self, node):
        return not self.returned.isdisjoint(node.outputs)

    def group(self, number):
        node, read = self.graph.nodes[number], self.reads[number]
        if self._is_returned(node):
            return self._forward(read, self.written[number])
        if node.layers and read <= self.of_layers:  # as batch norm's own updates
            return self._update({self._last(node.layers)})
        fed = {_layer(name) for name in self.feeds[number]} & set(self.columns)
        if not self.columns and not read & self.of_optimiser:
            names = {self.graph.variables[i].name for i in node.inputs}
            if names.isdisjoint(self.feeds[number]):
                return Group("gradient", 1, 0)
        if read & self.of_optimiser or not fed:
            return self._update(fed)
        return self._gradient(number, self._last(fed))

    def _gradient(self, number, fed):
        """A gradient moves parameters of a layer, or comes on its way to them through
        layers whose parameters nothing moves, as VGG16's.
        """
        node = self.graph.nodes[number]
        forward = set().union(*(self.makers.get(i, set()) for i in node.inputs))
        forward |= {_layer(self.graph.variables[i].name) for i in node.inputs}
        passed = forward & self.frozen
        if not passed and not forward & self.moved:
            of_inputs = [self.passing.get(i) for i in node.inputs]
            passed = {min(filter(None, of_inputs), key=self.columns.get, default=None)}
        passed.discard(None)
        layer = self._last(passed or {fed})
        if passed:
            self.passing.update((i, layer) for i in node.outputs)
        return Group("gradient of " + layer, 1, self.columns[layer])

    def _last(self, layers):
        return max(layers, key=lambda layer: self.columns.get(layer, 0))

    def _forward(self, read, written):
        of_model = {_layer(n) for n in read if _is_of_model(n, self.columns)}
        end = len(self.columns) + 1
        if written:
            last = self._last(written)
            if TARGET in read and not of_model:
                return Group(last + " of the target", 0, end + self.columns[last])
            return Group(last, 0, self.columns[last])
        if TARGET in read and not of_model:
            return Group("target", 0, end)
        if TARGET in read or (
            self.has_cost and self.of_layers and read - self.of_layers
        ):
            return Group("cost", 0, 2 * end)
        if not self.columns:
            return Group("expression", 0, 0)
        if not of_model:
            return Group("input", 0, 0)
        return Group(self._last(of_model), 0, self.columns[self._last(of_model)])

    def _update(self, fed):
        if len(fed) != 1:
            return Group("update of all" if self.columns else "update", 2, 0)
        (layer,) = fed
        return Group("update of " + layer, 2, self.columns.get(layer, 0))


def _join_readers(graph, of_nodes):
    """Put what depends on constants alone into the group that reads it first."""
    varying = {
        i
        for i, variable in enumerate(graph.variables)
        if variable.role in ("input", "shared")
    }
    for node in graph.nodes:
        if not varying.isdisjoint(node.inputs):
            varying.update(node.outputs)
    first_reader = {}
    for number in reversed(range(len(graph.nodes))):
        node = graph.nodes[number]
        readers = [first_reader[i] for i in node.outputs if i in first_reader]
        if readers and varying.isdisjoint(node.outputs):
            of_nodes[number] = of_nodes[min(readers)]
        first_reader.update((i, number) for i in node.inputs)


def _with_fused(group, groups, layers):
    """A layer's group, named after those as well that have become part of it."""
    if group.row or group.title not in layers:
        return group
    columns = [other.column for other in groups if other.row == 0]
    first = max((c for c in columns if c < group.column), default=0)
    return group._replace(title=" + ".join(layers[first : group.column]))


def _layer(name):
    return (name or "").split(".")[0]


def _is_of_model(name, columns):
    """Whether it is the name of a parameter (conv1.W) and not an optimiser's (.W.m)."""
    return _layer(name) in columns and name.count(".") == 1


def _read(graph):
    """For each node, the names of the inputs and shared variables it depends on."""
    of_variable = {
        i: {variable.name}
        for i, variable in enumerate(graph.variables)
        if variable.role in ("shared", "input")
    }
    of_nodes = []
    for node in graph.nodes:
        names = set().union(*(of_variable.get(i, ()) for i in node.inputs))
        of_nodes.append(names)
        of_variable.update((i, names) for i in node.outputs)
    return of_nodes


def _updates_fed(graph):
    """For each node, the names of the shared variables whose update depends on it."""
    of_variable = {}
    for shared, result in graph.updates:
        of_variable.setdefault(result, set()).add(graph.variables[shared].name)
    of_nodes = []
    for node in reversed(graph.nodes):
        names = set().union(*(of_variable.get(i, ()) for i in node.outputs))
        of_nodes.append(names)
        for i in node.inputs:
            of_variable[i] = of_variable.get(i, set()) | names
    return of_nodes[::-1]


def _ancestors(graph, variables):
    """The variables that these depend on, and these."""
    ancestors = set(variables)
    for node in reversed(graph.nodes):
        if not ancestors.isdisjoint(node.outputs):
            ancestors.update(node.inputs)
    return ancestors
