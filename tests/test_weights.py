import json
import os
import subprocess
import sys

import h5py
import numpy as np
import pytest

from srcnn_theano.errors import UserError
from srcnn_theano.hdf5 import read_arrays, write_arrays
from srcnn_theano.shipped import weights_dir
from srcnn_theano.weights import (
    PICTURE_MODELS,
    load_for_scale,
    load_weights,
    save_weights,
    shipped_models,
    shipped_weights,
    trained_epochs,
    weights_for_scale,
)

OPTIONS = {
    "channels": 1,
    "n_filters": [4, 3],
    "filter_sizes": [3, 1, 3],
    "batch_norm": "hidden",
}
FSRCNN_OPTIONS = {"channels": 3, "scale": 4, "d": 4, "s": 3, "m": 1}


@pytest.fixture
def path(tmp_path, random_weights):
    path = tmp_path / "net.h5"
    save_weights(path, random_weights("srcnn", OPTIONS))
    return path


def refused(path, match):
    with pytest.raises(UserError, match=match) as error:
        load_weights(path)
    assert str(path) in str(error.value)
    assert str(error.value).isprintable() and len(str(error.value)) < 700


def test_round_trip(path, random_weights):
    loaded, saved = load_weights(path), random_weights("srcnn", OPTIONS)
    assert loaded.model == "srcnn"
    assert loaded.options == OPTIONS
    assert loaded.about == {"scale": 3, "source": "naïve"}
    assert set(loaded.values) == set(saved.values)
    for name, value in loaded.values.items():
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, saved.values[name])


def test_a_weight_file_is_read_without_theano_and_compiler(path):
    code = (
        "import sys; sys.modules.update(theano=None, aesara=None);"
        "from srcnn_theano.weights import load_weights;"
        f"print(load_weights({str(path)!r}).model)"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env=dict(os.environ, PATH="", THEANO_FLAGS="cxx="),
        capture_output=True,
        text=True,
    )
    assert (answer.stdout, answer.stderr) == ("srcnn\n", "")


def test_double_precision_is_stored_as_float32(tmp_path, random_weights):
    doubles = {
        n: v.astype("float64")
        for n, v in random_weights("srcnn", OPTIONS).values.items()
    }
    save_weights(tmp_path / "net.h5", random_weights("srcnn", OPTIONS, values=doubles))
    loaded = load_weights(tmp_path / "net.h5")
    assert {value.dtype for value in loaded.values.values()} == {np.dtype("float32")}


def test_equal_weights_give_equal_bytes(path, tmp_path, random_weights):
    weights = random_weights("srcnn", OPTIONS)
    values = dict(sorted(weights.values.items(), reverse=True))

    def written(weights):
        save_weights(tmp_path / "again.h5", weights)
        return (tmp_path / "again.h5").read_bytes()

    # Older h5py puts the second of writing into the file; it may end in between.
    assert any(
        written(weights) == written(weights._replace(values=values)) for _ in range(5)
    )
    save_weights(tmp_path / "other.h5", random_weights("srcnn", OPTIONS, seed=1))
    assert (tmp_path / "other.h5").read_bytes() != path.read_bytes()


@pytest.mark.parametrize(
    "model, options",
    [
        ("fsrcnn", {"slopes": "layer", "crop": 4}),
        ("half-fsrcnn", {"skip": "both", "activation": "relu"}),
        ("fsrcnn-large", {"mean": 0.45, "padding": "none"}),
        ("fsrcnn", {"upsampling": "full-border", "deconv_size": 26}),
    ],
)
def test_round_trip_of_fsrcnn(tmp_path, model, options, random_weights):
    saved = random_weights(model, dict(FSRCNN_OPTIONS, **options))
    save_weights(tmp_path / "net.h5", saved)
    loaded = load_weights(tmp_path / "net.h5")
    assert loaded[:2] == saved[:2] and loaded.about == saved.about
    assert set(loaded.values) == set(saved.values)
    for name, value in loaded.values.items():
        np.testing.assert_array_equal(value, saved.values[name])


