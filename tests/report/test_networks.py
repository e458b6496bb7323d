"""Figures of networks that are not shipped."""

import pytest

from srcnn_theano.files import sha256
from srcnn_theano.report import networks
from srcnn_theano.report.rows import load_rows


@pytest.fixture
def shipped(monkeypatch, tmp_path):
    path = tmp_path / "network.h5"
    path.write_bytes(b"a network")
    monkeypatch.setattr(networks, "shipped_weights", lambda: {"network": path})
    return sha256(path)


def test_rows_whose_network_is_not_shipped(runs, write_run, shipped):
    write_run(runs, "vgg_mse_programmed", 50, sha=shipped, best=16.0)
    write_run(runs, "vgg_mse_programmed", 50, best=16.0, suffix="-seed1")
    write_run(runs, "vgg_mse_20_programmed", 20)
    missing = networks.not_shipped(load_rows(runs))
    assert missing["vgg_mse_programmed"] == [1]
    assert missing["vgg_mse_20_programmed"] == [0]
    assert "table1_rmsprop_programmed" not in missing  # unfinished
    lines = networks.not_shipped_table(load_rows(runs)).splitlines()
    train = "srcnn-theano train"
    assert (
        "| `vgg_mse_programmed` | 50 of `vgg_mse_programmed` | 1 | "
        f"`{train} vgg_mse_programmed --seeds 1` |" in lines
    )
    assert (
        "| `vgg_mse_20_programmed` | 20 of `vgg_mse_programmed` | 0 | "
        f"`{train} vgg_mse_programmed` and `{train} vgg_mse_20_programmed` |" in lines
    )
