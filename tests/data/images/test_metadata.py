import numpy as np
import pytest
from PIL import Image, ImageOps

from srcnn_theano.data.images import (
    Picture,
    read_picture,
    read_pixels,
    write_picture,
)

PROFILE = b"bytes that stand for an ICC profile " * 5


def noise(*shape, dtype=np.uint8, seed=0):
    rng = np.random.RandomState(seed)
    return rng.randint(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


def exif_bytes(orientation=None, artist="A. N. Artist"):
    exif = Image.Exif()
    exif[0x013B] = artist
    if orientation:
        exif[0x0112] = orientation
    return exif.tobytes()


def artist_of(exif):
    loaded = Image.Exif()
    loaded.load(exif)
    return loaded[0x013B]


@pytest.mark.parametrize("suffix", [".png", ".tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(tmp_path, suffix, orientation):
    path = tmp_path / ("o" + suffix)
    image = Image.fromarray(noise(4, 6, 3))
    image.save(str(path), exif=exif_bytes(orientation))
    tagged = image.copy()
    tagged.getexif()[0x0112] = orientation
    upright = np.asarray(ImageOps.exif_transpose(tagged))
    picture = read_picture(path)
    np.testing.assert_array_equal(picture.pixels, upright)
    assert artist_of(picture.exif) == "A. N. Artist"
    write_picture(tmp_path / "again.png", picture)
    np.testing.assert_array_equal(read_pixels(tmp_path / "again.png"), upright)


@pytest.mark.parametrize("orientation", [1, 6])
def test_orientation_of_16_bit_colour(tmp_path, orientation):
    picture = Picture(noise(4, 6, 3, dtype=np.uint16), exif=exif_bytes(orientation))
    write_picture(tmp_path / "o.png", picture)
    expected = np.rot90(picture.pixels, -1) if orientation == 6 else picture.pixels
    read = read_picture(tmp_path / "o.png")
    np.testing.assert_array_equal(read.pixels, expected)
    assert artist_of(read.exif) == "A. N. Artist"


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_a_photographs_exif_goes_along(tmp_path, suffix):
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x8769] = {0x829A: (1, 60), 0x9003: "2020:01:01 00:00:00"}
    exif[0x8825] = {1: "N", 2: (10.0, 20.0, 30.0)}
    Image.fromarray(noise(4, 6, 3)).save(str(tmp_path / "photo.jpg"), exif=exif)
    write_picture(tmp_path / ("a" + suffix), read_picture(tmp_path / "photo.jpg"))
    write_picture(tmp_path / "b.jpg", read_picture(tmp_path / ("a" + suffix)))
    with Image.open(str(tmp_path / "b.jpg")) as image:
        assert image.size == (4, 6)
        assert image.getexif().get(0x0112, 1) == 1
        assert image.getexif().get_ifd(0x8769)[0x9003] == "2020:01:01 00:00:00"
        assert image.getexif().get_ifd(0x8825)[2] == (10.0, 20.0, 30.0)


def test_unreadable_exif_is_left_out(tmp_path):
    pixels = noise(5, 5, 3)
    write_picture(tmp_path / "e.png", Picture(pixels, exif=b"Exif\0\0nonsense"))
    np.testing.assert_array_equal(read_pixels(tmp_path / "e.png"), pixels)


KEEPING = [
    (".png", np.uint8, 3, True),
    (".png", np.uint16, 1, True),
    (".png", np.uint16, 3, True),
    (".jpg", np.uint8, 3, False),
    (".tif", np.uint8, 1, True),
    (".webp", np.uint8, 3, True),
]


@pytest.mark.parametrize("suffix, dtype, n_channels, alpha", KEEPING)
def test_metadata_is_kept(tmp_path, suffix, dtype, n_channels, alpha):
    pixels = noise(8, 9, n_channels, dtype=dtype)
    alpha = noise(8, 9, dtype=dtype, seed=1) if alpha else None
    path = tmp_path / ("m" + suffix)
    write_picture(path, Picture(pixels, alpha, PROFILE, exif_bytes()))
    picture = read_picture(path)
    assert picture.icc_profile == PROFILE
    assert artist_of(picture.exif) == "A. N. Artist"
