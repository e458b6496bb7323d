import os
import shutil
import signal
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srcnn_theano.cli import main
from srcnn_theano.data import datasets, getting


@pytest.fixture
def source(tmp_path, monkeypatch, facts):
    """Three small images under other names; a manifest of them, two being the same."""
    source = tmp_path / "source"
    source.mkdir()
    manifest = {name: {} for name in datasets.SETS}
    for name, file_name, seed in [
        ("T91", "t36.bmp", 1),
        ("T91", "t65.bmp", 1),
        ("Set5", "bird.bmp", 2),
        ("Set14", "bridge.bmp", 3),
    ]:
        path = source / f"other-name-{seed}.dat"
        pixels = np.random.RandomState(seed).randint(0, 256, (9, 8, 3))
        pixels = pixels[:, :, 0] if name == "Set14" else pixels
        Image.fromarray(pixels.astype(np.uint8)).save(path, "BMP")
        manifest[name][file_name] = facts(path)
    monkeypatch.setattr(datasets, "manifest", lambda: manifest)
    return source


@pytest.fixture
def target(tmp_path):
    return tmp_path / "data"


def get(target, *sources):
    return main(["data", "get", "--data", str(target), "--from", *map(str, sources)])


def found(target):
    return sorted(str(p.relative_to(target)) for p in target.rglob("*") if p.is_file())


ALL = ["Set14/bridge.bmp", "Set5/bird.bmp", "T91/t36.bmp", "T91/t65.bmp"]


def test_from_a_folder_whatever_the_names(source, target, capsys):
    (source / "deep" / "er").mkdir(parents=True)
    shutil.move(str(source / "other-name-2.dat"), str(source / "deep" / "er" / "x.jpg"))
    assert get(target, source) == 0
    assert found(target) == ALL
    assert datasets.check(target).ok
    assert "T91      2 of  2 files verified" in capsys.readouterr().out


def test_says_what_is_missing_and_is_completed_later(source, target, capsys):
    missing = source / "other-name-3.dat"
    content = missing.read_bytes()
    missing.write_bytes(content[:-1] + b"?")  # the right size, another content
    assert get(target, source) == 1
    assert "missing: bridge.bmp" in capsys.readouterr().out
    assert found(target) == ALL[1:]
    elsewhere = source.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "bridge").write_bytes(content)
    assert get(target, elsewhere) == 0
    assert found(target) == ALL


def test_a_wrong_file_is_replaced(source, target):
    (target / "Set5").mkdir(parents=True)
    (target / "Set5" / "bird.bmp").write_bytes(b"damaged")
    assert get(target, source) == 0
    assert datasets.check(target).ok


def test_from_addresses_with_an_archive(source, target, tmp_path, capsys):
    archive = tmp_path / "sets.zip"
    with zipfile.ZipFile(str(archive), "w") as sink:
        sink.write(str(source / "other-name-1.dat"), "T91/one.bmp")
        sink.write(str(source / "other-name-2.dat"), "two.bmp")
        sink.writestr("readme.txt", "of no use")
    last = source / "other-name-3.dat"
    addresses = [path.as_uri() for path in (tmp_path / "gone.bmp", archive, last)]
    assert get(target, *addresses) == 0
    assert found(target) == ALL
    assert "gone.bmp: cannot be had" in capsys.readouterr().err


def test_lossless_copies_are_known_by_their_pixels(source, target, capsys):
    for path in list(source.iterdir()):
        with Image.open(path) as image:
            image.convert("RGB").save(path.with_suffix(".png"))
            image.convert("RGB").save(path.with_suffix(".jpg"), quality=100)
        path.unlink()
    assert get(target, source) == 0
    assert found(target) == ALL
    assert datasets.check(target).ok
    with Image.open(target / "Set14" / "bridge.bmp") as image:
        assert image.format == "BMP" and image.mode == "L"  # as the set's own is


def test_a_copy_that_loses_something_is_another_image(source, target, capsys):
    path = source / "other-name-2.dat"
    with Image.open(path) as image:
        image.save(path.with_suffix(".jpg"), quality=95)
    path.unlink()
    assert get(target, source) == 1
    assert "missing: bird.bmp" in capsys.readouterr().out


