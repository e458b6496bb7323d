import itertools

import pytest

from srcnn_theano.layers.lengths import stamps_halo
from srcnn_theano.models.options import FSRCNNOptions
from srcnn_theano.models.reach import (
    convolutions_halo,
    fsrcnn_halo,
    full_border_window,
)


def test_halo_of_convolutions():
    assert convolutions_halo([9, 1, 5]) == 6
    assert convolutions_halo([9, 5, 5]) == 8


@pytest.mark.parametrize(
    "size, stride, before",
    [
        (size, stride, before)
        for size, stride in itertools.product((1, 4, 5, 9, 13), (1, 2, 3, 4))
        for before in range(size)
        if stride <= size
    ],
)
def test_halo_of_stamps_counts_those_that_touch_a_pixels_place(size, stride, before):
    """Each stamp drawn on a line, around the pixels that input pixel 0 stands for."""
    place = set(range(stride))
    touching = [
        i
        for i in range(-20, 21)
        if place & {stride * i - before + u for u in range(size)}
    ]
    assert stamps_halo(size, stride, before) == max(map(abs, touching))


@pytest.mark.parametrize("size", range(4, 40))
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_window_is_the_largest_length_that_grows_by_the_scale(size, scale):
    lengths = [n for n in range(1, 60) if scale * n <= n + size - 1]
    assert full_border_window(size, scale) == max(lengths)
    assert max(lengths) + size - 1 < scale * (max(lengths) + 1)


def test_halo_of_fsrcnn():
    assert fsrcnn_halo(FSRCNNOptions(scale=2)) == 2 + 4 + 2
    assert fsrcnn_halo(FSRCNNOptions(m=0, deconv_size=4)) == 2
    assert fsrcnn_halo(FSRCNNOptions(upsampling="full-border", deconv_size=26)) == 3
