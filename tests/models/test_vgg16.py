import numpy as np
import pytest

from srcnn_theano.backend import T, compile_function, onednn, theano
from srcnn_theano.data.images import read_rgb
from srcnn_theano.models.vgg16 import (
    VGG16,
    arranged,
    both_features,
    input_of,
    preprocess,
)
from srcnn_theano.training.functions import prediction_function
from srcnn_theano.vgg16_weights import (
    LAYERS,
    SHAPES,
    VGG16Weights,
    layers_to,
    load_vgg16,
    save_vgg16,
)

# The published numbers, once more: BGR in 0..255, and RGB in 0..1.
MEAN_BGR = [103.939, 116.779, 123.68]
MEAN_RGB, STD_RGB = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]


def correlate(images, filters, bias, pad):
    images = np.pad(images, [(0, 0), (0, 0), (pad, pad), (pad, pad)])
    size = filters.shape[2:]
    patches = np.lib.stride_tricks.sliding_window_view(images, size, axis=(2, 3))
    maps = np.tensordot(patches, filters, ([1, 4, 5], [1, 2, 3]))
    return maps.transpose(0, 3, 1, 2) + bias[:, None, None]


def pool(x):
    rows, cols = x.shape[2] // 2 * 2, x.shape[3] // 2 * 2
    x = x[:, :, :rows, :cols]
    return np.maximum.reduce([x[:, :, i::2, j::2] for i in range(2) for j in range(2)])


def forward(values, images, last_layer):
    """VGG16 in NumPy, layer by layer, from images as its weights expect them."""
    x = images.astype("float64")
    for name in layers_to(last_layer):
        if name in SHAPES:
            W, b = (values[name + what].astype("float64") for what in (".W", ".b"))
            x = correlate(x, W, b, 1 if name.startswith("conv") else 0)
        elif name.startswith("relu"):
            x = np.maximum(x, 0)
        elif name.startswith("pool"):
            x = pool(x)
        else:
            e = np.exp(x)
            x = e / e.sum(axis=1, keepdims=True)
    return x


def bgr(images):
    return images[:, ::-1] * 255.0 - np.reshape(MEAN_BGR, (3, 1, 1))


def images_of(shape, seed=0):
    return np.random.RandomState(seed).uniform(size=shape).astype("float32")


def test_layers_of_configuration_d():
    # Table 1 of the paper: 13 convolutions, 5 poolings, 3 fully connected layers.
    assert len(SHAPES) == 16 and len(LAYERS) == 13 * 2 + 5 + 6
    assert LAYERS[:5] == ("conv1_1", "relu1_1", "conv1_2", "relu1_2", "pool1")
    assert LAYERS[-7:] == ("pool5", "fc6", "relu6", "fc7", "relu7", "fc8", "prob")
    # Table 2: 138 million parameters (138,357,544 in every release).
    n = sum(np.prod(shape) + shape[0] for shape in SHAPES.values())
    assert n == 138357544


@pytest.mark.parametrize("how", ["caffe", "torchvision", "unit"])
def test_preprocessing(how):
    images = images_of((2, 3, 4, 5))
    expected = {
        "caffe": bgr(images),
        "torchvision": (images - np.reshape(MEAN_RGB, (3, 1, 1)))
        / np.reshape(STD_RGB, (3, 1, 1)),
        "unit": images,
    }[how]
    x = T.tensor4("x")
    symbolic = preprocess(x, how)
    for result in (preprocess(images, how), symbolic.eval({x: images})):
        assert result.dtype == np.float32
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-4)


def test_a_red_pixel_reaches_caffe_weights_as_the_third_channel():
    red = np.float32([1, 0, 0]).reshape(1, 3, 1, 1)
    np.testing.assert_allclose(
        preprocess(red, "caffe").ravel(),
        [-103.939, -116.779, 255 - 123.68],
        rtol=1e-6,
    )


def test_unknown_preprocessing(small_vgg16):
    with pytest.raises(
        ValueError, match="'caffe', 'torchvision', 'unit', 'levels', not 'bgr'"
    ):
        VGG16(T.tensor4(), (1, 3, 8, 8), small_vgg16, preprocessing="bgr")


@pytest.mark.parametrize(
    "last_layer", ["conv1_1", "relu1_1", "relu1_2", "pool1", "relu2_2", "conv3_3"]
)
@pytest.mark.parametrize("known", [True, False])
def test_features_equal_a_forward_pass_in_numpy(small_vgg16, last_layer, known):
    images = images_of((2, 3, 21, 18))
    x = T.tensor4("x")
    shape = images.shape if known else (None, 3, None, None)
    network = VGG16(x, shape, small_vgg16, last_layer)

    result = network.output.eval({x: images})

    expected = forward(small_vgg16, bgr(images), last_layer)
    scale = np.abs(expected).max()
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-5 * scale)
    if known:
        assert network.output_shape == result.shape
    else:
        assert network.output_shape == (None, result.shape[1], None, None)


