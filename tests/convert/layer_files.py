"""SRCNN and FSRCNN as files of other programs, for tests of `convert`.

Files are written by their formats' rules, without the programs.
"""

import io
import pickle
import runpy
import struct
import zipfile
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
from scipy.signal import correlate

vgg = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("vgg16_files.py"))))

# --- PyTorch ---


def _word(text):
    return b"X" + struct.pack("<I", len(text)) + text.encode()


def _integer(n):
    return b"J" + struct.pack("<i", n)


def _pickled(value, storages):
    """Operations of a pickle; the values of arrays go into `storages`."""
    if isinstance(value, dict):
        items = (_pickled(x, storages) for item in value.items() for x in item)
        return b"}(" + b"".join(items) + b"u"
    if isinstance(value, list):
        return b"](" + b"".join(_pickled(x, storages) for x in value) + b"e"
    if isinstance(value, str):
        return _word(value)
    if isinstance(value, int):
        return _integer(value)
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    key = str(len(storages))
    is_half = value.dtype == np.uint16  # the bits of bfloat16
    storages.append(np.ascontiguousarray(value, "<u2" if is_half else "<f4"))
    steps = [int(n) // value.itemsize for n in storages[-1].strides]
    shape, strides = (b"".join(map(_integer, ns)) for ns in (value.shape, steps))
    kind = b"BFloat16Storage" if is_half else b"FloatStorage"
    storage = _word("storage") + b"ctorch\n" + kind + b"\n" + _word(key) + _word("cpu")
    where = b"(" + storage + _integer(value.size) + b"tQ" + _integer(0)
    tensor = b"(" + where + b"(" + shape + b"t(" + strides + b"t\x89}t"
    return b"ctorch._utils\n_rebuild_tensor_v2\n" + tensor + b"R"


def pth(path, content):
    """What torch.save writes of dictionaries of arrays, numbers and text."""
    storages = []
    pickled = b"\x80\2" + _pickled(content, storages) + b"."
    with zipfile.ZipFile(str(path), "w") as archive:
        archive.writestr("a/data.pkl", pickled)
        for i, values in enumerate(storages):
            archive.writestr(f"a/data/{i}", values.tobytes())


def old_pth(path, content):
    """The same before PyTorch 1.6."""
    storages = []
    pickled = b"\x80\2" + _pickled(content, storages) + b"."
    stream = io.BytesIO()
    for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}):
        stream.write(pickle.dumps(value, 2))
    stream.write(pickled)
    stream.write(pickle.dumps([str(i) for i in range(len(storages))], 2))
    for values in storages:
        stream.write(struct.pack("<q", values.size) + values.tobytes())
    path.write_bytes(stream.getvalue())


# --- SRCNN ---


def srcnn_banks(sizes=(5, 3, 3), maps=(1, 4, 3, 1), seed=0):
    """[(filters, biases), ...]; filters (out, in, rows, cols), correlations."""
    rng = np.random.RandomState(seed)
    return [
        (
            rng.normal(0, 0.2, (n_out, n_in, size, size)).astype("float32"),
            rng.normal(size=n_out).astype("float32"),
        )
        for size, n_out, n_in in zip(sizes, maps[1:], maps)
    ]


def convolved(maps, filters, biases, mode="valid"):
    return [
        sum(correlate(x, kernel, mode) for x, kernel in zip(maps, kernels)) + bias
        for kernels, bias in zip(filters.astype("float64"), biases)
    ]


def srcnn(banks, image):
    """What SRCNN makes of (channels, rows, cols), without padding."""
    maps = list(image)
    for i, bank in enumerate(banks):
        maps = convolved(maps, *bank)
        if i < len(banks) - 1:
            maps = [np.maximum(x, 0) for x in maps]
    return np.array(maps)


def named(banks, names=("conv1", "conv2", "conv3"), weight="weight", bias="bias"):
    return {
        f"{name}.{role}": array
        for name, bank in zip(names, banks)
        for role, array in zip((weight, bias), bank)
    }


def caffe(
    path,
    banks,
    blob,
    layer_field,
    name_field,
    blob_field,
    names=("conv1", "conv2", "conv3"),
):
    content = vgg.field(1, b"SRCNN_net")
    for name, bank in zip(names, banks):
        layer = vgg.field(name_field, name.encode())
        layer += b"".join(vgg.field(blob_field, blob(array)) for array in bank)
        content += vgg.field(layer_field, layer)
    path.write_bytes(content)