@pytest.mark.parametrize(
    "options, match",
    [
        ({"scale": 0}, "scale 0"),
        ({"scale": 3.5}, "scale 3.5"),
        ({"scale": 4.0}, "scale 4.0"),
        ({"scale": "4"}, "does not fit the model"),
        ({"d": 4.0}, "does not fit the model"),
        ({"deconv_size": 9.0}, "does not fit the model"),
        ({"crop": 2.5}, "does not fit the model"),
        ({"crop": "2"}, "does not fit the model"),
        ({"d": 0}, "does not fit the model"),
        ({"d": -5}, "does not fit the model"),
        ({"channels": 1}, r"\(4, 1, 5, 5\) needed"),
        ({"deconv_size": 2}, "deconv"),
        ({"m": 2}, "conv5"),
        ({"upsampling": "full-border", "scale": 1}, "scale 1"),
        ({"output_size": [41, 41]}, "deconv.*known"),
        ({"skip": "all"}, "'all'"),
    ],
)
def test_options_that_give_no_fsrcnn(
    tmp_path, options, match, random_weights, careless
):
    weights = random_weights("fsrcnn", FSRCNN_OPTIONS)
    path = tmp_path / "net.h5"
    save_weights(path, weights._replace(options=dict(weights.options, **options)))
    refused(path, match)


@pytest.fixture
def careless(monkeypatch):
    """Whatever is saved is written."""
    monkeypatch.setattr("srcnn_theano.weights._check_fit", lambda path, weights: None)


def test_a_file_must_fit_the_scale(tmp_path, path, random_weights):
    x3 = tmp_path / "x3.h5"
    save_weights(x3, random_weights("fsrcnn", dict(FSRCNN_OPTIONS, scale=3)))
    assert load_for_scale(3, x3)[1].model == "fsrcnn"
    assert load_for_scale(4, path)[0] == path  # SRCNN leaves the size as it is
    with pytest.raises(UserError, match="x3.h5: enlarges 3 times, not 2; .*--scale 3"):
        load_for_scale(2, x3)
    with pytest.raises(UserError, match="--model srcnn --weights .*x3.h5.*leave one"):
        load_for_scale(3, x3, "srcnn")


@pytest.mark.parametrize("name", ["m", "d", "s", "n_deconv", "deconv_size", "scale"])
def test_counts_that_a_file_cannot_hold_take_no_time(path, edited, name):
    with edited(path) as file:
        file.attrs["model"] = "fsrcnn"
        for count in (100000, 10**9, 10**18):
            file.attrs["options"] = json.dumps({name: count})
    refused(path, f"{name} 1000.*: it must be a whole number from")


def test_epochs_of_a_training(path, random_weights):
    trained = random_weights("srcnn", OPTIONS, about={"n_epochs": 7})
    assert trained_epochs(path, trained) == 7
    with pytest.raises(UserError, match="net.h5: does not say after how many epochs"):
        trained_epochs(path, random_weights("srcnn", OPTIONS))


def test_missing_file(tmp_path):
    refused(tmp_path / "none.h5", "no such weight file")
    refused(tmp_path, "is a folder; name a weight file")


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"conv1.W = 3\n"])
def test_files_that_are_not_hdf5(tmp_path, content):
    path = tmp_path / "net.h5"
    path.write_bytes(content)
    refused(path, "not an HDF5 file .*srcnn-theano convert")


@pytest.mark.parametrize("kept", [8, 100, 1000, 0.5, 0.9, -1])
def test_truncated_file(path, kept):
    content = path.read_bytes()
    kept = int(kept * len(content)) if isinstance(kept, float) else kept
    path.write_bytes(content[:kept])
    refused(path, "damaged")


def test_damaged_values_are_noticed(path, random_weights):
    content = path.read_bytes()
    value = random_weights("srcnn", OPTIONS).values["conv1.W"].tobytes()
    assert content.count(value) == 1
    changed = b"\x00" * 4 + value[4:]
    path.write_bytes(content.replace(value, changed))
    refused(path, "damaged")


