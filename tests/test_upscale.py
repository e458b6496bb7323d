"""Pictures of every kind, whole and in tiles, through small networks."""

import numpy as np
import pytest
from PIL import Image, ImageCms

from srcnn_theano.backend import T
from srcnn_theano.cli import main
from srcnn_theano.data.datasets import image_paths
from srcnn_theano.data.degradation import (
    from_float,
    imresize,
    mod_crop,
    rgb_to_y,
    rgb_to_ycbcr,
    to_float,
    ycbcr_to_rgb,
)
from srcnn_theano.data.images import Picture, read_picture, read_rgb
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.evaluate import score_files
from srcnn_theano.evaluation.protocols import make_protocol, score
from srcnn_theano.inference import Predictor, Upscaler, build_predictor
from srcnn_theano.models.fsrcnn import FSRCNN
from srcnn_theano.upscale import load_upscaler, upscale_paths
from srcnn_theano.weights import Weights, load_weights, save_weights, shipped_weights

MARGIN = 3  # of a 5-1-3 network


class Cut:
    """A network that gives its input back, less its halo."""

    halo, factor, upscales = MARGIN, 1, False

    def __init__(self, channels):
        self.channels = channels

    def __call__(self, x):
        return x[:, :, MARGIN:-MARGIN, MARGIN:-MARGIN]


def small_network(channels, about):
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
    return Weights("srcnn", options, values, about)


@pytest.fixture(scope="module")
def weight_files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    for channels in (1, 3):
        save_weights(folder / f"{channels}.h5", small_network(channels, {"scale": 2}))
    return {channels: folder / f"{channels}.h5" for channels in (1, 3)}


@pytest.fixture(scope="module")
def predict(weight_files):
    """Compiled networks by their number of channels."""
    functions = {}
    for channels, path in weight_files.items():
        functions[channels] = build_predictor(load_weights(path))
        assert functions[channels].halo == MARGIN
    return functions


