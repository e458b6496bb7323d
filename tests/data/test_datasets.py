import json
import shutil
import subprocess
import sys

import pytest

from srcnn_theano.cli import main
from srcnn_theano.data import datasets
from srcnn_theano.errors import UserError


def test_data_needs_no_theano():
    code = (
        "import sys, srcnn_theano.data.cache, srcnn_theano.evaluation.protocols;"
        "assert not {'theano', 'aesara', 'jax', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- Where the sets are ---


def test_find_data_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("SRCNN_DATA", str(tmp_path))
    assert datasets.find_data_dir() == tmp_path
    (tmp_path / "other").mkdir()
    assert datasets.find_data_dir(str(tmp_path / "other")) == tmp_path / "other"
    with pytest.raises(UserError, match="--data .*nowhere: no such folder"):
        datasets.find_data_dir(tmp_path / "nowhere")
    monkeypatch.delenv("SRCNN_DATA")
    with pytest.raises(UserError, match="--data DIR or the variable SRCNN_DATA"):
        datasets.find_data_dir()


def test_the_manifest_is_read_once():
    """Not again for each image whose checksum is wanted."""
    assert datasets.manifest() is datasets.manifest()


def test_manifest():
    manifest = datasets.manifest()
    assert {name: len(files) for name, files in manifest.items()} == {
        "T91": 91,
        "Set5": 5,
        "Set14": 14,
    }
    facts = [facts for files in manifest.values() for facts in files.values()]
    assert all(len(one["sha256"]) == 64 and one["bytes"] > 0 for one in facts)
    t91 = manifest["T91"]
    assert t91["t36.bmp"] == t91["t65.bmp"]  # the same picture twice


def test_image_paths_are_sorted_by_name(small_sets):
    names = [path.name for path in datasets.image_paths(small_sets, "Set5")]
    assert names == ["t1.bmp", "t10.bmp", "t2.bmp"]


def test_image_paths_names_what_is_missing(small_sets):
    (small_sets / "Set5" / "t10.bmp").unlink()
    with pytest.raises(UserError, match=r"1 of 3 images of Set5 .*t10\.bmp.*data get"):
        datasets.image_paths(small_sets, "Set5")
    with pytest.raises(UserError, match="'Set6'; there are T91, Set5, Set14"):
        datasets.image_paths(small_sets, "Set6")


def test_all_sets_that_lack_images_are_named(small_sets, capsys):
    (small_sets / "T91" / "t1.bmp").unlink()
    (small_sets / "Set14" / "t2.bmp").unlink()
    words = ["--data", str(small_sets)]
    rows = ["reproduce", "all", "--only", "half_relu", *words]
    page = ["compare-deconv", *words, "--out", str(small_sets / "page")]
    (small_sets / "Set5" / "t1.bmp").unlink()
    assert main(page) == 2
    said = capsys.readouterr().err
    assert "images of T91" in said and "images of Set5" in said
    shutil.copy(small_sets / "T91" / "t2.bmp", small_sets / "Set5" / "t1.bmp")
    for command in (["data", "prepare", *words], rows):
        assert main(command) == 2
        said = capsys.readouterr().err
        assert "1 of 3 images of T91 are missing (t1.bmp)" in said
        assert "1 of 3 images of Set14 are missing (t2.bmp)" in said
        assert "Set5:" not in said


def test_folder_images(tmp_path):
    for name in ("b.png", "a/c.jpg", "a/B.BMP", ".hidden.png", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    names = [
        p.relative_to(tmp_path).as_posix() for p in datasets.folder_images(tmp_path)
    ]
    assert names == ["a/B.BMP", "a/c.jpg", "b.png"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="empty: no images in this folder"):
        datasets.folder_images(tmp_path / "empty")
    with pytest.raises(UserError, match="nowhere: no such folder"):
        datasets.folder_images(tmp_path / "nowhere")


# --- Checking ---


def test_check_all_right(small_sets, capsys):
    assert datasets.check(small_sets).ok
    assert datasets.print_check(small_sets) == 0
    assert "T91      3 of  3 files verified by SHA-256\n" in capsys.readouterr().out


def test_check_tells_missing_from_wrong(small_sets, capsys):
    (small_sets / "T91" / "t2.bmp").unlink()
    wrong = small_sets / "Set14" / "t1.bmp"
    content = bytearray(wrong.read_bytes())
    content[-1] ^= 1
    wrong.write_bytes(bytes(content))
    result = datasets.check(small_sets)
    assert not result.ok
    t91, set5, set14 = result.sets
    assert (t91.n_found, t91.missing, t91.wrong) == (2, ["t2.bmp"], [])
    assert set5.ok
    assert (set14.n_found, set14.missing, set14.wrong) == (2, [], ["t1.bmp"])
    assert datasets.print_check(small_sets, as_json=True) == 1
    printed = json.loads(capsys.readouterr().out)
    assert printed["ok"] is False
    assert printed["sets"][2]["wrong"] == ["t1.bmp"]
    datasets.print_check(small_sets)
    text = capsys.readouterr().out
    assert "missing: t2.bmp" in text and "wrong: t1.bmp" in text


def test_each_missing_file_is_named(tmp_path):
    """By its set, and in lines of a terminal."""
    text = str(datasets.check(tmp_path))
    words = set(text.replace(",", " ").split())
    for files in datasets.manifest().values():
        assert set(files) <= words
    assert max(map(len, text.splitlines()[1:])) <= 90 and " more" not in text
    with pytest.raises(UserError) as error:
        datasets.image_paths(tmp_path, "T91")
    assert all(name in str(error.value) for name in datasets.manifest()["T91"])


# --- The real sets ---


@pytest.mark.data
def test_the_three_sets_are_verified(data_dir):
    assert datasets.check(data_dir).ok
