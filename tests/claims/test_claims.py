"""docs/claims.md says what the records say, and what is counted is right."""

import re
import shutil
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from claims import (
    CLAIMS,
    counting,
    deconvolution,
    elsewhere,
    fsrcnn,
    page,
    parts,
    perceptual,
    plain,
    record,
    srcnn,
    tables,
)
from claims.__main__ import main
from claims.program import CHOICES, blocks
from srcnn_theano.experiments import EXPERIMENTS
from srcnn_theano.runs.plan import rows_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "path, text",
    [
        (page.CLAIMS_PAGE, page.claims_page),
        (page.PROTOCOLS_PAGE, page.protocols_page),
        *(
            (path, partial(parts.made_again, path, made))
            for path, made in elsewhere.PAGES.items()
        ),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_the_pages_are_what_the_records_give(path, text):
    written = path.read_text(encoding="utf-8")
    assert text() == written, "run python -m claims"


def test_every_claim_has_a_verdict_of_the_list_and_a_section_of_the_page():
    assert len(CLAIMS) >= 60
    text = page.claims_page()
    for claim in CLAIMS.values():
        found = claim.finding()
        assert found.verdict in record.VERDICTS
        assert found.evidence.endswith(".") and claim.section in page.ORDER
        assert text.count(f"| {claim.text} |") == 1


@pytest.fixture()
def opened(monkeypatch):
    """The names of rows whose records or networks are opened."""
    names = set()

    def spy(reader):
        def read(path):
            folder = path.stem if path.suffix == ".h5" else path.parent.name
            names.add(re.sub(r"-seed\d+$", "", folder))
            return reader(path)

        return read

    for reader in ("read_json", "read_history", "load_weights"):
        monkeypatch.setattr(record, reader, spy(getattr(record, reader)))
    return names


@pytest.mark.parametrize("name", CLAIMS)
def test_a_claim_names_all_rows_that_its_evidence_reads(name, opened):
    found = CLAIMS[name].finding()
    named = rows_of("all", page.patterns(found.rows)) if found.rows else []
    assert {row.name for row in named} == set(found.rows)
    assert opened <= {row.name for row in named} | {row.trained_by for row in named}
    if not found.measured:  # pictures are measured before
        assert all({row.name, row.trained_by} & opened for row in named)


@pytest.mark.parametrize(
    "name, words",
    [
        ("realtime", "24 pictures a second"),
        ("l2_search", "0, 0.1, 1e-2, 1e-3 and 1e-4"),
        ("as_long", "37.14 dB on Set5"),
        ("captions", "another Table 2"),
        ("cost_of_bicubic", "the enlargement was 0.2 % of that"),
    ],
)
def test_what_the_report_says_in_passing_is_a_claim(name, words):
    assert words in CLAIMS[name].finding().evidence


def test_evidence_is_read_in_one_place():
    for module in (fsrcnn, perceptual, plain, srcnn, tables):
        for reader in ("read_json", "read_history", "load_weights", "Path", "open"):
            assert not hasattr(module, reader), (module, reader)


def test_patterns_fit_these_rows_and_no_other():
    names = [name for name in EXPERIMENTS if name.startswith("table1_adam_")]
    assert page.patterns(names) == ["table1_adam_*"]
    assert page.patterns(["table1_adam_described"]) == ["table1_adam_described"]
    assert page.patterns(["table1_rmsprop_described", "table1_rmsprop_programmed"]) == [
        "table1_rmsprop_described",  # a joker would fit more
        "table1_rmsprop_programmed",
    ]


def test_evidence_can_be_read_from_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(record, "_runs", [])
    row = record.results_dir() / "table1_sgd_programmed-seed3"
    shutil.copytree(row, tmp_path / row.name)
    assert main(["thousandths", "--runs", str(tmp_path)]) == 0
    assert "median of 49 epochs" in capsys.readouterr().out
    assert main(["plateau", "sgd_fails", "--runs", str(tmp_path)]) == 0
    assert "open: Not measured yet: `table1_sgd_described`" in capsys.readouterr().out
    assert main(["--runs", str(tmp_path)]) == 2


def test_every_printed_figure_of_the_tables_is_a_claim():
    texts = " ".join(claim.text for claim in CLAIMS.values())
    for row in EXPERIMENTS.values():
        if row.name.endswith("_programmed"):
            for figure in (row.row.published, row.row.published_vgg):
                if figure is not None:
                    assert re.search(rf"\b{figure:g}0?\b", texts), row.name


# --- Counting, against the papers' own figures ---


def test_weights_are_those_that_the_papers_count():
    # Table 1 of Dong et al. (2016): SRCNN-Ex and FSRCNN (56, 12, 4), one channel.
    wide, fast = counting.srcnn(1, (9, 5, 5)), counting.fsrcnn(1, 3)
    assert counting.n_weights(wide) == 57184
    assert counting.n_weights(fast) == 12464
    ratio = counting.per_pixel(wide) / counting.per_pixel(fast, 3)
    assert ratio == pytest.approx(41.3, abs=0.05)
    assert counting.n_weights(counting.srcnn(1)) == 8032


def test_parameters_of_the_networks_in_the_report():
    assert counting.n_parameters("srcnn", {"channels": 3}) == 20099
    assert counting.n_parameters("fsrcnn", {"channels": 3, "scale": 4}) == 24683


def test_reshaping_leaves_what_a_loop_finds_in_place():
    n_out, n_in, side, right = 4, 3, 3, 0
    for o in range(n_out):
        for i in range(n_in):
            for r in range(side):
                for c in range(side):
                    here = ((o * n_in + i) * side + r) * side + c
                    belongs = ((r * side + c) * n_in + i) * n_out + o
                    right += here == belongs
    assert counting.taps_in_place(n_out, n_in) == right / (9 * n_out * n_in)


def test_a_weight_without_data_vanishes_at_the_rate_of_rmsprop():
    # SGD multiplies by 1 - 2 * decay * rate.
    steps = counting.steps_to_vanish(1.0, 0.1, 0.5, least=1e-3)
    assert steps == int(np.ceil(np.log(1e-3) / np.log(0.9)))
    # RMSProp does not ask how strong the decay is, while it is above its epsilon.
    strong, weak = (
        counting.steps_to_vanish(0.05, 1e-4, decay, rho=0.9, least=1e-3)
        for decay in (1e-2, 1e-4)
    )
    assert strong == weak == pytest.approx(0.05 / 1e-4, rel=0.1)


# --- Verdicts ---


@pytest.mark.parametrize(
    "published, verdict",
    [
        (35.0, "reproduced"),
        (34.9, "reproduced"),
        (36.1, "reproduced"),
        (34.5, "near"),
        (36.5, "near"),
        (34.49, "open"),
        (36.51, "open"),
    ],
)
def test_a_printed_figure_is_judged_by_the_range_of_the_seeds(published, verdict):
    assert record.printed(published, [35.0, 35.5, 36.0], "")[0] == verdict


def test_better_is_each_seed_and_much_better_the_medians_too():
    assert record.better([3.0, 4.0], [1.0, 2.9]) and not record.better([3.0], [3.0])
    assert not record.better([2.0, 9.0], [1.0, 2.5])  # though the median is higher
    assert record.better([1.51], [1.0], record.MUCH)
    assert not record.better([1.5], [1.0], record.MUCH)


@pytest.mark.parametrize(
    "falls, kind",
    [
        ([50] * 10, ""),
        ([50, 20, 5, 2, 0.5, 0, -0.5, 0, 0.9, 0], "stuck"),
        ([50, 20, 5, 2, 0.5, 0, 0, 0, 0.9, 2], ""),  # it has come to rest
        ([5, 0.5, 0.5, 30, 5, 2, 2, 2, 2, 2], "left"),
        ([30, 5, 0.5, 2, 2, 2, 2, 2, 2, 2], ""),
    ],
)
def test_a_plateau_is_judged_by_the_fall_in_each_tenth(falls, kind):
    levels = 100 * np.cumprod(1 - np.array(falls) / 100)
    costs = np.concatenate([[100.0], np.repeat(levels, 10)[1:]])
    assert srcnn._plateau(costs) == kind


def test_rows_overfit_where_training_gains_on_both_sets(monkeypatch):
    # (row, column): rise from the first half of a training to the second
    rises = {
        ("a", "train_psnr"): 2.0,
        ("a", "set5_global"): 1.4,
        ("b", "set5_global"): 1,
    }
    monkeypatch.setattr(
        srcnn,
        "curves",
        lambda *key: np.array([[30.0] * 20 + [30.0 + rises.get(key, 0.0)] * 20]),
    )
    assert srcnn.widening("a") == pytest.approx((0.6, 2.0))
    assert srcnn.overfit("ab") == (
        True,
        "Training gains on Set5 and on Set14, in dB: `a` +0.60 and +2.00, "
        "`b` -1.00 and +0.00.",
    )
    rises["a", "set5_global"] = 1.6
    assert not srcnn.overfit("ab")[0]


def test_the_level_of_sgd_is_told_whatever_the_verdict(monkeypatch):
    for figures in ([6.5], [30.0]):
        monkeypatch.setattr(tables, "by_rule", lambda row, figures=figures: figures)
        assert "untrained networks of 10 seeds" in CLAIMS["sgd"].finding().evidence


def test_median_and_range():
    assert record.spread([36.0, 35.0, 35.5]) == "35.50 dB (35.00 to 36.00, 3 seeds)"
    assert record.spread([36.0]) == "36.00 dB (one seed)"


def test_a_claim_without_records_is_open(monkeypatch, tmp_path):
    monkeypatch.setattr(record, "results_dir", lambda: tmp_path)
    found = CLAIMS["adam"].finding()
    assert found.verdict == "open" and "Not measured yet" in found.evidence
    assert found.rows == ()


# --- Figures that need the images: test_measured.py measures them again ---


def test_a_perfect_output_in_vgg_space_is_told_by_set_and_average():
    """Jensen: the finer the groups, the higher. The page says where 20.55 lies."""
    for row in record.measured()["perfect_in_vgg_space"]:
        for name in ("Set5", "Set14"):
            scores = [
                record.perfect(row, name, how)
                for how in ("patch", "batch20", "batch50", "batch100", "global")
            ]
            assert scores == sorted(scores, reverse=True)
    fsrcnn = record.perfect("fsrcnn_vgg_mse_programmed")
    assert fsrcnn < 20.55 < record.perfect("fsrcnn_vgg_mse_programmed", how="batch50")
    assert f"{fsrcnn:.2f}" in blocks()["perfect"]


def test_readme_has_what_is_measured_of_bicubic_and_what_is_printed():
    readme = " ".join((ROOT / "README.md").read_text(encoding="utf-8").split())
    measured = record.measured()["bicubic"]["as programmed"]
    set5, set14 = (f"{measured[name]['batch20']:.2f}" for name in ("Set5", "Set14"))
    printed = {
        row.measure.test_set: row.row.published
        for name, row in EXPERIMENTS.items()
        if row.row.table == "table2" and name.endswith("_programmed")
    }
    for sentence in (
        f"28.42 dB on Set5 at x4 in the literature and {set5} dB in the report's way "
        "of measuring (",
        f", where the report's best network has {printed['Set5']}. On Set14 bicubic "
        f"has {set14} dB, and the best network {printed['Set14']}.",
    ):
        assert sentence in readme


def test_choices_of_the_program_have_figures_with_digits():
    for choice in CHOICES:
        try:
            figure = choice.figure()
            assert re.search(r"\d", figure)
            # The page says minibatches of 20 where nothing else is said.
            if choice.title in ("VGG16", "Augmentation"):
                assert re.search(r"\(minibatches of (50|100)\)$", figure)
        except record.Missing:
            pass


def test_how_often_the_halfs_rate_fell_is_counted():
    """Each fall is a factor of 0.995, of which a history has the product."""
    (cost,) = [choice for choice in CHOICES if choice.title == "Cost"]
    rates = record.curves("fsrcnn_augmented_programmed", "learning_rate")[:, -1]
    falls = sorted(round(np.log(rate / 5e-4) / np.log(0.995)) for rate in rates)
    assert f"rate fell {falls[0]} to {falls[-1]} times in 100 epochs" in cost.figure()
    assert "867 times larger" in cost.text


# --- The command ---


def test_the_command_prints_a_claim(capsys):
    assert main(["speed"]) == 0
    assert "41.3 times" in capsys.readouterr().out


def test_an_unknown_claim_is_refused(capsys):
    assert main(["fast"]) == 2
    assert "no claim is called 'fast'" in capsys.readouterr().err


# --- Figures in other pages ---


@pytest.mark.parametrize("path", elsewhere.PAGES, ids=lambda path: path.name)
def test_a_typed_figure_is_noticed_and_mended(path, tmp_path):
    """Each figure, and each row of each table, is put right if somebody changes it."""
    text, made = path.read_text(encoding="utf-8"), elsewhere.PAGES[path]
    copy = tmp_path / path.name
    wrong = text
    for name in made.blocks:
        mark = f"<!-- {name} -->\n\n"
        assert mark in wrong
        wrong = wrong.replace(mark, mark + "| 12.34 |\n")
    for words, figures in made.sentences.items():
        others = ["123.45" for _ in figures()]
        wrong = parts._with_figures(wrong, words, others, path)
    assert wrong.count("123.45") >= len(made.sentences)
    copy.write_text(wrong, encoding="utf-8")
    assert parts.made_again(copy, made) == text


def test_a_changed_record_changes_the_page(monkeypatch):
    path = ROOT / "docs" / "deconvolution.md"
    curves = deconvolution.curves
    monkeypatch.setattr(deconvolution, "curves", lambda *names: curves(*names) + 1)
    changed = parts.made_again(path, elsewhere.PAGES[path])
    assert changed != path.read_text(encoding="utf-8")
    assert "passes bicubic for the first time after 9 epochs" in " ".join(
        changed.split()
    )


@pytest.mark.parametrize("text", ["no sentence", "a 1 b a 2 b"])
def test_sentences_are_there_once(text, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(ValueError, match="sentences read 'a {} b'"):
        parts.made_again(page, parts.Parts({}, {"a {} b": lambda: ["1"]}))
    with pytest.raises(ValueError, match="marks of 'x'"):
        parts.made_again(page, parts.Parts({"x": str}, {}))


def test_check_writes_nothing_and_tells_what_differs(tmp_path, monkeypatch, capsys):
    copy = tmp_path / "claims.md"
    copy.write_text("old", encoding="utf-8")
    monkeypatch.setattr(page, "CLAIMS_PAGE", copy)
    monkeypatch.setattr(page, "PROTOCOLS_PAGE", tmp_path / "protocols.md")
    monkeypatch.setattr(page, "PAGES", {})
    monkeypatch.setattr(page, "claims_page", lambda: "new")
    monkeypatch.setattr(page, "protocols_page", lambda: "the same")
    (tmp_path / "protocols.md").write_text("the same", encoding="utf-8")
    assert main(["--check"]) == 1
    assert capsys.readouterr().out == f"{copy}: differs\n"
    assert copy.read_text(encoding="utf-8") == "old"
    assert main([]) == 0 and copy.read_text(encoding="utf-8") == "new"
    assert main(["--check"]) == 0
    assert main(["--check", "--measure"]) == 2
    assert "--check: goes alone" in capsys.readouterr().err
