"""Functions through XLA: what they keep, what they give back, what they refuse."""

import functools

import numpy as np
import pytest

from srcnn_theano.backend import (
    T,
    compile_function,
    default_device,
    many_steps,
    theano,
)
from srcnn_theano.backend.devices import device_mode
from srcnn_theano.backend.internals import linked
from srcnn_theano.errors import UserError


def shared(value, name=None, dtype="float32"):
    return theano.shared(np.asarray(value, dtype), name=name)


# With SRCNN_DEVICE=gpu these are tests of a graphics card.
DEVICE = "gpu" if default_device() == "gpu" else "xla"


def xla(*arguments, **options):
    return compile_function(*arguments, mode=device_mode(DEVICE), **options)


def test_shared_variables_move_and_can_be_read_and_set():
    w, x = shared([1.0, 2.0], "w"), T.fvector("x")
    step = xla([x], T.sum(w * x), updates=[(w, w + x)])
    assert float(step([1, 1])) == 3
    assert w.get_value().tolist() == [2, 3]
    w.set_value(np.array([5, 5], "float32"))
    assert float(step([1, 0])) == 5
    assert w.get_value(borrow=True).tolist() == [6, 5]


def test_what_was_read_stays_as_it_was():
    w = shared(np.zeros(1000))
    step = xla([], [], updates=[(w, w + 1)])
    step()
    before = w.get_value(borrow=True)
    for _ in range(3):
        step()
    assert (before == 1).all() and (w.get_value() == 4).all()


def test_what_was_given_stays_as_it_was():
    given = np.zeros(1000, "float32")
    w = theano.shared(given, borrow=True)
    xla([], [], updates=[(w, w + 1)])()
    assert (given == 0).all()


def test_functions_share_variables():
    w = shared([1.0, 2.0])
    step, read = xla([], [], updates=[(w, 2 * w)]), xla([], w.sum())
    assert [float(read()), step(), float(read())] == [3, [], 6]


def test_c_code_refuses_a_variable_that_is_on_the_device():
    w = shared([1.0, 2.0])
    in_c = theano.function([], w.sum())
    xla([], [], updates=[(w, 2 * w)])()
    with pytest.raises((TypeError, ValueError)):
        in_c()
    w.set_value(w.get_value())
    assert float(in_c()) == 6


def test_variables_may_be_swapped_and_copied():
    a, b, c = shared([1.0]), shared([2.0]), shared([3.0])
    step = xla([], [a, a], updates=[(a, b), (b, a), (c, b)])
    first, again = step()
    assert first == again == [1]
    assert [float(v.get_value()[0]) for v in (a, b, c)] == [2, 1, 2]
    step()
    step()
    assert [float(v.get_value()[0]) for v in (a, b, c)] == [2, 1, 2]


def test_what_only_changes_places_is_not_written_over():
    # Memory may be used again for what is new, not for what another variable was.
    b, c = shared([1.0, 2.0]), shared([3.0, 4.0])
    double = xla([], [], updates=[(b, 2 * b), (c, 2 * c)])
    double()
    before = [v.container.storage[1] for v in (b, c)]
    double()
    assert all(value.is_deleted() for value in before)
    before = [v.container.storage[1] for v in (b, c)]
    xla([], [], updates=[(b, c), (c, b[::-1])])()
    assert not any(value.is_deleted() for value in before)
    assert [v.get_value().tolist() for v in (b, c)] == [[12, 16], [8, 4]]


def test_an_update_by_a_variable_that_stays():
    """JAX hands such an array on as it is; it must not be given away after that."""
    a, b = shared([1.0, 1.0]), shared([2.0, 2.0])
    copy = xla([], [], updates=[(a, b)])
    add = xla([], [], updates=[(a, a + 1)])
    copy()
    add()
    add()
    assert a.get_value().tolist() == [4, 4] and b.get_value().tolist() == [2, 2]


def test_float64_and_integers_keep_their_types():
    x, n = T.dvector(), T.lscalar()
    result, number = xla([x, n], [x / 3, n + 2**40])([1.0], 1)
    assert result.dtype == "float64" and result[0] == 1 / 3
    assert number.dtype == "int64" and number == 2**40 + 1


def test_minibatches_through_an_order():
    data, order = shared(np.arange(20)), shared(np.arange(20)[::-1], dtype="int32")
    i = T.lscalar("i")
    batch = xla([i], data[order[i * 5 : (i + 1) * 5]])
    assert batch(1).tolist() == [14, 13, 12, 11, 10]
    with pytest.raises(IndexError, match="index 20, which must be 0 to 15"):
        batch(4)
    with pytest.raises(IndexError, match="index -5, which must be 0 to 15"):
        batch(-1)
    order.set_value(np.arange(25, dtype="int32") % 20)
    assert batch(4).tolist() == [0, 1, 2, 3, 4]
    assert batch(0).tolist() == [0, 1, 2, 3, 4]


