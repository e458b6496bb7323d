"""The graph of a network as pages and text: `srcnn-theano graph`."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from string import Template
from typing import Any

from srcnn_theano.files import check_target_folder, json_text, write_text
from srcnn_theano.graph.listing import listing, names_of
from srcnn_theano.graph.overview import overview
from srcnn_theano.graph.parts import ROWS, Parts, find_parts
from srcnn_theano.graph.rewrites import what_it_does
from srcnn_theano.graph.subjects import Subject, find_subject
from srcnn_theano.graph.summary import (
    SIDES,
    WORDS,
    describe,
    in_a_line,
    summarise,
    title,
)
from srcnn_theano.pages.document import to_html
from srcnn_theano.pages.page import COLOURS, html_page

_PAGE = Path(__file__).with_name("page")
_SCRIPTS = ("layers", "boxes", "drawing", "edges", "panel", "view")
_LINKS = {"index": "overview", "before": "before", "after": "after"}
_FORMULA = re.compile(r"^Elemwise{Composite{(.*)}}(\[.*\])?$")
_INPUT = re.compile(r"\bi(\d+)\b")
_NUMBER = re.compile(r"-?[\d.]+(e[-+]?\d+)?$")


def write_graph(
    name: str, out_dir: Path, what: str | None = None, as_json: bool = False
) -> None:
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
    check_target_folder(out_dir)
    subject = find_subject(name, what)
    write_pages(subject, out_dir)
    if as_json:
        print(json_text(summarise(subject)))
    else:
        print(f"{in_a_line(subject)}; open {out_dir / 'index.html'}")


def write_pages(subject: Subject, out_dir: Path) -> None:
    """Write the pages and texts of a graph into a folder."""
    for side in SIDES:
        graph = getattr(subject.rewriting, side)
        parts = find_parts(graph, subject.layers)
        write_text(out_dir / f"{side}.txt", listing(subject, side, graph, parts))
        write_text(out_dir / f"{side}.html", page(subject, side, graph, parts))
    for side, text in zip(SIDES, subject.xla or ()):
        write_text(out_dir / f"xla-{side}.txt", text)
    write_text(out_dir / "index.html", to_html(overview(subject), out_dir))


def script() -> str:
    """The JavaScript of an interactive page: the files of page/, one after another."""
    paths = (_PAGE / f"{name}.js" for name in _SCRIPTS)
    return "\n".join(path.read_text(encoding="utf-8") for path in paths)


def page(
    subject: Subject, side: str, graph: Any, parts: Parts, linked: bool = True
) -> str:
    """The interactive page of one graph; it needs no other file.

    Parameters
    ----------
    subject : Subject
    side : str
        One of `SIDES`.
    graph : backend.graphs.Graph
    parts : Parts
    linked : bool
        Whether there are links to the other pages of the folder.
    """
    heading = f"{title(subject)}, {SIDES[side]}"
    data = json.dumps(page_data(subject, side, graph, parts), ensure_ascii=False)
    body = Template((_PAGE / "page.html").read_text(encoding="utf-8")).substitute(
        title=html.escape(heading),
        links="".join(_link(target, side) for target in _LINKS) if linked else "",
        # Nothing in it can end the element that it stands in.
        data=data.replace("<", "\\u003c"),
        script=script(),
    )
    return html_page(heading, [COLOURS, _PAGE / "page.css"], body)


def _link(target, side):
    current = ' aria-current="page"' if target == side else ""
    return f'<a href="{target}.html"{current}>{_LINKS[target]}</a>'


def page_data(subject: Subject, side: str, graph: Any, parts: Parts) -> dict[str, Any]:
    """What the script draws, as JSON; parameters as in `page`."""
    from srcnn_theano.backend.graphs import KINDS

    names = names_of(graph)
    return {
        "title": f"{title(subject)}, {SIDES[side]}",
        "about": describe(subject),
        "kinds": KINDS,
        "words": WORDS,
        "rows": ROWS,
        "groups": [group._asdict() for group in parts.groups],
        "variables": [variable._asdict() for variable in graph.variables],
        "nodes": [
            dict(
                node._asdict(),
                label=_label(node),
                numbers=_numbers(graph, node),
                note=_note(graph, node, names),
                why=what_it_does(node.rewrite or ""),
                group=group,
            )
            for node, group in zip(graph.nodes, parts.of_nodes)
        ],
        "names": [names[i] for i in range(len(graph.variables))],
        "outputs": graph.outputs,
        "updates": graph.updates,
    }


def _label(node):
    """An op in a word."""
    name = node.op
    return name[len("Elemwise{") : -1] if name.startswith("Elemwise{") else name


def _numbers(graph, node):
    """The numbers that stand among an op's inputs, where they say what it does."""
    if node.kind not in ("elementwise", "bookkeeping") or _FORMULA.match(node.text):
        return []
    inputs = (graph.variables[i] for i in node.inputs)
    return [
        variable.value
        for variable in inputs
        if variable.role == "constant" and _NUMBER.match(variable.value)
    ]


def _note(graph, node, names):
    """A fused op's formula in names of its inputs, or the shape that comes out."""
    formula = _FORMULA.match(node.text)
    if not formula:
        return _shape(graph.variables[node.outputs[0]])
    spread = {  # the same numbers with more axes
        made.outputs[0]: made.inputs[0]
        for made in graph.nodes
        if made.op == "DimShuffle"
    }
    inputs = [names[spread.get(i, i)] for i in node.inputs]
    return _INPUT.sub(lambda found: inputs[int(found.group(1))], formula.group(1))


def _shape(variable):
    if variable.shape is None:
        return variable.dtype
    if not variable.shape:
        return variable.dtype + " number"
    if len(variable.shape) == 1:
        n = variable.shape[0]
        return f"{n} number{'s' * (n != 1)}"
    return "\N{MULTIPLICATION SIGN}".join(map(str, variable.shape))