def picture(shape, dtype=np.uint8, seed=0):
    rng = np.random.RandomState(seed)
    pixels = rng.randint(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    return Picture(pixels)


def whole(upscaler, image):
    rows, cols = (upscaler.scale * n for n in image.shape[:2])
    return upscaler.restore(image, slice(0, rows), slice(0, cols))


# The network's place in a picture


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("n_colours", [1, 3])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_identity_network_gives_bicubic(scale, channels, n_colours, dtype):
    source = picture((11, 8, n_colours), dtype)
    source = source._replace(alpha=picture((11, 8), dtype, seed=1).pixels)
    result = Upscaler(Cut(channels), scale, tile=10)(source)

    expected = from_float(imresize(to_float(source.pixels), scale), dtype)
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


def test_grey_values_are_the_luma_of_a_luma_network(predict):
    image = picture((9, 10, 1)).pixels
    enlarged = imresize(to_float(image), 2).astype(np.float32)[..., 0]
    padded = np.pad(enlarged, MARGIN, mode="edge")
    expected = predict[1](padded[np.newaxis, np.newaxis])[0, 0]
    result = whole(Upscaler(predict[1], 2), image)
    np.testing.assert_allclose(result[..., 0], expected, atol=1e-5)


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


# Networks that take the picture as it is


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
    np.testing.assert_array_equal(result.pixels, repeated(source.pixels, scale))
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
def fsrcnn(request):
    """(predictor, scale) of a compiled FSRCNN with random filters."""
    return random_fsrcnn(*request.param)


def random_fsrcnn(channels, scale, options):
    options = dict(dict(channels=channels, scale=scale, d=4, s=3, m=1), **options)
    shape = (None, channels, None, None)
    model = FSRCNN(np.random.RandomState(3), T.tensor4("x"), shape, **options)
    rng = np.random.RandomState(4)
    for param in model.params:
        value = param.get_value()
        param.set_value(rng.normal(0, 0.2, value.shape).astype("float32"))
    return Predictor(model), scale


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


def test_the_naive_fsrcnn_tiled_equals_untiled():
    """Where tiles hold whole windows: two pixels, as 192 does."""
    naive = {"upsampling": "full-border", "deconv_size": 26}
    predict, scale = random_fsrcnn(3, 4, naive)
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


def test_network_that_enlarges_by_another_factor(tmp_path, repeating):
    path = tmp_path / "x3.h5"
    save_weights(path, repeating(1, 3))
    with pytest.raises(UserError, match="x3.h5: enlarges 3 times, not 2.*--scale 3"):
        load_upscaler(2, path)
    image = picture((5, 4, 1))
    result = load_upscaler(3, path)(image)
    np.testing.assert_array_equal(result.pixels, repeated(image.pixels, 3))


def test_a_model_or_a_file_but_not_both(weight_files):
    with pytest.raises(UserError, match="--model srcnn --weights .*1.h5.*one of"):
        load_upscaler(2, weight_files[1], model="srcnn")


def test_a_model_that_does_not_come_along():
    with pytest.raises(UserError, match="--model vdsr --scale 2: no such network"):
        load_upscaler(2, model="vdsr")


@pytest.mark.data
def test_colour_pictures_score_as_luma_alone_does(data_dir):
    """The figure of `standard`, which never leaves the luma, through RGB of 8 bits."""
    protocol, upscaler = make_protocol("standard", 3), load_upscaler(3, model="srcnn")
    paths, psnr = image_paths(data_dir, "Set5"), []
    for path in paths:
        original = mod_crop(read_rgb(path), 3)
        result = upscaler(Picture(imresize(original, 1 / 3))).pixels
        luma = (rgb_to_y(to_float(image)) for image in (result, original))
        psnr.append(score(*luma, protocol)[0])
    network = build_predictor(load_weights(shipped_weights()["srcnn_x3"]))
    expected = score_files(paths, protocol, network)[-1]
    assert np.mean(psnr) == pytest.approx(expected.psnr, abs=0.03)
    assert np.mean(psnr) > expected.bicubic_psnr + 1.5


# Files


def save_kind(folder, kind):
    """A file of 6 columns and 4 rows; returns its path and the mode it must keep."""
    rng = np.random.RandomState(1)
    rgba = Image.fromarray(rng.randint(0, 256, (4, 6, 4), dtype=np.uint8))
    deep = Image.fromarray(rng.randint(0, 65536, (4, 6)).astype(np.uint16))
    image, name, mode = {
        "rgba": (rgba, "a.png", "RGBA"),
        "rgb": (rgba.convert("RGB"), "a.bmp", "RGB"),
        "grey": (rgba.convert("L"), "a.png", "L"),
        "grey-alpha": (rgba.convert("LA"), "a.png", "LA"),
        "1-bit": (rgba.convert("1"), "a.png", "L"),
        "palette": (rgba.convert("RGB").quantize(8), "a.png", "RGB"),
        "grey-16": (deep, "a.png", "I;16"),
        "grey-16-tiff": (deep, "a.tif", "I;16"),
        "cmyk": (rgba.convert("CMYK"), "a.jpg", "RGB"),
        "webp": (rgba, "a.webp", "RGBA"),
    }[kind]
    image.save(str(folder / name))
    return folder / name, mode


@pytest.mark.parametrize(
    "kind",
    [
        "rgba",
        "rgb",
        "grey",
        "grey-alpha",
        "1-bit",
        "palette",
        "grey-16",
        "grey-16-tiff",
        "cmyk",
        "webp",
    ],
)
def test_kinds_of_pictures_stay_what_they_are(tmp_path, weight_files, kind):
    source, mode = save_kind(tmp_path, kind)
    out = tmp_path / "out"
    summary = upscale_paths([source], 2, out, weight_files[1], progress=False)
    assert summary.failed == [] and summary.written == [out / source.name]
    with Image.open(str(out / source.name)) as image:
        assert image.size == (12, 8)
        assert image.mode.replace("I;16B", "I;16") == mode


def test_1x1_gif(tmp_path, weight_files):
    Image.new("P", (1, 1)).save(str(tmp_path / "dot.gif"))
    upscale_paths(
        [tmp_path / "dot.gif"], 4, tmp_path / "out", weight_files[1], progress=False
    )
    assert read_picture(tmp_path / "out" / "dot.png").pixels.shape[:2] == (4, 4)


def test_orientation_is_applied_and_metadata_kept(tmp_path, weight_files):
    image = Image.fromarray(np.zeros((4, 6, 3), np.uint8))
    image.paste("white", (0, 0, 3, 4))  # its left half
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    exif[0x010F] = "a camera"
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source, out = tmp_path / "a.jpg", tmp_path / "b.png"
    image.save(str(source), exif=exif, icc_profile=icc, quality=100)
    upscale_paths([source], 2, out, weight_files[1], progress=False)
    with Image.open(str(out)) as result:
        assert result.size == (8, 12)
        top, bottom = result.getpixel((4, 2)), result.getpixel((4, 9))
        assert top[0] > bottom[0] + 100
        assert result.getexif()[0x010F] == "a camera"
        assert result.getexif().get(0x0112, 1) == 1
        assert result.info["icc_profile"] == icc


def save_small(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (3, 2), "red").save(str(path))


@pytest.fixture
def album(tmp_path):
    folder = tmp_path / "album"
    for name in ("a.png", "b.gif", "deep/er/c.JPG", ".hidden.png", "out/old.png"):
        save_small(folder / name)
    (folder / "notes.txt").write_text("no picture")
    return folder


def test_folder_keeps_its_structure(album, weight_files):
    # The output lies within the input; what is in it already is no input.
    out = album / "out"
    summary = upscale_paths([album], 2, out, weight_files[1], progress=False)
    names = [str(path.relative_to(out)) for path in summary.written]
    assert sorted(names) == ["a.png", "b.png", "deep/er/c.JPG"]
    assert all(read_picture(p).pixels.shape == (4, 6, 3) for p in summary.written)
    assert str(summary) == "3 pictures written"


def test_resume_passes_over_what_is_done(album, tmp_path, weight_files):
    out = tmp_path / "big"
    upscale_paths([album], 2, out, weight_files[1], progress=False)
    (out / "b.png").unlink()
    before = (out / "a.png").stat().st_mtime_ns
    summary = upscale_paths(
        [album], 2, out, weight_files[1], resume=True, progress=False
    )
    assert summary.written == [out / "b.png"] and len(summary.skipped) == 3
    assert (out / "a.png").stat().st_mtime_ns == before
    assert str(summary) == "1 picture written, 3 skipped (already there)"


def test_resume_with_nothing_to_do_needs_no_network(album, tmp_path, weight_files):
    out = tmp_path / "big"
    upscale_paths([album], 2, out, weight_files[1], progress=False)
    summary = upscale_paths(
        [album], 2, out, tmp_path / "gone.h5", resume=True, progress=False
    )
    assert summary.written == [] and len(summary.skipped) == 4


def test_one_bad_file_does_not_stop_the_others(album, tmp_path, weight_files):
    (album / "a.png").write_bytes(b"")
    out = tmp_path / "big"
    summary = upscale_paths([album], 2, out, weight_files[1], progress=False)
    assert len(summary.written) == 3
    assert len(summary.failed) == 1 and "a.png" in summary.failed[0]
    assert not (out / "a.png").exists()
    assert str(summary) == "3 pictures written, 1 failed"


def test_a_format_that_cannot_hold_the_picture(tmp_path, weight_files):
    source, _ = save_kind(tmp_path, "grey-16")
    out = tmp_path / "a.jpg"
    summary = upscale_paths([source], 2, out, weight_files[1], progress=False)
    assert summary.written == []
    assert "a.jpg" in summary.failed[0] and ".png" in summary.failed[0]
    assert not out.exists()


def test_one_name_is_a_file_or_a_folder(tmp_path, weight_files):
    save_small(tmp_path / "a.png")

    def written(out):
        return upscale_paths(
            [tmp_path / "a.png"], 2, out, weight_files[1], progress=False
        ).written

    assert written(tmp_path / "b.webp") == [tmp_path / "b.webp"]
    assert written(tmp_path / "new") == [tmp_path / "new" / "a.png"]
    (tmp_path / "old.png").mkdir()
    assert written(tmp_path / "old.png") == [tmp_path / "old.png" / "a.png"]


def test_command_line(album, tmp_path, weight_files, capsys):
    arguments = ["upscale", str(album), "--scale", "2", "--out", str(tmp_path / "big")]
    arguments += ["--weights", str(weight_files[1])]
    (album / "a.png").write_bytes(b"no picture")
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == "3 pictures written, 1 failed\n"
    assert "a.png: not an image" in shown.err
    (album / "a.png").unlink()
    assert main(arguments + ["--resume", "--tta"]) == 0
    assert capsys.readouterr().out == "0 pictures written, 3 skipped (already there)\n"
    assert main(["upscale", str(album), "--scale", "5", "--out", "x"]) == 2


# What is refused before anything is done


def refused(match, inputs, out, scale=2, weights=None):
    with pytest.raises(UserError, match=match):
        upscale_paths(inputs, scale, out, weights, progress=False)


def test_scale_5(tmp_path):
    save_small(tmp_path / "a.png")
    refused("--scale 5", [tmp_path / "a.png"], tmp_path / "b.png", scale=5)


def test_inputs_that_are_not_there(tmp_path):
    refused("gone.png: no such", [tmp_path / "gone.png"], tmp_path / "b.png")
    (tmp_path / "empty").mkdir()
    refused("empty: no pictures", [tmp_path / "empty"], tmp_path / "out")


def test_weights_that_are_not_there(tmp_path):
    save_small(tmp_path / "a.png")
    weights = tmp_path / "gone.h5"
    refused("gone.h5", [tmp_path / "a.png"], tmp_path / "b.png", weights=weights)
    assert not (tmp_path / "b.png").exists()


def test_several_pictures_need_a_folder(album, tmp_path):
    refused("big.png.*folder", [album], tmp_path / "big.png")
    (tmp_path / "there").write_text("")
    refused("there: a file", [album], tmp_path / "there")


def test_unknown_format(tmp_path):
    save_small(tmp_path / "a.png")
    refused("b.xyz", [tmp_path / "a.png"], tmp_path / "b.xyz")


def test_inputs_are_never_overwritten(album, tmp_path):
    refused("overwritten", [album / "a.png"], album / "a.png")
    refused("overwritten", [album / "a.png"], album)
    refused("overwritten", [album], album)


def test_two_pictures_of_one_name(album, tmp_path):
    save_small(tmp_path / "other" / "a.png")
    inputs = [album / "a.png", tmp_path / "other" / "a.png"]
    refused("both", inputs, tmp_path / "out")


def test_network_of_another_scale_is_used_with_a_warning(weight_files, capsys):
    assert load_upscaler(3, weight_files[1]).scale == 3
    assert "trained for scale 2, not 3" in capsys.readouterr().err
    load_upscaler(2, weight_files[1])
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("model", [None, "fsrcnn", "srcnn"])
def test_networks_that_come_along_upscale(model, scale):
    name = "{}_x{}".format(model or "fsrcnn", scale)
    if name not in shipped_weights():
        pytest.skip(name + " does not come along yet")
    upscaler = load_upscaler(scale, model=model)
    assert upscaler.network.upscales == name.startswith("fsrcnn")
    # A soft edge stays where it is, and as bright.
    edge = np.uint8(np.clip(np.arange(-60, 61) * 12 + 128, 40, 200))
    image = np.broadcast_to(edge, (30, 121))[..., None]
    result = upscaler(Picture(image)).pixels
    assert result.shape == (30 * scale, 121 * scale, 1)
    bicubic = imresize(image, scale)
    assert np.abs(result.astype(int) - bicubic).mean() < 2
    for shift in (-1, 1):
        moved = np.roll(bicubic.astype(int), shift, axis=1)
        assert (
            np.abs(result - moved).mean() > np.abs(result - bicubic.astype(int)).mean()
        )
