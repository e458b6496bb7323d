import contextlib
import html
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from srcnn_theano.data import cache, datasets
from srcnn_theano.data.patches import make_pairs
from srcnn_theano.environment import usable_cores

if "PYTEST_XDIST_WORKER_COUNT" in os.environ:
    # Processes of two threads each on two cores would wait for each other.
    _threads = max(1, usable_cores() // int(os.environ["PYTEST_XDIST_WORKER_COUNT"]))
    os.environ.setdefault("OMP_NUM_THREADS", str(_threads))

fuzz = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("fuzz.py"))))


def _data_dir():
    beside_the_checkout = Path(__file__).resolve().parents[2] / "shared" / "data"
    return Path(os.environ.get("SRCNN_DATA") or beside_the_checkout)


# Tests in these folders look at what Theano makes of a graph for C code.
_OF_C_CODE = ("backend", "graph", "benchmarks")


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the long sweeps, too")


def pytest_collection_modifyitems(config, items):
    if not config.getoption("--slow"):
        skip = pytest.mark.skip(reason="a long sweep, run by --slow")
        for item in items:
            if "slow" in item.keywords:
                item.add_marker(skip)


def pytest_configure(config):
    if config.getoption("--slow") and not os.environ.get(fuzz.LOG):
        os.environ[fuzz.LOG] = tempfile.mkstemp(suffix=".jsonl")[1]


def pytest_terminal_summary(terminalreporter, config):
    """The table of the cases of the long sweeps."""
    log = Path(os.environ.get(fuzz.LOG, os.devnull))
    if config.getoption("--slow") and log.stat().st_size:
        terminalreporter.section("commands with damaged input")
        terminalreporter.write_line(fuzz.table(log))


@pytest.fixture(autouse=True, scope="module")
def device(request):
    """What SRCNN_DEVICE says, but for tests that are of Theano's own way."""
    with pytest.MonkeyPatch.context() as patch:
        if Path(str(request.fspath)).parent.name in _OF_C_CODE:
            patch.setenv("SRCNN_DEVICE", "cpu")
        yield


@pytest.fixture(scope="session")
def data_dir():
    """The folder with T91, Set5, Set14; tests that use it are marked `data`."""
    folder = _data_dir()
    if not (folder / "T91").is_dir():
        pytest.skip("no image sets: SRCNN_DATA does not name a folder with T91")
    return folder


@pytest.fixture
def full_disk():
    """A maker of contexts in which no file grows beyond 20 kB.

    Not for all of a test: pytest itself may write to a file, and a long one.
    """
    resource = pytest.importorskip("resource")

    @contextlib.contextmanager
    def limited():
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, hard))
        try:
            yield
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    return limited


@pytest.fixture(scope="session")
def edited():
    """A maker of contexts in which a file of ours is open, which then has its checksum.

    As if it had been written so: what lies behind the checksum is tested, too.
    """
    import h5py

    from srcnn_theano.files import sha256
    from srcnn_theano.hdf5 import MAGIC, block_for

    @contextlib.contextmanager
    def opened(path):
        with h5py.File(str(path), "r+") as file:
            yield file
        block = block_for(sha256(path, skip=512))
        with path.open("r+b") as stream:
            assert stream.read(len(MAGIC)) == MAGIC
            stream.seek(0)
            stream.write(block)

    return opened


