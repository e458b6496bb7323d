import numpy as np
import pytest
from scipy.signal import correlate

from srcnn_theano.backend import T, compile_function, theano
from srcnn_theano.models import MODELS, model_class, model_for_pairs
from srcnn_theano.models.fsrcnn import FSRCNN, HalfFSRCNN, LargeFSRCNN
from srcnn_theano.models.srcnn import SRCNN

SMALL = {"d": 4, "s": 3, "m": 2}


def forward(values, images, scale, output_size, before, skip="none"):
    """FSRCNN in NumPy: `output_size` rows and columns from `before` on."""

    def convolve(x, i):
        W, b = values[f"conv{i}.W"], values[f"conv{i}.b"]
        x = np.array(
            [
                [
                    c + sum(correlate(m, w, mode="same") for m, w in zip(image, bank))
                    for bank, c in zip(W, b)
                ]
                for image in x
            ]
        )
        slopes = values.get(f"prelu{i}.a", np.zeros(1)).reshape(-1, 1, 1)
        return np.maximum(x, 0) + slopes * np.minimum(x, 0)

    n = sum(name.startswith("conv") and name.endswith("W") for name in values)
    features = convolve(images.astype("float64"), 1)
    shrunk = x = convolve(features, 2)
    for i in range(3, n):
        x = convolve(x, i)
    x = convolve(x + shrunk if skip in ("mapping", "both") else x, n)
    x = x + features if skip in ("features", "both") else x

    W, (rows, cols) = values["deconv.W"], output_size
    canvas = np.zeros((len(x), W.shape[1], rows + before + 99, cols + before + 99))
    for _, c, i, j in np.ndindex((1,) + x.shape[1:]):
        part = canvas[:, :, scale * i :, scale * j :][..., : W.shape[2], : W.shape[3]]
        part += x[:, c, i, j, None, None, None] * W[c]
    canvas += values["deconv.b"].reshape(-1, 1, 1)
    return canvas[:, :, before : before + rows, before : before + cols]


def build(shape=(None, 3, None, None), model=FSRCNN, seed=0, **options):
    return model(np.random.RandomState(seed), T.tensor4("x"), shape, **options)


def random_values(model, rng):
    return {
        name: rng.normal(scale=0.3, size=value.shape).astype("float32")
        for name, value in model.get_values().items()
    }


def test_first_filters_may_be_wide_but_in_the_deconvolution():
    values = build(initializer="wide").get_values()
    assert values["conv1.W"].std() == pytest.approx(0.5, rel=0.05)
    assert values["conv4.W"].std() == pytest.approx(0.5, rel=0.05)
    assert values["deconv.W"].std() == pytest.approx(0.001, rel=0.05)


def n_weights(model):
    return sum(W.get_value().size for W in model.weights)


def n_params(model):
    return sum(p.get_value().size for p in model.params)


def test_the_models_have_names():
    names = "srcnn", "fsrcnn", "half-fsrcnn", "fsrcnn-large"
    assert MODELS[:4] == names
    classes = [SRCNN, FSRCNN, HalfFSRCNN, LargeFSRCNN]
    assert [model_class(name) for name in names] == classes
    assert FSRCNN.upscales and HalfFSRCNN.upscales and not SRCNN.upscales


# --- Outputs ---


@pytest.mark.parametrize(
    "shape, options, before",
    [
        ((2, 3, 6, 5), dict(scale=2), 3),
        ((2, 3, 6, 5), dict(scale=3), 3),
        ((None, 1, None, None), dict(scale=4, channels=1), 2),
        ((None, 1, None, None), dict(scale=4, channels=1, crop=4), 4),
        ((2, 3, 6, 5), dict(slopes="layer", skip="mapping"), 2),
        ((2, 3, 6, 5), dict(activation="relu", skip="features"), 2),
        ((None, 3, None, None), dict(skip="both", m=1), 2),
        ((2, 3, 6, 5), dict(n_deconv=2, deconv_size=5), 0),
        ((None, 3, None, None), dict(deconv_size=8, m=0), 2),
        ((2, 3, 6, 5), dict(deconv_size=13, upsampling="bilinear"), 4),
    ],
)
def test_output_equals_a_forward_pass_in_numpy(shape, options, before):
    rng = np.random.RandomState(8)
    options = dict(SMALL, **options)
    model = build(shape, **options)
    values = random_values(model, rng)
    model.set_values(values)
    images = rng.uniform(size=(2, model.channels, 6, 5)).astype("float32")

    output = model.output.eval({model.input: images})

    scale = options.get("scale", 4)
    size = (6 * scale, 5 * scale)
    skip = options.get("skip", "none")
    expected = forward(values, images, scale, size, before, skip)
    np.testing.assert_allclose(output, expected, rtol=1e-3, atol=1e-4)
    known = shape[2] is not None
    assert model.output_shape == (output.shape if known else shape)
    assert model.factor == scale


