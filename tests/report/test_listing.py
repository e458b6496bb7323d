import json

import pytest

from srcnn_theano.experiments import EXPERIMENTS
from srcnn_theano.report.listing import print_experiments, print_rows


def list_line(text, name):
    (line,) = [line for line in text.splitlines() if line.split()[:1] == [name]]
    return line.split()


def notes(text):
    """What is said of marked rows, by their names."""
    return dict(line[2:].split(": ") for line in text.splitlines() if line[:2] == "* ")


def test_list_has_every_figure_in_its_column(runs, capsys):
    print_experiments(runs)
    text = capsys.readouterr().out
    # batch20 is the second: 35.2 + 0.01.
    assert list_line(text, "table1_adam_programmed")[1:] == (
        "Set14 batch20 35.08 35.21 34.21 26.25 50".split()
    )
    assert list_line(text, "table1_sgd_programmed")[1:] == (
        "* Set14 batch20 6.51 35.21 34.21 26.25 3 of 50".split()
    )
    assert list_line(text, "table2_set5_programmed")[1:] == (
        "Set5 batch20 36.5 36.41 35.41 28.75 50".split()
    )
    assert list_line(text, "srcnn_x3")[1:] == (
        "Set5 image 32.39 28.75 26.75 28.75 76".split()
    )
    assert list_line(text, "table1_bn_l2_programmed")[3:] == "14.0 not run 10".split()
    unfinished = list_line(text, "table1_rmsprop_programmed")
    assert unfinished[3:] == "34.05 unfinished 2 of 100".split()
    assert list_line(text, "table1_bn_l2_running")[3:] == "- not run 10".split()
    assert max(map(len, text.splitlines())) <= 132
    assert text.splitlines()[-5:-3] == [
        "Printed figures, rows as programmed: 0 reproduced, 0 near, 0 explained, 0 "
        "open, 25 not run.",
        "Printed figures, rows as described: 0 reproduced, 0 near, 0 explained, 0 "
        "open, 25 not run.",
    ]
    assert notes(text) == {"table1_sgd_programmed": "3 of 50 epochs were run"}


def test_figures_of_another_row_or_training_are_marked(runs, capsys):
    other, folder = runs / "table1_sgd_programmed", runs / "table1_adam_programmed"
    whole = {}
    for name in ("results.json", "experiment.json"):
        whole[name] = (folder / name).read_bytes()
    for name, reason in (
        ("results.json", "its results.json is of table1_sgd_programmed"),
        ("experiment.json", "its experiment.json is of table1_sgd_programmed"),
    ):
        (folder / name).write_bytes((other / name).read_bytes())
        print_experiments(runs)
        text = capsys.readouterr().out
        assert list_line(text, "table1_adam_programmed")[1] == "*"
        assert reason in notes(text)["table1_adam_programmed"]
        (folder / name).write_bytes(whole[name])
    (folder / "experiment.json").write_text("{}")
    print_experiments(runs)
    reason = "its experiment.json is of no row that it names"
    assert notes(capsys.readouterr().out)["table1_adam_programmed"] == reason


def test_list_has_median_range_other_epochs_and_verdict(seeds, capsys):
    print_experiments(seeds)
    text = capsys.readouterr().out
    # 35.0, 35.5 and 35.25 at the best validation; the last epoch has 0.25 more.
    assert list_line(text, "table1_adam_programmed")[1:] == (
        "Set14 batch20 35.08 35.25 35.00-35.50 3 35.50 35.50 34.21 26.25 50 "
        "reproduced".split()
    )
    # Set5 has 1 dB more; the row that measures the network has its seeds.
    assert list_line(text, "table2_set5_programmed")[1:] == (
        "Set5 batch20 36.5 36.25 36.00-36.50 3 36.50 36.50 35.41 28.75 50 "
        "reproduced".split()
    )
    assert list_line(text, "table2_set14_programmed")[-2:] == ["50", "reproduced"]
    # 33.0 is 2.08 dB below the print, near which the row as programmed is.
    assert list_line(text, "table1_adam_described")[-2:] == ["50", "explained"]
    assert list_line(text, "table1_sgd_programmed")[-2:] == ["50", "open"]
    lines = text.splitlines()
    assert "programmed: 3 reproduced, 0 near, 0 explained, 1 open, 21" in lines[-5]
    assert "described: 0 reproduced, 0 near, 3 explained, 0 open, 22" in lines[-4]
    assert lines[-3] == (
        "3 of the 3 reproduced or near rest on a choice that looked at a printed "
        "figure: docs/protocols.md"
    )


