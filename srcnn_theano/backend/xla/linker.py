"""A linker: Theano's optimised graph as one function that XLA compiles.

Theano's own linkers call a piece of code for each node of a graph. This one makes an
`XLAFunction` of all nodes, and refuses a graph with an op that has no lowering.
"""

from __future__ import annotations

from typing import Any

from srcnn_theano.backend.internals import (
    Container,
    LocalLinker,
    Mode,
    Query,
    map_storage,
)
from srcnn_theano.backend.xla import arrays, convolutions, nnet  # noqa: F401
from srcnn_theano.backend.xla.evaluation import about
from srcnn_theano.backend.xla.function import Resident, XLAFunction
from srcnn_theano.backend.xla.lower import lower


class XLALinker(LocalLinker):
    """Link a graph into one function of JAX's, compiled at its first call.

    Parameters
    ----------
    device : jax.Device
    """

    # XLA takes subnormal numbers for 0 in its own threads; what JAX does in Python
    # before that must have them.
    flushes_itself = True

    def __init__(
        self, device: Any, allow_gc: bool | None = None, scheduler: Any = None
    ) -> None:
        super().__init__(allow_gc=allow_gc, scheduler=scheduler)
        self.device = device
        self.fgraph: Any = None
        self.updated_vars: dict = {}

    def accept(
        self, fgraph: Any, no_recycling: Any = None, profile: Any = None
    ) -> XLALinker:
        """This linker for `fgraph`; a new one if it has another graph already."""
        if self.fgraph is not None and self.fgraph is not fgraph:
            return type(self)(self.device).accept(fgraph, no_recycling, profile)
        self.fgraph = fgraph
        return self

    def accept_var_updates(self, updated_vars: dict) -> None:
        """Remember which output, by input, becomes the input's value after a call."""
        self.updated_vars = updated_vars

    def make_all(
        self,
        input_storage: Any = None,
        output_storage: Any = None,
        storage_map: Any = None,
    ) -> tuple[XLAFunction, list, list, list, list]:
        """As in Theano: (function, inputs, outputs, thunks, nodes).

        Raises
        ------
        NotImplementedError
            The graph has ops that cannot be lowered; the first is named, with the line
            that it comes from.
        """
        nodes = self.schedule(self.fgraph)
        for node in nodes:
            if lower.dispatch(type(node.op)) is lower.dispatch(object):
                raise about(node, NotImplementedError, "it has no lowering to XLA")
        input_storage, output_storage, _ = map_storage(
            self.fgraph, nodes, input_storage, output_storage, storage_map
        )
        function = XLAFunction(
            self.fgraph, nodes, self.updated_vars, input_storage, self.device
        )
        inputs = [
            Resident(variable, storage)
            for variable, storage in zip(self.fgraph.inputs, input_storage)
        ]
        outputs = [
            Container(variable, storage, readonly=True)
            for variable, storage in zip(self.fgraph.outputs, output_storage)
        ]
        return function, inputs, outputs, [function], nodes


def xla_linker_mode(device: Any) -> Mode:
    """The mode that optimises for this linker, and links with it.

    Left out are the rewrites that are for C code: convolutions stay the abstract ones,
    products are not turned into BLAS calls, and XLA fuses and reuses memory by itself.
    """
    optimizer = Query(
        include=["fast_run"],
        exclude=[
            "conv_opts",
            "conv_onednn",
            "AbstractConvCheck",
            "BlasOpt",
            "cxx_only",
            "fusion",
            "inplace",
        ],
    )
    return Mode(XLALinker(device), optimizer)
