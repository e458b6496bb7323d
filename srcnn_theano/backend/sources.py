"""Which lines, and which layer, wrote a node of a graph."""

from __future__ import annotations

import sysconfig
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parents[1]
_LIBRARIES = tuple(
    Path(sysconfig.get_path(name)).resolve() for name in ("stdlib", "purelib")
)


def source(node: Any) -> str | None:
    """The line that a node comes from: 'layers/x.py:70: linear = ...'.

    That is the innermost line of this package or of the program that calls it, and
    none of Theano's or this folder's. None where nothing is known. Theano keeps the
    last calls that made a variable, through most rewrites.
    """
    for stack in getattr(node.outputs[0].tag, "trace", None) or ():
        for file, line, _, code in reversed(stack):
            path = Path(file)
            if _PACKAGE / "backend" in path.parents:
                continue
            if _PACKAGE in path.parents:
                return _place(path.relative_to(_PACKAGE).as_posix(), line, code)
            if not any(folder in path.parents for folder in _LIBRARIES):
                return _place(path.name, line, code)
    return None


def _place(file: str, line: int, code: str | None) -> str:
    return f"{file}:{line}: {code}" if code else f"{file}:{line}"


def mark(name: str, outputs: list[Any], inputs: list[Any]) -> None:
    """Note at each node between inputs and outputs that this layer wrote it.

    Nodes that bear a note keep it, and what they read is not looked at: a layer may
    be made of layers.
    """
    reached = [variable for variable in outputs if variable not in inputs]
    while reached:
        node = reached.pop().owner
        if node is None or layer_of(node) is not None:
            continue
        node.tag.layer = name
        reached.extend(x for x in node.inputs if x not in inputs)


def layer_of(node: Any) -> str | None:
    """The name of the layer that wrote a node, if one did."""
    return getattr(node.tag, "layer", None)
