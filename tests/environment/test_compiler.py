"""The user's compiler, another one, or a sentence that says how to get one."""

import sys
import sysconfig

import pytest

from srcnn_theano import environment
from srcnn_theano.errors import UserError


def script(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


def test_without_a_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("SRCNN_DEVICE", "cpu")
    with pytest.raises(UserError, match=r"g\+\+: no such.*apt-get install g\+\+"):
        environment.find_compiler()
    # XLA needs none; one that is named must be there all the same.
    monkeypatch.setenv("SRCNN_DEVICE", "xla")
    assert environment.find_compiler() == ("", "")
    assert environment.prepare().flags["cxx"] == ""
    monkeypatch.setenv("THEANO_FLAGS", "cxx=other")
    with pytest.raises(UserError, match="other: no such C"):
        environment.find_compiler()


def test_the_users_compiler_is_taken(monkeypatch, tmp_path):
    mine = script(tmp_path / "my++", "echo my++ 1.2\necho more\n")
    monkeypatch.setenv("THEANO_FLAGS", f"cxx={mine}")
    assert environment.find_compiler() == (str(mine), "my++ 1.2")
    monkeypatch.setenv("THEANO_FLAGS", "cxx={}".format(tmp_path / "other"))
    with pytest.raises(UserError, match="other: no such C"):
        environment.find_compiler()


def test_no_compiler_at_the_users_wish(monkeypatch):
    monkeypatch.setenv("THEANO_FLAGS", "cxx=")
    assert environment.find_compiler().path == ""


def test_a_compiler_beside_python_is_found(monkeypatch, tmp_path):
    (tmp_path / "bin").mkdir()
    ours = script(tmp_path / "bin" / "g++", "echo g++ 12\n")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environment.find_compiler() == (str(ours), "g++ 12")


def test_a_compiler_that_fails_is_refused(monkeypatch, tmp_path):
    script(tmp_path / "g++", "echo no licence; exit 1\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="--version` fails with 'no licence'"):
        environment.find_compiler()


def test_without_headers(monkeypatch, tmp_path):
    environment.check_headers()
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: str(tmp_path))
    with pytest.raises(UserError, match=r"no Python\.h.*python3-dev"):
        environment.check_headers()
