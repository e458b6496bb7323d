"""Draw any graph: an expression, a compiled function or a network."""

from __future__ import annotations

import html
from pathlib import Path
from typing import Any, Mapping

import numpy as np

from srcnn_theano.files import check_target_folder
from srcnn_theano.graph.listing import listing
from srcnn_theano.graph.pages import page, write_pages
from srcnn_theano.graph.parts import find_parts
from srcnn_theano.graph.subjects import EXAMPLE_SIZE, Subject, find_subject
from srcnn_theano.graph.summary import SIDES, in_a_line


class Drawing:
    """A graph as it is written ('before') and as Theano rewrites it ('after').

    A notebook shows it when it is the last thing in a cell; `print(drawing.text())`
    shows it as text.

    Attributes
    ----------
    before, after : backend.graphs.Graph
        Nodes and variables as plain data.
    rewrites : dict of str to int
        How many variables each rewrite of the optimiser replaced.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self.before = subject.rewriting.before
        self.after = subject.rewriting.after
        self.rewrites = subject.rewriting.rewrites

    def text(self, side: str = "before") -> str:
        """The nodes of one graph, a line for each, and then Theano's debugprint."""
        graph, parts = self._side(side)
        return listing(self._subject, side, graph, parts)

    def page(self, side: str = "before") -> str:
        """The interactive page of one graph, as HTML that needs no other file."""
        graph, parts = self._side(side)
        return page(self._subject, side, graph, parts, linked=False)

    def _side(self, side: str) -> tuple[Any, Any]:
        if side not in SIDES:
            raise ValueError(f"side {side!r}: it must be {' or '.join(SIDES)}")
        graph = getattr(self, side)
        return graph, find_parts(graph, self._subject.layers)

    def __repr__(self) -> str:
        return in_a_line(self._subject)

    def _repr_html_(self) -> str:
        """What Jupyter shows: the graph as it is written, and the other folded away."""
        before, after = (_frame(self.page(side)) for side in SIDES)
        return (
            f"<p>{html.escape(repr(self))}</p>{before}"
            f"<details><summary>{SIDES['after']}</summary>{after}</details>"
        )


def draw(
    what: Any,
    out_dir: str | Path | None = None,
    inputs: Any = None,
    name: str | None = None,
) -> Drawing:
    """Draw a graph, before and after Theano's optimiser, as pages and as text.

    Parameters
    ----------
    what : symbolic variable or list of them, compiled function, Model, Layer or str
        A function is drawn with its updates; a string names a model, an experiment or
        a weight file, as for `srcnn-theano graph`.
    out_dir : path or None
        A folder, which gets index.html, before.html, after.html, before.txt and
        after.txt; None writes nothing.
    inputs : None, array, list of arrays, or dict of name or variable to array
        A minibatch. With it each node shows its numbers, and where the first result is
        one number (a cost), also the gradient of that with respect to the node. A list
        is in the order of the function's arguments, or in that in which an expression
        first reads its inputs. A network is given the shapes that it declares, and 33
        pixels where it declares none, if there is nothing else.
    name : str or None
        What the pages call it; None is a name by its kind.

    Returns
    -------
    Drawing

    Raises
    ------
    ValueError
        Something that has no graph, or several compiled functions; inputs that the
        graph does not have or that do not fit; an op that fails on
        them, with the line that wrote it.
    UserError
        The folder cannot be written; nothing has the name `what`.

    Examples
    --------
    >>> x, y = T.scalars("x", "y")
    >>> draw(T.tanh(x * y) + x, "graph", inputs=[1.0, 0.5])
    """
    if out_dir is not None:
        check_target_folder(Path(out_dir))
    if isinstance(what, (str, Path)):
        if inputs is not None:
            raise ValueError(
                f"{str(what)!r}: inputs go with an expression, a function or a Model; "
                "a name is drawn without numbers"
            )
        subject = find_subject(str(what))
    else:
        subject = _subject(what, inputs, name)
    if out_dir is not None:
        write_pages(subject, Path(out_dir))
    return Drawing(subject)


def _frame(text):
    return (
        f'<iframe srcdoc="{html.escape(text)}" style="width: 100%; height: 32rem; '
        'border: 1px solid #8884"></iframe>'
    )