def test_a_damaged_archive_is_left_out(source, target, tmp_path, capsys):
    archive = source / "sets.zip"
    with zipfile.ZipFile(str(archive), "w") as sink:
        sink.write(str(source / "other-name-3.dat"), "z")
    (source / "other-name-3.dat").unlink()
    content = bytearray(archive.read_bytes())
    content[60] ^= 255  # in the stored image
    archive.write_bytes(bytes(content))
    assert get(target, source) == 1
    assert "sets.zip: z: cannot be read" in capsys.readouterr().err
    assert found(target) == ALL[1:]


def test_a_download_that_breaks_off_leaves_nothing(
    source, target, tmp_path, monkeypatch, capsys
):
    real = getting.urllib.request.urlopen

    def promise_more(url, timeout):
        answer = real(url, timeout=timeout)
        del answer.headers["Content-Length"]
        answer.headers["Content-Length"] = "1000000"
        return answer

    monkeypatch.setattr(getting.urllib.request, "urlopen", promise_more)
    path = source / "other-name-3.dat"
    assert get(target, path.as_uri()) == 1
    expected = f"broke off after {path.stat().st_size} of 1000000 bytes"
    assert expected in capsys.readouterr().err
    assert list(target.iterdir()) == []


@pytest.mark.parametrize(
    "arguments, message",
    [
        (["get", "--from", "nowhere"], "--from nowhere: no such folder or file"),
        (["get", "--from", "."], "no image sets: name the folder"),
        (["get", "--from", ".", "--data", "a/file"], "a/file"),
        (["get"], "--from SOURCE"),
        (["check", "--from", "."], "takes no --from"),
        (["get", "--from", ".", "--scale", "2"], "no --scale"),
    ],
)
def test_bad_input(arguments, message, source, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SRCNN_DATA", raising=False)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "file").write_text("no folder")
    if arguments[-1] == "nowhere":
        arguments = [*arguments, "--data", "into"]
    assert main(["data", *arguments]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "into").exists()


def _encrypted(content):
    """An archive whose member claims to need a password."""
    content = bytearray(content)
    for sign, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(sign) + place] |= 1
    return bytes(content)


def _damaged(content):
    """One whose compressed data are none."""
    content = bytearray(content)
    content[60:70] = b"\xff" * 10
    return bytes(content)


@pytest.mark.parametrize(
    "compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]
)
@pytest.mark.parametrize("harm", [_encrypted, _damaged])
def test_an_archive_that_cannot_be_unpacked_is_left_out(
    source, target, tmp_path, compression, harm, capsys
):
    archive = tmp_path / "sets.zip"
    with zipfile.ZipFile(archive, "w", compression) as sink:
        sink.write(source / "other-name-2.dat", "z")
    archive.write_bytes(harm(archive.read_bytes()))
    assert get(target, archive) == 1
    assert "sets.zip: z: cannot be read" in capsys.readouterr().err


def test_archives_in_archives_have_an_end(
    source, target, tmp_path, monkeypatch, capsys
):
    inner = source / "other-name-2.dat"
    for depth in range(5):
        archive = tmp_path / f"{depth}.zip"
        with zipfile.ZipFile(archive, "w") as sink:
            sink.write(inner, "z")
        inner = archive
        assert get(target, archive) == 1
        too_deep = "z: z: z: cannot be read (over 3 archives in each other"
        assert (too_deep in capsys.readouterr().err) == (depth >= 3)
        shutil.rmtree(target)
    monkeypatch.setattr(getting, "_MOST_MEMBERS", 2)
    archive = tmp_path / "many.zip"
    with zipfile.ZipFile(archive, "w") as sink:
        for n in range(3):
            sink.writestr(str(n), "x")
    assert get(target, archive) == 1
    assert "over 2 members of archives" in capsys.readouterr().err


