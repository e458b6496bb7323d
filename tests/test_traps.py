"""Mistakes that would otherwise pass without a word."""

import warnings

import numpy as np
import pytest

from srcnn_theano.backend import T, compile_function, theano
from srcnn_theano.backend.examining import in_order
from srcnn_theano.data.patches import Pairs
from srcnn_theano.errors import UserError
from srcnn_theano.layers.activations import PReLULayer, relu
from srcnn_theano.layers.convolution import ConvLayer
from srcnn_theano.layers.deconvolution import DeconvLayer, ResizeConvLayer
from srcnn_theano.layers.normalization import BatchNormLayer
from srcnn_theano.layers.pooling import PoolLayer
from srcnn_theano.models.model import Model
from srcnn_theano.models.srcnn import SRCNN
from srcnn_theano.training.settings import Training
from srcnn_theano.training.step import build_step
from srcnn_theano.weights import Weights, save_weights

ZERO = T.constant(0, dtype="int8")


class Own(Model):
    """A network of somebody's own, of two layers."""

    def __init__(self, names, shape=(None, 1, None, None), **options):
        self.input = T.tensor4("x")
        self.is_train = T.bscalar("is_train")
        rng = np.random.RandomState(0)
        first = ConvLayer(rng, self.input, shape, (1, 1, 3, 3), name=names[0])
        second = ConvLayer(
            rng,
            first.output,
            first.output_shape,
            (1, 1, 1, 1),
            name=names[1],
            **options,
        )
        self._collect([first, second])


def test_two_layers_of_one_name_are_refused():
    with pytest.raises(ValueError, match="two layers are called 'conv'; give each"):
        Own(["conv", "conv"])


def test_two_variables_of_one_name_are_refused_and_a_tied_one_is_not():
    mine = theano.shared(np.ones((1, 1, 1, 1), "float32"), name="a.W")
    with pytest.raises(ValueError, match="two variables are called 'a.W'"):
        Own(["a", "b"], W=mine)
    mine.name = "b.W"
    assert Own(["a", "b"], W=mine).variables["b.W"] is mine


@pytest.mark.parametrize("axis", [0, 2, 3])
def test_data_of_another_size_than_the_declared_are_refused(axis):
    model = Own(["a", "b"], (2, 1, 7, 8))
    function = compile_function([model.input], model.output)
    shape = [2, 1, 7, 8]
    assert function(np.ones(shape, "float32")).shape == (2, 1, 5, 6)
    shape[axis] += 1
    with pytest.raises(
        ValueError, match=r"a: the data have shape .*declares \(2, 1, 7, 8"
    ):
        function(np.ones(shape, "float32"))


def test_xla_holds_the_data_against_the_declared_size_too(monkeypatch):
    pytest.importorskip("jax")
    monkeypatch.setenv("SRCNN_DEVICE", "xla")
    model = Own(["a", "b"], (None, 1, 7, 8))
    function = compile_function([model.input], model.output)
    assert function(np.ones((3, 1, 7, 8), "float32")).shape == (3, 1, 5, 6)
    with pytest.raises(ValueError, match="a: the data have shape"):
        function(np.ones((3, 1, 8, 8), "float32"))


def test_the_gradient_passes_the_check_of_the_size():
    x = T.tensor4("x")
    layer = ConvLayer(None, x, (1, 1, 3, 3), (1, 1, 3, 3), W=np.ones((1, 1, 3, 3)))
    gradient = compile_function([x], T.grad(T.sum(layer.output), x))
    np.testing.assert_array_equal(gradient(np.ones((1, 1, 3, 3), "float32")), 1)


