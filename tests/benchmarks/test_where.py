"""What `python -m benchmarks.where` adds up, and its page."""

import pytest

from benchmarks import where
from benchmarks.work import WORKS, by_layer, multiply_adds
from srcnn_theano.backend import onednn

MACHINE = {"processor": "X", "cores": 2}


def test_convolutions_of_a_layer():
    counts = by_layer(WORKS["srcnn-20"])
    # Of 33x33 pixels come 25x25, 25x25 and 21x21.
    assert counts["conv1"] == 20 * 625 * 64 * 3 * 81
    assert counts["conv2"] == 20 * 625 * 32 * 64
    assert counts["conv3"] == 20 * 441 * 3 * 32 * 25
    assert 3 * sum(counts.values()) - counts["conv1"] == multiply_adds(
        WORKS["srcnn-20"]
    )
    assert list(by_layer(WORKS["vgg-100"]))[3:] == [
        "conv1_1",
        "conv1_2",
        "conv2_1",
        "conv2_2",
    ]


@pytest.mark.skipif(not onednn.available(), reason="no oneDNN here")
def test_each_convolution_of_a_picture_has_its_layer(monkeypatch):
    monkeypatch.setattr(where, "_SECONDS", 0.05)
    monkeypatch.setattr(where, "_WARM_UP", 1)
    work = WORKS["fsrcnn-image"]._replace(size=(32, 32))
    layers = [layer for layer, _, _, _ in where.profile(work)["parts"] if layer]
    assert sorted(layers) == sorted(by_layer(work))


@pytest.mark.skipif(not onednn.available(), reason="no oneDNN here")
@pytest.mark.parametrize("name, layers", [("srcnn-20", 3), ("fsrcnn-20", 8)])
def test_each_convolution_of_a_step_has_its_layer(name, layers, monkeypatch):
    monkeypatch.setattr(where, "_SECONDS", 0.05)
    figures = where.profile(WORKS[name])
    convolutions = [part for part in figures["parts"] if part[0]]
    first, *others = by_layer(WORKS[name])
    assert len(others) == layers - 1
    assert sorted((layer, what) for layer, what, _, _ in convolutions) == sorted(
        [(first, "forward"), (first, "gradient to the filters")]
        + [(layer, what) for layer in others for what in where._DIRECTIONS.values()]
    )
    assert all(n == 1 and ms > 0 for _, _, ms, n in convolutions)
    assert sum(ms for _, _, ms, _ in figures["parts"]) == pytest.approx(figures["ms"])


def test_the_page():
    parts = {
        "1": [["conv1", "forward", 4.0, 1], ["", "sums", 1.0, 2]],
        "2": [["conv1", "forward", 2.0, 1], ["", "sums", 0.5, 2]],
    }
    jobs = {n: {"ms": sum(p[2] for p in ps), "parts": ps} for n, ps in parts.items()}
    figures = {"command": "c", "machine": MACHINE, "jobs": {"srcnn-20": jobs}}
    text = where.page(figures)
    rate = round(2e-6 * 20 * 625 * 64 * 3 * 81 / 2)
    assert f"| conv1 | forward | 4.00 | 2.00 | 2.00 | {rate} |" in text
    assert "|  | sums | 1.00 | 0.50 | 2.00 |  |" in text
    assert "|  | **all of it** | 5.00 | 2.50 | 2.00 |" in text
    assert "Measured by `c` on X (2 cores)" in text


@pytest.mark.parametrize(
    "words", [[], ["--only", "none", "--out", "a.md"], ["--out", "a.json"]]
)
def test_what_is_not_there_is_refused(words, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert where.main(words) == 2
    assert "benchmarks.where: error: --o" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
