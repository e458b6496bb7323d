"""The harness of the tests with damaged files notices what it is there for."""

import os
import runpy
import signal
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np

fuzz = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("fuzz.py"))))


def ending(arguments):
    """What a command may do, called by name in the worker."""
    kind = arguments[0]
    if kind == "signal":
        os.kill(os.getpid(), signal.SIGSEGV)
    if kind == "traceback":
        raise KeyError("a fault")
    if kind == "memory":
        return len(np.ones(3 << 28))
    if kind == "wait":
        time.sleep(100)
    while kind == "hang":
        pass
    print(f"about {arguments[1]}")
    return int(kind)


def test_each_way_to_end_is_told_apart(tmp_path):
    path = tmp_path / "a.bin"
    kinds = ("0", "2", "signal", "traceback", "memory", "hang", "wait", "3", "2", "0")
    commands = [[kind, path] for kind in kinds]
    commands[8][1] = "another.bin"
    # The worker finds modules beside its own file.
    answers = list(fuzz.outcomes(commands, seconds=1, function="test_fuzz:ending"))
    assert [fuzz.complaint(answer, path) for answer in answers] == [
        "",
        "",
        "ended by SIGSEGV",
        "a traceback",
        "a traceback",
        "it hangs",
        "it hangs",
        "exit status 3",
        "the message does not name the file",
        "",
    ]
    assert "MemoryError" in answers[4].message
    assert answers[4].megabytes < 1024


def test_damage_is_the_same_for_a_seed_and_differs_between_seeds():
    content = bytes(range(256)) * 8
    damaged = [
        [fuzz.mutated(content, np.random.RandomState(seed)) for seed in range(200)]
        for _ in range(2)
    ]
    assert damaged[0] == damaged[1]
    assert len(set(damaged[0])) > 190 and content not in damaged[0]


def test_the_table_counts_each_kind(tmp_path, monkeypatch):
    monkeypatch.setenv(fuzz.LOG, str(tmp_path / "log"))
    commands = [["0", "a"], ["2", "a"], ["traceback", "a"], ["signal", "a"]]
    kinds = iter(["one", "one", "one", "two"])
    endings = fuzz.outcomes(
        commands, function="test_fuzz:ending", kind=lambda command: next(kinds)
    )
    assert len(list(endings)) == 4
    lines = fuzz.table(tmp_path / "log").splitlines()
    assert lines[2].startswith("| one | 3 | 1 | 1 | 1 | 0 | 0 | 0.")
    assert lines[3].startswith("| two | 1 | 0 | 0 | 0 | 1 | 0 | 0.")
    assert lines[4].startswith("| all | 4 | 1 | 1 | 1 | 1 | 0 | 0.")