def test_a_verdict_that_hangs_on_dead_seeds_says_so(seeds, write_run, capsys):
    """16.9 lies between the seed that died and the others."""
    for best, suffix in ((1.0, ""), (17.75, "-seed1"), (17.5, "-seed2")):
        write_run(seeds, "vgg_last_layer_programmed", 20, best=best, suffix=suffix)
    print_experiments(seeds)
    text = capsys.readouterr().out
    line = list_line(text, "vgg_last_layer_programmed")
    assert line[-4:] == ["reproduced,", "1", "dead", "+"]
    told = "+ vgg_last_layer_programmed: reproduced (1 seed died; without, open)"
    assert told in text.splitlines()
    print_experiments(seeds, as_json=True)
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    of_seeds = rows["vgg_last_layer_programmed"]["seeds"]
    assert (of_seeds["verdict"], of_seeds["of_the_living"]) == ("reproduced", "open")
    # What is of one network alone says of which.
    assert rows["vgg_last_layer_programmed"]["measured"] == {"seed": 0, "epoch": 20}


def test_seeds_of_a_row_with_options_of_its_own_for_the_test(runs, write_run, capsys):
    """It trains nothing, so its seeds are known by their results alone."""
    name = "table1_bn_l2_running"
    for suffix, psnr in (("", 12.25), ("-seed1", 10.0), ("-seed2", 11.5)):
        folder = write_run(runs, name, 10, suffix=suffix)
        results = json.loads((folder / "results.json").read_text())
        results["sub_images"]["Set14"]["ours"]["batch20"] = psnr
        (folder / "results.json").write_text(json.dumps(results))
    print_experiments(runs)
    line = list_line(capsys.readouterr().out, name)
    assert line[1:] == (
        "Set14 batch20 - 11.50 10.00-12.25 3 11.50 34.21 26.25 10".split()
    )


def test_a_figure_of_whole_images_is_not_one_of_minibatches(seeds, write_run, capsys):
    """The histories of networks for pictures hold minibatches, too."""
    write_run(seeds, "srcnn_x2", 76, best=35.0)
    print_experiments(seeds)
    assert list_line(capsys.readouterr().out, "srcnn_x2")[1:] == (
        "Set5 image 36.34 28.75 26.75 28.75 76".split()
    )


def test_list_as_json(seeds, capsys):
    print_experiments(seeds, as_json=True)
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == list(EXPERIMENTS)
    adam = rows["table1_adam_programmed"]
    assert adam["ours"] == pytest.approx(35.21)
    assert adam["bicubic"] == pytest.approx(34.21)
    assert adam["standard"]["bicubic_ssim"] == 0.7031
    assert adam["caveats"] == []
    of_seeds = adam["seeds"]
    assert of_seeds["verdict"] == "reproduced"
    assert of_seeds["best_validation"] == {
        "n": 3,
        "median": 35.25,
        "lowest": 35.0,
        "highest": 35.5,
        "n_dead": 0,
    }
    assert of_seeds["last"]["median"] == of_seeds["best_psnr"]["median"] == 35.5
    assert "ours" not in rows["table1_bn_l2_programmed"]
    assert rows["table1_bn_l2_programmed"]["status"] == "not run"
    assert "seeds" not in rows["srcnn_x3"]


def test_list_has_figures_in_vgg_space(perceptual, capsys):
    print_experiments(perceptual)
    lines = capsys.readouterr().out.splitlines()
    below = {
        line.split()[0]: lines[number + 1].split()
        for number, line in enumerate(lines[:-1])
        if line.startswith("  ")
    }
    # batch100 is the third, 41.02.
    assert below["vgg_mse_programmed"] == (
        "in VGG space Set14 batch100 20.22 41.02".split()
    )
    assert below["vgg_only_programmed"] == "in VGG space Set14 batch100 20.00".split()


def test_vgg_space_over_seeds_and_as_json(perceptual, write_run, capsys):
    for seed, psnr in enumerate((20.5, 19.875, 20.75), start=1):
        name, suffix = "vgg_mse_programmed", f"-seed{seed}"
        folder = write_run(
            perceptual, name, 50, features=True, best=16.5, suffix=suffix
        )
        results = json.loads((folder / "results.json").read_text())
        block = dict.fromkeys(("Set5", "Set14"), {"patch": 1.0, "batch100": psnr})
        figures = {"epoch": 49, "set5": 17.5, "set14": 16.5, "vgg": block}
        results["rule"] = {"best_validation": figures}
        (folder / "results.json").write_text(json.dumps(results))
    print_experiments(perceptual)
    text = capsys.readouterr().out
    line = next(line for line in text.splitlines() if "20.22 " in line)
    assert line.split()[5:] == "20.22 20.50 19.88-20.75 3 41.02 reproduced".split()
    print_experiments(perceptual, as_json=True)
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["vgg_mse_programmed"]["seeds_vgg"]["best_validation"]["n"] == 3
    assert rows["vgg_improved_programmed"]["vgg"] == pytest.approx(41.02)
    assert rows["table1_adam_programmed"]["vgg"] is None


def test_some_rows_are_shown_as_they_stand(runs, capsys):
    print_rows(["table1_adam_programmed", "srcnn_x3", "no row"], runs)
    text = capsys.readouterr().out
    assert list_line(text, "table1_adam_programmed")[4] == "35.21"
    assert list_line(text, "srcnn_x3")[4] == "28.75"
    assert "table2" not in text and text.count("published") == 2
    print_rows(["no row"], runs)
    assert capsys.readouterr().out == ""
