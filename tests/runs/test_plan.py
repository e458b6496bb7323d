"""Which runs a table needs, and what proves that one was done."""

import json
from pathlib import Path

import pytest

from srcnn_theano import experiments, shipped
from srcnn_theano.errors import UserError
from srcnn_theano.experiments.records import Measure, Row
from srcnn_theano.record import TRAINS_ALIKE
from srcnn_theano.runs import plan
from srcnn_theano.runs.plan import in_order, make_plan

SGD = experiments.find_experiment("table1_sgd_programmed")
SUMS = {"T91": "1" * 64, "Set5": "2" * 64, "Set14": "3" * 64}
TRAINED = SGD._replace(name="trained", row=Row("t", "a row"))
MEASURED = TRAINED._replace(
    name="measured", measure=Measure(n_epochs=50, weights_of="trained")
)
OTHER = TRAINED._replace(
    name="other", training=SGD.training._replace(update="adam"), row=Row("u", "a row")
)


@pytest.fixture(autouse=True)
def listed(monkeypatch, tmp_path):
    for row in (TRAINED, MEASURED, OTHER):
        monkeypatch.setitem(experiments.EXPERIMENTS, row.name, row)
    monkeypatch.setattr(plan, "data_checksums", lambda data_dir: dict(SUMS))
    monkeypatch.setattr(shipped, "results_dir", lambda: tmp_path / "results")
    monkeypatch.setattr(plan, "load_vgg", lambda path: None)


def planned(tmp_path, table="t", **more):
    return make_plan(table, Path("data"), tmp_path / "runs", **more)


def names(plans):
    return [(p.name, p.proved) for p in plans]


def write_record(folder, run, **changed):
    """A record of a run as it is written today, but for what is changed."""
    folder.mkdir(parents=True)
    record = {
        "experiment": run.experiment.flat(),
        "protocol": {"hash": run.protocol.hash},
        "recipe": {"hash": run.recipe.hash},
        "trains_alike": TRAINS_ALIKE,
        "data": SUMS,
        **changed,
    }
    (folder / "experiment.json").write_text(json.dumps(record))
    psnr = {"patch": 1.0, "batch20": 1.0, "batch100": 1.0}
    score = {"image": "a", "psnr": 1.0, "ssim": 1.0}
    score.update(bicubic_psnr=1.0, bicubic_ssim=1.0)
    scores = {"scores": {"Set5": [score], "Set14": [score]}}
    results = {
        "n_epochs": run.experiment.measure.n_epochs,
        "weights_sha256": "0",
        "protocol": {"hash": "0"},
        "sub_images": {s: {"ours": psnr, "bicubic": psnr} for s in ("Set5", "Set14")},
        "images": {"standard": scores},
        "vgg": {"Set5": psnr, "Set14": psnr},
    }
    (folder / "results.json").write_text(json.dumps(results))


def test_networks_go_before_the_rows_that_measure_them(tmp_path):
    plans = planned(tmp_path, seeds=[0, 1])
    assert names(plans) == [
        ("trained", ""),
        ("trained-seed1", ""),
        ("measured", ""),
        ("measured-seed1", ""),
    ]
    assert [p.after for p in plans] == ["", "", "trained", "trained-seed1"]
    seconds = {"trained": 9, "trained-seed1": 5, "measured": 1, "measured-seed1": 2}
    ordered = [p.name for p in in_order(plans, seconds)]
    assert ordered == ["trained-seed1", "trained", "measured", "measured-seed1"]


def test_all_tables_and_what_lacks_vgg16(tmp_path):
    every = planned(tmp_path, "all")
    assert {p.name for p in every} == set(experiments.EXPERIMENTS)
    # Rows with VGG16 in the cost, and those that measure their networks; no others.
    lacking = {p.name for p in every if p.lacks}
    assert {"vgg_only_programmed", "vgg_mse_20_programmed"} < lacking
    assert lacking == {p.name for p in every if p.run.experiment.training.vgg_weight}
    assert all("needs VGG16" in p.lacks for p in every if p.lacks)
    left = in_order(every, {p.name: 1.0 for p in every})
    assert {p.name for p in left} == {p.name for p in every} - lacking


def test_what_results_prove_lacks_no_vgg16(tmp_path):
    row = experiments.EXPERIMENTS["vgg_only_programmed"]
    (before,) = planned(tmp_path, "vgg", only=[row.name])
    assert before.lacks
    write_record(tmp_path / "results" / row.name, before.run)
    (after,) = planned(tmp_path, "vgg", only=[row.name])
    assert (after.proved, after.lacks) == ("results", "")


