"""Command lines at random: success or one sentence, always.

What takes long in the commands that train, the compiled step and the measuring, has a
stand-in of a few lines; folders, locks, records, checkpoints, weights and pages are the
program's own.
"""

import json
import os
import runpy
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from srcnn_theano import cli
from srcnn_theano.cli import options
from srcnn_theano.data.images import results
from srcnn_theano.weights import save_weights

fuzz = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("fuzz.py"))))
HERE = Path(__file__).stem


# --- Stand-ins, in the worker ---


class Variable:
    """As much of a shared variable as a trainer uses."""

    dtype = "float32"

    def __init__(self, name):
        self.name, self.value = name, np.float32(0.1)

    def get_value(self, borrow=False):
        return self.value

    def set_value(self, value):
        self.value = value


def trainer_of(run, train_set, validation_sets):
    """The program's trainer, with a step that moves nothing."""
    from srcnn_theano.models.shapes import variable_shapes
    from srcnn_theano.training.trainer import Trainer

    training = run.experiment.training
    shapes = variable_shapes(training.model, run.experiment.options)
    values = {name: np.ones(shape, "float32") for name, shape in shapes.items()}
    step = SimpleNamespace(
        function=lambda index: (np.float32(1), np.float32(1)),
        model=SimpleNamespace(get_values=lambda: values),
        pairs=SimpleNamespace(n_batches=3, shuffle=lambda rng: None),
        learning_rate=Variable("learning_rate"),
        variables=[Variable("conv1.W")],
    )
    return Trainer(
        step,
        training.seed,
        validate=lambda: {"set5_psnr": 30.0, "photograph_psnr": 30.0},
        run_dir=run.folder,
        identity=training.identity,
    )


def measured(run, data_dir):
    """The figures that the package has of the row, if it has any."""
    from srcnn_theano.shipped import results_dir

    path = results_dir() / run.experiment.name / "results.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    return dict(results, n_epochs=run.experiment.measure.n_epochs)


def learning(photo, seed):
    """The demo's training, which learns nothing."""
    from srcnn_theano.demo.learning import Point
    from srcnn_theano.demo.trial import SCALE

    def save(path):
        path.write_bytes(b"")

    return SimpleNamespace(
        run=lambda seconds, progress: [Point(0.0, 0, 30.0), Point(0.1, 1, 31.0)],
        upscaler=upscaler(SCALE),
        save=save,
        watched_bicubic=30.0,
        first_step=time.perf_counter(),
    )


def upscaler(scale, *rest):
    from srcnn_theano.inference import Upscaler

    return Upscaler(network(), scale)


def network(*arguments):
    """A network that needs no compiling."""
    about = dict(channels=1, halo=0, upscales=False, factor=1)
    return type("Network", (), dict(about, __call__=lambda self, x: x))()


def command(arguments):
    """The command line with the stand-ins."""
    from srcnn_theano.compare_deconv import compare, trained
    from srcnn_theano.data import cache, datasets
    from srcnn_theano.data.patches import Pairs
    from srcnn_theano.demo import demo
    from srcnn_theano.evaluation import evaluate
    from srcnn_theano.experiments import EXPERIMENTS
    from srcnn_theano.runs import runs
    from srcnn_theano.upscale import upscale
    from srcnn_theano.web import serve

    upscale.load_upscaler = demo.load_upscaler = upscaler
    evaluate.build_predictor = network
    demo.Learning = learning
    for name, row in EXPERIMENTS.items():
        EXPERIMENTS[name] = row.changed(n_epochs=min(row.measure.n_epochs, 2))
    runs.build_trainer = trained.build_trainer = trainer_of
    runs.measure = measured
    # Of image sets that are not there.
    image = Path("in/a.png").absolute()
    datasets.image_paths = trained.image_paths = lambda folder, name: [image]
    datasets.require_sets = trained.require_sets = lambda folder, names=(): None
    few = Pairs(*np.zeros((2, 3, 3, 9, 9), "uint8"))
    cache.prepare = trained.prepare = lambda folder, name, recipe: few
    make_server = serve.make_server

    def served(*arguments):
        server = make_server(*arguments)
        server.run = server.close  # which would last until Ctrl-C
        return server

    serve.make_server = served
    compare.measure = lambda *arguments: ({}, {}, {})
    compare.write_page = lambda *arguments: None
    compare.text_table = lambda results, folder: "a table"
    return cli.main(arguments)


# --- Command lines ---


