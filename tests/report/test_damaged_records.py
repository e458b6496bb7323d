"""A record of any other shape is one line on stderr and one row that is unreadable."""

import copy
import json
import os
import random

import pytest

from srcnn_theano import cli
from srcnn_theano.report.rows import load_rows

WRONG = [None, True, -1, 0, 2.5, 1e300, "x", "", [], [[]], {}, {"a": 1}, 10**30]


def places(value, path=()):
    """Every place in a value of JSON."""
    yield path
    parts = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = enumerate(value)
    for name, part in parts:
        yield from places(part, (*path, name))


def put(value, path, new):
    """A copy with another value at a place; `put` itself stands for taking it away."""
    if not path:
        return new
    value = copy.deepcopy(value)
    inner = value
    for name in path[:-1]:
        inner = inner[name]
    if new is put:
        del inner[path[-1]]
    else:
        inner[path[-1]] = new
    return value


def statuses(runs):
    return {name: row.status for name, row in load_rows(runs).items()}


@pytest.mark.parametrize("name", ["results.json", "experiment.json"])
def test_a_record_of_any_shape_harms_its_own_row_only(perceptual, name, capsys):
    rng = random.Random(0)
    before = statuses(perceptual)
    for row in ("table1_adam_programmed", "srcnn_x3", "fsrcnn_vgg_programmed"):
        path = perceptual / row / name
        text = path.read_text()
        value = json.loads(text)
        for place in rng.sample(list(places(value)), 25):
            changed = put(value, place, rng.choice([*WRONG, put]) if place else [])
            path.write_text(json.dumps(changed))
            assert cli.main(["experiments", "--runs", str(perceptual)]) == 0
            shown = capsys.readouterr()
            assert len(shown.err.splitlines()) <= 1
            now = statuses(perceptual)
            capsys.readouterr()
            expected = dict(before)
            if shown.err:
                expected[row] = "unreadable"
                assert str(path) in shown.err
            assert now == expected
        path.write_text(text)


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 30000, '{"n_epochs": ' + "9" * 6000 + "}", "\udcff", "[]"]
)
def test_what_is_no_record_at_all(runs, text, capsys):
    path = runs / "table1_adam_programmed" / "results.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert cli.main(["experiments", "--json", "--runs", str(runs)]) == 0
    shown = capsys.readouterr()
    (line,) = shown.err.splitlines()
    assert str(path) in line
    (row,) = [
        row for row in json.loads(shown.out) if row["name"] == "table1_adam_programmed"
    ]
    assert row["status"] == "unreadable" and "ours" not in row


def a_folder(path):
    path.mkdir()


def a_pipe(path):
    os.mkfifo(path)


def a_broken_link(path):
    path.symlink_to("nowhere")


@pytest.mark.parametrize("make", [a_folder, a_pipe, a_broken_link])
@pytest.mark.parametrize("name", ["results.json", "history.csv", "experiment.json"])
def test_what_is_no_file_is_unreadable_and_not_absent(runs, name, make, capsys):
    path = runs / "table1_adam_programmed" / name
    path.unlink()
    make(path)
    before = statuses(runs)
    (line,) = capsys.readouterr().err.splitlines()
    assert str(path) in line and before["table1_adam_programmed"] == "unreadable"


@pytest.mark.parametrize(
    "name", ["table1_adam_programmed", "table1_rmsprop_programmed"]
)
def test_a_row_without_its_settings_is_unreadable(runs, name, capsys):
    (runs / name / "experiment.json").unlink()
    assert statuses(runs)[name] == "unreadable"
    (line,) = capsys.readouterr().err.splitlines()
    assert str(runs / name / "experiment.json") in line


def test_a_row_whose_folder_is_a_file_is_unreadable(runs, capsys):
    (runs / "table1_rmsprop_described").write_text("")
    assert statuses(runs)["table1_rmsprop_described"] == "unreadable"
    (line,) = capsys.readouterr().err.splitlines()
    assert str(runs / "table1_rmsprop_described") in line


@pytest.mark.parametrize("number", ["1e999", "-1e999", "Infinity", "NaN"])
def test_a_number_that_is_not_finite_is_no_record(runs, number, capsys):
    path = runs / "table1_adam_programmed" / "results.json"
    path.write_text(path.read_text().replace("35.2,", number + ","))
    assert cli.main(["experiments", "--json", "--runs", str(runs)]) == 0
    shown = capsys.readouterr()
    (line,) = shown.err.splitlines()
    assert str(path) in line and "not finite" in line
    json.loads(shown.out, parse_constant=lambda name: pytest.fail(name))


@pytest.mark.parametrize("damage", ["cut", "doubled", "short", "columns"])
def test_a_damaged_history_is_told_and_the_report_is_written(
    runs, tmp_path, damage, capsys
):
    path = runs / "table1_adam_programmed" / "history.csv"
    text = path.read_text()
    changed = {
        "cut": text[:-1],
        "doubled": text * 2,
        "short": "".join(text.splitlines(keepends=True)[:-3]),
        "columns": text.replace("set5_psnr", "other"),
    }
    path.write_text(changed[damage])
    out = tmp_path / "out"
    assert cli.main(["report", "--runs", str(runs), "--out", str(out)]) == 0
    shown = capsys.readouterr()
    lines = [line for line in shown.err.splitlines() if "history.csv" in line]
    assert len(lines) == 1 and "table1_adam_programmed" in lines[0]
    text = (out / "report.md").read_text()
    assert "unreadable" in text and "its records cannot be read" in text
    assert statuses(runs)["table1_sgd_programmed"] == "done"
