"""TIFF files of every layout, against what was written and against libtiff."""

import struct
import sys
import time
import zlib

import numpy as np
import pytest
import tifffile
from PIL import Image

from srcnn_theano.data.images import read_picture, tiff
from srcnn_theano.data.images.metadata import turn
from srcnn_theano.errors import UserError

ROWS, COLS = 37, 50


def noise(*shape, dtype=np.uint8, seed=0):
    rng = np.random.RandomState(seed)
    return rng.randint(0, np.iinfo(dtype).max + 1, shape).astype(dtype)


def save(path, array, photometric="minisblack", **options):
    options = {"metadata": None, "planarconfig": "contig", **options}
    if array.ndim == 2:
        del options["planarconfig"]
    tifffile.imwrite(str(path), array, photometric=photometric, **options)
    return path


LAYOUTS = {
    "strips": {"rowsperstrip": 5},
    "lzw": {"compression": "lzw"},
    "deflate": {"compression": "deflate", "predictor": 2},
    "packbits": {"compression": "packbits"},
    "tiles": {"tile": (16, 32)},
    "tiles-lzw": {"tile": (16, 16), "compression": "lzw"},
    "bigtiff": {"bigtiff": True},
    "big-endian": {"byteorder": ">"},
    "bigtiff-tiles": {"bigtiff": True, "tile": (16, 16), "byteorder": ">"},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("kind", ["grey", "rgb", "planes", "rgba", "white"])
def test_layouts(tmp_path, layout, dtype, kind):
    options = dict(LAYOUTS[layout])
    big, order = options.pop("bigtiff", False), options.pop("byteorder", "<")
    array = noise(ROWS, COLS, {"rgba": 4}.get(kind, 3), dtype=dtype)
    pixels, alpha = array[..., :3], None
    if kind in ("grey", "white"):
        array = array[..., 0]
        pixels = array[..., None]
    if kind == "white":
        array = np.iinfo(dtype).max - array
    if kind == "rgba":
        alpha, options["extrasamples"] = array[..., 3], ["unassalpha"]
    if kind == "planes":
        array, options["planarconfig"] = np.moveaxis(array, 2, 0).copy(), "separate"
    colours = {"grey": "minisblack", "white": "miniswhite"}.get(kind, "rgb")
    with tifffile.TiffWriter(
        str(tmp_path / "a.tif"), bigtiff=big, byteorder=order
    ) as file:
        if "predictor" in options and kind == "planes":
            del options["predictor"]
        options = {"metadata": None, "photometric": colours, **options}
        file.write(array, **options)
    picture = read_picture(tmp_path / "a.tif")
    np.testing.assert_array_equal(picture.pixels, pixels)
    if alpha is None:
        assert picture.alpha is None
    else:
        np.testing.assert_array_equal(picture.alpha, alpha)
    assert picture.notes == ()
    # Pillow takes no BigTIFF of the other byte order.
    if dtype == np.uint8 and kind != "planes" and not (big and order == ">"):
        with Image.open(str(tmp_path / "a.tif")) as image:  # libtiff, and Pillow's own
            second = np.array(
                image.convert(
                    {4: "RGBA", 3: "RGB"}.get(array.ndim == 3 and array.shape[2], "L")
                )
            ).reshape(ROWS, COLS, -1)
        np.testing.assert_array_equal(second[..., : pixels.shape[2]], pixels)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("compression", [None, "lzw", "jpeg"])
@pytest.mark.parametrize("colours", ["rgb", "minisblack"])
def test_orientations(tmp_path, orientation, compression, colours):
    """Pillow alone garbles 5 to 8 where nothing is compressed."""
    ramp = np.add.outer(np.arange(20) * 3, np.arange(30) * 5).astype(np.uint8)
    array = np.dstack([ramp, 255 - ramp, ramp // 2]) if colours == "rgb" else ramp
    tags = [(274, "H", 1, orientation, True)]
    options = {"compressionargs": {"level": 95}} if compression == "jpeg" else {}
    path = save(
        tmp_path / "a.tif",
        array,
        colours,
        compression=compression,
        extratags=tags,
        **options,
    )
    pixels = read_picture(path).pixels.astype(int)
    expected = turn(array.reshape(20, 30, -1), orientation)
    assert pixels.shape == expected.shape
    assert np.abs(pixels - expected).max() <= (8 if compression == "jpeg" else 0)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_associated_alpha_is_taken_out_of_the_colours(tmp_path, dtype):
    peak = np.iinfo(dtype).max
    alpha = noise(ROWS, COLS, dtype=dtype)
    colours = noise(ROWS, COLS, 3, dtype=dtype, seed=1)
    opacity = alpha[..., None] / peak
    array = np.dstack([np.rint(colours * opacity).astype(dtype), alpha])
    path = save(tmp_path / "a.tif", array, "rgb", extrasamples=["assocalpha"])
    picture = read_picture(path)
    np.testing.assert_array_equal(picture.alpha, alpha)
    error = np.abs(picture.pixels.astype(float) - colours) * opacity
    assert error.max() <= 1


@pytest.mark.parametrize(
    "extras, n_left_out, alpha_at",
    [
        (["unspecified"], 1, None),
        (["unspecified", "unassalpha"], 1, 4),
        (["unassalpha", "unspecified", "unspecified"], 2, 3),
    ],
)
def test_channels_of_no_known_meaning(tmp_path, extras, n_left_out, alpha_at):
    array = noise(ROWS, COLS, 3 + len(extras), dtype=np.uint16)
    path = save(tmp_path / "a.tif", array, "rgb", extrasamples=extras)
    picture = read_picture(path)
    np.testing.assert_array_equal(picture.pixels, array[..., :3])
    assert picture.notes[0].startswith(f"{n_left_out} channel")
    if alpha_at is None:
        assert picture.alpha is None
    else:
        np.testing.assert_array_equal(picture.alpha, array[..., alpha_at])


def by_hand(path, data, tags, order="<"):
    """A TIFF of one strip as the specification lays it out; tags are SHORTs."""
    tags = {257: ROWS, 259: 1, 278: ROWS, **tags}
    head = (b"II" if order == "<" else b"MM") + struct.pack(order + "HI", 42, 8)
    start = 8 + 2 + 12 * (len(tags) + 2) + 4
    ifd = struct.pack(order + "H", len(tags) + 2)
    for tag, value in sorted([*tags.items(), (273, start), (279, len(data))]):
        if tag in (273, 279):
            ifd += struct.pack(order + "HHII", tag, 4, 1, value)
        else:
            ifd += struct.pack(order + "HHIHxx", tag, 3, 1, value)
    path.write_bytes(head + ifd + bytes(4) + data)
    return path


@pytest.mark.parametrize("bits", [2, 4, 10, 12, 14])
@pytest.mark.parametrize("white_is_0", [False, True])
def test_odd_numbers_of_bits(tmp_path, bits, white_is_0):
    levels = noise(ROWS, 48, dtype=np.uint16) >> (16 - bits)
    stored = (1 << bits) - 1 - levels if white_is_0 else levels
    planes = stored[..., None] >> np.arange(bits)[::-1] & 1
    data = np.packbits(planes.reshape(ROWS, -1).astype(np.uint8), axis=1).tobytes()
    tags = {256: 48, 258: bits, 262: 0 if white_is_0 else 1, 277: 1}
    pixels = read_picture(by_hand(tmp_path / "a.tif", data, tags)).pixels[..., 0]
    peak = 255 if bits < 8 else 65535
    assert pixels.dtype == (np.uint8 if bits < 8 else np.uint16)
    np.testing.assert_allclose(pixels, levels * (peak / ((1 << bits) - 1)), atol=0.51)


def test_bits_and_palettes_of_pillow(tmp_path):
    image = Image.fromarray(noise(ROWS, COLS, 3))
    for i, one in enumerate([image.convert("1"), image.quantize(16)]):
        for compression in (None, "tiff_lzw", "tiff_adobe_deflate"):
            one.save(str(tmp_path / "a.tif"), compression=compression)
            expected = np.array(one.convert("L" if i == 0 else "RGB"))
            pixels = read_picture(tmp_path / "a.tif").pixels
            np.testing.assert_array_equal(pixels, expected.reshape(pixels.shape))


@pytest.mark.parametrize("factor", [257, 1])
def test_a_palette_of_16_or_of_8_bits(tmp_path, factor):
    palette, indices = noise(3, 256), noise(9, 7, seed=1)
    tifffile.imwrite(
        tmp_path / "p.tif",
        indices,
        photometric="palette",
        colormap=palette.astype(np.uint16) * factor,
    )
    pixels = read_picture(tmp_path / "p.tif").pixels
    np.testing.assert_array_equal(pixels, palette.T[indices])


def test_large_integers_by_their_values(tmp_path):
    small = noise(ROWS, COLS, dtype=np.uint16)
    for dtype in (np.int32, np.uint32):
        save(tmp_path / "a.tif", small.astype(dtype))
        np.testing.assert_array_equal(
            read_picture(tmp_path / "a.tif").pixels[..., 0], small
        )


@pytest.mark.parametrize(
    "array, options, message",
    [
        (noise(9, 9).astype(np.int8), {}, "signed pixels have no known range"),
        (noise(9, 9).astype(np.int16), {}, "signed pixels have no known range"),
        (noise(9, 9).astype(np.float32), {}, "floating-point pixels have no known"),
        (noise(9, 9).astype(np.float64), {}, "floating-point pixels have no known"),
        (noise(9, 9).astype(np.uint32) * 99999, {}, "32 bits per channel"),
        (noise(9, 9, 17), {}, "17 samples for each pixel"),
        (noise(9, 9).astype(np.uint64), {}, "64 bits per channel"),
    ],
)
def test_refused_by_name(tmp_path, array, options, message):
    if array.ndim == 3:
        options = {"extrasamples": [0] * (array.shape[2] - 1), **options}
    with pytest.raises(UserError, match=r"a\.tif: " + message):
        read_picture(save(tmp_path / "a.tif", array, **options))


def test_without_imagecodecs_what_is_compressed_is_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    array = noise(3, ROWS, COLS)
    path = save(
        tmp_path / "a.tif", array, "rgb", planarconfig="separate", compression="lzw"
    )
    with pytest.raises(UserError, match=r"needs the package imagecodecs.*\[tiff\]"):
        read_picture(path)
    # Pillow's libtiff reads the usual ones.
    grey = noise(ROWS, COLS)
    save(tmp_path / "b.tif", grey, compression="lzw")
    np.testing.assert_array_equal(read_picture(tmp_path / "b.tif").pixels[..., 0], grey)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("compression", ["zstd", "lzma", "webp"])
def test_newer_compressions(tmp_path, compression, dtype, capfd):
    options = {"compression": compression}
    if compression == "webp":
        dtype, options["compressionargs"] = np.uint8, {"lossless": True}
    array = noise(ROWS, COLS, 3, dtype=dtype)
    path = save(tmp_path / "a.tif", array, "rgb", **options)
    np.testing.assert_array_equal(read_picture(path).pixels, array)
    assert capfd.readouterr().err == ""


def test_without_imagecodecs_webp_is_refused_by_name(tmp_path, monkeypatch, capfd):
    array = noise(ROWS, COLS, 3)
    path = save(tmp_path / "a.tif", array, "rgb", compression="webp")
    monkeypatch.setattr(tiff, "_has_imagecodecs", lambda: False)
    with pytest.raises(
        UserError, match=r"WEBP, 8 bits\) needs the package imagecodecs"
    ):
        read_picture(path)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_compression_that_nothing_here_reads_is_named(tmp_path, dtype):
    array = noise(64, 64, 3, dtype=dtype)
    path = save(tmp_path / "a.tif", array, "rgb", compression="jpeg2000")
    with pytest.raises(UserError, match="compressed by JPEG2000 .* save it with LZW"):
        read_picture(path)


def test_odd_numbers_of_bits_without_imagecodecs(tmp_path, monkeypatch):
    monkeypatch.setattr(tiff, "_has_imagecodecs", lambda: False)
    for bits in (4, 12):
        data = np.random.RandomState(0).bytes(ROWS * 48 * bits // 8)
        tags = {256: 48, 258: bits, 262: 1, 277: 1}
        path = by_hand(tmp_path / f"{bits}.tif", data, tags)
        if bits == 4:  # Pillow
            high = np.frombuffer(data, np.uint8).reshape(ROWS, 24) >> 4
            pixels = read_picture(path).pixels[:, ::2, 0]
            np.testing.assert_array_equal(pixels, 17 * high)
        else:
            with pytest.raises(UserError, match="12 bits.*needs the package imagecode"):
                read_picture(path)


def test_alpha_beside_white_as_0_is_alpha(tmp_path):
    array = noise(ROWS, COLS, 2)
    path = save(tmp_path / "a.tif", array, "miniswhite", extrasamples=["unassalpha"])
    picture = read_picture(path)
    np.testing.assert_array_equal(picture.pixels[..., 0], 255 - array[..., 0])
    np.testing.assert_array_equal(picture.alpha, array[..., 1])


@pytest.mark.parametrize("layout", ["raw", "raw-big-endian", "deflate", "tiles"])
@pytest.mark.parametrize("in_planes", [False, True])
def test_blocks_of_rows_are_read_as_the_whole(tmp_path, layout, in_planes, monkeypatch):
    monkeypatch.setattr(tiff, "_BLOCK_SAMPLES", 3 * COLS)
    array = noise(ROWS, COLS, 4, dtype=np.uint16)
    options = {"extrasamples": ["unassalpha"], "rowsperstrip": 11}
    if layout == "deflate":
        options["compression"] = "zlib"
    if layout == "tiles":
        options["tile"] = (16, 16)
    if layout == "raw-big-endian":
        options["byteorder"] = ">"
    values = array
    if in_planes:
        options["planarconfig"], values = "separate", np.moveaxis(array, 2, 0).copy()
    picture = read_picture(save(tmp_path / "a.tif", values, "rgb", **options))
    np.testing.assert_array_equal(picture.pixels, array[..., :3])
    np.testing.assert_array_equal(picture.alpha, array[..., 3])


@pytest.mark.parametrize("way", ["tifffile", "Pillow"])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_what_a_big_or_a_turned_tiff_says_of_itself(tmp_path, way, bigtiff):
    compression = {"tifffile": None, "Pillow": "jpeg"}[way]
    with tifffile.TiffWriter(str(tmp_path / "a.tif"), bigtiff=bigtiff) as file:
        file.write(
            noise(ROWS, COLS, 3),
            photometric="rgb",
            compression=compression,
            metadata=None,
            resolution=(200, 100),
            resolutionunit="inch",
            extratags=[
                (274, "H", 1, 6, True),
                (315, "s", 0, "An Artist", True),
                (34675, 7, 81, b"a profile" * 9, True),
            ],
        )
    picture = read_picture(tmp_path / "a.tif")
    assert picture.pixels.shape == (COLS, ROWS, 3)
    assert (picture.dpi, picture.icc_profile) == ((100, 200), b"a profile" * 9)
    exif = Image.Exif()
    exif.load(picture.exif)
    assert exif[315] == "An Artist"


# --- Hostile files ---


def test_a_tile_far_larger_than_the_picture(tmp_path):
    tags = {256: 48, 258: 8, 259: 8, 262: 1, 277: 1, 322: 65520, 323: 65520}
    path = by_hand(tmp_path / "a.tif", zlib.compress(bytes(99)), tags)
    content = path.read_bytes()
    for strip, tile in ((273, 324), (279, 325)):  # offsets, lengths
        content = content.replace(
            struct.pack("<HH", strip, 4), struct.pack("<HH", tile, 4)
        )
    path.write_bytes(content)
    with pytest.raises(UserError, match="65520x65520 pixels are too many"):
        read_picture(path)


@pytest.mark.parametrize("rows, cols", [(60000, 60000), (65535, 1), (0, 9)])
def test_sizes_that_the_file_cannot_have(tmp_path, rows, cols):
    tags = {256: cols, 257: rows, 258: 8, 262: 1, 277: 1}
    path = by_hand(tmp_path / "a.tif", bytes(99), tags)
    with pytest.raises(UserError, match="too many|damaged|are no picture"):
        read_picture(path)


def test_a_strip_that_unpacks_to_more_than_it_may(tmp_path, monkeypatch):
    bomb = zlib.compress(bytes(1 << 28), 9)
    tags = {256: 48, 258: 8, 259: 8, 262: 1, 277: 1}
    path, start = by_hand(tmp_path / "a.tif", bomb, tags), time.perf_counter()
    try:
        read_picture(path)
    except UserError as error:
        assert "damaged" in str(error)
    assert time.perf_counter() - start < 5


def test_pages_in_a_circle(tmp_path):
    tags = {256: 48, 258: 8, 262: 1, 277: 1}
    path = by_hand(tmp_path / "a.tif", bytes(48 * ROWS), tags)
    content = bytearray(path.read_bytes())
    (n_tags,) = struct.unpack_from("<H", content, 8)
    struct.pack_into("<I", content, 10 + 12 * n_tags, 8)
    path.write_bytes(bytes(content))
    assert read_picture(path).pixels.shape == (ROWS, 48, 1)


def test_a_file_names_no_other_files(tmp_path):
    """OME-TIFF may say that its pixels lie elsewhere."""
    secret = save(tmp_path / "secret.tif", np.full((9, 9), 77, np.uint8))
    ome = (
        '<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID='
        '"Image:0"><Pixels ID="Pixels:0" DimensionOrder="XYCZT" Type="uint8" SizeX="9" '
        'SizeY="9" SizeC="1" SizeZ="1" SizeT="1"><TiffData><UUID FileName='
        f'"{secret.name}">urn:uuid:0</UUID></TiffData></Pixels></Image></OME>'
    )
    path = save(tmp_path / "a.ome.tif", np.zeros((9, 9), np.uint8), description=ome)
    assert read_picture(path).pixels.max() == 0
