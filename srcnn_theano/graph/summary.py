"""A graph in a few words: what it is of, and how many ops of which kind it has."""

from __future__ import annotations

from typing import Any

from srcnn_theano.graph.subjects import Subject

SIDES = {"before": "as it is written", "after": "after Theano's optimiser"}
WORDS = {
    "convolution": "convolutions and their gradients",
    "elementwise": "arithmetic, element by element",
    "reduction": "sums and the like",
    "bookkeeping": "shapes, axes and indices",
    "other": "looking up, copying and the rest",
    "input": "arguments",
    "shared": "shared variables",
    "output": "results",
    "update": "new values of shared variables",
}


def title(subject: Subject) -> str:
    """The name of the graph."""
    if subject.training is None:
        return subject.name
    function = {"predict": "prediction", "train": "training step"}[subject.what]
    return f"{subject.name}, {function}"


def in_a_line(subject: Subject) -> str:
    """The name of the graph, and how many ops it has."""
    before, after = (len(getattr(subject.rewriting, side).nodes) for side in SIDES)
    return f"{title(subject)}: {in_ops(before)} as written, {after} after the optimiser"


def in_ops(n: int) -> str:
    """A number of ops in words."""
    return f"{n} op{'s' * (n != 1)}"


def describe(subject: Subject) -> str:
    """What the function takes and gives, and what the shapes are for."""
    training, shape = subject.training, subject.shape
    if training is None or shape is None:
        return _described(subject.rewriting.before)
    options = ", ".join(f"{name} {value}" for name, value in training.options.items())
    network = f"{training.model} ({options})"
    size = " x ".join(map(str, shape))
    if subject.what == "predict":
        return (
            f"{network}: an image goes in, the network's output comes out. The shapes "
            f"are for an input of {size} (batch, channels, rows, columns)."
        )
    return (
        f"One step of training of {network}: the number of a minibatch goes in, cost "
        "and mean squared error come out, and every parameter gets its new value from "
        f"{training.update} of {_cost(training)}. The minibatch is {size} (batch, "
        "channels, rows, columns)."
    )


def _described(graph: Any) -> str:
    """The same of a graph of which nothing is known but its variables."""
    taken = [x.name or "(no name)" for x in graph.variables if x.role == "input"]
    n_results, n_updates = len(graph.outputs), len(graph.updates)
    results = "1 result comes" if n_results == 1 else f"{n_results} results come"
    goes = "go" if len(taken) > 1 else "goes"
    text = f"{', '.join(taken) or 'Nothing'} {goes} in, {results} out"
    if n_updates:
        get = (
            "variables get new values" if n_updates > 1 else "variable gets a new value"
        )
        text += f", and {n_updates} shared {get}"
    if any(x.gradient for x in graph.variables):
        text += ". Numbers are those of one minibatch, and so are the gradients in the "
        text += "graph as it is written"
    elif any(x.seen for x in graph.variables):
        text += ". Numbers are those of one minibatch"
    return text + "."


def _cost(training):
    terms = [
        (training.pixel_weight, training.cost),
        (training.vgg_weight, "the difference of VGG16's features"),
        (training.L2_reg, "the L2 norm of the filters"),
    ]
    return " and ".join(term for weight, term in terms if weight)


def kinds_of_ops(subject: Subject) -> dict[str, str]:
    """The kind of each op of both graphs; sorted by kind, frequent ops first."""
    from srcnn_theano.backend.graphs import KINDS

    graphs = (subject.rewriting.before, subject.rewriting.after)
    kinds = {node.op: node.kind for graph in graphs for node in graph.nodes}
    before, after = (graph.counts() for graph in graphs)

    def place(op):
        return KINDS.index(kinds[op]), -before[op] - after[op], op

    return {op: kinds[op] for op in sorted(kinds, key=place)}


def summarise(subject: Subject) -> dict[str, Any]:
    """What is drawn, and its op counts: by op, and in total."""
    rewriting = subject.rewriting
    counts = {side: getattr(rewriting, side).counts() for side in SIDES}
    return {
        "name": subject.name,
        "what": subject.what,
        "model": subject.training and subject.training.model,
        "options": subject.training and subject.training.options,
        "ops": {
            op: {side: counts[side][op] for side in SIDES}
            for op in kinds_of_ops(subject)
        },
        "total": {side: sum(counts[side].values()) for side in SIDES},
        "rewrites": rewriting.rewrites,
    }
