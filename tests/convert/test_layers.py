"""SRCNN, FSRCNN and VGG16 as other programs' files hold them, layer by layer."""

import runpy
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from srcnn_theano.convert.convert import convert
from srcnn_theano.convert.readers import tensorflow
from srcnn_theano.convert.readers.tensorflow import read_tensorflow
from srcnn_theano.data.datasets import image_paths
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.images import score_files
from srcnn_theano.evaluation.protocols import make_protocol
from srcnn_theano.inference import build_model, build_predictor
from srcnn_theano.weights import load_weights

files = SimpleNamespace(
    **runpy.run_path(str(Path(__file__).with_name("layer_files.py")))
)


def noise(*shape, seed=1):
    return np.random.RandomState(seed).uniform(size=shape).astype("float32")


def refused(path, out, match, **options):
    with pytest.raises(UserError, match=match) as error:
        convert(path, out, **options)
    assert str(path) in str(error.value) or options
    assert not out.exists()


# --- SRCNN ---


@pytest.mark.parametrize("name", files.SRCNN_WRITERS)
def test_filters_of_srcnn_in_each_format(tmp_path, name):
    banks = files.srcnn_banks()
    files.SRCNN_WRITERS[name](tmp_path / name, banks)
    weights = convert(tmp_path / name, tmp_path / "out.h5", scale=3)
    assert (weights.model, weights.about["scale"]) == ("srcnn", 3)
    assert weights.options == {
        "channels": 1,
        "n_filters": [4, 3],
        "filter_sizes": [5, 3, 3],
    }
    for i, (filters, biases) in enumerate(banks, start=1):
        np.testing.assert_array_equal(weights.values[f"conv{i}.W"], filters)
        np.testing.assert_array_equal(weights.values[f"conv{i}.b"], biases)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("name", ["keras_1_first.h5", "keras_2.h5", "state_dict.pth"])
def test_a_converted_srcnn_computes_what_its_filters_say(tmp_path, name, channels):
    # Fewer maps than the filters have rows and columns, and 1x1 in the middle.
    banks = files.srcnn_banks((9, 1, 5), (channels, 4, 2, channels))
    files.SRCNN_WRITERS[name](tmp_path / name, banks)
    convert(tmp_path / name, tmp_path / "out.h5")
    image = noise(channels, 17, 15)
    result = build_predictor(load_weights(tmp_path / "out.h5"))(image[np.newaxis])[0]
    np.testing.assert_allclose(result, files.srcnn(banks, image), rtol=1e-4, atol=1e-4)


def test_three_layers_that_are_no_srcnn(tmp_path):
    """Their names and shapes are told, and what is known."""
    out, path = tmp_path / "out.h5", tmp_path / "a.pth"
    banks = files.srcnn_banks()
    for change in (
        {
            "conv3.weight": noise(4, 3, 3, 3),
            "conv3.bias": noise(4),
        },  # 2x2 at each pixel
        {"conv2.weight": noise(3, 5, 3, 3)},
        {"conv2.bias": noise(4)},
        {"bn1.weight": noise(4), "bn1.running_mean": noise(4)},
        {"conv2.weight": noise(3, 4, 3)},
        {"conv4.weight": noise(1, 1, 3, 3), "conv4.bias": noise(1)},
    ):
        files.pth(path, {**files.named(banks), **change})
        shape = next(iter(change.values())).shape
        name = next(iter(change))
        described = rf"{name} \({str(shape)[1:-1]}\)"
        refused(path, out, rf"(?s)not recognised\. It holds .*{described}.*SRCNN of Ca")


def test_the_file_tells_the_order_of_srcnn_where_maps_and_names_do_not(tmp_path):
    banks = files.srcnn_banks((5, 3, 1), (1, 1, 1, 1))
    files.pth(tmp_path / "a.pth", files.named(banks, ["c", "a", "b"]))
    weights = convert(tmp_path / "a.pth", tmp_path / "out.h5")
    assert weights.options["filter_sizes"] == [5, 3, 1]


@pytest.mark.parametrize(
    "sizes, maps, match",
    [
        ((4, 3, 3), (1, 4, 3, 1), "layer 1 has filters of 4x4; .* squares"),
        ((3, 3, 3), (3, 3, 3, 3), "fit together in more than one order"),
    ],
)
def test_filters_of_three_layers_that_cannot_be_taken(tmp_path, sizes, maps, match):
    path = tmp_path / "a.pth"
    files.pth(path, files.named(files.srcnn_banks(sizes, maps)))
    refused(path, tmp_path / "out.h5", match)


