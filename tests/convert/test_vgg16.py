"""VGG16 out of every format, from files written here by the formats' own rules."""

import io
import json
import os
import pickle
import shutil
import struct
import sys
import types
import zipfile
from pathlib import Path

import h5py
import numpy as np
import pytest

from srcnn_theano import cli
from srcnn_theano.convert.convert import convert
from srcnn_theano.convert.networks import vgg16
from srcnn_theano.convert.readers.pytorch import read_pytorch
from srcnn_theano.errors import UserError
from srcnn_theano.files import sha256
from srcnn_theano.vgg16_weights import SHAPES, VGG16Weights, load_vgg16, save_vgg16

RECORDED = Path(__file__).parents[1] / "recorded"
CONVOLUTIONS = [layer for layer in SHAPES if layer.startswith("conv")]
FEATURES = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)
TORCH_NAMES = [f"features.{i}" for i in FEATURES] + [
    "classifier.0",
    "classifier.3",
    "classifier.6",
]
TORCH_NAMES_OF_2017 = TORCH_NAMES[:13] + [
    "classifier.1",
    "classifier.4",
    "classifier.6",
]
TIMM_NAMES = TORCH_NAMES[:13] + ["pre_logits.fc1", "pre_logits.fc2", "head.fc"]
KERAS_NAMES = [f"block{name[4]}_conv{name[6]}" for name in CONVOLUTIONS]
KERAS_NAMES += ["fc1", "fc2", "predictions"]


def layers(values):
    """(number, name, W, b) of the layers that are there."""
    for i, name in enumerate(SHAPES):
        if name + ".W" in values:
            yield i, name, values[name + ".W"], values[name + ".b"]


# Filters in the orders of others: W is (out, in, rows, cols), a correlation.


def last(W):
    """(rows, cols, in, out)"""
    return W.transpose(2, 3, 1, 0)


def dense_last(W):
    """The matrix (in, out) that multiplies pixel after pixel."""
    return last(W).reshape(-1, len(W))


def flipped(W):
    """As a convolution takes it."""
    return W[:, :, ::-1, ::-1]


def dense_first(W):
    """The matrix (in, out) that multiplies map after map."""
    return W.reshape(len(W), -1).T


def tensorflow(name, W):
    return dense_last(W) if name.startswith("fc") else last(W)


def theano(name, W):
    return dense_first(W) if name.startswith("fc") else flipped(W)


# HDF5


def hdf5(path, arrays, **attributes):
    with h5py.File(str(path), "w") as file:
        file.attrs.update(attributes)
        for name, array in arrays.items():
            file[name] = array


def keras_2(path, values):
    arrays = {}
    for i, name, W, b in layers(values):
        group = "{0}/{0}/".format(KERAS_NAMES[i])
        arrays[group + "kernel:0"] = tensorflow(name, W)
        arrays[group + "bias:0"] = b
    hdf5(path, arrays, backend=b"tensorflow", keras_version=b"2.2.4")


def keras_2_model(path, values):
    arrays = {"optimizer_weights/Adam/block1_conv1/kernel/m:0": np.zeros((3, 3, 3, 5))}
    for i, name, W, b in layers(values):
        group = f"model_weights/vgg16/{KERAS_NAMES[i]}/"
        arrays[group + "kernel:0"] = tensorflow(name, W)
        arrays[group + "bias:0"] = b
    hdf5(path, arrays, model_config="{}")


def keras_1_theano(path, values):
    arrays = {}
    for i, name, W, b in layers(values):
        group = "{0}/{0}".format(KERAS_NAMES[i])
        arrays[group + "_W"] = theano(name, W)
        arrays[group + "_b"] = b
    hdf5(path, arrays)


def keras_1_numbered(path, values):
    """Sequential: padding, convolution, ..., pooling, flatten, dense and dropout."""
    with h5py.File(str(path), "w") as file:
        at = 0
        for _, name, W, b in layers(values):
            at += 1 if name.startswith("conv") or name == "fc6" else 0
            group = file.create_group(f"layer_{at}")
            group["param_0"], group["param_1"] = theano(name, W), b
            at += 2 if name.startswith("fc") or name in POOLED else 1
        file.attrs["nb_layers"] = at


