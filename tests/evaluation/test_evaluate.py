"""``srcnn-theano evaluate``, as table and as JSON."""

import json
import os
import shutil

import numpy as np
import pytest

from srcnn_theano.data.cache import prepare_folder
from srcnn_theano.data.images import Picture, read_pixels, write_picture
from srcnn_theano.data.patches import make_pairs
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.evaluate import print_evaluation
from srcnn_theano.evaluation.images import gain_text, gains
from srcnn_theano.evaluation.protocols import make_protocol
from srcnn_theano.evaluation.sub_images import score_network
from srcnn_theano.models import model_for_pairs
from srcnn_theano.weights import save_weights


def test_print_evaluation_as_table_and_as_json(picture, tmp_path, capsys, passing_on):
    weights = tmp_path / "same.h5"
    save_weights(weights, passing_on(1))
    print_evaluation([picture.parent], weights, "standard", 2)
    table = capsys.readouterr().out
    assert "waves.png" in table and "mean" in table and "standard" in table
    print_evaluation([picture.parent], weights, "standard", 2, as_json=True)
    report = json.loads(capsys.readouterr().out)
    scores = report["folders"][str(picture.parent)]
    assert [one["image"] for one in scores] == ["waves.png", "mean"]
    assert "{:8.2f}".format(scores[0]["psnr"]) in table


def test_a_network_trained_for_another_scale_is_told(
    picture, tmp_path, capsys, passing_on
):
    save_weights(tmp_path / "x3.h5", passing_on(1)._replace(about={"scale": 3}))
    print_evaluation([picture.parent], tmp_path / "x3.h5", "standard", 2)
    assert "x3.h5 was trained for scale 3, not 2" in capsys.readouterr().err


def test_a_network_that_makes_no_pictures(picture, tmp_path, passing_on):
    save_weights(tmp_path / "wild.h5", passing_on(3, gain=1e6))
    with pytest.raises(UserError, match="wild.h5: makes no picture of this one: "):
        print_evaluation([picture.parent], tmp_path / "wild.h5", "standard", 2)


def test_a_y_network_has_no_figure_under_course(picture, tmp_path, passing_on):
    weights = tmp_path / "same.h5"
    save_weights(weights, passing_on(1))
    with pytest.raises(UserError, match="compares 3 channels, the network has 1"):
        print_evaluation([picture.parent], weights, "course", 4)


def test_a_network_of_another_scale_is_refused_by_name(picture, tmp_path, repeating):
    weights = tmp_path / "x3.h5"
    save_weights(weights, repeating(1, 3))
    with pytest.raises(UserError, match="x3.h5: enlarges 3 times, not 2.*--scale 3"):
        print_evaluation([picture.parent], weights, "standard", 2)


def test_sub_images_for_a_network_that_upscales(
    picture, tmp_path, capsys, monkeypatch, repeating
):
    """8x8 in, 33x33 out: a network that is told the size."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    weights = repeating(3, 4)
    values = dict(weights.values, **{"deconv.W": np.zeros((3, 3, 9, 9), "float32")})
    options = dict(weights.options, deconv_size=9)
    save_weights(
        tmp_path / "black.h5", weights._replace(options=options, values=values)
    )
    arguments = [picture.parent], tmp_path / "black.h5", "course", 4
    print_evaluation(*arguments, as_json=True)
    scores = json.loads(capsys.readouterr().out)["folders"][str(picture.parent)]
    recipe = make_protocol("course").recipe
    pairs = make_pairs(read_pixels(picture), recipe)
    assert scores["n"] == len(pairs.high_res) == 6
    black, enlarged = (
        np.mean((pairs.high_res / 255.0 - other) ** 2)
        for other in (0, pairs.low_res / 255.0)
    )
    assert scores["ours"]["global"] == pytest.approx(-10 * np.log10(black), abs=1e-3)
    assert scores["bicubic"]["global"] == pytest.approx(
        -10 * np.log10(enlarged), abs=1e-3
    )


def test_statistics_of_minibatches_are_of_those_of_the_row(
    picture, tmp_path, capsys, monkeypatch, passing_on
):
    """As the record of a training has it, and not of a hundred sub-images."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    protocol = make_protocol("programmed")
    pairs = prepare_folder([picture], protocol.recipe)
    simple = passing_on(3)
    options = {**simple.options, "batch_norm": "all", "test_statistics": "batch"}
    model = model_for_pairs("srcnn", options, pairs, np.random.RandomState(0))
    weights = simple._replace(
        options=options, values=model.get_values(), about={"experiment": "tiny"}
    )
    save_weights(tmp_path / "bn.h5", weights)

    def evaluated(**batch_sizes):
        arguments = [picture.parent], tmp_path / "bn.h5", "programmed", 4
        print_evaluation(*arguments, batch_sizes=batch_sizes, as_json=True)
        return json.loads(capsys.readouterr().out)["folders"][str(picture.parent)]

    by_row = score_network(weights, pairs, pairs, protocol, 2)
    assert evaluated(tiny=2) == by_row
    at_once = evaluated(other=2)["ours"]["global"]
    assert abs(at_once - by_row["ours"]["global"]) > 0.01


