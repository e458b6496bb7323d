import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from srcnn_theano.data import cache, degradation, patches
from srcnn_theano.data.patches import (
    make_pairs,
    make_recipe,
    prepare_image,
    sub_image_count,
)
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.metrics import aggregate, mse_per_patch

COURSE = make_recipe("course")


def picture(rows, cols, channels=3, seed=0):
    """Smooth noise, so that resizing keeps something of it."""
    rng = np.random.RandomState(seed)
    coarse = rng.rand(rows // 6 + 2, cols // 6 + 2, channels)
    return degradation.from_float(degradation.imresize(coarse, (rows, cols)))


def pillow(array, side):
    return np.asarray(Image.fromarray(array).resize((side, side), Image.BICUBIC))


def stretch(array):
    """scipy.misc.bytescale, of floats."""
    scale = 255.0 / (array.max() - array.min())
    return ((array - array.min()) * scale + 0.5).astype(np.uint8)


# --- Recipes ---


def test_hash_tells_recipes_apart_but_not_names():
    assert COURSE.hash == COURSE._replace(name="another").hash
    assert len(COURSE.hash) == 10
    changes = {
        "colour": "y",
        "scale": 3,
        "unit": "image",
        "mod_crop": True,
        "dtype": "float",
        "blur_sigma": 2.0,
        "blur_across_colours": True,
        "resizer": "matlab",
        "size_rule": "exact",
        "low_res_rounded": False,
        "target": "sharp",
        "enlarged": False,
        "size": 32,
        "stride": 21,
        "blur": "in_place",
        "resizer_up": "matlab",
        "order": "mixed",
        "border": 4,
        "reductions": (1.0, 0.5),
    }
    assert set(changes) == set(COURSE._fields) - {"name"}
    hashes = {COURSE._replace(**{key: value}).hash for key, value in changes.items()}
    assert len(hashes | {COURSE.hash}) == len(changes) + 1
    # Caches and results refer to these, from before the recipe had its last fields.
    assert COURSE.hash == "093ee61658"
    assert make_recipe("course-initial").hash == "cad22f8a6d"


def test_named_recipes():
    assert set(patches.RECIPES) == {
        "programmed",
        "programmed-initial",
        "course",
        "course-initial",
        "standard",
        "standard-rgb",
    }
    assert all(recipe.name == name for name, recipe in patches.RECIPES.items())
    assert make_recipe("standard", 3).scale == 3
    assert (make_recipe("standard").n_channels, COURSE.n_channels) == (1, 3)


@pytest.mark.parametrize("name, scale", [("nonesuch", 4), ("course", 5)])
def test_unknown_recipe_or_scale(name, scale):
    with pytest.raises(UserError, match="nonesuch|scale 5"):
        make_recipe(name, scale)


# --- Whole images continued beyond their edges ---


@pytest.mark.parametrize("enlarged, factor", [(True, 1), (False, 3)])
def test_a_border_makes_every_pixel_one_of_a_centre(enlarged, factor):
    recipe = make_recipe("standard", 3)._replace(
        enlarged=enlarged, size=12, stride=6, border=3
    )
    image = picture(18, 24)
    pairs = make_pairs(image, recipe)
    assert len(pairs.high_res) == sub_image_count(image.shape, recipe) == 3 * 4
    n = 12 // factor
    assert pairs.low_res.shape[2:] == (n, n)
    centres = pairs.high_res[:, 0, 3:9, 3:9].reshape(3, 4, 6, 6)
    whole = centres.transpose(0, 2, 1, 3).reshape(18, 24)
    np.testing.assert_array_equal(whole, prepare_image(image, recipe)[..., 0])
    # Beyond the edges the outermost pixels are repeated.
    for part in pairs:
        b = 3 * part.shape[2] // 12
        for edge in range(b):
            np.testing.assert_array_equal(part[0, 0, edge], part[0, 0, b])


def test_a_recipe_without_new_choices_has_the_hash_that_it_had():
    recipe = make_recipe("standard", 3)
    assert recipe._replace(reductions=[1.0]).hash == recipe.hash
    assert recipe._replace(reductions=(1.0, 0.5)).hash != recipe.hash
    assert recipe._replace(border=3).hash != recipe.hash


# --- The report's program ---


def test_the_blur_in_place_is_that_of_overlapping_views():
    recipe = make_recipe("programmed")
    image = picture(49, 62)
    before = image.copy()
    pairs = make_pairs(image, recipe)
    np.testing.assert_array_equal(image, before)
    blurred, n = image.copy(), 0
    for top in (0, 14):
        for left in (0, 14, 28):
            for c in range(3):  # each channel by itself, with scipy's defaults
                view = blurred[top : top + 33, left : left + 33, c]
                view[...] = ndimage.gaussian_filter(view, 1)
                low_res = pillow(np.ascontiguousarray(view), 8)
                np.testing.assert_array_equal(pairs.high_res[n, c], view)
                np.testing.assert_array_equal(pairs.low_res[n, c], pillow(low_res, 33))
            n += 1
    assert len(pairs.high_res) == n
    # The last one was blurred by all that lie over it, the first one once.
    once = make_pairs(image, COURSE)
    np.testing.assert_array_equal(pairs.high_res[0], once.high_res[0])
    assert (pairs.high_res[-1] != once.high_res[-1]).mean() > 0.5


def test_the_report_bug_stretches_on_the_way_up_alone():
    recipe = make_recipe("programmed-initial")
    image = picture(47, 33)
    pairs = make_pairs(image, recipe)
    mended = make_pairs(image, make_recipe("programmed"))
    np.testing.assert_array_equal(pairs.high_res, mended.high_res)
    small, mended_small = (
        make_pairs(image, made._replace(enlarged=False)).low_res
        for made in (recipe, make_recipe("programmed"))
    )
    np.testing.assert_array_equal(small, mended_small)
    for low_res, enlarged in zip(small, pairs.low_res):
        stretched = stretch(low_res.astype(float))  # over all three channels together
        expected = [pillow(channel, 33) for channel in stretched]
        np.testing.assert_array_equal(enlarged, expected)


@pytest.mark.data
@pytest.mark.parametrize(
    "test_set, expected, mixed",
    [("Set5", (37.14, 36.74, 36.48), 35.27), ("Set14", (35.54, 34.92, 34.79), 33.60)],
)
def test_bicubic_of_the_report_program(data_dir, cache_dir, test_set, expected, mixed):
    recipe = make_recipe("programmed")
    scores = {}
    for order in ("sorted", "mixed"):
        pairs = cache.prepare(
            data_dir, test_set, recipe._replace(order=order), cache_dir
        )
        cut = (patches.cut_window(part, (21, 21)) / 255.0 for part in pairs)
        mse = mse_per_patch(*cut)
        scores[order] = [aggregate(mse, f"batch{n}") for n in (20, 50, 100)]
    assert scores["sorted"] == pytest.approx(expected, abs=0.01)
    assert scores["mixed"][0] == pytest.approx(mixed, abs=0.15)


def test_orders_of_sub_images():
    orders = {order: patches.sub_image_order(order, 50) for order in patches.MIXED}
    assert patches.sub_image_order("sorted", 4).tolist() == [0, 1, 2, 3]
    for order in orders.values():
        assert sorted(order) == list(range(50))
    assert len({tuple(order) for order in orders.values()}) == len(orders)
    # The first is that of records from before there were others.
    np.testing.assert_array_equal(
        orders["mixed"], np.random.RandomState(0).permutation(50)
    )


# --- Sub-images ---


@pytest.mark.parametrize("rows, cols, n", [(33, 33, 1), (46, 47, 2), (61, 75, 3 * 4)])
def test_number_and_order_of_sub_images(rows, cols, n):
    image = np.arange(rows * cols).reshape(rows, cols, 1)
    cut = patches.sub_images(image, 33, 14)
    assert len(cut) == n == patches.sub_image_count(image.shape, COURSE)
    corners = [
        image[row, col, 0]
        for row in range(0, rows - 32, 14)
        for col in range(0, cols - 32, 14)
    ]
    assert cut[:, 0, 0, 0].tolist() == corners
    np.testing.assert_array_equal(cut[-1, -1, -1], cut[-1, 0, 0] + 32 * cols + 32)


def test_no_sub_image_fits():
    image = picture(40, 32)
    assert patches.sub_image_count(image.shape, COURSE) == 0
    assert patches.sub_image_count((35, 99), make_recipe("standard", 4)) == 0  # 32 rows
    for recipe in (COURSE, make_recipe("standard")):
        with pytest.raises(ValueError, match="40x32 holds no sub-image of 33x33"):
            make_pairs(image, recipe)


def test_the_window_of_a_target():
    batch = np.arange(2 * 33 * 33).reshape(2, 1, 33, 33)
    for shape, where, rows, cols in (
        ((21, 21), "centre", (6, 27), (6, 27)),
        ((33, 33), "centre", (0, 33), (0, 33)),
        ((16, 17), "centre", (8, 24), (8, 25)),
        ((21, 21), "top-left", (0, 21), (0, 21)),
    ):
        np.testing.assert_array_equal(
            patches.cut_window(batch, shape, where),
            batch[:, :, slice(*rows), slice(*cols)],
        )


# --- Pairs ---


def test_course_against_one_sub_image_at_a_time():
    image = picture(50, 63)
    pairs = make_pairs(image, COURSE)
    assert pairs.low_res.shape == pairs.high_res.shape == (6, 3, 33, 33)
    assert pairs.low_res.dtype == pairs.high_res.dtype == np.uint8
    corners = [(row, col) for row in (0, 14) for col in (0, 14, 28)]
    for i, (row, col) in enumerate(corners):
        sharp = image[row : row + 33, col : col + 33]
        blurred = np.stack(
            [ndimage.gaussian_filter(sharp[..., c], 1) for c in range(3)], axis=-1
        )
        enlarged = pillow(pillow(blurred, 8), 33)
        np.testing.assert_array_equal(pairs.high_res[i], blurred.transpose(2, 0, 1))
        np.testing.assert_array_equal(pairs.low_res[i], enlarged.transpose(2, 0, 1))


def test_course_initial_stretches_every_sub_image():
    image = picture(47, 33)
    pairs = make_pairs(image, make_recipe("course-initial"))
    for i, row in enumerate((0, 14)):
        sharp = image[row : row + 33]
        blurred = ndimage.gaussian_filter(sharp / 255.0, (1, 1, 0))
        low_res = stretch(pillow(stretch(blurred), 8) / 255.0)
        assert (low_res.min(), low_res.max()) == (0, 255)
        expected = pillow(low_res, 33).transpose(2, 0, 1)
        np.testing.assert_array_equal(pairs.low_res[i], expected)
        np.testing.assert_array_equal(pairs.high_res[i], sharp.transpose(2, 0, 1))


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_standard_cuts_from_the_degraded_image(scale):
    image = picture(53, 50)
    recipe = make_recipe("standard", scale)
    rows, cols = 53 // scale * scale, 50 // scale * scale
    luma = degradation.rgb_to_y(image)[:rows, :cols]
    low_res = degradation.imresize(luma / 255.0, 1 / scale)
    enlarged = degradation.imresize(low_res, scale)
    whole = patches.degrade(image, recipe)
    np.testing.assert_allclose(whole.low_res, low_res, atol=1e-12)
    np.testing.assert_allclose(whole.enlarged, enlarged, atol=1e-12)
    np.testing.assert_array_equal(whole.high_res, luma / 255.0)
    pairs = make_pairs(image, recipe)
    assert pairs.low_res.shape == (4, 1, 33, 33)
    np.testing.assert_array_equal(
        pairs.low_res[3, 0],
        degradation.from_float(whole.enlarged[14:47, 14:47, 0]),
    )
    np.testing.assert_array_equal(pairs.high_res[3, 0], luma[14:47, 14:47, 0])


def test_standard_rgb_rounds_the_low_resolution_image():
    image = picture(40, 40)
    low_res = patches.degrade(image, make_recipe("standard-rgb")).low_res * 255
    np.testing.assert_allclose(low_res, np.round(low_res), atol=1e-9)
    smooth = patches.degrade(image, make_recipe("standard")).low_res * 255
    assert np.abs(smooth - np.round(smooth)).max() > 0.1


def test_not_enlarged():
    image = picture(50, 63)
    small = make_pairs(image, COURSE._replace(enlarged=False))
    full = make_pairs(image, COURSE)
    assert small.low_res.shape == (6, 3, 8, 8)
    np.testing.assert_array_equal(small.high_res, full.high_res)
    np.testing.assert_array_equal(
        pillow(small.low_res[5].transpose(1, 2, 0), 33),
        full.low_res[5].transpose(1, 2, 0),
    )


def test_not_enlarged_from_whole_images():
    image = picture(50, 63)
    recipe = make_recipe("standard", 2)._replace(enlarged=False, size=20, stride=10)
    pairs = make_pairs(image, recipe)
    assert pairs.low_res.shape == (4 * 5, 1, 10, 10)
    assert pairs.high_res.shape == (4 * 5, 1, 20, 20)
    low_res = degradation.from_float(patches.degrade(image, recipe).low_res)
    np.testing.assert_array_equal(pairs.low_res[6, 0], low_res[5:15, 5:15, 0])
    with pytest.raises(ValueError, match="size 33, stride 14 and border 0"):
        make_pairs(image, make_recipe("standard", 2)._replace(enlarged=False))


def test_grey_is_its_own_luma_and_three_equal_colours():
    grey = picture(40, 36, channels=1)
    np.testing.assert_array_equal(
        patches.prepare_image(grey, make_recipe("standard")), grey
    )
    replicated = np.repeat(grey, 3, axis=2)
    np.testing.assert_array_equal(patches.prepare_image(grey, COURSE), replicated)
    # Stored as RGB, it is converted to 16..235 like any other.
    luma = patches.prepare_image(replicated, make_recipe("standard"))
    np.testing.assert_allclose(luma, 16 + grey * (219 / 255.0), atol=0.5001)


def test_other_knobs_do_what_they_say():
    image = picture(48, 48)
    standard = make_recipe("standard-rgb", 4)
    no_antialias = patches.degrade(
        image, standard._replace(resizer="matlab-no-antialias", low_res_rounded=False)
    )
    np.testing.assert_allclose(
        no_antialias.low_res,
        degradation.imresize(image / 255.0, 0.25, antialias=False),
        atol=1e-12,
    )
    in_uint8 = patches.degrade(image, standard._replace(dtype="uint8"))
    np.testing.assert_array_equal(
        in_uint8.low_res, degradation.imresize(image, 0.25) / 255.0
    )
    across = make_pairs(image, COURSE._replace(blur_across_colours=True)).high_res[0]
    sharp = image[:33, :33]
    np.testing.assert_array_equal(
        across, ndimage.gaussian_filter(sharp, 1).transpose(2, 0, 1)
    )
    with pytest.raises(ValueError, match="33x33 pixels are no multiple of 4"):
        make_pairs(image, COURSE._replace(size_rule="exact"))


@pytest.mark.parametrize("bad", [np.zeros((40, 40, 3)), np.zeros((40, 40), np.uint8)])
def test_images_of_another_kind_are_refused(bad):
    with pytest.raises(ValueError, match="uint8"):
        make_pairs(bad, COURSE)