def test_ends_of_the_network_on_the_size_it_was_trained_for(small_vgg16):
    images = images_of((1, 3, 224, 224))
    x = T.tensor4("x")
    names = ["pool5", "fc6", "relu7", "fc8", "prob"]
    networks = [
        VGG16(x, images.shape, small_vgg16, name, "torchvision") for name in names
    ]
    results = compile_function([x], [network.output for network in networks])(images)
    for name, network, result in zip(names, networks, results):
        expected = forward(small_vgg16, preprocess(images, "torchvision"), name)
        np.testing.assert_allclose(result, expected, rtol=1e-3, atol=1e-4)
        assert network.output_shape == result.shape
    assert results[0].shape == (1, 8, 7, 7) and results[-1].shape == (1, 10, 1, 1)
    assert results[-1].sum() == pytest.approx(1, abs=1e-5)


def test_the_fully_connected_layers_need_a_large_image(small_vgg16):
    with pytest.raises(ValueError, match="fc6"):
        VGG16(T.tensor4(), (1, 3, 223, 224), small_vgg16, "fc6")


def test_images_that_end_before_the_network_does(small_vgg16):
    with pytest.raises(ValueError, match="pool3"):
        VGG16(T.tensor4(), (1, 3, 7, 7), small_vgg16, "pool3")


def test_nothing_of_it_can_be_trained_or_charged(small_vgg16):
    network = VGG16(T.tensor4(), (1, 3, 8, 8), small_vgg16)
    assert network.params == network.weights == network.state == network.updates == ()
    assert network.L2_sqr == 0 and network.get_values() == {}
    inputs = theano.graph.basic.graph_inputs([network.output])
    assert not any(isinstance(v, theano.compile.SharedVariable) for v in inputs)


def test_layers_end_with_the_one_asked_for(small_vgg16):
    network = VGG16(T.tensor4(), (1, 3, 8, 8), small_vgg16, "relu2_1")
    names = ["conv1_1", "conv1_2", "pool1", "conv2_1"]
    assert [layer.name for layer in network.layers] == names
    # Arrays of the layers above are not asked for.
    few = {k: v for k, v in small_vgg16.items() if k[:-2] in names}
    VGG16(T.tensor4(), (1, 3, 8, 8), few, "relu2_1")


def test_a_cost_reaches_the_images_and_goes_through_onednn_alone(small_vgg16):
    shape = (2, 3, 12, 11)
    images, originals, direction = (images_of(shape, seed) for seed in (0, 1, 2))
    x, y = T.tensor4("x"), T.tensor4("y")
    output, target = (
        VGG16(v, shape, small_vgg16, preprocessing="torchvision").output for v in (x, y)
    )
    cost = T.mean(T.sqr(output - target))
    outputs = [cost, theano.grad(cost, x)]
    step = theano.function([x, y], outputs)
    result, gradient = step(images, originals)

    def features(images):
        return forward(small_vgg16, preprocess(images, "torchvision"), "relu2_2")

    def expected(images):
        return np.mean((features(images) - features(originals)) ** 2)

    h = 1e-6
    above, below = (expected(images + sign * h * direction) for sign in (1.0, -1.0))
    assert result == pytest.approx(expected(images), rel=1e-4)
    slope = np.sum(gradient * direction, dtype="float64")
    assert slope == pytest.approx((above - below) / (2 * h), rel=1e-3)
    assert abs(slope) > 1e-2
    if onednn.available():
        names = [type(node.op).__name__ for node in step.maker.fgraph.toposort()]
        assert not [name for name in names if "Corr" in name or "Abstract" in name]
        # 4 of the output, 4 of the original, 4 back.
        assert names.count("Convolution") == 12


def test_prediction_function_takes_it(small_vgg16):
    network = VGG16(T.tensor4("x"), (None, 3, None, None), small_vgg16, "relu1_1")
    images = images_of((1, 3, 7, 9))
    np.testing.assert_allclose(
        prediction_function(network)(images),
        forward(small_vgg16, bgr(images), "relu1_1"),
        rtol=1e-4,
        atol=1e-3,
    )


@pytest.fixture
def file(small_vgg16, tmp_path):
    path = tmp_path / "vgg16.h5"
    save_vgg16(path, VGG16Weights(small_vgg16, "torchvision", "a.pth", "0" * 64))
    return path


def network_of(path, last_layer):
    """The network of a file on an input of its own."""
    weights = load_vgg16(path, last_layer)
    shape = (None, 3, None, None)
    how = weights.preprocessing
    return VGG16(T.tensor4("x"), shape, weights.values, last_layer, how)


def test_from_hdf5_takes_what_the_file_says(file, small_vgg16):
    network = network_of(file, "relu2_2")
    images = images_of((1, 3, 12, 10))
    expected = forward(small_vgg16, preprocess(images, "torchvision"), "relu2_2")
    result = network.output.eval({network.input: images})
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4)
    assert network.output_shape == (None, 6, None, None)


