import json
import re

import numpy as np
import pytest

from srcnn_theano.backend import T, theano
from srcnn_theano.backend.internals import IS_AESARA
from srcnn_theano.errors import UserError
from srcnn_theano.graph import draw
from srcnn_theano.layers.activations import relu
from srcnn_theano.layers.convolution import ConvLayer
from srcnn_theano.layers.normalization import BatchNormLayer
from srcnn_theano.models.srcnn import SRCNN

X = np.array([[1, 2, 3], [4, 5, 6]], "float32")
TARGET = np.array([1, 0], "float32")


def regression():
    """A cost as a student writes it, its input and its parameters."""
    x, t = T.matrix("x"), T.vector("t")
    W = theano.shared(np.array([0.1, -0.2, 0.3], "float32"), name="W")
    b = theano.shared(np.float32(0.5), name="b")
    y = T.dot(x, W) + b
    return x, t, W, b, T.sum(T.sqr(y - t))


def variable(graph, name):
    return next(one for one in graph.variables if one.name == name)


def numbers(text):
    return [float(number) for number in text.split()]


def test_values_and_gradients_of_an_expression_are_numpys(tmp_path):
    *_, cost = regression()
    drawing = draw(cost, tmp_path / "new", inputs=[X, TARGET])
    W = np.array([0.1, -0.2, 0.3], "float32")
    difference = X @ W + 0.5 - TARGET
    result = drawing.before.variables[drawing.before.outputs[0]]
    assert float(result.seen) == pytest.approx((difference**2).sum(), rel=1e-3)
    assert float(result.gradient) == 1
    b, t = variable(drawing.before, "b"), variable(drawing.before, "t")
    assert float(b.gradient) == pytest.approx(2 * difference.sum(), rel=1e-3)
    assert numbers(t.gradient) == pytest.approx(list(-2 * difference), rel=1e-3)
    assert numbers(variable(drawing.before, "W").gradient) == pytest.approx(
        list(2 * difference @ X), rel=1e-3
    )
    after = drawing.after.variables[drawing.after.outputs[0]]
    assert float(after.seen) == pytest.approx((difference**2).sum(), rel=1e-3)
    names = {path.name for path in (tmp_path / "new").iterdir()}
    assert names >= {"index.html", "before.html", "after.html", "before.txt"}
    assert f"= {result.seen} (gradient 1)" in drawing.text()
    assert drawing.text() + "" == (tmp_path / "new" / "before.txt").read_text()


def test_inputs_go_by_name_by_variable_and_alone():
    x, t, *_, cost = regression()
    seen = {
        draw(cost, inputs=inputs).text()
        for inputs in ([X, TARGET], {"x": X, "t": TARGET}, {x: X, t: TARGET})
    }
    assert len(seen) == 1
    (node,) = draw(T.exp(x), inputs=X[:1]).before.nodes
    assert node.op == "Elemwise{exp}"


@pytest.mark.skipif(IS_AESARA, reason="Aesara keeps no graph as it was written")
def test_a_function_is_drawn_with_its_updates():
    x, t, W, b, cost = regression()
    updates = [(p, p - 0.1 * g) for p, g in zip([W, b], T.grad(cost, [W, b]))]
    function = theano.function([x, t], [cost], updates=updates, name="step")
    before_it_was_drawn = W.get_value()
    drawing = draw(function, inputs=[X, TARGET])
    assert repr(drawing).startswith("step: ")
    for graph in (drawing.before, drawing.after):
        new = {graph.variables[s].name: graph.variables[n] for s, n in graph.updates}
        assert set(new) == {"W", "b"}
    np.testing.assert_array_equal(W.get_value(), before_it_was_drawn)
    function(X, TARGET)
    assert numbers(new["W"].seen) == pytest.approx(list(W.get_value()), rel=1e-3)
    assert sorted(str(n.op) for n in function.maker.fgraph.apply_nodes) == sorted(
        node.text for node in drawing.after.nodes
    )


