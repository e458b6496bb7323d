import numpy as np
import pytest

from srcnn_theano.backend import T, compile_function, theano
from srcnn_theano.backend.devices import device_mode
from srcnn_theano.layers.activations import relu
from srcnn_theano.layers.normalization import BatchNormLayer

SHAPE = (4, 3, 5, 6)
EPSILON, MOMENTUM = 1e-3, 0.75
# Batch norm needs no C code; compiling it would take most of these tests' time.
INTERPRETED = device_mode() or theano.compile.Mode(linker="py", optimizer="fast_run")
GAMMA, BETA = np.float32([0.5, 1, 2]), np.float32([1, 0, -1])
MEAN, VAR = np.float32([0.1, 0.2, 0.3]), np.float32([1.5, 1, 0.5])


def normalize(images, mean, var):
    """Algorithm 1 of the paper, a map at a time."""
    result = np.empty_like(images, dtype="float64")
    for k in range(images.shape[1]):
        scaled = (images[:, k] - mean[k]) / np.sqrt(var[k] + EPSILON)
        result[:, k] = GAMMA[k] * scaled + BETA[k]
    return result


def statistics(images):
    maps = [images[:, k].astype("float64").ravel() for k in range(images.shape[1])]
    return np.array([m.mean() for m in maps]), np.array([m.var() for m in maps])


def build(x, is_train, shape=(None,) + SHAPE[1:], **options):
    return BatchNormLayer(
        x,
        shape,
        is_train,
        gamma=GAMMA,
        beta=BETA,
        mean=MEAN,
        var=VAR,
        momentum=MOMENTUM,
        epsilon=EPSILON,
        **options,
    )


@pytest.fixture(scope="module")
def images():
    rng = np.random.RandomState(2)
    return (rng.normal(size=SHAPE) * [[[[2]], [[1]], [[0.5]]]] + 3).astype("float32")


def compiled(layer, x, is_train, value):
    constant = T.constant(value, dtype="int8")
    updates = list(layer.updates) if value else []
    return compile_function(
        [x],
        layer.output,
        updates=updates,
        givens={is_train: constant},
        mode=INTERPRETED,
    )


@pytest.fixture(scope="module")
def running():
    """(layer, training function, test function), the switch folded away."""
    x, is_train = T.tensor4("x"), T.bscalar("is_train")
    layer = build(x, is_train)
    return (layer,) + tuple(compiled(layer, x, is_train, value) for value in (1, 0))


def test_training_normalizes_by_the_minibatch_and_moves_the_averages(running, images):
    layer, train, _ = running
    layer.mean.set_value(MEAN)
    layer.var.set_value(VAR)
    mean, var = statistics(images)

    np.testing.assert_allclose(
        train(images), normalize(images, mean, var), rtol=1e-4, atol=1e-5
    )
    for average, start, current in ((layer.mean, MEAN, mean), (layer.var, VAR, var)):
        expected = MOMENTUM * start + (1 - MOMENTUM) * current
        np.testing.assert_allclose(average.get_value(), expected, rtol=1e-5)

    train(images)
    expected = MOMENTUM**2 * MEAN + (1 - MOMENTUM**2) * mean
    np.testing.assert_allclose(layer.mean.get_value(), expected, rtol=1e-5)


def test_prediction_uses_the_running_averages_and_leaves_them(running, images):
    layer, _, predict = running
    layer.mean.set_value(MEAN)
    layer.var.set_value(VAR)
    expected = normalize(images, MEAN, VAR)
    np.testing.assert_allclose(predict(images), expected, rtol=1e-5, atol=1e-5)
    # Each image by itself gives what it gave among the others.
    np.testing.assert_allclose(predict(images[:1]), expected[:1], rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(layer.mean.get_value(), MEAN)
    np.testing.assert_array_equal(layer.var.get_value(), VAR)


def test_a_constant_is_train_folds_the_other_branch_away(running):
    layer, train, predict = running
    for function in (train, predict):
        nodes = function.maker.fgraph.toposort()
        of_arrays = [x for x in nodes if getattr(x.outputs[0].type, "ndim", 0)]
        assert "Switch" not in " ".join(str(node.op) for node in of_arrays)
    used = predict.get_shared()
    assert layer.mean in used and layer.var in used
    # Training reads the averages for their own update only; the output is of the batch.
    before = layer.mean.get_value()
    ones = np.ones(SHAPE, "float32")
    np.testing.assert_allclose(train(ones)[0, :, 0, 0], BETA, atol=1e-5)
    layer.mean.set_value(before + 100)
    np.testing.assert_allclose(train(ones)[0, :, 0, 0], BETA, atol=1e-5)


def test_is_train_can_stay_an_argument(images):
    x, is_train = T.tensor4("x"), T.bscalar("is_train")
    function = compile_function(
        [x, is_train], build(x, is_train).output, mode=INTERPRETED
    )
    expected = normalize(images, *statistics(images))
    np.testing.assert_allclose(function(images, 1), expected, rtol=1e-4, atol=1e-5)
    expected = normalize(images, MEAN, VAR)
    np.testing.assert_allclose(function(images, 0), expected, rtol=1e-4, atol=1e-5)


def test_batch_statistics_at_test_time_on_request(images):
    x, is_train = T.tensor4("x"), T.bscalar("is_train")
    layer = build(x, is_train, test_statistics="batch", activation=relu)
    # is_train is not even an input.
    output = compile_function([x], layer.output, mode=INTERPRETED)(images[:1])
    expected = np.maximum(normalize(images[:1], *statistics(images[:1])), 0)
    np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)
    assert len(layer.updates) == 2


def test_fresh_layer_and_roles():
    layer = BatchNormLayer(T.tensor4(), SHAPE, T.bscalar(), name="bn2")
    values = {v.name: v.get_value() for v in layer.params + layer.state}
    assert list(values) == ["bn2.gamma", "bn2.beta", "bn2.mean", "bn2.var"]
    for name, value in zip(values, (1, 0, 0, 1)):
        np.testing.assert_array_equal(values[name], np.full(3, value))
    assert layer.params == (layer.gamma, layer.beta)
    assert layer.state == (layer.mean, layer.var)
    assert layer.weights == ()
    assert layer.output_shape == SHAPE


def test_bad_arguments_are_refused_by_name():
    with pytest.raises(ValueError, match="bn2.*'both'"):
        BatchNormLayer(
            T.tensor4(), SHAPE, T.bscalar(), test_statistics="both", name="bn2"
        )
    with pytest.raises(ValueError, match=r"bn2.*\(4, None, 5, 6\)"):
        BatchNormLayer(T.tensor4(), (4, None, 5, 6), T.bscalar(), name="bn2")
    with pytest.raises(ValueError, match=r"bn2.gamma: shape \(4,\) given, \(3,\)"):
        BatchNormLayer(T.tensor4(), SHAPE, T.bscalar(), gamma=np.ones(4), name="bn2")
    with pytest.raises(ValueError, match="bn2: is_train True.*T.bscalar"):
        BatchNormLayer(T.tensor4(), SHAPE, True, name="bn2")


def test_gradients_through_the_statistics_of_the_minibatch(verify_layer_gradient):
    def layer(x):
        return build(x, T.constant(1, dtype="int8"), (2, 3, 2, 3))

    images = np.random.RandomState(4).normal(size=(2, 3, 2, 3))
    verify_layer_gradient(layer, images, INTERPRETED)