def test_several_networks_in_a_file_are_named(tmp_path):
    states = {"generator": {"conv1.weight": noise(1, 1, 3, 3)}}
    states["critic"] = {"conv1.weight": noise(1, 1, 3, 3)}
    files.pth(tmp_path / "gan.pth", files.trained(states))
    match = "2 networks: 'critic', 'generator'.*save model.state_dict"
    refused(tmp_path / "gan.pth", tmp_path / "out.h5", match)


@pytest.mark.parametrize("writer", [files.pth, files.old_pth])
def test_bfloat16_of_pytorch(tmp_path, writer):
    """It is the upper half of a float32."""
    upper = {
        name: np.uint16(array.view("<u4") >> 16)
        for name, array in files.named(files.srcnn_banks()).items()
    }
    writer(tmp_path / "a.pth", upper)
    weights = convert(tmp_path / "a.pth", tmp_path / "out.h5")
    for i in (1, 2, 3):
        for role, name in (("weight", "W"), ("bias", "b")):
            bits = weights.values[f"conv{i}.{name}"].view("<u4")
            np.testing.assert_array_equal(bits >> 16, upper[f"conv{i}.{role}"])
            assert not (bits & 0xFFFF).any()


# --- FSRCNN of PyTorch ---

NAMINGS = [files.in_parts, files.by_purpose, files.apart]


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("naming", NAMINGS, ids=lambda x: x.__name__)
def test_an_fsrcnn_of_pytorch_computes_what_pytorch_does(tmp_path, naming, scale):
    parts = files.fsrcnn_parts(scale)
    files.pth(tmp_path / "a.pth", files.trained({"model": naming(parts)}))
    weights = convert(tmp_path / "a.pth", tmp_path / "out.h5", scale=scale)
    assert (weights.model, weights.about["scale"]) == ("fsrcnn", scale)
    image = noise(1, 6, 7)
    model = build_model(load_weights(tmp_path / "out.h5"))
    result = model.output.eval({model.input: image[np.newaxis]})[0]
    # nn.ConvTranspose2d(d, 1, 9, stride=scale, padding=4, output_padding=scale - 1)
    expected = files.fsrcnn(parts, image, scale, crop=4)
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)


def test_an_fsrcnn_of_one_slope_a_layer_and_three_channels(tmp_path):
    parts = files.fsrcnn_parts(2, channels=3, m=1)
    parts = parts[0], [a[:1] for a in parts[1]], parts[2]
    arrays = {f"module.{k}": v for k, v in files.in_parts(parts).items()}
    files.vgg.safetensors(tmp_path / "a.safetensors", dict(sorted(arrays.items())))
    weights = convert(tmp_path / "a.safetensors", tmp_path / "out.h5", scale=2)
    assert weights.options == {
        "channels": 3,
        "scale": 2,
        "d": 5,
        "s": 3,
        "m": 1,
        "n_deconv": 5,
        "deconv_size": 9,
        "slopes": "layer",
        "crop": 4,
    }
    image = noise(3, 5, 6)
    model = build_model(load_weights(tmp_path / "out.h5"))
    result = model.output.eval({model.input: image[np.newaxis]})[0]
    expected = files.fsrcnn(parts, image, 2, crop=4)
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)


WORDS = ["extract", "shrink", "map_one", "map_two", "map_three", "map_four", "expand"]


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("n_slopes", ["layer", "map"])
@pytest.mark.parametrize("own", ["prelu{}", "act.{}", "relu_{}"])
def test_slopes_with_names_of_their_own(tmp_path, own, n_slopes, together):
    """Behind each convolution, or all at the end, as programs define them."""
    banks, slopes, (stamps, bias) = files.fsrcnn_parts(2, m=4)
    if n_slopes == "layer":
        slopes = [a[:1] for a in slopes]
    names = WORDS if own == "relu_{}" else range(7)
    behind = {own.format(x) + ".weight": a for x, a in zip(names, slopes)}
    arrays = {}
    for bank, name, (key, a) in zip(banks, WORDS, behind.items()):
        arrays.update(files.named([bank], [name]))
        if not together:
            arrays[key] = a
    arrays.update(behind)
    arrays.update({"deconv.weight": stamps, "deconv.bias": bias})
    files.pth(tmp_path / "a.pth", arrays)
    weights = convert(tmp_path / "a.pth", tmp_path / "out.h5", scale=2)
    for i, ((filters, _), a) in enumerate(zip(banks, slopes), start=1):
        np.testing.assert_array_equal(weights.values[f"conv{i}.W"], filters)
        np.testing.assert_array_equal(weights.values[f"prelu{i}.a"], a)


