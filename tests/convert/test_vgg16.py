"""VGG16 out of every format, from files written here by the formats' own rules."""

import json
import runpy
import shutil
import struct
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from srcnn_theano import cli
from srcnn_theano.convert.convert import convert
from srcnn_theano.convert.networks import vgg16
from srcnn_theano.errors import UserError
from srcnn_theano.files import sha256
from srcnn_theano.vgg16_weights import SHAPES, VGG16Weights, load_vgg16, save_vgg16

RECORDED = Path(__file__).parents[1] / "recorded"

files = SimpleNamespace(
    **runpy.run_path(str(Path(__file__).with_name("vgg16_files.py")))
)


each_format = pytest.mark.parametrize(
    "write, file, preprocessing",
    files.WRITERS,
    ids=[w[0].__name__ for w in files.WRITERS],
)
# One of each reader.
one_of_each = pytest.mark.parametrize(
    "write, file",
    [files.WRITERS[i][:2] for i in (0, 2, 5, 6, 8, 11, 13)],
    ids=[files.WRITERS[i][0].__name__ for i in (0, 2, 5, 6, 8, 11, 13)],
)


def up_to(values, last_layer):
    names = list(SHAPES)[: list(SHAPES).index(last_layer) + 1]
    return {name: v for name, v in values.items() if name[:-2] in names}


def refused(path, out, match, **options):
    with pytest.raises(UserError, match=match) as error:
        convert(path, out, **options)
    assert str(path) in str(error.value)
    assert not out.exists()


@each_format
def test_round_trip(small_vgg16, tmp_path, write, file, preprocessing):
    write(tmp_path / file, small_vgg16)

    weights = convert(tmp_path / file, tmp_path / "out" / "vgg16.h5", model="vgg16")

    assert weights.options == {"last_layer": "prob", "preprocessing": preprocessing}
    result = load_vgg16(tmp_path / "out" / "vgg16.h5", "prob")
    assert result[1:] == (preprocessing, file, sha256(tmp_path / file))
    assert set(result.values) == set(small_vgg16)
    for name, value in small_vgg16.items():
        np.testing.assert_array_equal(result.values[name], value, name)


@each_format
def test_without_top(small_vgg16, tmp_path, write, file, preprocessing):
    values = up_to(small_vgg16, "conv5_3")
    write(tmp_path / file, values)
    out = tmp_path / "out.h5"
    refused(tmp_path / file, out, "it has no fc6, which prob needs", last_layer="prob")

    weights = convert(tmp_path / file, out)

    assert weights.options["last_layer"] == "pool5"
    assert set(load_vgg16(out, "pool5").values) == set(values)


@one_of_each
def test_cut(small_vgg16, tmp_path, write, file):
    write(tmp_path / file, small_vgg16)
    out = tmp_path / "out.h5"
    convert(tmp_path / file, out, model="vgg16", last_layer="relu2_2")
    with h5py.File(str(out), "r") as result:
        assert set(result) == set(up_to(small_vgg16, "conv2_2"))
        np.testing.assert_array_equal(result["conv2_2.W"], small_vgg16["conv2_2.W"])


@one_of_each
def test_a_layer_is_missing(small_vgg16, tmp_path, write, file):
    del small_vgg16["conv3_2.W"], small_vgg16["conv3_2.b"]
    write(tmp_path / file, small_vgg16)
    out = tmp_path / "out.h5"
    refused(
        tmp_path / file, out, "looks like the VGG16 .* no conv3_2, which prob needs"
    )
    convert(tmp_path / file, out, last_layer="relu3_1")


@one_of_each
def test_filters_of_another_shape(small_vgg16, tmp_path, write, file):
    small_vgg16["conv2_2.W"] = np.zeros((6, 4, 3, 3), "float32")
    write(tmp_path / file, small_vgg16)
    refused(tmp_path / file, tmp_path / "out.h5", "conv2_2 has filters of shape")
    # A classifier of something else is of no matter where it is not wanted.
    convert(tmp_path / file, tmp_path / "out.h5", last_layer="relu2_1")


@one_of_each
def test_biases_of_another_shape(small_vgg16, tmp_path, write, file):
    small_vgg16["conv2_2.b"] = np.zeros(7, "float32")
    write(tmp_path / file, small_vgg16)
    refused(tmp_path / file, tmp_path / "out.h5", "conv2_2 has the arrays .* 6 biases")


