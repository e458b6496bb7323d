"""A row that is trained again lies in the shipped range or does not."""

from pathlib import Path

import pytest

from srcnn_theano import cli
from srcnn_theano.errors import UserError
from srcnn_theano.report import check, rows
from srcnn_theano.report.check import check_rows


@pytest.fixture
def again(seeds, tmp_path, monkeypatch, write_run):
    """A function: check Adam with a training that ends at a figure."""
    monkeypatch.setattr(rows, "results_dir", lambda: seeds)
    lengths = []

    def run(best, **more):
        def carry_out(run, data_dir, resume, train_only):
            assert resume and train_only
            lengths.append(run.experiment.measure.n_epochs)
            name = run.experiment.name
            write_run(run.runs_dir, name, lengths[-1], finished=False, best=best)

        monkeypatch.setattr(check, "carry_out", carry_out)
        runs_dir = tmp_path / f"again{len(lengths)}"
        only = more.pop("only", ["table1_adam_programmed"])
        return check_rows("all", only, Path("data"), runs_dir, **more), lengths[-1]

    return run


@pytest.mark.parametrize(
    "best, in_range", [(35.0, True), (35.4, True), (34.9, True), (34.5, False)]
)
def test_the_range_is_that_of_the_shipped_seeds(again, best, in_range, capsys):
    assert again(best) == (in_range, 50)
    told = capsys.readouterr().out
    assert told.startswith(f"table1_adam_programmed: {best:.2f} dB after epoch 50 from")
    assert "shipped 35.00-35.50 of 3 seeds: " in told
    assert told.endswith(
        ": in the range\n" if in_range else ": 0.50 dB out of the range\n"
    )


def test_shipped_trainings_are_looked_at_as_far(again, capsys):
    # Shipped: best is at epoch 49, and 40 dB less at epoch 9, the last but one of ten.
    # All costs are equal up to there, so the first epoch counts: 48 dB less.
    good, length = again(-5.0, n_epochs=10)
    assert length == 10 and not good
    assert "shipped -13.00--12.50 of 3 seeds" in capsys.readouterr().out


def test_a_row_that_measures_is_held_against_the_same_training(again, capsys):
    assert again(35.0, only=["table?_*_programmed"])[0] is False  # of SGD, 10 dB
    names = [line.split(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert names == [
        "table1_adam_programmed",
        "table1_sgd_programmed",
        "table2_set5_programmed",
        "table2_set14_programmed",
    ]


def test_without_vgg16_all_other_rows_are_checked(tmp_path, monkeypatch):
    monkeypatch.setattr(check, "load_vgg", lambda path: None)
    trained = []

    def carry_out(run, *others, **more):
        trained.append(run.experiment.name)
        raise KeyboardInterrupt

    monkeypatch.setattr(check, "carry_out", carry_out)
    names = ["vgg_only_programmed", "table1_sgd_programmed"]
    with pytest.raises(KeyboardInterrupt):
        check_rows("all", names, Path("data"), tmp_path)
    assert trained == names[1:]
    with pytest.raises(UserError, match="left out vgg_only_programmed: it needs VGG16"):
        check_rows("all", names[:1], Path("data"), tmp_path)


def test_what_is_not_shipped_cannot_be_checked(again):
    with pytest.raises(UserError, match="results/ has no seeds of table1_rmsprop_prog"):
        again(35.0, only=["table1_rmsprop_programmed"])


def test_epochs_go_with_check(tmp_path, capsys, monkeypatch):
    from srcnn_theano.data import datasets

    monkeypatch.setattr(datasets, "find_data_dir", lambda path: tmp_path)
    assert cli.main(["reproduce", "table1", "--epochs", "3"]) == 2
    assert "--epochs: goes with --check" in capsys.readouterr().err


@pytest.mark.parametrize("other", ["--cost", "--anew", "--scheduler tcp://x:1"])
def test_what_check_would_ignore_does_not_go_with_it(
    tmp_path, capsys, monkeypatch, other
):
    from srcnn_theano.data import datasets

    monkeypatch.setattr(datasets, "find_data_dir", lambda path: tmp_path)
    monkeypatch.setattr(check, "check_rows", None)  # it would train
    assert cli.main(["reproduce", "table1", "--check", *other.split()]) == 2
    assert f"{other.split()[0]}: does not go with" in capsys.readouterr().err


@pytest.mark.parametrize("good", [True, False])
def test_the_exit_status_tells(tmp_path, monkeypatch, good):
    from srcnn_theano.data import datasets

    monkeypatch.setattr(datasets, "find_data_dir", lambda path: tmp_path)
    monkeypatch.setattr(check, "check_rows", lambda *arguments: good)
    assert cli.main(["reproduce", "table1", "--check"]) == (0 if good else 1)