def test_the_naive_network_in_numpy():
    rng = np.random.RandomState(8)
    options = dict(SMALL, upsampling="full-border", deconv_size=26)
    model = build((2, 3, 8, 8), output_size=(33, 33), **options)
    values = random_values(model, rng)
    model.set_values(values)
    images = rng.uniform(size=(2, 3, 8, 8)).astype("float32")
    output = model.output.eval({model.input: images})
    assert model.output_shape == output.shape == (2, 3, 33, 33)
    # Stamps one pixel apart.
    expected = forward(values, images, 1, (33, 33), 0)
    np.testing.assert_allclose(output, expected, rtol=1e-3, atol=1e-3)


def test_training_and_prediction_place_the_pixels_alike():
    """8x8 to the report's 33x33, and to 32x32: the same but for a row and a column."""
    larger = build((1, 3, 8, 8), output_size=(33, 33), **SMALL)
    exact = build(**SMALL)
    exact.set_values(larger.get_values())
    images = np.random.RandomState(2).uniform(size=(1, 3, 8, 8)).astype("float32")
    a, b = (model.output.eval({model.input: images}) for model in (larger, exact))
    assert a.shape == (1, 3, 33, 33) and b.shape == (1, 3, 32, 32)
    np.testing.assert_allclose(a[:, :, :32, :32], b, rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (2, 7), (33, 5)])
def test_output_is_exactly_scale_times_the_input(scale, size):
    model = build(scale=scale, **SMALL)
    images = np.zeros((1, 3) + size, "float32")
    shape = model.output.eval({model.input: images}).shape
    assert shape == (1, 3, scale * size[0], scale * size[1])
    known = build((1, 3) + size, scale=scale, **SMALL)
    assert known.output_shape == shape


def test_bilinear_filters_begin_without_a_checkerboard():
    def unrest(upsampling):
        model = build(activation="relu", upsampling=upsampling)
        flat = np.full((1, 3, 20, 20), 0.5, "float32")
        inside = model.inside.eval({model.input: flat})
        return inside.std(axis=(2, 3)) / np.abs(inside).mean(axis=(2, 3))

    assert unrest("bilinear").max() < 1e-4
    assert unrest("deconv").min() > 0.05


# --- Parameters ---


def test_number_of_parameters_of_the_papers():
    # Dong et al. (2016), table 1: 12,464 for FSRCNN(56, 12, 4), one channel.
    luma = build((1, 1, 8, 8), channels=1)
    assert n_weights(luma) == 12464
    # A bias for each map: 56 + 12 + 4 * 12 + 56 + 1; a slope for each but the last.
    assert n_params(luma) == 12464 + 173 + 172
    assert n_params(build((1, 1, 8, 8), channels=1, slopes="layer")) == 12464 + 173 + 7
    relu = build((1, 1, 8, 8), channels=1, activation="relu")
    assert n_params(relu) == 12464 + 173
    # And 3,937 for FSRCNN-s, that is (32, 5, 1).
    assert n_weights(build((1, 1, 8, 8), channels=1, d=32, s=5, m=1)) == 3937
    # Three channels: 2 * 56 * 25 more in, 2 * 56 * 81 more out.
    assert n_weights(build()) == 12464 + 2 * 56 * 25 + 2 * 56 * 81
    # 26x26 filters: 113,568 where the deconvolution has 13,608.
    naive = build((1, 3, 8, 8), upsampling="full-border", deconv_size=26)
    assert n_weights(naive) - n_weights(build()) == 113568 - 13608