@one_of_each
def test_values_that_are_not_finite(small_vgg16, tmp_path, write, file):
    small_vgg16["fc7.b"][3] = np.inf
    write(tmp_path / file, small_vgg16)
    refused(tmp_path / file, tmp_path / "out.h5", "fc7.b would hold .* not finite")
    convert(tmp_path / file, tmp_path / "out.h5", last_layer="relu6")


@one_of_each
@pytest.mark.parametrize("kept", [0, 1, 9, 100, 0.3, 0.7, 0.999])
def test_truncated_file(small_vgg16, tmp_path, write, file, kept):
    path = tmp_path / file
    write(path, up_to(small_vgg16, "conv2_2"))
    content = path.read_bytes()
    path.write_bytes(content[: kept if kept >= 1 else int(kept * len(content))])
    refused(path, tmp_path / "out.h5", "damaged, or not a .* file|not recognised")


@one_of_each
def test_other_content_under_the_name(tmp_path, write, file):
    path = tmp_path / file
    path.write_bytes(b"\x89PNG\r\n\x1a\n" * 40)
    refused(path, tmp_path / "out.h5", "damaged, or not a .* file")


OTHERS = {
    files.keras_2: lambda path: files.hdf5(
        path, {"res2a/kernel:0": np.zeros((1, 1, 4, 4))}
    ),
    files.keras_1_theano: lambda path: files.hdf5(
        path, {"res2a/res2a_W": np.zeros((9, 9, 3, 3))}
    ),
    files.caffe_1: lambda path: path.write_bytes(
        files.field(
            2, files.field(4, b"ip1") + files.field(6, files.blob_old(np.zeros((3, 2))))
        )
    ),
    files.caffe_2: lambda path: path.write_bytes(
        files.field(
            100,
            files.field(1, b"ip1") + files.field(7, files.blob_new(np.zeros((3, 2)))),
        )
    ),
    files.torchvision: lambda path: files.safetensors(
        path, {"layer1.0.weight": np.zeros(3, "f4")}
    ),
    files.npz_last: lambda path: np.savez(str(path), arr_0=np.zeros((3, 2))),
    files.npy_lists: lambda path: np.save(
        str(path), np.array({"a": [np.zeros(3)]}, object)
    ),
}


@one_of_each
def test_another_network(tmp_path, write, file):
    OTHERS[write](tmp_path / file)
    refused(tmp_path / file, tmp_path / "out.h5", "not recognised. It holds [a-z]+")


def test_many_arrays_are_not_all_listed(tmp_path):
    arrays = {f"a{i:02}": np.zeros(3) for i in range(20)}
    np.savez(str(tmp_path / "a.npz"), **arrays)
    refused(tmp_path / "a.npz", tmp_path / "o.h5", r"a07 \(3,\) and 12 more. Known")


def test_relatives_are_refused_even_where_they_begin_alike(small_vgg16, tmp_path):
    out = tmp_path / "out.h5"
    arrays = {name.replace(".", "_"): value for name, value in small_vgg16.items()}
    np.savez(str(tmp_path / "vgg19.npz"), conv3_4_W=np.zeros((7, 7, 3, 3)), **arrays)
    vgg19 = "it has conv3_4, which VGG16 has not: it is a VGG of another depth"
    refused(tmp_path / "vgg19.npz", out, vgg19, last_layer="relu2_2")
    tensors = {
        "features.0.weight": small_vgg16["conv1_1.W"],
        "features.0.bias": small_vgg16["conv1_1.b"],
        "features.1.weight": small_vgg16["conv1_1.b"],
        "features.1.running_mean": small_vgg16["conv1_1.b"],
    }
    files.safetensors(tmp_path / "vgg16_bn.safetensors", tensors)
    normalized = (
        "it has features.1, which VGG16 has not: .* or with batch normalization"
    )
    refused(tmp_path / "vgg16_bn.safetensors", out, normalized, last_layer="relu1_1")


def test_integers_are_no_weights(small_vgg16, tmp_path):
    tensors = {"features.0.weight": np.zeros((5, 3, 3, 3), "int64")}
    tensors["features.0.bias"] = small_vgg16["conv1_1.b"]
    files.safetensors(tmp_path / "a.safetensors", tensors)
    refused(tmp_path / "a.safetensors", tmp_path / "o.h5", "conv1_1 has .* int64")


def test_half_precision(small_vgg16, tmp_path):
    values = {name: value.astype("float16") for name, value in small_vgg16.items()}
    files.torchvision(tmp_path / "half.safetensors", values)
    weights = convert(tmp_path / "half.safetensors", tmp_path / "out.h5")
    for name, value in values.items():
        assert weights.values[name].dtype == np.float32
        np.testing.assert_array_equal(weights.values[name], value)


