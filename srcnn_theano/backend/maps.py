"""PReLU, pooling and sums of feature maps, in whatever order these lie in memory.

Theano's own element-wise loops give their results in C order, and take several times
as long if their arguments lie in another order. Between convolutions, whose maps have
the channels last, this op does each of these things in one pass over memory.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from srcnn_theano.backend.coded import CodedOp
from srcnn_theano.backend.internals import (
    Apply,
    EnumList,
    ParamsType,
    TensorType,
)
from srcnn_theano.backend.library import T

__all__ = ["Maps", "none"]


def none(ndim: int, dtype: str = "float32") -> Any:
    """An empty array, which stands for an input that an op does without."""
    return T.constant(np.zeros((0,) * ndim, dtype))


class Maps(CodedOp):
    """Work on float32 maps in one pass over them; gives (maps, vector).

    ``prelu``: x and slopes give ``y = x`` where x > 0, else ``slope * x``.
    ``prelu_gradient``: x, dy and slopes give dx, ``dy`` where x > 0, else
    ``slope * dy``, and the slopes' own gradient, the sum of ``x * dy`` where x <= 0.
    ``sums``: no maps, but the sum of each; ``total``: that of all.
    ``add``: the sum of two. ``pool``: the largest number of each window of 2 x 2; a
    last odd row or column is left out. ``pool_gradient``: x and dy give dx; each number
    that is its window's largest gets dy, as in Theano. Results lie in memory as the
    first argument does.

    Parameters
    ----------
    what : {'prelu', 'prelu_gradient', 'add', 'pool', 'pool_gradient', 'sums', 'total'}
    """

    check_broadcast = False
    __props__ = ("what_name",)
    params_type = ParamsType(
        what=EnumList(
            ("MAPS_PRELU", "prelu"),
            ("MAPS_PRELU_GRADIENT", "prelu_gradient"),
            ("MAPS_ADD", "add"),
            ("MAPS_POOL", "pool"),
            ("MAPS_POOL_GRADIENT", "pool_gradient"),
            ("MAPS_SUMS", "sums"),
            ("MAPS_TOTAL", "total"),
        )
    )
    what = property(lambda self: self.params_type.enum_from_alias(self.what_name))

    def __init__(self, what: str) -> None:
        super().__init__(
            ["cpp/arrays.h", "cpp/threads.h", "cpp/maps.cpp"],
            "APPLY_SPECIFIC(work_on_maps)",
        )
        self.what_name = what

    def make_node(self, maps: Any, other: Any = None, slopes: Any = None) -> Any:
        """Apply it; slopes are a vector, of one number or of one for each map."""
        other = none(4) if other is None else other
        slopes = none(1) if slopes is None else slopes
        vector = TensorType("float32", (False,))
        kind = maps.type
        if self.what_name == "pool":
            kind = TensorType("float32", maps.broadcastable[:2] + (False, False))
        if self.what_name in ("sums", "total"):
            kind = TensorType("float32", (False,) * 4)
        return Apply(self, [maps, other, slopes], [kind(), vector()])

    def infer_shape(self, fgraph: Any, node: Any, shapes: list) -> list[tuple]:
        maps, _, slopes = shapes
        if self.what_name == "pool":
            maps = (*maps[:2], maps[2] // 2, maps[3] // 2)
        if self.what_name in ("sums", "total"):
            length = maps[1] if self.what_name == "sums" else 1
            return [(0,) * 4, (length,)]
        return [maps, slopes if self.what_name == "prelu_gradient" else (0,)]

    def c_headers(self, **kwargs: Any) -> list[str]:
        return ["<exception>", "<vector>", "<string.h>"]

    def c_compile_args(self, **kwargs: Any) -> list[str]:
        return ["-fopenmp"]
