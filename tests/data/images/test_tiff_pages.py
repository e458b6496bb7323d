"""Which page of a TIFF is taken, and that all is told of this one."""

import numpy as np
import pytest
import tifffile
from PIL import Image

from srcnn_theano.data.images import n_pixels, read_picture, write_picture
from srcnn_theano.data.images.tiff_pages import is_big, is_tiff, stream_at
from srcnn_theano.errors import UserError

ROWS, COLS = np.mgrid[:40, :60]
PICTURE = np.dstack([4 * ROWS, 4 * COLS, ROWS + COLS]).astype(np.uint8)
PREVIEW = np.full((10, 15, 3), 7, np.uint8)
PROFILE = b"bytes that stand for an ICC profile " * 5
# The second is one that Pillow reads here, by libtiff.
WAYS = {"tifffile": {}, "Pillow": {"compression": "jpeg"}}


def write(path, pages, bigtiff=False):
    """A TIFF of (array, options)."""
    with tifffile.TiffWriter(str(path), bigtiff=bigtiff) as file:
        for array, options in pages:
            options = {"photometric": "rgb", "metadata": None, **options}
            file.write(array, **options)
    return path


def is_picture(pixels, way):
    assert pixels.shape == PICTURE.shape
    difference = np.abs(pixels.astype(int) - PICTURE).max()
    return difference <= (0 if way == "tifffile" else 12)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("place", ["next", "SubIFD", "after a mask"])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_a_preview_is_passed_over(tmp_path, way, place, bigtiff):
    preview = (PREVIEW, {"subfiletype": 1, "resolution": (10, 10)})
    picture = (PICTURE, {"resolution": (300, 200), "resolutionunit": 2, **WAYS[way]})
    picture[1]["extratags"] = [(34675, 7, len(PROFILE), PROFILE, True)]
    pages = [preview, picture]
    if place == "SubIFD":
        preview[1]["subifds"] = 1
    if place == "after a mask":
        mask = np.zeros((40, 60), bool)
        pages.insert(1, (mask, {"subfiletype": 4, "photometric": "mask"}))
    path = write(tmp_path / "a.tif", pages, bigtiff)
    read = read_picture(path)
    assert is_picture(read.pixels, way)
    assert (read.dpi, read.icc_profile, read.notes) == ((300, 200), PROFILE, ())
    assert n_pixels(path) == 40 * 60


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("bigtiff", [False, True])
def test_the_orientation_is_that_of_the_page(tmp_path, way, bigtiff):
    turned = np.ascontiguousarray(np.rot90(PICTURE))  # to be turned to the right
    tags = {"extratags": [(274, "H", 1, 6, True)], "resolution": (200, 300)}
    pages = [
        (PREVIEW, {"subfiletype": 1, "extratags": [(274, "H", 1, 3, True)]}),
        (turned, {**tags, "resolutionunit": 2, **WAYS[way]}),
    ]
    read = read_picture(write(tmp_path / "a.tif", pages, bigtiff))
    assert is_picture(read.pixels, way)
    assert read.dpi == (300, 200)


@pytest.mark.parametrize("way", WAYS)
def test_previews_and_masks_do_not_count_as_images(tmp_path, way):
    small = (PREVIEW, {"subfiletype": 1})
    picture = (PICTURE, WAYS[way])
    path = write(tmp_path / "a.tif", [picture, small])
    assert read_picture(path).notes == ()
    path = write(tmp_path / "b.tif", [small, picture, picture, small])
    assert read_picture(path).notes == ("the first of 2 images is taken",)


