"""The record of how trainings start, with trainings that nobody ran."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

from srcnn_theano.data.patches import Pairs
from srcnn_theano.errors import UserError
from srcnn_theano.training.trainer import Diverged

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "start_deconvolution.py"


class FakeTrainer:
    """Scores 20 dB and more with each epoch; at 5e-3 it diverges after the first."""

    def __init__(self, training):
        self.training, self.history = training, []

    def resume(self):
        pass

    def run(self, n_epochs):
        for epoch in range(n_epochs):
            if self.training.learning_rate == 5e-3 and epoch == 1:
                raise Diverged("the cost is no longer finite")
            psnr = 20 + epoch + self.training.learning_rate / 5
            self.history.append({"set5_psnr": f"{psnr:.5f}"})


@pytest.fixture
def script(monkeypatch):
    spec = importlib.util.spec_from_file_location("start_deconvolution", str(SCRIPT))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    pair = Pairs(*(np.zeros((60, 3, side, side), "uint8") for side in (8, 33)))
    names = ("Adam, 1e-3", "Adam, 5e-3")
    monkeypatch.setattr(
        module, "SETTINGS", {name: module.SETTINGS[name] for name in names}
    )
    monkeypatch.setattr(module, "prepare", lambda *_: pair)
    monkeypatch.setattr(module, "find_data_dir", lambda data: Path("data"))
    monkeypatch.setattr(module, "first_steps", lambda *_: {"conv1.W": 0.00022})
    monkeypatch.setattr(
        module, "build_trainer", lambda run, *_: FakeTrainer(run.experiment.training)
    )
    return module


def run(script, monkeypatch, *words):
    monkeypatch.setattr("sys.argv", ["start_deconvolution", *map(str, words)])
    return script.main()


def test_the_record_has_what_is_printed(script, monkeypatch, tmp_path, capsys):
    out = tmp_path / "start.json"
    words = ("--runs", tmp_path / "runs", "--epochs", 2, "--out", out)
    assert run(script, monkeypatch, *words) == 0
    record = json.loads(out.read_text(encoding="utf-8"))
    assert record["settings"] == {
        "Adam, 1e-3": {"set5_psnr": [20.0002, 21.0002], "diverged": False},
        "Adam, 5e-3": {"set5_psnr": [20.001], "diverged": True},
    }
    assert record["first_steps"]["noise"] == {"conv1.W": 0.00022}
    assert (record["steps"], record["batch_size"]) == (2 * 3, 20)
    assert record["processor"] and record["threads"] and record["versions"]
    printed = capsys.readouterr().out
    assert "noise: conv1.W 0.00022\n" in printed
    assert "| Adam, 1e-3 | 20.00 | 21.00 |\n" in printed
    assert "| Adam, 5e-3 | 20.00 | diverged |\n" in printed


def test_another_refusal_is_no_divergence(script, monkeypatch, tmp_path, capsys):
    def refuse(self, n_epochs):
        raise UserError("checkpoint.h5: the disk is full")

    monkeypatch.setattr(FakeTrainer, "run", refuse)
    out = tmp_path / "start.json"
    assert run(script, monkeypatch, "--runs", tmp_path / "runs", "--out", out) == 2
    assert "the disk is full" in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    "script_name", ["start_deconvolution", "measure_deconvolution"]
)
def test_a_record_that_cannot_be_written_is_refused_before_the_work(
    script_name, monkeypatch, tmp_path, capsys
):
    path = SCRIPT.with_name(script_name + ".py")
    spec = importlib.util.spec_from_file_location(script_name, str(path))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "find_data_dir", lambda data: pytest.fail("too late"))
    words = ("--runs", tmp_path / "runs", "--out", tmp_path)
    assert run(module, monkeypatch, *words) == 2
    assert f"{script_name}: error: {tmp_path}: cannot be" in capsys.readouterr().err
