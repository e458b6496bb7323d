"""Which line of this package wrote a node of a graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parents[1]


def source(node: Any) -> str | None:
    """The line of this package that a node comes from: 'layers/x.py:70: linear = ...'.

    None where it comes from elsewhere. Theano keeps the stack of calls that made a
    variable, through most rewrites.
    """
    for stack in getattr(node.outputs[0].tag, "trace", None) or ():
        for file, line, _, code in reversed(stack):
            path = Path(file)
            if _PACKAGE in path.parents:
                place = path.relative_to(_PACKAGE).as_posix()
                return f"{place}:{line}: {code}"
    return None
