"""Convolutions in bf16: less exact, and up to twice as fast where the processor has it.

A bf16 number is a float32 without its last 16 bits. Images, filters and gradients are
rounded to it on their way into a convolution, products are added up in float32, and
everything else, weights and updates included, stays float32.
"""

from __future__ import annotations

from typing import Any

from srcnn_theano.backend import onednn
from srcnn_theano.backend.internals import (
    GlobalOptimizer,
    ReplaceValidate,
    copy_stack_trace,
    get_default_mode,
    register_optimizer,
)
from srcnn_theano.environment import processor
from srcnn_theano.errors import UserError

_NAME, _TAG = "round_to_bf16", "conv_bf16"


class RoundToBf16(GlobalOptimizer):
    """Convolution -> Convolution{bf16=True}"""

    def add_requirements(self, fgraph: Any) -> None:
        fgraph.attach_feature(ReplaceValidate())

    def apply(self, fgraph: Any) -> None:
        for node in fgraph.toposort():
            if isinstance(node.op, onednn.Convolution):
                results = node.op.but(bf16=True)(*node.inputs)
                for old, new in zip(node.outputs, results):
                    copy_stack_trace(old, new)
                pairs = list(zip(node.outputs, results))
                fgraph.replace_all_validate(pairs, reason=_NAME)


def bf16_mode() -> Any:
    """The theano.Mode in which convolutions round what they multiply.

    Raises
    ------
    UserError
        oneDNN is not there, or the processor has no such instructions.
    """
    if not onednn.multiplies_bf16():
        reason = (
            f"{processor()} has neither AVX512-BF16 nor AMX"
            if onednn.available()
            else "it needs oneDNN, which is missing or switched off"
        )
        raise UserError(f"precision bf16: {reason}; use --precision float32")
    return get_default_mode().including(_TAG)


def register() -> None:
    """Make the rewrite known; only `bf16_mode` asks for it."""
    # After the fusion at 48.65, before element-wise operations are fused at 49.
    register_optimizer(_NAME, RoundToBf16(), 48.7, _TAG)