@pytest.fixture(scope="session")
def cache_dir(tmp_path_factory):
    """A folder for HDF5 caches that all tests of a session share."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="session")
def random_weights():
    """A maker of weights with random values, all of a size that matters."""
    from srcnn_theano.models.shapes import variable_shapes
    from srcnn_theano.weights import Weights

    def make(model, options, seed=0, **changes):
        rng = np.random.RandomState(seed)
        values = {}
        for name, shape in variable_shapes(model, options).items():
            value = rng.normal(scale=0.25, size=shape)
            values[name] = np.float32(1 + value**2 if "bn" in name else value)
        about = {"scale": options.get("scale", 3), "source": "naïve"}
        return Weights(model, options, values, about)._replace(**changes)

    return make


@pytest.fixture(scope="session")
def passing_on():
    """A maker of small SRCNNs whose output is the centre of their input times `gain`.

    The first layer copies each channel to a map of its own, the others pass it on; the
    input is positive, so the ReLUs let it through.
    """
    from srcnn_theano.weights import Weights

    def make(channels, gain=1.0):
        one = np.zeros((channels, channels, 3, 3), "float32")
        for c in range(channels):
            one[c, c, 1, 1] = 1
        values = {}
        for name in ("conv1", "conv2", "conv3"):
            values[name + ".W"] = one * (gain if name == "conv3" else 1)
            values[name + ".b"] = np.zeros(channels, "float32")
        options = {
            "channels": channels,
            "n_filters": [channels, channels],
            "filter_sizes": [3, 3, 3],
        }
        return Weights("srcnn", options, values, {})

    return make


@pytest.fixture(scope="session")
def repeating():
    """A maker of small FSRCNNs that repeat each pixel of their input, times `gain`.

    The convolutions pass each channel on, slopes of 1 make the PReLUs straight, and the
    stamps are squares of ones, as long as the stride.
    """
    from srcnn_theano.weights import Weights

    def make(channels, scale, gain=1.0):
        values = {}
        for i, size in enumerate((5, 1, 3, 1), start=1):
            W = np.zeros((channels, channels, size, size), "float32")
            for c in range(channels):
                W[c, c, size // 2, size // 2] = 1
            values[f"conv{i}.W"] = W
            values[f"conv{i}.b"] = np.zeros(channels, "float32")
            values[f"prelu{i}.a"] = np.ones(channels, "float32")
        W = np.eye(channels, dtype="float32")[:, :, None, None] * np.float32(gain)
        values["deconv.W"] = np.tile(W, (1, 1, scale, scale))
        values["deconv.b"] = np.zeros(channels, "float32")
        options = {
            "channels": channels,
            "scale": scale,
            "d": channels,
            "s": channels,
            "m": 1,
            "deconv_size": scale,
        }
        return Weights("fsrcnn", options, values, {"scale": scale})

    return make


@pytest.fixture
def small_vgg16(monkeypatch):
    """VGG16 with few maps for as long as a test lasts; random values of all layers."""
    from srcnn_theano.vgg16_weights import SHAPES

    few = {64: 5, 128: 6, 256: 7, 512: 8, 4096: 11, 1000: 10}
    for layer, shape in SHAPES.items():
        monkeypatch.setitem(SHAPES, layer, tuple(few.get(n, n) for n in shape))
    rng = np.random.RandomState(0)
    values = {}
    for layer, shape in SHAPES.items():
        values[layer + ".W"] = rng.normal(0, np.sqrt(2 / np.prod(shape[1:])), shape)
        values[layer + ".b"] = rng.normal(0, 0.1, shape[:1])
    return {name: value.astype("float32") for name, value in values.items()}


@pytest.fixture(scope="session")
def relu2_2():
    """The features of VGG16 in NumPy: (values, images as they go in) -> float64."""

    def features(values, images):
        x = images.astype("float64")
        for layer in ("conv1_1", "conv1_2", "pool1", "conv2_1", "conv2_2"):
            if layer == "pool1":
                x = x[:, :, : x.shape[2] // 2 * 2, : x.shape[3] // 2 * 2]
                rows = np.maximum(x[:, :, ::2], x[:, :, 1::2])
                x = np.maximum(rows[..., ::2], rows[..., 1::2])
                continue
            x = np.pad(x, [(0, 0), (0, 0), (1, 1), (1, 1)])
            windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), (2, 3))
            x = np.einsum("ncijrs,kcrs->nkij", windows, values[layer + ".W"])
            x = np.maximum(x + values[layer + ".b"][:, None, None], 0)
        return x

    return features


@pytest.fixture(scope="session")
def vgg16_of_red():
    """VGG16 whose one map at relu2_2 that is not 0 is the pooled red channel."""
    from srcnn_theano.vgg16_weights import VGG16Weights, arrays_to

    values = {}
    for name, shape in arrays_to("relu2_2").items():
        values[name] = np.zeros(shape, "float32")
        if name.endswith(".W"):
            values[name][0, 0, 1, 1] = 1
    return VGG16Weights(values, "unit", "red", "1" * 64)


@pytest.fixture(scope="session")
def image_set(tmp_path_factory):
    """Three small pictures that stand in for every image set."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.RandomState(0)
    for i in range(3):
        rows, cols = np.mgrid[:70, :80] / rng.uniform(3, 9)
        pixels = np.stack([np.sin(rows + c) * np.cos(cols * c) for c in (1, 2, 3)], 2)
        Image.fromarray(np.uint8(127 + 120 * pixels)).save(str(folder / f"{i}.png"))
    return folder


