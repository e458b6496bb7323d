import re

import pytest

from srcnn_theano.report import report
from srcnn_theano.report.page.curves import curves_data
from srcnn_theano.report.rows import load_rows


@pytest.mark.parametrize(
    "trained, measured",
    [
        ("table1_bn_l2_programmed", "table1_bn_l2_running"),
        ("fsrcnn_gradinputs", "fsrcnn_gradinputs_100"),
    ],
)
def test_a_training_has_one_curve_by_the_name_of_the_row_that_trains(
    runs, write_run, trained, measured
):
    for name in (trained, measured):
        write_run(runs, name, 100)
    names = [run["name"] for run in curves_data(load_rows(runs))["runs"]]
    assert names.count(trained) == 1 and measured not in names


def test_curves_are_those_of_the_histories(seeds):
    data = curves_data(load_rows(seeds))
    adam = [r for r in data["runs"] if r["name"] == "table1_adam_programmed"]
    assert [run["seed"] for run in adam] == [0, 1, 2]
    assert adam[1]["title"] == "Adam, as programmed first, seed 1"
    assert adam[0]["curves"]["set5"][:4] == [30.0, 34.0, round(38 - 8 / 3, 3), 36.0]
    # The last but one is the best, the last 0.25 dB above it.
    assert adam[1]["curves"]["set14"][-2:] == [35.5, 35.75]
    assert adam[0]["bicubic"] == {"set5": 35.4, "set14": 34.21}
    (rmsprop,) = (r for r in data["runs"] if r["name"] == "table1_rmsprop_programmed")
    assert rmsprop["bicubic"] == {}  # it has not been measured yet
    assert "set14" not in rmsprop["curves"] and len(rmsprop["curves"]["set5"]) == 2
    assert list(data["tables"]) == ["table1", "models"]


def test_the_last_epochs_of_another_measure_are_left_out(runs, write_run, tmp_path):
    for name in ("table1_bn_l2_programmed", "table1_bn_l2_running"):
        write_run(runs, name, 10)
    report.write_report(tmp_path, runs)
    lines = (tmp_path / "report.md").read_text().splitlines()
    last = [
        re.split(r" *\| *", line)[-2]
        for name in ("table1_bn_l2_programmed", "table1_bn_l2_running")
        for line in lines
        if f"`{name}` | 26.25 / " in line
    ]
    assert last == ["36.53 (30.00 to 37.20)", ""]
