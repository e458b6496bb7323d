"""Mistakes on docs/messages.md end in the messages that it shows; the cures work."""

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from srcnn_theano.backend import theano

PAGE = Path(__file__).resolve().parents[1] / "docs" / "messages.md"
_BLOCK = re.compile(r"```(python|text)\n(.*?)```", re.S)
_SECTIONS = re.split(r"^## ", PAGE.read_text(encoding="utf-8"), flags=re.M)
_PRELUDE = _BLOCK.findall(_SECTIONS[0])[0][1]


def run(code, names):
    exec(compile(code, str(PAGE), "exec"), names)


def raised_by(code, names):
    """The error that a piece of code ends in, as a traceback prints it."""
    with pytest.raises(Exception) as caught:
        run(code, names)
    return f"{caught.type.__name__}: {caught.value}"


def matches(told, message):
    """Whether a message is what the page tells; ``...`` there stands for anything."""
    parts = (re.escape(part) for part in told.strip().split("..."))
    return re.match(".*?".join(parts), message, re.S) is not None


@pytest.mark.parametrize(
    "section", _SECTIONS[1:], ids=lambda section: section.splitlines()[0]
)
def test_mistakes_end_in_their_messages_and_cures_work(section):
    names: dict = {}
    run(_PRELUDE, names)
    blocks = _BLOCK.findall(section)
    for (kind, code), (next_kind, told) in zip(blocks, blocks[1:] + [("", "")]):
        if kind != "python" or "sys.executable" in code:
            continue
        if next_kind != "text":
            run(code, names)
            continue
        message = raised_by(code, names)
        # Aesara has the same errors in other words; those of layers are ours.
        if theano.__name__ == "theano" or "conv" in told:
            assert matches(told, message), message
        else:
            assert message.split(":")[0] == told.split(":")[0]
    assert [kind for kind, _ in blocks][-1] == "python"


def test_there_are_ten_and_each_has_a_cure():
    numbered = [section for section in _SECTIONS if re.match(r"\d+\. ", section)]
    assert len(numbered) == 10
    for section in numbered:
        assert [kind for kind, _ in _BLOCK.findall(section)] == [
            "python",
            "text",
            "python",
        ]


@pytest.mark.skipif(theano.__name__ != "theano", reason="Aesara can be imported")
@pytest.mark.skipif(
    tuple(map(int, np.__version__.split(".")[:2])) < (1, 22),
    reason="Theano can be imported where NumPy is older than 1.22",
)
def test_theano_by_itself_cannot_be_imported(monkeypatch, tmp_path):
    (section,) = (s for s in _SECTIONS if s.startswith("9."))
    (_, code), (_, told), _ = _BLOCK.findall(section)
    # Whatever the settings of this run.
    monkeypatch.setenv("THEANO_FLAGS", f"base_compiledir={tmp_path}")
    monkeypatch.setenv("HOME", str(tmp_path))
    result = subprocess.run(
        [sys.executable, "-c", "import theano"],
        stderr=subprocess.PIPE,
        text=True,
    )
    assert "import theano" in code
    assert told.strip() in result.stderr
