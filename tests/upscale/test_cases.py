"""Pictures on which enlarging was seen to fail, each of them for a kind.

They are made here; where the image sets lie beside a script of others that makes such
files (cases/make_inputs.py), its files are tried as well.
"""

import subprocess
import sys

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, ImageOps

from srcnn_theano.data.images import read_picture
from srcnn_theano.upscale.upscale import upscale_paths

THREE = ["three.gif", "three.webp", "three_apng.png"]
ROWS, COLS = np.mgrid[:40, :60]
GREY = np.uint8(120 + 60 * np.sin(COLS / 7) + 50 * np.cos(ROWS / 6))
RGB = np.dstack([GREY, 255 - GREY, np.uint8(4 * COLS)])


def make(folder):
    """The files of the table in the script's own words, by Pillow and tifffile."""
    dark = np.tile(np.arange(0, 32, 2, dtype=np.uint8).repeat(4), (24, 1))
    images = {
        "dark_grey.png": dark,
        "dark_rgb.png": np.dstack([dark] * 3),
        "truth8.tif": RGB,
        "opaque_rgba.png": np.dstack([RGB, np.full_like(GREY, 255)]),
    }
    disc = np.hypot(COLS - 30, ROWS - 20) < 15
    red = np.where(disc[..., None], (200, 40, 40, 255), 0)
    images["sprite.png"] = np.uint8(red)
    for name, array in images.items():
        Image.fromarray(array).save(str(folder / name))
    for suffix in ("jpg", "png", "tif"):
        Image.fromarray(RGB).save(str(folder / f"dpi300.{suffix}"), dpi=(300, 300))
    ramp = Image.fromarray(np.tile(np.arange(30, dtype=np.uint8) * 8, (20, 1)))
    ramp.save(str(folder / "orientation6.tif"), tiffinfo={274: 6})
    frames = [Image.fromarray(a) for a in (RGB, 255 - RGB, RGB[::-1].copy())]
    for name in THREE:
        frames[0].save(str(folder / name), save_all=True, append_images=frames[1:])
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    palette = Image.fromarray(GREY).convert("P")
    palette.putpalette([level for level in range(256) for _ in range(3)])
    palette.save(str(folder / "grey_palette_srgb.png"), icc_profile=srgb)
    deep, options = RGB.astype(np.uint16) * 257, {"metadata": None}
    head = b"P6\n60 40\n65535\n"
    (folder / "rgb16.ppm").write_bytes(head + deep.astype(">u2").tobytes())
    for name, array, kind, more in [
        ("unspecified16", np.dstack([deep, deep[..., 0]]), "rgb", [0]),
        ("planar16", np.moveaxis(deep, 2, 0).copy(), "rgb", None),
        ("int16", deep[..., 0].copy(), "minisblack", None),
    ]:
        plan = "separate" if name == "planar16" else "contig"
        if array.ndim == 3:
            options = {**options, "planarconfig": plan, "extrasamples": more}
        else:
            options = {"metadata": None}
        path = str(folder / f"{name}.tif")
        tifffile.imwrite(path, array, photometric=kind, **options)
    red_and_dark = b"\xfe\xc8\x28\x28\xfe\x0a\x14\x1e"  # two pixels with all channels
    size = (2).to_bytes(4, "big") + (1).to_bytes(4, "big") + bytes([3, 0])
    (folder / "tiny.qoi").write_bytes(
        b"qoif" + size + red_and_dark + b"\0\0\0\0\0\0\0\1"
    )


def make_by_script(folder, data_dir):
    script = data_dir.parent / "cases" / "make_inputs.py"
    if not script.exists():
        pytest.skip("no cases/make_inputs.py beside SRCNN_DATA")
    subprocess.run([sys.executable, str(script), str(folder)], check=True)
    (folder / "200megapixels.png").unlink()  # see test_upscale.py


