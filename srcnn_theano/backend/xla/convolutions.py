"""Convolutions and pooling."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

import srcnn_theano.backend.internals as ops
from srcnn_theano.backend.xla.lower import EXACT, lower, static


@lower.register(ops.AbstractConv)
def _convolution(op, node, images, filters):
    return _convolve(op, images, filters)


@lower.register(ops.AbstractConv_gradWeights)
def _to_filters(op, node, images, gradient, size):
    shape = (gradient.shape[1], images.shape[1] // op.num_groups)
    shape += static(size, "the size of the filters")
    convolve = _way_to_gradients(op)
    return _adjoint(lambda filters: convolve(op, images, filters), shape, gradient)


@lower.register(ops.AbstractConv_gradInputs)
def _to_images(op, node, filters, gradient, size):
    shape = (gradient.shape[0], filters.shape[1] * op.num_groups)
    shape += static(size, "the size of the images")
    convolve = _way_to_gradients(op)
    return _adjoint(lambda images: convolve(op, images, filters), shape, gradient)


def _way_to_gradients(op):
    """The function that writes down the convolution whose gradient is wanted."""
    plain = op.num_groups == 1 and set(op.filter_dilation) == {1} and not op.unshared
    return _convolve_by_phases if max(op.subsample) > 1 and plain else _convolve


def _convolve_by_phases(op, images, filters):
    """A convolution with a stride as one without, of more and smaller maps.

    This is for its gradients. XLA would spread out the gradient that comes in, and
    convolve with zeros and all (and version 0.4.30 dies of some sizes). But pixels
    whose positions are equal modulo the stride meet every stride-th number of the
    filters only: each such phase can be a map of its own.
    """
    lengths, padding = filters.shape[2:], _padding(op, filters.shape[2:])
    sizes = [n + sum(extra) for n, extra in zip(images.shape[2:], padding)]
    steps = op.subsample
    n_out = [(n - k) // step + 1 for n, k, step in zip(sizes, lengths, steps)]
    parts = [-(-k // step) for k, step in zip(lengths, steps)]
    wanted = [(n + k - 1) * step for n, k, step in zip(n_out, parts, steps)]
    starts = [before for before, _ in padding]
    filters = _as_correlated(op, filters)
    return lax.conv_general_dilated(
        _phases(images, starts, wanted, steps),
        _phases(filters, [0] * op.convdim, np.multiply(parts, steps), steps),
        (1,) * op.convdim,
        "VALID",
        precision=EXACT,
    )


def _phases(x, before, wanted, steps):
    """(n, maps, rows, ...) -> (n, maps * row phases * ..., rows / step, ...).

    Zeros are put `before` each axis, and behind it so many (or so many numbers are cut
    off) that its length is the one `wanted`, a multiple of the step.
    """
    extra = [
        (first, length - first - n, 0)
        for first, length, n in zip(before, wanted, x.shape[2:])
    ]
    x = lax.pad(x, jnp.zeros((), x.dtype), [(0, 0, 0), (0, 0, 0)] + extra)
    split = [(length // step, step) for length, step in zip(wanted, steps)]
    x = x.reshape(x.shape[:2] + tuple(itertools.chain(*split)))
    axes = range(len(steps))
    x = x.transpose([0, 1] + [3 + 2 * i for i in axes] + [2 + 2 * i for i in axes])
    return x.reshape((x.shape[0], -1) + tuple(n for n, _ in split))


def _adjoint(linear, shape, gradient):
    """The gradient of <linear(x), gradient> with respect to an x of this shape."""
    x = jax.ShapeDtypeStruct(shape, gradient.dtype)
    return jax.linear_transpose(linear, x)(gradient)[0]


def _convolve(op, images, filters):
    """A correlation as Theano's abstract convolution asks for it."""
    if op.unshared:
        raise NotImplementedError("there is no lowering to XLA for unshared filters")
    axes = "DHW"[-op.convdim :]
    return lax.conv_general_dilated(
        images,
        _as_correlated(op, filters),
        op.subsample,
        _padding(op, filters.shape[2:]),
        rhs_dilation=op.filter_dilation,
        dimension_numbers=("NC" + axes, "OI" + axes, "NC" + axes),
        feature_group_count=op.num_groups,
        precision=EXACT,
    )


