import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms, features

from srcnn_theano.data.images import fitted, read_picture
from srcnn_theano.data.images.colour_meaning import has_gain_map, meaning_of

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
PIXELS = np.arange(8 * 12 * 3, dtype=np.uint8).reshape(8, 12, 3)
SRGB = [0.64, 0.33, 0.30, 0.60, 0.15, 0.06]
ADOBE = [0.64, 0.33, 0.21, 0.71, 0.15, 0.06]


def saved(name, **options):
    """The bytes of a file as Pillow writes it, or a reason to skip."""
    feature = {"AVIF": "avif", "JPEG2000": "jpg_2000"}[name]
    if not features.check(feature):
        pytest.skip(f"Pillow is without {name}")
    stream = io.BytesIO()
    Image.fromarray(PIXELS).save(stream, name, **options)
    return stream.getvalue()


def jpeg_2000(colr):
    """With this for the content of its box `colr`."""
    content = saved("JPEG2000")
    at, head = content.index(b"colr") - 4, content.index(b"jp2h") - 4
    (old,) = struct.unpack_from(">I", content, at)
    (outer,) = struct.unpack_from(">I", content, head)
    new = struct.pack(">I4s", 8 + len(colr), b"colr") + colr
    outer += len(new) - old
    return (
        content[:head]
        + struct.pack(">I", outer)
        + content[head + 4 : at]
        + new
        + content[at + old :]
    )


@pytest.mark.parametrize("method", [2, 3])
def test_the_profile_of_a_jpeg_2000_goes_along(tmp_path, method):
    (tmp_path / "a.jp2").write_bytes(jpeg_2000(bytes([method, 0, 0]) + PROFILE))
    picture = read_picture(tmp_path / "a.jp2")
    assert picture.icc_profile == PROFILE and picture.notes == ()
    np.testing.assert_array_equal(picture.pixels, PIXELS)


@pytest.mark.parametrize("space, is_told", [(16, False), (18, False), (21, True)])
def test_other_spaces_of_a_jpeg_2000_are_told(tmp_path, space, is_told):
    content = jpeg_2000(b"\1\0\0" + struct.pack(">I", space))
    (tmp_path / "a.jp2").write_bytes(content)
    note = "what it says of colour left out: taken for sRGB"
    assert meaning_of(tmp_path / "a.jp2", "JPEG2000").notes == (note,) * is_told


@pytest.mark.parametrize("numbers", [(9, 16, 9), (12, 13, 6), (1, 13, 6), (1, 1, 1)])
def test_the_numbers_of_an_avif_go_along(tmp_path, numbers):
    content = bytearray(saved("AVIF"))
    struct.pack_into(">HHH", content, content.index(b"nclx") + 4, *numbers)
    (tmp_path / "a.avif").write_bytes(content)
    picture = read_picture(tmp_path / "a.avif")
    is_usual = numbers[0] == 1
    cicp = (b"cICP", bytes([*numbers[:2], 0, 1]))
    assert picture.colour_chunks == (() if is_usual else (cicp,))
    note = "what its cICP say of colour left out: JPEG does not hold it"
    assert fitted("a.jpg", picture).notes == (() if is_usual else (note,))


def test_a_profile_stands_before_the_numbers_of_an_avif(tmp_path):
    content = bytearray(saved("AVIF", icc_profile=PROFILE))
    (tmp_path / "a.avif").write_bytes(content)
    picture = read_picture(tmp_path / "a.avif")
    assert picture.icc_profile == PROFILE and picture.colour_chunks == ()


def test_the_gain_map_of_an_avif_is_told(tmp_path):
    path, content = tmp_path / "a.avif", saved("AVIF")
    path.write_bytes(content)
    assert read_picture(path).notes == ()
    mark = b"urn:com:apple:photo:2020:aux:hdrgainmap"
    path.write_bytes(content + struct.pack(">I4s", 8 + len(mark), b"free") + mark)
    assert read_picture(path).notes == ("gain map (HDR) left out",)
    with Image.open(str(path)) as image:
        path.write_bytes(content)
        assert not has_gain_map(path, image)
        brands = content[28:32]
        path.write_bytes(content[:32].replace(brands, b"tmap") + content[32:])
        assert has_gain_map(path, image)


def bmp(space, xy=SRGB, profile=b"", size=None):
    """A BMP of the fifth kind of 4x2 pixels."""
    xyz = [(x, y, 1 - x - y) for x, y in zip(xy[::2], xy[1::2])]
    ends = [round(value * (1 << 30)) for colour in xyz for value in colour]
    header = struct.pack("<IiiHHIIiiII", 124, 4, 2, 1, 24, 0, 24, 0, 0, 0, 0)
    header += bytes(16) + space[::-1] + struct.pack("<9i", *ends) + bytes(12)
    size = len(profile) if size is None else size
    header += struct.pack("<IIII", 4, 124 + 24, size, 0)
    start = b"BM" + struct.pack("<IHHI", 138 + 24 + len(profile), 0, 0, 138)
    return start + header + bytes(24) + profile


@pytest.mark.parametrize(
    "content, profile, note",
    [
        (bmp(b"MBED", profile=PROFILE), PROFILE, ""),
        (bmp(b"MBED", profile=PROFILE, size=9999), None, "profile left out: it cannot"),
        (bmp(b"LINK", profile=b"/a.icc\0"), None, "profile left out: it is in another"),
        (bmp(b"sRGB", ADOBE), None, ""),
        (bmp(bytes(4)), None, ""),
        (bmp(bytes(4), [0] * 6), None, "primaries of its colours left out"),
        (bmp(bytes(4), ADOBE), None, "primaries of its colours left out"),
    ],
)
def test_what_a_bmp_says_of_colour(tmp_path, content, profile, note):
    (tmp_path / "a.bmp").write_bytes(content)
    picture = read_picture(tmp_path / "a.bmp")
    assert picture.icc_profile == profile
    assert len(picture.notes) == bool(note) and note in "".join(picture.notes)


@pytest.mark.parametrize("way", ["pillow", "classic", "big"])
@pytest.mark.parametrize("primaries", [SRGB, ADOBE])
def test_other_primaries_of_a_tiff_are_told(tmp_path, way, primaries):
    if way == "pillow":
        options = {"compression": "jpeg", "tiffinfo": {319: tuple(primaries)}}
        Image.fromarray(PIXELS).save(str(tmp_path / "a.tif"), **options)
    else:
        pairs = [n for value in primaries for n in (round(1000 * value), 1000)]
        tifffile.imwrite(
            tmp_path / "a.tif",
            PIXELS,
            bigtiff=way == "big",
            extratags=[(319, 5, 6, tuple(pairs), True)],
        )
    note = "primaries of its colours left out: taken for sRGB's"
    assert read_picture(tmp_path / "a.tif").notes == (note,) * (primaries == ADOBE)


@pytest.mark.parametrize("name", ["AVIF", "JPEG2000"])
def test_boxes_that_are_cut_off_say_nothing(tmp_path, name):
    content = saved(name)
    for n_kept in range(0, len(content), 7):
        (tmp_path / "a").write_bytes(content[:n_kept])
        meaning = meaning_of(tmp_path / "a", name)
        assert meaning.profile is None and meaning.chunks == ()
