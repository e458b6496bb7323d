"""Small networks on pieces, on degraded images, on whole pictures and in tiles."""

import numpy as np
import pytest

from srcnn_theano import inference
from srcnn_theano.backend import compile_function
from srcnn_theano.data.degradation import (
    from_float,
    imresize,
    rgb_to_y,
    rgb_to_ycbcr,
    to_float,
    ycbcr_to_rgb,
)
from srcnn_theano.data.images import Picture, spread_colours
from srcnn_theano.data.patches import Degraded
from srcnn_theano.inference import Upscaler, build_model, build_predictor, restore
from srcnn_theano.models.srcnn import SRCNN
from srcnn_theano.weights import Weights

OPTIONS = {
    "channels": 1,
    "n_filters": [4, 3],
    "filter_sizes": [3, 1, 3],
    "batch_norm": "hidden",
}
FSRCNN_OPTIONS = {"channels": 3, "scale": 4, "d": 4, "s": 3, "m": 1}
MARGIN = 3  # of a 5-1-3 network

# --- Pieces ---


def test_the_network_has_the_options_and_the_values(random_weights):
    model = build_model(random_weights("srcnn", OPTIONS))
    assert isinstance(model, SRCNN)
    assert model.margin == 2
    assert model.output_shape == (None, 1, None, None)
    for name, value in random_weights("srcnn", OPTIONS).values.items():
        np.testing.assert_array_equal(model.get_values()[name], value)
    sized = build_model(random_weights("srcnn", OPTIONS), (5, 1, 20, 30))
    assert sized.output_shape == (5, 1, 16, 26)


