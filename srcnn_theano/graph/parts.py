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

    Parameters
    ----------
    graph : backend.graphs.Graph
    layers : list of str
        Names of the layers, which those of their shared variables begin with.

    Returns
    -------
    Parts
    """
    reads = _shared_read(graph)
    feeds = _updates_fed(graph)
    returned = _ancestors(graph, graph.outputs)
    columns = {layer: i for i, layer in enumerate(layers, start=1)}
    # The optimiser's own variables: no output depends on them.
    of_optimiser = {
        variable.name
        for i, variable in enumerate(graph.variables)
        if variable.role == "shared"
        and i not in returned
        and not _is_of_model(variable.name, columns)
    }

    def group(number):
        node = graph.nodes[number]
        read = reads[number]
        fed = feeds[number]
        read_layers = [_layer(name) for name in read if _is_of_model(name, columns)]
        if not returned.isdisjoint(node.outputs):
            return _forward(read, read_layers, columns)
        layers_fed = {_layer(name) for name in fed} & set(columns)
        if read & of_optimiser or not layers_fed:
            return _update(layers_fed, columns)
        return _gradient(layers_fed, columns)

    of_nodes = [group(number) for number in range(len(graph.nodes))]
    _join_readers(graph, of_nodes)
    groups = sorted(set(of_nodes), key=lambda group: (group.row, group.column))
    return Parts(
        [_with_fused(group, groups, layers) for group in groups],
        [groups.index(group) for group in of_nodes],
    )


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


def _forward(read, read_layers, columns):
    if TARGET in read:
        return Group("cost", 0, len(columns) + 1)
    if not read_layers:
        return Group("input", 0, 0)
    last = max(read_layers, key=columns.get)
    return Group(last, 0, columns[last])


def _gradient(layers_fed, columns):
    last = max(layers_fed, key=columns.get)
    return Group("gradient of " + last, 1, columns[last])


def _update(layers_fed, columns):
    if len(layers_fed) != 1:
        return Group("update of all", 2, 0)
    (layer,) = layers_fed
    return Group("update of " + layer, 2, columns[layer])


def _shared_read(graph):
    """For each node, the names of the shared variables that it depends on."""
    of_variable = {
        i: {variable.name}
        for i, variable in enumerate(graph.variables)
        if variable.role == "shared"
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
