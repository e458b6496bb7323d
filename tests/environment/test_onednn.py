"""oneDNN is looked for beside Python."""

import sys

import pytest

from srcnn_theano.environment import onednn


def test_the_library_and_its_headers_are_found_beside_python(monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    headers = tmp_path / "include" / "oneapi" / "dnnl"
    headers.mkdir(parents=True)
    library = tmp_path / "lib" / "libdnnl.so.3"
    library.parent.mkdir()
    library.touch()
    with pytest.raises(FileNotFoundError, match="no libdnnl.so with its headers"):
        onednn.find()
    (headers / "dnnl.h").touch()
    assert onednn.find() == (library, tmp_path / "include")
    library.unlink()
    with pytest.raises(FileNotFoundError, match=str(tmp_path)):
        onednn.find()
