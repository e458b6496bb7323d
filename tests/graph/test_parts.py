import numpy as np
import pytest

from srcnn_theano.backend import T, graphs, theano
from srcnn_theano.graph.parts import Group, find_parts


def shared(name, shape=(3,)):
    return theano.shared(np.ones(shape, "float32"), name=name)


@pytest.fixture(scope="module")
def step():
    """Two layers, a target and a step of momentum, each with ops of its own."""
    x = shared("low_res")
    y = shared("high_res")
    W1, W2 = shared("a.W"), shared("b.W")
    v1, v2 = shared("a.W.velocity"), shared("b.W.velocity")
    rate = shared("learning_rate", ())
    scaled = T.exp(x)
    first = T.tanh(scaled * W1)
    second = T.abs_(first + W2)
    cost = T.sum(second - T.log(y))
    # Not a true gradient, but it reads and feeds what a gradient does.
    g2 = T.sin(second)
    g1 = T.cos(g2)
    new1, new2 = T.erf(v1) - g1, T.erf(v2) - g2
    found = graphs.rewriting(
        lambda mode: theano.function(
            [],
            cost,
            mode=mode,
            updates=[
                (v1, new1),
                (v2, new2),
                (W1, W1 - T.sqrt(rate) * new1),
                (W2, W2 - T.sqrt(rate) * new2),
            ],
        )
    )
    return found.before


def parts_by_op(graph, layers=("a", "b")):
    parts = find_parts(graph, list(layers))
    found = {}
    for node, group in zip(graph.nodes, parts.of_nodes):
        found.setdefault(node.op, set()).add(parts.groups[group].title)
    return found


def test_ops_are_found_where_they_were_written(step):
    found = parts_by_op(step)
    assert found["Elemwise{exp}"] == {"input"}
    assert found["Elemwise{tanh}"] == {"a"}
    assert found["Elemwise{abs}"] == {"b"}
    assert found["Elemwise{log}"] == {"target"}
    assert found["Sum"] == {"cost"}
    # A gradient goes down: that of the second layer moves the first one too.
    assert found["Elemwise{sin}"] == {"gradient of b"}
    assert found["Elemwise{cos}"] == {"gradient of a"}
    assert found["Elemwise{erf}"] == {"update of a", "update of b"}


def test_rows_and_columns_follow_the_layers(step):
    groups = find_parts(step, ["a", "b"]).groups
    assert groups[:5] == [
        Group("input", 0, 0),
        Group("a", 0, 1),
        Group("b", 0, 2),
        Group("target", 0, 3),
        Group("cost", 0, 4),
    ]
    assert Group("gradient of a", 1, 1) in groups
    assert Group("update of b", 2, 2) in groups
    assert len(set(groups)) == len(groups)


def test_every_node_has_a_part(step):
    parts = find_parts(step, ["a", "b"])
    assert len(parts.of_nodes) == len(step.nodes)
    assert set(parts.of_nodes) == set(range(len(parts.groups)))


def test_what_depends_on_constants_alone_is_with_its_reader():
    x, W = T.matrix("x"), shared("a.W", (3, 3))
    out = T.dot(x, W) + T.constant(2.0, dtype="float32").dimshuffle("x", "x")
    found = graphs.rewriting(
        lambda mode: theano.function([x], out, mode=mode), np.zeros((3, 3), "float32")
    )
    assert parts_by_op(found.before, ["a"])["DimShuffle"] == {"a"}


def test_fused_layers_share_their_names():
    x, W, V = T.vector("x"), shared("a.W"), shared("b.W")
    out = T.sqr(x * W * V)
    found = graphs.rewriting(
        lambda mode: theano.function([x], out, mode=mode), np.zeros(3, "float32")
    )
    assert {one.title for one in find_parts(found.after, ["a", "b"]).groups} == {
        "a + b"
    }
