"""The page on bf16, with figures that nobody measured."""

import json

import pytest

from benchmarks import precision
from srcnn_theano.experiments import EXPERIMENTS

NAME = "table1_adam_described"


def write_run(folder, setting, psnr):
    folder.mkdir(parents=True)
    results = json.loads(
        (precision.shipped.results_dir() / NAME / "results.json").read_text()
    )
    results["rule"]["best_validation"]["sub_images"]["set14"]["batch20"] = psnr
    (folder / "results.json").write_text(json.dumps(results))
    experiment = dict(EXPERIMENTS[NAME].flat(), precision=setting)
    (folder / "experiment.json").write_text(json.dumps({"experiment": experiment}))


def test_runs_in_bf16_stand_beside_those_that_are_shipped(tmp_path):
    write_run(tmp_path / NAME, "bf16", 31.234)
    write_run(tmp_path / "other", "float32", 20.0)
    shipped = precision.shipped.results_dir() / NAME / "results.json"
    rule = json.loads(shipped.read_text())["rule"]["best_validation"]
    theirs = f"{rule['sub_images']['set14']['batch20']:.2f}"
    rows = list(precision.training_rows(tmp_path))
    assert rows == [[f"`{NAME}`", "0", theirs, "31.23"]]
    page = precision.page([["step", "2", "1", "2.00", ""]], [], rows, "a command")
    assert f"| `{NAME}` | 0 | {theirs} | 31.23 |" in page


@pytest.mark.parametrize("trainings", [[], [["`row`", "0", "1.00", "2.00"]]])
def test_table_of_trainings_only_where_there_are_some(trainings):
    page = precision.page([], [], trainings, "a command")
    assert ("whole trainings" in page) == bool(trainings)