def test_brain_floats(tmp_path):
    from srcnn_theano.convert.readers.safetensors import read_safetensors

    path = tmp_path / "a.safetensors"
    header = {"a": {"dtype": "BF16", "shape": [3], "data_offsets": [0, 6]}}
    text = json.dumps(header).encode()
    # Sign, eight bits of exponent, seven of fraction: 1, -2, 1.5.
    content = struct.pack("<3H", 0x3F80, 0xC000, 0x3FC0)
    path.write_bytes(struct.pack("<Q", len(text)) + text + content)
    np.testing.assert_array_equal(read_safetensors(path)["a"], [1, -2, 1.5])


def test_keras_2_with_theano_is_refused(small_vgg16, tmp_path):
    path = tmp_path / "a.h5"
    files.keras_2(path, small_vgg16)
    with h5py.File(str(path), "r+") as file:
        file.attrs["backend"] = b"theano"
    refused(path, tmp_path / "out.h5", "Keras 2 with Theano")


def test_our_own_file_is_not_converted_again(small_vgg16, tmp_path):
    path = tmp_path / "vgg16.h5"
    save_vgg16(path, VGG16Weights(small_vgg16, "torchvision", "a.pth", "0" * 64))
    refused(path, tmp_path / "out.h5", "is a file of srcnn_theano already")


# --- Preprocessing that the weights expect ---


def test_the_authors_weights_are_known_by_their_sums(
    small_vgg16, tmp_path, monkeypatch
):
    W = small_vgg16["conv1_1.W"]
    monkeypatch.setattr(vgg16, "_RELEASE", (W**2).sum(axis=(0, 2, 3)))
    files.torchvision(tmp_path / "bgr.safetensors", small_vgg16)
    reverse = dict(small_vgg16, **{"conv1_1.W": np.ascontiguousarray(W[:, ::-1])})
    files.npz_last(tmp_path / "rgb.npz", reverse)
    for file in ("bgr.safetensors", "rgb.npz"):
        weights = convert(tmp_path / file, tmp_path / "out.h5")
        assert weights.options["preprocessing"] == "caffe"
        np.testing.assert_array_equal(weights.values["conv1_1.W"], W)


@pytest.mark.data
def test_real_weights_in_either_order_of_the_colours(data_dir, tmp_path):
    source = data_dir / "vgg16" / "vgg16_caffe_bgr_relu2_2.npz"
    if not source.is_file():
        pytest.skip(f"{source} is not there")
    with np.load(str(source)) as file:
        arrays = dict(file)
    W = arrays["conv1_1_W"]
    weights = convert(source, tmp_path / "out.h5")
    assert weights.options == {"last_layer": "pool2", "preprocessing": "caffe"}
    np.testing.assert_array_equal(weights.values["conv1_1.W"], W)
    arrays["conv1_1_W"] = W[:, ::-1]
    np.savez(str(tmp_path / "rgb.npz"), **arrays)
    weights = convert(tmp_path / "rgb.npz", tmp_path / "out.h5")
    np.testing.assert_array_equal(weights.values["conv1_1.W"], W)


# --- The command ---


def test_options_that_do_not_belong_together(small_vgg16, tmp_path):
    files.keras_2(tmp_path / "a.h5", small_vgg16)
    out = tmp_path / "out.h5"
    with pytest.raises(UserError, match="--scale 3: VGG16 has no scale"):
        convert(tmp_path / "a.h5", out, scale=3)
    with pytest.raises(UserError, match="'relu9': VGG16 has no such layer"):
        convert(tmp_path / "a.h5", out, last_layer="relu9")
    assert not out.exists()


def test_command_line(small_vgg16, tmp_path, capsys):
    files.keras_2(tmp_path / "a.h5", small_vgg16)
    out = tmp_path / "vgg16.h5"
    command = "convert {} {} --model vgg16 --last-layer relu2_2"
    assert cli.main(command.format(tmp_path / "a.h5", out).split()) == 0
    shown = capsys.readouterr().out
    assert "relu2_2" in shown and "caffe" in shown and "8 arrays" in shown
    shutil.copy(str(RECORDED / "torch_new.pth"), str(tmp_path / "a.xyz"))
    assert cli.main(command.format(tmp_path / "a.xyz", out).split()) == 2
    error = capsys.readouterr().err
    assert "a.xyz: not a weight file that can be converted; known suffixes" in error
