import os
import subprocess
import sys

import numpy as np
import pytest
from scipy.io import loadmat, savemat
from scipy.signal import correlate

from srcnn_theano.cli import main
from srcnn_theano.convert import kinds
from srcnn_theano.convert.convert import convert
from srcnn_theano.convert.kinds import KINDS
from srcnn_theano.errors import UserError
from srcnn_theano.files import sha256
from srcnn_theano.inference import build_predictor
from srcnn_theano.weights import load_weights


def mat_arrays(sizes=(5, 3, 3), n_filters=(4, 3), seed=0):
    """Random weights as the authors' files hold them."""
    rng = np.random.RandomState(seed)
    first, second = n_filters
    return {
        "weights_conv1": rng.normal(size=(sizes[0] ** 2, first)) * 0.2,
        "weights_conv2": rng.normal(size=(first, sizes[1] ** 2, second)) * 0.2,
        "weights_conv3": rng.normal(size=(second, sizes[2] ** 2)) * 0.2,
        "biases_conv1": rng.normal(size=(first, 1)),
        "biases_conv2": rng.normal(size=(second, 1)),
        "biases_conv3": rng.normal(size=(1, 1)),
    }


def matlab_reshape(patch):
    size = int(len(patch) ** 0.5)
    return patch.reshape(size, size, order="F")


def demo(arrays, image):
    """The authors' SRCNN.m, map by map, without its padding."""
    maps = [
        np.maximum(correlate(image, matlab_reshape(patch), "valid") + b, 0)
        for patch, b in zip(arrays["weights_conv1"].T, arrays["biases_conv1"][:, 0])
    ]
    second = []
    for i, b in enumerate(arrays["biases_conv2"][:, 0]):
        total = sum(
            correlate(m, matlab_reshape(arrays["weights_conv2"][j, :, i]), "valid")
            for j, m in enumerate(maps)
        )
        second.append(np.maximum(total + b, 0))
    return arrays["biases_conv3"][0, 0] + sum(
        correlate(m, matlab_reshape(patch), "valid")
        for m, patch in zip(second, arrays["weights_conv3"])
    )


@pytest.fixture
def mat(tmp_path):
    path = tmp_path / "x3.mat"
    savemat(str(path), mat_arrays())
    return path


def refused(path, out, match, **options):
    with pytest.raises(UserError, match=match) as error:
        convert(path, out, **options)
    assert str(path) in str(error.value)
    assert not out.exists()


def test_converted_network_computes_what_the_demo_does(mat, tmp_path):
    weights = convert(mat, tmp_path / "out.h5", scale=3)

    image = np.random.RandomState(1).uniform(size=(17, 14))
    predict = build_predictor(load_weights(tmp_path / "out.h5"))
    result = predict(image[np.newaxis, np.newaxis].astype("float32"))[0, 0]

    assert predict.halo == 4
    np.testing.assert_allclose(result, demo(mat_arrays(), image), rtol=1e-4, atol=1e-4)
    assert weights.model == "srcnn"
    assert weights.options == {
        "channels": 1,
        "n_filters": [4, 3],
        "filter_sizes": [5, 3, 3],
    }
    assert weights.about == {
        "source": "x3.mat",
        "source_sha256": sha256(mat),
        "protocol": "standard",
        "scale": 3,
    }


def test_no_theano_and_no_compiler_is_needed(mat, tmp_path):
    out = tmp_path / "out.h5"
    code = (
        "import sys; sys.modules.update(theano=None, aesara=None);"
        "from srcnn_theano.cli import main;"
        f"sys.exit(main(['convert', {str(mat)!r}, {str(out)!r}]))"
    )
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env=dict(os.environ, PATH="", THEANO_FLAGS="cxx="),
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stderr
    assert load_weights(out).options["filter_sizes"] == [5, 3, 3]


def test_what_is_returned_is_what_is_saved(mat, tmp_path):
    weights = convert(mat, tmp_path / "out.h5")
    saved = load_weights(tmp_path / "out.h5")
    assert "scale" not in saved.about  # the name x3.mat is no proof
    assert saved[:2] == weights[:2] and saved.about == weights.about
    for name, value in weights.values.items():
        np.testing.assert_array_equal(saved.values[name], value)


def test_one_by_one_filters_in_the_middle(tmp_path):
    arrays = mat_arrays(sizes=(9, 1, 5))
    savemat(str(tmp_path / "net.mat"), arrays)
    weights = convert(tmp_path / "net.mat", tmp_path / "out.h5", model="srcnn")
    assert weights.options["filter_sizes"] == [9, 1, 5]
    np.testing.assert_array_equal(
        weights.values["conv2.W"][:, :, 0, 0],
        arrays["weights_conv2"][:, 0, :].T.astype("float32"),
    )
    # Column after column: the second value of a patch lies below the first.
    np.testing.assert_array_equal(
        weights.values["conv1.W"][:, 0, 1, 0],
        arrays["weights_conv1"][1].astype("float32"),
    )


@pytest.mark.parametrize(
    "content", [b"", b"MATLAB 5.0 MAT-file", b"\x89PNG\r\n\x1a\n" * 40]
)
def test_files_that_are_not_matlab(tmp_path, content):
    path = tmp_path / "x3.mat"
    path.write_bytes(content)
    refused(path, tmp_path / "out.h5", "damaged, or not a MATLAB file")


