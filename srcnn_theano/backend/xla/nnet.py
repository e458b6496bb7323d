"""Softmax, cross-entropy, and what Theano's optimiser makes of the two."""

import jax
import jax.numpy as jnp

import srcnn_theano.backend.internals as ops
from srcnn_theano.backend.xla.lower import lower


def _axis(op):
    """The axis of a softmax: the last in Theano, a property of the op in Aesara."""
    return getattr(op, "axis", -1)


@lower.register(ops.Softmax)
def _softmax(op, node, x):
    return jax.nn.softmax(x, axis=_axis(op))


@lower.register(ops.LogSoftmax)
def _log_softmax(op, node, x):
    return jax.nn.log_softmax(x, axis=_axis(op))


@lower.register(ops.SoftmaxGrad)
def _softmax_gradient(op, node, gradient, softmax):
    weighted = gradient * softmax
    return weighted - softmax * jnp.sum(weighted, axis=_axis(op), keepdims=True)


@lower.register(ops.SoftmaxWithBias)
def _softmax_with_bias(op, node, x, bias):
    return jax.nn.softmax(x + bias, axis=-1)


@lower.register(ops.CrossentropySoftmaxArgmax1HotWithBias)
def _cross_entropy_with_bias(op, node, x, bias, labels):
    x = x + bias
    return [
        -_of_label(jax.nn.log_softmax(x, axis=-1), labels),
        jax.nn.softmax(x, axis=-1),
        jnp.argmax(x, axis=-1).astype(node.outputs[2].dtype),
    ]


@lower.register(ops.CrossentropySoftmax1HotWithBiasDx)
def _cross_entropy_gradient(op, node, gradient, softmax, labels):
    wanted = jax.nn.one_hot(labels, softmax.shape[-1], dtype=softmax.dtype)
    gradient = jnp.broadcast_to(gradient, softmax.shape[:1])
    return gradient[:, None] * (softmax - wanted)


@lower.register(ops.CrossentropyCategorical1Hot)
def _cross_entropy(op, node, distribution, labels):
    return -jnp.log(_of_label(distribution, labels))


@lower.register(ops.CrossentropyCategorical1HotGrad)
def _cross_entropy_to_distribution(op, node, gradient, distribution, labels):
    wanted = jax.nn.one_hot(labels, distribution.shape[-1], dtype=distribution.dtype)
    return -wanted * gradient[:, None] / _of_label(distribution, labels)[:, None]


def _of_label(x, labels):
    """From each row the number that its label names."""
    return jnp.take_along_axis(x, jnp.asarray(labels)[:, None], axis=1)[:, 0]
