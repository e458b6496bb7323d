import json

import pytest

from srcnn_theano.errors import UserError
from srcnn_theano.report import rows as records
from srcnn_theano.report.rows import caveats, load_rows


def test_runs_win_over_what_comes_with_the_package(
    runs, tmp_path, monkeypatch, write_run
):
    shipped = tmp_path / "shipped"
    monkeypatch.setattr(records, "results_dir", lambda: shipped)
    write_run(shipped, "table1_adam_programmed", 39)
    write_run(shipped, "table1_rmsprop_programmed", 40)
    rows = load_rows(runs)
    assert rows["table1_adam_programmed"].n_epochs == 50
    # The run has no results yet, the package has.
    assert rows["table1_rmsprop_programmed"].status == "done"
    assert rows["table1_rmsprop_programmed"].n_epochs == 40
    assert load_rows()["table1_adam_programmed"].n_epochs == 39


def test_a_row_on_another_network_than_it_names_says_so(runs, write_run):
    (runs / "table2_set5_programmed" / "results.json").unlink()
    (runs / "table2_set5_programmed" / "experiment.json").unlink()
    (runs / "table2_set5_programmed").rmdir()
    write_run(runs, "table2_set5_programmed", 50, sha="1" * 64)
    rows = load_rows(runs)
    assert caveats(rows, rows["table2_set5_programmed"]) == [
        "measured on another network than that of table1_adam_programmed"
    ]


def test_settings_that_have_changed_since_are_named(runs):
    path = runs / "table1_adam_programmed" / "experiment.json"
    record = json.loads(path.read_text())
    record["experiment"]["learning_rate"] = 0.5
    path.write_text(json.dumps(record))
    rows = load_rows(runs)
    assert caveats(rows, rows["table1_adam_programmed"]) == [
        "run with another learning_rate than listed"
    ]


def test_unreadable_records_and_folders_are_named(runs, tmp_path, capsys):
    (runs / "table1_adam_programmed" / "results.json").write_text("{")
    assert load_rows(runs)["table1_adam_programmed"].status == "unreadable"
    assert "table1_adam_programmed/results.json" in capsys.readouterr().err
    with pytest.raises(UserError, match="nowhere: no such folder"):
        load_rows(tmp_path / "nowhere")


def test_a_row_that_measures_in_another_way_has_no_history_of_its_own(runs, write_run):
    """The history of batch normalization is by the statistics of its training's row."""
    for name in ("table1_bn_l2_programmed", "table1_bn_l2_running"):
        write_run(runs, name, 10)
    rows = load_rows(runs)
    assert len(rows["table1_bn_l2_programmed"].history) == 10
    assert rows["table1_bn_l2_running"].history == []
    # The same measure: Table 2 has the same curve as Table 1.
    assert (
        rows["table2_set5_programmed"].history == rows["table1_adam_programmed"].history
    )
