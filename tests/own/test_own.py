"""A network trained on a folder of pictures."""

import json
import shlex
import shutil

import numpy as np
import pytest
from PIL import Image

from srcnn_theano import cli
from srcnn_theano.data.patches import make_recipe
from srcnn_theano.own import pictures
from srcnn_theano.own.comparison import _worst
from srcnn_theano.own.pictures import cut, split
from srcnn_theano.weights import load_weights

RECIPE = make_recipe("standard", 2)._replace(enlarged=False, size=24, stride=12)


def smooth(rows, cols, seed):
    """A picture of random waves."""
    rng = np.random.RandomState(seed)
    y, x = np.mgrid[:rows, :cols] / 10
    waves = [np.sin(a * x + b * y + c) for a, b, c in rng.uniform(-2, 2, (6, 3))]
    colours = [waves[0] + waves[i] for i in (1, 2, 3)]
    return np.uint8(127 + 30 * np.stack(colours, axis=2))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photos")
    for number in range(4):
        image = Image.fromarray(smooth(90, 110, number))
        (image.convert("L") if number == 1 else image).save(
            str(folder / f"{number}.png")
        )
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    Image.new("RGB", (40, 300)).save(str(folder / "narrow.png"))
    return folder


def train(folder, runs, *more):
    words = ["train", "--pictures", str(folder), "--scale", "2", "--runs", str(runs)]
    return cli.main([*words, *more])


@pytest.fixture(scope="module")
def trained(folder, tmp_path_factory):
    runs = tmp_path_factory.mktemp("runs")
    assert train(folder, runs, "--epochs", "2") == 0
    return runs / f"fsrcnn_x2_{folder.name}"


def test_all_is_left_in_the_run_folder(trained):
    files = {path.name for path in trained.iterdir()} - {".lock"}
    assert files == {
        "checkpoint.h5",
        "comparison.png",
        "curve.svg",
        "history.csv",
        "results.json",
        "training.json",
        "weights.h5",
    }
    results = json.loads((trained / "results.json").read_text())
    assert [score["image"] for score in results["scores"]] == ["2.png", "mean"]
    history = (trained / "history.csv").read_text().splitlines()
    last = dict(zip(history[0].split(","), history[-1].split(",")))
    # What is printed while it learns is what the network is judged by at the end.
    assert len(history) == 3
    psnr = results["scores"][-1]["psnr"]
    assert float(last["validation_psnr"]) == pytest.approx(psnr, abs=1e-4)
    with Image.open(str(trained / "comparison.png")) as image:
        assert image.size == (1200, 330)


def test_the_network_enlarges_and_is_scored_elsewhere(
    trained, folder, tmp_path, capsys
):
    weights = str(trained / "weights.h5")
    assert load_weights(weights).about["scale"] == 2
    out = tmp_path / "larger.png"
    words = ["upscale", str(folder / "0.png"), "--scale", "2", "--weights", weights]
    assert cli.main([*words, "--out", str(out)]) == 0
    with Image.open(str(out)) as image:
        assert image.size == (220, 180)
    alone = tmp_path / "judged"
    alone.mkdir()
    (alone / "2.png").write_bytes((folder / "2.png").read_bytes())
    capsys.readouterr()
    words = ["evaluate", str(alone), "--scale", "2", "--weights", weights, "--json"]
    assert cli.main(words) == 0
    score = json.loads(capsys.readouterr().out)["folders"][str(alone)][0]
    results = json.loads((trained / "results.json").read_text())["scores"][0]
    assert score["psnr"] == pytest.approx(results["psnr"], abs=1e-4)
    assert score["bicubic_psnr"] == pytest.approx(results["bicubic_psnr"])
    words = ["evaluate", str(alone), "--scale", "2", "--json"]
    assert cli.main(words) == 0
    score = json.loads(capsys.readouterr().out)["folders"][str(alone)][0]
    assert score["psnr"] == pytest.approx(results["shipped_psnr"], abs=1e-4)


def test_a_run_is_not_begun_over_and_goes_on_if_asked(trained, folder, capsys):
    runs = trained.parent
    assert train(folder, runs, "--epochs", "2") == 2
    assert "use --resume" in capsys.readouterr().err
    before = load_weights(trained / "weights.h5").values
    assert train(folder, runs, "--epochs", "2", "--resume") == 0
    after = load_weights(trained / "weights.h5").values
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_resume_says_what_differs(trained, folder, tmp_path, capsys):
    runs, facts = trained.parent, (trained / "training.json").read_bytes()
    # Another length has another cosine.
    assert train(folder, runs, "--epochs", "3", "--resume") == 2
    assert "is of --epochs 2 and not 3; --resume" in capsys.readouterr().err
    assert train(folder, runs, "--epochs", "2", "--seed", "1", "--resume") == 2
    assert "is of --seed 0 and not 1; --resume" in capsys.readouterr().err
    other = tmp_path / folder.name
    shutil.copytree(str(folder), str(other))
    (other / "0.png").rename(other / "9.png")
    Image.fromarray(smooth(90, 110, 5)).save(str(other / "1.png"))
    assert train(other, runs, "--epochs", "2", "--resume") == 2
    told = "is of other pictures (1 added, 1 gone, 1 changed since); --resume"
    assert told in capsys.readouterr().err
    # A run of before, of which nothing but the checkpoint tells.
    (trained / "training.json").unlink()
    assert train(folder, runs, "--epochs", "3", "--resume") == 2
    assert "other settings" in capsys.readouterr().err
    assert not (trained / "training.json").exists()
    (trained / "training.json").write_bytes(facts)


