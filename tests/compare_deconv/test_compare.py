"""The whole comparison in small: few maps, few sub-images, two epochs."""

import csv
import json
import re

import numpy as np
import pytest

from srcnn_theano.compare_deconv import compare, trained
from srcnn_theano.compare_deconv.figures import rows
from srcnn_theano.compare_deconv.measuring import Changing, picture_multiply_adds
from srcnn_theano.data.images import read_rgb
from srcnn_theano.data.patches import Pairs
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.images import score_files
from srcnn_theano.evaluation.protocols import make_protocol
from srcnn_theano.experiments import EXPERIMENTS
from srcnn_theano.inference import build_predictor
from srcnn_theano.weights import load_weights

N_TRAIN = 24


@pytest.fixture(scope="module")
def miniature():
    """A function that compares small networks; gives the results."""
    patch = pytest.MonkeyPatch()
    small = {}
    for name in trained.VARIANTS:
        row = trained.EXPERIMENTS[name]
        training = row.training._replace(options=dict(row.options, d=4, s=2, m=1))
        small[name] = row._replace(training=training)
    patch.setattr(trained, "EXPERIMENTS", small)
    whole = trained.photograph_material

    def few(out_dir):
        material = whole(out_dir)
        first = Pairs(*(part[:N_TRAIN] for part in material.train_set))
        return material._replace(train_set=first)

    patch.setattr(compare, "photograph_material", few)
    yield compare.compare_deconv
    patch.undo()


@pytest.fixture(scope="module")
def finished(miniature, tmp_path_factory):
    """(folder of the page, folder of runs, results) of two epochs."""
    out = tmp_path_factory.mktemp("deconvolution")
    runs = tmp_path_factory.mktemp("runs")
    return out, runs, miniature(out, runs, quick=True, n_epochs=2, seed=3)


def test_results_are_those_of_the_runs(finished):
    out, runs, results = finished
    assert json.loads((out / "results.json").read_text()) == results
    assert results["steps"] == 2 * 24 // 8
    assert list(results["variants"]) == list(trained.VARIANTS)
    for name, one in results["variants"].items():
        run = runs / name.replace("fsrcnn", "quick")
        with (run / "history.csv").open(newline="") as stream:
            history = list(csv.DictReader(stream))
        assert one["sub_images_psnr"] == [float(r["photograph_psnr"]) for r in history]
        assert [score["epoch"] for score in one["standard"]] == [1, 2]
        assert one["source"] == "trained now"
        assert one["seconds_per_step"] > 0 and one["seconds_per_picture"] > 0


def test_scores_are_those_of_evaluate(finished):
    out, runs, results = finished
    weights = load_weights(runs / "quick_full_border" / "weights-1.h5")
    protocol = make_protocol("standard", 4)
    score = score_files([out / "original.png"], protocol, build_predictor(weights))[-1]
    first = results["variants"]["fsrcnn_full_border"]["standard"][0]
    assert (first["psnr"], first["ssim"]) == pytest.approx((score.psnr, score.ssim))
    assert results["bicubic"]["psnr"] == pytest.approx(score.bicubic_psnr)


def test_small_networks_are_counted(finished):
    variants = finished[2]["variants"]
    # Features, shrinking, mapping, expanding: 75 d + d s + 9 s s + s d, d = 4, s = 2.
    before = 300 + 8 + 36 + 8
    ours = variants["fsrcnn_gradinputs"]["multiply_adds"]
    assert ours["sub_image"] == 64 * (before + 4 * 3 * 81)
    assert ours["picture"] == 64 * 64 * (before + 4 * 3 * 81)
    naive = variants["fsrcnn_full_border"]["multiply_adds"]
    assert naive["sub_image"] == 64 * before + 1089 * 4 * 3 * 676
    # Windows of 8x8 overlap by 6: 2x2 of 64x64 pixels come from each.
    assert naive["picture"] == 1024 * naive["sub_image"]


def test_work_of_the_full_networks():
    ours, naive = (
        picture_multiply_adds(EXPERIMENTS[name].training)
        for name in ("fsrcnn_gradinputs", "fsrcnn_full_border")
    )
    assert ours == 64 * 64 * (10728 + 13608)
    assert naive == 32 * 32 * (64 * 10728 + 1089 * 113568)


def test_table(finished):
    results = finished[2]
    lines = {title: cells for title, *cells in rows(results)}
    ours = results["variants"]["fsrcnn_gradinputs"]
    psnr = lines["PSNR of sub-images, dB"]
    assert psnr[0] == "{:.2f}".format(ours["sub_images_psnr"][-1])
    assert psnr[4:] == ["{:.2f}".format(results["bicubic"]["sub_images_psnr"]), ""]
    assert lines["weights of the last layer"][:4] == ["972", "972", "8,112", "972"]
    assert lines["in the last layer, zeros skipped"][2:4] == ["519,168", "995,328"]
    # A photograph has more detail than bicubic at these frequencies.
    bicubic, original = (
        float(cell) for cell in lines["checkerboard energy, per mille"][4:]
    )
    assert bicubic < original


def test_the_page_needs_no_other_file(finished):
    page = (finished[0] / "deconvolution.html").read_text()
    assert "http" not in page
    sources = re.findall(r'(?:src|href)="([^"]{0,20})', page)
    assert len(sources) == 2 + 4 + 2 * 7  # curves, filters, details
    assert all(source.startswith("data:image/") for source in sources)
    for text in ("weights of the last layer", "Checkerboards", "What it means"):
        assert text in page