@pytest.fixture
def tiny_data(monkeypatch, image_set):
    """Every image set is `image_set`, and there is no VGG16 of the machine's."""
    paths = datasets.folder_images(image_set)

    def prepare(data_dir, name, recipe):
        pairs = [make_pairs(np.asarray(Image.open(str(p))), recipe) for p in paths]
        return type(pairs[0])(*(np.concatenate(arrays) for arrays in zip(*pairs)))

    monkeypatch.setenv("XDG_CACHE_HOME", str(image_set))
    monkeypatch.delenv("SRCNN_VGG16", raising=False)
    monkeypatch.setattr(cache, "prepare", prepare)
    monkeypatch.setattr(datasets, "image_paths", lambda data_dir, name: paths)
    monkeypatch.setattr(datasets, "require_sets", lambda data_dir: None)


# --- A cluster on this machine ---


@pytest.fixture
def cluster_of():
    """A function that starts a scheduler and three workers of one thread as processes.

    It takes a folder for their files, further words for workers and variables of their
    environment, and returns the scheduler's address and the workers, named w0 to w2.
    """
    with contextlib.ExitStack() as stack:

        def start(folder, environment, name, *words):
            (folder / name).mkdir(parents=True)
            process = subprocess.Popen(
                [sys.executable, "-m", f"distributed.cli.dask_{words[0]}", *words[1:]],
                env={**os.environ, "OMP_NUM_THREADS": "1", **environment},
                cwd=folder / name,
                stderr=(folder / name / "log").open("w"),
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        def cluster(folder, *more, **environment):
            environment["SRCNN_DATA"] = ""
            file = folder / "scheduler.json"
            words = ["--host", "127.0.0.1", "--port", "0", "--no-dashboard"]
            words += ["--scheduler-file", str(file)]
            start(folder, environment, "scheduler", "scheduler", *words)
            end = time.monotonic() + 120
            while not file.exists():
                assert time.monotonic() < end, "no scheduler"
                time.sleep(0.05)
            address = json.loads(file.read_text())["address"]
            common = ["worker", address, "--nthreads", "1", "--no-nanny"]
            common += ["--no-dashboard", *more, "--name"]
            workers = [
                start(folder, environment, f"worker-{n}", *common, f"w{n}")
                for n in range(3)
            ]
            from distributed import Client

            with Client(address, set_as_default=False) as client:
                client.wait_for_workers(3, timeout=120)
            return address, workers

        yield cluster


# --- Pages in a browser ---

# Shows page.html in a frame of a width, and writes down what it is told.
FRAME = """<script>
addEventListener("message", ({ data }) => {
  const pre = document.createElement("pre");
  pre.id = "TOLD"; pre.textContent = data;
  document.body.appendChild(pre);
});
</script>
<iframe src="page.html" style="width: WIDTHpx; height: 800px; border: 0"></iframe>
"""


@pytest.fixture(scope="session")
def ready_process():
    """A function of code and arguments: a process that says "ready", while it lasts."""

    @contextlib.contextmanager
    def start(code, *arguments, **variables):
        with subprocess.Popen(
            [sys.executable, "-c", code, *map(str, arguments)],
            env=dict(os.environ, **variables),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as running:
            try:
                assert running.stdout.readline() == "ready\n"
                yield running
            finally:
                running.kill()

    return start


@pytest.fixture(scope="session")
def chromium():
    """A function (address, options of Chromium): a page's HTML when its scripts ran."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium to show pages")

    def shown(address, *options, timeout=120):
        done = subprocess.run(
            [program, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
            + [*options, address],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=timeout,
            check=True,
        )
        return done.stdout.decode("utf-8")

    return shown


@pytest.fixture(scope="session")
def told_in():
    """A function (HTML): what the element TOLD holds, as JSON knows it."""

    def told(shown):
        found = re.search('<pre id="TOLD">(.*?)</pre>', shown, re.S)
        return json.loads(html.unescape(found.group(1)))

    return told


@pytest.fixture(scope="session")
def framed(chromium, told_in):
    """A function: what a page tells the frame around it, of some pixels' width."""

    def told(page, folder, width, budget, timeout=120):
        (folder / "page.html").write_text(page, encoding="utf-8")
        (folder / "frame.html").write_text(FRAME.replace("WIDTH", str(width)))
        shown = chromium(
            (folder / "frame.html").as_uri(),
            f"--virtual-time-budget={budget}",
            "--window-size=1500,900",
            timeout=timeout,
        )
        return told_in(shown)

    return told