def test_another_preprocessing_than_the_file_says(file, small_vgg16):
    y = T.tensor4("y")
    values = load_vgg16(file, "relu1_2").values
    network = VGG16(y, (1, 3, 9, 9), values, "relu1_2", preprocessing="unit")
    images = images_of((1, 3, 9, 9))
    assert network.input is y and network.output_shape == (1, 5, 9, 9)
    np.testing.assert_allclose(
        network.output.eval({y: images}),
        forward(small_vgg16, images, "relu1_2"),
        rtol=1e-4,
        atol=1e-5,
    )


@pytest.mark.data
def test_real_features_equal_a_forward_pass_in_numpy(data_dir, tmp_path):
    from srcnn_theano.convert.convert import convert

    source = data_dir / "vgg16" / "vgg16_caffe_bgr_relu2_2.npz"
    if not source.is_file():
        pytest.skip(f"{source} is not there")
    convert(source, tmp_path / "vgg16.h5", model="vgg16", last_layer="relu2_2")
    network = network_of(tmp_path / "vgg16.h5", "relu2_2")
    image = read_rgb(data_dir / "Set5" / "butterfly_GT.bmp")[100:148, 60:123]
    images = image.transpose(2, 0, 1)[np.newaxis].astype("float32") / np.float32(255)

    result = network.output.eval({network.input: images})

    values = load_vgg16(tmp_path / "vgg16.h5").values
    expected = forward(values, bgr(images), "relu2_2")
    assert result.shape == (1, 128, 24, 31) and result.max() > 100
    np.testing.assert_allclose(result, expected, rtol=1e-4, atol=1e-4 * result.max())


# --- As the report's program had it ---


def reshaped_by_hand(kernels):
    """Filters of (out, in, rows, cols) whose numbers stand in the order that they have
    in (rows, cols, in, out)."""
    n_out, n_in, n_rows, n_cols = kernels.shape
    numbers = [
        kernels[k, c, i, j]
        for i in range(n_rows)
        for j in range(n_cols)
        for c in range(n_in)
        for k in range(n_out)
    ]
    scrambled = np.empty_like(kernels)
    for k in range(n_out):
        for c in range(n_in):
            for i in range(n_rows):
                for j in range(n_cols):
                    at = ((k * n_in + c) * n_rows + i) * n_cols + j
                    scrambled[k, c, i, j] = numbers[at]
    return scrambled


@pytest.mark.parametrize("preprocessing", ["caffe", "torchvision"])
def test_reshaped_filters_are_those_of_a_loop(small_vgg16, preprocessing):
    vgg = VGG16Weights(small_vgg16, preprocessing, "", "")
    values = arranged(vgg, "reshaped")
    for name, kernels in small_vgg16.items():
        if name.startswith("conv") and name.endswith(".W"):
            if name == "conv1_1.W" and preprocessing == "caffe":
                kernels = kernels[:, [2, 1, 0]]
            expected = reshaped_by_hand(kernels)[:, :, ::-1, ::-1]
            np.testing.assert_array_equal(values[name], expected)
        else:
            np.testing.assert_array_equal(values[name], kernels)


def test_reshaped_filters_are_convolved_with(small_vgg16):
    # scipy convolves: the filter is flipped once more than in a correlation.
    from scipy.signal import convolve2d

    images = images_of((1, 3, 6, 6))
    values = arranged(VGG16Weights(small_vgg16, "torchvision", "", ""), "reshaped")
    x = T.tensor4("x")
    output = VGG16(x, images.shape, values, "conv1_1", "levels").output
    W = reshaped_by_hand(small_vgg16["conv1_1.W"])
    for k in range(len(W)):
        expected = small_vgg16["conv1_1.b"][k] + sum(
            convolve2d(255.0 * images[0, c], W[k, c], "same") for c in range(3)
        )
        maps = output.eval({x: images})[0, k]
        np.testing.assert_allclose(maps, expected, rtol=1e-4, atol=1e-2)


def test_transposed_filters_stay_as_they_are(small_vgg16):
    vgg = VGG16Weights(small_vgg16, "caffe", "", "")
    assert arranged(vgg, "transposed") is small_vgg16
    with pytest.raises(ValueError, match="'turned'"):
        arranged(vgg, "turned")


def test_what_weights_want_is_known_from_their_file(small_vgg16):
    vgg = VGG16Weights(small_vgg16, "torchvision", "", "")
    assert input_of(vgg, "own") == "torchvision"
    assert input_of(vgg, "levels") == "levels"


def test_maps_of_larger_targets_are_cut_to_their_middle(small_vgg16, relu2_2):
    images, targets = images_of((2, 3, 9, 10)), images_of((2, 3, 17, 18), seed=1)
    a, b = T.tensor4("a"), T.tensor4("b")
    both = both_features(a, b, (images.shape, targets.shape), small_vgg16, "unit")
    features, wanted = both[0].eval({a: images}), both[1].eval({b: targets})
    np.testing.assert_allclose(
        features, relu2_2(small_vgg16, images), rtol=1e-4, atol=1e-5
    )
    # 8x9 maps of the targets, 4x5 of the images.
    expected = relu2_2(small_vgg16, targets)[:, :, 2:6, 2:7]
    np.testing.assert_allclose(wanted, expected, rtol=1e-4, atol=1e-5)
