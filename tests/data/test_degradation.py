import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from srcnn_theano.data import degradation
from srcnn_theano.data.images import read_rgb


def noise(*shape, dtype=np.uint8, seed=0):
    rng = np.random.RandomState(seed)
    if np.dtype(dtype).kind == "f":
        return rng.rand(*shape).astype(dtype)
    return rng.randint(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


# --- Numbers ---


def test_to_float_and_back():
    assert degradation.to_float(np.array([0, 51, 255], np.uint8)).tolist() == [
        0,
        0.2,
        1,
    ]
    for dtype in (np.uint8, np.uint16):
        every = np.arange(np.iinfo(dtype).max + 1).astype(dtype)
        back = degradation.from_float(degradation.to_float(every), dtype)
        assert back.dtype == dtype
        np.testing.assert_array_equal(back, every)


def test_from_float_clips_and_rounds_halves_up():
    values = np.array([-0.3, 0.5 / 255, 1.5 / 255, 1.2])
    assert degradation.from_float(values).tolist() == [0, 1, 2, 255]


@pytest.mark.parametrize("scale, shape", [(2, (16, 18)), (3, (15, 18)), (4, (16, 16))])
def test_mod_crop(scale, shape):
    image = noise(17, 19, 3)
    cropped = degradation.mod_crop(image, scale)
    np.testing.assert_array_equal(cropped, image[: shape[0], : shape[1]])


# --- Blur ---


def test_blur_of_a_point_is_the_gaussian():
    point = np.zeros((21, 21, 1))
    point[10, 10] = 1
    x = np.arange(-4, 5)
    gauss = np.exp(-(x**2) / 2.0)
    gauss /= gauss.sum()
    blurred = degradation.gaussian_blur(point, 1.0)
    np.testing.assert_allclose(
        blurred[6:15, 6:15, 0], np.outer(gauss, gauss), atol=1e-12
    )


def test_blur_of_a_batch_is_that_of_each_channel_in_uint8():
    batch = noise(4, 33, 33, 3)
    blurred = degradation.gaussian_blur(batch, 1.0)
    assert blurred.dtype == np.uint8
    for i in range(4):
        for channel in range(3):
            alone = ndimage.gaussian_filter(batch[i, :, :, channel], 1)
            np.testing.assert_array_equal(blurred[i, :, :, channel], alone)


def test_blur_in_uint8_cuts_to_whole_levels_after_each_axis():
    point = np.zeros((9, 9, 1), np.uint8)
    point[4, 4] = 100
    # 100 * 0.398943 = 39.9, cut to 39; 39 * 0.398943 = 15.6, cut to 15.
    assert degradation.gaussian_blur(point, 1.0)[4, 4, 0] == 15


def test_blur_across_colours_is_the_scalar_sigma_of_scipy():
    image = noise(20, 20, 3)
    blurred = degradation.gaussian_blur(image, 1.0, across_colours=True)
    np.testing.assert_array_equal(blurred, ndimage.gaussian_filter(image, 1))
    assert np.any(blurred != degradation.gaussian_blur(image, 1.0))


# --- imresize ---


def kernel(x):
    x = abs(x)
    if x <= 1:
        return 1.5 * x**3 - 2.5 * x**2 + 1
    if x <= 2:
        return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return 0.0


def resize_line(line, n_out, antialias):
    """The definition, pixel by pixel."""
    scale = n_out / len(line)
    shrink = min(scale, 1) if antialias else 1
    result = []
    for i in range(n_out):
        u = (i + 0.5) / scale - 0.5
        total = weight_sum = 0.0
        for j in range(int(np.floor(u - 2 / shrink)), int(np.ceil(u + 2 / shrink)) + 1):
            weight = kernel(shrink * (u - j))
            total += weight * line[min(max(j, 0), len(line) - 1)]
            weight_sum += weight
        result.append(total / weight_sum)
    return np.array(result)


@pytest.mark.parametrize("antialias", [True, False])
@pytest.mark.parametrize("shape", [(5, 4), (20, 24), (23, 7), (10, 31), (60, 36)])
def test_imresize_against_its_definition(shape, antialias):
    image = noise(20, 12, dtype=np.float64)
    expected = np.array([resize_line(row, shape[1], antialias) for row in image])
    expected = np.array([resize_line(c, shape[0], antialias) for c in expected.T]).T
    result = degradation.imresize(image, shape, antialias)
    np.testing.assert_allclose(result, expected, atol=1e-12)


@pytest.mark.parametrize("scale", [0.5, 1 / 3, 0.25, 2, 3, 4])
def test_imresize_is_pillows_away_from_the_border(scale):
    image = noise(48, 60, dtype=np.float32)
    shape = (int(round(48 * scale)), int(round(60 * scale)))
    theirs = Image.fromarray(image).resize(shape[::-1], Image.BICUBIC)
    inside = slice(int(np.ceil(2 * max(scale, 1))), -int(np.ceil(2 * max(scale, 1))))
    np.testing.assert_allclose(
        degradation.imresize(image, scale)[inside, inside],
        np.asarray(theirs)[inside, inside],
        atol=2e-6,
    )


@pytest.mark.data
@pytest.mark.parametrize("scale", [2, 4])
def test_imresize_is_matlabs_bit_for_bit(data_dir, scale):
    originals = sorted((data_dir / "Set5").iterdir())
    theirs = sorted((data_dir / "matlab_lr" / "Set5" / f"x{scale}").iterdir())
    assert len(originals) == len(theirs) == 5
    for original, low_res in zip(originals, theirs):
        image = degradation.mod_crop(read_rgb(original), scale)
        ours = degradation.imresize(image, 1 / scale)
        np.testing.assert_array_equal(ours, read_rgb(low_res))


def test_imresize_rounds_integers_after_each_axis():
    image = noise(30, 30)
    once = degradation.imresize(degradation.to_float(image), (30, 15))
    rows_only = degradation.imresize(image, (15, 30))
    twice = degradation.imresize(degradation.to_float(rows_only), (15, 15))
    result = degradation.imresize(image, 0.5)
    np.testing.assert_array_equal(result, degradation.from_float(twice))
    # With unequal scales the smaller one goes first.
    first = degradation.to_float(degradation.from_float(once))
    np.testing.assert_array_equal(
        degradation.imresize(image, (20, 15)),
        degradation.from_float(degradation.imresize(first, (20, 15))),
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_imresize_keeps_dtype_and_constants(dtype):
    value = 0.25 if np.dtype(dtype).kind == "f" else 200
    image = np.full((5, 7, 3), value, dtype)
    for scale in (0.4, 3):
        result = degradation.imresize(image, scale)
        assert result.dtype == dtype
        np.testing.assert_allclose(result, value, rtol=1e-6)
    assert degradation.imresize(image[:1, :1], 4).shape == (4, 4, 3)


def test_imresize_rounds_lengths_up():
    assert degradation.imresize(noise(9, 10), 0.25).shape == (3, 3)
    assert degradation.imresize(noise(30, 30), 0.1).shape == (3, 3)


REGIONS = [
    (slice(0, 30), slice(0, 5)),
    (slice(7, 33), slice(20, 91)),
    (slice(119, 120), slice(100, None)),
    (slice(None), slice(None)),
]


@pytest.mark.parametrize("rows, cols", REGIONS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_region_equals_the_whole(rows, cols, dtype):
    image = noise(40, 50, 3, dtype=dtype)
    whole = degradation.imresize(degradation.to_float(image), 3)
    region = degradation.imresize_region(image, 3, rows, cols)
    assert region.dtype == (np.float32 if dtype == np.float32 else np.float64)
    tolerance = 1e-6 if dtype == np.float32 else 1e-13
    np.testing.assert_allclose(region, whole[rows, cols], atol=tolerance)


def test_region_looks_at_no_more_than_it_needs():
    image = np.full((100, 100), np.nan)
    image[8:22, 18:32] = 0.5
    region = degradation.imresize_region(image, 2, slice(20, 40), slice(40, 60))
    np.testing.assert_allclose(region, 0.5)


# --- Pillow ---


def test_pillow_imresize_is_pillow():
    image = noise(33, 33, 3)
    theirs = np.asarray(Image.fromarray(image).resize((7, 8), Image.BICUBIC))
    np.testing.assert_array_equal(degradation.pillow_imresize(image, (8, 7)), theirs)
    grey = image[..., :1]
    theirs = np.asarray(Image.fromarray(grey[..., 0]).resize((7, 8), Image.BICUBIC))
    np.testing.assert_array_equal(
        degradation.pillow_imresize(grey, (8, 7)), theirs[..., np.newaxis]
    )


def test_bytescale_stretches_to_the_whole_range():
    image = np.array([[0.2, 0.3], [0.4, 0.6]])
    result = degradation.pillow_imresize(image, (2, 2), bytescale=True)
    assert result.tolist() == [[0, 64], [128, 255]]
    flat = degradation.pillow_imresize(np.full((2, 2), 0.7), (3, 3), bytescale=True)
    assert not flat.any()


def test_pillow_imresize_refuses_floats():
    with pytest.raises(ValueError, match="bytescale"):
        degradation.pillow_imresize(np.zeros((4, 4)), (2, 2))


# --- Colour ---

# Published values of MATLAB's rgb2ycbcr.
COLOURS = [
    ((255, 255, 255), (235, 128, 128)),
    ((0, 0, 0), (16, 128, 128)),
    ((255, 0, 0), (81, 90, 240)),
    ((0, 255, 0), (145, 54, 34)),
    ((0, 0, 255), (41, 240, 110)),
]


@pytest.mark.parametrize("rgb, ycbcr", COLOURS)
def test_colours(rgb, ycbcr):
    rgb = np.array(rgb, np.uint8)
    assert degradation.rgb_to_ycbcr(rgb).tolist() == list(ycbcr)
    assert degradation.rgb_to_y(rgb).tolist() == [ycbcr[0]]
    np.testing.assert_allclose(
        degradation.ycbcr_to_rgb(np.array(ycbcr) / 255.0), rgb / 255.0, atol=0.004
    )


def test_luma_of_white_and_of_one_level_of_red():
    white = degradation.rgb_to_y(np.ones(3)) * 255
    np.testing.assert_allclose(white, [235.0], atol=1e-12)
    # Known as 65.738 / 256, of which 64.738 / 256 is a popular misprint.
    red = degradation.rgb_to_y(np.array([1.0, 0, 0])) * 255 - 16
    np.testing.assert_allclose(red, [65.738 * 255 / 256], atol=1e-3)


def test_colour_there_and_back():
    image = noise(10, 10, 3, dtype=np.float64)
    back = degradation.ycbcr_to_rgb(degradation.rgb_to_ycbcr(image))
    np.testing.assert_allclose(back, image, atol=1e-12)
    single = degradation.rgb_to_ycbcr(image.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, degradation.rgb_to_ycbcr(image), atol=1e-6)
