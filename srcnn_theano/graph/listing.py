"""A graph as text."""

from __future__ import annotations

from typing import Any

from srcnn_theano.graph.parts import Parts
from srcnn_theano.graph.subjects import Subject
from srcnn_theano.graph.summary import SIDES, describe, title
from srcnn_theano.tables import text_lines


def listing(subject: Subject, side: str, graph: Any, parts: Parts) -> str:
    """A line per node in order, and then the tree that debugprint shows.

    Parameters
    ----------
    subject : Subject
    side : str
        One of `SIDES`.
    graph : backend.graphs.Graph
    parts : Parts
    """
    names = names_of(graph)
    nodes = [
        [
            f"#{number}",
            parts.groups[group].title,
            node.op,
            ", ".join(names[i] for i in node.inputs),
            "->  " + ", ".join(_typed(graph.variables[i]) for i in node.outputs),
            _numbers(graph.variables[node.outputs[0]]),
        ]
        for number, (node, group) in enumerate(zip(graph.nodes, parts.of_nodes))
    ]
    lines = text_lines("llllll", nodes)
    return "\n".join(
        [
            f"{title(subject)}, {SIDES[side]}: {len(graph.nodes)} ops",
            describe(subject),
            "",
            *(line.rstrip() for line in lines),
            "returned: " + ", ".join(names[i] for i in graph.outputs),
            *(f"{names[shared]} <- {names[new]}" for shared, new in graph.updates),
            "",
            "As theano.printing.debugprint shows it:",
            "",
            graph.tree,
        ]
    )


def _numbers(variable):
    """What is in a variable, and in the gradient with respect to it, if it was seen."""
    told = [f"= {variable.seen}"] if variable.seen else []
    told += [f"(gradient {variable.gradient})"] if variable.gradient else []
    return " ".join(told)


def names_of(graph: Any) -> dict[int, str]:
    """For each variable the words that stand for it among a node's inputs."""
    names = {}
    for i, variable in enumerate(graph.variables):
        is_constant = variable.role == "constant"
        names[i] = variable.value if is_constant else variable.name or variable.role
    for number, node in enumerate(graph.nodes):
        for position, i in enumerate(node.outputs):
            names[i] = f"#{number}.{position}" if position else f"#{number}"
    return names


def _typed(variable):
    shape = "" if variable.shape is None else f" {variable.shape}"
    return variable.dtype + shape