def scored(folder, weights, capsys, protocol="standard", scale=2):
    """The exit status, the report, and what was said beside it."""

    def no_constant(name):
        raise ValueError(f"{name} is no JSON")

    status = print_evaluation([folder], weights, protocol, scale, as_json=True)
    shown = capsys.readouterr()
    return status, json.loads(shown.out, parse_constant=no_constant), shown.err


def test_images_that_cannot_be_scored_end_nothing(
    picture, tmp_path, capsys, passing_on
):
    weights = tmp_path / "same.h5"
    save_weights(weights, passing_on(1))
    folder = tmp_path / "images"
    folder.mkdir()
    shutil.copy(picture, folder)
    (folder / "a.png").write_bytes(b"no picture")
    write_picture(folder / "tiny.png", Picture(np.zeros((9, 40, 1), "uint8")))
    status, report, said = scored(folder, weights, capsys)
    names = [one["image"] for one in report["folders"][str(folder)]]
    assert (status, names) == (2, ["waves.png", "mean"])
    assert len(report["failed"]) == 2
    assert "a.png: not an image" in said and "tiny.png: 40x9 pixels" in said
    (folder / picture.name).unlink()
    status, report, _ = scored(folder, weights, capsys)
    assert (status, report["folders"]) == (2, {str(folder): []})


def test_sub_images_of_a_folder_with_a_file_that_is_none(
    picture, tmp_path, capsys, monkeypatch, passing_on
):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    weights = tmp_path / "same.h5"
    save_weights(weights, passing_on(3))
    folder = tmp_path / "images"
    folder.mkdir()
    # A name that is no text.
    shutil.copy(picture, folder / os.fsdecode(b"\xff.png"))
    whole = scored(folder, weights, capsys, "course", 4)[1]["folders"]
    (folder / "a.png").write_bytes(b"no picture")
    status, report, said = scored(folder, weights, capsys, "course", 4)
    assert (status, report["folders"]) == (2, whole) and "a.png: not an image" in said
    (folder / os.fsdecode(b"\xff.png")).unlink()
    status, report, _ = scored(folder, weights, capsys, "course", 4)
    assert (status, report["folders"][str(folder)]["n"]) == (2, 0)


def test_a_flat_picture_is_restored_without_error(tmp_path, capsys, passing_on):
    """Its PSNR is infinite, which JSON has no number for."""
    weights, folder = tmp_path / "same.h5", tmp_path / "flat"
    save_weights(weights, passing_on(3))
    folder.mkdir()
    write_picture(folder / "black.png", Picture(np.zeros((40, 40, 3), "uint8")))
    status, report, _ = scored(folder, weights, capsys, "standard-rgb")
    black = report["folders"][str(folder)][0]
    assert (status, black["psnr"], black["bicubic_psnr"]) == (0, "inf", "inf")
    assert [one["gain"] for one in report["folders"][str(folder)]] == [None, None]
    print_evaluation([folder], weights, "standard-rgb", 2)
    table = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in table[-2:]] == ["-", "-"]


def test_a_flat_picture_has_no_part_in_the_mean_gain(picture, tmp_path, capsys):
    for name in ("waves.png", "more.png"):
        shutil.copy(picture, tmp_path / name)
    write_picture(tmp_path / "more.png", Picture(read_pixels(picture)[::-1, :-9]))
    write_picture(tmp_path / "flat.png", Picture(np.zeros((40, 40, 3), "uint8")))
    print_evaluation([tmp_path], None, "standard", 2, as_json=True)
    report = json.loads(capsys.readouterr().out)["folders"][str(tmp_path)]
    scores = {one["image"]: one for one in report}
    assert scores["flat.png"]["psnr"] == scores["mean"]["psnr"] == "inf"
    of_two = []
    for name in ("waves.png", "more.png"):
        one = scores[name]
        of_two.append(one["psnr"] - one["bicubic_psnr"])
        assert one["gain"] == pytest.approx(of_two[-1])
    assert abs(of_two[0]) > 0.01
    assert scores["flat.png"]["gain"] is None
    assert scores["mean"]["gain"] == pytest.approx(sum(of_two) / 2)
    print_evaluation([tmp_path], None, "standard", 2)
    last = capsys.readouterr().out.splitlines()[-1].split()
    assert (last[0], last[-1]) == ("mean", f"{sum(of_two) / 2:+.2f}")


def test_gains():
    inf = float("inf")
    psnr = [(31.0, 30.0), (inf, inf), (inf, 50.0), (29.5, 30.0), (inf, inf)]
    assert gains(psnr) == [1.0, None, inf, -0.5, 0.25]
    assert gains([(inf, inf), (inf, inf)]) == [None, None]
    assert gains([]) == []
    assert [gain_text(gain) for gain in (None, inf, -0.5)] == ["-", "+inf", "-0.50"]
