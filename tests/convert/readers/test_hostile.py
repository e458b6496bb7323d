"""Small files that crashed, hung or filled the memory, each refused at once.

Every file is written here byte by byte, by its format's rules, and is converted in a
process of its own with bounded memory and time.
"""

import io
import pickle
import runpy
import struct
import zipfile
import zlib
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest
from scipy.io import loadmat, savemat

from srcnn_theano.convert.readers.matlab import read_matlab
from srcnn_theano.convert.readers.numpy_files import read_numpy

TESTS = Path(__file__).parents[2]
fuzz = SimpleNamespace(**runpy.run_path(str(TESTS / "fuzz.py")))

# --- Pickles ---


def npy(content, descr="|O", shape="()"):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header.encode() + content


# Numpy's own functions by the names that pickles use, and an array's first state.
ARRAY = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(I0\ntC\1btR"


def array_state(shape, dtype, data):
    return b"(I1\n(" + shape + b"t" + dtype + b"I00\n" + data + b"tb"


def dtype(text, state=b""):
    return (
        b"cnumpy\ndtype\n(X"
        + struct.pack("<I", len(text))
        + text
        + b"I0\nI1\ntR"
        + state
    )


# A type of 16 bytes with an object in them, whose flags say that it has none: NumPy
# fills it with bytes of the file and takes them for the address of an object.
FIELDS = (
    b"}(X\1\0\0\0a(" + dtype(b"O8") + b"I0\ntX\1\0\0\0b(" + dtype(b"i8") + b"I8\ntu"
)
NAMES = b"(X\1\0\0\0aX\1\0\0\0bt"
STATE = b"(I3\nX\1\0\0\0|N" + NAMES + FIELDS + b"I16\nI1\nI0\ntb"
ADDRESS = b"B\x10\0\0\0" + b"A" * 8 + bytes(8)
CONFUSION = ARRAY + array_state(b"I1\n", dtype(b"V16", STATE), ADDRESS)
PAIRS = b"ccollections\nOrderedDict\n(" + CONFUSION + b"tR"


def in_numpy(value):
    """The pickle of an array of one object."""
    return npy(
        b"\x80\3" + ARRAY + array_state(b"", dtype(b"O8"), b"]" + value + b"a") + b"."
    )


def pth(content, storages=()):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", b"\x80\2" + content)
        for i, values in enumerate(storages):
            archive.writestr(f"a/data/{i}", values)
    return stream.getvalue()


def tensor(shape, strides, n=20):
    """A dictionary of a tensor: conv1_1.weight, over a storage of zeros."""
    numbers = [
        b"".join(b"J" + struct.pack("<i", x) for x in xs) for xs in (shape, strides)
    ]
    storage = (
        b"(X\7\0\0\0storagectorch\nFloatStorage\nX\1\0\0\0" + b"0X\3\0\0\0cpuK\x14tQ"
    )
    arguments = storage + b"K\0(" + numbers[0] + b"t(" + numbers[1] + b"t\x89}t"
    rebuilt = b"ctorch._utils\n_rebuild_tensor_v2\n(" + arguments + b"R"
    return pth(b"}X\x11\0\0\0features.0.weight" + rebuilt + b"s.", [bytes(4 * n)])


# A tuple of the tuple before, twice, 60 times: its hash takes 2^60 steps.
LAUGHING_KEY = b"}K\1" + b"2\x86" * 60 + b"K\1s."
# --- MATLAB ---


def element(kind, data):
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def matrix(kind, content, shape=(1, 1), name=b"a"):
    parts = element(6, struct.pack("<II", kind, 0))
    parts += element(5, struct.pack(f"<{len(shape)}i", *shape)) + element(1, name)
    return element(14, parts + content)


def mat(content):
    return b"MATLAB 5.0 MAT-file".ljust(124) + b"\0\1IM" + content


def nested_cells(depth):
    content = matrix(6, element(9, bytes(8)))
    for _ in range(depth):
        content = matrix(1, content)
    return content


def bomb(n):
    """A packed element of n MB of zeros."""
    packer = zlib.compressobj(9)
    parts = [packer.compress(struct.pack("<II", 14, n << 20))]
    parts += [packer.compress(bytes(1 << 20)) for _ in range(n)]
    data = b"".join(parts + [packer.flush()])
    return struct.pack("<II", 15, len(data)) + data


# --- The others ---


def varint(n):
    return (bytes([n & 127 | 128]) + varint(n >> 7)) if n > 127 else bytes([n])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def caffe(blob):
    return field(100, field(1, b"conv1_1") + field(7, blob))


def graph(*lengths, values=b""):
    """A frozen graph of one constant of float32 with these lengths."""
    dims = b"".join(field(2, b"\x08" + varint(n)) for n in lengths)
    tensor = b"\x08\1" + field(2, dims) + field(4, values)
    attribute = field(5, field(1, b"value") + field(2, field(8, tensor)))
    return field(1, field(1, b"f1") + field(2, b"Const") + attribute)


def laughing_dictionaries():
    """A dictionary of 250 times the same one, six levels deep."""
    keys = b"".join(b"K" + bytes([i]) + b"h\0" for i in range(250))
    return pth(b"}" + (b"q\0}(" + keys + b"u") * 6 + b".")


def safetensors(header, values=b""):
    return struct.pack("<Q", len(header)) + header + values


def tensors(**offsets):
    about = '"%s":{"dtype":"F32","shape":[4],"data_offsets":[%d,%d]}'
    text = ",".join(about % (name, *where) for name, where in offsets.items())
    return safetensors(f"{{{text}}}".encode(), bytes(64))


def npz(n_members=1, twice=False, method=zipfile.ZIP_DEFLATED, content=None):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for i in range(n_members):
            name = "conv1_1_W.npy" if twice else f"conv1_{i}_W.npy"
            archive.writestr(name, content or npy(bytes(8), "<f8"))
    return stream.getvalue()


def zip_bomb():
    """Three members of 40 MB of zeros."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for i in range(3):
            with archive.open(f"conv1_{i}_W.npy", "w") as member:
                member.write(npy(b"", "<f4", "(10485760,)"))
                for _ in range(40):
                    member.write(bytes(1 << 20))
    return stream.getvalue()


def keras(change):
    stream = io.BytesIO()
    with h5py.File(stream, "w") as file:
        change(file)
    return stream.getvalue()


def deep_groups(file):
    group = file
    for _ in range(3000):
        group = group.create_group("g")
    group["conv1_1_W"] = np.zeros(3, "float32")


def no_utf_8(file):
    h5py.h5g.create(file.id, b"\xff\xfe\xfd")


HOSTILE = {
    "type-confusion.npy": lambda: in_numpy(CONFUSION),
    "type-confusion-pairs.npy": lambda: npy(b"\x80\3" + PAIRS + b"."),
    "memo.npy": lambda: in_numpy(b"]r\0\0\0\x20"),
    "long-integer.npy": lambda: in_numpy(b"I" + b"9" * 500000 + b"\n"),
    "string-beyond.npy": lambda: in_numpy(b"B\xff\xff\xff\x7f"),
    "operations.npy": lambda: in_numpy(b"N0" * 3000000),
    "deep-lists.npy": lambda: in_numpy(b"]" * 50000 + b"a" * 49999),
    "itself.npy": lambda: in_numpy(b"]q\0h\0a"),
    "laughing-lists.npy": lambda: in_numpy(
        b"]" + b"".join(b"q%c](" % i + b"h%c" % i * 10 + b"e" for i in range(9))
    ),
    "header-brackets.npy": lambda: b"\x93NUMPY\2\0\0\0\1\0" + b"(" * 65536,
    "header-lengths.npy": lambda: npy(b"", "<f4", "(4000000000, 4000000000)"),
    "text-as-type.npy": lambda: npy(bytes(80), "S99999999999", "(10,)"),
    "memo.pth": lambda: pth(b"]r\xff\xff\xff\x1f."),
    "laughing-key.pth": lambda: pth(LAUGHING_KEY),
    "laughing-dictionaries.pth": laughing_dictionaries,
    "many-axes.pth": lambda: tensor([1] * 100, [1] * 100),
    "stride-0.pth": lambda: tensor([5, 3, 1 << 20, 1 << 10], [0, 0, 0, 0]),
    "old-beyond.pth": lambda: (
        pickle.dumps(0x1950A86A20F9469CFC6C, 2)
        + pickle.dumps(1001, 2)
        + pickle.dumps({"little_endian": True}, 2)
        + b"\x80\2B\xff\xff\xff\x7f."
    ),
    "wrong-types.mat": lambda: mat(
        element(
            14,
            struct.pack("<IIII", 6, 8, 6, 0)
            + element(5, struct.pack("<ii", 1, 1))
            + element(1, b"a")
            + struct.pack("<IIII", 0, 8, 0, 0),
        )
    ),
    "deep-cells.mat": lambda: mat(nested_cells(2000)),
    "bomb.mat": lambda: mat(bomb(100)),
    "many-cells.mat": lambda: mat(matrix(1, b"", (30000, 30000))),
    "many-axes.mat": lambda: mat(matrix(6, element(9, bytes(8)), (1,) * 40)),
    "version-7.3.mat": lambda: (
        b"MATLAB 7.3 MAT-file".ljust(124) + b"\0\2IM" + bytes(600)
    ),
    "varint.caffemodel": lambda: b"\xff" * 500000 + b"\1",
    "lengths.caffemodel": lambda: caffe(
        field(7, varint(1 << 62) * 9) + field(5, bytes(4))
    ),
    "beyond.caffemodel": lambda: varint(100 << 3 | 2) + varint(1 << 63) + bytes(9),
    "fields.caffemodel": lambda: b"\x08\0" * 3000000,
    "lengths.pb": lambda: graph(1 << 62, 1 << 62),
    "zeros.pb": lambda: graph(20000, 20000, values=bytes(4)),
    "many-axes.pb": lambda: graph(*[1] * 500000, values=bytes(4)),
    "beyond.pb": lambda: graph(1, values=bytes(4))[:-3],
    "varint.pb": lambda: b"\x0a" + b"\xff" * 500000,
    "fields.pb": lambda: field(1, b"\x08\0" * 3000000),
    "no-name.pb": lambda: field(1, field(2, b"Const")),
    "no-message.pb": lambda: b"\x0a\2\x28\1" * 9,
    "header.safetensors": lambda: struct.pack("<Q", 1 << 62) + b"{}",
    "brackets.safetensors": lambda: safetensors(b"[" * 100000),
    "digits.safetensors": lambda: safetensors(b'{"a":' + b"9" * 900000 + b"}"),
    "overlap.safetensors": lambda: tensors(a=(0, 16), b=(8, 24)),
    "beyond.safetensors": lambda: tensors(a=(56, 72)),
    "shape.safetensors": lambda: tensors(a=(0, 8)),
    "list.safetensors": lambda: safetensors(b"[]"),
    "bomb.npz": zip_bomb,
    "members.npz": lambda: npz(11000),
    "bzip2.npz": lambda: npz(method=zipfile.ZIP_BZIP2),
    "deep-groups.h5": lambda: keras(deep_groups),
    "names.h5": lambda: keras(no_utf_8),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_hostile_files_are_refused_at_once(tmp_path):
    files = {name: make() for name, make in HOSTILE.items()}
    files["twice.npz"] = npz(2, twice=True)
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    commands = [["convert", tmp_path / name, tmp_path / "out.h5"] for name in files]
    modules = ("numpy", "h5py", "srcnn_theano.convert.convert")
    for name, outcome in zip(files, fuzz.outcomes(commands, modules)):
        problem = fuzz.complaint(outcome, tmp_path / name, megabytes=1024)
        assert not problem, (name, problem, outcome.message)
        assert outcome.status == 2 and outcome.seconds < 8, (name, outcome)
        assert outcome.message.isprintable() or outcome.message.count("\n") < 12
    assert not (tmp_path / "out.h5").exists()


# --- What must be read as before ---


def test_arrays_of_matlab_as_scipy_reads_them(tmp_path):
    rng = np.random.RandomState(0)
    cell = np.empty((2, 2), object)
    for i, shape in enumerate([(1, 9, 3), (4,), (1, 1), (2, 3)]):
        cell[i // 2, i % 2] = rng.normal(size=shape).astype(["f4", "f8"][i % 2])
    arrays = {
        kind: np.arange(6, dtype=kind).reshape(2, 3) for kind in ("u1", "i2", "f4")
    }
    arrays = {"of_" + kind: array for kind, array in arrays.items()}
    arrays.update(cell=cell, cube=rng.normal(size=(2, 3, 4)), empty=np.zeros((0, 3)))
    for packed in (False, True):
        savemat(
            str(tmp_path / "a.mat"), dict(arrays, text="abc"), do_compression=packed
        )
        expected = loadmat(str(tmp_path / "a.mat"))
        read = read_matlab(tmp_path / "a.mat")
        assert set(read) == set(arrays)  # and no text
        for name, array in read.items():
            if name == "cell":
                pairs = zip(array.ravel(), expected[name].ravel())
            else:
                pairs = [(array, expected[name])]
            assert array.shape == expected[name].shape
            for ours, theirs in pairs:
                assert ours.dtype == theirs.dtype
                np.testing.assert_array_equal(ours, theirs)


def test_matlab_files_of_the_other_byte_order(tmp_path):
    parts = struct.pack(">IIII", 6, 8, 6, 0) + struct.pack(">IIii", 5, 8, 1, 2)
    parts += struct.pack(">HH4s", 1, 1, b"a") + struct.pack(">IIdd", 9, 16, 1.5, -2)
    content = b"MATLAB 5.0".ljust(124) + b"\1\0MI" + struct.pack(">II", 14, len(parts))
    (tmp_path / "a.mat").write_bytes(content + parts)
    expected = loadmat(str(tmp_path / "a.mat"))["a"]
    np.testing.assert_array_equal(expected, [[1.5, -2]])
    np.testing.assert_array_equal(read_matlab(tmp_path / "a.mat")["a"], expected)


@pytest.mark.parametrize("protocol", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["<f4", ">f8", "<i8", "|b1", "|u1"])
def test_arrays_in_pickles_as_numpy_unpickles_them(tmp_path, protocol, kind):
    array = np.arange(12).reshape(3, 4).astype(kind)
    content = {"a": [array, array.T], "b": {"c": array[:0], 5: array[1, 1:].copy()}}
    wrapped = np.array(content, dtype=object)
    (tmp_path / "a.npy").write_bytes(npy(pickle.dumps(wrapped, protocol)))
    expected = {"a.0": array, "a.1": array.T, "b.c": array[:0], "b.5": array[1, 1:]}
    read = read_numpy(tmp_path / "a.npy")
    assert set(read) == set(expected)
    for name, values in expected.items():
        assert read[name].dtype == values.dtype
        np.testing.assert_array_equal(read[name], values)


@pytest.mark.data
def test_official_files_as_scipy_reads_them(data_dir):
    paths = sorted((data_dir / "official").rglob("*.mat"))
    assert paths
    for path in paths:
        expected, read = loadmat(str(path)), read_matlab(path)
        assert set(read) == {name for name in expected if name[:2] != "__"}
        for name, array in read.items():
            ours, theirs = array.ravel(), expected[name].ravel()
            assert array.shape == expected[name].shape
            for x, y in (
                zip(ours, theirs) if array.dtype == object else [(ours, theirs)]
            ):
                assert x.dtype == y.dtype
                np.testing.assert_array_equal(x, y)