def test_the_command_at_the_end_can_be_pasted(folder, tmp_path, capsys):
    runs = tmp_path / "my runs; ä"
    assert train(folder, runs, "--epochs", "1") == 0
    words = shlex.split(capsys.readouterr().out.splitlines()[-1])
    weights = runs / f"fsrcnn_x2_{folder.name}" / "weights.h5"
    assert words[words.index("--weights") + 1] == str(weights)


def test_what_networks_have_drawn_is_not_learned_from(folder, tmp_path, capsys):
    """The runs in the folder, those of before, and results of `upscale`."""
    photos = tmp_path / "photos"
    shutil.copytree(str(folder), str(photos))
    expected = [path.name for part in split(photos, 2) for path in part]
    for place in ("runs/fsrcnn_x2_a", "other/fsrcnn_x2_a", "fsrcnn_x3_a", "holidays"):
        (photos / place).mkdir(parents=True)
        drawn = Image.fromarray(smooth(90, 110, 4))
        drawn.save(str(photos / place / "comparison.png"))
        if place != "runs/fsrcnn_x2_a" and place != "holidays":
            (photos / place / "history.csv").write_text("epoch\n")
    words = ["upscale", str(photos / "0.png"), "--scale", "2"]
    assert cli.main([*words, "--out", str(photos / "larger")]) == 0
    assert cli.main([*words, "--out", str(photos), "--suffix", "_x2"]) == 0
    parts = split(photos, 2, photos / "runs")
    names = [path.name for part in parts for path in part]
    assert sorted(names) == sorted([*expected, "comparison.png"])
    assert (photos / "0_x2.png").exists() and (photos / "larger" / "0.png").exists()


def test_a_strip_gives_squares_of_all_of_it():
    strip = smooth(64, 3000, 0)
    rng = np.random.RandomState(0)
    pieces = list(pictures._pieces(strip, (1.0,), rng))
    assert sum(piece.size for piece in pieces) >= strip.size


@pytest.mark.parametrize(
    "words, message",
    [
        ("--pictures {folder}", "--scale: is missing; with --pictures, say"),
        ("--pictures {folder} --scale 5", "2, 3 or 4"),
        ("--pictures {folder} --scale 2 --model vdsr", "fsrcnn"),
        ("--pictures {empty} --scale 2", "no images in this folder"),
        ("--pictures {empty}/none --scale 2", "no such folder"),
        (
            "table1_adam_described --pictures {folder} --scale 2",
            "leave out the experiment",
        ),
        ("--pictures {folder} --scale 2 --data {empty}", "all other options"),
        ("--pictures {folder} --scale 4", "0 of its pictures can be used"),
        ("--scale 2", "name an experiment"),
        ("table1_adam_described --scale 2", "--pictures"),
    ],
)
def test_errors(folder, tmp_path, capsys, words, message):
    (tmp_path / "empty").mkdir()
    filled = words.format(folder=folder, empty=tmp_path / "empty").split()
    assert cli.main(["train", *filled, "--runs", str(tmp_path / "runs")]) == 2
    assert message in capsys.readouterr().err
    assert not list(tmp_path.glob("runs/*"))


def test_the_split(folder, capsys):
    parts = split(folder, 2)
    assert [path.name for path in parts.train] == ["0.png", "1.png", "3.png"]
    assert [path.name for path in parts.validation] == ["2.png"]
    warnings = capsys.readouterr().err
    assert "broken.jpg" in warnings and "narrow.png: 40x300" in warnings


def test_copies_are_neither_learned_from_nor_judged_by(folder, tmp_path, capsys):
    photos = tmp_path / "photos"
    shutil.copytree(str(folder), str(photos))
    shutil.copy(str(photos / "2.png"), str(photos / "2 (copy).png"))
    parts = split(photos, 2)
    names = ["0.png", "1.png", "2 (copy).png", "3.png"]
    assert sorted(path.name for part in parts for path in part) == names
    assert f"{photos}: passed over 1 copy of other" in capsys.readouterr().err
    # By their pixels: here without loss in another format.
    Image.open(str(photos / "3.png")).save(str(photos / "4.bmp"))
    parts = split(photos, 2)
    assert sorted(path.name for part in parts for path in part) == names
    assert f"{photos}: passed over 2 copies of other" in capsys.readouterr().err


def test_large_pictures_give_their_share_and_no_more(tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "SQUARE", 60)
    monkeypatch.setattr(pictures, "MOST_PAIRS", 30)
    paths = [tmp_path / f"{n}.png" for n in range(2)]
    for path, size in zip(paths, (100, 400)):
        Image.fromarray(smooth(size, size, size)).save(str(path))
    pairs = cut(paths, RECIPE, 0)
    assert pairs.high_res.shape == (30, 1, 24, 24)
    assert pairs.low_res.shape == (30, 1, 12, 12)
    np.testing.assert_array_equal(pairs.low_res, cut(paths, RECIPE, 0).low_res)
    assert (pairs.low_res != cut(paths, RECIPE, 1).low_res).any()


def test_the_detail_shown_is_where_bicubic_is_furthest_off():
    original = np.zeros((300, 200, 3), "uint8")
    other = original.copy()
    other[150:246, 60:156] = 9
    assert _worst(original, other) == (150, 60)
