"""`convert` on damaged files of every format: a refusal or a network, nothing else."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.io import savemat

HERE = Path(__file__).parent
RECORDED = HERE.parent / "recorded"
fuzz = SimpleNamespace(**runpy.run_path(str(HERE.parent / "fuzz.py")))
files = SimpleNamespace(**runpy.run_path(str(HERE / "vgg16_files.py")))
others = SimpleNamespace(**runpy.run_path(str(HERE / "layer_files.py")))

# Rounds over all sorts of files: 10 s in the suite, and some minutes.
ROUNDS, ROUNDS_SLOW = 8, 300

FIRST = ("conv1_1", "conv1_2")


def convert_small(arguments):
    """`srcnn-theano convert` where VGG16 has few maps, as the files here do."""
    from srcnn_theano.cli import main
    from srcnn_theano.vgg16_weights import SHAPES

    SHAPES.update(conv1_1=(5, 3, 3, 3), conv1_2=(5, 5, 3, 3))
    return main(["convert"] + arguments)


def small_files(folder):
    """(name, content) of a valid file of each sort, a few kB each."""
    folder = folder / "valid"
    folder.mkdir()
    rng = np.random.RandomState(0)
    values = {}
    for layer, n_in in zip(FIRST, (3, 5)):
        values[layer + ".W"] = rng.normal(size=(5, n_in, 3, 3)).astype("float32")
        values[layer + ".b"] = rng.normal(size=5).astype("float32")
    for write, name, _ in files.WRITERS:
        if write is not files.keras_1_numbered and write is not files.keras_3:
            write(folder / name, values)
            yield name, (folder / name).read_bytes()
    for name in ("caffe_2.caffemodel", "keras_2.h5", "checkpoint.pth", "old.pth"):
        others.SRCNN_WRITERS[name](folder / name, others.srcnn_banks())
        yield name, (folder / name).read_bytes()
    others.pth(folder / "a.pth", others.in_parts(others.fsrcnn_parts(2)))
    others.pb(folder / "a.pb", others.fsrcnn_parts(2, size=2))
    for name in ("a.pth", "a.pb"):
        yield name, (folder / name).read_bytes()
    for name in ("torch_new.pth", "torch_old.pth"):
        yield name, (RECORDED / name).read_bytes()
    srcnn = {f"biases_conv{i}": np.ones((n, 1)) for i, n in enumerate((4, 3, 1), 1)}
    srcnn["weights_conv1"] = rng.normal(size=(25, 4))
    srcnn["weights_conv2"] = rng.normal(size=(4, 1, 3))
    srcnn["weights_conv3"] = rng.normal(size=(3, 9))
    cells = np.empty((4, 1), object)
    for i, shape in enumerate([(1, 9, 3), (3, 1, 2), (2, 1, 3), (1, 9, 3)]):
        cells[i, 0] = rng.normal(size=shape)
    fsrcnn = {"weights_conv": cells, "biases_conv": cells, "prelu_conv": cells}
    for content in (srcnn, fsrcnn):
        for packed in (False, True):
            savemat(str(folder / "a.mat"), content, do_compression=packed)
            yield "a.mat", (folder / "a.mat").read_bytes()


def damaged_files(folder, rounds, first_seed=0):
    """Writes one damaged file after another; gives (seed, path, output) of each."""
    sorts = list(small_files(folder))
    for seed in range(first_seed, first_seed + rounds * len(sorts)):
        rng = np.random.RandomState(seed)
        name, content = sorts[seed % len(sorts)]
        path = folder / f"damaged-{seed}{Path(name).suffix}"
        other = sorts[rng.randint(len(sorts))][1]
        path.write_bytes(fuzz.mutated(content, rng, other if seed % 3 == 0 else b""))
        yield seed, path, folder / f"out-{seed}.h5"


def check(folder, cases):
    """The complaints about each case, and how many were refused."""
    running, refused, complaints = [], 0, []

    def commands():
        for seed, path, out in cases:
            running[:] = [seed, path, out]
            yield [path, out]

    known = {folder / "valid"}
    function = "convert.test_fuzz:convert_small"
    modules = ("numpy", "h5py", "srcnn_theano.convert.convert")

    def kind(command):
        return f"converters: {command[0].suffix}"

    for outcome in fuzz.outcomes(commands(), modules, function=function, kind=kind):
        seed, path, out = running
        wrong = fuzz.complaint(outcome, path, megabytes=512)
        left = set(folder.iterdir()) - known - {path, out}
        if not wrong and (left or out.exists() != (outcome.status == 0)):
            wrong = f"it left {left or out}"
        if wrong:
            complaints.append((seed, path.name, wrong, outcome.message[-600:]))
        else:
            path.unlink()
        refused += outcome.status == 2
        known |= {path} if wrong else set()
        if out.exists():
            out.unlink()
    return complaints, refused


def test_valid_files_are_converted(tmp_path):
    def cases():
        for i, (name, content) in enumerate(list(small_files(tmp_path))):
            path = tmp_path / f"valid-{i}{Path(name).suffix}"
            path.write_bytes(content)
            yield i, path, tmp_path / f"out-{i}.h5"

    complaints, refused = check(tmp_path, cases())
    # Two files of PyTorch's are of other shapes than are asked for; three of FSRCNN do
    # not say their scale.
    assert not complaints and refused == 5


def test_damaged_files_are_refused_or_read(tmp_path):
    complaints, refused = check(tmp_path, damaged_files(tmp_path, ROUNDS))
    assert not complaints
    assert refused > 100


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_many_damaged_files_are_refused_or_read(tmp_path):
    complaints, refused = check(tmp_path, damaged_files(tmp_path, ROUNDS_SLOW, 100000))
    assert not complaints
    assert refused > 4000
