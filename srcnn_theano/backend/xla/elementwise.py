"""Element-wise operations: by the name of Theano's scalar op, a function of JAX."""

from __future__ import annotations

import functools
import operator
from typing import Any, Sequence

import jax
import jax.numpy as jnp
import numpy as np

import srcnn_theano.backend.internals as ops
from srcnn_theano.backend.xla.lower import Affine, lower


def _all(function):
    """A function of two as one of any number."""
    return lambda *values: functools.reduce(function, values)


def _clip(x, low, high):
    return jnp.where(x < low, low, jnp.where(x > high, high, x))


def _round_half_away(x):
    return jnp.trunc(x + jnp.copysign(jnp.asarray(0.5, x.dtype), x))


def _softplus(x):
    return jnp.logaddexp(x, jnp.zeros((), x.dtype))


# Theano casts the inputs of these to the type of the output.
_ARITHMETIC = {
    "Abs": jnp.abs,
    "Add": _all(operator.add),
    "AND": _all(jnp.bitwise_and),
    "ArcCos": jnp.arccos,
    "ArcCosh": jnp.arccosh,
    "ArcSin": jnp.arcsin,
    "ArcSinh": jnp.arcsinh,
    "ArcTan": jnp.arctan,
    "ArcTan2": jnp.arctan2,
    "ArcTanh": jnp.arctanh,
    "Cast": lambda x: x,
    "Ceil": jnp.ceil,
    "Clip": _clip,
    "Cos": jnp.cos,
    "Cosh": jnp.cosh,
    "Deg2Rad": jnp.deg2rad,
    "Erf": jax.scipy.special.erf,
    "Erfc": jax.scipy.special.erfc,
    "Erfinv": jax.scipy.special.erfinv,
    "Exp": jnp.exp,
    "Exp2": jnp.exp2,
    "Expm1": jnp.expm1,
    "Floor": jnp.floor,
    "FloorDivide": jnp.floor_divide,
    "GammaLn": jax.scipy.special.gammaln,
    "Identity": lambda x: x,
    "IntDiv": jnp.floor_divide,
    "Inv": lambda x: 1 / x,
    "Invert": jnp.invert,
    "Log": jnp.log,
    "Log10": jnp.log10,
    "Log1p": jnp.log1p,
    "Log2": jnp.log2,
    "Maximum": _all(jnp.maximum),
    "Minimum": _all(jnp.minimum),
    "Mod": jnp.mod,
    "Mul": _all(operator.mul),
    "Neg": operator.neg,
    "OR": _all(jnp.bitwise_or),
    "Pow": jnp.power,
    "Psi": jax.scipy.special.digamma,
    "Rad2Deg": jnp.rad2deg,
    "Reciprocal": lambda x: 1 / x,
    "RoundHalfAwayFromZero": _round_half_away,
    "RoundHalfToEven": jnp.rint,
    "ScalarMaximum": _all(jnp.maximum),
    "ScalarMinimum": _all(jnp.minimum),
    "ScalarSigmoid": jax.nn.sigmoid,
    "ScalarSoftplus": _softplus,
    "ScalarSoftsign": lambda x: x / (1 + jnp.abs(x)),
    "Second": lambda shape, x: jnp.broadcast_to(
        x, jnp.broadcast_shapes(jnp.shape(shape), jnp.shape(x))
    ),
    "Sgn": jnp.sign,
    "Sigmoid": jax.nn.sigmoid,
    "Sin": jnp.sin,
    "Sinh": jnp.sinh,
    "Softplus": _softplus,
    "Sqr": jnp.square,
    "Sqrt": jnp.sqrt,
    "Sub": operator.sub,
    "Tan": jnp.tan,
    "Tanh": jnp.tanh,
    "TrueDiv": jnp.true_divide,
    "TrueDivide": jnp.true_divide,
    "Trunc": jnp.trunc,
    "XOR": _all(jnp.bitwise_xor),
}