def _subject(what, inputs, name):
    from srcnn_theano.backend import T, graphs, theano

    layers, givens, updates = [], {}, []
    is_model = hasattr(what, "layers") and hasattr(what, "output")
    if hasattr(what, "maker"):
        arguments, outputs, updates = graphs.written_as(what)
        kind = name or Path(what.name or "function").name
    else:
        outputs = what.output if hasattr(what, "output") else what
        outputs = list(outputs) if isinstance(outputs, tuple) else outputs
        _check_outputs(what, outputs)
        if is_model:
            kind = name or type(what).__name__
            layers = [layer.name for layer in what.layers]
            is_train = getattr(what, "is_train", None)
            if hasattr(is_train, "owner"):
                givens = {is_train: T.constant(0, dtype="int8")}
        else:
            is_layer = hasattr(what, "output")
            kind = name or (getattr(what, "name", None) if is_layer else "expression")
            kind = kind or type(what).__name__
        arguments = graphs.arguments_of(outputs, set(givens))
    values = _values(arguments, inputs)
    if inputs is None and is_model and len(arguments) == 1:
        values = [_example(what, arguments[0])]

    def build(mode):
        return theano.function(
            arguments,
            outputs,
            updates=updates,
            givens=givens,
            mode=mode,
            on_unused_input="ignore",
        )

    rewriting = graphs.rewriting(build, *values, examine=inputs is not None)
    return Subject(kind, "drawing", None, layers, None, rewriting)


def _check_outputs(what, outputs):
    """Refuse what is no symbolic variable, nor a list of them."""
    listed = outputs if isinstance(outputs, list) else [outputs]
    if listed and all(hasattr(x, "owner") for x in listed):
        return
    if any(hasattr(x, "maker") for x in listed):
        raise ValueError(
            "a list with compiled functions: draw them one by one, as each has "
            "arguments and a graph of its own"
        )
    told = repr(what) if len(repr(what)) < 80 else type(what).__name__
    raise ValueError(
        f"{told}: there is no graph to draw; "
        "it must be a symbolic variable or a list of them, a compiled function, a "
        "Model, a Layer, or the name of a network"
    )


def _example(model, argument):
    """A black minibatch as the network takes it, if its first layer says how."""
    declared = getattr(model.layers[0], "input_shape", None) if model.layers else None
    if declared is None or argument.ndim != 4:
        return None
    shape = [
        n or default for n, default in zip(declared, (1, 1, EXAMPLE_SIZE, EXAMPLE_SIZE))
    ]
    return np.zeros(shape, argument.dtype)


def _values(arguments, inputs):
    """The minibatch in the order of the arguments; None where there is nothing."""
    if inputs is None:
        return [None] * len(arguments)
    names = [x.name or f"number {i}" for i, x in enumerate(arguments, start=1)]
    if isinstance(inputs, Mapping):
        by_name = {getattr(key, "name", None) or key: v for key, v in inputs.items()}
        unknown = [str(key) for key in by_name if key not in names + arguments]
        if unknown:
            raise ValueError(
                f"inputs {', '.join(unknown)}: the graph does not read them; it reads "
                f"{', '.join(names) or 'nothing'}"
            )
        for name, x in zip(names, arguments):
            if x not in inputs and name in by_name and names.count(name) > 1:
                raise ValueError(
                    f"inputs {name}: several inputs have this name; give a list"
                )
        found = [inputs.get(x, by_name.get(n)) for n, x in zip(names, arguments)]
    else:
        one = len(arguments) == 1 and not isinstance(inputs, (list, tuple))
        found = [inputs] if one else list(inputs)
    if len(found) != len(arguments):
        raise ValueError(
            f"{len(found)} inputs given, the graph reads {len(arguments)}: "
            f"{', '.join(names)}"
        )
    return [_fitting(*pair) for pair in zip(names, arguments, found)]


def _fitting(name, variable, value):
    """A value as an array of the type that the variable has."""
    if value is None:
        return None
    try:
        value = np.asarray(value)
        cast = value.astype(variable.dtype, casting="same_kind")
        if cast.dtype.kind in "iu" and (cast != value).any():
            raise ValueError("it does not hold these numbers")
        return variable.type.filter(cast)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"input {name}: it must be {variable.type}, not {value.dtype} of shape "
            f"{value.shape}"
        ) from error