def test_predictor_takes_any_size(random_weights):
    predict = build_predictor(random_weights("srcnn", OPTIONS))
    assert (predict.halo, predict.factor, predict.channels) == (2, 1, 1)
    assert not predict.upscales
    rng = np.random.RandomState(0)
    large = rng.uniform(size=(1, 1, 15, 12)).astype("float32")
    whole = predict(large)
    assert whole.shape == (1, 1, 11, 8) and whole.dtype == np.float32
    # Running statistics: a part of the image gives that part of the output.
    part = predict(large[:, :, 3:12, 2:9])
    np.testing.assert_allclose(part, whole[:, :, 3:8, 2:5], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "network, options", [("srcnn", OPTIONS), ("fsrcnn", FSRCNN_OPTIONS)]
)
def test_a_large_piece_goes_through_in_tiles(
    network, options, random_weights, monkeypatch
):
    """Its maps need no more memory than a tile's, and its pixels are the same."""
    predict = build_predictor(random_weights(network, options))
    halo, sizes = predict.halo, []
    rng = np.random.RandomState(0)
    x = rng.uniform(size=(2, predict.channels, 2 * halo + 33, 2 * halo + 20))
    x = x.astype("float32")
    whole, predict_tile = predict(x), predict._predict

    def spied(tile):
        sizes.append(tile.shape[2:])
        return predict_tile(tile)

    monkeypatch.setattr(predict, "_predict", spied)
    monkeypatch.setattr(inference, "TILE", 12)
    monkeypatch.setattr(inference, "LARGE", x.shape[2] * x.shape[3] - 1)
    tiled = predict(x)
    assert sizes == 6 * [(2 * halo + 11, 2 * halo + 10)]
    assert tiled.shape == whole.shape and tiled.dtype == whole.dtype
    np.testing.assert_allclose(tiled, whole, rtol=1e-5, atol=1e-6)
    monkeypatch.setattr(inference, "LARGE", x.shape[2] * x.shape[3])
    np.testing.assert_array_equal(predict(x), whole)
    assert sizes[6:] == [x.shape[2:]]


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_predictor_of_fsrcnn(scale, random_weights):
    weights = random_weights("fsrcnn", dict(FSRCNN_OPTIONS, scale=scale))
    predict = build_predictor(weights)
    assert (predict.factor, predict.channels, predict.upscales) == (scale, 3, True)
    large = np.random.RandomState(1).uniform(size=(2, 3, 15, 14)).astype("float32")
    whole, h = predict(large), predict.halo
    rows, cols = scale * (15 - 2 * h), scale * (14 - 2 * h)
    assert whole.shape == (2, 3, rows, cols) and whole.dtype == np.float32
    part = predict(large[:, :, 1:-3, 2:-1])
    expected = whole[:, :, scale : -3 * scale, 2 * scale : -scale]
    np.testing.assert_allclose(part, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("size", [(8, 8), (9, 10), (13, 8), (7, 7), (16, 21)])
def test_a_network_of_one_size_goes_over_the_image_in_windows(size, random_weights):
    weights = random_weights(
        "fsrcnn", dict(FSRCNN_OPTIONS, upsampling="full-border", deconv_size=26)
    )
    predict = build_predictor(weights)
    assert predict.halo == 3
    images = np.random.RandomState(1).uniform(size=(2, 3) + size).astype("float32")

    result = predict(images)

    # Two of eight pixels are restored at a time, with three around them as they are in
    # the image or, beyond it, as its outermost pixels.
    network = build_model(weights, (1, 3, 8, 8))
    window = compile_function([network.input], network.output)
    inside = tuple(n - 6 for n in size)
    padded = np.pad(images, [(0, 0), (0, 0), (0, 1), (0, 1)], mode="edge")
    expected = np.empty((2, 3, 4 * inside[0] + 4, 4 * inside[1] + 4), "float32")
    for n, i, j in np.ndindex(2, *((k + 1) // 2 for k in inside)):
        piece = padded[n : n + 1, :, 2 * i : 2 * i + 8, 2 * j : 2 * j + 8]
        expected[n, :, 8 * i : 8 * i + 8, 8 * j : 8 * j + 8] = window(piece)[
            0, :, 12:20, 12:20
        ]
    expected = expected[:, :, : 4 * inside[0], : 4 * inside[1]]
    assert result.shape == expected.shape
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5)


# --- Degraded images ---


def degraded(low_res, scale):
    """With white in the place of what the network does not look at."""
    rows, cols, channels = low_res.shape
    white = np.ones((scale * rows, scale * cols, channels))
    return Degraded(low_res, white, white)


def test_a_network_for_enlarged_images_repeats_their_edges(passing_on):
    network = build_predictor(passing_on(1))
    image = np.random.RandomState(1).rand(5, 7, 1)
    parts = degraded(image[:1, :1], 1)._replace(enlarged=image)
    for is_luma in (True, False):
        result = restore(network, parts, is_luma)
        np.testing.assert_allclose(result, image, atol=1e-6)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_a_network_that_upscales_takes_the_low_resolution(repeating, scale):
    network = build_predictor(repeating(1, scale))
    image = np.random.RandomState(1).rand(5, 7, 1)
    expected = image.repeat(scale, axis=0).repeat(scale, axis=1)
    result = restore(network, degraded(image, scale))
    np.testing.assert_allclose(result, expected, atol=1e-6)


def test_in_colour_a_luma_network_leaves_chroma_to_bicubic(repeating):
    rng = np.random.RandomState(3)
    parts = Degraded(rng.rand(5, 7, 3), *rng.rand(2, 10, 14, 3))
    result = restore(build_predictor(repeating(1, 2)), parts)
    luma, chroma = rgb_to_ycbcr(parts.low_res), rgb_to_ycbcr(parts.enlarged)
    expected = luma[..., :1].repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_allclose(rgb_to_ycbcr(result)[..., :1], expected, atol=1e-5)
    np.testing.assert_allclose(
        rgb_to_ycbcr(result)[..., 1:], chroma[..., 1:], atol=1e-5
    )

    all_three = restore(build_predictor(repeating(3, 2)), parts)
    expected = parts.low_res.repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_allclose(all_three, expected, atol=1e-6)


# --- Pictures and tiles ---


class Cut:
    """A network that gives its input back, less its halo."""

    halo, factor, upscales = MARGIN, 1, False

    def __init__(self, channels):
        self.channels = channels

    def __call__(self, x):
        return x[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN]


def small_network(channels):
    """Random filters around the identity, so that results look like pictures."""
    rng = np.random.RandomState(7)
    options = {"channels": channels, "n_filters": [5, 4], "filter_sizes": [5, 1, 3]}
    maps = (channels, 5, 4, channels)
    values = {}
    for i, size in enumerate((5, 1, 3)):
        W = rng.normal(0, 0.05, (maps[i + 1], maps[i], size, size))
        for c in range(channels):
            W[c, c, size // 2, size // 2] += 1
        values[f"conv{i + 1}.W"] = W
        values[f"conv{i + 1}.b"] = rng.normal(0, 0.01, maps[i + 1])
    return Weights("srcnn", options, values, {"scale": 2})


@pytest.fixture(scope="module")
def predict():
    """Compiled networks by their number of channels."""
    functions = {n: build_predictor(small_network(n)) for n in (1, 3)}
    assert {function.halo for function in functions.values()} == {MARGIN}
    return functions


def picture(shape, dtype=np.uint8, seed=0):
    rng = np.random.RandomState(seed)
    pixels = rng.randint(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    return Picture(pixels)


def whole(upscaler, image):
    rows, cols = (upscaler.scale * n for n in image.shape[:2])
    return upscaler.restore(image, slice(0, rows), slice(0, cols))


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("n_colours", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_identity_network_gives_bicubic(scale, channels, n_colours, dtype):
    source = picture((11, 8, n_colours), dtype)
    source = source._replace(alpha=picture((11, 8), dtype, seed=1).pixels)
    result = Upscaler(Cut(channels), scale, tile=10)(source)

    colours = spread_colours(source.pixels, source.alpha)
    expected = from_float(imresize(to_float(colours), scale), dtype)
    difference = result.pixels.astype(int) - expected
    assert result.pixels.shape == (11 * scale, 8 * scale, n_colours)
    assert result.pixels.dtype == dtype
    assert np.abs(difference).max() <= 1  # float32 on the way, float64 in the oracle
    expected = from_float(imresize(to_float(source.alpha), scale), dtype)
    np.testing.assert_array_equal(result.alpha, expected)


def test_luma_by_the_network_and_chroma_by_bicubic(predict):
    image = picture((9, 10, 3)).pixels
    ycbcr = rgb_to_ycbcr(imresize(to_float(image), 3))
    pad = ((MARGIN, MARGIN), (MARGIN, MARGIN))
    y = np.pad(ycbcr[..., 0], pad, mode="edge").astype(np.float32)
    ycbcr[..., 0] = predict[1](y[np.newaxis, np.newaxis])[0, 0]
    result = whole(Upscaler(predict[1], 3), image)
    np.testing.assert_allclose(result, ycbcr_to_rgb(ycbcr), atol=1e-5)


def test_grey_goes_through_a_luma_network_as_its_luma(predict):
    """The network learned black as 16 and white as 235: grey is as its twin in RGB."""
    image = picture((9, 10, 1)).pixels
    twin = np.repeat(image, 3, axis=2)
    padded = np.pad(imresize(rgb_to_y(to_float(twin)), 2)[..., 0], MARGIN, mode="edge")
    luma = predict[1](np.float32(padded[np.newaxis, np.newaxis]))[0, 0]
    result = whole(Upscaler(predict[1], 2), image)
    np.testing.assert_allclose(result[..., 0], (255 * luma - 16) / 219, atol=1e-5)
    as_rgb = whole(Upscaler(predict[1], 2), twin)
    np.testing.assert_allclose(as_rgb, np.repeat(result, 3, axis=2), atol=1e-5)


def test_grey_goes_through_an_rgb_network_as_three_channels(predict):
    upscaler = Upscaler(predict[3], 2)
    image = picture((9, 10, 1)).pixels
    result = whole(upscaler, image)
    as_rgb = whole(upscaler, np.repeat(image, 3, axis=2))
    np.testing.assert_allclose(result[..., 0], as_rgb.mean(axis=2), atol=1e-6)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("tta", [False, True])
def test_tiled_equals_untiled(predict, channels, tta):
    image = picture((13, 17, 3)).pixels
    upscaler = Upscaler(predict[channels], 3, tta=tta)
    expected = whole(upscaler, image)
    for rows in (slice(0, 7), slice(7, 39)):
        for cols in (slice(0, 1), slice(1, 20), slice(20, 51)):
            tile = upscaler.restore(image, rows, cols)
            np.testing.assert_allclose(tile, expected[rows, cols], atol=1e-5)


def test_tiles_of_any_size_give_the_same_picture(predict):
    source = picture((13, 17, 3), np.uint16)
    results = [
        Upscaler(predict[1], 2, tile=tile)(source).pixels.astype(int)
        for tile in (None, 1, 5, 26)
    ]
    for result in results[1:]:
        assert np.abs(result - results[0]).max() <= 1


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (4, 1), (2, 2)])
@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_smaller_than_the_filters(predict, channels, shape):
    result = Upscaler(predict[channels], 4)(picture(shape + (3,)))
    assert result.pixels.shape == (4 * shape[0], 4 * shape[1], 3)


def test_tta_commutes_with_flips_and_turns(predict):
    image = picture((9, 12, 3)).pixels
    upscaler = Upscaler(predict[3], 2, tta=True)
    result = whole(upscaler, image)
    turned = whole(upscaler, np.rot90(image))
    mirrored = whole(upscaler, image[:, ::-1])
    np.testing.assert_allclose(turned, np.rot90(result), atol=1e-5)
    np.testing.assert_allclose(mirrored, result[:, ::-1], atol=1e-5)
    once = whole(Upscaler(predict[3], 2), image)
    assert np.abs(result - once).max() > 1e-3


def test_progress_counts_the_tiles(predict):
    source, calls = picture((10, 7, 1)), []
    upscaler = Upscaler(predict[1], 2, tile=8)
    upscaler(source, on_tile=lambda: calls.append(1))
    assert len(calls) == upscaler.n_tiles(source) == 3 * 2


# --- Networks that take the picture as it is ---


class Repeat:
    """A network that gives each pixel of its input `factor` times, less its halo."""

    halo, upscales = 4, True

    def __init__(self, channels, factor):
        self.channels, self.factor = channels, factor

    def __call__(self, x):
        inside = x[:, :, self.halo : -self.halo, self.halo : -self.halo]
        return inside.repeat(self.factor, axis=2).repeat(self.factor, axis=3)


def repeated(image, scale):
    return image.repeat(scale, axis=0).repeat(scale, axis=1)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("tile", [None, 1, 5])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_pixels_go_in_as_they_are_and_come_out_in_their_place(scale, tile, dtype):
    source = picture((11, 8, 3), dtype)
    source = source._replace(alpha=picture((11, 8), dtype, seed=1).pixels)
    result = Upscaler(Repeat(3, scale), scale, tile=tile)(source)
    colours = spread_colours(source.pixels, source.alpha)
    np.testing.assert_array_equal(result.pixels, repeated(colours, scale))
    assert result.pixels.dtype == dtype
    expected = from_float(imresize(to_float(source.alpha), scale), dtype)
    np.testing.assert_array_equal(result.alpha, expected)

    grey = picture((11, 8, 1), dtype)
    for channels in (1, 3):
        result = Upscaler(Repeat(channels, scale), scale, tile=tile)(grey)
        np.testing.assert_array_equal(result.pixels, repeated(grey.pixels, scale))


def test_luma_from_the_picture_as_it_is_and_chroma_by_bicubic():
    image = picture((9, 10, 3)).pixels
    result = whole(Upscaler(Repeat(1, 3), 3), image)
    ycbcr = rgb_to_ycbcr(imresize(to_float(image), 3))
    ycbcr[..., :1] = repeated(rgb_to_y(to_float(image)), 3)
    np.testing.assert_allclose(result, ycbcr_to_rgb(ycbcr), atol=1e-5)


FSRCNNS = [
    (1, 2, {}),
    (3, 3, {}),
    (1, 4, {"slopes": "layer", "crop": 4}),
]


@pytest.fixture(scope="module", params=FSRCNNS, ids=str)
def fsrcnn(request, random_weights):
    """(predictor, scale) of a compiled FSRCNN with random filters."""
    return compiled_fsrcnn(random_weights, *request.param)


def compiled_fsrcnn(random_weights, channels, scale, options):
    options = dict(FSRCNN_OPTIONS, channels=channels, scale=scale, **options)
    return build_predictor(random_weights("fsrcnn", options)), scale


@pytest.mark.parametrize("n_colours", [1, 3])
@pytest.mark.parametrize("tta", [False, True])
def test_fsrcnn_tiled_equals_untiled(fsrcnn, tta, n_colours):
    predict, scale = fsrcnn
    image = picture((13, 17, n_colours)).pixels
    upscaler = Upscaler(predict, scale, tta=tta)
    expected = whole(upscaler, image)
    assert expected.shape == (13 * scale, 17 * scale, n_colours)
    for top, bottom in ((0, 3), (3, 13)):
        for left, right in ((0, 1), (1, 8), (8, 17)):
            rows = slice(scale * top, scale * bottom)
            cols = slice(scale * left, scale * right)
            tile = upscaler.restore(image, rows, cols)
            np.testing.assert_allclose(tile, expected[rows, cols], atol=1e-5)


def test_the_naive_fsrcnn_tiled_equals_untiled(random_weights):
    """Where tiles hold whole windows: two pixels, as 192 does."""
    naive = {"upsampling": "full-border", "deconv_size": 26}
    predict, scale = compiled_fsrcnn(random_weights, 3, 4, naive)
    source = picture((13, 17, 3))
    at_once = Upscaler(predict, scale, tile=None)(source).pixels.astype(int)
    assert at_once.shape == (52, 68, 3)
    for tile in (2, 6):
        tiled = Upscaler(predict, scale, tile=tile)(source).pixels
        assert np.abs(tiled - at_once).max() <= 1
    assert Upscaler(predict, scale, tta=True)(picture((1, 1, 1))).pixels.size == 16


@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 1, 3), (1, 5, 3), (4, 1, 1)])
def test_pictures_smaller_than_what_fsrcnn_looks_at(fsrcnn, shape):
    predict, scale = fsrcnn
    for tta in (False, True):
        result = Upscaler(predict, scale, tta=tta)(picture(shape, np.uint16))
        assert result.pixels.shape == (scale * shape[0], scale * shape[1], shape[2])
        assert result.pixels.dtype == np.uint16


def test_tta_of_fsrcnn_commutes_with_flips_and_turns(fsrcnn):
    predict, scale = fsrcnn
    image = picture((9, 12, 3)).pixels
    upscaler = Upscaler(predict, scale, tta=True)
    result = whole(upscaler, image)
    turned = whole(upscaler, np.rot90(image))
    mirrored = whole(upscaler, image[:, ::-1])
    np.testing.assert_allclose(turned, np.rot90(result), atol=1e-5)
    np.testing.assert_allclose(mirrored, result[:, ::-1], atol=1e-5)
    assert np.abs(result - whole(Upscaler(predict, scale), image)).max() > 1e-3


def test_tiles_count_pixels_of_the_input():
    upscaler = Upscaler(Repeat(3, 4), 4, tile=8)
    assert upscaler.n_tiles(picture((16, 17, 3))) == 2 * 3
    # Of SRCNN that is the enlarged picture.
    assert Upscaler(Cut(3), 4, tile=8).n_tiles(picture((16, 17, 3))) == 8 * 9