# The inputs of these are cast to a type of their own.
_COMPARISONS = {
    "EQ": operator.eq,
    "GE": operator.ge,
    "GT": operator.gt,
    "IsInf": jnp.isinf,
    "IsNan": jnp.isnan,
    "LE": operator.le,
    "LT": operator.lt,
    "NEQ": operator.ne,
}

_AFFINE = {
    "Add": _all(operator.add),
    "Cast": lambda x: x,
    "Identity": lambda x: x,
    "Mul": _all(operator.mul),
    "Neg": operator.neg,
    "Second": lambda _, x: x,
    "Sub": operator.sub,
}


@lower.register(ops.Elemwise)
def _elemwise(op, node, *inputs):
    return _apply(op.scalar_op, node, inputs)


@lower.register(ops.ScalarOp)
def _scalar(op, node, *inputs):
    return _apply(op, node, inputs)


def affine(op: Any, node: Any, inputs: Sequence) -> Affine | None:
    """The `Affine` that an element-wise node makes of others, or None."""
    if isinstance(op, (ops.ScalarFromTensor, ops.TensorFromScalar)):
        return inputs[0]
    name = type(getattr(op, "scalar_op", op)).__name__
    if name not in _AFFINE or node.outputs[0].type.dtype not in ("int32", "int64"):
        return None
    if not all(isinstance(x, Affine) or np.ndim(x) == 0 for x in inputs):
        return None
    try:
        return _AFFINE[name](*inputs)
    except TypeError:  # the product of two
        return None


def _apply(scalar_op, node, inputs):
    name, wanted = type(scalar_op).__name__, np.dtype(node.outputs[0].type.dtype)
    if isinstance(scalar_op, ops.Composite):
        return _composite(scalar_op.fgraph, inputs)
    arrays = [jnp.asarray(x) for x in inputs]
    if name == "Switch":
        condition, *branches = arrays
        if _is_rectifier(node):
            return jnp.maximum(branches[1].astype(wanted), 0)
        return jnp.where(condition != 0, *(x.astype(wanted) for x in branches))
    if name in _COMPARISONS:
        common = np.result_type(*(x.type.dtype for x in node.inputs))
        result = _COMPARISONS[name](*(x.astype(common) for x in arrays))
        return jnp.asarray(result).astype(wanted)
    if name not in _ARITHMETIC:
        raise NotImplementedError(
            f"there is no lowering to XLA for the element-wise {name}"
        )
    if name == "Cast" and wanted.kind in "iu" and arrays[0].dtype.kind == "f":
        # As in C: towards zero. JAX clamps what does not fit, C wraps round.
        return jnp.trunc(arrays[0]).astype(wanted)
    return _ARITHMETIC[name](*(x.astype(wanted) for x in arrays)).astype(wanted)


def _is_rectifier(node):
    """Whether a switch is ``switch(x <= 0, 0, x)``, which is the larger of x and 0.

    The gradient compares x as well. Where the two share the comparison, XLA for the CPU
    leaves it in an order of axes that is slow to sum over.
    """
    compared, zero, x = node.inputs
    op = getattr(compared.owner, "op", None)
    if type(getattr(op, "scalar_op", op)).__name__ != "LE":
        return False
    constants = zero, compared.owner.inputs[1]
    are_zero = all(np.all(getattr(c, "data", None) == 0) for c in constants)
    return compared.owner.inputs[0] is x and are_zero


def _composite(fgraph, inputs):
    """Several scalar operations that a rewrite has joined."""
    values = dict(zip(fgraph.inputs, inputs))

    def value(variable):
        return variable.data if hasattr(variable, "data") else values[variable]

    for node in fgraph.toposort():
        arguments = [value(x) for x in node.inputs]
        values[node.outputs[0]] = _apply(node.op, node, arguments)
    return [value(x) for x in fgraph.outputs]