@pytest.mark.parametrize("own", ["prelu{}", "relu_{}"])
def test_names_by_the_alphabet_tell_no_order(tmp_path, own):
    """Of layers alike in a file that does not have them in their order either."""
    banks, slopes, (stamps, bias) = files.fsrcnn_parts(2, m=4)
    slopes = [a[:1] for a in slopes]
    words = WORDS if own == "prelu{}" else [f"{w}{i}" for i, w in enumerate("esmmmmx")]
    names = range(7) if own == "prelu{}" else WORDS
    arrays = files.named(banks, words)
    arrays.update({own.format(x) + ".weight": a for x, a in zip(names, slopes)})
    arrays.update({"deconv.weight": stamps, "deconv.bias": bias})
    path = tmp_path / "a.safetensors"
    files.vgg.safetensors(path, dict(sorted(arrays.items())))
    refused(path, tmp_path / "out.h5", "not recognised", scale=2)


def test_an_fsrcnn_needs_its_scale_and_an_odd_side(tmp_path):
    path, out = tmp_path / "a.pth", tmp_path / "out.h5"
    files.pth(path, files.in_parts(files.fsrcnn_parts(2)))
    refused(path, out, "does not say by what factor .* --scale")
    files.pth(path, files.in_parts(files.fsrcnn_parts(2, size=8)))
    refused(path, out, "deconvolution has filters of 8x8", scale=2)
    arrays = files.in_parts(files.fsrcnn_parts(2))
    del arrays["mid_part.3.weight"]
    files.pth(path, arrays)
    refused(path, out, r"(?s)not recognised.*first_part.0.weight \(5, 1, 5, 5\)")


# --- FSRCNN of TensorFlow ---


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_an_fsrcnn_of_tensorflow_computes_what_its_graph_does(tmp_path, scale):
    """On luma of 0 to 255, which is 16 to 235 for our networks."""
    parts = files.fsrcnn_parts(scale, size=scale)
    files.pb(tmp_path / "a.pb", parts)
    weights = convert(tmp_path / "a.pb", tmp_path / "out.h5")
    assert weights.options["scale"] == weights.about["scale"] == scale
    image = noise(1, 14, 13)
    model = build_model(load_weights(tmp_path / "out.h5"))
    luma = np.float32((16 + 219 * image) / 255)
    result = model.output.eval({model.input: luma[np.newaxis]})[0]
    inside = (slice(None), slice(5 * scale, -5 * scale), slice(5 * scale, -5 * scale))
    expected = files.fsrcnn(parts, image, scale, crop=0)
    # Zeros beyond the edges are other values, and pictures are never cut there.
    np.testing.assert_allclose(
        (255 * result[inside] - 16) / 219, expected[inside], rtol=1e-3, atol=1e-3
    )


def test_values_of_tensorflow_that_repeat(tmp_path):
    """tensor.proto: "the last value is repeated"; TensorFlow takes none for zeros."""
    path, changed = tmp_path / "a.pb", {}
    for name, values in {"b1": [0.25] * 5, "b2": [1, 2, 2], "b3": [0] * 3}.items():
        changed[name] = np.float32(values)
    files.pb(path, files.fsrcnn_parts(2, size=2), changed)
    size = path.stat().st_size
    arrays = read_tensorflow(path)
    for name, values in changed.items():
        np.testing.assert_array_equal(arrays[name], values)
    files.pb(path, files.fsrcnn_parts(2, size=2), {k: noise(5) for k in changed})
    assert size < path.stat().st_size


def test_values_that_repeat_have_bounds(tmp_path, monkeypatch):
    """A graph of some bytes does not become as large as it says."""
    path = tmp_path / "a.pb"
    large = files.constant("a", np.ones(20000, "f4"), loose=True)
    path.write_bytes(large + large)
    monkeypatch.setattr(tensorflow, "LARGEST", 160000)
    np.testing.assert_array_equal(read_tensorflow(path)["a"], np.ones(20000))
    path.write_bytes(large + large + large)
    with pytest.raises(ValueError, match="more than .* MB of values"):
        read_tensorflow(path)
    path.write_bytes(files.constant("a", np.ones(1 << 19, "f4"), loose=True))
    with pytest.raises(ValueError, match="1 values for an array of 524288"):
        read_tensorflow(path)


def test_a_graph_that_is_no_fsrcnn(tmp_path):
    path, out = tmp_path / "a.pb", tmp_path / "out.h5"
    parts = files.fsrcnn_parts(2, size=2)
    files.pb(path, parts)
    refused(path, out, "--scale 2: .* says its scale; leave it out", scale=2)
    for change, match in (
        (
            {"f6": noise(1, 1, 5, 5)},
            r"f6 has the shape \(1, 1, 5, 5\); for one channel",
        ),
        ({"f3": noise(3, 3, 4, 3)}, "layer 3 takes 4 maps, that before gives 3"),
        ({"b2": noise(4)}, "layer 2 gives 3 maps and has 4 biases"),
        ({"alpha2": noise(2)}, "layer 2 gives 3 maps and has 3 biases and 2 slopes"),
        ({"f2": noise(3, 3)}, "f2 has 2 axes"),
    ):
        files.pb(path, parts, change)
        refused(path, out, match)
    path.write_bytes(files.constant("weights", noise(3, 4)))
    refused(path, out, r"not recognised\. It holds weights \(3, 4\)\. Known")
    path.write_bytes(files.node("x", "Placeholder"))
    refused(path, out, "no constant arrays; a frozen graph has its weights so")


