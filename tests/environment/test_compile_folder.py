"""Compiled functions go into the library's own folder or a private one."""

import os
import tempfile
from pathlib import Path

import pytest

from srcnn_theano import environment
from srcnn_theano.errors import UserError


def test_theanos_own_compile_folder_is_left_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert environment.find_compile_folder() is None


def test_without_a_home_a_private_folder_is_used(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", os.devnull)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = Path(environment.find_compile_folder())
    assert folder.parent == tmp_path and folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)  # anybody could have put code there
    with pytest.raises(UserError, match="base_compiledir=FOLDER"):
        environment.find_compile_folder()
    monkeypatch.setenv("THEANO_FLAGS", f"base_compiledir={tmp_path / 'mine'}")
    assert environment.find_compile_folder() is None


@pytest.mark.parametrize("name", ["compiledir", "base_compiledir"])
@pytest.mark.parametrize(
    "place, reason",
    [("file", "File exists"), ("file/folder", "Not a directory"), ("full", "No space")],
)
def test_a_folder_of_the_user_that_cannot_be_used_is_refused(
    name, place, reason, monkeypatch, tmp_path
):
    def full(**options):
        raise OSError(28, "No space left on device")

    (tmp_path / "file").touch()
    if place == "full":
        monkeypatch.setattr(tempfile, "TemporaryFile", full)
    monkeypatch.setenv("THEANO_FLAGS", f"{name}={tmp_path / place}")
    with pytest.raises(UserError, match=f"{name}=.*{place}.*{reason}.*=FOLDER"):
        environment.find_compile_folder()