def test_half_fsrcnn_has_half_of_each_count():
    half = build((20, 3, 8, 8), HalfFSRCNN, output_size=(33, 33))
    assert half.output_shape == (20, 3, 33, 33)
    shapes = [v.shape[:2] for name, v in half.get_values().items() if ".W" in name]
    assert shapes == [(28, 3), (6, 28), (6, 6), (6, 6), (28, 6), (28, 3)]
    # 28 * 3 * 25 + 6 * 28 + 2 * 36 * 9 + 28 * 6 + 28 * 3 * 81
    assert n_weights(half) == 2100 + 168 + 648 + 168 + 6804
    other = build(model=HalfFSRCNN, n_deconv=12, deconv_size=13, activation="relu")
    assert other.get_values()["deconv.W"].shape == (12, 3, 13, 13)


def test_the_large_fsrcnn_adds_what_it_skips_as_it_is_without_a_word():
    large = build((20, 1, 34, 34), LargeFSRCNN, channels=1, scale=3, padding="none")
    assert large.output_shape == (20, 1, 36, 36) and large.margin == 11
    shapes = [v.shape[:2] for name, v in large.get_values().items() if ".W" in name]
    assert shapes == [(64, 1), (32, 64), *8 * [(32, 32)], (64, 32), (64, 1)]
    # 64 * 25 + 32 * 64 + 8 * 32 * 32 * 9 + 64 * 32 + 64 * 81
    assert n_weights(large) == 1600 + 2048 + 73728 + 2048 + 5184
    few = dict(d=5, s=4, m=8, channels=1, scale=2)
    model, rng = build((2, 1, 6, 5), LargeFSRCNN, **few), np.random.RandomState(4)
    values = random_values(model, rng)
    model.set_values(values)
    images = rng.uniform(size=(2, 1, 6, 5)).astype("float32")
    output = model.output.eval({model.input: images})
    expected = forward(values, images, 2, (12, 10), 3, skip="both")
    np.testing.assert_allclose(output, expected, rtol=1e-3, atol=1e-4)


def test_gradients_of_the_large_fsrcnn_are_the_slopes_of_its_cost():
    """Along a random direction of each variable, by NumPy's forward pass."""
    few = dict(d=5, s=4, m=8, channels=1, scale=2)
    model, rng = build((2, 1, 6, 5), LargeFSRCNN, **few), np.random.RandomState(5)
    values = random_values(model, rng)
    model.set_values(values)
    images = rng.uniform(size=(2, 1, 6, 5)).astype("float32")
    target = rng.uniform(size=(2, 1, 12, 10)).astype("float32")
    cost = T.mean(T.sqr(model.output - target))
    gradients = compile_function([model.input], theano.grad(cost, model.params))

    def cost_of(values):
        output = forward(values, images, 2, (12, 10), 3, skip="both")
        return np.mean((output - target) ** 2)

    for param, gradient in zip(model.params, gradients(images)):
        wide = {name: value.astype("float64") for name, value in values.items()}
        step = 1e-6 * rng.normal(size=gradient.shape)  # few cross a kink
        ahead, behind = (
            cost_of({**wide, param.name: wide[param.name] + sign * step})
            for sign in (1, -1)
        )
        slope = np.sum(gradient * step, dtype="float64")
        scale = 1e-6 * np.linalg.norm(gradient)
        assert (ahead - behind) / 2 == pytest.approx(slope, abs=1e-3 * scale), param


def test_names_of_the_variables():
    model = build(m=1)
    numbers = ["1", "2", "3", "4"]
    expected = [n + what for n in numbers for what in (".W", ".b", ".a")]
    expected = [("prelu" if ".a" in n else "conv") + n for n in expected]
    assert list(model.variables) == expected + ["deconv.W", "deconv.b"]
    assert {w.name for w in model.weights} == {
        name for name in model.variables if name.endswith(".W")
    }
    assert model.state == model.updates == ()
    relu = build(m=1, activation="relu")
    assert list(relu.variables) == [n for n in model.variables if ".a" not in n]