# --- VGG16 ---


@pytest.mark.parametrize(
    "wrap",
    [
        lambda state: {f"module.{name}": array for name, array in state.items()},
        lambda state: files.trained({"model": state}),
        lambda state: {"model_state_dict": {f"vgg.{k}": v for k, v in state.items()}},
    ],
)
def test_wrapped_vgg16(small_vgg16, tmp_path, wrap):
    state = {}
    for i, name in enumerate(("conv1_1", "conv1_2")):
        layer = files.vgg.TORCH_NAMES[i]
        state[layer + ".weight"] = small_vgg16[name + ".W"]
        state[layer + ".bias"] = small_vgg16[name + ".b"]
    files.pth(tmp_path / "a.pth", wrap(state))
    weights = convert(tmp_path / "a.pth", tmp_path / "out.h5", last_layer="relu1_2")
    assert weights.options["preprocessing"] == "torchvision"
    assert len(weights.values) == 4
    for name, value in weights.values.items():
        np.testing.assert_array_equal(value, small_vgg16[name])


# --- Files of others ---


@pytest.fixture
def peers(data_dir):
    folder = data_dir / "peers"
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    return folder


@pytest.mark.data
def test_an_srcnn_of_keras_gains_what_its_authors_say(data_dir, peers, tmp_path):
    """24.70 to 28.66 dB on Set5's butterfly, halved and doubled by OpenCV (linear).

    Theirs were measured through JPEG files of quality 95.
    """
    source = peers / "srcnn_keras" / "m_model_adam_new30.h5"
    weights = convert(source, tmp_path / "out.h5", scale=2)
    assert weights.options == {
        "channels": 1,
        "n_filters": [128, 64],
        "filter_sizes": [9, 1, 5],
    }
    path = next(p for p in image_paths(data_dir, "Set5") if "butterfly" in p.name)
    rgb = np.asarray(Image.open(str(path)).convert("RGB"), "float64")
    luma = np.rint(rgb @ [0.299, 0.587, 0.114])
    small = np.floor(luma.reshape(128, 2, 128, 2).mean(axis=(1, 3)) + 0.5)
    enlarged = np.floor(doubled(doubled(small).T).T + 0.5)
    network = build_predictor(load_weights(tmp_path / "out.h5"))
    pixels = np.float32(enlarged[np.newaxis, np.newaxis] / 255)
    result = np.floor((255 * network(pixels)[0, 0]).clip(0, 255))
    inner = slice(6, -6), slice(6, -6)

    def psnr(image):
        return 10 * np.log10(255**2 / np.mean((image - luma[inner]) ** 2))

    assert psnr(enlarged[inner]) == pytest.approx(24.70, abs=0.05)
    assert 28.66 < psnr(result) < 29.5


def doubled(rows):
    """Twice as many rows, as OpenCV's INTER_LINEAR: 3/4 of one and 1/4 of the next."""
    padded = np.concatenate([rows[:1], rows, rows[-1:]])
    result = np.repeat(rows, 2, axis=0) * 0.75
    result[0::2] += 0.25 * padded[:-2]
    result[1::2] += 0.25 * padded[2:]
    return result


@pytest.mark.data
@pytest.mark.parametrize(
    "name, scale", [("FSRCNN_x2", 2), ("FSRCNN_x3", 3), ("FSRCNN-small_x3", 3)]
)
def test_an_fsrcnn_of_tensorflow_is_sharp_where_it_was_trained(
    data_dir, peers, tmp_path, name, scale
):
    """It was trained on pictures that OpenCV had reduced without a filter, which no
    protocol here has: half a dB above bicubic under `standard` at x2."""
    convert(peers / "fsrcnn_tf" / f"{name}.pb", tmp_path / "out.h5")
    network = build_predictor(load_weights(tmp_path / "out.h5"))
    protocol = make_protocol("standard", scale)
    mean = score_files(image_paths(data_dir, "Set5"), protocol, network)[-1]
    least = {"FSRCNN_x2": 1, "FSRCNN_x3": 0.1, "FSRCNN-small_x3": -0.3}[name]
    assert mean.psnr > mean.bicubic_psnr + least
