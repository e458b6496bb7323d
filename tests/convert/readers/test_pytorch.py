"""PyTorch's own files, recorded by tests/recorded/torch_checkpoints.py."""

import io
import os
import pickle
import sys
import types
import zipfile
from pathlib import Path

import numpy as np
import pytest

from srcnn_theano.convert.convert import convert
from srcnn_theano.convert.readers.pytorch import read_pytorch
from srcnn_theano.errors import UserError
from srcnn_theano.vgg16_weights import SHAPES

RECORDED = Path(__file__).parents[2] / "recorded"

FEATURES = (0, 2, 5, 7)


def refused(path, out, match, **options):
    with pytest.raises(UserError, match=match) as error:
        convert(path, out, **options)
    assert str(path) in str(error.value)
    assert not out.exists()


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
