import struct
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image, ImageOps, features

from srcnn_theano.data.images import (
    Picture,
    enlarged,
    fitted,
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
    picture = read_picture(tmp_path / "e.png")
    np.testing.assert_array_equal(picture.pixels, pixels)
    assert picture.exif is None
    assert picture.notes == ("EXIF left out: it cannot be read",)


def directory(*tags):
    """EXIF of tags (number, type, content), each with content as it is given."""
    end = 8 + 2 + 12 * len(tags) + 4
    head, rest = struct.pack("<H", len(tags)), b""
    for number, kind, content in sorted(tags):
        count = len(content) // {2: 1, 3: 2, 4: 4, 5: 8}[kind]
        if len(content) > 4:
            place = struct.pack("<I", end + len(rest))
            rest += content
        else:
            place = content.ljust(4, b"\0")
        head += struct.pack("<HHI", number, kind, count) + place
    return b"Exif\0\0II*\0" + struct.pack("<I", 8) + head + bytes(4) + rest


TURNED = 0x0112, 3, struct.pack("<H", 6)
CAMERA = 0x010F, 2, b"a camera\0"
X, Y = ((tag, 5, struct.pack("<II", 300, 1)) for tag in (282, 283))


@pytest.mark.parametrize(
    "tags, rows, dpi, notes",
    [
        ([TURNED, CAMERA, X, Y], 6, (300, 300), []),
        (
            [TURNED, CAMERA, X, Y, (296, 2, b"unit\0")],
            6,
            None,
            ["resolution left out: it can", "EXIF: ResolutionUnit left out: malformed"],
        ),
        (
            [TURNED, CAMERA, (282, 2, b"wide\0"), Y],
            6,
            None,
            ["resolution left out: it can", "EXIF: XResolution left out: malformed"],
        ),
        (
            [(0x0112, 2, b"up\0"), CAMERA, X, Y],
            4,
            (300, 300),
            ["orientation left out: it cannot be read"],
        ),
        (
            [(0x0112, 3, b"\t\0"), CAMERA, X, Y],
            4,
            (300, 300),
            ["orientation left out: it cannot be read"],
        ),
        ([(0x0112, 3, b"\0\0"), CAMERA, X, Y], 4, (300, 300), []),
    ],
)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp"])
def test_a_malformed_tag_takes_nothing_else_along(
    tmp_path, suffix, tags, rows, dpi, notes
):
    path = tmp_path / ("a" + suffix)
    Image.fromarray(noise(4, 6, 3)).save(str(path), exif=directory(*tags))
    picture = read_picture(path)
    assert picture.pixels.shape[0] == rows
    assert picture.dpi == dpi
    assert len(picture.notes) == len(notes)
    assert all(told.startswith(note) for told, note in zip(picture.notes, notes))
    kept = Image.Exif()
    kept.load(picture.exif)
    assert (kept[0x010F], kept.get(0x0112, 1)) == ("a camera", 1)
    for name in ("b.tif", "b.jpg"):  # what is kept can be written
        write_picture(tmp_path / name, picture)
        with Image.open(str(tmp_path / name)) as image:
            assert image.getexif()[0x010F] == "a camera"


PLACE = struct.pack("<I", 77777)


@pytest.mark.parametrize(
    "exif",
    [
        directory(TURNED, CAMERA, (0x8769, 4, PLACE)),
        directory(TURNED, CAMERA, (0x8825, 4, PLACE)),
        directory(TURNED, CAMERA, (0x0131, 2, b"a program\0"))[:-4],
    ],
)
def test_exif_that_is_cut_off_is_told(tmp_path, exif):
    Image.fromarray(noise(4, 6, 3)).save(str(tmp_path / "a.jpg"), exif=exif)
    picture = read_picture(tmp_path / "a.jpg")
    assert picture.pixels.shape == (6, 4, 3)
    assert picture.notes == ("EXIF in part left out: it cannot be read",)
    tags = Image.Exif()
    tags.load(picture.exif)
    assert tags[0x010F] == "a camera"


@pytest.mark.parametrize("big", [False, True])
def test_a_malformed_tag_of_a_tiff_takes_nothing_else_along(tmp_path, big):
    path, pixels = tmp_path / "a.tif", noise(4, 6, 3, dtype=np.uint16)
    more = [(34675, 7, len(PROFILE), PROFILE, True), (0x0112, 3, 1, 6, True)]
    options = {"metadata": None, "software": False, "description": "a view"}
    with tifffile.TiffWriter(str(path), bigtiff=big) as file:
        options.update(resolution=(300, 150), resolutionunit="inch", extratags=more)
        file.write(pixels, photometric="rgb", **options)
    content, layout = path.read_bytes(), "<HHQ" if big else "<HHI"
    unit = struct.pack(layout, 296, 3, 1) + b"\2\0\0\0"
    assert content.count(unit) == 1
    words = struct.pack(layout, 296, 2, 4) + b"unit"
    for given, dpi, told in [
        (content, (150, 300), ()),
        (
            content.replace(unit, words),
            None,
            ("resolution left out: it cannot be read",),
        ),
    ]:
        path.write_bytes(given)
        picture = read_picture(path)
        np.testing.assert_array_equal(picture.pixels, np.rot90(pixels, -1))
        assert (picture.icc_profile, picture.dpi) == (PROFILE, dpi)
        assert picture.notes == told
        tags = Image.Exif()
        tags.load(picture.exif)
        assert tags[270] == "a view"


KEEPING = [
    (".png", np.uint8, 3, True),
    (".png", np.uint16, 1, True),
    (".png", np.uint16, 3, True),
    (".jpg", np.uint8, 3, False),
    (".tif", np.uint8, 1, True),
    (".tif", np.uint16, 1, False),
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


def test_metadata_of_a_tiff_of_16_bits_in_colour(tmp_path):
    pixels, dpi = noise(8, 9, 3, dtype=np.uint16), (300.0, 150.0)
    picture = Picture(pixels, None, PROFILE, exif_bytes(), dpi)
    told = "EXIF left out: TIFF of 16 bits in colour does not hold it"
    with pytest.warns(UserWarning, match=told):
        write_picture(tmp_path / "m.tif", picture)
    read = read_picture(tmp_path / "m.tif")
    assert (read.icc_profile, read.dpi) == (PROFILE, dpi)
    assert fitted("m.tif", picture).notes == (told,)


# --- Resolution and colour of PNG ---


@pytest.mark.parametrize("exif", [None, exif_bytes(), directory(X, Y)])
def test_webp_has_the_resolution_in_its_exif(tmp_path, exif):
    options = {} if exif is None else {"exif": exif}
    source = Image.fromarray(noise(4, 6, 3))
    source.save(str(tmp_path / "a.jpg"), dpi=(200, 100), **options)
    picture = enlarged(read_picture(tmp_path / "a.jpg"), 2)
    assert fitted("a.webp", picture).notes == ()
    write_picture(tmp_path / "a.webp", picture)
    read = read_picture(tmp_path / "a.webp")
    np.testing.assert_allclose(read.dpi, (400, 200), rtol=1e-3)
    if exif == exif_bytes():
        assert artist_of(read.exif) == "A. N. Artist"


def test_a_resolution_beyond_16_bits_is_told():
    picture = Picture(noise(4, 6, 3), dpi=(20000.0, 300.0))
    assert fitted("a.jpg", picture, 3).notes == ()
    told = ("resolution left out: JPEG does not hold it",)
    assert fitted("a.jpg", picture, 4).notes == told
    assert fitted("a.tif", picture, 4).notes == ()


@pytest.mark.parametrize("kind", ["png", "jpg", "tif"])
def test_a_shape_of_pixels_without_unit(tmp_path, kind):
    path, pixels = tmp_path / ("a." + kind), noise(4, 6, 3)
    Image.fromarray(pixels).save(str(path), dpi=(2, 1))
    content = path.read_bytes()
    if kind == "png":
        at = content.index(b"pHYs")
        chunk = b"pHYs" + struct.pack(">IIB", 2, 1, 0)
        check = struct.pack(">I", zlib.crc32(chunk))
        path.write_bytes(content[:at] + chunk + check + content[at + 17 :])
    elif kind == "jpg":
        at = content.index(b"JFIF") + 7
        path.write_bytes(content[:at] + b"\0" + content[at + 1 :])
    else:
        unit = struct.pack("<HHI", 296, 3, 1)
        assert content.count(unit + b"\2") == 1
        path.write_bytes(content.replace(unit + b"\2", unit + b"\1"))
    picture = read_picture(path)
    assert (picture.dpi, picture.aspect, picture.notes) == (None, 2, ())
    write_picture(tmp_path / "b.png", picture)
    with Image.open(str(tmp_path / "b.png")) as image:
        assert image.info["aspect"] == (2, 1)
    told = ("shape of pixels left out: JPEG does not hold it",)
    assert fitted("b.jpg", picture).notes == told
    Image.fromarray(pixels).save(str(path))
    assert read_picture(path).aspect is None


@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".bmp"])
def test_resolution_scales_with_the_picture(tmp_path, suffix):
    path = tmp_path / ("r" + suffix)
    Image.fromarray(noise(4, 6, 3)).save(str(path), dpi=(300, 150))
    picture = read_picture(path)
    np.testing.assert_allclose(picture.dpi, (300, 150), rtol=1e-3)
    write_picture(tmp_path / ("big" + suffix), enlarged(picture, 2))
    with Image.open(str(tmp_path / ("big" + suffix))) as image:
        dpi = [float(dots) for dots in image.info["dpi"]]
    np.testing.assert_allclose(dpi, (600, 300), rtol=1e-3)


