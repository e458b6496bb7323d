import numpy as np
import pytest

from srcnn_theano.backend import T, theano
from srcnn_theano.models import model_class
from srcnn_theano.models.srcnn import SRCNN

EPSILON = 1e-5


def correlate(images, filters, bias):
    """Valid correlation, as one matrix product over all patches."""
    size = filters.shape[2:]
    patches = np.lib.stride_tricks.sliding_window_view(images, size, axis=(2, 3))
    return np.einsum("nchwij,kcij->nkhw", patches, filters) + bias[:, None, None]


def forward(values, images, batch_norm):
    """SRCNN in NumPy, with the running statistics."""
    x = images.astype("float64")
    n_layers = sum(name.startswith("conv") and name.endswith("W") for name in values)
    for i in range(1, n_layers + 1):
        conv = f"conv{i}."
        x = correlate(x, values[conv + "W"].astype("float64"), values[conv + "b"])
        if batch_norm == "all" or (batch_norm == "hidden" and i < n_layers):
            gamma, beta, mean, var = (
                values[f"bn{i}.{what}"][:, None, None]
                for what in ("gamma", "beta", "mean", "var")
            )
            x = gamma * (x - mean) / np.sqrt(var + EPSILON) + beta
        if i < n_layers:
            x = np.maximum(x, 0)
    return x


def random_values(model, rng):
    """Values that leave nothing at its default, variances positive."""
    values = {}
    for name, value in model.get_values().items():
        draw = rng.normal(size=value.shape) * (0.1 if name.endswith("W") else 0.3)
        values[name] = np.abs(draw) + 0.5 if name.endswith("var") else draw
    return {name: value.astype("float32") for name, value in values.items()}


def build(shape=(None, 3, None, None), seed=0, **options):
    return SRCNN(np.random.RandomState(seed), T.tensor4("x"), shape, **options)


def n_weights(model):
    return sum(W.get_value().size for W in model.weights)


def test_the_model_has_a_name():
    assert model_class("srcnn") is SRCNN
    with pytest.raises(KeyError):
        model_class("no such network")


@pytest.mark.parametrize(
    "filter_sizes, margin",
    [((9, 1, 5), 6), ((9, 3, 5), 7), ((9, 5, 5), 8)],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes(filter_sizes, margin, channels):
    model = build((20, channels, 33, 40), channels=channels, filter_sizes=filter_sizes)
    assert model.margin == margin
    shape = (20, channels, 33 - 2 * margin, 40 - 2 * margin)
    assert model.output_shape == shape
    images = np.zeros((20, channels, 33, 40), "float32")
    assert model.output.eval({model.input: images}).shape == shape

    unknown = build(
        (None, channels, None, None), channels=channels, filter_sizes=filter_sizes
    )
    assert unknown.output_shape == (None, channels, None, None)


def test_number_of_weights_of_the_papers():
    # Dong et al. (2014), section 4.1: 8,032 for one channel.
    assert n_weights(build((1, 1, 33, 33), channels=1)) == 8032
    # 9-3-5 and 9-5-5 of the 2016 paper, section 4.3.3: 24,416 and 57,184.
    sizes = {(9, 3, 5): 24416, (9, 5, 5): 57184}
    for filter_sizes, expected in sizes.items():
        model = build((1, 1, 33, 33), channels=1, filter_sizes=filter_sizes)
        assert n_weights(model) == expected
    # Three channels: 64 * 3 * 81 + 32 * 64 + 3 * 32 * 25.
    assert n_weights(build()) == 20000
    assert sum(p.get_value().size for p in build().params) == 20000 + 64 + 32 + 3


@pytest.mark.parametrize(
    "batch_norm, clip, filter_sizes, channels",
    [
        ("none", False, (9, 1, 5), 3),
        ("none", True, (9, 1, 5), 1),
        ("hidden", False, (3, 3, 1), 3),
        ("all", True, (3, 1, 3), 3),
    ],
)
def test_output_equals_a_forward_pass_in_numpy(
    batch_norm, clip, filter_sizes, channels
):
    rng = np.random.RandomState(8)
    images = rng.uniform(size=(2, channels, 17, 15)).astype("float32")
    model = build(
        (None, channels, None, None),
        channels=channels,
        filter_sizes=filter_sizes,
        batch_norm=batch_norm,
        clip=clip,
    )
    values = random_values(model, rng)
    model.set_values(values)

    output = model.output.eval(
        {model.input: images, model.is_train: 0}
        if batch_norm != "none"
        else {model.input: images}
    )

    expected = forward(values, images, batch_norm)
    if clip:
        assert (expected < 0).any()  # otherwise the clip would not be seen
        expected = np.clip(expected, 0, 1)
    np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("batch_norm", ["none", "hidden", "all"])
@pytest.mark.parametrize("sizes, n_filters", [((5,), ()), ((3, 5, 1, 3), (4, 6, 5))])
def test_any_number_of_layers(batch_norm, sizes, n_filters):
    rng = np.random.RandomState(8)
    images = rng.uniform(size=(2, 3, 17, 15)).astype("float32")
    model = build(n_filters=n_filters, filter_sizes=sizes, batch_norm=batch_norm)
    values = random_values(model, rng)
    model.set_values(values)
    inputs = {model.input: images}
    if batch_norm == "all" or (batch_norm == "hidden" and n_filters):
        inputs[model.is_train] = 0
    output = model.output.eval(inputs)
    expected = forward(values, images, batch_norm)
    assert output.shape == (2, 3, 17 - 2 * model.margin, 15 - 2 * model.margin)
    np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "batch_norm, names",
    [("none", []), ("hidden", ["bn1", "bn2"]), ("all", ["bn1", "bn2", "bn3"])],
)
def test_batch_norm_adds_layers_with_their_state(batch_norm, names):
    model = build(batch_norm=batch_norm)
    assert [x.name for x in model.layers if x.name.startswith("bn")] == names
    state = [name + what for name in names for what in (".mean", ".var")]
    assert [v.name for v in model.state] == state
    assert [v.name for v, _ in model.updates] == state
    params = {p.name for p in model.params}
    assert {name + what for name in names for what in (".gamma", ".beta")} < params
    assert {w.name for w in model.weights} == {"conv1.W", "conv2.W", "conv3.W"}