POOLED = ("conv1_2", "conv2_2", "conv3_3", "conv4_3", "conv5_3")


def keras_3(path, values):
    arrays = {"optimizer/vars/0": np.zeros(1), "layers/flatten/vars/none": np.zeros(0)}
    for i, name, W, b in layers(values):
        kind, n = ("dense", i - 13) if name.startswith("fc") else ("conv2d", i)
        group = "layers/{}/vars/".format(kind + (f"_{n}" if n else ""))
        arrays[group + "0"] = tensorflow(name, W)
        arrays[group + "1"] = b
    hdf5(path, arrays)


# Caffe


def varint(n):
    result = b""
    while n > 127:
        result += bytes([n & 127 | 128])
        n >>= 7
    return result + bytes([n])


def field(number, value):
    """A field of a protobuf message: an integer, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def blob_old(array):
    """With num, channels, height, width, and values that are not packed."""
    shape = (1,) * (4 - array.ndim) + array.shape
    content = b"".join(field(i, n) for i, n in enumerate(shape, start=1))
    tag = varint(5 << 3 | 5)
    return content + b"".join(tag + struct.pack("<f", x) for x in array.ravel())


def blob_new(array):
    dims = field(1, b"".join(varint(n) for n in array.shape))
    return field(7, dims) + field(5, array.astype("<f4").tobytes())


def blob_double(array):
    dims = b"".join(field(1, n) for n in array.shape)
    diff = field(6, np.zeros(3, "<f4").tobytes())
    return field(8, array.astype("<f8").tobytes()) + field(7, dims) + diff


def caffe(path, values, blob, layer_field, name_field, blob_field, type_field):
    content = field(1, b"VGG_ILSVRC_16_layers") + field(3, b"data")
    content += field(layer_field, field(name_field, b"relu1_1") + type_field)
    for _, name, W, b in layers(values):
        matrix = W.reshape(len(W), -1) if name.startswith("fc") else W
        blobs = field(blob_field, blob(matrix)) + field(blob_field, blob(b))
        content += field(layer_field, field(name_field, name.encode()) + blobs)
    path.write_bytes(content)


def caffe_1(path, values):
    caffe(path, values, blob_old, 2, 4, 6, field(5, 18))


def caffe_2(path, values):
    caffe(path, values, blob_new, 100, 1, 7, field(2, b"ReLU"))


def caffe_double(path, values):
    caffe(path, values, blob_double, 100, 1, 7, field(2, b"ReLU"))


# PyTorch's names


def safetensors(path, tensors):
    header, content = {"__metadata__": {"format": "pt"}}, b""
    for name, array in tensors.items():
        dtype = {"float32": "F32", "float16": "F16", "int64": "I64"}[array.dtype.name]
        start, content = len(content), content + array.tobytes()
        header[name] = {
            "dtype": dtype,
            "shape": array.shape,
            "data_offsets": [start, len(content)],
        }
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + content)


def torchvision(path, values, names=TORCH_NAMES):
    tensors = {}
    for i, name, W, b in layers(values):
        matrix = W.reshape(len(W), -1) if name.startswith("fc") else W
        tensors[names[i] + ".weight"], tensors[names[i] + ".bias"] = matrix, b
    safetensors(path, tensors)


def torchvision_of_2017(path, values):
    torchvision(path, values, TORCH_NAMES_OF_2017)


def timm(path, values):
    tensors = {}
    for i, name, W, b in layers(values):
        matrix = W.reshape(len(W), -1) if name == "fc8" else W
        tensors[TIMM_NAMES[i] + ".weight"] = matrix
        tensors[TIMM_NAMES[i] + ".bias"] = b
    safetensors(path, tensors)


# NumPy


def npz_last(path, values):
    """vgg16_weights.npz of many TensorFlow tutorials."""
    arrays = {}
    for _, name, W, b in layers(values):
        arrays[name + "_W"], arrays[name + "_b"] = tensorflow(name, W), b
    np.savez(str(path), **arrays)


def npz_first(path, values):
    arrays = {}
    for _, name, W, b in layers(values):
        matrix = W.reshape(len(W), -1) if name.startswith("fc") else W
        arrays[name + "_W"], arrays[name + "_b"] = matrix, b
        arrays[name + "_b_halfwidth"] = np.float32(1e-5)
    np.savez(str(path), **arrays)


def npy_lists(path, values):
    """vgg16.npy of others: {layer: [W, b]}, pickled."""
    content = {name: [tensorflow(name, W), b] for _, name, W, b in layers(values)}
    np.save(str(path), np.array(content, dtype=object), allow_pickle=True)


def npy_dictionaries(path, values):
    """What caffe-tensorflow wrote, from Python 2: bytes for text, an old protocol."""
    content = {
        name: {"weights": tensorflow(name, W), "biases": b}
        for _, name, W, b in layers(values)
    }
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        stream, {"descr": "|O", "fortran_order": False, "shape": ()}
    )
    pickle.dump(np.array(content, dtype=object), stream, protocol=2)
    path.write_bytes(stream.getvalue())


WRITERS = [
    (keras_2, "vgg16.h5", "caffe"),
    (keras_2_model, "model.hdf5", "caffe"),
    (keras_1_theano, "vgg16_th.h5", "caffe"),
    (keras_1_numbered, "vgg16_weights.h5", "caffe"),
    (keras_3, "vgg16.weights.h5", "caffe"),
    (caffe_1, "VGG16.caffemodel", "caffe"),
    (caffe_2, "VGG16.caffemodel", "caffe"),
    (caffe_double, "VGG16.caffemodel", "caffe"),
    (torchvision, "vgg16.safetensors", "torchvision"),
    (timm, "model.safetensors", "torchvision"),
    (torchvision_of_2017, "vgg16.safetensors", "torchvision"),
    (npz_last, "vgg16_weights.npz", "caffe"),
    (npz_first, "vgg16.npz", "caffe"),
    (npy_lists, "vgg16.npy", "caffe"),
    (npy_dictionaries, "vgg16.npy", "caffe"),
]
each_format = pytest.mark.parametrize(
    "write, file, preprocessing", WRITERS, ids=[w[0].__name__ for w in WRITERS]
)
# One of each reader.
one_of_each = pytest.mark.parametrize(
    "write, file",
    [WRITERS[i][:2] for i in (0, 2, 5, 6, 8, 11, 13)],
    ids=[WRITERS[i][0].__name__ for i in (0, 2, 5, 6, 8, 11, 13)],
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
    keras_2: lambda path: hdf5(path, {"res2a/kernel:0": np.zeros((1, 1, 4, 4))}),
    keras_1_theano: lambda path: hdf5(path, {"res2a/res2a_W": np.zeros((9, 9, 3, 3))}),
    caffe_1: lambda path: path.write_bytes(
        field(2, field(4, b"ip1") + field(6, blob_old(np.zeros((3, 2)))))
    ),
    caffe_2: lambda path: path.write_bytes(
        field(100, field(1, b"ip1") + field(7, blob_new(np.zeros((3, 2)))))
    ),
    torchvision: lambda path: safetensors(path, {"layer1.0.weight": np.zeros(3, "f4")}),
    npz_last: lambda path: np.savez(str(path), arr_0=np.zeros((3, 2))),
    npy_lists: lambda path: np.save(str(path), np.array({"a": [np.zeros(3)]}, object)),
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
    safetensors(tmp_path / "vgg16_bn.safetensors", tensors)
    normalized = (
        "it has features.1, which VGG16 has not: .* or with batch normalization"
    )
    refused(tmp_path / "vgg16_bn.safetensors", out, normalized, last_layer="relu1_1")


def test_integers_are_no_weights(small_vgg16, tmp_path):
    tensors = {"features.0.weight": np.zeros((5, 3, 3, 3), "int64")}
    tensors["features.0.bias"] = small_vgg16["conv1_1.b"]
    safetensors(tmp_path / "a.safetensors", tensors)
    refused(tmp_path / "a.safetensors", tmp_path / "o.h5", "conv1_1 has .* int64")


def test_half_precision(small_vgg16, tmp_path):
    values = {name: value.astype("float16") for name, value in small_vgg16.items()}
    torchvision(tmp_path / "half.safetensors", values)
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
    keras_2(path, small_vgg16)
    with h5py.File(str(path), "r+") as file:
        file.attrs["backend"] = b"theano"
    refused(path, tmp_path / "out.h5", "Keras 2 with Theano")


def test_our_own_file_is_not_converted_again(small_vgg16, tmp_path):
    path = tmp_path / "vgg16.h5"
    save_vgg16(path, VGG16Weights(small_vgg16, "torchvision", "a.pth", "0" * 64))
    refused(path, tmp_path / "out.h5", "is a file of srcnn_theano already")


# PyTorch's own files, recorded by tests/recorded/torch_checkpoints.py


def recorded(shape, first):
    n = int(np.prod(shape))
    return (np.arange(first, first + n).astype("float32") / 1000).reshape(shape)


@pytest.mark.parametrize("file", ["torch_new.pth", "torch_old.pth"])
def test_checkpoints_of_pytorch(small_vgg16, tmp_path, file):
    weights = convert(RECORDED / file, tmp_path / "vgg16.h5", last_layer="relu2_2")
    assert weights.options["preprocessing"] == "torchvision"
    for i, name in zip(FEATURES, ("conv1_1", "conv1_2", "conv2_1", "conv2_2")):
        W, b = weights.values[name + ".W"], weights.values[name + ".b"]
        np.testing.assert_allclose(W, recorded(SHAPES[name], i), rtol=1e-6)
        expected = recorded(SHAPES[name][:1], -i)
        np.testing.assert_allclose(b, expected, rtol=1e-3 if i == 7 else 1e-6)


@pytest.mark.parametrize("file", ["torch_new.pth", "torch_old.pth"])
@pytest.mark.parametrize("kept", [0, 1, 9, 100, 0.3, 0.7, 0.999])
def test_truncated_checkpoints(small_vgg16, tmp_path, file, kept):
    content = (RECORDED / file).read_bytes()
    path = tmp_path / file
    path.write_bytes(content[: kept if kept >= 1 else int(kept * len(content))])
    refused(path, tmp_path / "out.h5", "damaged, or not a PyTorch file")


def test_damaged_checkpoint(small_vgg16, tmp_path):
    content = (RECORDED / "torch_new.pth").read_bytes()
    value = recorded(SHAPES["conv1_1"], 0).tobytes()
    assert content.count(value) == 1
    path = tmp_path / "a.pth"
    path.write_bytes(content.replace(value, value[:-4] + b"\x01" * 4))
    refused(path, tmp_path / "out.h5", "damaged, or not a PyTorch file .*CRC")


def test_a_checkpoint_of_something_else_is_refused(tmp_path):
    with zipfile.ZipFile(str(tmp_path / "a.pth"), "w") as archive:
        archive.writestr("a/data.pkl", pickle.dumps([1, 2], protocol=2))
    refused(tmp_path / "a.pth", tmp_path / "o.h5", "more than tensors .not one tensor")


@pytest.fixture
def checkpoint(monkeypatch, tmp_path):
    """A maker of checkpoints of one tensor, over a storage of 20 values."""

    def stand_in(module, name):
        def of_torch(*_):
            raise AssertionError("only PyTorch calls this")

        of_torch.__module__, of_torch.__qualname__ = module, name
        fake = types.ModuleType(module)
        setattr(fake, name, of_torch)
        monkeypatch.setitem(sys.modules, module, fake)
        return of_torch

    rebuild = stand_in("torch._utils", "_rebuild_tensor_v2")
    storage = stand_in("torch", "FloatStorage")

    class Tensor:
        def __init__(self, *where):
            self.where = where

        def __reduce__(self):
            return rebuild, ("a storage",) + self.where + (False, {})

    class Pickler(pickle.Pickler):
        def persistent_id(self, value):
            if isinstance(value, str) and value == "a storage":
                return ("storage", storage, "0", "cpu", 20)

    def make(offset, shape, strides, wrap=lambda tensors: tensors):
        stream = io.BytesIO()
        tensors = wrap({"features.0.bias": Tensor(offset, shape, strides)})
        Pickler(stream, 2).dump(tensors)
        with zipfile.ZipFile(str(tmp_path / "a.pth"), "w") as archive:
            archive.writestr("a/data.pkl", stream.getvalue())
            archive.writestr("a/data/0", np.arange(20, dtype="<f4").tobytes())
        return tmp_path / "a.pth"

    return make


def test_tensors_are_views_of_storages(checkpoint):
    read = read_pytorch(checkpoint(1, (3, 4), (1, 5)))
    expected = np.arange(20).reshape(4, 5)[:, 1:4].T
    np.testing.assert_array_equal(read["features.0.bias"], expected)
    wrapped = checkpoint(2, (5,), (2,), lambda x: {"state_dict": x, "epoch": 3})
    expected = [2, 4, 6, 8, 10]
    np.testing.assert_array_equal(read_pytorch(wrapped)["features.0.bias"], expected)


@pytest.mark.parametrize(
    "where", [(0, (3, 7), (7, 1)), (16, (5,), (1,)), (0, (2,), (-1,)), (-1, (1,), (1,))]
)
def test_no_tensor_reaches_beyond_its_storage(checkpoint, tmp_path, where):
    refused(checkpoint(*where), tmp_path / "o.h5", "reaches beyond its storage")


class Harm:
    """What a pickle may hold: here it would make a folder."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (str(self.folder),)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_nothing_in_a_pickle_is_run(tmp_path, protocol):
    made, out = tmp_path / "made", tmp_path / "out.h5"
    harm = pickle.dumps({"features.0.weight": Harm(made)}, protocol)
    with zipfile.ZipFile(str(tmp_path / "new.pth"), "w") as archive:
        archive.writestr("archive/data.pkl", harm)
    (tmp_path / "old.pth").write_bytes(harm)
    content = np.array({"conv1_1": Harm(made)}, dtype=object)
    np.save(str(tmp_path / "a.npy"), content, allow_pickle=True)
    np.savez(str(tmp_path / "a.npz"), content)
    for file in ("new.pth", "old.pth"):
        refused(tmp_path / file, out, "more than tensors .*mkdir.*state_dict")
    for file in ("a.npy", "a.npz"):
        refused(tmp_path / file, out, "more than arrays .*mkdir.* not unpickled")
    pickle.loads(harm)
    assert made.is_dir()  # so much for the harm