def test_a_slice_of_unknown_length_is_refused():
    x, i = T.fvector("x"), T.lscalar("i")
    take = xla([x, i], x[:i])
    with pytest.raises(NotImplementedError, match="Subtensor.*the length of a slice"):
        take(np.zeros(4, "float32"), 2)


def test_an_op_without_lowering_names_itself_and_its_line():
    x = T.fmatrix("x")
    inverse = T.nlinalg.matrix_inverse(x)
    with pytest.raises(NotImplementedError, match="MatrixInverse.*no lowering to XLA"):
        xla([x], inverse)


def test_the_line_of_a_layer_is_named(monkeypatch):
    from srcnn_theano.backend.xla import linker
    from srcnn_theano.layers.activations import relu

    @functools.singledispatch
    def nothing(op, node, *inputs):
        raise NotImplementedError

    monkeypatch.setattr(linker, "lower", nothing)
    x = T.fvector("x")
    with pytest.raises(
        NotImplementedError, match=r"\(from layers/activations.py:\d+: "
    ):
        xla([x], relu(x))


@pytest.mark.parametrize("count", [1, 3, 7, 8])
def test_many_steps_on_the_device_equal_single_ones(count, monkeypatch):
    monkeypatch.setattr("srcnn_theano.backend.xla.function.STEPS_PER_LOOP", 3)
    start = np.linspace(-1, 1, 6)
    data = shared(np.random.RandomState(0).rand(10, 6))
    i = T.lscalar()

    def make():
        w, t = shared(start), shared(0.0)
        cost = T.sum(T.sqr(T.tanh(w * data[i]) - 0.5))
        updates = [(w, w - 0.1 * T.grad(cost, w)), (t, t + 1)]
        return w, t, xla([i], [cost, w[0]], updates=updates)

    w, t, step = make()
    expected = [step(k) for k in range(2, 2 + count)]
    w2, t2, step = make()
    costs, firsts = linked(step).many(2, 2 + count)
    assert costs.shape == (count,)
    assert costs.tobytes() == np.array([e[0] for e in expected]).tobytes()
    assert firsts.tobytes() == np.array([e[1] for e in expected]).tobytes()
    assert w2.get_value().tobytes() == w.get_value().tobytes()
    assert t2.get_value() == t.get_value() == count


def test_many_steps_stay_within_the_data():
    data, i = shared(np.zeros(10)), T.lscalar()
    function = xla([i], data[i])
    with pytest.raises(IndexError, match="index 10, which must be -10 to 9"):
        linked(function).many(8, 11)


@pytest.mark.parametrize("device", ["cpu", DEVICE])
def test_many_steps_by_one_name(device):
    w, i = shared(1.0), T.lscalar()
    mode, updates = device_mode(device), [(w, w + 1)]
    function = compile_function([i], [w * i, w], mode, updates=updates)
    products, values = many_steps(function)(1, 4)
    assert products.tolist() == [1, 4, 9] and values.tolist() == [1, 2, 3]


def test_texts_of_xla():
    w, x, i = shared(np.ones((2, 3)), "w"), T.fmatrix("x"), T.lscalar("i")
    table = T.constant(np.arange(5000, dtype="float32").reshape(1000, 5))
    cost = T.sum(T.tanh(T.dot(w, x)) * table[i])
    step = xla([i, x], cost, updates=[(w, w - T.grad(cost, w))])
    given, made = linked(step).texts(7, np.ones((3, 5), "float32"))
    assert given.count("stablehlo.dot_general") == 2
    assert given.count("stablehlo.tanh") == 1
    assert "stablehlo.dynamic_slice" in given
    # What it takes and gives: w, x and i; the cost, and the new w.
    for kind in ("tensor<2x3xf32>", "tensor<3x5xf32>", "tensor<i64>", "tensor<f32>"):
        assert kind in given
    assert made.startswith("HloModule") and "f32[2,3]" in made.splitlines()[0]
    # A thousand rows of numbers are no text.
    assert len(given) < 10000 and len(made) < 50000
    assert (w.get_value() == 1).all()


def test_devices_by_variable_and_errors(monkeypatch):
    monkeypatch.setenv("SRCNN_DEVICE", DEVICE)
    assert hasattr(linked(compile_function([], T.constant(1.0))), "many")
    monkeypatch.setenv("SRCNN_DEVICE", "tpu")
    with pytest.raises(UserError, match="SRCNN_DEVICE=tpu: .*cpu, xla, gpu"):
        compile_function([], T.constant(1.0))


def test_a_gpu_that_is_not_there():
    import jax

    try:
        jax.devices("gpu")
    except RuntimeError:
        with pytest.raises(UserError, match="device gpu: .*CUDA or ROCm.*--device xla"):
            device_mode("gpu")
    else:
        pytest.skip("there is one")
