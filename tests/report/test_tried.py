"""What was tried for a printed figure, from made-up records."""

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
        "table1_adam_later_programmed",
        "grid_adam_first_sorted",
        "grid_adam_later_mixed",
        "grid_adam_mixed_1",
        "grid_adam_mixed_2",
        "grid_adam_he",
        "grid_adam_narrow",
    ]
    halves = tried.tries(rows, figure_of(rows, "fsrcnn_augmented"))
    assert len(halves) == 13
    assert tried.tries(rows, figure_of(rows, "vgg_only")) == []
    # Readings of 14.0, and not the same network with other statistics.
    norms = tried.tries(rows, figure_of(rows, "table1_bn_l2"))
    assert [one.experiment.name for one in norms] == [
        "table1_bn_l2_initial_programmed",
        "grid_bn_hidden",
        "grid_bn_hidden_initial",
    ]


def test_a_longer_row_is_held_against_a_figure_of_fewer_epochs(seeds, write_run):
    """By its history, which has pixels only."""
    write_run(seeds, "grid_half_none_25", 100, best=24.0)
    rows = load_rows(seeds)
    found = tried.tries(rows, figure_of(rows, "fsrcnn_augmented_20"))
    assert [one.experiment.name for one in found] == [
        "grid_half_mirrored_side",
        "grid_half_mirrored_he",
        "grid_half_none_side",
        "grid_half_none_he",
        "grid_half_mirrored_25",
        "grid_half_none_50",
        "grid_half_none_25",
        "grid_half_rotated_50",
        "grid_half_rotated_25",
    ]
    found = found[4:]
    assert found[2].experiment.row.title.endswith("minibatches of 25, 20 epochs")
    history = rows["grid_half_none_25"].seeds[0].history[:20]
    best = min(history, key=lambda epoch: float(epoch["set5_cost"]))
    assert found[2].ours.ours.median == float(best["set14_batch25"])
    assert found[2].ours.printed == 23.34
    pixels, features = (
        [one.experiment.name for one in tried.tries(rows, figure)]
        for figure in (
            figure_of(rows, "vgg_improved_20"),
            figure_of(rows, "vgg_improved_20", "published_vgg"),
        )
    )
    files = ["grid_vgg_improved_file", "grid_vgg_improved_file_rmsprop"]
    assert (pixels, features) == (files, files)
    # Their networks after 20 epochs are not kept, so nothing is told in VGG space.
    (one, _) = tried.tries(rows, figure_of(rows, "vgg_improved_20", "published_vgg"))
    assert (one.ours, one.is_kept) == (None, False)


def test_a_try_is_held_against_the_print_on_its_own_set(missed):
    """Set14 has 35.25, Set5 1 dB more, for which 36.5 is printed."""
    rows = load_rows(missed)
    for stem, median, verdict in (("set14", 35.25, "near"), ("set5", 36.25, "near")):
        found = tried.tries(rows, figure_of(rows, f"table2_{stem}"))
        (grid,) = [t for t in found if t.experiment.name == "grid_adam_first_sorted"]
        assert (grid.ours.ours.median, grid.ours.verdict) == (median, verdict)


def test_the_page_says_how_far_why_and_what_was_tried(missed):
    text = tried.tried_list(load_rows(missed))
    (part,) = [
        p for p in text.split("\n### ") if p.startswith("Adam: 35.08 dB on Set14")
    ]
    assert "37.00 dB (36.75-37.50, 3 seeds); the print lies 1.67 dB below: open" in part
    assert tried.WHY["table1_adam"] in part
    assert "| `grid_adam_first_sorted` | 35.25 | (1) | 0.17 dB below | near |" in part
    assert "| `grid_adam_later_mixed` | not run yet |" in part
    assert "RMSProp" not in text  # not run, so not tried


def test_every_printed_figure_has_a_reason_in_store():
    assert {one.stem for one in printed_figures(load_rows())} == set(tried.WHY)


def test_every_open_figure_has_a_reason_of_its_own():
    """And what it says of the figures is so."""
    rows = load_rows()
    for figure in printed_figures(rows):
        programmed = figure.ours["programmed"]
        if programmed and programmed.verdict == "open":
            assert (figure.stem, figure.field) in tried.OPEN
    for stem in ("table1_adam", "table2_set5", "table2_set14"):
        run = [t.ours for t in tried.tries(rows, figure_of(rows, stem)) if t.ours]
        assert run and all(one.ours.lowest > one.printed for one in run)


def test_an_open_figure_says_what_the_last_epoch_has(missed):
    text = tried.tried_list(load_rows(missed))
    assert f"{tried.OPEN['table1_adam', 'published']} At the last epoch ours is" in text
    assert "At the last epoch ours is 37.25 dB (37.00-37.75)." in text


def test_a_figure_that_nothing_else_was_declared_for_says_so(seeds, write_run):
    write_run(seeds, "vgg_only_programmed", 20, best=15.75)
    text = tried.tried_list(load_rows(seeds))
    assert text.endswith("is not known. Nothing else was tried.")


def test_without_records_there_is_no_list(runs):
    assert tried.tried_list(load_rows(runs)) == "None has been tried."


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


def test_a_dead_seed_explains_nothing(seeds, write_run):
    """11.5 lies between a dead seed and the others of the row that explains it."""
    name, explains = "vgg_only_described", "vgg_only_programmed"
    write_run(seeds, name, 20, best=30.0)
    for best, suffix in ((1.0, ""), (15.5, "-seed1"), (16.0, "-seed2")):
        write_run(seeds, explains, 20, best=best, suffix=suffix)
    rows = load_rows(seeds)
    row = rows[name]
    assert row.experiment.row.explained_by == explains
    assert by_seeds(rows, row).verdict == "explained"  # 15.93
    printed = row.experiment.row._replace(published=11.5)
    row = row._replace(experiment=row.experiment._replace(row=printed))
    assert by_seeds(rows, row).verdict == "open"
