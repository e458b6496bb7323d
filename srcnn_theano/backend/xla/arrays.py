"""Shapes, indexing, joining, reductions, products, sorting."""

import jax.numpy as jnp
import numpy as np
from jax import lax

import srcnn_theano.backend.internals as ops
from srcnn_theano.backend.declared import Declared
from srcnn_theano.backend.xla.lower import EXACT, Affine, lower, static

# --- Ops that give their first input as it is ---


def _same(op, node, value, *_):
    return value


for _class in (
    ops.Assert,
    ops.CpuContiguous,
    ops.DeepCopyOp,
    ops.ScalarFromTensor,
    ops.SpecifyShape,
    ops.TensorFromScalar,
    ops.ViewOp,
    *ops.Rebroadcast,
):
    lower.register(_class, _same)


@lower.register(Declared)
def _declared(op, node, x):
    op.check(jnp.shape(x))
    return x


# --- Shapes, which are known while the function is traced ---


@lower.register(ops.Shape)
def _shape(op, node, x):
    return np.array(jnp.shape(x), "int64")


@lower.register(ops.Shape_i)
def _shape_i(op, node, x):
    return np.array(jnp.shape(x)[op.i], "int64")


@lower.register(ops.Reshape)
def _reshape(op, node, x, shape):
    return jnp.reshape(x, static(shape, "the new shape"))


@lower.register(ops.DimShuffle)
def _dimshuffle(op, node, x):
    kept = [axis for axis in op.new_order if axis != "x"]
    dropped = [axis for axis in range(jnp.ndim(x)) if axis not in kept]
    x = jnp.transpose(x, kept + dropped)
    lengths = iter(x.shape)
    return x.reshape([1 if axis == "x" else next(lengths) for axis in op.new_order])


@lower.register(ops.MakeVector)
def _make_vector(op, node, *numbers):
    return jnp.stack([jnp.asarray(x, op.dtype) for x in numbers])


@lower.register(ops.Alloc)
def _alloc(op, node, value, *lengths):
    return jnp.broadcast_to(value, [static(n, "the shape")[0] for n in lengths])


@lower.register(ops.AllocEmpty)
def _alloc_empty(op, node, *lengths):
    return jnp.zeros([static(n, "the shape")[0] for n in lengths], op.dtype)


@lower.register(ops.ARange)
def _arange(op, node, *limits):
    limits = [static(limit, "the length")[0] for limit in limits]
    return jnp.arange(*limits, dtype=op.dtype)


@lower.register(ops.Eye)
def _eye(op, node, n, m, k):
    n, m, k = (static(x, "the shape")[0] for x in (n, m, k))
    return jnp.eye(n, m, k, dtype=op.dtype)


@lower.register(ops.BroadcastTo)
def _broadcast_to(op, node, x, *shape):
    return jnp.broadcast_to(x, [static(n, "the shape")[0] for n in shape])


# --- Indexing ---


@lower.register(ops.Subtensor)
def _subtensor(op, node, x, *inputs):
    starts, sizes, rest = _region(x, ops.get_idx_list((x,) + inputs, op.idx_list))
    return (x if starts is None else lax.dynamic_slice(x, starts, sizes))[rest]


@lower.register(ops.IncSubtensor)
def _inc_subtensor(op, node, x, y, *inputs):
    x = jnp.asarray(x)
    starts, sizes, rest = _region(x, ops.get_idx_list((x,) + inputs, op.idx_list))
    region = x if starts is None else lax.dynamic_slice(x, starts, sizes)
    region = _put(op, region.at[rest], y, x.dtype)
    return region if starts is None else lax.dynamic_update_slice(x, region, starts)


def _put(op, place, y, dtype):
    y = jnp.asarray(y, dtype)
    return place.set(y) if op.set_instead_of_inc else place.add(y)


def _region(x, indices):
    """A basic index as (starts, sizes, rest) of ``dynamic_slice(...)[rest]``.

    `starts` is None where all of it is known while the function is traced.
    """
    starts, sizes, rest = [], list(jnp.shape(x)), []
    for length, index in zip(jnp.shape(x), indices):
        start, size, left = _window(index, length)
        if start is not None:
            sizes[len(starts)] = size
        starts.append(start)
        rest.append(left)
    if all(start is None for start in starts):
        return None, None, tuple(rest)
    starts += [None] * (len(sizes) - len(starts))
    starts = [jnp.asarray(0 if n is None else n, "int32") for n in starts]
    return starts, sizes, tuple(rest)


def _window(index, length):
    """An index on an axis as (start, size, index into the result).

    The start is None, and all of the axis taken, where the index is known.
    """
    if isinstance(index, slice):
        bounds = [_bound(x) for x in (index.start, index.stop, index.step)]
        if not any(isinstance(bound, Affine) for bound in bounds):
            return None, length, slice(*bounds)
        start, size = _start_and_size(*bounds, length)
        return _within(start, 0, length - size), size, slice(None)
    if isinstance(index, Affine):
        index = _within(index, -length, length - 1)
    elif isinstance(index, (int, np.ndarray, np.generic)):
        return None, length, int(index)
    return jnp.where(index < 0, index + length, index), 1, 0


def _start_and_size(start, stop, step, length):
    start = 0 if start is None else start
    size = (length if stop is None else stop) - start
    if step not in (None, 1) or isinstance(size, Affine) and size.factors:
        raise NotImplementedError(
            "the length of a slice depends on values that only a call knows, and XLA "
            "needs fixed shapes"
        )
    return start, max(0, size.constant if isinstance(size, Affine) else int(size))


