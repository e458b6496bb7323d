"""What an HDF5 file may lead to, and what lies before it."""

import os
import signal
import socket
import subprocess
import sys

import h5py
import numpy as np
import pytest

from srcnn_theano import hdf5
from srcnn_theano.convert.formats import read_arrays as read_foreign
from srcnn_theano.errors import UserError
from srcnn_theano.hdf5 import MAGIC, read_arrays, write_arrays
from srcnn_theano.weights import load_weights

SECRET = b"root:x:0:0:root:/root:/bin/sh\n" * 4


def ours(path):
    return read_arrays(path, "use another copy")


def foreign(path):
    return read_foreign(path)


def external_storage(file, secret):
    file.create_dataset("a", (8,), "f4", external=[(str(secret), 0, 32)])


def virtual_array(file, secret):
    layout = h5py.VirtualLayout((8,), "f4")
    layout[:] = h5py.VirtualSource(str(secret), "a", (8,))
    file.create_virtual_dataset("a", layout)


def virtual_array_of_itself(file, secret):
    layout = h5py.VirtualLayout((8,), "f4")
    layout[:] = h5py.VirtualSource(".", "a", (8,))
    file.create_virtual_dataset("a", layout)


def external_link(file, secret):
    file["a"] = h5py.ExternalLink(str(secret), "/a")


def soft_link(file, secret):
    file["b"] = np.zeros(3, "f4")
    file["a"] = h5py.SoftLink("/b")


def more_than_the_file_holds(file, secret):
    file.create_dataset("a", (1 << 40,), "f4", chunks=(1 << 10,))


def large_chunks(file, secret):
    file.create_dataset("a", (1,), "f4", chunks=(1 << 28,), maxshape=(None,))


def many_views_of_the_same(file, secret):
    file["a"] = np.zeros(10000, "f4")
    for i in range(10):
        file[f"a{i}"] = file["a"]


def groups_in_a_circle(file, secret):
    file.create_group("a")["a"] = file["/"]


def names_that_are_no_text(file, secret):
    space = h5py.h5s.create_simple((3,))
    h5py.h5d.create(file.id, b"\xff\xfe", h5py.h5t.NATIVE_FLOAT, space)


LEADING_ELSEWHERE = [
    external_storage,
    virtual_array,
    virtual_array_of_itself,
    external_link,
    soft_link,
    more_than_the_file_holds,
    large_chunks,
    many_views_of_the_same,
    groups_in_a_circle,
    names_that_are_no_text,
]


@pytest.mark.parametrize("read", [ours, foreign])
@pytest.mark.parametrize("make", LEADING_ELSEWHERE)
def test_only_what_lies_in_the_file_is_read(tmp_path, make, read):
    secret = tmp_path / "secret"
    secret.write_bytes(SECRET)
    path = tmp_path / "net.h5"
    with h5py.File(str(path), "w") as file:
        make(file, secret)
    with pytest.raises(UserError, match="net.h5: damaged") as error:
        read(path)
    assert "\n" not in str(error.value) and len(str(error.value)) < 300


@pytest.mark.parametrize("read", [ours, foreign])
def test_a_group_behind_a_link_is_not_entered(tmp_path, read):
    other = tmp_path / "other.h5"
    with h5py.File(str(other), "w") as file:
        file["model_weights/conv/kernel"] = np.ones(4, "f4")
    with h5py.File(str(tmp_path / "net.h5"), "w") as file:
        file["model_weights"] = h5py.ExternalLink(str(other), "/model_weights")
    with pytest.raises(UserError, match="'model_weights' is a link"):
        read(tmp_path / "net.h5")


@pytest.mark.parametrize("read", [ours, foreign, load_weights])
def test_what_is_no_regular_file_is_not_opened(tmp_path, read):
    os.mkfifo(str(tmp_path / "fifo.h5"))
    (tmp_path / "folder.h5").mkdir()
    (tmp_path / "device.h5").symlink_to(os.devnull)
    names = ["fifo.h5", "folder.h5", "device.h5", "none.h5"]
    with socket.socket(socket.AF_UNIX) as listening:
        if len(str(tmp_path / "socket.h5")) < 100:
            listening.bind(str(tmp_path / "socket.h5"))
            names.append("socket.h5")
        for name in names:
            with pytest.raises(UserError, match=name):
                read(tmp_path / name)


def test_ours_have_no_filters_and_no_whole_numbers(tmp_path):
    path = tmp_path / "net.h5"
    with h5py.File(str(path), "w") as file:
        file.create_dataset("a", data=np.zeros(9, "f4"), compression="gzip")
    with pytest.raises(UserError, match="'a' is compressed or filtered"):
        ours(path)
    write_arrays(path, {}, {"a": np.zeros(3, "int32")})
    with pytest.raises(UserError, match="'a' holds values of the type int32"):
        ours(path)


