"""Pythons and NumPys that will do, and those that are refused."""

import pytest

from srcnn_theano import environment
from srcnn_theano.errors import UserError


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 7, 16), (3, 13, 0), (4, 0, 0)])
def test_other_pythons_are_refused(version):
    with pytest.raises(
        UserError, match=r"Python {}\.{}: .*3\.8 to 3\.12".format(*version)
    ):
        environment.check_python(version)


def test_a_python_that_the_named_library_does_not_run_on_is_refused(monkeypatch):
    monkeypatch.setenv("SRCNN_BACKEND", "theano")
    message = r"Python 3\.12: .* Theano-PyMC 1\.1\.2 runs on 3\.8 to 3\.11 .*unset"
    with pytest.raises(UserError, match=message):
        environment.check_python((3, 12, 1))


@pytest.mark.parametrize(
    "library, minor", [("theano", m) for m in range(8, 12)] + [("aesara", 12)]
)
def test_pythons_that_will_do(library, minor, monkeypatch):
    monkeypatch.setenv("SRCNN_BACKEND", library)
    environment.check_python((3, minor, 0))


@pytest.mark.parametrize(
    "library, version",
    [("theano", "1.24.0"), ("theano", "1.26.4"), ("theano", "2.0.0rc1")]
    + [("aesara", "2.0.0rc1")],
)
def test_a_new_numpy_is_refused_with_the_command_that_helps(
    library, version, monkeypatch
):
    monkeypatch.setenv("SRCNN_BACKEND", library)
    with pytest.raises(UserError, match=f"NumPy {version}.*pip install 'numpy"):
        environment.check_numpy(version)


@pytest.mark.parametrize(
    "library, version",
    [("theano", "1.21.6"), ("theano", "1.23.5"), ("aesara", "1.26.4")],
)
def test_numpys_that_will_do(library, version, monkeypatch):
    monkeypatch.setenv("SRCNN_BACKEND", library)
    environment.check_numpy(version)
