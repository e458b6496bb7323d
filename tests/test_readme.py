"""What README and the pages tell to type is taken by the commands, and works."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srcnn_theano import cli
from srcnn_theano.cli.main import _parser

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
PAGES = [README, ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
PAGES += [ROOT / name / "README.md" for name in ("weights", "results", "scripts")]
# What stands for something that the reader puts there.
_PLACES = {"TABLE": "table1", "N": "2", "SOURCE...": "SOURCE", "COMMAND": "doctor"}


def blocks(text):
    """Lines of indented blocks, and of fenced ones without a language."""
    for block in re.findall(r"(?:^|\n)```(?:sh|bash)?\n(.*?)\n```", text, re.S):
        yield from block.splitlines()
    text = re.sub(r"```.*?```", "", text, flags=re.S)
    yield from re.findall(r"^ {4}(\S.*)$", text, re.M)


def commands(text):
    """The arguments of each `srcnn-theano ...`, in blocks and within sentences."""
    inline = re.findall(r"(?<!`)`(srcnn-theano [^`]+)`(?!`)", re.sub(r"\n", " ", text))
    for line in [*blocks(text), *inline]:
        for part in line.split("  #")[0].split(" # ")[0].split("&&"):
            if re.match(r"\s*srcnn-theano \S+ \S", part) and "..." not in part.split():
                yield [_PLACES.get(word, word) for word in shlex.split(part)[1:]]


def test_commands_are_read_from_a_text():
    text = "Do `srcnn-theano graph\nsrcnn`:\n\n    cd x && srcnn-theano train a  # b\n"
    assert list(commands(text)) == [["train", "a"], ["graph", "srcnn"]]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_of_a_page_are_taken(page):
    parser = _parser()
    for words in commands(page.read_text(encoding="utf-8")):
        try:
            parser.parse_args(words)
        except SystemExit:
            pytest.fail(f"{page}: srcnn-theano {' '.join(words)}")


def test_readme_has_commands():
    told = {words[0] for words in commands(README.read_text(encoding="utf-8"))}
    assert {"upscale", "data", "reproduce", "report"} <= told


def test_pictures_are_enlarged_as_readme_says(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pixels = np.random.RandomState(0).randint(0, 256, (20, 30, 3)).astype(np.uint8)
    (tmp_path / "pictures").mkdir()
    for name in ("photo.jpg", "pictures/a.png"):
        Image.fromarray(pixels).save(name)
    for words in commands(README.read_text(encoding="utf-8")):
        if words[0] == "upscale":
            assert cli.main(words) == 0
    assert Image.open("larger.png").size == (60, 40)
    assert Image.open("larger/a.png").size == (90, 60)


# --- Pieces of Python ---

# Pages whose pieces are run, and by what.
_RUN = {
    "README.md": "tests/upscale/test_in_python.py",
    "docs/python.md": "tests/upscale/test_in_python.py",
    "docs/elsewhere.md": "tests/convert/test_onnx.py",
    "docs/messages.md": "tests/test_messages.py",
    "docs/graph.md": "tests/test_readme.py",
}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_python_on_a_page_is_run_or_quotes_the_source(page):
    pieces = re.findall(
        r"(<!-- from \S+ -->\n)?```python\n", page.read_text(encoding="utf-8")
    )
    if not all(pieces):
        test = _RUN[page.relative_to(ROOT).as_posix()]
        text = (ROOT / test).read_text(encoding="utf-8")
        assert f'"{page.name}"' in text or str(page.relative_to(ROOT)) in text


def test_a_graph_is_drawn_as_its_page_says(tmp_path, monkeypatch, capsys):
    text = (ROOT / "docs" / "graph.md").read_text(encoding="utf-8")
    (piece,) = re.findall(r"```python\n(.*?)```", text, re.S)
    monkeypatch.chdir(tmp_path)
    exec(piece, {})
    assert (tmp_path / "graph" / "index.html").stat().st_size > 1000
    assert "gradient" in capsys.readouterr().out


# --- Another Python by uv ---


def uv_lines():
    """The lines of README that make an environment by uv, without its installation."""
    lines = list(blocks(README.read_text("utf-8")))
    (line,) = [line for line in lines if "uv venv" in line]
    (entering,) = [line for line in lines if "pip install ." in line]
    return f"{line.replace('.uv/bin/uv', 'uv')} && {entering.split(' && ')[0]}"


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/install.md"])
def test_nothing_is_installed_where_there_is_no_environment(page, tmp_path):
    """The first lines that install, without what makes an environment."""
    text = (ROOT / page).read_text("utf-8")
    (line, *_) = [
        line for line in blocks(text) if re.search("install (-e )?'?\\.", line)
    ]
    (tmp_path / "pip").write_text("#!/bin/sh\ntouch installed\n")
    (tmp_path / "pip").chmod(0o755)
    line = line.replace("python3", "false")
    environ = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-c", line], cwd=str(tmp_path), env=environ, capture_output=True
    )
    assert done.returncode and not (tmp_path / "installed").exists()


def test_uv_makes_an_environment_with_a_python_that_will_do(tmp_path):
    if shutil.which("uv") is None:
        pytest.skip("uv is not at hand")
    line, environ = uv_lines(), {**os.environ, "UV_PYTHON_DOWNLOADS": "never"}
    (version,) = re.findall(r"--python (\S+)", line)
    found = subprocess.run(["uv", "python", "find", "--system", version], env=environ)
    if found.returncode:  # it cannot be fetched everywhere, so take this one
        line = line.replace(f"--python {version}", f"--python {sys.executable}")
    script = (
        line + " && python -c 'import sys; print(sys.version_info[:2], sys.prefix)'"
    )
    answer = subprocess.run(
        ["bash", "-ec", script],
        cwd=str(tmp_path),
        env=environ,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    minor = int(re.findall(r"\(3, (\d+)\)", answer.stdout)[0])
    assert 8 <= minor <= 12 and str(tmp_path / ".venv") in answer.stdout
