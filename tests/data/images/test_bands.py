"""Pictures written band by band, against Pillow's reading of them."""

import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from srcnn_theano.data.images import Picture, read_picture, write_bands, write_picture


def noisy(rows, cols, channels, dtype="uint8"):
    """A smooth picture with some noise, and flat below."""
    rng = np.random.RandomState(rows + cols)
    peak = np.iinfo(dtype).max
    ramp = np.linspace(0, 0.8, rows * cols).reshape(rows, cols, 1)
    values = ramp + 0.2 * rng.uniform(size=(rows, cols, channels))
    values[2 * rows // 3 :] = 0.25
    return (peak * values).astype(dtype)


def in_bands(values, step):
    return [Picture(values[i : i + step]) for i in range(0, len(values), step)]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("step", [1, 30, 1000])
def test_png_in_bands_reads_as_the_picture(tmp_path, channels, dtype, step):
    values = noisy(130, 47, channels, dtype)
    path = tmp_path / "a.png"
    write_bands(path, Picture(values), 1, in_bands(values, step))
    assert np.array_equal(read_picture(path).pixels, values)
    with Image.open(path) as image:
        image.verify()  # the checksums of chunks


def test_png_of_many_bands_keeps_its_order_and_its_checksum(tmp_path):
    # Several megabytes: they are compressed by several threads at the same time.
    values = noisy(1500, 1100, 3)
    path = tmp_path / "a.png"
    write_bands(path, Picture(values), 1, in_bands(values, 64))
    assert np.array_equal(read_picture(path).pixels, values)


def test_png_is_no_larger_than_by_the_usual_search_where_all_is_flat(tmp_path):
    values = np.zeros((800, 800, 3), "uint8")
    values[::2, ::7] = 200
    write_picture(tmp_path / "a.png", Picture(values))
    usual = io.BytesIO()
    Image.fromarray(values).save(usual, "PNG")
    assert (tmp_path / "a.png").stat().st_size < 1.5 * len(usual.getvalue())


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("shape", [(64, 50), (63, 9), (129, 7), (700, 130), (1, 1)])
def test_jpeg_in_bands_is_the_jpeg_of_the_whole(tmp_path, channels, shape):
    values = noisy(*shape, channels)
    path = tmp_path / "a.jpg"
    write_bands(path, Picture(values), 1, in_bands(values, 50))
    whole = io.BytesIO()
    image = Image.fromarray(values[..., 0] if channels == 1 else values)
    image.save(whole, "JPEG", quality=95, subsampling=0)
    with Image.open(whole) as expected, Image.open(path) as written:
        assert np.array_equal(np.asarray(written), np.asarray(expected))


def test_wide_jpeg_of_many_bands_is_the_jpeg_of_the_whole(tmp_path):
    values = noisy(900, 9000, 3)
    path = tmp_path / "a.jpg"
    write_bands(path, Picture(values), 1, in_bands(values, 384))
    whole = io.BytesIO()
    Image.fromarray(values).save(whole, "JPEG", quality=95, subsampling=0)
    with Image.open(whole) as expected, Image.open(path) as written:
        assert np.array_equal(np.asarray(written), np.asarray(expected))


@pytest.mark.parametrize("suffix", [".ppm", ".bmp", ".tif", ".webp"])
def test_other_formats_in_bands(tmp_path, suffix):
    values = noisy(70, 33, 3)
    path = tmp_path / ("a" + suffix)
    write_bands(path, Picture(values), 1, in_bands(values, 32))
    assert np.array_equal(read_picture(path).pixels, values)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_tiff_in_bands_is_the_tiff_of_the_whole(tmp_path, channels, dtype):
    """As another reader sees it, with what describes the picture."""
    values = noisy(150, 47, channels, dtype)
    exif = Image.Exif()
    exif[0x013B] = "A. N. Artist"
    exif[0x8769] = {0x829A: 1 / 60}
    colours = values if channels % 2 else values[..., :-1]
    alpha = None if channels % 2 else values[..., -1]
    deep = dtype == "uint16" and channels > 1
    like = Picture(colours, alpha, b"a profile" * 9, exif.tobytes(), (72.0, 90.0))
    if deep:
        like = like._replace(exif=None)
    bands = [
        Picture(colours[i : i + 40], None if alpha is None else alpha[i : i + 40])
        for i in range(0, 150, 40)
    ]
    path = tmp_path / "a.tif"
    write_bands(path, like, 1, bands)
    with tifffile.TiffFile(path) as file:
        (page,) = file.pages
        assert page.rowsperstrip == 150 and page.compression == 1
        np.testing.assert_array_equal(page.asarray().reshape(values.shape), values)
        assert [int(x) for x in page.extrasamples] == ([] if channels % 2 else [2])
    written = read_picture(path)
    np.testing.assert_array_equal(written.pixels, colours)
    assert (written.icc_profile, written.dpi) == (b"a profile" * 9, (72, 90))
    if not deep:  # Pillow reads it, too
        with Image.open(path) as image:
            assert image.size == (47, 150)
            assert image.getexif()[0x013B] == "A. N. Artist"
            assert image.getexif().get_ifd(0x8769)[0x829A] == pytest.approx(1 / 60)


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_a_lower_quality_makes_a_smaller_file(tmp_path, suffix):
    picture = Picture(noisy(90, 90, 3))
    sizes = []
    for quality in (None, 80, 30):
        path = tmp_path / f"{quality}{suffix}"
        write_picture(path, picture, quality)
        sizes.append(path.stat().st_size)
    assert sizes[0] > sizes[1] > sizes[2]


def test_no_file_is_left_where_a_band_cannot_be_computed(tmp_path):
    def bands():
        yield Picture(noisy(64, 64, 3))
        raise MemoryError

    with pytest.raises(MemoryError):
        write_bands(tmp_path / "a.png", Picture(noisy(128, 64, 3)), 1, bands())
    assert list(tmp_path.iterdir()) == []