@pytest.mark.parametrize("kind", ["shape", "ImageJ", "gone"])
def test_images_behind_one_directory_are_told(tmp_path, kind):
    """As tifffile and ImageJ write them; "gone" is the first of them by itself."""
    stack = np.arange(5 * 8 * 6, dtype=np.uint8).reshape(5, 8, 6)
    words = "ImageJ=1.53t\nimages=5\nslices=5\n"
    with tifffile.TiffWriter(str(tmp_path / "a.tif")) as file:
        if kind == "shape":
            file.write(stack, photometric="minisblack", truncate=True)
        else:
            file.write(stack[0], description=words, metadata=None)
    if kind == "ImageJ":  # the first lies at the end of the file
        with (tmp_path / "a.tif").open("ab") as stream:
            stream.write(stack[1:].tobytes())
    picture = read_picture(tmp_path / "a.tif")
    np.testing.assert_array_equal(picture.pixels[..., 0], stack[0])
    told = ["the first of 5 images is taken"] * (kind != "gone")
    if kind != "shape":  # that one says nothing else
        told.append("description left out: of the file as it was")
    assert list(picture.notes) == told
    write_picture(tmp_path / "b.tif", picture)
    with tifffile.TiffFile(tmp_path / "b.tif") as file:
        assert file.pages[0].description == "" and file.asarray().shape == (8, 6)


def test_the_first_page_is_taken_where_all_are_previews(tmp_path):
    path = write(tmp_path / "a.tif", [(PREVIEW, {"subfiletype": 1})] * 2)
    np.testing.assert_array_equal(read_picture(path).pixels, PREVIEW)


def test_smaller_copies_in_sub_ifds_are_passed_over(tmp_path):
    pages = [(PICTURE, {"subifds": 1}), (PREVIEW, {"subfiletype": 1})]
    path = write(tmp_path / "a.tif", pages)
    np.testing.assert_array_equal(read_picture(path).pixels, PICTURE)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("colours", ["cfa", "linear_raw"])
def test_what_a_sensor_saw_is_refused_not_its_preview_enlarged(tmp_path, bits, colours):
    raw = PICTURE[..., 0] if colours == "cfa" else PICTURE
    options = {"photometric": colours, "subfiletype": 0}
    if colours == "linear_raw":
        options["planarconfig"] = "contig"
    else:
        options["extratags"] = [
            (33421, "H", 2, (2, 2), True),
            (33422, "B", 4, b"\0\1\1\2", True),
        ]
    preview = (PREVIEW, {"subfiletype": 1, "subifds": 1})
    pages = [preview, (raw.astype(f"uint{bits}"), options)]
    with pytest.raises(UserError, match=r"a\.dng: holds what the sensor of a camera"):
        read_picture(write(tmp_path / "a.dng", pages))


@pytest.mark.parametrize("bigtiff", [False, True])
def test_a_file_from_another_of_its_directories(tmp_path, bigtiff):
    path = write(tmp_path / "a.tif", [(PREVIEW, {}), (PICTURE, {})], bigtiff)
    with tifffile.TiffFile(path) as file:
        second = file.pages[1].offset
    content = path.read_bytes()
    with stream_at(path, second) as stream:
        assert is_tiff(stream) and is_big(stream) == bigtiff
        with Image.open(stream) as image:
            np.testing.assert_array_equal(np.asarray(image), PICTURE)
        stream.seek(0)
        changed = stream.read()
        stream.seek(3)
        assert stream.read(9) == changed[3:12]
    at = 8 if bigtiff else 4
    assert changed[:at] + content[at : at + 4] + changed[at + 4 :] == content
    with stream_at(path, None) as stream:
        assert stream.read() == content


@pytest.mark.parametrize("options", [{}, {"extrasamples": ["unassalpha"]}])
def test_pixels_are_counted_where_pillow_identifies_nothing(tmp_path, options):
    grey = np.zeros((40, 60, 2), np.uint16)
    options = {"photometric": "minisblack", "planarconfig": "contig", **options}
    assert n_pixels(write(tmp_path / "a.tif", [(grey, options)])) == 2400
    (tmp_path / "b.tif").write_bytes(b"II*\0\x08\0\0\0")
    (tmp_path / "c.png").write_text("no image at all")
    for name in ("b.tif", "c.png", "gone.png"):
        assert n_pixels(tmp_path / name) is None