def test_archives_in_archives_may_be_larger_than_images(
    source, target, tmp_path, monkeypatch, capsys
):
    inner, outer = tmp_path / "inner.zip", tmp_path / "outer.zip"
    with zipfile.ZipFile(inner, "w") as sink:
        sink.writestr("more", os.urandom(5000))  # ten times the largest image
        for path in source.iterdir():
            sink.write(path, path.name)
    with zipfile.ZipFile(outer, "w") as sink:
        sink.write(inner, "sets/inner.zip")
    assert get(target, outer) == 0 and found(target) == ALL
    shutil.rmtree(target)
    monkeypatch.setattr(getting, "_MOST_UNPACKED", 5000)
    assert get(target, outer) == 1
    assert "outer.zip: sets/inner.zip: passed over" in capsys.readouterr().err


def test_a_damaged_member_loses_no_other(source, target, tmp_path, capsys):
    archive = tmp_path / "sets.zip"
    with zipfile.ZipFile(archive, "w") as sink:
        for number in (1, 2, 3):
            sink.write(source / f"other-name-{number}.dat", f"{number}.bmp")
    archive.write_bytes(_damaged(archive.read_bytes()))
    assert get(target, archive) == 1
    assert found(target) == ALL[:2]
    assert "sets.zip: 1.bmp: cannot be read" in capsys.readouterr().err


def test_a_source_with_nothing_in_it_is_named(source, target, tmp_path, capsys):
    whole = tmp_path / "sets.zip"
    with zipfile.ZipFile(whole, "w") as sink:
        sink.write(source / "other-name-1.dat", "t36.bmp")
    cut, empty = tmp_path / "cut.zip", tmp_path / "empty.bmp"
    cut.write_bytes(whole.read_bytes()[:-40])
    empty.touch()
    packed = tmp_path / "sets.tar.gz"
    with tarfile.open(packed, "w:gz") as sink:
        sink.add(source, "sets")
    assert get(target, cut, empty, packed, whole) == 1
    said = capsys.readouterr().err
    for path in (cut, empty, packed):
        assert f"--from {path}: nothing that is still missing" in said
    assert f"--from {whole}:" not in said


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_a_copy_with_an_opaque_alpha_is_known(mode, source, target, capsys):
    path = source / f"other-name-{3 if mode == 'LA' else 2}.dat"
    with Image.open(path) as image:
        whole = image.convert(mode)
        path.unlink()
    hole = whole.copy()
    hole.putpixel((0, 0), (0, 0) if mode == "LA" else (0, 0, 0, 0))
    hole.save(path.with_suffix(".png"))
    assert get(target, source) == 1 and len(found(target)) == 3
    whole.save(path.with_suffix(".png"))
    assert get(target, source) == 0 and datasets.check(target).ok


def test_addresses_without_an_end_are_left_out(
    source, target, tmp_path, monkeypatch, capsys
):
    os.mkfifo(tmp_path / "pipe")
    for path in (Path("/dev/zero"), tmp_path / "pipe"):
        assert get(target, path.as_uri()) == 1
        assert f"{path.as_uri()}: cannot be had" in capsys.readouterr().err
    monkeypatch.setattr(getting, "_MOST_BYTES", 100)
    assert get(target, (source / "other-name-1.dat").as_uri()) == 1
    assert "larger than 0 GiB" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["~nosuchuser/x", "http://[", "a" * 300])
def test_odd_sources(name, source, target, capsys):
    assert get(target, name) in (1, 2)
    said = capsys.readouterr().err
    assert name in said and "Traceback" not in said


def test_what_a_killed_process_left_is_removed_the_next_time(source, target):
    code = (
        "import sys; from pathlib import Path; from srcnn_theano.data import getting\n"
        "with getting._scratch(Path(sys.argv[1])) as folder:\n"
        "    (folder / 'member').write_bytes(b'half')\n"
        "    print('begun', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(target)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout.readline() == b"begun\n"
        (left,) = target.iterdir()
        assert get(target, source / "other-name-1.dat") == 1
        assert left.exists()  # its process lives
        process.send_signal(signal.SIGKILL)
    assert left.exists()
    assert get(target, source) == 0
    assert found(target) == ALL and not left.exists()
