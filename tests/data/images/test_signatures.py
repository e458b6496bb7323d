"""Files whose names end otherwise than their formats."""

import re

import numpy as np
import pytest
from PIL import Image, features

from srcnn_theano.data.images import n_pixels, read_picture
from srcnn_theano.data.images.signatures import format_of
from srcnn_theano.errors import UserError

COLOURS = np.dstack([np.add.outer(4 * np.arange(40), np.arange(60))] * 3)
COLOURS = COLOURS.astype(np.uint8)


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".heic", ".tga", ""])
@pytest.mark.parametrize("name, feature", [("AVIF", "avif"), ("JPEG2000", "jpg_2000")])
def test_what_is_read_under_its_own_suffix_is_read(tmp_path, name, feature, suffix):
    if not features.check(feature):
        pytest.skip(f"this Pillow reads no {name}")
    path = tmp_path / ("a" + suffix)
    Image.fromarray(COLOURS).save(str(path), name)
    picture = read_picture(path)
    assert np.abs(picture.pixels.astype(int) - COLOURS).max() < 20
    assert picture.notes == (f"this is {name}, whatever its name says",)
    assert n_pixels(path) == 2400
    if suffix:
        own = {"AVIF": ".avif", "JPEG2000": ".jp2"}[name]
        assert read_picture(path.rename(tmp_path / ("b" + own))).notes == ()


def box(*brands):
    """The beginning of a file of the family of MP4."""
    content = b"ftyp" + brands[0] + bytes(4) + b"".join(brands[1:])
    return (len(content) + 4).to_bytes(4, "big") + content


@pytest.mark.parametrize(
    "start, name",
    [
        (box(b"heic", b"mif1", b"heic"), "HEIF"),
        (box(b"mif1", b"heic"), "HEIF"),
        (box(b"avif", b"mif1", b"miaf"), "AVIF"),
        (box(b"mif1", b"avif", b"miaf"), "AVIF"),
        (box(b"isom", b"mp42"), ""),
        # No brand, but what comes behind the box.
        (box(b"isom") + b"heic", ""),
        (b"\xff\x4f\xff\x51", "JPEG2000"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
        (b"8BPS\0\1", "PSD"),
        (b"\x89PNG\r\n\x1a\n", ""),
        (b"", ""),
    ],
)
def test_formats_by_the_first_bytes(tmp_path, start, name):
    path = tmp_path / "a.jpg"
    path.write_bytes(start)
    assert format_of(path) == name


@pytest.mark.parametrize(
    "start, message",
    [
        (box(b"heic", b"mif1"), r"this is HEIF.*srcnn-theano\[heif\]"),
        (box(b"avif", b"mif1"), r"AVIF"),
        (b"\0\0\0\x0cjP  \r\n\x87\n", r"JPEG2000"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "this is JPEG XL, which is not read here"),
        (b"8BPS\0\1", "this is PSD, which is not read here; convert it to .png"),
        (b"%PDF-1.7", "this is PDF"),
        (b"\xff\xd8\xff\xe0", "a JPEG of a kind .*, or a damaged .* as .png, or get"),
    ],
)
def test_refusals_name_the_format(tmp_path, start, message, monkeypatch):
    monkeypatch.delitem(Image.OPEN, "HEIF", raising=False)
    monkeypatch.setitem(__import__("sys").modules, "pillow_heif", None)
    path = tmp_path / "a.jpg"
    path.write_bytes(start + bytes(200))
    with pytest.raises(UserError, match=rf"a\.jpg: .*{message}"):
        read_picture(path)


def test_a_jpeg_of_12_bits_is_called_one(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(COLOURS).save(str(path), "JPEG")
    data = bytearray(path.read_bytes())
    precision = data.index(b"\xff\xc0") + 4
    assert data[precision] == 8
    data[precision] = 12
    path.write_bytes(data)
    with pytest.raises(UserError, match="a.png: a JPEG of a kind that is not read"):
        read_picture(path)


def test_without_a_reader_of_avif_the_cure_is_named(tmp_path, monkeypatch):
    Image.init()
    monkeypatch.delitem(Image.OPEN, "AVIF", raising=False)
    (tmp_path / "a.jpg").write_bytes(box(b"avif") + bytes(200))
    with pytest.raises(UserError, match="this is AVIF, and no reader.* from 11.3 on"):
        read_picture(tmp_path / "a.jpg")


def test_a_refusal_lists_all_formats_that_are_read_here(tmp_path, monkeypatch):
    (tmp_path / "a.png").write_bytes(b"no picture")
    Image.init()

    def told():
        with pytest.raises(UserError, match="not an image") as refusal:
            read_picture(tmp_path / "a.png")
        return re.search(r"\((.*) are\)", str(refusal.value)).group(1).split(", ")

    names = told()
    assert names == sorted(names) and {"JPEG", "QOI", "JPEG2000", "TGA"} <= set(names)
    assert ("AVIF" in names) == features.check("avif")
    monkeypatch.delitem(Image.OPEN, "JPEG2000")
    assert told() == [name for name in names if name != "JPEG2000"]
