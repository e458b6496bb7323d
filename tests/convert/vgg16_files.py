"""VGG16 as files of other programs, for test_vgg16.py."""

import io
import json
import pickle
import struct
from pathlib import Path

import h5py
import numpy as np

from srcnn_theano.vgg16_weights import SHAPES

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


# --- HDF5 ---


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


# --- Caffe ---


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


# --- PyTorch's names ---


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


# --- NumPy ---


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
