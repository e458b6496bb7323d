"""Follows a graph through Theano's optimiser: what is replaced, and by what."""

from __future__ import annotations

import collections
from typing import Any, NamedTuple, Sequence

from srcnn_theano.backend.internals import Feature, GlobalOptimizer
from srcnn_theano.backend.sources import layer_of, source


class Origin(NamedTuple):
    """Where a node comes from: a layer, a line of source, or None where not known."""

    layer: str | None
    source: str | None


def written_by(nodes: Sequence[Any]) -> dict[Any, list[Origin]]:
    """The origins of the nodes of a graph that no optimiser has seen.

    Deep in `theano.grad` Theano loses the line that called it. A node of which no line
    is known comes from the line that wrote one of its readers.

    Parameters
    ----------
    nodes : sequence of Apply
        Each after those that it reads.
    """
    origins: dict[Any, list[Origin]] = {}
    lines: dict[Any, str] = {}  # of a node that reads a variable
    for node in reversed(nodes):
        line = source(node) or next(
            (lines[x] for x in node.outputs if x in lines), None
        )
        if line:
            lines.update((x, line) for x in node.inputs)
        origin = Origin(layer_of(node), line)
        origins[node] = [origin] if any(origin) else []
    return origins


class Watch(GlobalOptimizer, Feature):
    """Changes nothing, but sees what the optimisers after it replace.

    A node that a rewrite puts in place comes from where those come from that it
    replaces: all nodes that go when it comes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.replaced: set[tuple[str, Any]] = set()
        # Of each node, as the keys of a dictionary.
        self.origins: dict[Any, dict[Origin, None]] = {}
        # Nodes since the last replacement.
        self.came: list[Any] = []
        self.gone: list[Any] = []
        # The last replacement, and the nodes that came with it.
        self.last: tuple[Any, list[Any]] = None, []

    def add_requirements(self, fgraph: Any) -> None:
        fgraph.attach_feature(self)

    def apply(self, fgraph: Any) -> None:
        pass

    # --- What the graph tells its features ---

    def on_attach(self, fgraph: Any) -> None:
        for node, origins in written_by(fgraph.toposort()).items():
            self.origins[node] = dict.fromkeys(origins)

    def on_import(self, fgraph: Any, node: Any, reason: Any) -> None:
        if node not in self.origins:
            self.origins[node] = {}
            self.came.append(node)

    def on_prune(self, fgraph: Any, node: Any, reason: Any) -> None:
        self.gone.append(node)

    def on_change_input(
        self,
        fgraph: Any,
        node: Any,
        i: int,
        variable: Any,
        new_variable: Any,
        reason: Any = None,
    ) -> None:
        if isinstance(reason, tuple):  # ("revert", the rewrite that is taken back)
            self.replaced.discard((short_name(reason[1]), new_variable))
        else:
            self.replaced.add((short_name(reason), variable))
            self._trace(variable, new_variable)
        self.came, self.gone = [], []

    def _trace(self, variable, new_variable):
        """Hand the origins of what is replaced on to what takes its place.

        A variable with several readers is replaced for one after another, and goes
        with the last.
        """
        replacement = variable, new_variable
        came = self.came + (self.last[1] if self.last[0] == replacement else [])
        if not came and new_variable.owner is not None:
            came = [new_variable.owner]
        self.last = replacement, came
        gone = [variable.owner] if variable.owner is not None else []
        for old in gone + self.gone:
            for new in came:
                self.origins.setdefault(new, {}).update(self.origins.get(old, {}))

    # --- What was seen ---

    def counts(self) -> dict[str, int]:
        """For each rewrite how many variables it replaced."""
        counter = collections.Counter(reason for reason, _ in self.replaced)
        return dict(counter.most_common())


def short_name(reason: Any) -> str:
    """The name of a rewrite; a group that is tried in turn has its first member's."""
    first, comma, _ = str(reason).partition(",")
    return first + ", ...)" if comma else first