RNG = np.random.RandomState(0)
LATER = {
    "conv": lambda x, shape: ConvLayer(RNG, x, shape, (2, 4, 3, 3), name="later"),
    "deconv": lambda x, shape: DeconvLayer(RNG, x, shape, (4, 2, 3, 3), name="later"),
    "resize": lambda x, shape: ResizeConvLayer(
        RNG, x, shape, (4, 2, 3, 3), name="later"
    ),
    "bn": lambda x, shape: BatchNormLayer(x, shape, ZERO, name="later"),
    "pool": lambda x, shape: PoolLayer(x, shape, name="later"),
    "prelu": lambda x, shape: PReLULayer(x, shape, "layer", name="later"),
}


@pytest.mark.parametrize("kind", LATER)
def test_layers_behind_the_first_refuse_another_size_than_the_declared(kind):
    x = T.tensor4("x")
    first = ConvLayer(RNG, x, (None, 1, None, None), (4, 1, 3, 3), name="first")
    later = LATER[kind](relu(first.output), (None, 4, 8, 8))
    function = compile_function([x], later.output, on_unused_input="ignore")
    function(np.ones((2, 1, 10, 10), "float32"))
    with pytest.raises(ValueError) as refused:
        function(np.ones((2, 1, 12, 10), "float32"))
    assert (
        "later: the data have shape (2, 4, 10, 8), and input_shape declares "
        "(None, 4, 8, 8)"
    ) in str(refused.value)


@pytest.mark.parametrize("kind", ["bn", "pool", "prelu"])
def test_maps_that_no_filter_counts_are_refused_too(kind):
    x = T.tensor4("x")
    layer = LATER[kind](x, (None, 4, None, None))
    function = compile_function([x], layer.output)
    function(np.ones((1, 4, 8, 8), "float32"))
    with pytest.raises(ValueError, match=r"later: .*\(1, 3, 8, 8\), and input_shape"):
        function(np.ones((1, 3, 8, 8), "float32"))


@pytest.mark.parametrize("kind", LATER)
def test_a_size_that_the_layers_before_deny_is_refused_at_once(kind):
    x = T.tensor4("x")
    first = ConvLayer(RNG, x, (None, 1, 10, 10), (4, 1, 3, 3), name="first")
    with pytest.raises(ValueError) as refused:
        LATER[kind](first.output, (None, 4, 10, 10))
    assert (
        "later: the input has shape (None, 4, 8, 8), and input_shape declares "
        "(None, 4, 10, 10); declare the output_shape of the layer before"
    ) in str(refused.value)


def test_what_is_joined_behind_layers_is_held_against_the_declared_size():
    x = T.tensor4("x")
    first = ConvLayer(RNG, x, (None, 1, 10, 10), (2, 1, 3, 3), name="first")
    joined = T.concatenate([first.output, x[:, :, 1:-1, 1:-1]], axis=1)
    pool = PoolLayer(joined, (None, 2, 8, 8))
    function = compile_function([x], pool.output)
    with pytest.raises(ValueError, match=r"pool: .*\(1, 3, 8, 8\)"):
        function(np.ones((1, 1, 10, 10), "float32"))


def test_what_the_layers_before_tell_is_not_checked_again():
    x = T.tensor4("x")
    first = ConvLayer(RNG, x, (None, 1, 10, 10), (4, 1, 3, 3), name="first")
    maps = T.clip(relu(first.output) + first.output, 0, 6) * np.float32(2)
    for layer in LATER.values():
        nodes = in_order([layer(maps, (None, 4, 8, 8)).output])
        assert [str(n.op) for n in nodes if type(n.op).__name__ == "Declared"] == [
            str(first.input.owner.op)
        ]


# --- Running averages ---


@pytest.fixture
def normalized():
    x, is_train = T.tensor4("x"), T.bscalar("is_train")
    layer = BatchNormLayer(x, (None, 2, None, None), is_train, name="bn7")
    cost = T.sum(T.sqr(layer.output * 2))
    (gamma, _), g = layer.params, T.grad(cost, layer.params[0])
    return layer, is_train, cost, [(gamma, gamma - 0.1 * g)]