# What the weights expect


def test_the_authors_weights_are_known_by_their_sums(
    small_vgg16, tmp_path, monkeypatch
):
    W = small_vgg16["conv1_1.W"]
    monkeypatch.setattr(vgg16, "_RELEASE", (W**2).sum(axis=(0, 2, 3)))
    torchvision(tmp_path / "bgr.safetensors", small_vgg16)
    reverse = dict(small_vgg16, **{"conv1_1.W": np.ascontiguousarray(W[:, ::-1])})
    npz_last(tmp_path / "rgb.npz", reverse)
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


# The command


def test_options_that_do_not_belong_together(small_vgg16, tmp_path):
    keras_2(tmp_path / "a.h5", small_vgg16)
    out = tmp_path / "out.h5"
    with pytest.raises(UserError, match="--scale 3: VGG16 has no scale"):
        convert(tmp_path / "a.h5", out, scale=3)
    with pytest.raises(UserError, match="'relu9': VGG16 has no such layer"):
        convert(tmp_path / "a.h5", out, last_layer="relu9")
    assert not out.exists()


def test_command_line(small_vgg16, tmp_path, capsys):
    keras_2(tmp_path / "a.h5", small_vgg16)
    out = tmp_path / "vgg16.h5"
    command = "convert {} {} --model vgg16 --last-layer relu2_2"
    assert cli.main(command.format(tmp_path / "a.h5", out).split()) == 0
    shown = capsys.readouterr().out
    assert "relu2_2" in shown and "caffe" in shown and "8 arrays" in shown
    shutil.copy(str(RECORDED / "torch_new.pth"), str(tmp_path / "a.xyz"))
    assert cli.main(command.format(tmp_path / "a.xyz", out).split()) == 2
    error = capsys.readouterr().err
    assert "a.xyz: not a weight file that can be converted; known suffixes" in error
