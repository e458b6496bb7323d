import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from srcnn_theano.data.images import (
    Picture,
    enlarged,
    fitted,
    read_picture,
    write_bands,
    write_picture,
)
from srcnn_theano.errors import UserError


def noise(*shape, dtype=np.uint8, seed=0):
    rng = np.random.RandomState(seed)
    return rng.randint(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


def tags_of(exif):
    tags = Image.Exif()
    tags.load(exif)
    return tags


# What cameras and editors write of the layout of another file, or might.
LAYOUT = [
    {256: 64, 257: 48},
    {262: 6, 277: 3},
    {262: 0, 258: (8, 8, 8), 338: (1,)},
    {262: 32803, 322: 512, 323: 512, 273: 8, 278: 16, 279: 100, 317: 2, 700: b"x"},
]


@pytest.mark.parametrize("n_channels", [1, 3])
@pytest.mark.parametrize("layout", LAYOUT)
def test_exif_leaves_the_structure_of_a_tiff_alone(tmp_path, n_channels, layout):
    exif = Image.Exif()
    exif.update({270: "A title", 315: "A. N. Artist", 40091: b"T\0\0\0", **layout})
    picture = Picture(noise(6, 5, n_channels), exif=exif.tobytes())
    write_picture(tmp_path / "a.tif", picture)
    np.testing.assert_array_equal(
        tifffile.imread(tmp_path / "a.tif").reshape(6, 5, n_channels), picture.pixels
    )
    read = read_picture(tmp_path / "a.tif")
    np.testing.assert_array_equal(read.pixels, picture.pixels)
    assert dict(tags_of(read.exif)) == {
        270: "A title",
        315: "A. N. Artist",
        40091: b"T\0\0\0",
    }


@pytest.mark.parametrize("way", ["a.tif", "a.png", "a.jpg"])
def test_the_directory_within_exif_is_no_offset_of_another_file(tmp_path, way):
    exif = Image.Exif()
    exif[0x8769] = {0x9000: b"0230", 0xA005: {1: "R03", 2: b"0100"}}
    Image.fromarray(noise(6, 5, 3)).save(str(tmp_path / "photo.jpg"), exif=exif)
    write_picture(tmp_path / way, read_picture(tmp_path / "photo.jpg"))
    write_picture(tmp_path / "b.png", read_picture(tmp_path / way))
    for name in (way, "b.png"):
        with Image.open(str(tmp_path / name)) as image:
            assert image.getexif().get_ifd(0xA005) == {1: "R03", 2: b"0100"}


def test_exif_of_a_caller_that_is_none_is_refused(tmp_path):
    picture = Picture(noise(6, 5, 3), exif=b"Exif\0\0none at all")
    with pytest.raises(UserError, match="5x6 pixels cannot be written as TIFF"):
        write_picture(tmp_path / "a.tif", picture)


@pytest.mark.parametrize("n_bytes, is_kept", [(60000, True), (80000, False)])
def test_exif_that_is_too_long_for_a_jpeg_is_told(tmp_path, n_bytes, is_kept):
    exif = Image.Exif()
    exif[0x8769] = {0x927C: b"x" * n_bytes, 0xA002: 7, 0xA003: 9}
    picture = Picture(noise(70, 5, 3), exif=exif.tobytes(), comment=b"kept")
    like = fitted(tmp_path / "a.jpg", picture, 2)
    note = "EXIF left out: JPEG does not hold it"
    assert like.notes == (() if is_kept else (note,))
    band = Picture(noise(140, 10, 3))
    write_bands(tmp_path / "a.jpg", like, 2, [band])
    read = read_picture(tmp_path / "a.jpg")
    assert read.pixels.shape == (140, 10, 3) and read.comment == b"kept"
    inner = tags_of(read.exif).get_ifd(0x8769) if read.exif else {}
    assert len(inner.get(0x927C, b"")) == (n_bytes if is_kept else 0)
    write_picture(tmp_path / "a.png", picture)  # in one piece
    assert len(read_picture(tmp_path / "a.png").exif) == len(picture.exif)


@pytest.mark.parametrize("n_more", [0, 1])
def test_a_profile_that_is_too_long_for_a_jpeg_is_told(tmp_path, n_more):
    profile = bytes(255 * 65519 + n_more)
    like = fitted(tmp_path / "a.jpg", Picture(noise(6, 5, 3), icc_profile=profile))
    assert ("colour profile left out: JPEG does not hold it" in like.notes) == n_more
    write_bands(tmp_path / "a.jpg", like, 1, [like])
    with Image.open(str(tmp_path / "a.jpg")) as image:
        assert image.info.get("icc_profile") == (None if n_more else profile)


PLACES = {0x9214: (5, 4, 3, 2), 0xA214: (5, 4)}


def test_sizes_and_places_follow_the_size():
    exif = Image.Exif()
    exif.update({256: 6, 257: 4, 271: "a camera"})
    exif[0x8769] = {0xA002: 6, 0xA003: 4, 0xA20E: 1000.0, **PLACES}
    picture = Picture(noise(4, 6, 3), exif=exif.tobytes())
    tags = tags_of(enlarged(picture, 3).exif)
    inner = tags.get_ifd(0x8769)
    assert (tags[256], tags[257], tags[271]) == (18, 12, "a camera")
    assert (inner[0xA002], inner[0xA003], inner[0xA20E]) == (18, 12, 3000)
    assert (inner[0x9214], inner[0xA214]) == ((15, 12, 9, 6), (15, 12))
    exif[0x8769] = {0x9214: (30000, 4)}
    far = picture._replace(exif=exif.tobytes())
    assert 0x9214 not in tags_of(enlarged(far, 3).exif).get_ifd(0x8769)


@pytest.mark.parametrize("orientation", [1, 3, 6])
@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_sizes_and_places_turn_with_the_picture(tmp_path, orientation, name):
    exif = Image.Exif()
    exif.update({256: 6, 257: 4, 0x0112: orientation})
    exif[0x8769] = {0xA002: 6, 0xA003: 4, **PLACES}
    Image.fromarray(noise(4, 6, 3)).save(str(tmp_path / name), exif=exif)
    tags = tags_of(read_picture(tmp_path / name).exif)
    inner = tags.get_ifd(0x8769)
    size = (4, 6) if orientation == 6 else (6, 4)
    assert (tags[256], tags[257]) == (inner[0xA002], inner[0xA003]) == size
    assert set(PLACES) & set(inner) == (set(PLACES) if orientation == 1 else set())


def test_a_thumbnail_goes_when_the_picture_is_enlarged():
    jpeg = b"\xff\xd8 of the picture as it was \xff\xd9"
    content = b"II*\0" + struct.pack("<IH", 8, 1)
    content += struct.pack("<HHI4sI", 271, 2, 4, b"Me.\0", 26)
    content += struct.pack("<H", 2) + struct.pack("<HHII", 0x201, 4, 1, 54)
    content += struct.pack("<HHIII", 0x202, 4, 1, len(jpeg), 0) + jpeg
    picture = Picture(noise(4, 6, 3), exif=b"Exif\0\0" + content)
    assert enlarged(picture, 1).exif == picture.exif
    larger = enlarged(picture, 2).exif
    assert jpeg not in larger and dict(tags_of(larger)) == {271: "Me."}