def keras(
    path,
    banks,
    group="{0}/{0}/",
    names=("kernel:0", "bias:0"),
    layers=("conv2d", "conv2d_1", "conv2d_2"),
):
    """(rows, cols, maps in, maps out)"""
    arrays = {}
    for name, (filters, biases) in zip(layers, banks):
        layer = group.format(name)
        arrays[layer + names[0]] = vgg.last(filters)
        arrays[layer + names[1]] = biases
    vgg.hdf5(path, arrays)


def keras_1_first(path, banks):
    """(maps out, maps in, rows, cols) of Theano, which convolves."""
    arrays = {}
    for i, (filters, biases) in enumerate(banks, start=1):
        layer = f"convolution2d_{i}/convolution2d_{i}_"
        arrays[layer + "W"], arrays[layer + "b"] = vgg.flipped(filters), biases
    vgg.hdf5(path, arrays)


def keras_1_last(path, banks):
    with h5py.File(str(path), "w") as file:
        for i, (filters, biases) in enumerate(banks, start=1):
            group = file.create_group(f"convolution2d_{i}")
            group[f"convolution2d_{i}_W:0"] = vgg.last(filters)
            group[f"convolution2d_{i}_b:0"] = biases


def trained(states):
    """A checkpoint of a training: networks beside other things."""
    moments = {0: {"step": 9, "exp_avg": np.ones((4, 1, 5, 5))}}
    optimizer = {"state": moments, "param_groups": [{"lr": 1e-4, "params": [0]}]}
    return {"epoch": 7, "loss": 0.5, "optimizer": optimizer, **states}


# The last comes first in the alphabet.
WORDS = ("patch_extraction", "nonlinear_mapping", "image")
LORNATANG = ("features.0", "map.0", "reconstruction")

SRCNN_WRITERS = {
    "caffe_1.caffemodel": lambda p, x: caffe(p, x, vgg.blob_old, 2, 4, 6),
    "caffe_2.caffemodel": lambda p, x: caffe(p, x, vgg.blob_new, 100, 1, 7),
    "keras_1_first.h5": keras_1_first,
    "keras_1_last.h5": keras_1_last,
    "keras_2.h5": keras,
    "keras_2_model.hdf5": lambda p, x: keras(p, x, "model_weights/{0}/{0}/"),
    "keras_3.weights.h5": lambda p, x: keras(p, x, "layers/{0}/vars/", ("0", "1")),
    "state_dict.pth": lambda p, x: pth(p, named(x)),
    "old.pth": lambda p, x: old_pth(p, trained({"model": named(x)})),
    "others.pt": lambda p, x: pth(p, named(x, LORNATANG)),
    "parallel.pth": lambda p, x: pth(
        p, {f"module.{name}": array for name, array in named(x).items()}
    ),
    "checkpoint.pth": lambda p, x: pth(p, trained({"model": named(x)})),
    "twice.pth": lambda p, x: pth(
        p,
        trained(
            {"state_dict": {f"module.net.{k}": v for k, v in named(x).items()}},
        ),
    ),
    "averaged.pth": lambda p, x: pth(
        p,
        {
            "params": named([(0 * W, b) for W, b in x]),
            "params_ema": named(x),
        },
    ),
    "sorted.safetensors": lambda p, x: vgg.safetensors(
        p, dict(sorted(named(x).items()))
    ),
    "words.caffemodel": lambda p, x: caffe(p, x, vgg.blob_new, 100, 1, 7, WORDS),
    "words.h5": lambda p, x: keras(p, x, layers=WORDS),
    "words.pth": lambda p, x: pth(p, named(x, WORDS)),
    "arrays.npz": lambda p, x: np.savez(str(p), **named(x)),
}


# --- FSRCNN ---


def fsrcnn_parts(scale, channels=1, d=5, s=3, m=2, size=9, seed=0):
    """(convolutions, slopes, deconvolution (in, out, rows, cols) and its bias)."""
    rng = np.random.RandomState(seed)
    maps, sizes = [channels, d, s] + [s] * m + [d], [5, 1] + [3] * m + [1]
    banks = srcnn_banks(sizes, maps, seed)
    slopes = [rng.normal(0.2, 0.3, n).astype("float32") for n in maps[1:]]
    stamps = rng.normal(0, 0.2, (d, channels, size, size)).astype("float32")
    return banks, slopes, (stamps, rng.normal(size=channels).astype("float32"))