def test_keras_files_may_be_compressed_within_bounds(tmp_path):
    path, values = tmp_path / "net.h5", np.arange(64, dtype="f4")
    with h5py.File(str(path), "w") as file:
        made = {"compression": "gzip", "shuffle": True, "fletcher32": True}
        file.create_dataset("conv/bias", data=values, **made)
        file["optimizer/iterations"] = np.array([3])
    arrays = foreign(path)
    np.testing.assert_array_equal(arrays.pop("conv/bias"), values)
    assert not arrays
    with h5py.File(str(path), "a") as file:
        file.create_dataset("bomb", (1 << 29,), "f4", chunks=(4096,), compression=9)
    with pytest.raises(UserError, match="larger than the file can hold"):
        foreign(path)
    with h5py.File(str(path), "w") as file:
        file.create_dataset("conv/bias", data=values, chunks=(64,), scaleoffset=3)
    with pytest.raises(UserError, match="'conv/bias' has the filter 6"):
        foreign(path)


@pytest.mark.parametrize(
    "attribute", [np.zeros(9), h5py.Empty("f4"), np.array((1, 2.0), "i4,f4")]
)
def test_attributes_are_words_and_numbers(tmp_path, attribute):
    write_arrays(tmp_path / "net.h5", {"about": attribute}, {})
    with pytest.raises(UserError, match="'about' is no word and no number"):
        ours(tmp_path / "net.h5")


def test_attributes_are_counted(tmp_path):
    write_arrays(tmp_path / "net.h5", dict.fromkeys(map(str, range(99)), 1), {})
    with pytest.raises(UserError, match="100 attributes are too many"):
        ours(tmp_path / "net.h5")


# --- The checksum before the file ---


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "net.h5"
    write_arrays(path, {"version": 1}, {"a": np.arange(50, dtype="f4")})
    return path


def test_a_damaged_file_is_never_given_to_hdf5(path, monkeypatch):
    content = path.read_bytes()
    assert content.startswith(MAGIC)

    def never(*args, **kwargs):
        raise AssertionError("HDF5 was asked")

    monkeypatch.setattr(h5py, "File", never)
    for place in range(0, len(content), 7):
        damaged = bytearray(content)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(bytes(damaged))
        with pytest.raises(UserError, match="net.h5: damaged"):
            ours(path)
    for longer in (content + b"\0", content[:-1], content[:512], content[:20]):
        path.write_bytes(longer)
        with pytest.raises(UserError, match="net.h5: damaged"):
            ours(path)


@pytest.mark.parametrize("read", [ours, foreign])
@pytest.mark.parametrize("number, length", [(0, 0), (1, 2**64 - 16), (1, 2**40)])
def test_a_heap_without_end_is_not_walked(path, read, number, length):
    content = bytearray(path.read_bytes()[512:])
    entry = content.index(b"GCOL") + 16
    content[entry : entry + 2] = number.to_bytes(2, "little")
    content[entry + 8 : entry + 16] = length.to_bytes(8, "little")
    path.write_bytes(bytes(content))
    with pytest.raises(UserError, match="heap of words has no right length"):
        read(path)


def test_other_programs_read_our_files(path):
    with h5py.File(str(path), "r") as file:
        assert file.userblock_size == 512
        np.testing.assert_array_equal(file["a"], np.arange(50))


def test_files_without_the_checksum_are_read(path):
    path.write_bytes(path.read_bytes()[512:])
    attributes, arrays = ours(path)
    assert attributes == {"version": 1}
    np.testing.assert_array_equal(arrays["a"], np.arange(50))


def test_a_signature_further_on_is_not_looked_for(path):
    path.write_bytes(bytes(512) + path.read_bytes()[512:])
    with pytest.raises(UserError, match="does not begin with the signature of HDF5"):
        ours(path)


# --- Versions of HDF5 that crash ---


@pytest.fixture
def unsteady(monkeypatch):
    """This version is taken for one that crashes."""
    monkeypatch.setattr(hdf5, "_STEADY", (99, 0, 0))
    monkeypatch.setattr(hdf5, "_SECONDS", 1)


def test_a_file_is_read_the_same_in_a_process_of_its_own(unsteady, tmp_path):
    path = tmp_path / "a.h5"
    arrays = {"W": np.arange(200000, dtype="float32"), "b": np.zeros(0, "float64")}
    hdf5.write_arrays(path, {"words": "é", "n": 3}, arrays)
    attributes, values = hdf5.read_arrays(path, "")
    assert attributes == {"words": "é", "n": 3}
    for name, array in arrays.items():
        np.testing.assert_array_equal(values[name], array)
        assert values[name].dtype == array.dtype
    with pytest.raises(UserError, match="missing.h5: .*No such file"):
        hdf5.read_arrays(tmp_path / "missing.h5", "")


def test_a_limit_of_the_users_own_is_kept(tmp_path):
    hdf5.write_arrays(tmp_path / "a.h5", {}, {"W": np.ones(3, "float32")})
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_CPU, (30, 30))\n"
        "from srcnn_theano import hdf5; hdf5._STEADY = (99, 0, 0)\n"
        "assert len(hdf5.read_arrays('a.h5', '')[1]['W']) == 3"
    )
    subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=True)


def dying():
    os.kill(os.getpid(), signal.SIGKILL)


def endless():
    while True:
        pass


def silent():
    os._exit(0)


@pytest.mark.parametrize("reader", [dying, endless, silent])
def test_a_crash_in_hdf5_is_a_damaged_file(unsteady, reader):
    with pytest.raises(ValueError, match="its tables are damaged"):
        hdf5.apart(reader)


def test_errors_of_the_other_process_keep_their_kind(unsteady):
    with pytest.raises(KeyError, match="of the reader"):
        hdf5.apart({}.__getitem__, "of the reader")
