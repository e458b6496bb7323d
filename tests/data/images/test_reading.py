import os
import struct
import zlib

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image, PngImagePlugin, features

from srcnn_theano.data.images import (
    Picture,
    read_picture,
    read_pixels,
    read_rgb,
    write_picture,
)
from srcnn_theano.errors import UserError

PROFILE = b"bytes that stand for an ICC profile " * 5


def noise(*shape, dtype=np.uint8, seed=0):
    rng = np.random.RandomState(seed)
    return rng.randint(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


def test_rgb_and_grey(tmp_path):
    rgb, grey = noise(5, 7, 3), noise(5, 7)
    Image.fromarray(rgb).save(str(tmp_path / "rgb.png"))
    Image.fromarray(grey).save(str(tmp_path / "grey.bmp"))
    picture = read_picture(tmp_path / "rgb.png")
    np.testing.assert_array_equal(picture.pixels, rgb)
    assert picture == Picture(picture.pixels)
    np.testing.assert_array_equal(read_pixels(tmp_path / "grey.bmp")[..., 0], grey)
    replicated = read_rgb(tmp_path / "grey.bmp")
    np.testing.assert_array_equal(replicated, np.stack([grey] * 3, axis=2))


@pytest.mark.parametrize("n", [2, 4])
def test_alpha(tmp_path, n):
    array = noise(5, 7, n)
    Image.fromarray(array).save(str(tmp_path / "a.png"))
    picture = read_picture(tmp_path / "a.png")
    np.testing.assert_array_equal(picture.pixels, array[..., : n - 1])
    np.testing.assert_array_equal(picture.alpha, array[..., -1])


def test_one_bit(tmp_path):
    bits = noise(5, 9) > 127
    Image.fromarray(bits).save(str(tmp_path / "bits.png"))
    pixels = read_picture(tmp_path / "bits.png").pixels
    np.testing.assert_array_equal(pixels[..., 0], np.where(bits, 255, 0))


def test_palette(tmp_path):
    image = Image.fromarray(noise(4, 4, 3)).quantize(16)
    image.save(str(tmp_path / "p.png"))
    expected = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(read_picture(tmp_path / "p.png").pixels, expected)
    image.save(str(tmp_path / "t.png"), transparency=int(np.asarray(image)[0, 0]))
    picture = read_picture(tmp_path / "t.png")
    np.testing.assert_array_equal(picture.pixels, expected)
    see_through = np.asarray(image) == np.asarray(image)[0, 0]
    np.testing.assert_array_equal(picture.alpha, np.where(see_through, 0, 255))


def test_grey_palette_stays_grey(tmp_path):
    grey = noise(6, 6)
    Image.fromarray(grey).save(str(tmp_path / "g.gif"))
    pixels = read_picture(tmp_path / "g.gif").pixels
    np.testing.assert_array_equal(pixels, grey[..., np.newaxis])


def test_transparent_colour(tmp_path):
    rgb = noise(4, 4, 3)
    path = str(tmp_path / "t.png")
    Image.fromarray(rgb).save(path, transparency=tuple(int(v) for v in rgb[1, 2]))
    alpha = read_picture(path).alpha
    assert alpha[1, 2] == 0 and (alpha == 255).sum() == 15


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_transparent_grey_of_few_bits(tmp_path, bits):
    """Each value by its turn, in a file made by hand with all of them in a row."""
    levels = np.arange(1 << bits)
    packed = np.packbits(
        (levels[:, None] >> np.arange(bits)[::-1] & 1).astype(np.uint8)
    )
    for value in {0, 1, len(levels) // 2, len(levels) - 1}:
        chunks = [
            (b"IHDR", struct.pack(">IIBBBBB", len(levels), 1, bits, 0, 0, 0, 0)),
            (b"tRNS", struct.pack(">H", value)),
            (b"IDAT", zlib.compress(b"\0" + packed.tobytes())),
            (b"IEND", b""),
        ]
        content = b"\x89PNG\r\n\x1a\n"
        for name, data in chunks:
            check = struct.pack(">I", zlib.crc32(name + data))
            content += struct.pack(">I", len(data)) + name + data + check
        (tmp_path / "t.png").write_bytes(content)
        picture = read_picture(tmp_path / "t.png")
        grey = levels * 255 // (len(levels) - 1)
        np.testing.assert_array_equal(picture.pixels[0, :, 0], grey)
        np.testing.assert_array_equal(picture.alpha[0], 255 * (levels != value))


# The kind, bits, a pixel, and the palette; with 60 for alpha where it has 8 bits.
TARGAS = {
    "colour": (2, 32, b"\1\2\3<", b""),
    "grey": (3, 16, b"\1<", b""),
    "palette": (1, 8, b"\0", b"\1\2\3<"),
    "5-5-5": (2, 16, b"\xff\xff", b""),
}


@pytest.mark.parametrize("kind", TARGAS)
@pytest.mark.parametrize("n_alpha", [0, 8])
def test_alpha_of_a_targa_is_there_where_the_header_has_it(tmp_path, kind, n_alpha):
    form, bits, pixel, palette = TARGAS[kind]
    n_colours = len(palette) // 4
    map_head = struct.pack("<HHB", 0, n_colours, 32 if palette else 0)
    head = struct.pack("<BBB", 0, n_colours, form) + map_head
    head += struct.pack("<HHHHBB", 0, 0, 4, 8, bits, 0x20 | n_alpha)
    (tmp_path / "a.tga").write_bytes(head + palette + 32 * pixel)
    picture = read_picture(tmp_path / "a.tga")
    colour = {"grey": [1], "5-5-5": [255, 255, 255]}.get(kind, [3, 2, 1])
    assert picture.pixels[7, 3].tolist() == colour
    if n_alpha:
        assert picture.alpha[7, 3] == 60 or kind == "5-5-5"
        assert picture.notes == ()
    else:
        assert picture.alpha is None and "alpha left out" in picture.notes[0]


def test_cmyk_becomes_rgb_and_loses_its_profile(tmp_path):
    image = Image.fromarray(noise(16, 16, 3)).convert("CMYK")
    image.save(str(tmp_path / "c.tif"), icc_profile=PROFILE)
    picture = read_picture(tmp_path / "c.tif")
    np.testing.assert_array_equal(picture.pixels, np.asarray(image.convert("RGB")))
    assert picture.icc_profile is None


def test_cmyk_jpeg(tmp_path):
    flat = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    Image.fromarray(flat).convert("CMYK").save(str(tmp_path / "c.jpg"), quality=95)
    np.testing.assert_allclose(read_pixels(tmp_path / "c.jpg"), flat, atol=2)


def test_first_image_of_an_animation(tmp_path):
    frames = [Image.fromarray(noise(5, 5, seed=i)) for i in range(3)]
    path = str(tmp_path / "a.gif")
    frames[0].save(path, save_all=True, append_images=frames[1:])
    pixels = read_picture(path).pixels
    np.testing.assert_array_equal(pixels[..., 0], np.asarray(frames[0]))


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_grey(tmp_path, suffix):
    grey = noise(5, 7, dtype=np.uint16)
    path = tmp_path / ("g" + suffix)
    Image.fromarray(grey).save(str(path))
    pixels = read_picture(path).pixels
    assert pixels.dtype == np.uint16
    np.testing.assert_array_equal(pixels[..., 0], grey)
    rounded = np.round(grey / 257.0).astype(np.uint8)
    np.testing.assert_array_equal(read_pixels(path)[..., 0], rounded)


@pytest.mark.parametrize("n_channels", [1, 3])
def test_transparent_value_of_16_bits(tmp_path, n_channels):
    path = tmp_path / "t.png"
    pixels = noise(4, 5, n_channels, dtype=np.uint16)
    write_picture(path, Picture(pixels))
    chunk = b"tRNS" + pixels[1, 2].astype(">u2").tobytes()
    chunk = (
        struct.pack(">I", 2 * n_channels) + chunk + struct.pack(">I", zlib.crc32(chunk))
    )
    content = path.read_bytes()
    path.write_bytes(content[:33] + chunk + content[33:])  # after the header
    picture = read_picture(path)
    np.testing.assert_array_equal(picture.pixels, pixels)
    assert picture.alpha[1, 2] == 0 and (picture.alpha == 65535).sum() == 19


def tiff_16_bit(array, order):
    """A plain TIFF as the specification lays it out."""
    rows, cols, n = array.shape
    data = array.astype(order + "u2").tobytes()
    n_tags = 9
    bits_at = 8 + 2 + 12 * n_tags + 4
    data_at = bits_at + 2 * n
    tags = [
        (256, 3, 1, cols),
        (257, 3, 1, rows),
        (258, 3, n, bits_at),
        (259, 3, 1, 1),  # not compressed
        (262, 3, 1, 2),  # RGB
        (273, 4, 1, data_at),
        (277, 3, 1, n),
        (278, 3, 1, rows),
        (279, 4, 1, len(data)),
    ]
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    head += struct.pack(order + "H", n_tags)
    for tag, kind, count, value in tags:
        short = kind == 3 and count == 1
        layout = order + ("HHIHxx" if short else "HHII")
        head += struct.pack(layout, tag, kind, count, value)
    return head + bytes(4) + struct.pack(f"{order}{n}H", *[16] * n) + data


@pytest.mark.parametrize("order", ["<", ">"])
def test_16_bit_colour_tiff(tmp_path, order):
    rgb = noise(5, 7, 3, dtype=np.uint16)
    path = tmp_path / "rgb.tif"
    path.write_bytes(tiff_16_bit(rgb, order))
    np.testing.assert_array_equal(read_picture(path).pixels, rgb)


def test_compressed_16_bit_colour_tiff(tmp_path):
    if not features.check("libtiff"):
        pytest.skip("Pillow without libtiff")
    rgb = noise(5, 7, 3, dtype=np.uint16)
    plain = tiff_16_bit(rgb, "<")
    head, packed = plain[: -rgb.nbytes], zlib.compress(plain[-rgb.nbytes :])
    for tag, kind, before, after in [
        (259, 3, 1, 8),  # deflate
        (279, 4, rgb.nbytes, len(packed)),
    ]:
        entry = [struct.pack("<HHII", tag, kind, 1, v) for v in (before, after)]
        assert head.count(entry[0]) == 1
        head = head.replace(*entry)
    path = tmp_path / "deflated.tif"
    path.write_bytes(head + packed)
    with Image.open(str(path)) as image:
        assert image.tile[0][0] == "libtiff"
    np.testing.assert_array_equal(read_picture(path).pixels, rgb)


def test_values_without_a_range_are_refused(tmp_path):
    Image.fromarray(np.full((4, 4), 0.5, np.float32)).save(str(tmp_path / "f.tif"))
    with pytest.raises(UserError, match=r"f\.tif: floating-point pixels"):
        read_picture(tmp_path / "f.tif")
    Image.fromarray(np.full((4, 4), 100000, np.int32)).save(str(tmp_path / "i.tif"))
    with pytest.raises(UserError, match=r"i\.tif: 32 bits per channel"):
        read_picture(tmp_path / "i.tif")


# --- Files that are no images ---


def test_files_that_cannot_be_read(tmp_path):
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("no image at all")
    for name, message in [
        ("gone.png", "gone.png: no such file"),
        ("folder.png", "folder.png: is a folder, not an image"),
        ("empty.png", r"empty.png: the file is empty \(0 bytes\)"),
        ("text.png", "text.png: not an image"),
    ]:
        with pytest.raises(UserError, match=message):
            read_picture(tmp_path / name)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp", ".tif", ".gif", ".webp"])
@pytest.mark.parametrize("kept", [0.9, 0.5, 0.1])
def test_truncated_files(tmp_path, suffix, kept):
    path = tmp_path / ("t" + suffix)
    Image.fromarray(noise(64, 64)).save(str(path))
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(UserError, match="damaged or incomplete|not an image"):
        read_picture(path)


def test_truncated_16_bit_colour(tmp_path):
    path = tmp_path / "t.png"
    write_picture(path, Picture(noise(64, 64, 3, dtype=np.uint16)))
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(UserError, match="damaged or incomplete"):
        read_picture(path)


def test_decompression_bomb(tmp_path):
    path = tmp_path / "bomb.png"
    Image.new("1", (1, 1)).save(str(path))
    content = path.read_bytes()
    header = b"IHDR" + struct.pack(">II", 30000, 30000) + content[24:29]
    content = (
        content[:12] + header + struct.pack(">I", zlib.crc32(header)) + content[33:]
    )
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"bomb\.png: 30000x30000 pixels are too many"):
        read_picture(path)


def test_only_the_formats_that_are_written_are_read(tmp_path, monkeypatch):
    """An EPS is never handed to Ghostscript, nor any file to a decoder not needed."""
    eps = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n"
    (tmp_path / "eps.png").write_bytes(eps)

    def started(*arguments, **options):
        raise AssertionError("Ghostscript was started")

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", started)
    image = Image.fromarray(noise(5, 7, 3))
    image.save(str(tmp_path / "tga.png"), "TGA")
    image.save(str(tmp_path / "pcx.png"), "PCX")
    for name in ("eps", "tga", "pcx"):
        with pytest.raises(UserError, match=rf"{name}\.png: not an image, or of a for"):
            read_picture(tmp_path / f"{name}.png")


@pytest.mark.parametrize("name", ["BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP"])
def test_the_content_tells_the_format(tmp_path, name):
    image = Image.new("RGB", (7, 5), (250, 250, 250))
    image.save(str(tmp_path / "a.eps"), name)
    pixels = read_pixels(tmp_path / "a.eps").astype(int)
    assert pixels.shape[:2] == (5, 7) and np.abs(pixels - 250).max() <= 2


def test_a_full_memory_is_no_damaged_image(tmp_path, monkeypatch):
    path = tmp_path / "a.png"
    Image.new("L", (4, 4)).save(str(path))

    for error in (
        MemoryError(),
        OSError("out of memory error when reading image file"),
    ):

        def load(image, error=error):
            raise error

        monkeypatch.setattr(PngImagePlugin.PngImageFile, "load", load)
        with pytest.raises(
            UserError, match=r"a\.png: too large for the memory that is"
        ):
            read_picture(path)


def test_what_is_no_regular_file_is_not_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    (tmp_path / "loop.png").symlink_to("loop.png")
    (tmp_path / "zero.png").symlink_to("/dev/zero")
    for path, message in [
        (tmp_path / "pipe.png", "pipe.png: is a named pipe, not an image"),
        (tmp_path / "zero.png", "zero.png: is a device, not an image"),
        (tmp_path / "loop.png", "loop.png: cannot be looked at .*symbolic links"),
        (tmp_path / ("n" * 300), "cannot be looked at .File name too long"),
    ]:
        with pytest.raises(UserError, match=message):
            read_picture(path)
