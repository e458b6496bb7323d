"""Inks by their profile, profiles that do not fit, colours under transparency."""

import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from srcnn_theano.data.images import (
    Picture,
    fitted,
    read_picture,
    spread_colours,
    write_picture,
)

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RED, GREEN, BLACK, WHITE = (53.2, 80, 67), (87.7, -79, 81), (0, 0, 0), (100, 0, 0)


def ink_profile(cyan, magenta):
    """An ICC profile in which these two inks have colours in L*a*b*, others black."""
    corners = {(0, 0, 0, 0): WHITE, (1, 0, 0, 0): cyan, (0, 1, 0, 0): magenta}
    grid = b"".join(
        bytes([round(L * 2.55), round(a) + 128, round(b) + 128])
        for corner in np.ndindex(2, 2, 2, 2)
        for L, a, b in [corners.get(corner, BLACK)]
    )
    straight = bytes(range(256))
    one = [0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x10000]
    table = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + struct.pack(">9i", *one)
    table += 4 * straight + grid + 3 * straight
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    start = 128 + 4 + 2 * 12
    tags = struct.pack(">I", 2)
    tags += b"wtpt" + struct.pack(">II", start, len(white))
    tags += b"A2B0" + struct.pack(">II", start + len(white), len(table))
    body = tags + white + table
    head = struct.pack(
        ">I4sI4s4s4s", 128 + len(body), b"", 0x02400000, b"prtr", b"CMYK", b"Lab "
    )
    head += struct.pack(">6H", 2020, 1, 1, 0, 0, 0) + b"acsp" + bytes(28)
    head += struct.pack(">3i", 0xF6D6, 0x10000, 0xD32D)
    return head.ljust(128, b"\0") + body


def cyan_and_magenta():
    inks = np.zeros((16, 32, 4), np.uint8)
    inks[:, :16, 0] = inks[:, 16:, 1] = 255
    return Image.fromarray(inks, "CMYK")


@pytest.mark.parametrize("name", ["c.tif", "c.jpg"])
def test_inks_by_their_profile(tmp_path, name):
    path, options = tmp_path / name, {"quality": 100} if name == "c.jpg" else {}
    profile = ink_profile(RED, GREEN)
    cyan_and_magenta().save(str(path), icc_profile=profile, **options)
    picture = read_picture(path)
    assert picture.icc_profile is None
    assert picture.notes == ("CMYK became sRGB by its profile",)
    pixels = picture.pixels.astype(int)
    assert np.abs(pixels[8, 4] - (255, 0, 0)).max() < 20
    assert np.abs(pixels[8, 28] - (0, 255, 0)).max() < 20


def test_inks_without_a_profile_or_with_a_damaged_one(tmp_path):
    profile = ink_profile(RED, GREEN)
    for content, words in [(None, "without a profile"), (profile[:300], "damaged")]:
        cyan_and_magenta().save(str(tmp_path / "c.tif"), icc_profile=content)
        picture = read_picture(tmp_path / "c.tif")
        np.testing.assert_array_equal(picture.pixels[8, 4], (0, 255, 255))
        assert words in picture.notes[0] and picture.icc_profile is None


def test_a_profile_that_does_not_fit_is_left_out(tmp_path):
    grey = np.arange(64, dtype=np.uint8).reshape(8, 8) * 4
    Image.fromarray(grey).save(str(tmp_path / "g.png"), icc_profile=SRGB)
    picture = read_picture(tmp_path / "g.png")
    assert picture.icc_profile is None
    assert picture.notes == (
        "its colour profile is for RGB and does not fit grey: left out",
    )
    rgb = Image.fromarray(grey).convert("RGB")
    rgb.save(str(tmp_path / "c.png"), icc_profile=SRGB)
    picture = read_picture(tmp_path / "c.png")
    assert picture.icc_profile == SRGB and picture.notes == ()


def test_the_profile_of_colours_that_were_converted_is_told(tmp_path):
    path = tmp_path / "lab.tif"
    Image.new("LAB", (8, 8), (120, 130, 140)).save(str(path), icc_profile=SRGB)
    picture = read_picture(path)
    assert picture.icc_profile is None
    assert picture.notes == ("colour profile left out: LAB became RGB",)


@pytest.mark.parametrize("suffix", [".webp", ".png", ".jpg", ".tif"])
@pytest.mark.parametrize("n_colours, profile", [(1, "GRAY"), (1, "RGB "), (3, "RGB ")])
def test_a_profile_is_of_the_colours_that_the_file_has(
    tmp_path, suffix, n_colours, profile
):
    profile = SRGB[:16] + profile.encode() + SRGB[20:]
    path = tmp_path / ("a" + suffix)
    picture = fitted(
        path, Picture(np.zeros((8, 8, n_colours), np.uint8), None, profile)
    )
    write_picture(path, picture)
    with Image.open(str(path)) as image:
        written, is_grey = image.info.get("icc_profile"), image.mode == "L"
    assert written is None or (written[16:20] == b"GRAY") == is_grey
    assert (written is None) == bool(picture.notes)
    assert all("does not fit" in note for note in picture.notes)


# --- Transparency ---


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_hidden_colours_become_those_nearby(dtype):
    rng, peak = np.random.RandomState(0), np.iinfo(dtype).max
    alpha = np.zeros((600, 40), dtype)
    alpha[100:500, 10:30] = peak
    pixels = rng.randint(0, peak + 1, (600, 40, 3)).astype(dtype)
    pixels[:, :20] = pixels[:, :20] // 8  # dark on the left
    pixels[:, 20:] = peak - pixels[:, 20:] // 8
    pixels[alpha == 0] = peak // 2
    result = spread_colours(pixels, alpha)
    np.testing.assert_array_equal(result[alpha > 0], pixels[alpha > 0])
    # Within the reach of the rectangle; beyond it, nothing.
    assert result[100:500, 4:10].max() < peak / 4
    assert result[100:500, 30:36].min() > peak * 3 / 4
    np.testing.assert_array_equal(result[:90], pixels[:90])
    # No seams between the bands that it goes in: the same from any start.
    later = spread_colours(pixels[130:], alpha[130:])
    np.testing.assert_array_equal(later[20:], result[150:])


def test_what_is_transparent_all_over_keeps_its_colours():
    rng = np.random.RandomState(0)
    pixels = rng.randint(0, 256, (50, 40, 3)).astype(np.uint8)
    for alpha in (
        np.zeros((50, 40), np.uint8),
        np.full((50, 40), 3, np.uint8),
        rng.randint(64, 256, (50, 40)).astype(np.uint8),
    ):
        np.testing.assert_array_equal(spread_colours(pixels, alpha), pixels)


def test_opaque_alpha_goes_where_there_is_none(tmp_path):
    pixels = np.zeros((4, 5, 3), np.uint8)
    opaque = Picture(pixels, np.full((4, 5), 255, np.uint8))
    assert fitted("a.png", opaque).alpha is not None
    write_picture(tmp_path / "a.jpg", fitted("a.jpg", opaque))
    nearly = opaque._replace(alpha=opaque.alpha - np.eye(4, 5, dtype=np.uint8))
    assert fitted("a.jpg", nearly).alpha is not None
