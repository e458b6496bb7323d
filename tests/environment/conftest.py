from pathlib import Path

import pytest

from srcnn_theano import environment


@pytest.fixture(autouse=True)
def no_settings_of_the_user(monkeypatch, tmp_path):
    for name in ("THEANO", "AESARA"):
        monkeypatch.delenv(name + "_FLAGS", raising=False)
        monkeypatch.setenv(name + "RC", str(tmp_path / "none"))


@pytest.fixture
def a_blas():
    """Any real BLAS of this machine."""
    library = environment.find_blas().library
    if not library:
        pytest.skip("the BLAS comes from the user's flags")
    return Path(library)
