import importlib.util
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srcnn_theano import files
from srcnn_theano.data import datasets

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "get_data.py"


@pytest.fixture
def script(tmp_path, monkeypatch):
    """The script, with a manifest of three small images, two of them the same."""
    spec = importlib.util.spec_from_file_location("get_data", str(SCRIPT))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    source = tmp_path / "source"
    source.mkdir()
    manifest = {name: {} for name in datasets.SETS}
    for name, file_name, seed in [
        ("T91", "t36.bmp", 1),
        ("T91", "t65.bmp", 1),
        ("Set5", "bird.bmp", 2),
        ("Set14", "zebra.bmp", 3),
    ]:
        path = source / f"other-name-{seed}.dat"
        pixels = np.random.RandomState(seed).randint(0, 256, (9, 9, 3))
        Image.fromarray(pixels.astype(np.uint8)).save(str(path), "BMP")
        manifest[name][file_name] = {
            "bytes": path.stat().st_size,
            "sha256": files.sha256(path),
        }
    monkeypatch.setattr(datasets, "manifest", lambda: manifest)
    monkeypatch.setattr(module, "manifest", lambda: manifest)
    return module


@pytest.fixture
def source(tmp_path):
    return tmp_path / "source"


@pytest.fixture
def target(tmp_path):
    return tmp_path / "data"


def found(target):
    return sorted(str(p.relative_to(target)) for p in target.rglob("*") if p.is_file())


ALL = ["Set14/zebra.bmp", "Set5/bird.bmp", "T91/t36.bmp", "T91/t65.bmp"]


def write_list(path, *urls):
    path.write_text("# a comment\n\n" + "\n".join(urls) + "\n")
    return str(path)


def test_from_a_folder_whatever_the_names(script, source, target, capsys):
    (source / "deep" / "er").mkdir(parents=True)
    shutil.move(str(source / "other-name-2.dat"), str(source / "deep" / "er" / "x.jpg"))
    assert script.main([str(target), "--from", str(source)]) == 0
    assert found(target) == ALL
    assert datasets.check(target).ok
    assert "T91      2 of  2 files verified" in capsys.readouterr().out


def test_says_what_is_missing_and_is_completed_later(script, source, target, capsys):
    missing = source / "other-name-3.dat"
    content = missing.read_bytes()
    missing.write_bytes(content[:-1] + b"?")  # the right size, another content
    assert script.main([str(target), "--from", str(source)]) == 1
    assert "missing: zebra.bmp" in capsys.readouterr().out
    assert found(target) == ALL[1:]
    elsewhere = source.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "zebra").write_bytes(content)
    assert script.main([str(target), "--from", str(elsewhere)]) == 0
    assert found(target) == ALL


def test_a_wrong_file_is_replaced(script, source, target):
    (target / "Set5").mkdir(parents=True)
    (target / "Set5" / "bird.bmp").write_bytes(b"damaged")
    assert script.main([str(target), "--from", str(source)]) == 0
    assert datasets.check(target).ok


def test_from_addresses_with_an_archive(script, source, target, tmp_path, capsys):
    archive = tmp_path / "sets.zip"
    with zipfile.ZipFile(str(archive), "w") as sink:
        sink.write(str(source / "other-name-1.dat"), "T91/one.bmp")
        sink.write(str(source / "other-name-2.dat"), "two.bmp")
        sink.writestr("readme.txt", "of no use")
    urls = write_list(
        tmp_path / "urls.txt",
        (tmp_path / "gone.bmp").as_uri(),
        archive.as_uri(),
        "not an address",
        (source / "other-name-3.dat").as_uri() + " # the last",
    )
    assert script.main([str(target), "--urls", urls]) == 0
    assert found(target) == ALL
    said = capsys.readouterr().err
    assert "gone.bmp: cannot be had" in said
    assert "not an address: cannot be had" in said


def test_a_damaged_archive_is_left_out(script, source, target, tmp_path, capsys):
    archive = source / "sets.zip"
    with zipfile.ZipFile(str(archive), "w") as sink:
        sink.write(str(source / "other-name-3.dat"), "z")
    (source / "other-name-3.dat").unlink()
    content = bytearray(archive.read_bytes())
    content[60] ^= 255  # in the stored image
    archive.write_bytes(bytes(content))
    assert script.main([str(target), "--from", str(source)]) == 1
    assert "sets.zip: cannot be read" in capsys.readouterr().err
    assert found(target) == ALL[1:]


def test_a_download_that_breaks_off_leaves_nothing(
    script, source, target, tmp_path, monkeypatch, capsys
):
    real = script.urllib.request.urlopen

    def promise_more(url, timeout):
        answer = real(url, timeout=timeout)
        del answer.headers["Content-Length"]
        answer.headers["Content-Length"] = "1000000"
        return answer

    monkeypatch.setattr(script.urllib.request, "urlopen", promise_more)
    urls = write_list(tmp_path / "urls", (source / "other-name-3.dat").as_uri())
    assert script.main([str(target), "--urls", urls]) == 1
    size = (source / "other-name-3.dat").stat().st_size
    expected = f"broke off after {size} of 1000000 bytes"
    assert expected in capsys.readouterr().err
    assert list(target.iterdir()) == []


def test_bad_input(script, source, target, tmp_path, capsys):
    assert script.main([str(target), "--from", str(tmp_path / "nowhere")]) == 2
    assert "nowhere: no such folder" in capsys.readouterr().err
    assert script.main([str(target), "--urls", str(tmp_path / "nowhere")]) == 2
    assert "nowhere: cannot be read" in capsys.readouterr().err
    assert script.main([str(target), "--urls", write_list(tmp_path / "none")]) == 2
    assert "no addresses in this file" in capsys.readouterr().err
    blocked = source / "other-name-1.dat"
    assert script.main([str(blocked), "--from", str(source)]) == 2
    assert "cannot be made" in capsys.readouterr().err
