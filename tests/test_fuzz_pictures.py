"""Damaged pictures, and command lines at random: success or one sentence, always."""

import io
import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tifffile
from PIL import Image

from srcnn_theano import cli

fuzz = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("fuzz.py"))))
UPSCALE = f"{Path(__file__).stem}:upscale"


def upscale(arguments):
    """The command, with a network that needs no compiling; called in the worker."""
    from srcnn_theano.evaluation import evaluate
    from srcnn_theano.inference import Upscaler
    from srcnn_theano.upscale import upscale

    network = SimpleNamespace(channels=1, halo=0, upscales=False, factor=1)
    network = type("Network", (), dict(vars(network), __call__=lambda self, x: x))()
    upscale.load_upscaler = lambda scale, *rest: Upscaler(network, scale)
    evaluate.build_predictor = lambda weights, *rest: network
    return cli.main(arguments)


# --- Pictures ---


def encoded(image, name, **options):
    stream = io.BytesIO()
    image.save(stream, name, **options)
    return stream.getvalue()


def tiff(array, bigtiff=False, **options):
    stream = io.BytesIO()
    options = {"photometric": "rgb", "metadata": None, **options}
    tifffile.imwrite(stream, array, bigtiff=bigtiff, **options)
    return stream.getvalue()


def small_files():
    """Files of every format and many of their variants: [(suffix, bytes)]."""
    rng = np.random.RandomState(0)
    rgba = Image.fromarray(rng.randint(0, 256, (11, 13, 4)).astype("uint8"))
    rgb, grey = rgba.convert("RGB"), rgba.convert("L")
    deep = Image.fromarray(rng.randint(0, 65536, (11, 13)).astype("uint16"))
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "a camera"
    return [
        (".png", encoded(rgb, "PNG", exif=exif)),
        (".png", encoded(rgba, "PNG", icc_profile=b"profile" * 9)),
        (".png", encoded(deep, "PNG")),
        (".png", encoded(rgb.quantize(8), "PNG", transparency=1)),
        (".png", encoded(rgb, "PNG", save_all=True, append_images=[rgb.rotate(180)])),
        (".jpg", encoded(rgb, "JPEG", exif=exif)),
        (".jpg", encoded(grey, "JPEG", progressive=True)),
        (".jpg", encoded(rgb.convert("CMYK"), "JPEG")),
        (".gif", encoded(rgb, "GIF", save_all=True, append_images=[rgb.rotate(180)])),
        (".gif", encoded(grey, "GIF", interlace=1, transparency=3)),
        (".bmp", encoded(rgb, "BMP")),
        (".bmp", encoded(rgb.quantize(16), "BMP")),
        (".bmp", encoded(grey.convert("1"), "BMP")),
        (".tif", encoded(rgb, "TIFF")),
        (".tif", encoded(deep, "TIFF")),
        (".tif", encoded(rgba, "TIFF", compression="tiff_adobe_deflate")),
        (".tif", encoded(grey, "TIFF", compression="tiff_lzw", exif=exif)),
        (".tif", encoded(grey.convert("1"), "TIFF", compression="group4")),
        (".tif", encoded(rgb, "TIFF", compression="jpeg")),
        (".tif", tiff(np.moveaxis(np.asarray(rgb), 2, 0), planarconfig="separate")),
        (
            ".tif",
            tiff(np.uint16(rgba) * 257, extrasamples=["assocalpha"], tile=(16, 16)),
        ),
        (".tif", tiff(np.asarray(rgba), extrasamples=[0], compression="lzw")),
        (".tif", tiff(np.asarray(rgb), compression="zlib", predictor=2, bigtiff=True)),
        (".webp", encoded(rgb, "WEBP")),
        (".webp", encoded(rgba, "WEBP", lossless=True, exif=exif)),
        (".ppm", encoded(rgb, "PPM")),
        (".png", b"P5 13 11 65535\n" + np.asarray(deep).astype(">u2").tobytes()),
        (".pgm", b"P2\n# in words\n3 2\n255\n1 2 3\n4 5 6\n"),
        (".ppm", b"P3\n2 1\n255\n1 2 3 4 5 6\n"),
        (".ppm", b"P1\n3 2\n1 0 1\n0 1 0\n"),
    ]


def check_pictures(folder, seeds):
    """Damage a file for each seed, and have it enlarged; how many were refused."""
    files, (out, refused) = small_files(), (folder / "out", 0)
    out.mkdir()
    paths = {seed: folder / f"{seed}{files[seed % len(files)][0]}" for seed in seeds}

    def commands():
        for seed, path in paths.items():
            rng = np.random.RandomState(seed)
            content = files[seed % len(files)][1]
            other = files[rng.randint(len(files))][1]
            path.write_bytes(fuzz.mutated(content, rng, other))
            yield ["upscale", str(path), "--scale", "2", "--out", str(out)]

    modules = ["srcnn_theano.upscale.upscale", "PIL.Image"]
    answers = fuzz.outcomes(
        commands(), modules, function=UPSCALE, kind=lambda command: "pictures"
    )
    for (seed, path), answer in zip(paths.items(), answers):
        about = f"seed {seed}: {answer.message}"
        assert fuzz.complaint(answer, path.name) == "", about
        assert "Warning" not in answer.message, about
        left = list(out.glob("[!.]*"))  # beside the hidden record for --resume
        assert len(left) == (answer.status == 0), about
        for target in left:
            if target.suffix == ".tif":  # Pillow reads no grey of 16 bits with alpha
                assert tifffile.imread(target).size
            else:
                with Image.open(str(target)) as image:
                    image.load()
            target.unlink()
        path.unlink()
        refused += answer.status == 2
    assert list(out.glob("[!.]*")) == []
    return refused


def test_damaged_pictures(tmp_path):
    assert 20 < check_pictures(tmp_path, range(104)) < 100


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_many_damaged_pictures(tmp_path):
    check_pictures(tmp_path, range(1000, 5000))


def test_what_is_damaged_is_whole_before(tmp_path):
    for i, (suffix, content) in enumerate(small_files()):
        (tmp_path / f"{i}{suffix}").write_bytes(content)
    command = ["upscale", str(tmp_path), "--scale", "2", "--out", str(tmp_path / "out")]
    (answer,) = fuzz.outcomes([command], function=UPSCALE)
    assert answer.status == 0 and f"{i + 1} pictures written" in answer.message
