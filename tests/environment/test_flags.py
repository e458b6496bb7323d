"""The user's flags are read as Theano reads them, and have the last word."""

import os
import re
import subprocess
import sys

import pytest
from PIL import Image

from srcnn_theano import environment
from srcnn_theano.backend import theano
from srcnn_theano.environment import flags
from srcnn_theano.errors import UserError

# The library that these tests run with reads this variable.
FLAGS = environment.find_library().flag_variables[-1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "floatX=float64",
        " floatX = float64, device=cpu ,",
        r"blas__ldflags=-lblas -Wl\,-rpath\,/opt",
        "a='1,2',b=\"x y\",c=d=e,novalue",
        "floatX=float32,floatX=float64",
    ],
)
def test_flags_are_parsed_as_theano_does(text):
    expected = theano.configparser.parse_config_string(text, issue_warnings=False)
    assert flags.parse_flags(text, "THEANO_FLAGS") == expected


def test_theano_reads_back_what_was_escaped():
    flags = {"base_compiledir": "/a b,c/d#e'f\"g\\h", "floatX": "float32"}
    with environment.theano_flags(flags):
        read = theano.configparser.parse_config_string(os.environ[FLAGS])
    assert read == flags


def test_flags_with_an_open_quote_are_refused(monkeypatch):
    monkeypatch.setenv("THEANO_FLAGS", "floatX='float32")
    with pytest.raises(UserError, match="THEANO_FLAGS.*quotation"):
        environment.user_flag("floatX")


def test_theano_flags_leaves_no_trace(monkeypatch):
    with environment.theano_flags({"floatX": "float32"}):
        assert os.environ[FLAGS] == "floatX=float32"
    assert FLAGS not in os.environ
    monkeypatch.setenv(FLAGS, "floatX=float64")
    with environment.theano_flags({"floatX": "float32"}):
        assert environment.user_flag("floatX") == "float64"
    assert os.environ[FLAGS] == "floatX=float64"


def test_user_flag_takes_the_variable_then_the_last_file(monkeypatch, tmp_path):
    first, last = tmp_path / "first", tmp_path / "last"
    first.write_text(
        "[global]\nfloatX = float64\ncxx = /first\n[blas]\nldflags = -la\n"
    )
    last.write_text("[global]\ncxx = /last\n[blas]\nldflags = -l%b\n")
    monkeypatch.setenv("SRCNN_BACKEND", "theano")
    monkeypatch.setenv("THEANORC", os.pathsep.join([str(first), str(last)]))
    monkeypatch.setenv("THEANO_FLAGS", "cxx=")
    assert environment.user_flag("floatX") == "float64"
    assert environment.user_flag("blas__ldflags") == "-l%b"
    assert environment.user_flag("cxx") == ""
    assert environment.user_flag("base_compiledir") is None


def test_aesara_takes_its_own_variable_then_theanos_then_its_file(
    monkeypatch, tmp_path
):
    file = tmp_path / "aesararc"
    file.write_text("[global]\ncxx = /file\nfloatX = float16\nmode = Mode\n")
    monkeypatch.setenv("SRCNN_BACKEND", "aesara")
    monkeypatch.setenv("AESARARC", str(file))
    monkeypatch.setenv("THEANO_FLAGS", "cxx=/theano,floatX=float64")
    monkeypatch.setenv("AESARA_FLAGS", "cxx=/aesara")
    flags = [environment.user_flag(name) for name in ("cxx", "floatX", "mode")]
    assert flags == ["/aesara", "float64", "Mode"]
    with environment.theano_flags({"cxx": "/ours"}):
        read = os.environ["AESARA_FLAGS"]
    assert read == "cxx=/ours,cxx=/theano,floatX=float64,cxx=/aesara"
    monkeypatch.setenv("SRCNN_BACKEND", "theano")
    assert environment.user_flag("cxx") == "/theano"


@pytest.mark.parametrize("library", ["theano", "aesara"])
def test_a_broken_file_of_settings_is_named(library, monkeypatch, tmp_path):
    path = tmp_path / (library + "rc")
    path.write_text("floatX = float64\n")
    monkeypatch.setenv("SRCNN_BACKEND", library)
    monkeypatch.setenv(library.upper() + "RC", str(path))
    with pytest.raises(UserError, match=library + "rc: not a configuration file of"):
        environment.user_flag("floatX")


@pytest.mark.parametrize(
    "text, name",
    [
        ("mode=FAST_COMPILE", "mode=FAST_COMPILE"),
        ("mode=DebugMode", "mode=DebugMode"),
        ("mode=", "mode="),
        ("optimizer=None", "optimizer=None"),
        ("optimizer=", "optimizer="),
        ("linker=py", "linker=py"),
        ("floatX=float16", "floatX=float16"),
        ("device=gpu0", "device=gpu0"),
        ("flotX=float64", "'flotX' is no flag of .*; is floatX meant"),
        ("gcc.cxxflags=-O2", "is gcc__cxxflags meant"),
    ],
)
def test_flags_that_nothing_can_be_compiled_with_are_one_sentence(text, name, tmp_path):
    Image.new("L", (9, 9)).save(str(tmp_path / "a.png"))
    words = [sys.executable, "-m", "srcnn_theano", "upscale", str(tmp_path / "a.png")]
    done = subprocess.run(
        [*words, "--scale", "2", "--out", str(tmp_path / "b.png")],
        env=dict(os.environ, **{FLAGS: os.environ.get(FLAGS, "") + "," + text}),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"srcnn-theano: error: {FLAGS}: ") and re.search(name, line)


@pytest.mark.parametrize(
    "lines, message",
    [
        (["[global]", "floatX = float32", "device = gpu0"], "line 3: device=gpu0: "),
        (["[global]", "mode =", "[blas]", "mode = a"], "line 2: mode=: "),
    ],
)
def test_a_value_in_a_file_is_named_with_its_line(
    lines, message, monkeypatch, tmp_path
):
    path = tmp_path / "rc"
    path.write_text("\n".join(lines))
    monkeypatch.setenv("SRCNN_BACKEND", "theano")
    monkeypatch.setenv("THEANORC", str(path))
    monkeypatch.setenv("THEANO_FLAGS", "")
    with pytest.raises(UserError, match=f"{path}, {message}"):
        flags.check_values()
    monkeypatch.setenv("THEANO_FLAGS", "device=cpu,mode=FAST_RUN")
    flags.check_values()


def test_a_misspelt_name_in_a_file_is_named_with_its_line(monkeypatch, tmp_path):
    path = tmp_path / "rc"
    monkeypatch.setenv("SRCNN_BACKEND", "theano")
    monkeypatch.setenv("THEANORC", str(path))
    monkeypatch.setenv("THEANO_FLAGS", "")
    known = ["floatX", "gcc__cxxflags"]
    path.write_text("[nvcc]\nfastmath = True\n[global]\nFLOATX=float32\n[gcc]\n")
    flags.check_names(known)
    path.write_text(path.read_text() + "cxxflag = -O2\n")
    with pytest.raises(UserError, match="line 6: 'gcc__cxxflag' is no flag of theano"):
        flags.check_names(known)
