import itertools

import pytest

from srcnn_theano.layers.layer import Layer, conv_length


def positions(length, kernel, pad, stride):
    """Count by hand where a kernel fits on a padded line."""
    padded = length + 2 * pad
    return sum(1 for start in range(0, padded, stride) if start + kernel <= padded)


@pytest.mark.parametrize(
    "length, kernel, stride",
    list(itertools.product((5, 8, 33), (1, 2, 3, 5), (1, 2, 3))),
)
def test_conv_length_counts_the_positions_of_the_kernel(length, kernel, stride):
    pads = {"valid": 0, "half": kernel // 2, "full": kernel - 1, 0: 0, 1: 1, 2: 2}
    for border, pad in pads.items():
        expected = positions(length, kernel, pad, stride)
        assert conv_length(length, kernel, border, stride) == expected


def test_conv_length_of_srcnn_on_a_sub_image():
    assert conv_length(33, 9, "valid") == 25
    assert conv_length(25, 1, "valid") == 25
    assert conv_length(25, 5, "valid") == 21


def test_unknown_length_stays_unknown():
    assert conv_length(None, 9, "valid") is None


def test_input_shorter_than_the_kernel_gives_no_position():
    assert conv_length(8, 9, "valid") == 0


def test_input_shape_must_have_four_entries():
    with pytest.raises(ValueError, match=r"conv7: .*\(3, 33, 33\)"):
        Layer("conv7", None, (3, 33, 33))