@pytest.mark.parametrize("stretch", range(20))
def test_damage_is_never_another_exception(path, stretch, random_weights):
    content = path.read_bytes()
    size = len(content) // 20
    start = stretch * size
    path.write_bytes(content[:start] + b"\x00" * size + content[start + size :])
    try:
        loaded = load_weights(path)
    except UserError as error:
        assert str(path) in str(error)
    else:
        for name, value in random_weights("srcnn", OPTIONS).values.items():
            np.testing.assert_array_equal(loaded.values[name], value)


def test_other_hdf5_files(tmp_path):
    path = tmp_path / "keras.h5"
    with h5py.File(str(path), "w") as file:
        file["conv2d_1/kernel"] = np.zeros(3)
    refused(path, "not weights of srcnn_theano; .*srcnn-theano convert")


def test_vgg16_is_no_network_for_pictures(tmp_path):
    path = tmp_path / "vgg16.h5"
    write_arrays(path, {"format": "srcnn_theano vgg16"}, {})
    refused(path, "VGG16, which costs are measured with")


@pytest.mark.parametrize(
    "attribute, value, match",
    [
        ("version", 99, "version 99, this program reads version 1"),
        ("model", "vdsr", "'vdsr'"),
        ("options", "{", "damaged"),
        ("options", "[]", "does not fit the model 'srcnn'"),
        ("options", json.dumps({"channels": 1, "depth": 20}), "depth"),
        ("options", json.dumps(dict(OPTIONS, channels=3)), r"\(4, 3, 3, 3\) needed"),
        ("options", json.dumps(dict(OPTIONS, initializer="ones")), "ones"),
        ("about", "not JSON", "damaged"),
        ("about", "[]", "'about' must have names"),
        ("about", '{"experiment": []}', r"'experiment' must not be \[\]"),
        ("about", '{"experiment": 3}', "'experiment' must not be 3"),
        ("about", '{"n_epochs": true}', "'n_epochs' must not be True"),
        ("about", '{"n_epochs": -1}', "'n_epochs' must not be -1"),
        ("about", '{"scale": "2"}', "'scale' must not be '2'"),
        ("about", '{"psnr": NaN}', "number NaN, which is not finite"),
        ("about", '{"psnr": -1e999}', "number -1e999, which is not finite"),
        ("about", "[" * 30000, "nested too deep"),
        ("options", "[" * 30000, "nested too deep"),
        ("options", '{"a":' * 13000, "nested too deep"),
        ("options", " " * 70000, "70000 characters, at most 65536"),
        ("options", '{"channels": %s}' % ("9" * 5000), "5000 digits"),
        ("options", json.dumps({"channels": 10**30}), "channels 1000.*1 or 3"),
        ("options", json.dumps(dict(OPTIONS, channels=2)), "channels 2: .*1 or 3"),
        ("options", json.dumps(dict(OPTIONS, n_filters=[10**9] * 2)), "1 to 4096"),
        ("options", json.dumps(dict(OPTIONS, n_filters=[1] * 9999)), "up to 64 whole"),
        ("options", json.dumps(dict(OPTIONS, filter_sizes=[True] * 3)), "1 to 255"),
        ("options", json.dumps(dict(OPTIONS, filter_sizes=[3, 2.5, 3])), "1 to 255"),
        ("options", json.dumps(dict(OPTIONS, peak=float("nan"))), "NaN, which is not"),
        ("options", json.dumps(dict(OPTIONS, peak=True)), "peak True"),
        ("options", json.dumps({"x" * 9999: 1}), "'xxxx.*' is not known"),
        ("model", "\x1b[31mred", r"called '\\x1b\[31mred'"),
        ("model", "m" * 9999, "called 'mmmm"),
        ("model", 7, "called '7'"),
        ("version", "\x1b[31m", r"version '\\x1b"),
    ],
)
def test_attributes_that_are_not_ours(path, attribute, value, match, edited):
    with edited(path) as file:
        file.attrs[attribute] = value
    refused(path, match)


@pytest.mark.parametrize("attribute", ["format", "version", "model", "options"])
def test_missing_attribute(path, attribute, edited):
    with edited(path) as file:
        del file.attrs[attribute]
    refused(path, "not weights of srcnn_theano|version None|damaged")


