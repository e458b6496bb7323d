import numpy as np
import pytest

from srcnn_theano.backend import T, compile_function
from srcnn_theano.models import MODELS, model_class
from srcnn_theano.models.fsrcnn import FSRCNN
from srcnn_theano.models.model import Model
from srcnn_theano.models.srcnn import SRCNN
from srcnn_theano.models.vgg16 import VGG16
from srcnn_theano.vgg16_weights import arrays_to

RNG = np.random.RandomState(0)


def network(kind, shape=(None, 1, None, None), **options):
    options.setdefault("channels", 1)
    return kind(np.random.RandomState(0), T.tensor4("x"), shape, **options)


def test_srcnn_has_the_numbers_of_its_paper():
    """8,032 weights, Dong et al. (2016), table 1: 81 * 64 + 64 * 32 + 25 * 32."""
    summary = network(SRCNN).summary((33, 33))
    biases = 64 + 32 + 1
    assert summary.n_params == 8032 + biases
    assert [line.receptive_field for line in summary.lines] == [
        (9, 9),
        (9, 9),
        (13, 13),
    ]
    assert [line.output_shape[2:] for line in summary.lines] == [
        (25, 25),
        (25, 25),
        (21, 21),
    ]
    assert summary.multiply_adds == 25 * 25 * (81 * 64 + 64 * 32) + 21 * 21 * 25 * 32


def test_fsrcnn_has_the_numbers_of_its_paper():
    """12,464 weights, Dong et al. (2016), equation 4, once for each input pixel."""
    net = network(FSRCNN, scale=3, d=56, s=12, m=4)
    summary = net.summary((10, 20))
    assert summary.multiply_adds == 12464 * 10 * 20
    assert summary.lines[-1].output_shape == (None, 1, 30, 60)
    others = sum(p.get_value().size for p in net.params if not p.name.endswith(".W"))
    assert summary.n_params == 12464 + others


def test_vgg16_sees_14_pixels_at_relu2_2():
    values = {n: np.zeros(s, "float32") for n, s in arrays_to("relu2_2").items()}
    vgg = VGG16(T.tensor4("x"), (1, 3, 33, 33), values)
    fields = {line.name: line.receptive_field for line in vgg.summary().lines}
    assert fields == {
        "conv1_1": (3, 3),
        "conv1_2": (5, 5),
        "pool1": (6, 6),
        "conv2_1": (10, 10),
        "conv2_2": (14, 14),
    }
    assert vgg.summary().lines[-1].output_shape == (1, 128, 16, 16)


@pytest.mark.parametrize("scale", [2, 3, 4])
@pytest.mark.parametrize("size", [5, 9])
def test_the_receptive_field_is_what_a_gradient_reaches(scale, size):
    """The largest number of input pixels that moves one output pixel."""
    net = network(FSRCNN, (1, 1, 25, 25), scale=scale, d=2, s=2, m=1, deconv_size=size)
    net.set_values({k: np.abs(v) + 1 for k, v in net.get_values().items()})
    reached = []
    middle = net.output_shape[2] // 2
    pixel = T.iscalar("pixel")
    gradient = compile_function(
        [net.input, pixel], T.grad(net.output[0, 0, pixel, middle], net.input)
    )
    for offset in range(scale):
        moved = gradient(np.ones((1, 1, 25, 25), "float32"), middle + offset)
        reached.append(np.count_nonzero(moved.any(axis=(0, 1, 3))))
    assert max(reached) == net.summary().lines[-1].receptive_field[0]


@pytest.mark.parametrize("name", MODELS)
def test_shapes_are_those_that_come_out(name):
    side = 15 if name == "srcnn" else 8
    net = network(model_class(name), (2, 1, side, side))
    function = compile_function([net.input], [layer.output for layer in net.layers])
    outputs = function(np.zeros(net.layers[0].input_shape, "float32"))
    told = [line.output_shape for line in net.summary().lines]
    assert told == [output.shape for output in outputs]


def test_networks_and_layers_are_one_line():
    net = network(SRCNN, (20, 1, 33, 33), batch_norm="hidden")
    assert repr(net) == (
        "SRCNN: 20x1x33x33 -> 20x1x21x21, 8,321 parameters in conv1, bn1, conv2, bn2, "
        "conv3"
    )
    assert repr(net.layers[0]) == (
        "ConvLayer conv1: 20x1x33x33 -> 20x64x25x25, 64 filters of 1x9x9, border "
        "'valid', 5,248 parameters"
    )
    assert repr(net.layers[1]) == (
        "BatchNormLayer bn1: 20x64x25x25 -> 20x64x25x25, running statistics at test "
        "time, 128 parameters"
    )
    deconv = network(FSRCNN, scale=3).layers[-1]
    assert repr(deconv) == (
        "DeconvLayer deconv: ?x56x?x? -> ?x1x?x?, 56 stamps of 1x9x9, stride 3, crop "
        "((3, 3), (3, 3)), 4,537 parameters"
    )


def test_the_table_has_a_line_for_each_layer_and_a_total():
    lines = str(network(SRCNN).summary((33, 33))).splitlines()
    assert [line.split()[0] for line in lines] == [
        "layer",
        "conv1",
        "conv2",
        "conv3",
        "all",
    ]
    assert lines[-1].split() == ["all", "8,129", "4,872,800"]


@pytest.mark.parametrize(
    "size", [5, (5,), (5, 0), (5, 5, 5), "5x5", (33.5, 33), (33, True), ("5", "5")]
)
def test_a_size_is_rows_and_columns(size):
    with pytest.raises(ValueError, match="size .*: it must be .rows, cols., such as"):
        network(SRCNN).summary(size)


def test_an_image_of_which_nothing_is_left_has_no_summary():
    with pytest.raises(ValueError, match="conv3: makes nothing of .x32x4x4; the netw"):
        network(SRCNN).summary((12, 12))
    assert network(SRCNN).summary((13, 13)).lines[-1].output_shape[2:] == (1, 1)


def test_a_network_without_layers_is_refused():
    with pytest.raises(ValueError, match="Model: a network has a layer at least"):
        Model()._collect([])
