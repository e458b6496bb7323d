"""Commands whose standard output or error is closed, full, or read by nobody."""

import io
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srcnn_theano import cli, progress, streams
from srcnn_theano.progress import Bar, say_above
from srcnn_theano.weights import save_weights

pytestmark = pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="the system has no /dev/full"
)
TINY_COMMAND = Path(__file__).parent / "runs" / "tiny_command.py"
NOBODY_READS = "2>&1 | head -c 1"


def run(folder, redirection, *words):
    """(exit status, standard output, standard error) of a command in a shell."""
    script = f'{{ "$@"; echo $? >status; }} {redirection}'
    done = subprocess.run(
        ["bash", "-c", script, "bash", sys.executable, *map(str, words)],
        cwd=str(folder),
        capture_output=True,
        text=True,
    )
    status = int((folder / "status").read_text())
    return status, done.stdout, done.stderr


@pytest.fixture(scope="module")
def album(tmp_path_factory, passing_on):
    folder = tmp_path_factory.mktemp("album")
    (folder / "in").mkdir()
    for i in range(8):
        Image.new("L", (12 + i, 9), 30 * i).save(str(folder / "in" / f"{i}.png"))
    save_weights(folder / "small.h5", passing_on(1))
    return folder


@pytest.mark.parametrize(
    "redirection", [NOBODY_READS, "2>&-", "2>/dev/full", ">&- 2>&-", "<&- >&- 2>&-"]
)
def test_all_pictures_are_written_whoever_listens(album, tmp_path, redirection):
    words = ["-m", "srcnn_theano", "upscale", album / "in", "--scale", 2]
    words += ["--weights", album / "small.h5", "--out", tmp_path / "out"]
    status, _, _ = run(tmp_path, redirection, *words)
    assert status == 0
    for i in range(8):
        with Image.open(str(tmp_path / "out" / f"{i}.png")) as result:
            assert result.size == (24 + 2 * i, 18)
    assert len(list((tmp_path / "out").glob("*.png"))) == 8


@pytest.mark.parametrize("redirection", [NOBODY_READS, "2>&-", "2>/dev/full"])
def test_a_training_is_whole_whoever_listens(tmp_path, redirection):
    status, _, _ = run(tmp_path, redirection, TINY_COMMAND, "train", "tiny")
    assert status == 0
    names = {path.name for path in (tmp_path / "runs" / "tiny").iterdir()}
    assert {"weights.h5", "results.json", "history.csv", "checkpoint.h5"} <= names


@pytest.mark.parametrize("redirection", [NOBODY_READS, "2>&-", "2>/dev/full"])
def test_an_evaluation_ends_whoever_listens(album, tmp_path, redirection):
    rng = np.random.RandomState(0)
    pixels = rng.randint(0, 256, (40, 40, 3)).astype("uint8")
    (tmp_path / "in").mkdir()
    Image.fromarray(pixels).save(str(tmp_path / "in" / "a.png"))
    words = ["-m", "srcnn_theano", "evaluate", "in", "--scale", 2]
    words += ["--weights", album / "small.h5"]
    assert run(tmp_path, redirection, *words)[0] == 0


def test_a_command_that_makes_files_has_made_them_on_a_full_output(album, tmp_path):
    words = ["-m", "srcnn_theano", "upscale", album / "in", "--scale", 2]
    words += ["--weights", album / "small.h5", "--out", tmp_path / "out"]
    status, _, error = run(tmp_path, ">/dev/full", *words)
    assert status == 0
    assert len(list((tmp_path / "out").glob("*.png"))) == 8
    last = error.splitlines()[-1]
    assert last.startswith("srcnn-theano: standard output: cannot be written")
    assert "Traceback" not in error and "Exception" not in error


@pytest.mark.parametrize(
    "words", ["experiments", "experiments --json", "--help", "--version"]
)
def test_a_command_that_prints_on_a_full_or_broken_output(tmp_path, words):
    words = ["-u", "-m", "srcnn_theano", *words.split()]
    for unbuffered in (words, words[1:]):
        status, _, error = run(tmp_path, ">/dev/full", *unbuffered)
        assert status == 2
        (line,) = error.splitlines()
        assert line.startswith("srcnn-theano: error: standard output: cannot be writ")
        assert run(tmp_path, "| true", *unbuffered) == (0, "", "")
    status, _, error = run(tmp_path, ">&-", *words[1:])
    assert status == 2 and "Bad file descriptor" in error


def test_a_closed_standard_error_is_no_place_for_a_file(tmp_path):
    # Whatever a library in C writes to 2 would go into the next file opened.
    code = (
        "import os; from srcnn_theano.streams import tolerant_output\n"
        "with tolerant_output():\n"
        "    with open('file', 'wb', 0) as file: os.write(2, b'noise')\n"
    )
    assert run(tmp_path, "<&- >&- 2>&-", "-c", code)[0] == 0
    assert (tmp_path / "file").read_bytes() == b""


