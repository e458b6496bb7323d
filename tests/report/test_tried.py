"""Printed figures that were missed, from made-up records."""

import pytest

from srcnn_theano.report import tried
from srcnn_theano.report.facts import printed_figures
from srcnn_theano.report.figures import printed_table
from srcnn_theano.report.rows import load_rows
from srcnn_theano.report.verdicts import by_seeds


def figure_of(rows, stem, field="published"):
    (one,) = [f for f in printed_figures(rows) if (f.stem, f.field) == (stem, field)]
    return one


@pytest.fixture
def missed(seeds, write_run):
    """Adam as programmed has missed its print, and a row of the grid is near it."""
    for seed, best in enumerate((37.0, 37.5, 36.75)):
        folder = seeds / f"table1_adam_programmed{f'-seed{seed}' if seed else ''}"
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()
        write_run(
            seeds, "table1_adam_programmed", 50, best=best, suffix=folder.name[22:]
        )
    write_run(seeds, "grid_adam_first_sorted", 50, best=35.25)
    return seeds


def test_what_was_tried_are_the_rows_with_the_same_print(missed):
    rows = load_rows(missed)
    names = [
        one.experiment.name for one in tried.tries(rows, figure_of(rows, "table1_adam"))
    ]
    assert names == [
        "table1_adam_described",
        "table1_adam_later_programmed",
        "grid_adam_first_sorted",
        "grid_adam_later_mixed",
    ]
    halves = tried.tries(rows, figure_of(rows, "fsrcnn_augmented"))
    assert len(halves) == 9
    # Two readings of 14.0, and not the same network with other statistics.
    norms = tried.tries(rows, figure_of(rows, "table1_bn_l2"))
    assert [one.experiment.name for one in norms] == [
        "table1_bn_l2_described",
        "table1_bn_l2_initial_programmed",
    ]


def test_a_try_is_held_against_the_print_on_its_own_set(missed):
    """Set14 has 35.25, Set5 1 dB more, for which 36.5 is printed."""
    rows = load_rows(missed)
    for stem, median, verdict in (("set14", 35.25, "near"), ("set5", 36.25, "near")):
        found = tried.tries(rows, figure_of(rows, f"table2_{stem}"))
        (grid,) = [t for t in found if t.experiment.name == "grid_adam_first_sorted"]
        assert (grid.ours.ours.median, grid.ours.verdict) == (median, verdict)


def test_the_page_says_how_far_why_and_what_was_tried(missed):
    text = tried.open_list(load_rows(missed))
    (part,) = [
        p for p in text.split("\n### ") if p.startswith("Adam: 35.08 dB on Set14")
    ]
    assert "37.00 dB (36.75-37.50, 3 seeds); the print lies 1.67 dB below: open" in part
    assert tried.WHY["table1_adam"] in part
    assert "| `grid_adam_first_sorted` | 35.25 | (1) | 0.17 dB below | near |" in part
    assert "| `grid_adam_later_mixed` | not run yet |" in part
    assert "RMSProp" not in text  # not run, so not missed


def test_every_printed_figure_has_a_reason_in_store():
    assert {one.stem for one in printed_figures(load_rows())} == set(tried.WHY)


def test_without_an_open_figure_there_is_no_list(runs):
    assert tried.open_list(load_rows(runs)) == "None is open."


def test_a_dead_seed_is_told_beside_the_verdict(seeds, write_run):
    """It counts: the range reaches down to it, and so does the verdict by rule."""
    for best, suffix in ((1.0, ""), (15.5, "-seed1"), (16.0, "-seed2")):
        write_run(seeds, "vgg_only_programmed", 20, best=best, suffix=suffix)
    rows = load_rows(seeds)
    of_row = by_seeds(rows, rows["vgg_only_programmed"])
    assert (of_row.ours.n, of_row.ours.n_dead) == (3, 1)
    assert of_row.in_words == "reproduced (1 seed died; so without)"
    assert "1.00-16.00 (3) | reproduced (1 seed died; so without)" in printed_table(
        rows
    )
    write_run(seeds, "vgg_last_layer_programmed", 20, best=1.0)
    for best, suffix in ((17.75, "-seed1"), (17.5, "-seed2")):
        write_run(seeds, "vgg_last_layer_programmed", 20, best=best, suffix=suffix)
    rows = load_rows(seeds)
    of_row = by_seeds(rows, rows["vgg_last_layer_programmed"])
    assert of_row.verdict == "reproduced" and of_row.of_the_living == "open"
