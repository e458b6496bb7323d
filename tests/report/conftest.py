"""Made-up records, whose figures tell where they stand."""

import json
import shutil

import pytest

from srcnn_theano.evaluation.protocols import make_protocol
from srcnn_theano.experiments import EXPERIMENTS
from srcnn_theano.report import report, rows, trained

AGGREGATIONS = ("patch", "batch20", "batch100", "global", "batch25")


def sub_image_scores(base):
    """Figures that tell where they stand: base, base + 0.01, ..."""
    return {
        "n": 2488,
        "ours": {how: base + 0.01 * i for i, how in enumerate(AGGREGATIONS)},
        "bicubic": {how: base - 1 + 0.01 * i for i, how in enumerate(AGGREGATIONS)},
    }


def image_scores(psnr):
    def score(image, psnr):
        return {
            "image": image,
            "psnr": psnr,
            "ssim": 0.8125,
            "bicubic_psnr": psnr - 2,
            "bicubic_ssim": 0.7031,
        }

    return [score("one.bmp", psnr - 1), score("two.bmp", psnr + 1), score("mean", psnr)]


def feature_scores(distance):
    def score(image, distance):
        return {"image": image, "relu2_2": distance, "bicubic_relu2_2": distance + 500}

    return [score("one.bmp", 7.0), score("mean", distance)]


def add_features(results, experiment):
    """What a run measures with VGG16."""
    if experiment.row.published_vgg:
        by_mean = {how: 41.0 + 0.01 * i for i, how in enumerate(AGGREGATIONS)}
        results["vgg"] = {"source_sha256": "a" * 64, "Set5": by_mean, "Set14": by_mean}
    results["images"]["standard-rgb"] = {
        "hash": make_protocol("standard-rgb", experiment.training.scale).hash,
        "scores": {"Set5": image_scores(26.75), "Set14": image_scores(24.25)},
    }
    results["relu2_2"] = {
        "preprocessing": "caffe",
        "source_sha256": "a" * 64,
        "scores": {"Set5": feature_scores(11234.4), "Set14": feature_scores(15678.6)},
    }


def rule_columns(experiment, epoch, n_epochs, best):
    """Scores of an epoch: those of the last but one, whose cost is lowest, are best."""
    size = experiment.training.batch_size
    cost = 0.5 if epoch == n_epochs - 1 else 1.0
    lower = n_epochs - 1 - epoch if epoch < n_epochs else -0.25
    values = (cost, best + 1 - lower, best - lower)
    columns = ("set5_cost", f"set5_batch{size}", f"set14_batch{size}")
    return dict(zip(columns, values))


def write_run(
    runs,
    name,
    n_epochs,
    finished=True,
    sha="0" * 64,
    features=False,
    best=None,
    suffix="",
):
    """A run folder as `runs.carry_out` leaves it, with made-up figures.

    `best` is what Set14 scores at the best validation; without, the history is as those
    of earlier versions, which do not say.
    """
    experiment = EXPERIMENTS[name]
    folder = runs / (name + suffix)
    folder.mkdir(parents=True)
    if experiment.trains:
        lines = ["epoch,iteration,learning_rate,cost,train_psnr,set5_psnr,seconds"]
        for epoch in range(1, n_epochs + 1):
            psnr = 38 - 8 / epoch
            lines.append(f"{epoch},{1104 * epoch},0.001,0.01,20,{psnr},60")
            if best is not None:
                scores = rule_columns(experiment, epoch, n_epochs, best)
                lines[-1] += "".join(f",{value}" for value in scores.values())
        if best is not None:
            lines[0] += "".join(f",{name}" for name in scores)
        (folder / "history.csv").write_text("\n".join(lines) + "\n")
    record = {
        "experiment": dict(experiment.flat(), n_epochs=n_epochs),
        "versions": {"theano": "1.1.2"},
    }
    (folder / "experiment.json").write_text(json.dumps(record))
    if not finished:
        return folder
    protocol = make_protocol(experiment.training.protocol, experiment.training.scale)
    results = {
        "experiment": name,
        "weights_sha256": sha,
        "protocol": {"name": protocol.name, "hash": protocol.hash},
        "n_epochs": n_epochs,
        "sub_images": {
            "Set5": sub_image_scores(36.4),
            "Set14": sub_image_scores(35.2),
        },
        "images": {
            "standard": {
                "hash": make_protocol("standard", experiment.training.scale).hash,
                "scores": {"Set5": image_scores(28.75), "Set14": image_scores(26.25)},
            }
        },
    }
    if features:
        add_features(results, experiment)
    (folder / "results.json").write_text(json.dumps(results))
    return folder


@pytest.fixture(name="write_run", scope="session")
def write_run_fixture():
    """A function that writes a run folder, see `write_run`."""
    return write_run


@pytest.fixture(scope="session")
def shipped_page(tmp_path_factory):
    """The page of the records in results/, without image sets."""
    out = tmp_path_factory.mktemp("report")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SRCNN_DATA", raising=False)
        report.write_report(out)
    return (out / "report.html").read_text(encoding="utf-8")


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Adam finished, SGD shortened, RMSProp unfinished, one network for pictures."""
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    monkeypatch.setattr(rows, "results_dir", lambda: nothing)
    monkeypatch.setattr(trained, "weights_dir", lambda: nothing)
    monkeypatch.delenv("SRCNN_DATA", raising=False)
    runs = tmp_path / "runs"
    write_run(runs, "table1_adam_programmed", 50)
    write_run(runs, "table1_sgd_programmed", 3)
    write_run(runs, "table1_rmsprop_programmed", 2, finished=False)
    write_run(runs, "table2_set5_programmed", 50)
    write_run(runs, "srcnn_x3", 76)
    return runs


@pytest.fixture
def seeds(runs):
    """Besides, three seeds of Adam as programmed, one as described, and an SGD."""
    shutil.rmtree(runs / "table1_adam_programmed")
    shutil.rmtree(runs / "table1_sgd_programmed")
    for best, suffix in ((35.0, ""), (35.5, "-seed1"), (35.25, "-seed2")):
        write_run(runs, "table1_adam_programmed", 50, best=best, suffix=suffix)
    write_run(runs, "table1_adam_described", 50, best=33.0)
    write_run(runs, "table1_sgd_programmed", 50, best=10.0)
    return runs


@pytest.fixture
def perceptual(runs):
    """Besides, rows of both conventions in VGG space, and networks measured in it."""
    write_run(runs, "vgg_mse_programmed", 50, features=True)
    write_run(runs, "vgg_improved_programmed", 40, features=True)
    write_run(runs, "fsrcnn_vgg_programmed", 100, features=True)
    write_run(runs, "srcnn_x2", 76, features=True)
    return runs


@pytest.fixture
def written(runs, tmp_path):
    out = tmp_path / "out"
    report.write_report(out, runs)
    return out
