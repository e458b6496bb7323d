import numpy as np
import pytest

from srcnn_theano.errors import UserError
from srcnn_theano.hdf5 import read_arrays, write_arrays
from srcnn_theano.shipped import weights_dir
from srcnn_theano.vgg16_weights import (
    SHAPES,
    VGG16Weights,
    arrays_to,
    find_vgg16,
    layers_to,
    load_vgg16,
    save_vgg16,
)


@pytest.fixture
def path(small_vgg16, tmp_path):
    path = tmp_path / "vgg16.h5"
    save_vgg16(path, VGG16Weights(small_vgg16, "caffe", "a.caffemodel", "0" * 64))
    return path


def refused(path, match, last_layer="relu2_2"):
    with pytest.raises(UserError, match=match) as error:
        load_vgg16(path, last_layer)
    assert str(path) in str(error.value)


def changed(path, attributes=None, values=None):
    """Write the file anew with other attributes or arrays; None takes them out."""
    old_attributes, old_values = read_arrays(path, "")
    for old, new in ((old_attributes, attributes or {}), (old_values, values or {})):
        old.update(new)
        for name in [name for name, value in old.items() if value is None]:
            del old[name]
    write_arrays(path, old_attributes, old_values)


def test_round_trip(path, small_vgg16):
    weights = load_vgg16(path, "prob")
    assert weights[1:] == ("caffe", "a.caffemodel", "0" * 64)
    assert set(weights.values) == set(small_vgg16)
    for name, value in small_vgg16.items():
        assert weights.values[name].dtype == np.float32
        np.testing.assert_array_equal(weights.values[name], value)


def test_names_of_the_arrays_up_to_a_layer():
    names = ["conv1_1.W", "conv1_1.b", "conv1_2.W", "conv1_2.b"]
    assert list(arrays_to("relu1_2")) == list(arrays_to("pool1")) == names
    assert arrays_to("conv1_1") == {"conv1_1.W": (64, 3, 3, 3), "conv1_1.b": (64,)}
    assert len(arrays_to("prob")) == 32
    assert layers_to("conv1_2") == ("conv1_1", "relu1_1", "conv1_2")


def test_what_lies_above_is_not_read(path, edited):
    with edited(path) as file:
        file["conv3_1.W"][0] = 7
    assert set(load_vgg16(path, "pool2").values) == set(arrays_to("pool2"))
    refused(path, r"damaged \(conv3_1.W is not as it was written\)", "conv3_1")


@pytest.mark.parametrize("layer", ["relu9_9", "conv1_3", "fc9", "", "conv1_1.W"])
def test_unknown_layer(path, layer):
    with pytest.raises(UserError, match="VGG16 has no such layer; it has conv1_1"):
        load_vgg16(path, layer)


def test_missing_file(tmp_path):
    refused(
        tmp_path / "none.h5", "no such file; make it .* convert FILE OUT.h5 --model"
    )
    refused(tmp_path, "is a folder; make it from")


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n" * 40, b"conv1_1 = 3"])
def test_files_that_are_not_hdf5(tmp_path, content):
    (tmp_path / "vgg16.h5").write_bytes(content)
    refused(tmp_path / "vgg16.h5", "damaged, or not an HDF5 file")


@pytest.mark.parametrize("kept", [8, 100, 1000, 0.5, 0.99])
def test_truncated_file(path, kept):
    content = path.read_bytes()
    path.write_bytes(content[: kept if kept > 1 else int(kept * len(content))])
    refused(path, "damaged, or not an HDF5 file")


def test_damaged_values(path, small_vgg16):
    content = path.read_bytes()
    value = small_vgg16["conv1_2.W"].tobytes()
    assert content.count(value) == 1
    path.write_bytes(content.replace(value, value[:-4] + b"\x00" * 4))
    refused(path, "damaged, .*does not have the checksum it begins with")


def test_missing_layer(path):
    changed(path, values={"conv2_1.b": None})
    refused(path, "no conv2_1.b, which relu2_2 needs; .* with --last-layer relu2_2")
    load_vgg16(path, "pool1")


def test_wrong_shape(path):
    changed(path, values={"conv2_1.W": np.zeros((6, 5, 5, 5), "float32")})
    refused(
        path,
        r"conv2_1.W has shape \(6, 5, 5, 5\), that of VGG16 is \(6, 5, 3, 3\); "
        "this is another network",
    )


def test_wrong_type(path, small_vgg16):
    changed(path, values={"conv1_1.W": small_vgg16["conv1_1.W"].astype("float64")})
    refused(path, "conv1_1.W is float64, not float32; convert it again")


def test_values_that_are_not_finite(path, small_vgg16):
    bias = small_vgg16["conv1_1.b"].copy()
    bias[2] = np.nan
    changed(path, values={"conv1_1.b": bias})
    refused(path, "conv1_1.b holds values that are not finite")


@pytest.mark.parametrize(
    "name, value, match",
    [
        ("format", "srcnn_theano weights", "not VGG16 as srcnn_theano reads it"),
        ("format", None, "not VGG16 as srcnn_theano reads it; make it"),
        ("version", 2, "file version 2, this program reads version 1"),
        ("preprocessing", "hsv", "preprocessing 'hsv' is not known"),
        ("preprocessing", None, "preprocessing None is not known"),
        ("checksums", "{", "damaged .its list of checksums"),
        ("checksums", None, "damaged .its list of checksums"),
    ],
)
def test_attributes(path, name, value, match):
    changed(path, attributes={name: value})
    refused(path, match)


def test_another_networks_file():
    refused(weights_dir() / "srcnn_x2.h5", "not VGG16 as srcnn_theano reads it")


def test_vgg16_of_another_width(path, small_vgg16, monkeypatch):
    monkeypatch.setitem(SHAPES, "conv1_1", (64, 3, 3, 3))
    refused(
        path, r"conv1_1.W has shape \(5, 3, 3, 3\), that of VGG16 is \(64, 3, 3, 3\)"
    )


# --- Finding the file ---


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SRCNN_VGG16", raising=False)
    return tmp_path / "cache" / "srcnn_theano"


def test_the_option_goes_before_the_variable_and_that_before_the_cache(
    cache, tmp_path, monkeypatch
):
    named, variable = tmp_path / "named.h5", tmp_path / "variable.h5"
    cache.mkdir(parents=True)
    for path in (named, variable, cache / "vgg16.h5"):
        path.write_bytes(b"")
    assert find_vgg16() == cache / "vgg16.h5"
    monkeypatch.setenv("SRCNN_VGG16", str(variable))
    assert find_vgg16() == variable
    assert find_vgg16(str(named)) == named


def test_it_is_nowhere(cache, tmp_path, monkeypatch):
    with pytest.raises(UserError) as error:
        find_vgg16()
    place = str(cache / "vgg16.h5")
    for part in ("--vgg", "SRCNN_VGG16", "srcnn-theano convert FILE " + place):
        assert part in str(error.value)
    assert "\n" not in str(error.value)
    with pytest.raises(UserError, match="--vgg .*none.h5: no such file; make it"):
        find_vgg16(tmp_path / "none.h5")
    with monkeypatch.context() as patch:  # the command is one for a shell
        patch.setenv("XDG_CACHE_HOME", str(tmp_path / "my cache"))
        with pytest.raises(UserError, match="convert FILE '[^']*/my cache/[^ ]*h5' --"):
            find_vgg16()
    monkeypatch.setenv("SRCNN_VGG16", str(tmp_path / "other.h5"))
    with pytest.raises(UserError, match="SRCNN_VGG16 .*other.h5: no such file"):
        find_vgg16()
