"""The graph of a network as pages and text: `srcnn-theano graph`."""

import html
import json
import re
from pathlib import Path
from string import Template

from srcnn_theano.files import write_text
from srcnn_theano.graph.parts import ROWS, find_parts
from srcnn_theano.graph.subjects import find_subject
from srcnn_theano.pages.document import (
    Heading,
    Items,
    Links,
    Paragraph,
    Table,
    to_html,
)

_TEMPLATE = Path(__file__).with_name("page.html")
_SCRIPT = Path(__file__).with_name("page.js")
_FORMULA = re.compile(r"^Elemwise{Composite{(.*)}}(\[.*\])?$")
_NUMBER = re.compile(r"-?[\d.]+(e[-+]?\d+)?$")

SIDES = {"before": "as it is written", "after": "after Theano's optimiser"}
_WORDS = {
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


def write_graph(name, out_dir, what=None, as_json=False):
    """Write the pages of a graph into a folder, and print how many ops it has.

    Parameters
    ----------
    name : str
        A model, an experiment or the path of a weight file.
    out_dir : Path
        Gets index.html, before.html, after.html, before.txt and after.txt; where XLA
        compiles the function, also xla-before.txt and xla-after.txt.
    what : 'predict', 'train' or None
        See `subjects.find_subject`.
    as_json : bool
        Print JSON.

    Raises
    ------
    UserError
        Nothing is called `name`; the folder cannot be written.
    """
    subject = find_subject(name, what)
    for side in SIDES:
        graph = getattr(subject.rewriting, side)
        parts = find_parts(graph, subject.layers)
        write_text(out_dir / (side + ".txt"), listing(subject, side, graph, parts))
        write_text(out_dir / (side + ".html"), page(subject, side, graph, parts))
    for side, text in zip(SIDES, subject.xla or ()):
        write_text(out_dir / f"xla-{side}.txt", text)
    write_text(out_dir / "index.html", to_html(overview(subject), out_dir))
    summary = summarise(subject)
    if as_json:
        print(json.dumps(summary, indent=2))
    else:
        print(
            "{}: {} ops as written, {} after the optimiser; open {}".format(
                title(subject),
                summary["total"]["before"],
                summary["total"]["after"],
                out_dir / "index.html",
            )
        )


def summarise(subject):
    """What is drawn, and its op counts: by op, and in total."""
    rewriting = subject.rewriting
    counts = {side: getattr(rewriting, side).counts() for side in SIDES}
    return {
        "name": subject.name,
        "what": subject.what,
        "model": subject.training.model,
        "options": subject.training.options,
        "ops": {
            op: {side: counts[side][op] for side in SIDES}
            for op, _ in _in_order(rewriting)
        },
        "total": {side: sum(counts[side].values()) for side in SIDES},
        "rewrites": rewriting.rewrites,
    }


def _in_order(rewriting):
    """(op, kind) of all ops: by kind, and frequent ones first."""
    from srcnn_theano.backend.graphs import KINDS

    graphs = (rewriting.before, rewriting.after)
    kinds = {node.op: node.kind for graph in graphs for node in graph.nodes}
    counts = sum((graph.counts() for graph in graphs), type(graphs[0].counts())())
    return sorted(
        kinds.items(), key=lambda one: (KINDS.index(one[1]), -counts[one[0]], one[0])
    )


def title(subject):
    """The graph in a few words."""
    function = {"predict": "prediction", "train": "training step"}[subject.what]
    return f"{subject.name}, {function}"


def describe(subject):
    """What the function takes and gives, and what the shapes are for."""
    training = subject.training
    options = ", ".join("{} {}".format(*item) for item in training.options.items())
    network = f"{training.model} ({options})"
    size = "{} x {} x {} x {}".format(*subject.shape)
    if subject.what == "predict":
        return (
            f"{network}: an image goes in, the network's output comes out. Shapes are "
            f"those for an input of {size} (batch, channels, rows, columns)."
        )
    return (
        f"One step of training of {network}: the number of a minibatch goes in, cost "
        "and mean squared error come out, and every parameter gets its new value from "
        f"{training.update} of {_cost(training)}. The minibatch is {size} (batch, "
        "channels, rows, columns)."
    )


def _cost(training):
    terms = [
        (training.pixel_weight, training.cost),
        (training.vgg_weight, "the difference of VGG16's features"),
        (training.L2_reg, "the L2 norm of the filters"),
    ]
    return " and ".join(term for weight, term in terms if weight)


# The overview


def overview(subject):
    """The first page, as blocks of a document."""
    summary = summarise(subject)
    kinds = dict(_in_order(subject.rewriting))
    rows = [
        [f"`{op}`", _WORDS[kinds[op]], _count(n["before"]), _count(n["after"])]
        for op, n in summary["ops"].items()
    ]
    of_xla = [
        ("What XLA is given (StableHLO)", "xla-before.txt"),
        ("What XLA makes of it (HLO)", "xla-after.txt"),
    ]
    total = summary["total"]
    rows.append(
        ["**all**", "", *(f"**{total[side]}**" for side in ("before", "after"))]
    )
    return [
        Heading(1, "The graph of " + title(subject)),
        Paragraph(describe(subject)),
        Links(
            [
                (
                    "Before: {before} ops, as it is written".format(**total),
                    "before.html",
                ),
                ("After: {after} ops, as it runs".format(**total), "after.html"),
                ("Before, as text", "before.txt"),
                ("After, as text", "after.txt"),
            ]
            + (of_xla if subject.xla else [])
        ),
        Heading(2, "Ops before and after"),
        Table(
            "llrr", ["op", "what it does", "as written", "after the optimiser"], rows
        ),
        Heading(2, "What the optimiser did"),
        Paragraph(
            "Its rewrites in the order of how many variables each replaced. The graph "
            "that runs names, at each node, the rewrite that put it there."
        ),
        Table(
            "lr",
            ["rewrite", "variables replaced"],
            [[f"`{name}`", str(n)] for name, n in summary["rewrites"].items()],
        ),
        Heading(2, "How to read the graph"),
        Items(
            [
                "A box is a layer; in a training step there are three rows of boxes: "
                "forward pass, gradient and updates.",
                "A node counts to the last layer whose shared variables it depends on. "
                "A gradient counts to the last layer whose parameters it moves.",
                "`Elemwise{Composite}` is several operations on each element in one "
                "loop; the panel shows its formula, with `i0`, `i1` for its inputs.",
            ]
        ),
    ]


def _count(n):
    return str(n) if n else ""


# The picture


def page(subject, side, graph, parts):
    """The interactive page of one graph; it needs no other file."""
    data = json.dumps(page_data(subject, side, graph, parts), ensure_ascii=False)
    return Template(_TEMPLATE.read_text(encoding="utf-8")).substitute(
        title=html.escape(f"{title(subject)}, {SIDES[side]}"),
        links="".join(
            '<a href="{0}.html"{1}>{2}</a>'.format(
                target, ' aria-current="page"' if target == side else "", text
            )
            for target, text in (
                ("index", "overview"),
                ("before", "before"),
                ("after", "after"),
            )
        ),
        # Nothing in it can end the element that it stands in.
        data=data.replace("<", "\\u003c"),
        script=_SCRIPT.read_text(encoding="utf-8"),
    )


def page_data(subject, side, graph, parts):
    """What page.js draws, as JSON."""
    from srcnn_theano.backend.graphs import KINDS

    return {
        "title": f"{title(subject)}, {SIDES[side]}",
        "about": describe(subject),
        "kinds": KINDS,
        "words": _WORDS,
        "rows": ROWS,
        "groups": [group._asdict() for group in parts.groups],
        "variables": [variable._asdict() for variable in graph.variables],
        "nodes": [
            dict(
                node._asdict(),
                label=_label(node),
                numbers=_numbers(graph, node),
                note=_note(graph, node),
                group=group,
            )
            for node, group in zip(graph.nodes, parts.of_nodes)
        ],
        "outputs": graph.outputs,
        "updates": graph.updates,
    }


def _label(node):
    """An op in a word."""
    name = node.op
    return name[len("Elemwise{") : -1] if name.startswith("Elemwise{") else name


def _numbers(graph, node):
    """The numbers that stand among a node's inputs."""
    inputs = (graph.variables[i] for i in node.inputs)
    return [
        one.value
        for one in inputs
        if one.role == "constant" and _NUMBER.match(one.value)
    ]


def _note(graph, node):
    """A fused op's formula, or the shape that comes out."""
    formula = _FORMULA.match(node.text)
    if formula:
        return formula.group(1)
    return _shape(graph.variables[node.outputs[0]])


def _shape(variable):
    if variable.shape is None:
        return variable.dtype
    if not variable.shape:
        return variable.dtype + " number"
    return "\N{MULTIPLICATION SIGN}".join(str(n) for n in variable.shape)


# The text


def listing(subject, side, graph, parts):
    """A graph as text: a line per node in order, then as debugprint shows it."""
    names = {}
    for i, variable in enumerate(graph.variables):
        names[i] = variable.name or variable.role
        if variable.role == "constant":
            names[i] = variable.value
    for number, node in enumerate(graph.nodes):
        for position, i in enumerate(node.outputs):
            names[i] = f"#{number}" + (f".{position}" * bool(position))
    lines = [
        f"{title(subject)}, {SIDES[side]}: {len(graph.nodes)} ops",
        describe(subject),
        "",
    ]
    widths = [
        max([len(parts.groups[group].title) for group in parts.of_nodes], default=0),
        max([len(node.op) for node in graph.nodes], default=0),
    ]
    for number, (node, group) in enumerate(zip(graph.nodes, parts.of_nodes)):
        lines.append(
            "#{:<4} {:{}}  {:{}}  {}  ->  {}".format(
                number,
                parts.groups[group].title,
                widths[0],
                node.op,
                widths[1],
                ", ".join(names[i] for i in node.inputs),
                ", ".join(_typed(graph.variables[i]) for i in node.outputs),
            )
        )
    lines += ["returned: " + ", ".join(names[i] for i in graph.outputs)]
    lines += [f"{names[s]} <- {names[r]}" for s, r in graph.updates]
    lines += ["", "As theano.printing.debugprint shows it:", "", graph.tree]
    return "\n".join(lines)


def _typed(variable):
    shape = "" if variable.shape is None else " " + str(variable.shape)
    return variable.dtype + shape
