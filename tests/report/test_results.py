"""Tables of docs/results.md, against the records that they are made of."""

import json
from pathlib import Path

import pytest

from srcnn_theano.experiments import EXPERIMENTS, TABLES
from srcnn_theano.report import results
from srcnn_theano.report.facts import printed_figures
from srcnn_theano.report.rows import load_rows
from srcnn_theano.shipped import results_dir
from srcnn_theano.training.history import read_history

STEPS = "iteration"  # the column with the number of steps so far


@pytest.fixture(scope="module")
def rows():
    return load_rows()


def recorded(name):
    return json.loads((results_dir() / name / "results.json").read_text())


def cells(table, name):
    """The cells of the row of that name, without asterisks."""
    (line,) = [line for line in table.splitlines() if f"`{name}`" in line]
    return [cell.strip().replace("*", "") for cell in line.split("|")[1:-1]]


def test_upsampling_by_epochs(rows):
    table = results.deconvolution_table(rows)
    assert "20 epochs | 50 epochs | 100 epochs | 200 epochs" in table
    own = recorded("fsrcnn_full_border_50")
    batch20 = own["sub_images"]["set14" if "set14" in own["sub_images"] else "Set14"]
    standard = own["images"]["standard"]["scores"]["Set14"][-1]["psnr"]
    expected = f"{batch20['ours']['batch20']:.2f} / {standard:.2f}"
    assert cells(table, "fsrcnn_full_border")[3] == expected
    assert cells(table, "fsrcnn_gradinputs")[0] == "Deconvolution by gradInputs"


def test_rows_without_printed_figures(rows):
    own = recorded("fsrcnn_rmsprop")["sub_images"]["Set14"]["ours"]["batch20"]
    line = cells(results.words_table(rows), "fsrcnn_rmsprop")
    assert line[2] == f"{own:.2f}" and line[4].count(" to ") == 1


def test_networks_for_pictures(rows):
    scores = recorded("fsrcnn_x2")["images"]["standard"]["scores"]["Set14"][-1]
    table = results.pictures_table(rows)
    assert f"**{scores['psnr']:.2f} / {scores['ssim']:.4f}".replace("0.", ".", 1) in (
        table.replace("0.", ".")
    )
    assert "(32.63) |" in table.splitlines()[2]  # as Dong et al. print it
    larger = recorded("fsrcnn_large_x4")["images"]["standard"]["scores"]["Set14"][-1]
    assert f"**{larger['psnr']:.2f}" in table.splitlines()[-1].split("|")[-2]


def test_how_much_better_the_larger_network_is():
    page = Path(__file__).resolve().parents[2] / "docs" / "enlarging.md"
    assert "better by less than half a decibel" in page.read_text(encoding="utf-8")
    gains = []
    for scale in (2, 3, 4):
        larger, plain = (
            recorded(f"{name}_x{scale}")["images"]["standard"]["scores"]
            for name in ("fsrcnn_large", "fsrcnn")
        )
        for of in larger:
            gains.append(larger[of][-1]["psnr"] - plain[of][-1]["psnr"])
    assert min(gains) > 0 and 0.3 < max(gains) < 0.5


def page_in_a_line():
    page = Path(__file__).resolve().parents[2] / "docs" / "results.md"
    return " ".join(page.read_text(encoding="utf-8").split())


def test_what_is_told_of_deconvolution_in_words_is_so():
    def lead(name):
        scores = recorded(name)["sub_images"]["Set14"]
        return scores["ours"]["batch20"] - scores["bicubic"]["batch20"]

    assert (
        "With a stride of 4 and a narrow start it passes bicubic within 20, and the "
        "naive full border, which costs more, stays far behind it, also after 200."
    ) in page_in_a_line()
    assert lead("fsrcnn_gradinputs_20") > 0 and lead("fsrcnn_full_border") < -1
    assert "with a stride of 2 and a wide start, that is so" in page_in_a_line()
    assert lead("grid_gradinputs") < -5


def test_lengths_of_trainings_are_those_of_the_rows():
    assert (
        "All were trained on T91, in steps of 8 sub-images without padding, by SOAP: "
        "SRCNN for some 250,000 steps, FSRCNN for some 400,000, the larger one for "
        "some 80,000."
    ) in page_in_a_line()
    for model, n_steps in (("srcnn", 250), ("fsrcnn", 400), ("fsrcnn_large", 83)):
        for scale in (2, 3, 4):
            name = f"{model}_x{scale}"
            history = read_history(results_dir() / name / "history.csv")
            assert abs(int(history[-1][STEPS]) / 1000 - n_steps) < n_steps / 10
            training = EXPERIMENTS[name].training
            decayed = "" if model == "srcnn" else "_decoupled"
            assert (training.batch_size, training.update) == (8, f"soap{decayed}")


def test_a_network_that_is_not_there_is_told(rows):
    row = rows["fsrcnn_x4"]._replace(results=None, history=[])
    table = results.pictures_table({**rows, "fsrcnn_x4": row})
    assert "not run" in table.splitlines()[-1]


def test_hours_are_those_of_the_histories(rows):
    done = [
        row
        for row in rows.values()
        if row.experiment.trains
        and row.experiment.row.table == "fsrcnn-layers"
        and row.status == "done"
    ]
    hours = sum(float(epoch["seconds"]) for row in done for epoch in row.history) / 3600
    told = results.durations(rows)["fsrcnn-layers"]
    assert told[0] == len(done) and told[1] == pytest.approx(hours)
    line = f"reproduce fsrcnn-layers` | {len(done)} of {told[2]} | {hours:.1f} | cpu |"
    assert line in results.durations_table(rows)
    all_hours = sum(part[1] for part in results.durations(rows).values())
    # What `reproduce all` leaves out is what --anew takes these hours for.
    n_done, n_planned = (
        sum(part[i] for part in results.durations(rows).values()) for i in (0, 2)
    )
    _, lacks, anew, _ = results.commands_block(rows).splitlines()
    assert lacks.endswith(
        f"the {n_planned - n_done} of {n_planned} trainings that results/ lacks"
    )
    assert "--anew" in anew
    assert anew.endswith(f"the {n_done} that were timed took {all_hours:.0f} hours")


def test_records_without_threads_and_onednn_are_those_that_the_page_names(rows):
    page = Path(__file__).resolve().parents[2] / "results" / "README.md"
    text = page.read_text(encoding="utf-8")
    told = text[text.index("The trainings of the tables") :].split(" are of an")[0]
    lacking = {
        row.experiment.row.table
        for row in rows.values()
        if row.record and not {"threads", "onednn"} <= set(row.record)
    }
    assert lacking == {name for name in TABLES if f"`{name}`" in told}


def test_rows_with_their_last_epoch_in_vgg_space_are_those_that_the_page_names(rows):
    page = Path(__file__).resolve().parents[2] / "docs" / "results.md"
    text = page.read_text(encoding="utf-8")
    told = text[text.index("In VGG space a row that") :].split("\n\n")[0]
    for figure in printed_figures(rows):
        for kind, ours in figure.ours.items():
            if figure.field == "published_vgg" and ours:
                named = {f"`{figure.stem}_...`", f"`{figure.stem}_{kind}`"}
                is_last = "best_validation" not in ours.spreads
                assert is_last == any(name in told for name in named), figure.stem