def test_first_values():
    values = build(d=200, s=50, m=1).get_values()
    assert values["conv1.W"].std() == pytest.approx(np.sqrt(2 / 75), rel=0.05)
    assert values["conv3.W"].std() == pytest.approx(np.sqrt(2 / 450), rel=0.05)
    assert values["deconv.W"].std() == pytest.approx(0.001, rel=0.05)
    assert (values["prelu2.a"] == 0.25).all()
    assert not values["conv1.b"].any() and not values["deconv.b"].any()


def test_the_same_seed_draws_the_same_network():
    first, second, other = (build(seed=n).get_values() for n in (3, 3, 4))
    for name in first:
        np.testing.assert_array_equal(first[name], second[name])
    assert (first["deconv.W"] != other["deconv.W"]).any()


# --- Pieces of images ---


GEOMETRIES = [
    dict(scale=2),
    dict(scale=3),
    dict(scale=4),
    dict(scale=2, crop=4),
    dict(scale=3, crop=4),
    dict(scale=4, crop=4),
    dict(scale=4, crop=8),
    dict(scale=4, deconv_size=4),
    dict(scale=4, deconv_size=5),
    dict(scale=4, deconv_size=8),
    dict(scale=4, deconv_size=13),
    dict(scale=2, deconv_size=4, m=0),
    dict(scale=3, deconv_size=7, skip="both"),
]


@pytest.mark.parametrize("options", GEOMETRIES, ids=str)
def test_the_halo_is_as_far_as_the_output_for_a_pixel_looks(options):
    """All values positive: the gradient is positive wherever the output depends."""
    settings = dict(SMALL, channels=1, activation="relu")
    model = build((None, 1, None, None), **dict(settings, **options))
    model.set_values({n: np.abs(v) + 0.1 for n, v in model.get_values().items()})
    scale, middle = options["scale"], 12
    rows = slice(scale * middle, scale * (middle + 1))
    gradient = theano.grad(T.sum(model.output[:, :, rows, rows]), model.input)
    images = np.ones((1, 1, 2 * middle + 1, 2 * middle + 1), "float32")
    seen = np.flatnonzero(gradient.eval({model.input: images})[0, 0].any(axis=1))
    reach = max(middle - seen[0], seen[-1] - middle)
    assert reach == model.halo


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_piece_gives_what_the_whole_gives(scale):
    model = build(scale=scale, **SMALL)
    model.set_values(random_values(model, np.random.RandomState(3)))
    compiled = compile_function([model.input], [model.output, model.inside])
    images = np.random.RandomState(1).uniform(size=(1, 3, 24, 21)).astype("float32")
    output, inside = compiled(images)
    h = model.halo
    np.testing.assert_array_equal(
        inside, output[:, :, scale * h : -scale * h, scale * h : -scale * h]
    )
    rows, cols = slice(9, 11), slice(8, 13)
    piece = images[:, :, 9 - h : 11 + h, 8 - h : 13 + h]
    expected = output[
        :,
        :,
        scale * rows.start : scale * rows.stop,
        scale * cols.start : scale * cols.stop,
    ]
    result = compiled(piece)[1]
    assert result.shape == expected.shape == (1, 3, 2 * scale, 5 * scale)
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("skip", ["none", "both"])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_without_padding_the_output_is_what_depends_on_no_zeros(scale, skip):
    padded = build(scale=scale, skip=skip, **SMALL)
    bare = build(scale=scale, skip=skip, padding="none", **SMALL)
    values = random_values(padded, np.random.RandomState(3))
    images = np.random.RandomState(1).uniform(size=(1, 3, 20, 17)).astype("float32")
    outputs = []
    for model in (padded, bare):
        model.set_values(values)
        outputs.append(compile_function([model.input], model.inside)(images))
    assert (bare.margin, bare.halo) == (padded.halo, padded.halo)
    np.testing.assert_allclose(*outputs, rtol=1e-5, atol=1e-6)


def test_the_size_without_padding_is_known():
    model = build((8, 1, 26, 26), channels=1, scale=3, padding="none")
    assert model.output_shape == (8, 1, 36, 36)
    pairs = (np.zeros((30, 1, n, n), "uint8") for n in (26, 78))
    options = {"channels": 1, "scale": 3, "padding": "none"}
    rng = np.random.RandomState(0)
    model = model_for_pairs("fsrcnn", options, pairs, rng, 8)
    assert model.output_shape == (8, 1, 36, 36)


