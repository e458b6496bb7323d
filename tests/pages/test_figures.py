import numpy as np
import pytest

from srcnn_theano.data.degradation import from_float
from srcnn_theano.data.images import Picture, read_picture, read_rgb, write_picture
from srcnn_theano.data.patches import degrade, make_recipe
from srcnn_theano.inference import build_predictor
from srcnn_theano.pages.figures import (
    Crop,
    Curve,
    Panel,
    Points,
    Scatter,
    draw_curves,
    draw_scatter,
    write_filters,
    write_strip,
)


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


def test_curves_leave_out_what_they_are_not_given(tmp_path):
    path = tmp_path / "curves.svg"
    draw_curves(path, [Panel("left", [Curve("Adam", [10, 20], [30.0, 31.0])], None)])
    svg = path.read_text()
    assert ">Adam</text>" in svg and ">left</text>" in svg
    assert "bicubic" not in svg
    assert "#010203" not in svg


def test_axes_are_named_and_ticks_may_be_fractions(tmp_path):
    path = tmp_path / "curves.svg"
    curve = Curve("output", [0.0, 0.25, 0.5], [3.0, 2.0, 1.0])
    draw_curves(path, [Panel("", [curve], None, axes=("cycles per pixel", "power"))])
    svg = path.read_text()
    assert ">cycles per pixel</text>" in svg and ">0.15</text>" in svg


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


def test_points_have_their_names_and_groups_their_colours(tmp_path):
    path = tmp_path / "scatter.svg"
    groups = [
        Points("first", [25.0, 26.0], [1200.0, 1500.0], ["a", "b"]),
        Points("second", [24.0], [900.0], [""]),
        Points("bicubic", [23.0], [800.0], [""]),
    ]
    draw_scatter(path, [Scatter("left", groups, ("PSNR in dB", "distance"))])
    svg = path.read_text()
    for words in ("a", "b", "first", "second", "left", "PSNR in dB", "distance"):
        assert f">{words}</text>" in svg
    assert ">1,200</text>" in svg and "currentColor" in svg and "#010203" not in svg
    assert (
        svg.count("#3d85c6") >= 2 and svg.count("#e0760b") >= 1 and "#2fa36b" not in svg
    )