@pytest.mark.parametrize("kept", [0.01, 0.3, 0.9])
def test_truncated_file(mat, tmp_path, kept):
    content = mat.read_bytes()
    mat.write_bytes(content[: int(kept * len(content))])
    refused(mat, tmp_path / "out.h5", "damaged|not recognised")


def test_missing_file(tmp_path):
    refused(tmp_path / "none.mat", tmp_path / "out.h5", "no such file")
    refused(tmp_path, tmp_path / "out.h5", "is a folder; name a file")


def test_the_file_that_is_read_is_never_replaced(mat, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = mat.read_bytes()
    source = mat.rename("net.h5")
    (tmp_path / "soft.h5").symlink_to("net.h5")
    os.link("net.h5", "hard.h5")
    os.link("net.h5", "hard.onnx")
    for out in ("net.h5", "soft.h5", "hard.h5", "hard.onnx"):
        with pytest.raises(UserError, match=f"{out}: is the file .*net.h5.* another"):
            convert("net.h5", out)
        assert source.read_bytes() == before
    assert os.readlink("soft.h5") == "net.h5"


def test_matlab_73_file(tmp_path):
    path = tmp_path / "new.mat"
    header = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    path.write_bytes(header + b"\x89HDF\r\n\x1a\n" + b"\x00" * 512)
    refused(path, tmp_path / "out.h5", "7.3 file; save it in MATLAB with -v7")


def test_other_arrays_are_listed_beside_the_kinds_that_are_known(tmp_path):
    path = tmp_path / "fsrcnn.mat"
    layers = np.empty((8, 1), object)
    layers[:, 0] = [np.ones((3, 25)) for _ in range(8)]
    savemat(str(path), {"weights_conv": layers, "prelu_conv": layers})
    out = tmp_path / "out.h5"
    known = r"(?s)not recognised.*weights_conv \(8, 1\).*srcnn \(SRCNN of Dong"
    refused(path, out, known)
    refused(path, out, known, model="srcnn")


def test_unknown_model(mat, tmp_path):
    with pytest.raises(UserError, match="--model vdsr: no such kind; known are srcnn"):
        convert(mat, tmp_path / "out.h5", model="vdsr")


def test_the_command_says_the_scale(mat, tmp_path, capsys):
    for words, said in ((["--scale", "3"], True), ([], False)):
        assert main(["convert", str(mat), str(tmp_path / "out.h5"), *words]) == 0
        assert ("trained for scale 3" in capsys.readouterr().out) is said


def test_unknown_scale(mat, tmp_path):
    with pytest.raises(UserError, match="--scale 5: the scale must be 2, 3 or 4"):
        convert(mat, tmp_path / "out.h5", scale=5)


def test_doubt_is_settled_by_the_model(mat, tmp_path, monkeypatch):
    twin = KINDS[0]._replace(model="twin")
    monkeypatch.setattr(kinds, "KINDS", KINDS + (twin,))
    out = tmp_path / "out.h5"
    refused(mat, out, "may be srcnn or twin; say which with --model")
    assert convert(mat, out, model="srcnn").model == "srcnn"


@pytest.mark.parametrize(
    "name, shape, match",
    [
        ("weights_conv1", (24, 4), "weights_conv1 has patches of 24 values"),
        ("weights_conv1", (16, 4), "weights_conv1 has patches of 16 values"),
        ("weights_conv2", (5, 9, 3), "weights_conv2 takes 5 maps, .* before gives 4"),
        ("weights_conv3", (2, 9), "weights_conv3 takes 2 maps, .* before gives 3"),
        ("biases_conv2", (4, 1), "weights_conv2 gives 3 maps and has 4 biases"),
    ],
)
def test_arrays_that_do_not_fit_together(tmp_path, name, shape, match):
    path = tmp_path / "x3.mat"
    savemat(str(path), dict(mat_arrays(), **{name: np.zeros(shape)}))
    refused(path, tmp_path / "out.h5", match)


def test_values_that_are_not_finite(tmp_path):
    path = tmp_path / "x3.mat"
    savemat(str(path), dict(mat_arrays(), biases_conv3=np.array([[np.nan]])))
    refused(path, tmp_path / "out.h5", "conv3.b would hold values that are not finite")


@pytest.mark.data
@pytest.mark.parametrize(
    "file, filter_sizes",
    [("9-1-5(91 images)/x3.mat", [9, 1, 5]), ("9-5-5(ImageNet)/x4.mat", [9, 5, 5])],
)
def test_official_networks_compute_what_the_demo_does(
    data_dir, tmp_path, file, filter_sizes
):
    source = data_dir / "official" / "srcnn" / file
    if not source.is_file():
        pytest.skip(f"{source} is not there")
    weights = convert(source, tmp_path / "out.h5")
    assert weights.options == {
        "channels": 1,
        "n_filters": [64, 32],
        "filter_sizes": filter_sizes,
    }
    rows, cols = np.mgrid[:24, :20]
    image = 0.5 + 0.3 * np.sin(rows / 3.0) * np.cos(cols / 2.0)
    predict = build_predictor(load_weights(tmp_path / "out.h5"))
    result = predict(image[np.newaxis, np.newaxis].astype("float32"))[0, 0]
    np.testing.assert_allclose(result, demo(loadmat(str(source)), image), atol=1e-5)
