"""Weight files, checkpoints, VGG16 and caches with hundreds of damages, by seeds.

Half of them are damaged as they lie on the disk; the other half as if they had been
written so, with the right checksum before them, which HDF5 then opens.
"""

import json
import runpy
import sys
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from srcnn_theano.errors import UserError

fuzz = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("fuzz.py"))))


class Variable:
    """As much of a shared variable as a checkpoint uses."""

    dtype = "float32"

    def __init__(self, name, value):
        self.name, self.value = name, np.float32(value)

    def get_value(self, borrow=False):
        return self.value

    def set_value(self, value):
        self.value = value


def variables():
    return [Variable("conv1.W", np.ones((3, 1, 5, 5))), Variable("learning_rate", 0.1)]


def read(arguments):
    """What the worker does: reads a file as one of the four, and says if it could."""
    from srcnn_theano.data.cache import load_pairs
    from srcnn_theano.training.checkpoint import load_checkpoint
    from srcnn_theano.vgg16_weights import load_vgg16
    from srcnn_theano.weights import load_weights

    readers = {
        "weights": load_weights,
        "vgg16": lambda path: load_vgg16(path, "conv1_1"),
        "checkpoint": lambda path: load_checkpoint(Path(path), variables(), "run a"),
        "cache": load_pairs,
    }
    try:
        readers[arguments[0]](arguments[1])
    except UserError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


@pytest.fixture(scope="module")
def contents(tmp_path_factory, random_weights):
    """A small file of each kind, as bytes."""
    from srcnn_theano.data.cache import save_pairs
    from srcnn_theano.data.patches import Pairs, make_recipe
    from srcnn_theano.training.checkpoint import save_checkpoint
    from srcnn_theano.vgg16_weights import VGG16Weights, arrays_to, save_vgg16
    from srcnn_theano.weights import save_weights

    folder = tmp_path_factory.mktemp("whole")
    options = {"channels": 1, "scale": 2, "d": 4, "s": 3, "m": 1}
    save_weights(folder / "weights", random_weights("fsrcnn", options))
    save_checkpoint(folder / "checkpoint", variables(), 7, "run a")
    pixels = np.random.RandomState(0).rand(3, 1, 9, 9).astype("float32")
    recipe = make_recipe("standard", 2)
    save_pairs(folder / "cache", Pairs(pixels, pixels), recipe, {Path("a.png"): "0"})
    filters = {name: np.ones(s, "f4") for name, s in arrays_to("conv1_1").items()}
    save_vgg16(folder / "vgg16", VGG16Weights(filters, "caffe", "a", "0" * 64))
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


# --- Words ---

VALUES = (0, -1, 10**9, 2**63 - 1, 1.5, True, None, "", "\x1b[31m", "x" * 5000, [], {})
VALUES += ([10**9] * 3, [1] * 9999, [[]], float("nan"), float("inf"), {"a": {}})


def reworded(path, rng):
    """Another value for an attribute, or for one of the values of its JSON."""
    with h5py.File(str(path), "r+") as file:
        name = sorted(file.attrs)[rng.randint(len(file.attrs))]
        value = VALUES[rng.randint(len(VALUES))]
        try:
            words = json.loads(file.attrs[name])
            key = sorted(words)[rng.randint(len(words))]
            file.attrs[name] = json.dumps(dict(words, **{key: value}))
        except (TypeError, ValueError, KeyError):
            if rng.randint(2) and isinstance(value, (int, float, str, list)):
                file.attrs[name] = value
            else:
                file.attrs[name] = "[" * 30000 if rng.randint(2) else json.dumps(value)


def damaged(contents, folder, n, opened):
    """Commands whose files are written as they are asked for."""
    from srcnn_theano.files import sha256
    from srcnn_theano.hdf5 import block_for

    kinds, path = sorted(contents), folder / "damaged.h5"
    for seed in range(n):
        rng = np.random.RandomState(seed)
        kind = kinds[seed % len(kinds)]
        content, other = contents[kind], contents[kinds[rng.randint(len(kinds))]]
        if not opened:
            path.write_bytes(fuzz.mutated(content, rng, other))
        elif rng.randint(3):
            path.write_bytes(content)
            reworded(path, rng)
            body = path.read_bytes()[512:]
            path.write_bytes(bytes(512) + body)
            path.write_bytes(block_for(sha256(path, skip=512)) + body)
        else:
            body = fuzz.mutated(content[512:], rng, other[512:])
            path.write_bytes(bytes(512) + body)
            path.write_bytes(block_for(sha256(path, skip=512)) + body)
        yield [kind, path]


def complaints(contents, folder, n, opened):
    """(what went wrong, with its seed; how often each status came)."""
    modules = ["srcnn_theano.training.checkpoint", "srcnn_theano.data.cache"]
    modules += ["srcnn_theano.weights", "srcnn_theano.vgg16_weights"]
    commands = damaged(contents, folder, n, opened)
    how = "written wrong" if opened else "damaged"
    answers = fuzz.outcomes(
        commands,
        modules,
        function="test_hdf5_fuzz:read",
        kind=lambda command: f"{command[0]}: {how}",
    )
    wrong, statuses = [], Counter()
    for seed, answer in enumerate(answers):
        fault = fuzz.complaint(answer, folder / "damaged.h5", megabytes=500)
        statuses[answer.status] += 1
        if fault:
            wrong.append((seed, fault, answer.message[-400:]))
    return wrong, statuses


@pytest.mark.parametrize("n", [100, pytest.param(3000, marks=pytest.mark.slow)])
def test_damaged_files_are_refused(contents, tmp_path, n):
    wrong, statuses = complaints(contents, tmp_path, n, opened=False)
    assert not wrong
    # A splice may put back what was there.
    assert statuses[2] >= 0.98 * n


@pytest.mark.parametrize("n", [100, pytest.param(3000, marks=pytest.mark.slow)])
def test_files_written_wrong_are_refused_or_read(contents, tmp_path, n):
    wrong, statuses = complaints(contents, tmp_path, n, opened=True)
    assert not wrong
    assert statuses[2] >= 0.5 * n