def test_a_name_that_the_output_cannot_spell_is_escaped():
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    tolerant = streams.Tolerant(stream)
    tolerant.write("caf\xe9.png")
    tolerant.flush()
    assert raw.getvalue() == b"caf\\xe9.png" and tolerant.error is None


# --- What would move a terminal's cursor ---


def test_names_are_shown_with_escapes():
    hostile = "a\x1b[2J\r\n\u202egnp.\udcff\x9b\u2028"
    shown = streams.printable(hostile)
    assert shown == r"a\x1b[2J\r\n\u202egnp.\udcff\x9b\u2028"
    words = "Bär 写真 עברית \U0001f468\u200d\U0001f469.png"
    assert streams.printable(words) == words


def test_hostile_names_in_errors_bars_and_results(tmp_path, capfd):
    folder = tmp_path / "in\x1b[31m\nsrcnn-theano: error: forged"
    folder.mkdir()
    (folder / "a\x1b]0;title\x07.png").write_bytes(b"no picture")
    out = str(tmp_path / "out\x1b[2J")
    assert cli.main(["upscale", str(folder), "--scale", "2", "--out", out]) == 2
    assert cli.main(["evaluate", str(folder / "gone"), "--scale", "2"]) == 2
    with pytest.raises(SystemExit):
        cli.main(["doctor", "\x1b[2J"])
    say_above("\x1b[31m")
    for _ in Bar(range(2), desc="\x1b]0;", disable=False):
        pass
    print("\x1b[31m", file=streams.Tolerant(sys.stdout, lines_only=True))
    shown = capfd.readouterr()
    assert "\nsrcnn-theano: error: forged" not in shown.err
    assert r"\x1b]0;title\x07.png: not an image" in shown.err
    text = shown.out + shown.err.replace("\x1b[A", "")  # a bar goes up a line
    assert "\x1b" not in text and r"\x1b]0;" in text and r"\x1b[2J" in text


@pytest.mark.parametrize("total", [1000, 7])
def test_a_bar_in_a_log_is_a_line_for_each_tenth(total, monkeypatch, capfd):
    monkeypatch.setattr(progress, "_LEAST_SECONDS", 0)
    for _ in Bar(range(total), desc="work", mininterval=0, miniters=1):
        pass
    lines = capfd.readouterr().err.split("\n")
    tenths = {10 * done // total: done for done in range(total, 0, -1)}
    counts = [re.search(r"(\d+)/", line).group(1) for line in lines[:-1]]
    assert counts == [str(tenths[n]) for n in sorted(tenths) if n]
    assert lines[-1] == "" and not any("\r" in line for line in lines)


def test_bars_in_a_log_that_are_short_vanish_or_have_no_end(monkeypatch, capfd):
    for _ in Bar(range(9)):  # at once: its end
        pass
    assert re.fullmatch(r"100%.* 9/9 .*\n", capfd.readouterr().err)
    for _ in Bar(range(9), leave=False):
        say_above("a line")
    assert capfd.readouterr().err == 9 * "a line\n"
    monkeypatch.setattr(progress, "_PART_SECONDS", 0.1)
    with Bar(total=3, desc="large", leave=False, mininterval=0, miniters=1) as bar:
        bar.update()
        assert capfd.readouterr().err == ""
        time.sleep(0.1)
        bar.update()
        bar.update()
    assert re.fullmatch(r"large: .* 2/3 .*\n", capfd.readouterr().err)
    with pytest.raises(KeyError), Bar(total=4) as bar:
        bar.update()
        bar.set_postfix_str("so far")
        raise KeyError
    assert re.fullmatch(r".* 1/4 .*so far.*\n", capfd.readouterr().err)
    with Bar(total=10, initial=5):  # nothing was done
        pass
    assert capfd.readouterr().err == ""
    monkeypatch.setattr(progress, "_LEAST_SECONDS", 0)
    monkeypatch.setattr(progress, "_MOST_SECONDS", 0)
    for _ in Bar(iter("ab"), mininterval=0, miniters=1):
        pass
    assert [line[:3] for line in capfd.readouterr().err.splitlines()] == [
        "0it", "1it", "2it"]  # fmt: skip


def test_a_choice_that_resembles_one_is_told(capsys):
    parser = streams.Parser()
    parser.add_argument("table", choices=["table1", "vgg"])
    for word, end in (("tabel1", " (did you mean 'table1'?)\n"), ("x", ")\n")):
        with pytest.raises(SystemExit):
            parser.parse_args([word])
        assert capsys.readouterr().err.endswith(end)