def _as_correlated(op, filters):
    """Filters for a correlation: Theano's are turned round, unless the op says not."""
    return jnp.flip(filters, range(2, filters.ndim)) if op.filter_flip else filters


_NAMED_PADDING = {
    "valid": lambda length: 0,
    "half": lambda length: length // 2,
    "full": lambda length: length - 1,
}


def _padding(op, lengths):
    """Zeros (before, after) on each axis."""
    if isinstance(op.border_mode, str):
        spread = [(n - 1) * step + 1 for n, step in zip(lengths, op.filter_dilation)]
        return [(_NAMED_PADDING[op.border_mode](n),) * 2 for n in spread]
    modes = op.border_mode
    modes = (modes,) * op.convdim if isinstance(modes, int) else modes
    return [tuple(np.broadcast_to(mode, 2).tolist()) for mode in modes]


class _Windows:
    """The windows of a pooling op on an array.

    Attributes
    ----------
    size, stride, pad : tuples of int, for each axis of the array
    overhang : list of int
        How far the last window reaches beyond the padded array.
    """

    def __init__(self, op, x, size, stride, pad):
        size, stride, pad = (
            static(value, what)
            for value, what in (
                (size, "the size of the windows"),
                (stride, "the step of the windows"),
                (pad, "the padding"),
            )
        )
        n_out = op.out_shape(x.shape, size, op.ignore_border, stride, pad, op.ndim)
        before = x.ndim - op.ndim
        self.mode = op.mode
        self.size, self.stride = (1,) * before + size, (1,) * before + stride
        self.pad = (0,) * before + pad
        self.n_out = tuple(int(n) for n in n_out)
        self.overhang = [
            max(0, (n - 1) * step + length - n_x - 2 * extra)
            for n, step, length, n_x, extra in zip(
                self.n_out, self.stride, self.size, x.shape, self.pad
            )
        ]

    def padded(self, x, value):
        """The array with the padding that the op asks for."""
        return jnp.pad(x, [(n, n) for n in self.pad], constant_values=value)

    def reduce(self, x, function, start):
        """Reduce each window of a padded array; beyond its edge there is `start`."""
        start = np.asarray(start, x.dtype)
        overhang = [(0, n) for n in self.overhang]
        return lax.reduce_window(x, start, function, self.size, self.stride, overhang)

    def largest(self, x):
        lowest = _lowest(x.dtype)
        return self.reduce(self.padded(x, lowest), lax.max, lowest)

    def average(self, x):
        """The average of the numbers that count, or their sum, as the mode says."""
        total = self.reduce(self.padded(x, 0), lax.add, 0)
        if self.mode == "sum":
            return total
        ones = jnp.ones(x.shape, x.dtype)
        counted = self.padded(ones, 1 if self.mode == "average_inc_pad" else 0)
        return total / self.reduce(counted, lax.add, 0)


def _lowest(dtype):
    return -np.inf if dtype.kind == "f" else np.iinfo(dtype).min


@lower.register(ops.Pool)
def _pool(op, node, x, *window):
    windows = _Windows(op, x, *window)
    return windows.largest(x) if op.mode == "max" else windows.average(x)


@lower.register(ops.AveragePoolGrad)
def _average_pool_gradient(op, node, x, gradient, *window):
    return _adjoint(_Windows(op, x, *window).average, x.shape, gradient)


@lower.register(ops.MaxPoolGrad)
def _max_pool_gradient(op, node, x, largest, gradient, *window):
    """Each number that is its window's largest gets the gradient, as in Theano."""
    windows, lowest = _Windows(op, x, *window), _lowest(x.dtype)
    inside = tuple(slice(n, n + length) for n, length in zip(windows.pad, x.shape))
    overhang = [(0, n) for n in windows.overhang]
    x = jnp.pad(windows.padded(x, lowest), overhang, constant_values=lowest)
    total = jnp.zeros_like(x)
    for offset in itertools.product(*(range(n) for n in windows.size)):
        # The numbers at this place in all windows.
        ends = [
            at + (n - 1) * step + 1
            for at, n, step in zip(offset, windows.n_out, windows.stride)
        ]
        place = tuple(map(slice, offset, ends, windows.stride))
        total = total.at[place].add(jnp.where(x[place] == largest, gradient, 0))
    return total[inside]