def test_resolution_turns_with_the_picture(tmp_path):
    exif = exif_bytes(6)
    Image.fromarray(noise(4, 6, 3)).save(
        str(tmp_path / "r.jpg"), dpi=(300, 150), exif=exif
    )
    np.testing.assert_allclose(read_picture(tmp_path / "r.jpg").dpi, (150, 300))


def test_a_picture_without_resolution_gets_none(tmp_path):
    for name in ("r.jpg", "r.png", "r.tif", "r.webp"):
        image = Image.fromarray(noise(4, 6, 3))
        image.save(str(tmp_path / name), exif=exif_bytes())
        assert read_picture(tmp_path / name).dpi is None


def test_exif_follows_the_size():
    exif = Image.Exif()
    exif[282], exif[283], exif[296], exif[0x010F] = 72.0, 72.0, 2, "a camera"
    exif[0x8769] = {0xA002: 6, 0xA003: 4, 0x9003: "2020:01:01 00:00:00"}
    picture = Picture(noise(4, 6, 3), exif=exif.tobytes())
    tags = Image.Exif()
    tags.load(enlarged(picture, 3).exif)
    assert (tags[282], tags[283], tags[0x010F]) == (216, 216, "a camera")
    inner = tags.get_ifd(0x8769)
    assert (inner[0xA002], inner[0xA003]) == (18, 12)
    assert inner[0x9003] == "2020:01:01 00:00:00"
    damaged = picture._replace(exif=b"Exif\0\0nonsense")
    assert enlarged(damaged, 3).exif == damaged.exif