def test_the_report_places_the_rectifier_behind_batch_norm():
    model = build((1, 3, 33, 33), batch_norm="hidden")
    images = np.random.RandomState(0).uniform(size=(1, 3, 33, 33)).astype("float32")
    conv1, bn1 = model.layers[:2]
    assert (conv1.output.eval({model.input: images}) < 0).any()
    normalized = bn1.output.eval({model.input: images, model.is_train: 1})
    assert normalized.min() == 0 and normalized.max() > 1


def test_clip_stops_the_gradient_outside_the_range():
    for clip, moved in ((False, True), (True, False)):
        model = build((1, 1, 13, 13), channels=1, clip=clip)
        gradient = theano.grad(T.sum(model.output), model.layers[-1].b)
        model.layers[-1].b.set_value(np.float32([-50]))
        images = np.zeros((1, 1, 13, 13), "float32")
        assert bool(gradient.eval({model.input: images})[0]) == moved


def test_l2_is_the_sum_of_squared_filters_alone():
    model = build(batch_norm="all")
    model.set_values(random_values(model, np.random.RandomState(1)))
    expected = sum(
        np.sum(np.square(value, dtype="float64"))
        for name, value in model.get_values().items()
        if name.endswith(".W")
    )
    assert float(model.L2_sqr.eval()) == pytest.approx(expected, rel=1e-5)


def test_values_go_out_and_in():
    source, target = build(seed=1, batch_norm="hidden"), build(batch_norm="hidden")
    values = random_values(source, np.random.RandomState(5))
    source.set_values(values)
    target.set_values(source.get_values())
    assert set(values) == set(target.get_values())
    for name, value in target.get_values().items():
        np.testing.assert_array_equal(value, values[name])
    # They are copies: changing one does not reach the network.
    source.get_values()["conv1.W"][:] = 0
    np.testing.assert_array_equal(source.get_values()["conv1.W"], values["conv1.W"])


def test_values_that_do_not_fit_are_refused_and_change_nothing():
    model = build()
    before = model.get_values()
    wrong = {name: value + 1 for name, value in before.items()}

    missing = dict(wrong)
    del missing["conv3.b"]
    unknown = dict(wrong, extra=np.zeros(3))
    misshapen = dict(wrong, **{"conv3.W": np.zeros((1, 32, 5, 5))})
    for values, message in (
        (missing, "conv3.b"),
        (unknown, "extra"),
        (misshapen, r"conv3.W: shape \(1, 32, 5, 5\) given, \(3, 32, 5, 5\) needed"),
    ):
        with pytest.raises(ValueError, match=message):
            model.set_values(values)
        for name, value in model.get_values().items():
            np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize("initializer, std", [("xavier", 0.0193), ("narrow", 1e-3)])
def test_initializer_by_name(initializer, std):
    # Xavier: sqrt(2 / (3 * 81 + 64 * 81)).
    model = build(initializer=initializer)
    assert model.layers[0].W.get_value().std() == pytest.approx(std, rel=0.05)


def test_the_same_seed_draws_the_same_network():
    first, second, other = (build(seed=seed).get_values() for seed in (3, 3, 4))
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
    assert (first["conv1.W"] != other["conv1.W"]).any()


def test_bad_options_are_refused():
    with pytest.raises(ValueError, match="batch_norm.*'some'"):
        build(batch_norm="some")
    with pytest.raises(ValueError, match=r"conv1: input .*\(64, 1, 9, 9\)"):
        build((1, 3, 33, 33), channels=1)
    with pytest.raises(ValueError, match=r"filter_sizes \(9, 5\)"):
        build(filter_sizes=(9, 5))
    with pytest.raises(ValueError, match="4 is even"):
        build(filter_sizes=(9, 4, 5))
    with pytest.raises(ValueError, match="conv3"):
        build((1, 3, 12, 12))


def test_layers_can_compute_with_levels():
    rng = np.random.RandomState(3)
    images = rng.uniform(size=(2, 3, 17, 15)).astype("float32")
    model = build(peak=255.0)
    values = random_values(model, rng)
    values["conv1.b"] *= 100
    model.set_values(values)
    expected = forward(values, 255 * images, "none") / 255
    output = model.output.eval({model.input: images})
    np.testing.assert_allclose(output, expected, rtol=1e-4, atol=1e-4)
    with pytest.raises(ValueError, match="peak 0: it must be a number above 0"):
        build(peak=0)


@pytest.mark.parametrize(
    "name, initializer",
    [
        ("srcnn", "he"),
        ("srcnn", "side"),
        ("fsrcnn", "he"),
        ("fsrcnn-strideless", "side"),
    ],
)
@pytest.mark.parametrize("shape", [33, (33, 33), None, "33"])
def test_a_shape_that_is_none_is_refused_by_the_first_layer(name, shape, initializer):
    model = model_class(name)
    with pytest.raises(ValueError, match="conv1: input_shape must be"):
        model(np.random.RandomState(0), T.tensor4("x"), shape, initializer=initializer)