@pytest.mark.parametrize(
    "change, match",
    [
        (lambda values: values.pop("conv3.b"), "does not fit .*conv3.b"),
        (lambda values: values.update(extra=np.zeros(2)), "does not fit .*extra"),
        (
            lambda values: values.update({"conv3.W": np.zeros((1, 3, 5, 5))}),
            r"conv3.W: shape \(1, 3, 5, 5\) given, \(1, 3, 3, 3\) needed",
        ),
        (
            lambda values: values.update({"bn1.var": np.full(4, np.nan)}),
            "bn1.var holds values that are not finite",
        ),
        (
            lambda values: values.update({"conv1.b": np.full(4, np.inf)}),
            "conv1.b holds values that are not finite",
        ),
    ],
)
def test_values_that_do_not_fit(tmp_path, change, match, random_weights, careless):
    weights = random_weights("srcnn", OPTIONS)
    change(weights.values)
    save_weights(tmp_path / "net.h5", weights)
    refused(tmp_path / "net.h5", match)


def test_values_that_are_no_numbers(path):
    attributes, values = read_arrays(path, "")
    values["conv1.b"] = np.array([b"one", b"two", b"three", b"four"])
    write_arrays(path, attributes, values)
    refused(path, "'conv1.b' holds values of the type")


def test_shipped_weights_are_readable():
    found = shipped_weights()
    assert set(found) == {p.stem for p in weights_dir().glob("*.h5")}
    for name, path in found.items():
        weights = load_weights(path)
        assert weights.about["scale"] in (2, 3, 4), name


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("model", PICTURE_MODELS)
def test_networks_for_pictures_come_along(model, scale):
    path = shipped_weights().get(f"{model.replace('-', '_')}_x{scale}")
    if path is None:
        assert model not in shipped_models()
        pytest.skip(f"{model} x{scale} is not shipped yet")
    assert weights_for_scale(scale, model) == path
    found, weights = load_for_scale(scale, model=model)
    assert found == path
    assert (weights.model, weights.about["scale"]) == (model, scale)
    if model == PICTURE_MODELS[0]:
        assert load_for_scale(scale)[0] == path


@pytest.mark.parametrize("scale, model", [(5, "srcnn"), (2, "vdsr"), (0, "fsrcnn")])
def test_networks_that_do_not_come_along(scale, model):
    match = f"--model {model} --scale {scale}.*fsrcnn, srcnn.*--weights"
    with pytest.raises(UserError, match=match):
        weights_for_scale(scale, model)


def test_a_network_of_a_later_version_is_offered_where_its_file_is(
    tmp_path, monkeypatch, random_weights
):
    assert shipped_models()[:2] == ("fsrcnn", "srcnn")
    monkeypatch.setattr("srcnn_theano.weights.weights_dir", lambda: tmp_path)
    assert shipped_models() == ()
    options = dict(FSRCNN_OPTIONS, d=5, s=4, m=8)
    large = random_weights("fsrcnn-large", options)._replace(about={"scale": 4})
    save_weights(tmp_path / "fsrcnn_large_x4.h5", large)
    assert shipped_models() == ("fsrcnn-large",)
    path, weights = load_for_scale(options["scale"], model="fsrcnn-large")
    assert (path.name, weights.model) == ("fsrcnn_large_x4.h5", "fsrcnn-large")
    with pytest.raises(UserError, match="fsrcnn-large --scale 2: .* one of fsrcnn-lar"):
        weights_for_scale(2, "fsrcnn-large")


def test_what_is_nearly_nothing_is_saved_as_nothing(tmp_path, passing_on):
    weights = passing_on(1)
    values = np.float32([1e-41, -1e-30, 1e-19, -3e-20, 0, 1, 2, 3, 4])
    weights.values["conv1.W"] = values.reshape(1, 1, 3, 3)
    save_weights(tmp_path / "net.h5", weights)
    saved = load_weights(tmp_path / "net.h5").values["conv1.W"].ravel()
    np.testing.assert_array_equal(saved[:2], 0)
    np.testing.assert_array_equal(saved[2:], values[2:])