@pytest.mark.parametrize("made", [list, dict])
def test_forgotten_updates_of_batch_norm_are_named(normalized, made):
    layer, is_train, cost, updates = normalized
    one = T.constant(1, dtype="int8")
    for givens in ([(is_train, one)], {is_train: one}):
        with pytest.raises(
            ValueError, match="no update moves bn7.mean, bn7.var: .*add"
        ):
            compile_function([layer.input], cost, updates=made(updates), givens=givens)
    with pytest.raises(ValueError, match="no update moves bn7.var: "):
        compile_function(
            [layer.input, is_train], [cost], updates=updates + list(layer.updates[:1])
        )


def test_what_does_not_train_needs_no_updates_of_batch_norm(normalized):
    layer, is_train, cost, updates = normalized
    x = np.ones((1, 2, 2, 2), "float32")
    compile_function([layer.input, is_train], cost)(x, 1)
    for options in (
        {"updates": updates, "givens": {is_train: ZERO}},  # frozen statistics
        {"updates": updates + list(layer.updates), "givens": {is_train: ZERO + 1}},
        {"updates": [(theano.shared(0), 1)], "givens": {is_train: ZERO}},
    ):
        compile_function([layer.input], cost, **options)(x)


@pytest.mark.parametrize("value", [np.int8(0), np.array(0, "int8")])
def test_is_train_may_be_nought_without_being_theanos(normalized, value):
    layer, is_train, cost, updates = normalized
    x = np.arange(8, dtype="float32").reshape(1, 2, 2, 2)
    function = compile_function(
        [layer.input], cost, updates=updates, givens={is_train: value}
    )
    np.testing.assert_allclose(function(x), 4 * (x**2).sum(), rtol=1e-4)
    with pytest.raises(ValueError, match="no update moves bn7.mean"):
        compile_function(
            [layer.input], cost, updates=updates, givens={is_train: np.int8(1)}
        )


# --- A cost that is no number ---


def test_a_step_does_not_return_nan_without_a_word():
    rng = np.random.RandomState(0)
    train_set = Pairs(*rng.randint(0, 256, (2, 4, 1, 9, 9)).astype("uint8"))
    options = {"channels": 1, "n_filters": [2, 2], "filter_sizes": [3, 1, 3]}
    training = Training("srcnn", options, "standard", scale=3, batch_size=2)
    step = build_step(training._replace(update="sgd"), train_set)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        step.function(0)
    step.model.params[0].set_value(
        step.model.params[0].get_value() * np.float32(np.inf)
    )
    with pytest.warns(
        RuntimeWarning, match="minibatch 1: the cost is (nan|inf).*lower"
    ):
        cost, _ = step.function(1)
    assert not np.isfinite(cost)


# --- A network of one's own ---


def test_a_network_of_ones_own_is_refused_when_saved_and_told_how_it_is(tmp_path):
    model = Own(["a", "b"])
    path = tmp_path / "own.h5"
    with pytest.raises(UserError, match="own.h5: not written.*'own'.*numpy.savez"):
        save_weights(path, Weights("own", {}, model.get_values(), {}))
    assert not path.exists()
    np.savez(tmp_path / "own.npz", **model.get_values())
    again = Own(["a", "b"])
    again.set_values({n: 0 * v for n, v in model.get_values().items()})
    again.set_values(np.load(tmp_path / "own.npz"))
    for name, value in model.get_values().items():
        np.testing.assert_array_equal(again.get_values()[name], value)


def test_values_that_do_not_fit_their_options_are_not_saved(tmp_path):
    model = SRCNN(
        np.random.RandomState(0), T.tensor4("x"), (None, 1, None, None), channels=1
    )
    with pytest.raises(UserError, match=r"net.h5: not written, .*conv1.W: shape"):
        save_weights(
            tmp_path / "net.h5",
            Weights("srcnn", {"channels": 3}, model.get_values(), {}),
        )
    assert list(tmp_path.iterdir()) == []
