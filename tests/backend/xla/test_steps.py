"""Ten steps of each kind of training are the same on the CPU's own way and by XLA."""

import numpy as np
import pytest

from srcnn_theano.backend import theano
from srcnn_theano.backend.devices import device_mode
from srcnn_theano.data.patches import Pairs
from srcnn_theano.errors import UserError
from srcnn_theano.experiments import EXPERIMENTS
from srcnn_theano.training.step import build_step
from srcnn_theano.vgg16_weights import VGG16Weights

# Every kind of model, cost, update, initial distribution and augmentation is in one.
ROWS = (
    "table1_adam_programmed",
    "table1_rmsprop_decoupled",
    "table1_sgd_described",
    "table1_bn_l2_programmed",
    "table1_bn_l2_described",
    "srcnn_x3",
    "fsrcnn_relu_described",
    "fsrcnn_augmented_described",
    "fsrcnn_bilinear",
    "fsrcnn_full_border",
    "fsrcnn_resize",
    "fsrcnn_per_channel",
    "fsrcnn_skip_both",
    "fsrcnn_x2",
    "half_size_8",
    "vgg_only_described",
    "vgg_last_layer_programmed",
    "fsrcnn_vgg_mse_programmed",
    "grid_half_rotated_50",
    "grid_gradinputs",
)
BATCH, N_STEPS = 4, 10


def ten_steps(row, small_vgg16, mode):
    """Costs, and all that moves, after ten steps on random sub-images."""
    training = EXPERIMENTS[row].compiled._replace(batch_size=BATCH)
    channels, rng = training.options["channels"], np.random.RandomState(0)
    if training.update.startswith("soap"):
        # Gradients so few leave directions of its basis to rounding.
        training = training._replace(update="adam")
    low, high = (17, 17) if training.model == "srcnn" else (8, 33)
    if training.protocol == "standard" and training.model == "fsrcnn":
        low = 20
        high = low * training.scale
    pairs = Pairs(
        *(
            rng.randint(0, 256, (3 * BATCH, channels, n, n)).astype("uint8")
            for n in (low, high)
        )
    )
    vgg = VGG16Weights(small_vgg16, "caffe", "a.caffemodel", "0" * 64)
    step = build_step(training, pairs, vgg, mode)
    costs = []
    for index in range(N_STEPS):
        if index % 3 == 0:
            step.pairs.shuffle(np.random.RandomState(index))
        costs.append(float(step.function(index % step.pairs.n_batches)[0]))
    return costs, {v.name: v.get_value() for v in step.variables}


def assert_same(ours, xla, cost, parameters):
    np.testing.assert_allclose(xla[0], ours[0], rtol=cost)
    assert list(xla[1]) == list(ours[1])
    for name, value in ours[1].items():
        if f"bn{name[4:5]}.gamma" in ours[1] and name[5:].startswith(".b"):
            # Batch normalization takes such a bias away again: its gradient is zero
            # but for rounding, which RMSProp blows up.
            continue
        # A running mean is of sums with that bias in them. Adam makes whole steps of
        # gradients that are rounding, and biases begin at zero.
        factor = {"mean": 10, "b": 20}.get(name.rpartition(".")[2], 1)
        allowed = parameters * factor
        difference = np.linalg.norm(xla[1][name] - value)
        assert difference <= allowed * max(np.linalg.norm(value), 1e-12), name


@pytest.mark.parametrize("row", ROWS)
def test_ten_steps(row, small_vgg16):
    # What SRCNN_DEVICE says must not make them the same by being the same.
    cpu = theano.compile.get_default_mode()
    ours, xla = (
        ten_steps(row, small_vgg16, mode) for mode in (cpu, device_mode("xla"))
    )
    assert_same(ours, xla, cost=1e-5, parameters=5e-4)


@pytest.mark.parametrize("row", ["table1_adam_described"])
def test_ten_steps_in_float64(row, small_vgg16):
    cpu = theano.compile.get_default_mode()
    with theano.config.change_flags(floatX="float64"):
        ours, xla = (
            ten_steps(row, small_vgg16, mode) for mode in (cpu, device_mode("xla"))
        )
    assert all(value.dtype == "float64" for value in xla[1].values())
    assert_same(ours, xla, cost=1e-9, parameters=1e-8)


@pytest.fixture(scope="module")
def graphics_card():
    """The mode for one; without one there is nothing to test."""
    try:
        return device_mode("gpu")
    except UserError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("row", ROWS)
def test_ten_steps_on_a_graphics_card(row, small_vgg16, graphics_card):
    modes = device_mode("xla"), graphics_card
    there, here = (ten_steps(row, small_vgg16, mode) for mode in modes)
    assert_same(there, here, cost=1e-5, parameters=1e-4)