def test_with_vgg16_nothing_is_lacking(tmp_path, monkeypatch):
    monkeypatch.setattr(plan, "load_vgg", lambda path: "weights")
    assert not any(p.lacks for p in planned(tmp_path, "all"))


def test_only_some_rows(tmp_path):
    assert names(planned(tmp_path, only=["tr*"])) == [("trained", "")]
    # The network is trained as well, whichever row is asked for.
    both = [("trained", ""), ("measured", "")]
    assert names(planned(tmp_path, only=["measured"])) == both
    # A name of an earlier version counts.
    replaced = {row.name for row in plan.rows_of("table1", ["table1_adam"])}
    assert replaced == {"table1_adam_described"}
    with pytest.raises(UserError, match=r"--only x\*: no row of t has such a name"):
        planned(tmp_path, only=["x*"])
    with pytest.raises(UserError, match="no row of t has such a name"):
        planned(tmp_path, only=["other"])
    with pytest.raises(UserError, match="no experiment is called 'meesured'"):
        planned(tmp_path, only=["meesured"])


def test_a_run_in_the_folder_is_done(tmp_path):
    trained = planned(tmp_path)[0].run
    write_record(tmp_path / "runs" / "trained", trained)
    (tmp_path / "runs" / "trained" / "weights.h5").touch()
    assert names(planned(tmp_path)) == [("trained", "runs"), ("measured", "")]


def test_results_prove_the_same_run(tmp_path):
    trained, measured = (p.run for p in planned(tmp_path))
    write_record(tmp_path / "results" / "trained", trained)
    # Its network is not in the folder of runs, and a row is going to measure it.
    assert names(planned(tmp_path)) == [("trained", ""), ("measured", "")]
    write_record(tmp_path / "results" / "measured", measured)
    proved = [("trained", "results"), ("measured", "results")]
    assert names(planned(tmp_path)) == proved
    assert [p.proved for p in planned(tmp_path, anew=True)] == ["", ""]
    assert [p.proved for p in planned(tmp_path, seeds=[1])] == ["", ""]


@pytest.mark.parametrize(
    "changed",
    [
        {"data": {**SUMS, "T91": "4" * 64}},
        {"trains_alike": TRAINS_ALIKE + 1},
        {"recipe": {"hash": "another"}},
        {"protocol": {"hash": "another"}},
        {"experiment": {**TRAINED.flat(), "learning_rate": 0.5}},
        {"experiment": {**TRAINED.flat(), "seed": 3}},
        {"experiment": {**TRAINED.flat(), "precision": "bf16"}},
        {"recipe": None},
        {"data": 3},
    ],
    ids=str,
)
def test_results_of_another_run_prove_nothing(tmp_path, changed):
    run = planned(tmp_path)[0].run
    write_record(tmp_path / "results" / "trained", run, **changed)
    assert planned(tmp_path, only=["trained"])[0].proved == ""


def test_a_shorter_run_proves_nothing(tmp_path):
    run = planned(tmp_path)[0].run
    write_record(tmp_path / "results" / "trained", run)
    longer = TRAINED.changed(n_epochs=51)
    experiments.EXPERIMENTS["trained"] = longer
    assert planned(tmp_path, only=["trained"])[0].proved == ""


def test_a_damaged_record_leaves_out_its_row_alone(tmp_path):
    run, other = (planned(tmp_path, table=t)[0].run for t in "tu")
    for which in (run, other):
        write_record(tmp_path / "runs" / which.folder.name, which)
    damaged = tmp_path / "runs" / "trained" / "results.json"
    damaged.write_text("{")
    first, measured = planned(tmp_path)
    assert first.proved == "" and str(damaged) in first.lacks
    assert measured.lacks == "trained, whose network it measures, is left out"
    assert names(planned(tmp_path, table="u")) == [("other", "runs")]
    run.network.write_text("a network that is there")
    assert planned(tmp_path)[1].lacks == ""


def test_damaged_results_prove_nothing(tmp_path):
    run = planned(tmp_path)[0].run
    write_record(tmp_path / "results" / "trained", run)
    (tmp_path / "results" / "trained" / "results.json").write_text("{")
    assert planned(tmp_path, only=["trained"])[0].proved == ""
