"""Solutions of lesson 1."""

from srcnn_theano.backend import T, theano


def squared_distance():
    a, b = T.vector("a"), T.vector("b")
    return theano.function([a, b], T.sum(T.square(a - b)))


def running_mean():
    value = T.dscalar("value")
    total, count = theano.shared(0.0, name="total"), theano.shared(0.0, name="count")
    # What is returned is written with the new values, not with the shared variables.
    new_total, new_count = total + value, count + 1.0
    updates = [(total, new_total), (count, new_count)]
    return theano.function([value], new_total / new_count, updates=updates)
