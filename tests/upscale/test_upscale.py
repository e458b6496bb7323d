"""Files and folders of pictures of every kind, through small networks."""

import errno
import os

import numpy as np
import pytest
from PIL import Image, ImageCms

from srcnn_theano import files
from srcnn_theano.cli import main
from srcnn_theano.data.datasets import image_paths
from srcnn_theano.data.degradation import (
    imresize,
    mod_crop,
    rgb_to_y,
    to_float,
)
from srcnn_theano.data.images import Picture, read_picture, read_rgb
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.images import score_files
from srcnn_theano.evaluation.protocols import make_protocol, score
from srcnn_theano.inference import Upscaler, build_predictor
from srcnn_theano.upscale import upscale
from srcnn_theano.upscale.picture import load_upscaler
from srcnn_theano.upscale.upscale import upscale_paths
from srcnn_theano.weights import load_weights, save_weights, shipped_weights


@pytest.fixture(scope="module")
def weight_file(tmp_path_factory, passing_on):
    """Weights for luma, trained for scale 2."""
    path = tmp_path_factory.mktemp("weights") / "luma.h5"
    save_weights(path, passing_on(1)._replace(about={"scale": 2}))
    return path


def repeated(image, scale):
    return image.repeat(scale, axis=0).repeat(scale, axis=1)


def test_network_that_enlarges_by_another_factor(tmp_path, repeating):
    path = tmp_path / "x3.h5"
    save_weights(path, repeating(1, 3))
    with pytest.raises(UserError, match="x3.h5: enlarges 3 times, not 2.*--scale 3"):
        load_upscaler(2, path)
    pixels = np.random.RandomState(0).randint(0, 256, (5, 4, 1)).astype(np.uint8)
    result = load_upscaler(3, path)(Picture(pixels))
    np.testing.assert_array_equal(result.pixels, repeated(pixels, 3))


@pytest.mark.parametrize("gain", [1e5, -1e5, 1e38, 5])
def test_a_network_that_makes_no_pictures(tmp_path, passing_on, gain):
    weights = passing_on(1, gain)
    # Two layers of 1e38 give infinities, although all values are finite.
    weights.values["conv1.W"][...] *= np.float32(gain if gain == 1e38 else 1)
    save_weights(tmp_path / "wild.h5", weights)
    upscaler = load_upscaler(2, tmp_path / "wild.h5")
    picture = Picture(np.full((5, 4, 1), 200, np.uint8))
    if gain == 5:
        assert upscaler(picture).pixels.min() == 255
        return
    with pytest.raises(
        UserError, match="wild.h5: makes no picture of this one: its val"
    ):
        upscaler(picture)