@pytest.fixture(
    scope="module",
    params=["ours", pytest.param("theirs", marks=pytest.mark.data)],
)
def results(request, tmp_path_factory):
    """(inputs, outputs at x2, what was said)."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "ours":
        make(folder)
    else:
        make_by_script(folder, request.getfixturevalue("data_dir"))
    lines, say = [], "srcnn_theano.upscale.picture.say"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(say, lines.append)
        out = folder / "out"
        paths = sorted(path for path in folder.iterdir() if path.is_file())
        summary = upscale_paths(paths, 2, out, progress=False)
        extra = upscale_paths(
            [folder / "opaque_rgba.png"], 2, folder / "opaque.jpg", progress=False
        )
    assert summary.failed == [] and extra.failed == []
    return folder, out, "\n".join(lines)


def test_dark_grey_is_its_twin_in_colour(results):
    _, out, _ = results
    grey = read_picture(out / "dark_grey.png").pixels.astype(int)
    twin = read_picture(out / "dark_rgb.png").pixels.mean(axis=2, keepdims=True)
    assert np.abs(grey - twin).max() <= 1
    middles = grey[24, 4::8, 0]
    assert np.abs(middles - np.arange(0, 32, 2)).max() <= 1


@pytest.mark.parametrize(
    "name, n", [("unspecified16", 3), ("planar16", 3), ("grey12", 1), ("int16", 1)]
)
def test_tiffs_of_16_bits_hold_the_picture_of_the_one_of_8(results, name, n):
    folder, out, _ = results
    if not (folder / f"{name}.tif").exists():
        pytest.skip("12 bits are in test_tiff.py")
    truth = read_picture(folder / "truth8.tif").pixels[..., :n]
    pixels = read_picture(folder / f"{name}.tif").pixels
    assert pixels.dtype == np.uint16
    assert np.abs(pixels.astype(int) - truth.astype(int) * 257).max() < 257
    large, of_8 = (read_picture(out / f"{f}.tif").pixels for f in (name, "truth8"))
    assert large.dtype == np.uint16 and large.shape == (80, 120, n)
    if n == 3:
        assert np.abs(large / 257 - of_8).max() < 1.5


def test_turned_without_compression(results):
    _, out, _ = results
    ramp = read_picture(out / "orientation6.tif").pixels[..., 0].astype(int)
    assert ramp.shape == (60, 40)
    assert np.abs(np.diff(ramp, axis=0) - 4).max() <= 5
    assert np.abs(np.diff(ramp, axis=1)).max() <= 2


@pytest.mark.parametrize("name", THREE)
def test_frames_are_told(results, name):
    _, _, said = results
    assert f"{name}: the first of 3 images is taken" in said


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_resolution_scales(results, suffix):
    _, out, _ = results
    with Image.open(str(out / f"dpi300.{suffix}")) as image:
        dpi = [float(dots) for dots in image.info["dpi"]]
    np.testing.assert_allclose(dpi, 600, atol=0.1)


def test_a_ppm_of_16_bits_stays_so(results):
    folder, out, said = results
    pixels = read_picture(out / "rgb16.ppm").pixels
    assert pixels.dtype == np.uint16 and "rgb16.ppm" not in said
    truth = read_picture(folder / "truth8.tif").pixels.astype(int)
    given = read_picture(folder / "rgb16.ppm").pixels
    np.testing.assert_array_equal(given, truth * 257)


def test_edges_of_a_sprite_keep_their_colour(results):
    _, out, _ = results
    picture = read_picture(out / "sprite.png")
    visible = picture.pixels[picture.alpha > 0].astype(int)
    assert np.abs(visible - (200, 40, 40)).max() <= 3


def test_the_rest(results):
    folder, out, said = results
    with Image.open(str(folder / "opaque.jpg")) as image:
        assert image.size == (120, 80) and image.mode == "RGB"
    with Image.open(str(out / "grey_palette_srgb.png")) as image:
        assert "icc_profile" not in image.info
    assert "grey_palette_srgb.png: its colour profile is for RGB" in said
    pixels = read_picture(folder / "tiny.qoi").pixels
    np.testing.assert_array_equal(pixels, [[(200, 40, 40), (10, 20, 30)]])
    assert read_picture(out / "tiny.png").pixels.shape == (2, 4, 3)


# --- A folder from a telephone ---


def phone_exif(orientation, rows, cols):
    exif = Image.Exif()
    exif[0x0112], exif[0x010F], exif[0x0110] = orientation, "Maker", "Phone 9"
    exif[282], exif[283], exif[296], exif[306] = 72.0, 72.0, 2, "2024:05:01 10:00:00"
    exif[0x8769] = {
        0x829A: 1 / 60,
        0x9003: "2024:05:01 10:00:00",
        0x9010: "+02:00",
        0x927C: b"Apple iOS\0\0\1MM" + bytes(range(200)),  # the maker's own notes
        0xA002: cols,
        0xA003: rows,
        0xA434: "back camera 4.2mm f/1.6",
    }
    exif[0x8825] = {1: "N", 2: (48.0, 8.0, 14.0), 3: "E", 4: (11.0, 34.0, 31.0)}
    return exif


@pytest.fixture(scope="module")
def telephone(tmp_path_factory):
    """Twenty JPEGs as telephones write them, and each picture upright."""
    folder, upright = tmp_path_factory.mktemp("DCIM"), {}
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = srgb.replace(b"sRGB", b"P3-D")
    for i in range(20):
        orientation, (rows, cols) = i % 8 + 1, [(36, 48), (48, 36)][i % 2]
        y, x = np.mgrid[:rows, :cols] / (5 + i % 3)
        planes = [x * 20, y * 20, 120 + 60 * np.sin(x) * np.cos(y)]
        image = Image.fromarray(np.uint8(np.dstack(planes)))
        options = {"quality": 92, "subsampling": 2, "progressive": i % 3 == 0}
        name = f"IMG_{1000 + i}.{'JPG' if i % 2 else 'jpg'}"
        image.save(
            str(folder / name),
            "JPEG",
            exif=phone_exif(orientation, rows, cols),
            icc_profile=profile,
            dpi=(72, 72),
            **options,
        )
        with Image.open(str(folder / name)) as stored:
            upright[name] = np.asarray(ImageOps.exif_transpose(stored)).astype(int)
    return folder, upright, profile


def test_a_folder_from_a_telephone(telephone, tmp_path):
    folder, upright, profile = telephone
    summary = upscale_paths([folder], 2, tmp_path / "out", progress=False)
    assert summary.failed == [] and len(summary.written) == 20
    for name, small in upright.items():
        with Image.open(str(tmp_path / "out" / name)) as image:
            assert image.format == "JPEG" and image.info["dpi"] == (144, 144)
            assert image.info["icc_profile"] == profile
            exif = image.getexif()
            large = np.asarray(image).astype(int)
        rows, cols = small.shape[:2]
        assert large.shape == (2 * rows, 2 * cols, 3)
        means = large.reshape(rows, 2, cols, 2, 3).mean(axis=(1, 3))
        assert np.abs(means - small).mean() < 2, name
        inner, place = exif.get_ifd(0x8769), exif.get_ifd(0x8825)
        assert (exif.get(0x0112, 1), exif[0x0110], exif[282]) == (1, "Phone 9", 144)
        assert (inner[0xA002], inner[0xA003]) == (2 * cols, 2 * rows)
        assert inner[0x9003] == "2024:05:01 10:00:00" and inner[0x829A] == 1 / 60
        assert inner[0x927C].startswith(b"Apple iOS") and place[2] == (48, 8, 14)