def test_every_node_says_its_line_after_the_optimiser_too():
    *_, cost = regression()
    drawing = draw(cost)
    for graph in (drawing.before, drawing.after):
        for node in graph.nodes:
            assert node.sources, node.text
            assert all(line.startswith("test_drawing.py:") for line in node.sources)
    fused = [node for node in drawing.after.nodes if "Composite" in node.op]
    lines = {line for node in fused for line in node.sources}
    assert any("y = T.dot" in line for line in lines)
    assert any("T.sqr(y - t)" in line for line in lines)


def test_a_model_and_a_layer_are_drawn():
    model = SRCNN(
        np.random.RandomState(0),
        T.tensor4("x"),
        (2, 3, 17, 17),
        n_filters=(4, 2),
        batch_norm="hidden",
    )
    drawing = draw(model)
    graph = drawing.before
    assert graph.variables[graph.outputs[0]].shape == (2, 3, 5, 5)
    boxes = json.loads(
        re.search(r"application/json[^>]*>(.*?)</script>", drawing.page()).group(1)
    )["groups"]
    titles = [box["title"] for box in boxes]
    assert titles == ["input", "conv1", "bn1", "conv2", "bn2", "conv3"]
    layer = ConvLayer(
        None,
        T.tensor4("x"),
        (1, 1, 5, 5),
        (1, 1, 3, 3),
        W=np.ones((1, 1, 3, 3)),
        name="mine",
    )
    seen = draw(layer, inputs=np.ones((1, 1, 5, 5), "float32"))
    assert repr(seen).startswith("mine: ")
    assert seen.before.variables[seen.before.outputs[0]].seen == "9 to 9, mean 9"


def test_nodes_are_in_the_box_of_the_layer_that_wrote_them():
    """The mean over a minibatch is batch norm's, though nothing of it is read."""
    x, is_train = T.tensor4("x"), T.bscalar("is_train")
    conv = ConvLayer(np.random.RandomState(0), x, (2, 1, 5, 5), (2, 1, 3, 3))
    norm = BatchNormLayer(conv.output, conv.output_shape, is_train, activation=relu)
    outside = norm.output * 2
    for side in ("before", "after"):
        graph = getattr(
            draw(
                [outside], inputs={"x": np.ones((2, 1, 5, 5), "float32"), "is_train": 1}
            ),
            side,
        )
        for node in graph.nodes:
            if node.op in ("Sum", "Elemwise{sqr}", "Elemwise{sqrt}"):
                assert node.layers[-1] == "bn", node.text


def test_numbers_that_are_not_finite_are_counted():
    x = T.vector("x")
    (node,) = draw(
        T.log(x), inputs=np.array([0, -1, 1, 2, 3, 4], "float32")
    ).before.nodes
    found = draw(T.log(x), inputs=np.array([0, -1, 1, 2, 3, 4], "float32")).before
    assert found.variables[node.outputs[0]].seen.startswith("2 of 6 not finite; 0 to")


def test_notebooks_show_it_inline():
    *_, cost = regression()
    shown = draw(cost)._repr_html_()
    assert shown.count("<iframe srcdoc=") == 2
    assert 'href="index.html"' not in shown.replace("&quot;", '"')


