import json

import pytest

from srcnn_theano.experiments import EXPERIMENTS
from srcnn_theano.report.listing import print_experiments


def list_line(text, name):
    (line,) = [line for line in text.splitlines() if line.split()[:1] == [name]]
    return line.split()


def notes(text):
    """What is said of marked rows, by their names."""
    return dict(line[2:].split(": ") for line in text.splitlines() if line[:2] == "* ")


def test_list_has_every_figure_in_its_column(runs, capsys):
    print_experiments(runs)
    text = capsys.readouterr().out
    assert list_line(text, "table1_adam")[1:] == (
        "course x4 Set14 patch 35.08 35.20 34.20 26.25 24.25 40".split()
    )
    # batch100 is the third: 35.2 + 0.02.
    assert list_line(text, "table1_sgd")[1:] == (
        "* course x4 Set14 batch100 6.51 35.22 34.22 26.25 24.25 3 of 20".split()
    )
    assert list_line(text, "table2_set5")[1:] == (
        "course x4 Set5 patch 36.5 36.40 35.40 28.75 26.75 40".split()
    )
    assert list_line(text, "srcnn_x3")[1:] == (
        "standard x3 Set5 image 32.39 28.75 26.75 28.75 26.75 250".split()
    )
    assert list_line(text, "table1_bn_l2")[5:] == "14.0 not run 10".split()
    assert list_line(text, "table1_rmsprop")[5:] == "34.05 unfinished 2 of 40".split()
    assert list_line(text, "table1_sgd_unclipped")[5:] == "- not run 20".split()
    assert max(map(len, text.splitlines())) <= 130
    assert notes(text) == {"table1_sgd": "3 of 20 epochs were run"}


def test_figures_of_another_row_or_training_are_marked(runs, capsys):
    other, folder = runs / "table1_sgd", runs / "table1_adam"
    whole = {}
    for name in ("results.json", "experiment.json"):
        whole[name] = (folder / name).read_bytes()
    for name, reason in (
        ("results.json", "its results.json is of table1_sgd"),
        ("experiment.json", "its experiment.json is of table1_sgd"),
    ):
        (folder / name).write_bytes((other / name).read_bytes())
        print_experiments(runs)
        text = capsys.readouterr().out
        assert list_line(text, "table1_adam")[1] == "*"
        assert reason in notes(text)["table1_adam"]
        (folder / name).write_bytes(whole[name])
    (folder / "experiment.json").write_text("{}")
    print_experiments(runs)
    reason = "its experiment.json is of no row that it names"
    assert notes(capsys.readouterr().out)["table1_adam"] == reason


def test_list_as_json(runs, capsys):
    print_experiments(runs, as_json=True)
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == list(EXPERIMENTS)
    assert rows["table1_adam"]["ours"] == pytest.approx(35.2)
    assert rows["table1_adam"]["bicubic"] == pytest.approx(34.2)
    assert rows["table1_adam"]["standard"]["bicubic_ssim"] == 0.7031
    assert rows["table1_adam"]["caveats"] == []
    assert rows["table1_sgd"]["caveats"] == ["3 of 20 epochs were run"]
    assert "ours" not in rows["table1_bn_l2"]
    assert rows["table1_bn_l2"]["status"] == "not run"


FSRCNN_VGG_EPOCHS = EXPERIMENTS["fsrcnn_vgg"].measure.n_epochs


def test_list_has_figures_in_vgg_space(perceptual, capsys):
    print_experiments(perceptual)
    text = capsys.readouterr().out
    # batch100 is the third, 41.02; the older figures add 128 maps up: 21.07 dB less.
    assert list_line(text, "vgg_mse")[1:] == (
        "course-initial x4 Set14 batch100 16.77 35.22 34.22 20.22 19.95 50".split()
    )
    assert list_line(text, "vgg_improved")[1:] == (
        "course x4 Set14 batch100 34.23 35.22 34.22 46.75 41.02 40".split()
    )
    assert list_line(text, "fsrcnn_vgg")[1:] == (
        "course x4 Set14 batch100 - 35.22 34.22 20.49 19.95".split()
        + [str(FSRCNN_VGG_EPOCHS)]
    )
    assert list_line(text, "vgg_only")[5:] == "15.93 not run 20.00 20".split()
    assert list_line(text, "fsrcnn_mse")[5:] == "31.75 not run - 100".split()
    assert max(map(len, text.splitlines())) <= 130
    headings = [line.split()[-3:] for line in text.splitlines() if "under its" in line]
    assert [" ".join(words) for words in headings] == [
        "protocol under standard",
        "in VGG space",
        "protocol under standard",
    ]


def test_list_as_json_has_figures_in_vgg_space(perceptual, capsys):
    print_experiments(perceptual, as_json=True)
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["vgg_mse"]["published_vgg"] == 20.22
    assert rows["vgg_mse"]["vgg"] == pytest.approx(41.02 - 21.0721, abs=1e-4)
    assert rows["vgg_improved"]["vgg"] == pytest.approx(41.02)
    assert rows["table1_adam"]["vgg"] is None
