import json
import os

import h5py
import numpy as np
import pytest
from PIL import Image

from srcnn_theano.data import cache, datasets
from srcnn_theano.data.cache import (
    cache_path,
    load_pairs,
    prepare,
    prepare_folder,
    print_prepare,
)
from srcnn_theano.data.degradation import imresize
from srcnn_theano.data.patches import make_pairs, make_recipe
from srcnn_theano.errors import UserError

COURSE = make_recipe("course")


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

        monkeypatch.setattr(cache, "make_pairs", fail)

    return forbid


def test_prepare_makes_once_and_then_reads(small_sets, tmp_path, no_making):
    folder = tmp_path / "cache"
    expected = direct(datasets.image_paths(small_sets, "Set5"))
    assert_pairs(prepare(small_sets, "Set5", COURSE, folder), expected)
    no_making()
    assert_pairs(prepare(small_sets, "Set5", COURSE, folder), expected)
    assert [path.name for path in folder.iterdir()] == [
        f"Set5-course-x4-{COURSE.hash}.h5"
    ]


def test_cache_says_how_it_was_made(small_sets, tmp_path):
    prepare(small_sets, "Set5", COURSE, tmp_path)
    path = cache_path("Set5", COURSE, tmp_path)
    with h5py.File(str(path), "r") as store:
        recipe = json.loads(store.attrs["recipe"])
        assert recipe == dict(COURSE._asdict(), reductions=[1.0])
        assert store.attrs["recipe_hash"] == COURSE.hash
        sources = dict(json.loads(store.attrs["sources"]))
    known = datasets.manifest()["Set5"]
    assert sources == {name: facts["sha256"] for name, facts in known.items()}


def test_another_recipe_is_another_file(small_sets, tmp_path):
    recipes = [COURSE, COURSE._replace(blur_sigma=2.0), make_recipe("standard", 2)]
    for recipe in recipes:
        prepare(small_sets, "T91", recipe, tmp_path / "cache")
    assert len(list((tmp_path / "cache").iterdir())) == 3


def test_default_cache_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_path("T91", COURSE).parent == tmp_path / "srcnn_theano"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    parent = cache_path("T91", COURSE).parent
    assert parent == tmp_path / ".cache" / "srcnn_theano"


def test_prepare_refuses_a_wrong_file(small_sets, tmp_path, write_image):
    write_image(small_sets / "Set5" / "t2.bmp", seed=99)
    with pytest.raises(UserError, match=r"t2\.bmp: wrong checksum"):
        prepare(small_sets, "Set5", COURSE, tmp_path)


def test_changed_images_are_prepared_again(tmp_path, capsys, write_image):
    paths = [write_image(tmp_path / name) for name in ("a.png", "b.png")]
    folder = tmp_path / "cache"
    prepare_folder(paths, COURSE, folder)
    write_image(paths[1], seed=5)
    pairs = prepare_folder(paths, COURSE, folder)
    assert_pairs(pairs, direct(paths))
    assert "made from other images; making it again" in capsys.readouterr().err
    assert len(list(folder.iterdir())) == 1


def damage_nothing_but_data(path):
    content = bytearray(path.read_bytes())
    content[-100] ^= 255  # in the last array of pixels
    path.write_bytes(bytes(content))


def another_first_pixel(path):
    """As a fault between the pixels and HDF5 would leave it: a whole file."""
    with h5py.File(str(path), "r") as store:
        attributes = dict(store.attrs)
        arrays = {name: store[name][...] for name in store}
    arrays["high_res"].flat[0] += 1
    with h5py.File(str(path), "w") as store:
        store.attrs.update(attributes)
        for name, array in arrays.items():
            store[name] = array


def as_it_was_before(path):
    """A file of earlier versions, whose chunks had the only checksums."""
    with h5py.File(str(path), "r") as store:
        attributes = dict(store.attrs, format="srcnn-theano pairs 1")
        arrays = {name: store[name][...] for name in store}
    with h5py.File(str(path), "w") as store:
        store.attrs.update(attributes)
        store["sources"] = attributes["sources"]
        for name, array in arrays.items():
            store.create_dataset(name, data=array, fletcher32=True)


def a_fifo(path):
    path.unlink()
    os.mkfifo(str(path))


def cut_short(path):
    path.write_bytes(path.read_bytes()[:3000])


def empty(path):
    path.write_bytes(b"")


def something_else(path):
    with h5py.File(str(path), "w") as store:
        store["x"] = 1


