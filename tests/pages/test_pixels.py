import numpy as np
import pytest

from srcnn_theano.data.degradation import from_float
from srcnn_theano.data.images import Picture, read_picture, read_rgb, write_picture
from srcnn_theano.data.patches import degrade, make_recipe
from srcnn_theano.inference import build_predictor
from srcnn_theano.pages.pixels import Crop, write_filters, write_strip


@pytest.fixture
def image(tmp_path):
    pixels = np.random.RandomState(0).randint(0, 256, (60, 72, 3)).astype(np.uint8)
    path = tmp_path / "image.png"
    write_picture(path, Picture(pixels))
    return path


@pytest.mark.parametrize("n_channels", [1, 3])
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_strip_shows_the_same_square_four_times(
    image, tmp_path, scale, n_channels, passing_on
):
    crop = Crop("Set5", image.name, row=12, col=24, size=36)
    network = build_predictor(passing_on(n_channels))
    files = write_strip(tmp_path, "strip", image, crop, scale, {"network": network})
    assert files == [
        f"strip-{version}.png" for version in ("low", "bicubic", "network", "original")
    ]
    low, bicubic, network, original = (read_rgb(tmp_path / name) for name in files)
    window = np.s_[12:48, 24:60]
    expected = degrade(read_rgb(image), make_recipe("standard-rgb", scale))
    # Every pixel of the original is a block of 3x3, of the small image 3 times scale.
    for shown in (low, bicubic, network, original):
        assert shown.shape == (108, 108, 3)
    np.testing.assert_array_equal(original[1::3, 1::3], read_rgb(image)[window])
    np.testing.assert_array_equal(
        bicubic[::3, 2::3], from_float(np.clip(expected.enlarged[window], 0, 1))
    )
    small = from_float(expected.low_res)[
        12 // scale : 48 // scale, 24 // scale : 60 // scale
    ]
    np.testing.assert_array_equal(low[:: 3 * scale, :: 3 * scale], small)
    np.testing.assert_allclose(network.astype(int), bicubic, atol=1)


def test_filters_are_sorted_and_zero_is_grey(tmp_path):
    filters = np.zeros((3, 3, 13, 13))
    filters[1, :, 0, 0] = -2.0, 0.0, 2.0  # the strongest
    filters[2, 0, 12, 12] = 1.0
    write_filters(tmp_path / "filters.png", filters, columns=2)
    sheet = read_picture(tmp_path / "filters.png")
    assert sheet.pixels.shape == (2 * 56, 2 * 56, 3)  # pixels of 4x4 and gaps of 4
    assert sheet.pixels[3, 3].tolist() == [0, 128, 255]
    assert sheet.pixels[51, 56 + 51].tolist() == [191, 128, 128]
    assert sheet.pixels[56, 0].tolist() == [128, 128, 128]
    shown = sheet.alpha > 0
    assert shown[51, 51] and not shown[52, 10] and not shown[10, 52]
    assert not shown[56:, 56:].any()