CHUNKS = (
    (b"cICP", bytes([9, 16, 0, 1])),
    (b"mDCV", bytes(range(24))),
    (b"cLLI", bytes(range(8))),
    (b"gAMA", (100000).to_bytes(4, "big")),
    (b"cHRM", b"".join((10000 * i).to_bytes(4, "big") for i in range(1, 9))),
)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_how_the_colours_of_a_png_are_meant_stays_with_it(tmp_path, dtype):
    picture = Picture(noise(4, 6, 3, dtype=dtype), colour_chunks=CHUNKS)
    write_picture(tmp_path / "a.png", picture)
    picture = read_picture(tmp_path / "a.png")
    assert picture.colour_chunks == CHUNKS
    with Image.open(str(tmp_path / "a.png")) as image:
        assert image.info["gamma"] == 1 and len(image.info["chromaticity"]) == 8
    assert fitted("b.png", picture).notes == ()
    assert fitted("b.jpg", picture).notes == (
        "what its cICP, mDCV, cLLI, gAMA, cHRM say of colour left out: "
        "JPEG does not hold it",
    )
    srgb = picture._replace(colour_chunks=((b"sRGB", b"\0"), CHUNKS[3]))
    assert fitted("b.jpg", srgb).notes == ()


def test_what_a_format_knows_nothing_of_is_told():
    picture = Picture(noise(4, 6, 3), None, PROFILE, exif_bytes(), (300.0, 300.0))
    assert fitted("a.jpg", picture).notes == ()
    assert fitted("a.bmp", picture).notes == (
        "colour profile, EXIF left out: BMP does not hold them",
    )
    assert fitted("a.ppm", picture).notes == (
        "colour profile, EXIF, resolution left out: PPM does not hold them",
    )


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.webp", "a.tif", "a.avif"])
def test_further_images_are_told(tmp_path, name):
    if name == "a.avif" and not features.check("avif"):
        pytest.skip("this Pillow reads no avif")
    frames = [Image.fromarray(noise(9, 9, 3, seed=i)) for i in range(3)]
    path = str(tmp_path / name)
    frames[0].save(path, save_all=True, append_images=frames[1:])
    assert read_picture(path).notes == ("the first of 3 images is taken",)
    frames[0].save(path)
    assert read_picture(path).notes == ()


# --- Depth ---


@pytest.mark.parametrize("n_bits", [8, 10, 12])
@pytest.mark.parametrize("kind", ["avif", "jp2"])
def test_a_lost_depth_is_told(tmp_path, kind, n_bits):
    codecs = pytest.importorskip("imagecodecs")
    if not features.check({"avif": "avif", "jp2": "jpg_2000"}[kind]):
        pytest.skip(f"this Pillow reads no {kind}")
    codec = {"avif": codecs.AVIF, "jp2": codecs.JPEG2K}[kind]
    if not codec.available:
        pytest.skip(f"this imagecodecs writes no {kind}")
    values = noise(32, 40, 3, dtype=np.uint16) % (1 << n_bits)
    if n_bits == 8:
        values = values.astype(np.uint8)
    encode = {"avif": codecs.avif_encode, "jp2": codecs.jpeg2k_encode}[kind]
    path = tmp_path / f"deep.{kind}"
    path.write_bytes(encode(values, bitspersample=n_bits))
    told = () if n_bits == 8 else (f"{n_bits} bits per channel became 8",)
    assert read_picture(path).notes == told


def test_a_jpeg_2000_of_16_bit_grey_loses_nothing(tmp_path):
    if not features.check("jpg_2000"):
        pytest.skip("this Pillow reads no jp2")
    grey = noise(32, 40, dtype=np.uint16)
    Image.fromarray(grey).save(str(tmp_path / "grey.jp2"), irreversible=False)
    picture = read_picture(tmp_path / "grey.jp2")
    np.testing.assert_array_equal(picture.pixels[..., 0], grey)
    assert picture.notes == ()
