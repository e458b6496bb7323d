"""ONNX files: onnxruntime gives what the package gives for whole images."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srcnn_theano import cli
from srcnn_theano.backend import T
from srcnn_theano.data.degradation import imresize, to_float
from srcnn_theano.data.images import Picture
from srcnn_theano.files import sha256
from srcnn_theano.inference import Upscaler, build_predictor
from srcnn_theano.models import model_class
from srcnn_theano.shipped import weights_dir
from srcnn_theano.vgg16_weights import VGG16Weights, save_vgg16
from srcnn_theano.weights import Weights, load_weights, save_weights

onnx = pytest.importorskip("onnx", reason="needs the package onnx")
onnxruntime = pytest.importorskip("onnxruntime", reason="needs onnxruntime")

from srcnn_theano.convert.onnx import export  # noqa: E402

PAGE = Path(__file__).resolve().parents[2] / "docs" / "elsewhere.md"

SRCNN = {"channels": 1, "n_filters": [4, 3]}
FSRCNN = {"channels": 1, "d": 4, "s": 3, "m": 1}
NETWORKS = {
    "9-1-5": ("srcnn", dict(SRCNN)),
    "clip": ("srcnn", dict(SRCNN, channels=3, filter_sizes=[5, 3, 1], clip=True)),
    "bn-hidden": ("srcnn", dict(SRCNN, batch_norm="hidden")),
    "levels": ("srcnn", dict(SRCNN, clip=True, peak=255.0)),
    "bn-all": ("srcnn", dict(SRCNN, batch_norm="all", clip=True)),
    "bn-batch": ("srcnn", dict(SRCNN, batch_norm="all", test_statistics="batch")),
    "x2": ("fsrcnn", dict(FSRCNN, scale=2, skip="mapping")),
    "official": ("fsrcnn", dict(FSRCNN, scale=3, slopes="layer", crop=4)),
    "5-appended": ("fsrcnn", dict(FSRCNN, scale=4, deconv_size=5, crop=4)),
    "8-bilinear": ("fsrcnn", dict(FSRCNN, deconv_size=8, upsampling="bilinear")),
    "levels-x4": ("fsrcnn", dict(FSRCNN, peak=255.0)),
    "13-relu": ("fsrcnn", dict(FSRCNN, deconv_size=13, activation="relu")),
    "rgb": ("fsrcnn", dict(FSRCNN, channels=3, skip="both")),
    "bare": ("fsrcnn", dict(FSRCNN, scale=3, skip="both", padding="none")),
    "half": ("half-fsrcnn", {"channels": 1, "n_deconv": 5}),
    "half-skip": ("half-fsrcnn", {"channels": 1, "scale": 2, "skip": "features"}),
}


def random_weights(name, options, seed=0):
    """A network of random values, none of them what it begins with."""
    rng = np.random.RandomState(seed)
    shape = (None, options["channels"], None, None)
    model = model_class(name)(rng, T.tensor4("x"), shape, **options)
    values = {
        key: rng.normal(0, 0.3, value.shape).astype("float32")
        for key, value in model.get_values().items()
    }
    for key in values:
        if key.endswith(".var"):
            values[key] = np.abs(values[key]) + 0.1
    return Weights(name, options, values, {"scale": 3})


def session(path):
    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def run(network, x):
    (y,) = network.run(None, {"x": x})
    return y


@pytest.fixture(scope="module", params=sorted(NETWORKS))
def both(request, tmp_path_factory):
    """A network as ONNX file and as compiled by Theano."""
    folder = tmp_path_factory.mktemp("onnx")
    weights = random_weights(*NETWORKS[request.param])
    save_weights(folder / "net.h5", weights)
    export(folder / "net.h5", folder / "net.onnx")
    return session(folder / "net.onnx"), build_predictor(weights)


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 6, 9), (1, 17, 3)])
def test_whole_images_as_the_package_has_them(both, shape):
    network, predict = both
    x = np.random.RandomState(1).rand(shape[0], predict.channels, *shape[1:])
    x = x.astype("float32")
    around = [(0, 0), (0, 0)] + [(predict.halo, predict.halo)] * 2

    y = run(network, x)

    rows, cols = (predict.factor * n for n in shape[1:])
    assert y.shape == (shape[0], predict.channels, rows, cols)
    expected = predict(np.pad(x, around, mode="edge"))
    np.testing.assert_allclose(y, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", ["srcnn_x3", "fsrcnn_x2", "fsrcnn_x3", "fsrcnn_x4"])
def test_networks_that_come_along_enlarge_a_picture(name, tmp_path):
    scale = int(name[-1])
    path = weights_dir() / (name + ".h5")
    export(path, tmp_path / "net.onnx")
    image = np.random.RandomState(0).randint(256, size=(13, 10, 1)).astype("uint8")
    grey = "(16 + 219 g) / 255 for grey g in [0, 1]"  # as the file says of itself

    low_res = to_float(image, np.dtype("float32"))
    source = low_res if name.startswith("fsrcnn") else imresize(low_res, scale)
    x = source.transpose(2, 0, 1)[np.newaxis].astype("float32")
    network = session(tmp_path / "net.onnx")
    assert grey in network.get_modelmeta().custom_metadata_map["input_range"]
    y = (255 * run(network, (16 + 219 * x) / 255) - 16) / 219

    upscaler = Upscaler(build_predictor(load_weights(path)), scale)
    parts = slice(0, scale * 13), slice(0, scale * 10)
    expected = upscaler.restore(image, *parts).transpose(2, 0, 1)
    # A fortieth of a level: of white noise the filters make large numbers.
    np.testing.assert_allclose(y[0], expected, rtol=0, atol=1e-4)


def test_the_page_shows_how_to_run_it(tmp_path, monkeypatch):
    (snippet,) = re.findall(r"```python\n(import.*?)```", PAGE.read_text(), re.S)
    path = weights_dir() / "fsrcnn_x3.h5"
    monkeypatch.chdir(tmp_path)
    image = np.random.RandomState(0).randint(256, size=(12, 14)).astype("uint8")
    Image.fromarray(image).save("photo.png")
    assert cli.main(["convert", str(path), "fsrcnn_x3.onnx"]) == 0
    exec(snippet, {})
    upscaler = Upscaler(build_predictor(load_weights(path)), 3)
    expected = upscaler(Picture(image[..., np.newaxis])).pixels[..., 0]
    difference = np.asarray(Image.open("larger.png"), int) - expected
    assert abs(difference).max() <= 1 and (difference != 0).mean() < 0.01


# --- Metadata of the file ---


def test_sizes_are_free_and_the_opset_is_old(tmp_path):
    save_weights(tmp_path / "net.h5", random_weights("fsrcnn", dict(FSRCNN, scale=3)))
    export(tmp_path / "net.h5", tmp_path / "net.onnx")
    proto = onnx.load(str(tmp_path / "net.onnx"))
    onnx.checker.check_model(proto, full_check=True)
    assert [one.version for one in proto.opset_import] == [13] and proto.ir_version == 7
    (x,), (y,) = session(tmp_path / "net.onnx").get_inputs(), proto.graph.output
    assert (x.name, x.type, x.shape) == (
        "x",
        "tensor(float)",
        ["batch", 1, "rows", "cols"],
    )
    dims = [dim.dim_param or dim.dim_value for dim in y.type.tensor_type.shape.dim]
    assert (y.name, dims) == ("y", ["batch", 1, "3*rows", "3*cols"])
    names = {array.name for array in proto.graph.initializer}
    assert {"conv1.W", "prelu1.a", "deconv.b"} <= names


def test_metadata(tmp_path, passing_on, repeating):
    save_weights(tmp_path / "rgb.h5", passing_on(3))
    save_weights(tmp_path / "y.h5", repeating(1, 2))
    found = {}
    for name in ("rgb", "y"):
        export(tmp_path / (name + ".h5"), tmp_path / (name + ".onnx"))
        about = session(tmp_path / (name + ".onnx")).get_modelmeta()
        found[name] = about.custom_metadata_map
        assert about.producer_name == "srcnn_theano"
        assert found[name]["source_sha256"] == sha256(tmp_path / (name + ".h5"))
        assert found[name]["input"] in about.description
    assert found["rgb"]["model"] == "srcnn" and found["y"]["model"] == "fsrcnn"
    assert json.loads(found["y"]["options"]) == repeating(1, 2).options
    assert (found["rgb"]["scale"], found["y"]["scale"]) == ("unknown", "2")
    assert (found["rgb"]["colour"], found["y"]["colour"]) == ("RGB", "Y")
    assert "enlarged to its final size by MATLAB's bicubic" in found["rgb"]["input"]
    assert "low-resolution" in found["y"]["input"]
    assert found["y"]["input_range"].startswith("[0, 1]: luma")


def test_the_same_weights_give_the_same_file(tmp_path, repeating):
    save_weights(tmp_path / "net.h5", repeating(1, 2))
    for name in ("one.onnx", "two.onnx"):
        export(tmp_path / "net.h5", tmp_path / name)
    assert sha256(tmp_path / "one.onnx") == sha256(tmp_path / "two.onnx")


# --- Refusals ---


@pytest.fixture
def files(tmp_path, repeating, small_vgg16):
    """Weight files and others, by the names that the command lines below have."""
    save_weights(tmp_path / "net.h5", repeating(1, 2))
    options = dict(FSRCNN, scale=4, deconv_size=26, upsampling="full-border")
    save_weights(tmp_path / "full.h5", random_weights("fsrcnn", options))
    vgg16 = VGG16Weights(small_vgg16, "caffe", "vgg16.npz", "0" * 64)
    save_vgg16(tmp_path / "vgg16.h5", vgg16)
    (tmp_path / "text.h5").write_text("no weights")
    return tmp_path


@pytest.mark.parametrize(
    "arguments, message",
    [
        ("none.h5 out.onnx", "none.h5: no such weight file"),
        ("text.h5 out.onnx", "text.h5: damaged, or not an HDF5 file"),
        ("vgg16.h5 out.onnx", "vgg16.h5: VGG16, which costs are measured with"),
        ("full.h5 out.onnx", "full.h5: its naive full border takes 8x8 pixels"),
        ("net.h5 out.h5", "net.h5: is a file of srcnn_theano already"),
        ("net.h5 out.tflite", "out.tflite: weights are written as .h5"),
        ("net.h5 text.h5/out.onnx", "out.onnx: cannot be written"),
        ("net.h5 out.onnx --scale 2", "--scale 2: our weight files say"),
        ("net.h5 out.onnx --last-layer pool1", "--last-layer pool1: our weight files"),
    ],
)
def test_refused_in_one_sentence(files, arguments, message, capsys, monkeypatch):
    monkeypatch.chdir(files)
    before = sorted(files.iterdir())
    assert cli.main(["convert"] + arguments.split()) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("srcnn-theano: error: ") and message in line
    assert sorted(files.iterdir()) == before


def test_without_onnx_one_sentence_says_how_to_get_it(
    tmp_path, repeating, capsys, monkeypatch
):
    save_weights(tmp_path / "net.h5", repeating(1, 2))
    monkeypatch.setitem(sys.modules, "onnx", None)
    monkeypatch.delitem(sys.modules, "srcnn_theano.convert.onnx")
    out = tmp_path / "net.onnx"
    assert cli.main(["convert", str(tmp_path / "net.h5"), str(out)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "pip install 'srcnn-theano[onnx]'" in line and not out.exists()


def test_a_full_disk_leaves_nothing(tmp_path, full_disk):
    name = str(weights_dir() / "fsrcnn_x3.h5")
    with full_disk():
        assert cli.main(["convert", name, str(tmp_path / "net.onnx")]) == 2
    assert not list(tmp_path.iterdir())