def fsrcnn(parts, image, scale, crop):
    """What FSRCNN makes of (channels, rows, cols): PyTorch's operations in NumPy."""
    banks, slopes, (stamps, bias) = parts
    maps = list(image)
    for bank, a in zip(banks, slopes):
        maps = convolved(maps, *bank, mode="same")
        a = np.broadcast_to(a, len(maps))
        maps = [np.where(x > 0, x, slope * x) for x, slope in zip(maps, a)]
    rows, cols = image.shape[1:]
    side = stamps.shape[2]
    large = np.zeros((len(bias), scale * rows + side, scale * cols + side))
    for x, stamp in zip(maps, stamps):
        for i in range(rows):
            for j in range(cols):
                place = (
                    slice(None),
                    slice(scale * i, scale * i + side),
                    slice(scale * j, scale * j + side),
                )
                large[place] += x[i, j] * stamp
    inside = slice(crop, crop + scale * rows), slice(crop, crop + scale * cols)
    return large[(slice(None), *inside)] + bias[:, None, None]


def in_parts(parts):
    """The names of yjn870's program: convolution, PReLU and so on by number."""
    banks, slopes, (stamps, bias) = parts
    arrays = {}
    for i, ((filters, biases), a) in enumerate(zip(banks, slopes)):
        part, at = ("first_part", 0) if i == 0 else ("mid_part", 2 * i - 2)
        arrays[f"{part}.{at}.weight"] = filters
        arrays[f"{part}.{at}.bias"] = biases
        arrays[f"{part}.{at + 1}.weight"] = a
    return {**arrays, "last_part.weight": stamps, "last_part.bias": bias}


def by_purpose(parts):
    """The names of Lornatang's, in alphabetical order."""
    banks, slopes, (stamps, bias) = parts
    names = ["feature_extraction", "shrink"]
    names += [f"map.{2 * i}" for i in range(len(banks) - 3)] + ["expand"]
    arrays = {"deconv.weight": stamps, "deconv.bias": bias}
    for name, (filters, biases), a in zip(names, banks, slopes):
        at = int(name.partition(".")[2] or 0)
        name = name.partition(".")[0]
        arrays[f"{name}.{at}.weight"] = filters
        arrays[f"{name}.{at}.bias"] = biases
        arrays[f"{name}.{at + 1}.weight"] = a
    return dict(sorted(arrays.items()))


def apart(parts):
    """Convolutions, and PReLUs behind all of them, by number."""
    banks, slopes, (stamps, bias) = parts
    arrays = named(banks, [f"conv{i}" for i in range(1, len(banks) + 1)])
    for i, a in enumerate(slopes, start=1):
        arrays[f"prelu{i}.weight"] = a
    return {**arrays, "deconv.weight": stamps, "deconv.bias": bias}


# --- TensorFlow ---


def tensor(array, loose=False):
    """A TensorProto of float32; of `loose` values the last repeats, zeros are none."""
    dims = b"".join(vgg.field(2, vgg.field(1, int(n))) for n in array.shape)
    kept = array.ravel()
    if loose:
        while len(kept) > 1 and kept[-1] == kept[-2]:
            kept = kept[:-1]
        kept = kept if kept.any() else kept[:0]
    values = vgg.field(5 if loose else 4, kept.astype("<f4").tobytes())
    return vgg.field(1, 1) + vgg.field(2, dims) + values


def node(name, operation, **attributes):
    content = vgg.field(1, name.encode()) + vgg.field(2, operation.encode())
    for key, value in attributes.items():
        content += vgg.field(5, vgg.field(1, key.encode()) + vgg.field(2, value))
    return vgg.field(1, content)


def constant(name, array, loose=False):
    kind = vgg.field(6, 1)
    return node(name, "Const", dtype=kind, value=vgg.field(8, tensor(array, loose)))


def pb(path, parts, change=()):
    """A frozen graph: filters f, biases b, slopes alpha, the last in depth-to-space."""
    banks, slopes, (stamps, bias) = parts
    # A map for each pixel of a stamp.
    last = stamps[:, 0].reshape(len(stamps), -1)[np.newaxis, np.newaxis]
    arrays = {}
    for i, (filters, biases) in enumerate(banks, start=1):
        arrays[f"f{i}"], arrays[f"b{i}"] = vgg.last(filters), biases
    arrays[f"f{len(banks) + 1}"], arrays[f"b{len(banks) + 1}"] = last, bias
    arrays.update({f"alpha{i}": a for i, a in enumerate(slopes, start=1)})
    arrays.update(change)
    content = node("IteratorGetNext", "Placeholder", dtype=vgg.field(6, 1))
    permutation = vgg.field(1, 3) + vgg.field(4, np.arange(4, dtype="<i4").tobytes())
    content += node("perm", "Const", value=vgg.field(8, permutation))
    for i, (name, array) in enumerate(arrays.items()):
        content += constant(name, array, loose=i % 2 == 1)
    content += node("conv1", "Conv2D", padding=vgg.field(2, b"SAME"))
    path.write_bytes(content + vgg.field(2, b""))