def _bound(bound):
    """A bound of a slice: None, an int or an `Affine`."""
    if bound is None or isinstance(bound, Affine):
        return bound
    return static(bound, "the bound of a slice")[0]


def _within(start, least, most):
    """The traced start; a call will be refused where it is out of bounds."""
    if not isinstance(start, Affine):
        return start
    start.call.limits.append((start, least, most))
    return start.traced


@lower.register(ops.AdvancedSubtensor1)
def _advanced_subtensor1(op, node, x, rows):
    return jnp.asarray(x)[rows]


@lower.register(ops.AdvancedIncSubtensor1)
def _advanced_inc_subtensor1(op, node, x, y, rows):
    x = jnp.asarray(x)
    return _put(op, x.at[rows], y, x.dtype)


@lower.register(ops.AdvancedSubtensor)
def _advanced_subtensor(op, node, x, *index):
    return jnp.asarray(x)[_advanced(index)]


@lower.register(ops.AdvancedIncSubtensor)
def _advanced_inc_subtensor(op, node, x, y, *index):
    x = jnp.asarray(x)
    return _put(op, x.at[_advanced(index)], y, x.dtype)


def _advanced(index):
    return tuple(i.traced if isinstance(i, Affine) else i for i in index)


# --- Joining ---


@lower.register(ops.Join)
def _join(op, node, axis, *parts):
    dtype = node.outputs[0].dtype
    parts = [jnp.asarray(part, dtype) for part in parts]
    return jnp.concatenate(parts, static(axis, "the axis")[0])


@lower.register(ops.Split)
def _split(op, node, x, axis, sizes):
    ends = np.cumsum(static(sizes, "the sizes of the parts"))[:-1]
    return jnp.split(x, ends, static(axis, "the axis")[0])


@lower.register(ops.Repeat)
def _repeat(op, node, x, counts):
    counts = static(counts, "the number of repetitions")
    counts = counts[0] if len(counts) == 1 else np.array(counts)
    return jnp.repeat(x, counts, op.axis)


# --- Reductions ---

_REDUCTIONS = {
    "Add": jnp.sum,
    "Mul": jnp.prod,
    "Maximum": jnp.max,
    "Minimum": jnp.min,
    "ScalarMaximum": jnp.max,
    "ScalarMinimum": jnp.min,
    "AND": jnp.all,
    "OR": jnp.any,
}


@lower.register(ops.CAReduce)
def _reduce(op, node, x):
    name, wanted = type(op.scalar_op).__name__, node.outputs[0].dtype
    if name not in _REDUCTIONS:
        raise NotImplementedError(
            f"there is no lowering to XLA for the reduction by {name}"
        )
    if name in ("Add", "Mul"):
        # Theano adds float32 up in float64.
        x = jnp.asarray(x, getattr(op, "acc_dtype", None) or wanted)
    return _REDUCTIONS[name](x, axis=_axes(op.axis)).astype(wanted)


def _axes(axis):
    return None if axis is None else tuple(np.ravel(axis).tolist())


@lower.register(ops.Argmax)
def _argmax(op, node, x):
    return _position_of_maximum(x, _axes(op.axis))


@lower.register(ops.MaxAndArgmax)
def _max_and_argmax(op, node, x):
    axes = _axes(op.axis)
    return [jnp.max(x, axis=axes), _position_of_maximum(x, axes)]


def _position_of_maximum(x, axes):
    """The position among the numbers along all these axes, in C order."""
    axes = tuple(range(x.ndim)) if axes is None else axes
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    x = jnp.transpose(x, kept + list(axes))
    x = x.reshape(x.shape[: len(kept)] + (-1,))
    return jnp.argmax(x, axis=-1).astype("int64")


@lower.register(ops.CumOp)
def _cumulate(op, node, x):
    function = {"add": jnp.cumsum, "mul": jnp.cumprod}[op.mode]
    return function(x, axis=op.axis, dtype=node.outputs[0].dtype)


# --- Sorting ---


@lower.register(ops.SortOp)
def _sort(op, node, x, axis):
    return jnp.sort(x, axis=static(axis, "the axis")[0])


@lower.register(ops.ArgSortOp)
def _argsort(op, node, x, axis):
    return jnp.argsort(x, axis=static(axis, "the axis")[0]).astype("int64")


# --- Products ---


def _of_type(node, *arrays):
    return (jnp.asarray(x, node.outputs[0].dtype) for x in arrays)


@lower.register(ops.Dot)
def _dot(op, node, a, b):
    return jnp.dot(*_of_type(node, a, b), precision=EXACT)


@lower.register(ops.BatchedDot)
def _batched_dot(op, node, a, b):
    a, b = _of_type(node, a, b)
    # (batch, ...) times (batch, ...): the last axis of a with the first of b.
    contracted = (a.ndim - 1,), (1,)
    return lax.dot_general(a, b, (contracted, ((0,), (0,))), precision=EXACT)


@lower.register(ops.ExtractDiag)
def _extract_diag(op, node, x):
    return jnp.diagonal(x, op.offset, op.axis1, op.axis2)


# --- Eigenvectors, and what is computed now and then ---


@lower.register(ops.Eigh)
def _eigh(op, node, x):
    return list(jnp.linalg.eigh(x, UPLO=op.UPLO))


@lower.register(ops.IfElse)
def _if_else(op, node, condition, *branches):
    # Their values are there already: XLA computes what is not taken, too.
    pairs = zip(branches[: op.n_outs], branches[op.n_outs :])
    return [jnp.where(condition, *pair) for pair in pairs]
