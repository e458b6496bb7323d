"""No number outside its range gets past the options of a command."""

import argparse
import runpy
from pathlib import Path

import pytest

from srcnn_theano import cli, ranges

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    "words, message",
    [
        (
            "train table1_adam_described --epochs 0",
            "'0' is not a whole number from 1 to",
        ),
        (
            "train table1_adam_described --epochs -1",
            "'-1' is not a whole number from 1 to",
        ),
        ("train table1_adam_described --epochs 1e3", "'1e3' is not a whole number"),
        (
            "train table1_adam_described --epochs 99999999999999999999",
            "is not a whole number",
        ),
        (
            "train table1_adam_described --seed -1",
            "'-1' is not a whole number from 0 to 429496",
        ),
        (
            "train table1_adam_described --seed 4294967296",
            "is not a whole number from 0 to",
        ),
        ("demo --seed -1", "--seed"),
        ("compare-deconv --seed 4294967296", "--seed"),
        ("compare-deconv --quick --epochs 0", "--epochs"),
        ("upscale a.png --out b.png --scale two", "--scale"),
    ],
)
def test_a_number_outside_its_range_is_refused(words, message, capsys):
    with pytest.raises(SystemExit) as refused:
        cli.main(words.split())
    assert refused.value.code == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert message in last and "argument --" in last


def test_the_ends_of_the_ranges_are_within_them():
    assert ranges.seed("0") == 0 and ranges.seed("4294967295") == 2**32 - 1
    assert ranges.count("1") == 1 and ranges.count("1000000000") == 10**9
    assert ranges.duration("0.5") == 0.5


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "soon"])
def test_a_duration_is_a_finite_number_above_0(text):
    with pytest.raises(argparse.ArgumentTypeError, match="number of seconds above 0"):
        ranges.duration(text)


@pytest.mark.parametrize("text", ["1e300", "inf", "nan", "-1", "0", "1GiB"])
def test_memory_is_a_number_that_a_machine_may_have(text, capsys):
    with pytest.raises(SystemExit) as refused:
        cli.main(["upscale", "a.png", "--scale=2", "--out=b.png", f"--memory={text}"])
    assert refused.value.code == 2
    message = f"argument --memory: '{text}' is not a number of GiB above 0, up to 10000"
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    "script, words",
    [
        ("start_deconvolution", "--runs runs --epochs 0"),
        ("measure_epochs", "--seconds 0"),
        ("measure_epochs", "--seconds nan"),
    ],
)
def test_scripts_have_ranges_too(script, words, monkeypatch, capsys):
    main = runpy.run_path(str(ROOT / "scripts" / f"{script}.py"))["main"]
    monkeypatch.setattr("sys.argv", [script, *words.split()])
    with pytest.raises(SystemExit) as refused:
        main()
    assert refused.value.code == 2 and "argument --" in capsys.readouterr().err


def test_the_benchmarks_have_ranges_too(capsys):
    from benchmarks.__main__ import main

    with pytest.raises(SystemExit):
        main(["--threads", "0"])
    assert "argument --threads" in capsys.readouterr().err
