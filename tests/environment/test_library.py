"""Each Python has its library, unless SRCNN_BACKEND names one."""

import sys

import pytest

from srcnn_theano import environment
from srcnn_theano.errors import UserError


@pytest.mark.parametrize(
    "version, library",
    [((3, 8, 18), "theano"), ((3, 11, 7), "theano"), ((3, 12, 1), "aesara")],
)
def test_each_python_has_its_library(version, library, monkeypatch):
    monkeypatch.delenv("SRCNN_BACKEND", raising=False)
    monkeypatch.setattr(sys, "version_info", version)
    assert environment.find_library().module == library
    monkeypatch.setenv("SRCNN_BACKEND", "aesara")
    assert environment.find_library().description == "Aesara 2.9.4"


def test_an_unknown_backend_is_refused(monkeypatch):
    monkeypatch.setenv("SRCNN_BACKEND", "pytensor")
    with pytest.raises(UserError, match="=pytensor: no such .*'theano'.*'aesara'"):
        environment.find_library()
