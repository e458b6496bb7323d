import re

import pytest

from srcnn_theano.report import report
from srcnn_theano.report.curves import curves_of
from srcnn_theano.report.rows import load_rows


@pytest.mark.parametrize(
    "trained, measured",
    [
        ("table1_bn_l2_programmed", "table1_bn_l2_running"),
        ("table1_bn_l2_described", "table1_bn_hidden_l2_batch"),
    ],
)
def test_a_curve_bears_the_name_of_the_row_that_measured_it(
    runs, write_run, tmp_path, trained, measured
):
    """Two rows of one training: its history was measured in the way of the first."""
    for name in (trained, measured):
        write_run(runs, name, 10)
    rows = load_rows(runs)
    assert curves_of([rows[trained], rows[measured]], "table1", tmp_path)
    svg = (tmp_path / "curves-table1.svg").read_text()
    titles = [rows[name].experiment.row.title for name in (trained, measured)]
    assert [f">{title}</text>" in svg for title in titles] == [True, False]


def test_of_rows_of_equal_length_the_one_that_trains_gives_the_name(
    runs, write_run, tmp_path
):
    for name in ("fsrcnn_gradinputs", "fsrcnn_gradinputs_100"):
        write_run(runs, name, 100)
    rows = load_rows(runs)
    pair = [rows[name] for name in ("fsrcnn_gradinputs", "fsrcnn_gradinputs_100")]
    for number, order in enumerate((pair, pair[::-1])):
        curves_of(order, "fsrcnn-deconv", tmp_path / str(number))
        svg = (tmp_path / str(number) / "curves-fsrcnn-deconv.svg").read_text()
        assert f">{pair[0].experiment.row.title}</text>" in svg
        assert f">{pair[1].experiment.row.title}</text>" not in svg


def test_the_last_epochs_of_another_measure_are_left_out(runs, write_run, tmp_path):
    for name in ("table1_bn_l2_programmed", "table1_bn_l2_running"):
        write_run(runs, name, 10)
    report.write_report(tmp_path, runs)
    lines = (tmp_path / "report.md").read_text().splitlines()
    last = [
        re.split(r" *\| *", line)[-2]
        for name in ("table1_bn_l2_programmed", "table1_bn_l2_running")
        for line in lines
        if f"`{name}` | Set14" in line
    ]
    assert last == ["36.53 (30.00 to 37.20)", ""]
