import json
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest
from PIL import Image

from srcnn_theano import files
from srcnn_theano.data import datasets
from srcnn_theano.data.patches import make_pairs, make_recipe
from srcnn_theano.errors import UserError

COURSE = make_recipe("course")


def write_image(path, rows=40, cols=48, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.RandomState(seed).randint(0, 256, (rows, cols, 3))
    Image.fromarray(pixels.astype(np.uint8)).save(str(path))
    return path


@pytest.fixture
def small_sets(tmp_path, monkeypatch):
    """A data folder with two images in each set, and a manifest to match."""
    folder = tmp_path / "data"
    manifest = {}
    for i, name in enumerate(datasets.SETS):
        manifest[name] = {}
        for file_name in ("t1.bmp", "t10.bmp", "t2.bmp"):
            path = write_image(folder / name / file_name, seed=10 * i + len(file_name))
            manifest[name][file_name] = {
                "bytes": path.stat().st_size,
                "sha256": files.sha256(path),
            }
    monkeypatch.setattr(datasets, "manifest", lambda: manifest)
    return folder


def test_data_needs_no_theano():
    code = (
        "import sys, srcnn_theano.data.datasets, srcnn_theano.evaluation.protocols;"
        "assert not {'theano', 'aesara', 'jax', 'matplotlib'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Where the sets are


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
    with pytest.raises(UserError, match=r"1 of 3 images of Set5 .*t10\.bmp.*get_data"):
        datasets.image_paths(small_sets, "Set5")
    with pytest.raises(UserError, match="'Set6'; there are T91, Set5, Set14"):
        datasets.image_paths(small_sets, "Set6")


def test_folder_images(tmp_path):
    for name in ("b.png", "a/c.jpg", "a/B.BMP", ".hidden.png", "notes.txt"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"x")
    names = [str(p.relative_to(tmp_path)) for p in datasets.folder_images(tmp_path)]
    assert names == [os.path.join("a", "B.BMP"), os.path.join("a", "c.jpg"), "b.png"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="empty: no images in this folder"):
        datasets.folder_images(tmp_path / "empty")
    with pytest.raises(UserError, match="nowhere: no such folder"):
        datasets.folder_images(tmp_path / "nowhere")


# Checking


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


# Sub-images and their cache


def direct(paths, recipe=COURSE):
    pairs = [make_pairs(np.asarray(Image.open(str(path))), recipe) for path in paths]
    return (
        np.concatenate([p.low_res for p in pairs]),
        np.concatenate([p.high_res for p in pairs]),
    )


def assert_pairs(pairs, expected):
    np.testing.assert_array_equal(pairs.low_res, expected[0])
    np.testing.assert_array_equal(pairs.high_res, expected[1])


@pytest.fixture
def no_making(monkeypatch):
    def forbid():
        def fail(*_):
            raise AssertionError("sub-images were made again")

        monkeypatch.setattr(datasets, "make_pairs", fail)

    return forbid


def test_prepare_makes_once_and_then_reads(small_sets, tmp_path, no_making):
    cache = tmp_path / "cache"
    expected = direct(datasets.image_paths(small_sets, "Set5"))
    assert_pairs(datasets.prepare(small_sets, "Set5", COURSE, cache), expected)
    no_making()
    assert_pairs(datasets.prepare(small_sets, "Set5", COURSE, cache), expected)
    assert [path.name for path in cache.iterdir()] == [
        f"Set5-course-x4-{COURSE.hash}.h5"
    ]


def test_cache_says_how_it_was_made(small_sets, tmp_path):
    datasets.prepare(small_sets, "Set5", COURSE, tmp_path)
    path = datasets.cache_path("Set5", COURSE, tmp_path)
    with h5py.File(str(path), "r") as store:
        assert json.loads(store.attrs["recipe"]) == dict(COURSE._asdict())
        assert store.attrs["recipe_hash"] == COURSE.hash
        sources = dict(json.loads(store["sources"][()]))
    known = datasets.manifest()["Set5"]
    assert sources == {name: facts["sha256"] for name, facts in known.items()}


def test_another_recipe_is_another_file(small_sets, tmp_path):
    recipes = [COURSE, COURSE._replace(blur_sigma=2.0), make_recipe("standard", 2)]
    for recipe in recipes:
        datasets.prepare(small_sets, "T91", recipe, tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 3


def test_default_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert datasets.cache_path("T91", COURSE).parent == tmp_path / "srcnn_theano"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    parent = datasets.cache_path("T91", COURSE).parent
    assert parent == tmp_path / ".cache" / "srcnn_theano"


def test_prepare_refuses_a_wrong_file(small_sets, tmp_path):
    write_image(small_sets / "Set5" / "t2.bmp", seed=99)
    with pytest.raises(UserError, match=r"t2\.bmp: wrong checksum"):
        datasets.prepare(small_sets, "Set5", COURSE, tmp_path)


def test_changed_images_are_prepared_again(tmp_path, capsys):
    paths = [write_image(tmp_path / name) for name in ("a.png", "b.png")]
    cache = tmp_path / "cache"
    datasets.prepare_folder(paths, COURSE, cache)
    write_image(paths[1], seed=5)
    pairs = datasets.prepare_folder(paths, COURSE, cache)
    assert_pairs(pairs, direct(paths))
    assert "made from other images; making it again" in capsys.readouterr().err
    assert len(list(cache.iterdir())) == 1


def damage_nothing_but_data(path):
    content = bytearray(path.read_bytes())
    content[-100] ^= 255  # in the last chunk of pixels
    path.write_bytes(bytes(content))


def cut_short(path):
    path.write_bytes(path.read_bytes()[:3000])


def empty(path):
    path.write_bytes(b"")


def something_else(path):
    with h5py.File(str(path), "w") as store:
        store["x"] = 1


@pytest.mark.parametrize(
    "damage", [damage_nothing_but_data, cut_short, empty, something_else]
)
def test_damaged_cache_is_made_again(small_sets, tmp_path, capsys, damage, no_making):
    expected = datasets.prepare(small_sets, "Set5", COURSE, tmp_path)
    path = datasets.cache_path("Set5", COURSE, tmp_path)
    damage(path)
    assert_pairs(datasets.prepare(small_sets, "Set5", COURSE, tmp_path), expected)
    said = capsys.readouterr().err.strip().splitlines()
    assert said == [f"{path}: not a readable file of sub-images; making it again"]
    no_making()
    assert_pairs(datasets.prepare(small_sets, "Set5", COURSE, tmp_path), expected)


def test_cache_of_another_recipe_is_refused(small_sets, tmp_path):
    datasets.prepare(small_sets, "Set5", COURSE, tmp_path)
    path = datasets.cache_path("Set5", COURSE, tmp_path)
    assert len(datasets.load_pairs(path).low_res) == 6
    assert len(datasets.load_pairs(path, COURSE._replace(name="x")).low_res) == 6
    with pytest.raises(UserError, match="another recipe, target blurred instead of sh"):
        datasets.load_pairs(path, COURSE._replace(target="sharp"))
    with pytest.raises(UserError, match="not a readable file of sub-images"):
        datasets.load_pairs(tmp_path / "nowhere.h5")


def test_unwritable_cache_is_gone_without(small_sets, tmp_path, capsys):
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    expected = direct(datasets.image_paths(small_sets, "Set5"))
    assert_pairs(datasets.prepare(small_sets, "Set5", COURSE, blocked), expected)
    assert "going on without this cache" in capsys.readouterr().err


def test_full_disk(small_sets, tmp_path, capsys, full_disk):
    cache = tmp_path / "cache"
    expected = direct(datasets.image_paths(small_sets, "Set5"))
    with full_disk():
        assert_pairs(datasets.prepare(small_sets, "Set5", COURSE, cache), expected)
    assert "going on without this cache" in capsys.readouterr().err
    assert list(cache.iterdir()) == []


def test_prepare_folder_errors(tmp_path):
    small = write_image(tmp_path / "small.png", rows=40, cols=20)
    with pytest.raises(UserError, match=r"small\.png: 20x40 pixels hold no sub-image"):
        datasets.prepare_folder([small], COURSE, tmp_path / "cache")
    with pytest.raises(UserError, match="no images"):
        datasets.prepare_folder([], COURSE, tmp_path / "cache")
    with pytest.raises(UserError, match=r"gone\.png: cannot be read"):
        datasets.prepare_folder([tmp_path / "gone.png"], COURSE, tmp_path / "cache")
    text = tmp_path / "text.png"
    text.write_text("no image")
    with pytest.raises(UserError, match=r"text\.png: not an image"):
        datasets.prepare_folder([text], COURSE, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_print_prepare(small_sets, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    datasets.print_prepare(small_sets, "standard", 2, as_json=True)
    printed = json.loads(capsys.readouterr().out)
    assert printed["recipe"]["hash"] == make_recipe("standard", 2).hash
    assert [one["sub_images"] for one in printed["sets"].values()] == [6, 6, 6]
    datasets.print_prepare(small_sets, "standard", 2)
    assert "Set14    3 images       6 sub-images" in capsys.readouterr().out


# The real sets


@pytest.mark.data
def test_the_three_sets_are_verified(data_dir):
    assert datasets.check(data_dir).ok


@pytest.mark.data
@pytest.mark.parametrize("name, n", [("T91", 22092), ("Set5", 2488), ("Set14", 14851)])
def test_number_of_sub_images(data_dir, cache_dir, name, n):
    pairs = datasets.prepare(data_dir, name, COURSE, cache_dir)
    assert pairs.low_res.shape == pairs.high_res.shape == (n, 3, 33, 33)