def values_for_options(folder):
    """Names of files, numbers and words, right ones and others."""
    (folder / "in").mkdir()
    Image.new("RGB", (31, 27)).save(str(folder / "in" / "a.png"))
    (folder / "b.png").write_bytes(b"no picture")
    os.mkfifo(folder / "pipe.png")
    (folder / "loop").symlink_to("loop")
    values = ["in", "in/a.png", "b.png", "pipe.png", "loop", "small.h5", "no.h5"]
    values += [
        "/dev/null",
        "/dev/zero",
        "out.png",
        "out.h5",
        "out.onnx",
        "out",
        "-",
        "",
    ]
    values += ["n" * 252 + ".png", "n" * 300, "\x1b[31m", "\udcff", "a\nb", "é", "--"]
    values += ["-1", "0", "2", "3", "5", "1e9", "nan", str(1 << 64), "../out"]
    values += [
        "srcnn",
        "fsrcnn",
        "standard",
        "course",
        "table1_adam_described",
        "check",
    ]
    return values + ["0,1", "0,0,-1", "train", "vgg_only_described", "runs"]


# The values that are tried most often.
LIKELY = {
    "inputs": ["in", "in/a.png"],
    "folders": ["in"],
    "action": ["check", "prepare"],
    "experiment": [
        "table1_adam_described",
        "table1_bn_l2_running",
        "fsrcnn_relu_described",
    ],
    "input": ["small.h5"],
    "model": ["srcnn", "fsrcnn", "small.h5", "table1_adam_described"],
    "output": ["out.onnx", "out.h5"],
    "table": ["table1", "fsrcnn-deconv"],
    "--data": ["in"],
    "--device": ["cpu"],
    "--epochs": ["1", "2"],
    "--out": ["out", "out.png"],
    "--protocol": ["standard"],
    "--runs": ["runs", "runs2"],
    "--scale": ["2", "3"],
    "--seed": ["0", "3"],
    "--seeds": ["0,1"],
    "--what": ["predict", "train"],
    "--weights": ["small.h5"],
}
# `doctor` tries the machine whatever it is told.
COMMANDS = sorted(set(options.COMMANDS) - {"doctor"})


def command_line(rng, values):
    name = COMMANDS[rng.randint(len(COMMANDS))]
    words = [name]
    for names, settings in options.COMMANDS[name].options:
        if rng.rand() > (0.9 if "required" in settings else 0.5):
            continue
        if names[0].startswith("-"):
            words.append(names[0])
        if settings.get("action") != "store_true":
            some = LIKELY.get(names[0]) if rng.rand() < 0.85 else None
            words.append(str(rng.choice(some or values)))
    if rng.rand() < 0.1:
        words.insert(rng.randint(len(words) + 1), str(rng.choice(values)))
    return words


def check_command_lines(folder, seeds, monkeypatch, weights):
    (folder / "work").mkdir()
    monkeypatch.chdir(folder / "work")
    monkeypatch.delenv("SRCNN_DATA", raising=False)
    values = values_for_options(Path.cwd())
    save_weights("small.h5", weights)
    lines = [command_line(np.random.RandomState(seed), values) for seed in seeds]
    modules = ["srcnn_theano.upscale.upscale", "srcnn_theano.evaluation.evaluate"]
    modules += ["srcnn_theano.compare_deconv.compare", "srcnn_theano.backend"]
    modules += ["srcnn_theano.graph.pages", "srcnn_theano.demo.demo"]

    def kind(words):
        names = [word for word in words if word in COMMANDS]
        return f"arguments: {names[0] if names else 'no command'}"

    answers = fuzz.outcomes(lines, modules, 30, function=f"{HERE}:command", kind=kind)
    statuses, complaints = set(), []
    for words, answer in zip(lines, answers):
        statuses.add(answer.status)
        wrong = complaint(words, answer)
        if wrong:
            complaints.append((wrong, words, answer.message[-1500:]))
    hidden = {path.name for path in Path.cwd().rglob(".*")}
    return complaints + sorted(hidden - {results.NAME}), statuses


def complaint(words, answer):
    """What is wrong with how a command line ended; empty if nothing is."""
    if answer.status not in (0, 2) and not (answer.status == 1 and "data" in words):
        return f"status {answer.status}"
    if "Traceback" in answer.message:
        return "a traceback"
    if "\x1b" in answer.message.replace("\x1b[A", ""):
        return "a terminal is steered"
    if answer.status and "error: " not in answer.message and "data" not in words:
        return "no message"
    return f"{answer.megabytes} MB" if answer.megabytes > 2048 else ""


def test_command_lines(tmp_path, monkeypatch, passing_on):
    complaints, statuses = check_command_lines(
        tmp_path, range(60), monkeypatch, passing_on(1)
    )
    assert not complaints
    assert statuses >= {0, 2}


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_many_command_lines(tmp_path, monkeypatch, passing_on):
    complaints, _ = check_command_lines(
        tmp_path, range(1000, 3000), monkeypatch, passing_on(1)
    )
    assert not complaints
