"""A row that is trained again lies in the shipped range or does not."""

import json
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
            assert resume
            if not train_only:
                return
            lengths.append(run.experiment.measure.n_epochs)
            name = run.experiment.name
            write_run(
                run.runs_dir, name, lengths[-1], False, best=best, suffix=run.suffix
            )

        monkeypatch.setattr(check, "carry_out", carry_out)
        runs_dir = more.pop("runs_dir", tmp_path / f"again{len(lengths)}")
        only = more.pop("only", ["table1_adam_programmed"])
        return check_rows("all", only, Path("data"), runs_dir, **more), lengths[-1]

    return run


@pytest.mark.parametrize(
    "best, in_range", [(35.0, True), (35.4, True), (34.9, True), (34.5, False)]
)
def test_the_range_is_that_of_the_shipped_seeds(again, best, in_range, capsys):
    assert again(best) == (in_range, 50)
    told = capsys.readouterr().out
    line, place = told.splitlines()
    assert line.startswith(f"table1_adam_programmed: {best:.2f} dB after epoch 50 from")
    assert "shipped 35.00-35.50 of 3 seeds, 35.00 from this one: " in line
    assert line.endswith(": in the range" if in_range else ": 0.50 dB out of the range")
    assert place.startswith("the trainings are in ") and place.endswith("check-1")


def test_shipped_trainings_are_looked_at_as_far(again, capsys):
    # Shipped: best is at epoch 49, and 40 dB less at epoch 9, the last but one of ten.
    # All costs are equal up to there, so the first epoch counts: 48 dB less.
    good, length = again(-5.0, n_epochs=10)
    assert length == 10 and not good
    assert "shipped -13.00--12.50 of 3 seeds" in capsys.readouterr().out


def test_a_row_that_measures_is_held_against_the_same_training(again, capsys):
    assert again(35.0, only=["table?_*_programmed"])[0] is False  # of SGD, 10 dB
    lines = capsys.readouterr().out.splitlines()
    names = [line.split(":")[0] for line in lines if " dB " in line]
    assert names == [
        "table1_adam_programmed",
        "table1_sgd_programmed",
        "table2_set5_programmed",
        "table2_set14_programmed",
    ]


DEAD = dict(only=["table1_sgd_programmed"])


@pytest.fixture
def one_died(seeds, write_run):
    """Besides the SGD of 10 dB, two seeds; the last of the three died."""
    for best, suffix in ((10.5, "-seed1"), (2.0, "-seed2")):
        write_run(seeds, "table1_sgd_programmed", 50, best=best, suffix=suffix)


def test_a_seed_that_died_widens_no_range(again, one_died, capsys):
    assert not again(7.0, **DEAD)[0]
    told = capsys.readouterr().out
    assert "10.00-10.50 of 2 seeds (1 died), 10.00 from this one: 3.00 dB out" in told


def test_what_dies_as_the_shipped_one_of_its_seed_is_as_shipped(
    again, one_died, capsys
):
    assert not again(2.0, **DEAD)[0]
    assert ": died, not as the shipped one of this seed" in capsys.readouterr().out
    assert again(2.5, seeds=[2], **DEAD)[0]
    assert ": died, as the shipped one of this seed" in capsys.readouterr().out


def test_each_check_trains_anew_and_an_interrupted_one_goes_on(again, tmp_path, capsys):
    runs_dir = tmp_path / "again"
    assert again(35.0, runs_dir=runs_dir)[0]
    assert not again(30.0, runs_dir=runs_dir)[0]  # by code that has changed
    assert {path.name for path in runs_dir.iterdir()} == {"check-1", "check-2"}
    capsys.readouterr()
    (runs_dir / "check").mkdir()
    assert again(35.0, runs_dir=runs_dir)[0]
    assert "goes on with" in capsys.readouterr().err
    assert (runs_dir / "check-3" / "table1_adam_programmed").is_dir()


def test_a_damaged_record_is_no_good_check(again, seeds, capsys):
    (seeds / "table1_sgd_programmed" / "history.csv").write_text("damaged")
    names = ["table1_adam_programmed", "table1_sgd_programmed"]
    with pytest.raises(UserError, match="table1_sgd_programmed: its records .* cannot"):
        again(35.0, only=names)
    assert "table1_adam_programmed: 35.00 dB" in capsys.readouterr().out


def test_rows_without_seeds_are_told_and_refused_if_named(again, capsys):
    name = "table1_rmsprop_programmed"
    assert again(35.0, only=["table1_[ar]*_programmed"])[0]
    told = capsys.readouterr().err
    assert "has no seeds to compare with of " in told and f", {name}, " in told
    with pytest.raises(UserError, match=f"left out {name}: has no seeds in results/"):
        again(35.0, only=["table1_adam_programmed", name])


@pytest.mark.parametrize("best, good", [(20.0, True), (21.0, False)])
def test_figures_in_vgg_space_are_checked(
    best, good, runs, again, write_run, monkeypatch, capsys
):
    monkeypatch.setattr(check, "load_vgg", lambda path: "VGG16")

    def in_vgg_space(figure):
        scores = {how: figure for how in ("patch", "batch20", "batch100", "global")}
        best = {"epoch": 50, "iteration": 1, "set5": 19.0, "set14": 19.0}
        best["vgg"] = {"source_sha256": "0" * 64, "Set5": scores, "Set14": scores}
        return {"rule": dict.fromkeys(("best_validation", "last", "best_psnr"), best)}

    name = "fsrcnn_vgg_programmed"
    write_run(runs, name, 100, best=19.0)
    file = runs / name / "results.json"
    shipped = json.loads(file.read_text())
    file.write_text(json.dumps({**shipped, **in_vgg_space(20.05)}))
    monkeypatch.setattr(
        check, "read_results", lambda *arguments: {**shipped, **in_vgg_space(best)}
    )
    assert again(19.0, only=[name])[0] is good
    told = capsys.readouterr().out
    assert f"{name}: 19.00 dB after epoch 100" in told
    assert f"{name}: {best:.2f} dB in VGG space after epoch 100" in told


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
