import numpy as np
import pytest

from srcnn_theano.backend import T, graphs, onednn, theano


def rewriting_of(inputs, outputs, *arguments, **options):
    return graphs.rewriting(
        lambda mode: theano.function(inputs, outputs, mode=mode, **options), *arguments
    )


@pytest.fixture(scope="module")
def step():
    """(x * W).sum(), and W moves by it: four ops, written by hand."""
    x = T.matrix("x")
    W = theano.shared(np.ones((4, 3), "float32"), name="layer.W")
    cost = T.sum(x * W)
    return rewriting_of(
        [x],
        [cost],
        np.zeros((4, 3), "float32"),
        updates=[(W, W - np.float32(0.5) * cost)],
    )


def test_ops_of_a_small_graph_are_counted(step):
    # The number and the cost are spread over the matrix before they are used.
    assert step.before.counts() == {
        "Elemwise{mul}": 2,
        "Elemwise{sub}": 1,
        "Sum": 1,
        "DimShuffle": 1,
    }
    kinds = {node.op: node.kind for node in step.before.nodes}
    assert kinds == {
        "Elemwise{mul}": "elementwise",
        "Elemwise{sub}": "elementwise",
        "Sum": "reduction",
        "DimShuffle": "bookkeeping",
    }


def test_edges_lead_from_results_to_their_readers(step):
    """Evaluating the plain data in NumPy gives what Theano's function gives."""
    work = {
        "Elemwise{mul}": np.multiply,
        "Elemwise{sub}": np.subtract,
        "Sum": np.sum,
        "DimShuffle": lambda x: np.reshape(x, (1, 1)),
    }
    graph = step.before
    x = np.random.RandomState(0).normal(size=(4, 3)).astype("float32")
    values = {}
    for i, variable in enumerate(graph.variables):
        if variable.role == "constant":
            values[i] = float(variable.value)
        elif variable.role == "input":
            values[i] = x
        elif variable.role == "shared":
            values[i] = np.ones((4, 3))
    for node in graph.nodes:
        (result,) = node.outputs
        values[result] = work[node.op](*(values[i] for i in node.inputs))
        assert np.shape(values[result]) == graph.variables[result].shape
    np.testing.assert_allclose(values[graph.outputs[0]], x.sum(), rtol=1e-5)
    ((shared, new),) = graph.updates
    assert graph.variables[shared].name == "layer.W"
    np.testing.assert_allclose(values[new], 1 - 0.5 * x.sum() * np.ones((4, 3)), 1e-5)


@pytest.mark.parametrize("side", ["before", "after"])
def test_nodes_come_after_what_they_read(step, side):
    graph = getattr(step, side)
    known = {
        i for i, one in enumerate(graph.variables) if one.role in ("input", "shared")
    }
    known |= {i for i, one in enumerate(graph.variables) if one.role == "constant"}
    for node in graph.nodes:
        assert known.issuperset(node.inputs)
        known.update(node.outputs)
    assert known == set(range(len(graph.variables)))


def test_it_is_the_graph_of_the_compiled_function():
    x, y = T.vectors("x", "y")
    outputs = [T.exp(x) * T.exp(x) + y, T.log(T.exp(y))]
    found = rewriting_of([x, y], outputs, *[np.zeros(5, "float32")] * 2)
    compiled = theano.function([x, y], outputs).maker.fgraph
    ops = sorted(str(node.op) for node in compiled.apply_nodes)
    assert sorted(node.text for node in found.after.nodes) == ops
    assert len(found.before.nodes) == 6
    assert found.rewrites["MergeOptimizer"] == 1  # exp(x) with exp(x)
    edges = sum(len(node.inputs) for node in compiled.apply_nodes)
    assert sum(len(node.inputs) for node in found.after.nodes) == edges


def test_fusion_is_told():
    x = T.vector("x")
    found = rewriting_of([x], T.tanh(x * 3 + 1), np.zeros(5, "float32"))
    (node,) = found.after.nodes
    assert node.op == "Elemwise{Composite}"
    assert node.rewrite in found.rewrites
    assert "tanh" in node.text


def test_what_is_overwritten_is_told():
    x = T.vector("x")
    state = theano.shared(np.zeros(5, "float32"), name="state")
    found = rewriting_of(
        [x], [], np.zeros(5, "float32"), updates=[(state, state + x * 2)]
    )
    (node,) = found.after.nodes
    overwritten = [found.after.variables[node.inputs[i]] for i in node.overwrites]
    assert [variable.name for variable in overwritten] == ["state"]
    assert all(not node.overwrites for node in found.before.nodes)


def test_shapes_follow_arithmetic_on_lengths():
    x = T.tensor4("x")
    rows = x.shape[2]
    part = x[:, :, 1 : rows - 2, ::2]
    maps = T.nnet.conv2d(part, T.zeros((6, 3, 5, 3)), border_mode="half")
    found = rewriting_of([x], maps, np.zeros((2, 3, 20, 11), "float32"))
    for graph in (found.before, found.after):
        assert graph.variables[graph.outputs[0]].shape == (2, 6, 17, 6)


def test_a_shape_that_depends_on_values_is_left_open():
    x = T.vector("x")
    found = rewriting_of([x], x[T.nonzero(x)], np.zeros(5, "float32"))
    assert found.before.variables[found.before.outputs[0]].shape is None


def test_constants_tell_their_value():
    x = T.matrix("x")
    spread = x * T.constant(np.full((2, 2), 7, "float32")) + np.float32(0.25)
    found = rewriting_of([x], spread, np.zeros((2, 2), "float32"))
    values = {one.value for one in found.before.variables if one.role == "constant"}
    assert values == {"7 everywhere", "0.25"}


@pytest.mark.skipif(not onednn.available(), reason="no oneDNN here")
def test_our_convolutions_are_named_by_what_they_do():
    x, W = T.tensor4("x"), T.tensor4("W")
    maps = T.nnet.conv2d(x, W)
    arguments = [np.zeros((1, 3, 9, 9), "float32"), np.zeros((2, 3, 3, 3), "float32")]
    found = rewriting_of([x, W], [maps] + T.grad(T.sum(maps), [x, W]), *arguments)
    counts = found.after.counts()
    for what in ("forward", "to_filters", "to_images"):
        assert counts[f"Convolution{{{what}}}"] == 1
    kinds = {node.kind for node in found.after.nodes if "Convolution" in node.op}
    assert kinds == {"convolution"}
