"""Whole commands side by side, with small pictures and commands that only copy."""

import json
import sys
from types import SimpleNamespace

import numpy as np

from benchmarks import enlarging
from srcnn_theano.data.images import Picture, write_picture
from srcnn_theano.weights import shipped_models

_COPY = "import shutil, sys; shutil.copy(sys.argv[1], sys.argv[2])"


def small_files(folder):
    files = {name: folder / name for name in ("a.png", "b.jpg")}
    for path in files.values():
        write_picture(path, Picture(np.zeros((8, 9, 3), "uint8")))
    return files


def test_networks_side_by_side_are_those_that_are_shipped(tmp_path):
    options = SimpleNamespace(networks=True)
    commands = enlarging.sides(options, tmp_path)
    assert list(commands) == ["srcnn-theano"] + [
        f"--model {model}" for model in shipped_models()[1:]
    ]
    words = commands["--model srcnn"]("a.png", "b.png")
    assert words[-6:] == ["--model", "srcnn", "--scale", "2", "--out", "b.png"]
    assert "--model" not in commands["srcnn-theano"]("a.png", "b.png")


def test_figures_of_commands_side_by_side(monkeypatch, tmp_path, capsys):
    def copy(source, target):
        return [sys.executable, "-S", "-c", _COPY, source, target]

    sides = {"srcnn-theano": copy, "another": copy}
    monkeypatch.setattr(enlarging, "picture_files", small_files)
    monkeypatch.setattr(enlarging, "sides", lambda options, folder: sides)
    assert enlarging.main(["--runs", "2", "--out", str(tmp_path / "a.json")]) == 0
    rows = json.loads((tmp_path / "a.json").read_text())["speed"]
    assert [(row["picture"], row["side"]) for row in rows] == [
        (picture, side) for picture in ("a.png", "b.jpg") for side in sides
    ]
    assert all(row["peak_mib"] > 1 and row["seconds"] > 0 for row in rows)
    assert rows[0]["times_ours"] == 1 and rows[0]["spread"] == [1, 1]
    table = capsys.readouterr().out
    by_picture = enlarging.side_by_side(sys.executable, None, runs=1)
    assert list(by_picture["b.jpg"]["sides"]) == list(sides)
    assert by_picture["a.png"]["sides"]["another"]["times_ours"]["median"] > 0
    assert table.count("| b.jpg |") == 2 and "times ours" in table
