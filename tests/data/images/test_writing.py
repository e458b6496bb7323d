import numpy as np
import pytest

from srcnn_theano.data.images import (
    Picture,
    check_writable,
    read_picture,
    read_pixels,
    write_picture,
)
from srcnn_theano.errors import UserError


def noise(*shape, dtype=np.uint8, seed=0):
    rng = np.random.RandomState(seed)
    return rng.randint(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


LOSSLESS = [
    (".bmp", [(1, False, 8), (3, False, 8)]),
    (".gif", [(1, False, 8)]),
    (".pgm", [(1, False, 8), (1, False, 16)]),
    (".ppm", [(3, False, 8), (3, False, 16)]),
    (".png", [(n, a, b) for n in (1, 3) for a in (False, True) for b in (8, 16)]),
    (".tif", [(n, a, b) for n in (1, 3) for a in (False, True) for b in (8, 16)]),
    (".webp", [(3, False, 8), (3, True, 8)]),
]


@pytest.mark.parametrize(
    "suffix, n_channels, alpha, bits",
    [(suffix,) + kind for suffix, kinds in LOSSLESS for kind in kinds],
)
def test_written_and_read_again(tmp_path, suffix, n_channels, alpha, bits):
    dtype = np.uint8 if bits == 8 else np.uint16
    pixels = noise(6, 5, n_channels, dtype=dtype)
    alpha = noise(6, 5, dtype=dtype, seed=1) if alpha else None
    path = tmp_path / ("x" + suffix)
    write_picture(path, Picture(pixels, alpha))
    picture = read_picture(path)
    assert picture.pixels.dtype == dtype
    np.testing.assert_array_equal(picture.pixels, pixels)
    if alpha is None:
        assert picture.alpha is None
    else:
        np.testing.assert_array_equal(picture.alpha, alpha)


def test_smallest_pictures(tmp_path):
    for suffix in (".bmp", ".gif", ".jpg", ".png", ".tif", ".webp"):
        path = tmp_path / ("one" + suffix)
        write_picture(path, Picture(np.full((1, 1, 1), 77, np.uint8)))
        assert read_pixels(path)[0, 0, 0] == pytest.approx(77, abs=1)


def test_jpeg_is_close(tmp_path):
    ramp = np.tile(np.arange(0, 256, 4, dtype=np.uint8)[:, None, None], (1, 40, 3))
    write_picture(tmp_path / "r.jpg", Picture(ramp))
    read = read_pixels(tmp_path / "r.jpg").astype(int)
    assert np.abs(read - ramp).max() <= 3


@pytest.mark.parametrize(
    "name, kind, message",
    [
        ("a.jpg", "RGBA", "a .jpg file cannot hold .*colour image with transparency"),
        ("a.bmp", "L16", "a .bmp file cannot hold .*grey image, 16-bit.*choose .png"),
        ("a.webp", "RGB16", "a .webp file cannot hold .*colour image, 16-bit"),
        ("a.gif", "RGB", "a .gif file cannot hold"),
        ("a.xyz", "RGB", "cannot be written as '.xyz'; choose one of .bmp .gif"),
        ("a", "L", "cannot be written as ''"),
    ],
)
def test_formats_that_cannot_hold_a_picture(tmp_path, name, kind, message):
    dtype = np.uint16 if "16" in kind else np.uint8
    pixels = np.zeros((4, 4, 1 if kind[0] == "L" else 3), dtype)
    alpha = np.zeros((4, 4), dtype) if "A" in kind else None
    with pytest.raises(UserError, match=message):
        check_writable(tmp_path / name, kind)
    with pytest.raises(UserError, match=message):
        write_picture(tmp_path / name, Picture(pixels, alpha))
    assert list(tmp_path.iterdir()) == []


def test_in_python_as_the_command_has_it(tmp_path):
    """Opaque alpha goes, and what a file does not hold is a warning."""
    opaque = Picture(noise(6, 5, 3), np.full((6, 5), 255, np.uint8))
    write_picture(tmp_path / "a.jpg", opaque)
    assert read_picture(tmp_path / "a.jpg").alpha is None
    picture = Picture(noise(6, 5, 3), icc_profile=b"profile", notes=("known",))
    told = r"a\.bmp: colour profile left out: BMP does not hold it"
    with pytest.warns(UserWarning, match=told) as warned:
        write_picture(tmp_path / "a.bmp", picture)
    assert len(warned) == 1 and warned[0].filename == __file__


def test_too_large_for_the_format(tmp_path):
    with pytest.raises(UserError, match=r"a\.webp: 16385x1 pixels cannot be written"):
        write_picture(tmp_path / "a.webp", Picture(np.zeros((1, 16385, 3), np.uint8)))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "suffix, dtype, n_channels",
    [(suffix, np.uint8, 3) for suffix in (".png", ".tif", ".bmp", ".jpg", ".webp")]
    + [(".png", np.uint16, 3), (".tif", np.uint16, 1), (".tif", np.uint16, 3)],
)
def test_full_disk_leaves_the_old_file(tmp_path, full_disk, suffix, dtype, n_channels):
    path = tmp_path / ("a" + suffix)
    write_picture(path, Picture(noise(4, 4, n_channels, dtype=dtype)))
    before = path.read_bytes()
    large = Picture(noise(300, 300, n_channels, dtype=dtype, seed=1))
    with full_disk():
        with pytest.raises(UserError, match=f"a{suffix}: cannot be written"):
            write_picture(path, large)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "name, cols, scale, limit",
    [
        ("a.jpg", 16376, 4, "65504x4 pixels .* JPEG, .* at most 65500 on each side"),
        ("a.webp", 8192, 2, "16384x2 pixels .* WEBP, .* at most 16383 on each side"),
        ("a.gif", 32768, 2, "65536x2 pixels .* GIF, .* at most 65535 on each side"),
        ("a.png", 1 << 30, 2, "2147483648x2 pixels .* PNG, .* 2147483647 on each"),
        ("a.tif", 1 << 29, 3, "pixels .* TIFF, .* at most 4293918720 bytes"),
        ("a.bmp", 1 << 29, 3, "pixels .* BMP, .* at most 4293918720 bytes"),
    ],
)
def test_sizes_that_a_format_cannot_hold_are_known_before_the_work(
    tmp_path, name, cols, scale, limit
):
    # All pixels are the same in memory, so that it takes a byte.
    pixels = np.broadcast_to(np.zeros((1, 1, 1), np.uint8), (1, cols, 1))
    check_writable(tmp_path / name, Picture(pixels))
    with pytest.raises(UserError, match=limit + ".*; choose .png"):
        check_writable(tmp_path / name, Picture(pixels), scale)


@pytest.mark.parametrize("suffix, side", [(".jpg", 65500), (".webp", 16383)])
def test_the_largest_sides_are_written(tmp_path, suffix, side):
    path = tmp_path / ("a" + suffix)
    write_picture(path, Picture(np.zeros((1, side, 3), np.uint8)))
    assert read_pixels(path).shape == (1, side, 3)


@pytest.mark.parametrize(
    "suffix", [".bmp", ".gif", ".jpg", ".pgm", ".png", ".tif", ".webp"]
)
def test_a_full_disk_while_a_picture_is_written(tmp_path, full_disk, suffix):
    path = tmp_path / ("a" + suffix)
    path.write_text("old")
    with full_disk(), pytest.raises(UserError, match="cannot be written .File too"):
        # Small enough for Pillow to write it at once, and to miss that half is lost.
        write_picture(path, Picture(noise(170, 170, 1)))
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]
