"""README and docs/python.md run as they stand."""

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from srcnn_theano.data.images import (
    Picture,
    check_writable,
    read_picture,
    write_picture,
)
from srcnn_theano.errors import UserError
from srcnn_theano.upscale.picture import load_upscaler

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "page, start, n", [("README.md", "from", 1), ("docs/python.md", "", 5)]
)
def test_the_page_runs(tmp_path, monkeypatch, page, start, n):
    text = (ROOT / page).read_text(encoding="utf-8")
    blocks = re.findall(rf"```python\n({start}.*?)```", text, re.S)
    assert len(blocks) == n
    monkeypatch.chdir(tmp_path)
    pixels = np.random.RandomState(0).randint(0, 256, (20, 30, 3)).astype(np.uint8)
    Image.fromarray(pixels).save("photo.jpg", dpi=(300, 300))
    exec("\n".join(blocks), {})
    larger = read_picture("larger.png")
    assert larger.pixels.shape == (40, 60, 3)
    np.testing.assert_allclose(larger.dpi, 600, atol=0.1)
    if start == "":
        assert read_picture("larger.jpg").pixels.shape == (60, 90, 3)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("shape", [(9, 7), (9, 7, 1), (9, 7, 2), (9, 7, 3), (9, 7, 4)])
def test_arrays(shape, dtype, upscaler):
    peak = np.iinfo(dtype).max
    result = upscaler.enlarge(np.full(shape, peak // 3, dtype))
    assert result.shape == (18, 14) + shape[2:] and result.dtype == dtype
    assert abs(np.median(result) - peak // 3) <= peak / 255


@pytest.fixture(scope="module")
def upscaler():
    return load_upscaler(scale=2)


def test_a_scale_may_be_a_float_that_is_whole(upscaler):
    pixels = np.random.RandomState(0).randint(0, 256, (9, 7)).astype(np.uint8)
    other = load_upscaler(scale=2.0)
    np.testing.assert_array_equal(other.enlarge(pixels), upscaler.enlarge(pixels))
    with pytest.raises(UserError, match="--scale 2.5: the scale must be 2, 3 or 4"):
        load_upscaler(scale=2.5)


COLOURS = np.zeros((4, 5, 3), np.uint8)


@pytest.mark.parametrize(
    "picture, message",
    [
        (Picture(COLOURS / 255), r"pixels float64 \(4, 5, 3\): uint8 or uint16 needed"),
        (Picture(COLOURS.astype(int)), "pixels int64"),
        (Picture(COLOURS[:0]), r"pixels \(0, 5, 3\): empty"),
        (Picture(COLOURS[..., 0]), r"pixels \(4, 5\): \(rows, cols, 1 or 3\) needed"),
        (Picture(np.zeros((4, 5, 4), np.uint8)), r"pixels \(4, 5, 4\)"),
        (Picture(COLOURS, COLOURS[:3, :, 0]), r"alpha uint8 \(3, 5\): uint8 \(4, 5\)"),
        (Picture(COLOURS, COLOURS[..., :1]), r"alpha uint8 \(4, 5, 1\)"),
        (Picture(COLOURS, np.zeros((4, 5))), "alpha float64"),
    ],
)
def test_other_pictures_are_refused(upscaler, tmp_path, picture, message):
    path = tmp_path / "a.png"
    for use in (
        upscaler,
        lambda picture: write_picture(path, picture),
        lambda picture: check_writable(path, picture),
    ):
        with pytest.raises(ValueError, match=message):
            use(picture)
    assert not path.exists()


@pytest.mark.parametrize(
    "array", [np.zeros((4, 4)), np.zeros((4, 4, 5), np.uint8), np.zeros(4, np.uint8)]
)
def test_other_arrays_are_refused(upscaler, array):
    with pytest.raises(ValueError, match="pixels .* needed"):
        upscaler.enlarge(array)


def test_lists_and_pictures_of_no_pixels(upscaler):
    with pytest.raises(ValueError, match=r"pixels \(0, 5\): empty"):
        upscaler.enlarge(np.zeros((0, 5), np.uint8))
    with pytest.raises(ValueError, match="pixels int64 .* uint8 or uint16 needed"):
        upscaler.enlarge([[1, 2], [3, 4]])
    rows = [np.full(4, level, np.uint8) for level in (0, 80, 200)]
    np.testing.assert_array_equal(
        upscaler.enlarge(rows), upscaler.enlarge(np.array(rows))
    )