def test_a_model_or_a_file_but_not_both(weight_file):
    with pytest.raises(UserError, match="--model srcnn --weights .*luma.h5.*leave one"):
        load_upscaler(2, weight_file, model="srcnn")


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


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("model", ["fsrcnn", "srcnn"])
def test_dark_grey_is_as_its_twin_in_colour(model, dtype):
    """Networks that learned luma know no black below 16."""
    dark = np.tile(np.arange(0, 16, 2).repeat(8), (24, 1))[..., None].astype(dtype)
    dark *= dtype(np.iinfo(dtype).max // 255)
    upscaler = load_upscaler(2, model=model)
    grey = upscaler(Picture(dark)).pixels.astype(int)
    twin = upscaler(Picture(np.repeat(dark, 3, axis=2))).pixels.astype(int)
    level = np.iinfo(dtype).max // 255
    assert np.abs(grey - twin.mean(axis=2, keepdims=True)).max() <= level
    middles = grey[24, 8::16, 0] / level
    np.testing.assert_allclose(middles, np.arange(0, 16, 2), atol=1)


# --- Files ---


def visible(folder):
    """Names of the files below a folder, but for hidden ones."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path.name for path in files if not path.name.startswith("."))


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
def test_kinds_of_pictures_stay_what_they_are(tmp_path, weight_file, kind):
    source, mode = save_kind(tmp_path, kind)
    out = tmp_path / "out"
    summary = upscale_paths([source], 2, out, weight_file, progress=False)
    assert summary.failed == [] and summary.written == [out / source.name]
    with Image.open(str(out / source.name)) as image:
        assert image.size == (12, 8)
        assert image.mode.replace("I;16B", "I;16") == mode


def test_1x1_gif(tmp_path, weight_file):
    Image.new("P", (1, 1)).save(str(tmp_path / "dot.gif"))
    upscale_paths(
        [tmp_path / "dot.gif"], 4, tmp_path / "out", weight_file, progress=False
    )
    assert read_picture(tmp_path / "out" / "dot.png").pixels.shape[:2] == (4, 4)


def test_orientation_is_applied_and_metadata_kept(tmp_path, weight_file):
    image = Image.fromarray(np.zeros((4, 6, 3), np.uint8))
    image.paste("white", (0, 0, 3, 4))  # its left half
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned clockwise
    exif[0x010F] = "a camera"
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    source, out = tmp_path / "a.jpg", tmp_path / "b.png"
    image.save(str(source), exif=exif, icc_profile=icc, quality=100)
    upscale_paths([source], 2, out, weight_file, progress=False)
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


def test_folder_keeps_its_structure(album, weight_file):
    # The output lies within the input; what is in it already is no input.
    out = album / "out"
    summary = upscale_paths([album], 2, out, weight_file, progress=False)
    names = [str(path.relative_to(out)) for path in summary.written]
    assert sorted(names) == ["a.png", "b.png", "deep/er/c.JPG"]
    assert all(read_picture(p).pixels.shape == (4, 6, 3) for p in summary.written)
    assert str(summary) == "3 pictures written"


def test_resume_passes_over_what_is_done(album, tmp_path, weight_file):
    out = tmp_path / "big"
    upscale_paths([album], 2, out, weight_file, progress=False)
    (out / "b.png").unlink()
    before = (out / "a.png").stat().st_mtime_ns
    summary = upscale_paths([album], 2, out, weight_file, resume=True, progress=False)
    assert summary.written == [out / "b.png"] and len(summary.skipped) == 3
    assert (out / "a.png").stat().st_mtime_ns == before
    assert str(summary) == "1 picture written, 3 skipped (already there)"


def test_resume_with_nothing_to_do_compiles_no_network(
    album, tmp_path, weight_file, monkeypatch
):
    out = tmp_path / "big"
    upscale_paths([album], 2, out, weight_file, progress=False)
    monkeypatch.setattr(upscale, "load_upscaler", None)
    summary = upscale_paths([album], 2, out, weight_file, resume=True, progress=False)
    assert summary.written == [] and len(summary.skipped) == 4


def test_one_bad_file_does_not_stop_the_others(album, tmp_path, weight_file):
    (album / "a.png").write_bytes(b"")
    out = tmp_path / "big"
    summary = upscale_paths([album], 2, out, weight_file, progress=False)
    assert len(summary.written) == 3
    assert len(summary.failed) == 1 and "a.png" in summary.failed[0]
    assert not (out / "a.png").exists()
    assert str(summary) == "3 pictures written, 1 failed"


def test_a_format_that_cannot_hold_the_picture(tmp_path, weight_file):
    source, _ = save_kind(tmp_path, "grey-16")
    out = tmp_path / "a.jpg"
    summary = upscale_paths([source], 2, out, weight_file, progress=False)
    assert summary.written == []
    assert "a.jpg" in summary.failed[0] and ".png" in summary.failed[0]
    assert not out.exists()


def test_one_name_is_a_file_or_a_folder(tmp_path, weight_file):
    save_small(tmp_path / "a.png")

    def written(out):
        return upscale_paths(
            [tmp_path / "a.png"], 2, out, weight_file, progress=False
        ).written

    assert written(tmp_path / "b.webp") == [tmp_path / "b.webp"]
    assert written(tmp_path / "new") == [tmp_path / "new" / "a.png"]
    (tmp_path / "old.png").mkdir()
    assert written(tmp_path / "old.png") == [tmp_path / "old.png" / "a.png"]


def test_command_line(album, tmp_path, weight_file, capsys):
    arguments = ["upscale", str(album), "--scale", "2", "--out", str(tmp_path / "big")]
    arguments += ["--weights", str(weight_file)]
    (album / "a.png").write_bytes(b"no picture")
    assert main(arguments) == 2
    shown = capsys.readouterr()
    assert shown.out == "3 pictures written, 1 failed\n"
    assert "a.png: not an image" in shown.err
    (album / "a.png").unlink()
    assert main(arguments + ["--resume"]) == 0
    assert capsys.readouterr().out == "0 pictures written, 3 skipped (already there)\n"
    assert main(["upscale", str(album), "--scale", "5", "--out", "x"]) == 2


# --- Refusals, before anything is done ---


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


def test_network_of_another_scale_is_used_with_a_warning(weight_file, capsys):
    assert load_upscaler(3, weight_file).scale == 3
    assert "trained for scale 2, not 3" in capsys.readouterr().err
    load_upscaler(2, weight_file)
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("model", [None, "fsrcnn", "srcnn"])
def test_networks_that_come_along_upscale(model, scale):
    name = "{}_x{}".format(model or "fsrcnn", scale)
    if name not in shipped_weights():
        pytest.skip(name + " is not shipped yet")
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


# --- Files that are none, names, and a full disk ---


def test_pipes_and_devices_are_refused_before_the_work(album, tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    gone = tmp_path / "gone.h5"
    refused("pipe.png: is a named", [tmp_path / "pipe.png"], tmp_path / "b", 2, gone)
    refused("zero: is a device", ["/dev/zero"], tmp_path / "b", 2, gone)
    refused("pipe.png: .*named", [album / "a.png"], tmp_path / "pipe.png", 2, gone)
    refused("null: a device", [album / "a.png"], "/dev/null", 2, gone)
    (tmp_path / "out").mkdir()
    os.mkfifo(tmp_path / "out" / "a.png")
    refused("out.a.png: .*pipe", [album / "a.png"], tmp_path / "out", 2, gone)
    assert not (tmp_path / "b").exists()


def test_a_pipe_in_a_folder_does_not_stop_the_others(album, tmp_path, weight_file):
    os.mkfifo(album / "pipe.png")
    (album / "loop.png").symlink_to("loop.png")
    (album / "round").symlink_to(album)
    summary = upscale_paths([album], 2, tmp_path / "b", weight_file, progress=False)
    assert len(summary.written) == 4
    assert sorted(" ".join(message.split()[1:5]) for message in summary.failed) == [
        "cannot be looked at",
        "is a named pipe,",
    ]


def test_names_that_cannot_be(album, tmp_path):
    (tmp_path / "loop").symlink_to("loop")
    long = tmp_path / ("n" * 300 + ".png")
    for path in (tmp_path / "loop", long, tmp_path / "loop" / "a.png"):
        refused("cannot be looked at", [path], tmp_path / "b.png")
        refused("cannot be looked at", [album / "a.png"], path)


@pytest.mark.parametrize("name", [b"n" * 251, b"n" * 238, b"\xff\xfe", b"-", b"a\nb"])
def test_strange_names(tmp_path, weight_file, name):
    source = tmp_path / os.fsdecode(name + b".png")
    save_small(source)
    summary = upscale_paths([source], 2, tmp_path / "out", weight_file, progress=True)
    assert summary.failed == []
    assert read_picture(tmp_path / "out" / source.name).pixels.shape == (4, 6, 3)
    assert visible(tmp_path / "out") == [source.name]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_ends_the_run_at_once(
    album, tmp_path, weight_file, capsys, monkeypatch, code
):
    flush = files._flush

    def full(path):
        if path.suffix == ".JPG":
            raise OSError(code, os.strerror(code))
        flush(path)

    monkeypatch.setattr(files, "_flush", full)
    for name in ("e.png", "f.png"):
        save_small(album / "deeper" / name)
    out = tmp_path / "big"
    command = ["upscale", str(album), "--scale", "2", "--out", str(out)]
    assert main(command + ["--weights", str(weight_file)]) == 2
    shown = capsys.readouterr()
    assert shown.out == "2 pictures written, 1 failed, 3 not tried\n"
    assert os.strerror(code) in shown.err and shown.err.count("error: ") == 1
    assert visible(out) == ["a.png", "b.png"]


def test_a_size_that_the_output_cannot_hold(tmp_path, weight_file, monkeypatch):
    Image.new("L", (8192, 1)).save(str(tmp_path / "a.png"))

    def work(*arguments, **options):
        raise AssertionError("the work was begun")

    monkeypatch.setattr(Upscaler, "__call__", work)
    out = tmp_path / "a.webp"
    summary = upscale_paths([tmp_path / "a.png"], 2, out, weight_file, progress=False)
    assert "a.webp: 16384x2 pixels cannot be written" in summary.failed[0]
