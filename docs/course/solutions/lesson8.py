"""Solutions of lesson 8."""

from srcnn_theano.backend import T


def n_loops(function):
    nodes = function.maker.fgraph.toposort()
    return sum(isinstance(node.op, T.elemwise.Elemwise) for node in nodes)


def polynomial(x, coefficients):
    total = T.zeros_like(x)
    for coefficient in reversed(coefficients):
        total = total * x + coefficient
    return total
