"""Tables of the documents, from made-up records."""

import json

from srcnn_theano.experiments import EXPERIMENTS
from srcnn_theano.experiments.slips import SLIPS
from srcnn_theano.report.facts import sentences
from srcnn_theano.report.figures import counts_sentence, printed_table, slips_table
from srcnn_theano.report.looked import LOOKED, close_in_words, looked_table, resting
from srcnn_theano.report.rows import load_rows


def cells(table, start):
    (line,) = [part for part in table.splitlines() if part.startswith(f"| {start} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_table_of_printed_figures_has_both_kinds_beside_each_other(seeds):
    table = printed_table(load_rows(seeds))
    assert cells(table, "Adam") == [
        *("Adam", "`table1_adam_...`", "Set14", "35.08"),
        *("**35.25**", "35.00-35.50 (3)", "reproduced"),
        *("**33.00**", "(1)", "explained"),
    ]
    not_run = ["not run", "", ""]
    assert cells(table, "RMSProp")[3:] == ["34.05", *not_run, *not_run]
    assert sum("reproduced" in line for line in table.splitlines()) == 3


def test_the_sentence_of_counts(seeds):
    text = " ".join(counts_sentence(load_rows(seeds)).split())
    assert text == (
        "Of the report's 25 printed PSNR figures, made again as its program made them: "
        "**3 reproduced, 0 near, 0 explained, 1 open, 21 not run**. **3 of the 3 "
        "reproduced or near rest on a choice that looked at a printed figure.** As its "
        "words describe them, done right: 0 reproduced, 0 near, 3 explained, 0 open, "
        "22 not run."
    )


def test_figures_that_rest_on_a_choice_that_looked_are_counted(seeds, write_run):
    write_run(seeds, "fsrcnn_relu_programmed", 100, best=31.5)
    write_run(seeds, "table1_bn_l2_programmed", 10, best=20.0)
    rows = load_rows(seeds)
    assert [tuple(resting(rows, [one])) for one in LOOKED] == [
        (6, 3),
        (1, 0),
        (12, 0),
        (2, 0),
    ]
    assert close_in_words(rows).startswith("3 of the 4 reproduced or near rest")
    assert cells(looked_table(rows), "none of these") == ["none of these", "", "4", "1"]


def test_the_choices_that_looked_have_all_rows_with_them():
    """By their settings: no row has such a choice and is not listed."""
    first, normalized, vgg, fsrcnn_vgg = (set(one.stems) for one in LOOKED)
    for name, row in load_rows().items():
        training, stem = row.experiment.training, name[: -len("_programmed")]
        if stem + "_described" not in EXPERIMENTS or not name.endswith("_programmed"):
            continue
        assert (stem in first) == (training.window == "top-left"), name
        assert (stem in normalized) == ("batch_norm" in training.options), name
        with_vgg = bool(training.vgg_weight)
        assert (stem in vgg) == (with_vgg and training.model == "srcnn"), name
        assert (stem in fsrcnn_vgg) == (with_vgg and training.model != "srcnn"), name


def test_a_slip_is_worth_the_difference_over_the_seeds_of_both(seeds, write_run):
    write_run(seeds, "slip_sorted", 50, best=33.5)
    write_run(seeds, "slip_sorted", 50, best=34.75, suffix="-seed1")
    table = slips_table(load_rows(seeds))
    title = next(s.row.row.title for s in SLIPS if s.row.name == "slip_sorted")
    assert cells(table, title)[1:] == [
        "Set14, `batch20`",
        "33.00 (1 seed)",
        "33.50 (1 seed)",
        "**+0.50**",
        "33.00 (1 seed)",
        "`srcnn-theano train slip_sorted`",
    ]
    write_run(seeds, "table1_adam_described", 50, best=33.5, suffix="-seed1")
    write_run(seeds, "table1_adam_described", 50, best=31.0, suffix="-seed2")
    assert cells(slips_table(load_rows(seeds)), title)[2:6] == [
        "33.25 (33.00-33.50, 2 seeds)",
        "34.12 (33.50-34.75, 2 seeds)",
        "**+0.88**",
        "33.00 (31.00-33.50, 3 seeds)",
    ]
    title = next(s.row.row.title for s in SLIPS if s.row.name == "slip_one_bias")
    assert cells(table, title)[2:5] == ["not run", "not run", ""]


def test_a_mean_of_decibels_is_of_the_same_networks(seeds):
    path = seeds / "table1_adam_described" / "results.json"
    results = json.loads(path.read_text())
    scores = {"patch": 35.0, "batch20": 33.0, "global": 31.5}
    figures = {"epoch": 49, "set5": 34.0, "set14": 33.0}
    figures["sub_images"] = {"set5": scores, "set14": scores}
    results["rule"] = {"best_validation": figures}
    path.write_text(json.dumps(results))
    table = slips_table(load_rows(seeds))
    title = "A mean of decibels over minibatches, not of errors"
    assert cells(table, title)[2:5] == ["31.50 (1 seed)", "33.00 (1 seed)", "**+1.50**"]


def test_the_three_sentences_have_the_figures_of_the_records(seeds, write_run):
    assert len(sentences(load_rows(seeds))) == 2  # FSRCNN has not been trained
    write_run(seeds, "fsrcnn_x3", 134)
    measure, program, networks = sentences(load_rows(seeds))
    # Bicubic in minibatches of 20 of Set5, and on whole images of Set5.
    assert "**35.41 dB** on Set5" in measure
    assert "**26.75 dB** in everybody else's: 8.66 dB" in measure
    assert "**3 of 4** printed figures" in program
    assert "our trainings, 3 of them by a choice that looked at the print" in program
    assert "**0 of 3** that have been run" in program
    assert "**28.75 dB**. Without a network it is 26.75 dB" in networks