@pytest.mark.parametrize(
    "inputs, message",
    [
        ({"z": X}, "inputs z: .*it reads x, t"),
        ([X], "1 inputs given, the graph reads 2: x, t"),
        ([TARGET, TARGET], r"input x: it must be .*not float32 of shape \(2,\)"),
        ([X[:, :2], TARGET], r"(?i)dot.* \(from test_drawing.py:\d+: y = T.dot"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(inputs, message):
    *_, cost = regression()
    with pytest.raises(ValueError, match=message):
        draw(cost, inputs=inputs)


def test_two_inputs_of_a_name_keep_their_own_numbers():
    a, b = T.fvector("x"), T.fvector("x")
    product = T.sum(a * b)
    text = draw(product, inputs={a: [1, 2], b: [30, 40]}).text()
    assert text == draw(product, inputs=[[1, 2], [30, 40]]).text()
    assert "110" in text  # 30 + 80
    with pytest.raises(ValueError, match="inputs x: several inputs have this name"):
        draw(product, inputs={"x": [1, 2]})


def test_numbers_that_a_type_cannot_hold_are_refused():
    with pytest.raises(ValueError, match="input k: it must be TensorType.int8"):
        draw(T.bscalar("k") * 2, inputs=[300])


def test_names_are_drawn_without_numbers(tmp_path):
    assert repr(draw("srcnn")).startswith("srcnn, prediction: 19 ops")
    with pytest.raises(ValueError, match="'srcnn': inputs go with"):
        draw("srcnn", inputs=X)
    occupied = tmp_path / "file"
    occupied.write_text("")
    with pytest.raises(UserError, match="file"):
        draw("srcnn", occupied)


# --- What cannot be drawn ---


@pytest.mark.parametrize(
    "what", [None, 3.0, [], [T.scalar(), 3.0], {"a": 1}, np.zeros(100), SRCNN, T.vector]
)
def test_what_has_no_graph_is_refused(what, tmp_path):
    with pytest.raises(ValueError, match="there is no graph to draw; it must be a sym"):
        draw(what, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_compiled_functions_are_drawn_one_by_one():
    x = T.vector("x")
    function = theano.function([x], 2 * x)
    with pytest.raises(ValueError, match="compiled functions: draw them one by one"):
        draw([function, function])


class Plain:
    """A network that is no `Model`: layers and an output, and no more."""

    def __init__(self, *layers):
        self.layers = list(layers)
        self.output = layers[-1].output if layers else T.scalar("x") + 1


def test_a_network_needs_no_is_train():
    x = T.tensor4("x")
    conv = ConvLayer(np.random.RandomState(0), x, (None, 1, 5, 5), (2, 1, 3, 3))
    drawing = draw(Plain(conv))
    assert repr(drawing).startswith("Plain: ")
    graph = drawing.before
    assert graph.variables[graph.outputs[0]].shape == (1, 2, 3, 3)
    assert repr(draw(Plain())).startswith("Plain: 1 op as written")


@pytest.mark.parametrize("show", ["text", "page"])
def test_there_are_two_sides(show):
    drawing = draw(T.scalar("x") + 1)
    with pytest.raises(ValueError, match="side 'both': it must be before or after"):
        getattr(drawing, show)("both")


@pytest.mark.skipif(IS_AESARA, reason="Aesara draws no compiled functions")
def test_shared_variables_are_counted_in_a_sentence(tmp_path):
    a, b = (theano.shared(np.float32(1), name=name) for name in "ab")
    for updates, told in (
        ([(a, 2 * a)], "1 shared variable gets a new value."),
        ([(a, 2 * a), (b, 2 * b)], "2 shared variables get new values."),
    ):
        draw(theano.function([], a + b, updates=updates), tmp_path)
        assert told in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_what_the_optimiser_no_longer_reads_may_be_drawn():
    x, b = T.matrix("x"), theano.shared(np.float32(0), name="b")
    drawing = draw(T.grad(T.sum(x + b), b), inputs={"x": np.ones((2, 3))})
    for graph in (drawing.before, drawing.after):
        assert graph.variables[graph.outputs[0]].seen == "6"
    y = T.tensor4("y")
    conv = ConvLayer(np.random.RandomState(0), y, (None, 1, 9, 9), (2, 1, 3, 3))
    slopes = T.grad(T.sum(conv.output), list(conv.params))
    after = draw(slopes, inputs=[np.ones((1, 1, 9, 9))]).after
    W, b = (after.variables[i] for i in after.outputs)
    assert W.shape == (2, 1, 3, 3) and numbers(b.seen) == [49, 49]


@pytest.mark.skipif(IS_AESARA, reason="Aesara draws no compiled functions")
def test_an_update_that_reads_nothing_is_drawn():
    x, total = T.vector("x"), theano.shared(np.float32(0), name="total")
    drawing = draw(theano.function([x], 0 * T.sum(x), updates=[(total, 0 * total)]))
    assert len(drawing.after.updates) == 1
