"""What a file says in words, and pictures that it holds besides: kept, or told."""

import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from srcnn_theano.data.images import fitted, read_picture, write_picture

XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"></x:xmpmeta>'


def noise(*shape, dtype=np.uint8, seed=0):
    rng = np.random.RandomState(seed)
    return rng.randint(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


def test_the_second_picture_of_a_camera_is_told(tmp_path):
    frames = [Image.fromarray(noise(9, 9, 3, seed=i)) for i in range(2)]
    path = str(tmp_path / "a.jpg")
    frames[0].save(path, "MPO", save_all=True, append_images=frames[1:])
    assert read_picture(path).notes == ("the first of 2 images is taken",)
    content = (tmp_path / "a.jpg").read_bytes()
    at = content.index(b"MPF\0")
    # Entries of 16 bytes, each with its kind first; the second is of no kind.
    first = content.rindex(struct.pack("<I", 0x030000), at, at + 140)
    assert content[first + 16 : first + 20] == bytes(4)
    preview = struct.pack("<I", 0x010001)
    (tmp_path / "a.jpg").write_bytes(
        content[: first + 16] + preview + content[first + 20 :]
    )
    assert read_picture(path).notes == ()


ULTRA_HDR = (
    b'http://ns.adobe.com/xap/1.0/\0<x:xmpmeta><rdf:Description xmlns:hdrgm="'
    b'http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0"/></x:xmpmeta>'
)


@pytest.mark.parametrize(
    "marker, segment", [(0xE1, ULTRA_HDR), (0xE2, b"urn:iso:std:iso:ts:21496:-1\0..")]
)
def test_a_gain_map_is_told_as_that(tmp_path, marker, segment):
    frames = [Image.fromarray(noise(9, 9, 3, seed=i)) for i in range(2)]
    path = tmp_path / "a.jpg"
    frames[0].save(str(path), "MPO", save_all=True, append_images=frames[1:])
    content = path.read_bytes()
    head = struct.pack(">BBH", 0xFF, marker, len(segment) + 2)
    path.write_bytes(content[:2] + head + segment + content[2:])
    notes = [note for note in read_picture(path).notes if "XMP" not in note]
    assert notes == ["gain map (HDR) left out"]


def chunk(name, data):
    check = struct.pack(">I", zlib.crc32(name + data))
    return struct.pack(">I", len(data)) + name + data + check


def test_texts_of_a_png_stay_with_it(tmp_path):
    path, pixels = tmp_path / "a.png", noise(4, 6, 3)
    Image.fromarray(pixels).save(str(path))
    texts = (b"tEXt", b"Author\0me"), (b"iTXt", b"Title\0\0\0\0\0a view")
    raw = b"Raw profile type exif\0\nexif\n       0\n"
    content = path.read_bytes()
    content = (
        content[:33] + chunk(*texts[0]) + chunk(b"tEXt", raw) + content[33:-12]
    ) + (chunk(*texts[1]) + content[-12:])  # behind the pixels
    path.write_bytes(content)
    picture = read_picture(path)
    assert (picture.texts, picture.notes) == (texts, ())
    write_picture(tmp_path / "b.png", picture)
    with Image.open(str(tmp_path / "b.png")) as image:
        assert image.text == {"Author": "me", "Title": "a view"}
    told = ("texts left out: WEBP does not hold them",)
    assert fitted("b.webp", picture).notes == told


def test_a_comment_stays_where_there_is_a_place_for_it(tmp_path):
    path = tmp_path / "a.jpg"
    Image.fromarray(noise(8, 8)).save(str(path), comment=b"a view")
    picture = read_picture(path)
    assert (picture.comment, picture.notes) == (b"a view", ())
    for name in ("b.jpg", "b.gif"):
        write_picture(tmp_path / name, picture)
        assert read_picture(tmp_path / name).comment == b"a view"
    write_picture(tmp_path / "b.png", picture)
    with Image.open(str(tmp_path / "b.png")) as image:
        assert image.text == {"Comment": "a view"}
    told = ("comment left out: WEBP does not hold it",)
    assert fitted("b.webp", picture).notes == told
    inks = Image.new("CMYK", (8, 8))
    inks.save(str(path), comment=b"for printers")
    assert read_picture(path).comment == b"for printers"
    long = picture._replace(comment=b"word" * 20000)
    told = ("comment left out: JPEG does not hold it",)
    assert fitted("b.jpg", long).notes == told
    assert fitted("b.gif", long).notes == ()


def test_several_comments_of_a_jpeg_become_one(tmp_path):
    path = tmp_path / "a.jpg"
    Image.fromarray(noise(8, 8, 3)).save(str(path), comment=b"second")
    content = path.read_bytes()
    first = b"\xff\xfe" + struct.pack(">H", 2 + len(b"first")) + b"first"
    path.write_bytes(content[:2] + first + content[2:])
    picture = read_picture(path)
    assert picture.comment == b"first\nsecond" and picture.notes == ()
    write_picture(tmp_path / "b.jpg", picture)
    with Image.open(str(tmp_path / "b.jpg")) as image:
        assert image.info["comment"] == b"first\nsecond"


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif", "deep.tif"])
def test_what_describes_the_file_as_it_was_is_told(tmp_path, name):
    path, image = tmp_path / name, Image.fromarray(noise(8, 8, 3))
    plain = read_picture_of(path, image)
    assert plain.notes == ()
    if name == "a.jpg":
        segment = b"http://ns.adobe.com/xap/1.0/\0" + XMP
        size = struct.pack(">H", len(segment) + 2)
        content = path.read_bytes()
        path.write_bytes(content[:2] + b"\xff\xe1" + size + segment + content[2:])
    elif name == "a.png":
        content = path.read_bytes()
        text = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
        path.write_bytes(content[:33] + text + content[33:])
    elif name == "a.webp":
        image.save(str(path), xmp=XMP)
    elif name == "a.tif":
        image.save(str(path), tiffinfo={700: XMP}, compression="packbits")
    else:
        tags = [(700, 1, len(XMP), XMP, True)]
        deep = noise(8, 8, 3, dtype=np.uint16)
        tifffile.imwrite(str(path), deep, photometric="rgb", extratags=tags)
    assert read_picture(path).notes == ("XMP left out: of the file as it was",)


def read_picture_of(path, image):
    image.save(str(path))
    return read_picture(path)