@pytest.mark.parametrize(
    "damage",
    [
        damage_nothing_but_data,
        another_first_pixel,
        as_it_was_before,
        cut_short,
        empty,
        something_else,
    ],
)
def test_damaged_cache_is_made_again(small_sets, tmp_path, capsys, damage, no_making):
    expected = prepare(small_sets, "Set5", COURSE, tmp_path)
    path = cache_path("Set5", COURSE, tmp_path)
    damage(path)
    assert_pairs(prepare(small_sets, "Set5", COURSE, tmp_path), expected)
    said = capsys.readouterr().err.strip().splitlines()
    assert said == [f"{path}: not a readable file of sub-images; making it again"]
    no_making()
    assert_pairs(prepare(small_sets, "Set5", COURSE, tmp_path), expected)


def test_cache_of_another_recipe_is_refused(small_sets, tmp_path):
    prepare(small_sets, "Set5", COURSE, tmp_path)
    path = cache_path("Set5", COURSE, tmp_path)
    assert len(load_pairs(path).low_res) == 6
    assert len(load_pairs(path, COURSE._replace(name="x")).low_res) == 6
    with pytest.raises(UserError, match="another recipe, target blurred instead of sh"):
        load_pairs(path, COURSE._replace(target="sharp"))
    with pytest.raises(UserError, match="not a readable file of sub-images"):
        load_pairs(tmp_path / "nowhere.h5")


def test_unwritable_cache_is_gone_without(small_sets, tmp_path, capsys):
    blocked = tmp_path / "file"
    blocked.write_bytes(b"")
    expected = direct(datasets.image_paths(small_sets, "Set5"))
    assert_pairs(prepare(small_sets, "Set5", COURSE, blocked), expected)
    assert "going on without this cache" in capsys.readouterr().err


def test_full_disk(small_sets, tmp_path, capsys, full_disk):
    folder = tmp_path / "cache"
    expected = direct(datasets.image_paths(small_sets, "Set5"))
    with full_disk():
        assert_pairs(prepare(small_sets, "Set5", COURSE, folder), expected)
    assert "going on without this cache" in capsys.readouterr().err
    assert list(folder.iterdir()) == []


def test_reduced_copies_go_into_the_training(tmp_path, write_image, no_making):
    paths = [write_image(tmp_path / f"{n}.png", rows=n, cols=50) for n in (70, 36)]
    recipe = COURSE._replace(reductions=(1.0, 0.7))
    images = [np.asarray(Image.open(str(path))) for path in paths]
    copies = [images[0], imresize(images[0], 0.7), images[1]]
    # The small image reduced has no room for a sub-image: it is left out.
    assert imresize(images[1], 0.7).shape[0] < COURSE.size
    expected = [make_pairs(copy, COURSE) for copy in copies]
    for _ in range(2):
        pairs = prepare_folder(paths, recipe, tmp_path / "cache")
        for part, parts in zip(pairs, zip(*expected)):
            np.testing.assert_array_equal(part, np.concatenate(parts))
        no_making()


def test_prepare_folder_errors(tmp_path, write_image):
    small = write_image(tmp_path / "small.png", rows=40, cols=20)
    with pytest.raises(UserError, match=r"small\.png: 20x40 pixels hold no sub-image"):
        prepare_folder([small], COURSE, tmp_path / "cache")
    with pytest.raises(UserError, match="no images"):
        prepare_folder([], COURSE, tmp_path / "cache")
    with pytest.raises(UserError, match=r"gone\.png: cannot be read"):
        prepare_folder([tmp_path / "gone.png"], COURSE, tmp_path / "cache")
    text = tmp_path / "text.png"
    text.write_text("no image")
    with pytest.raises(UserError, match=r"text\.png: not an image"):
        prepare_folder([text], COURSE, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_print_prepare(small_sets, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    print_prepare(small_sets, "standard", 2, as_json=True)
    printed = json.loads(capsys.readouterr().out)
    assert printed["recipe"]["hash"] == make_recipe("standard", 2).hash
    assert [facts["sub_images"] for facts in printed["sets"].values()] == [6, 6, 6]
    print_prepare(small_sets, "standard", 2)
    assert "Set14    3 images       6 sub-images" in capsys.readouterr().out


@pytest.mark.data
@pytest.mark.parametrize("name, n", [("T91", 22092), ("Set5", 2488), ("Set14", 14851)])
def test_number_of_sub_images(data_dir, cache_dir, name, n):
    pairs = prepare(data_dir, name, COURSE, cache_dir)
    assert pairs.low_res.shape == pairs.high_res.shape == (n, 3, 33, 33)


def test_a_pipe_in_the_place_of_a_cache_is_left_alone(small_sets, tmp_path, capsys):
    expected = prepare(small_sets, "Set5", COURSE, tmp_path)
    path = cache_path("Set5", COURSE, tmp_path)
    a_fifo(path)
    assert_pairs(prepare(small_sets, "Set5", COURSE, tmp_path), expected)
    assert "going on without this cache" in capsys.readouterr().err
    assert path.is_fifo()
