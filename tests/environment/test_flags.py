"""The user's flags are read as Theano reads them, and have the last word."""

import os

import pytest

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
