import itertools

import pytest

from srcnn_theano.layers.lengths import conv_length, deconv_length


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


@pytest.mark.parametrize(
    "length, kernel, stride",
    list(itertools.product((1, 5, 8), (1, 2, 5, 9), (1, 2, 3, 4))),
)
def test_deconv_length_counts_the_pixels_from_the_first_stamp_to_the_last(
    length, kernel, stride
):
    last = max(stride * i + k for i in range(length) for k in range(kernel))
    covered = range(last + 1)
    for before, after in ((0, 0), (1, 0), (2, 3)):
        expected = len(covered) - before - after
        assert deconv_length(length, kernel, stride, (before, after)) == expected
    assert deconv_length(length, kernel, stride, (0, -2)) == len(covered) + 2


def test_deconv_length_undoes_conv_length():
    for length, pad, stride in itertools.product((8, 9, 33), (0, 1, 4), (1, 2, 3, 4)):
        small = conv_length(length, 9, pad, stride)
        if small > 0:
            missing = length - deconv_length(small, 9, stride, (pad, pad))
            assert 0 <= missing < stride  # the remainder that a stride leaves out


def test_conv_length_of_srcnn_on_a_sub_image():
    assert conv_length(33, 9, "valid") == 25
    assert conv_length(25, 1, "valid") == 25
    assert conv_length(25, 5, "valid") == 21


def test_unknown_length_stays_unknown():
    assert conv_length(None, 9, "valid") is None
    assert deconv_length(None, 9, 4, (2, 3)) is None


def test_input_shorter_than_the_kernel_gives_no_position():
    assert conv_length(8, 9, "valid") == 0


def test_unknown_border_is_refused():
    with pytest.raises(ValueError, match="'same'.*valid, half, full"):
        conv_length(33, 9, "same")


@pytest.mark.parametrize("border", ["same", -1, 1.5, [1, 1], True])
@pytest.mark.parametrize("length", [33, None])
def test_what_is_no_border_is_refused_whether_or_not_the_length_is_known(
    border, length
):
    with pytest.raises(ValueError, match="border_mode .*valid, half, full"):
        conv_length(length, 9, border)