def test_filters_are_on_their_sheet(finished):
    out, runs, _ = finished
    W = load_weights(runs / "quick_gradinputs" / "weights.h5").values["deconv.W"]
    sheet = read_rgb(out / "filters-fsrcnn_gradinputs.png")
    strongest = W[np.argmax((W**2).sum((1, 2, 3)))]
    expected = 255 * (0.5 + 0.5 * strongest / abs(W).max())
    # Pixels of 6x6, filters of 9x9.
    shown = sheet[2:54:6, 2:54:6].transpose(2, 0, 1)
    np.testing.assert_allclose(shown, expected, atol=0.6)


def test_what_is_finished_is_not_trained_again(finished, miniature, capsys, tmp_path):
    _, runs, before = finished
    capsys.readouterr()
    again = miniature(tmp_path, runs, quick=True, n_epochs=2, seed=3, as_json=True)
    assert json.loads(capsys.readouterr().out) == again
    for name, one in again["variants"].items():
        assert one["source"] == "trained before"
        for key in ("sub_images_psnr", "standard", "checkerboard_energy"):
            assert one[key] == before["variants"][name][key]


def test_the_network_after_fewer_epochs_is_used_where_it_was_kept(finished):
    _, runs, results = finished
    run = trained.quick_run("fsrcnn_gradinputs", 1, 3, runs)
    found = trained.find_or_train("", run, None)
    assert list(found.weights) == [1] and len(found.history) == 1


def test_one_that_was_not_kept(finished):
    run = trained.quick_run("fsrcnn_gradinputs", 1, 3, finished[1])
    run = run._replace(snapshots=())
    with pytest.raises(UserError, match="--epochs 1: .* trained for 2 .* after 2, or"):
        trained.find_or_train("", run, None)


def test_a_run_of_another_seed(finished):
    run = trained.quick_run("fsrcnn_gradinputs", 2, 4, finished[1])
    with pytest.raises(UserError, match="quick_gradinputs: .*--seed"):
        trained.find_or_train("", run, None)


def test_an_interrupted_training_goes_on(finished, miniature, tmp_path, monkeypatch):
    from srcnn_theano.training.trainer import Trainer

    one_epoch = Trainer._run_epoch

    def interrupted(trainer, bar):
        if trainer.epoch == 1:
            raise KeyboardInterrupt
        one_epoch(trainer, bar)

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_run_epoch", interrupted)
        with pytest.raises(KeyboardInterrupt):
            miniature(tmp_path, tmp_path, quick=True, n_epochs=2, seed=3)
    assert not (tmp_path / "results.json").exists()
    resumed = miniature(tmp_path, tmp_path, quick=True, n_epochs=2, seed=3)
    for name, one in resumed["variants"].items():
        for key in ("sub_images_psnr", "standard", "grey_ripple"):
            assert one[key] == finished[2]["variants"][name][key]


def test_shipped_networks_are_used_where_nothing_was_run(
    finished, tmp_path, monkeypatch
):
    _, runs, _ = finished
    run = trained.quick_run("fsrcnn_gradinputs", 2, 3, tmp_path / "runs")
    name = run.experiment.name
    weights, results = tmp_path / "weights", tmp_path / "results"
    weights.mkdir(), results.mkdir()
    (weights / (name + ".h5")).write_bytes((runs / name / "weights.h5").read_bytes())
    (results / name).symlink_to(runs / name)
    monkeypatch.setattr(trained, "weights_dir", lambda: weights)
    monkeypatch.setattr(trained, "results_dir", lambda: results)
    found = trained.find_or_train("", run, None)
    assert found.source == "shipped" and list(found.weights) == [2]
    assert found.recorded == {}
    row = results / (name + "_1")
    row.mkdir()
    mean = {"image": "mean", "psnr": 20.5, "ssim": 0.5, "bicubic_psnr": 26.0}
    scores = {"standard": {"scores": {"Set5": [{}, mean]}}}
    (row / "results.json").write_text(json.dumps({"images": scores}))
    found = trained.find_or_train("", run, None)
    assert found.recorded == {1: {"psnr": 20.5, "ssim": 0.5}}
    longer = trained.quick_run("fsrcnn_gradinputs", 3, 3, tmp_path / "runs")
    with pytest.raises(TypeError):  # has to train, and cannot here
        trained.find_or_train("", longer, None)


@pytest.mark.data
def test_rows_of_the_report_are_looked_for_in_runs(data_dir, cache_dir, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache_dir))
    material = trained.sets_material(data_dir)
    assert [path.name for path in material.images][:2] == [
        "baby_GT.bmp",
        "bird_GT.bmp",
    ]
    assert len(material.train_set.low_res) == 22092
    assert material.validation_sets[0].low_res.shape == (2488, 3, 8, 8)
    assert material.validation_sets[1].low_res.shape == (2488, 3, 33, 33)
    for path, crop in material.details:
        rows, cols = read_rgb(path).shape[:2]
        assert crop.row + crop.size <= rows and crop.col + crop.size <= cols


def test_weights_are_exchanged_without_compiling(finished):
    _, runs, _ = finished
    first, last = (
        load_weights(runs / "quick_gradinputs" / name)
        for name in ("weights-1.h5", "weights.h5")
    )
    network = Changing(first)
    x = np.random.RandomState(0).rand(1, 3, 24, 24).astype("float32")
    before = network(x)
    network.load(last)
    np.testing.assert_array_equal(network(x), build_predictor(last)(x))
    assert (network(x) != before).any()