@pytest.mark.parametrize("peak", [1.0, 255.0])
@pytest.mark.parametrize("model", [FSRCNN, SRCNN])
def test_a_grey_of_the_mean_comes_through_the_first_network_as_it_is(model, peak):
    shape = (None, 1, None, None)
    network = build(shape, model, mean=0.45, peak=peak, channels=1)
    images = np.full((1, 1, 30, 30), 0.45, "float32")
    inside = compile_function([network.input], network.inside)(images)
    np.testing.assert_allclose(inside, 0.45, rtol=1e-5)


@pytest.mark.parametrize("scale, size, window", [(4, 26, 8), (2, 9, 8), (3, 15, 7)])
def test_the_naive_network_fits_one_window(scale, size, window):
    options = dict(SMALL, upsampling="full-border", deconv_size=size, scale=scale)
    model = build((1, 3, window, window), **options)
    assert model.window == window
    # It grows by `scale`, or by less than a pixel of the input more.
    assert 0 <= model.output_shape[2] - scale * window < scale
    images = np.ones((1, 3, window, window), "float32")
    inside = model.inside.eval({model.input: images})
    side = scale * (window - 2 * model.halo)
    assert inside.shape == (1, 3, side, side) and side > 0
    assert build(**SMALL).window is None


# --- Refusals ---


@pytest.mark.parametrize(
    "options, parts",
    [
        (dict(activation="tanh"), ["activation", "prelu, relu", "'tanh'"]),
        (dict(upsampling="nearest"), ["upsampling", "'nearest'"]),
        (dict(skip="all"), ["skip", "'all'"]),
        (dict(slopes="pixel"), ["slopes", "'pixel'"]),
        (dict(skip="features", n_deconv=12), ["skip 'features'", "56", "12"]),
        (dict(skip="both", n_deconv=12), ["skip 'both'"]),
        (dict(scale=1), ["scale 1"]),
        (dict(scale=0), ["scale 0"]),
        (dict(scale=-2, upsampling="full-border"), ["scale -2"]),
        (dict(deconv_size=3), ["deconv", "(56, 3, 3, 3)", "stride 4"]),
        (dict(crop=9), ["deconv", "crop must be from 0 to 8"]),
        (dict(crop=-1), ["crop -1", "from 0 to 255"]),
        (dict(channels=1), ["conv1", "(20, 3, 8, 8)", "(56, 1, 5, 5)"]),
        (dict(padding="edge"), ["padding", "'edge'"]),
        (dict(padding="none", upsampling="full-border"), ["'none'", "'full-border'"]),
        (dict(padding="none", crop=8), ["deconv", "by crop (16, 5)"]),
        (dict(mean=2), ["mean 2", "from 0 to 1"]),
        (dict(output_size=(41, 41)), ["deconv", "(41, 41)", "(56, 3, 9, 9)"]),
        (
            dict(output_size=(33, 33), upsampling="full-border"),
            ["deconv", "(33, 33)", "26 long"],
        ),
    ],
)
def test_bad_options_are_refused(options, parts):
    with pytest.raises(ValueError) as error:
        build((20, 3, 8, 8), **options)
    for part in parts:
        assert part in str(error.value)


# --- Networks for pairs of sub-images ---


@pytest.mark.parametrize(
    "name, low, high, options, shape",
    [
        ("fsrcnn", 8, 33, {}, (20, 3, 33, 33)),
        ("half-fsrcnn", 8, 33, {}, (20, 3, 33, 33)),
        ("fsrcnn-large", 8, 33, {}, (20, 3, 33, 33)),
        ("fsrcnn", 16, 48, {"scale": 3}, (20, 3, 48, 48)),
        ("srcnn", 33, 33, {}, (20, 3, 21, 21)),
    ],
)
def test_models_take_and_give_the_sizes_of_the_pairs(name, low, high, options, shape):
    pairs = (np.zeros((30, 3, n, n), "uint8") for n in (low, high))
    rng = np.random.RandomState(0)
    model = model_for_pairs(name, options, tuple(pairs), rng, batch_size=20)
    assert type(model) is model_class(name)
    assert model.output_shape == shape
