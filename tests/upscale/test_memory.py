"""Pictures within the memory that is allowed, and refusals of those that are not."""

import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from srcnn_theano.data.images import GIB, Picture, check_writable, read_picture
from srcnn_theano.errors import UserError


@pytest.fixture
def large(tmp_path):
    """A picture of 200 megapixels in a file of some kilobytes."""
    path = tmp_path / "large.png"
    Image.new("1", (20000, 10000)).save(path)
    return path


def test_200_megapixels_of_grey_are_read_within_a_gibibyte(large):
    program = (
        "import sys; from pathlib import Path\n"
        "from srcnn_theano.data.images import read_picture\n"
        "picture = read_picture(sys.argv[1], 1 << 30)\n"
        "print(*picture.pixels.shape)\n"
        # Not ru_maxrss: that begins with what the starting process has.
        "status = Path('/proc/self/status').read_text()\n"
        "print(status.split('VmHWM:')[1].split()[0])\n"
    )
    answer = subprocess.run(
        [sys.executable, "-c", program, large],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    shape, peak = answer.stdout.splitlines()
    assert shape == "10000 20000 1"
    assert int(peak) * 1024 < GIB


def test_what_would_take_more_is_refused_with_the_option(large, tmp_path):
    with pytest.raises(UserError, match="20000x10000 .* 0.6 GiB .* --memory 1, or cut"):
        read_picture(large, GIB // 2)
    Image.new("RGB", (20000, 10000)).save(tmp_path / "colour.png")
    with pytest.raises(UserError, match="1.5 GiB .*1 GiB are allowed.*--memory 2"):
        read_picture(tmp_path / "colour.png", GIB)
    # Other commands know no such option.
    with pytest.raises(UserError, match="large.png: .* at most 178 megapixels"):
        read_picture(large)


def test_formats_that_are_written_at_once_are_checked_before_the_work(tmp_path):
    # A view: 12 megapixels that take no memory here.
    pixels = np.broadcast_to(np.zeros((1, 1, 3), "uint8"), (3000, 4000, 3))
    for name in ("a.png", "a.jpg", "a.ppm", "a.tif"):
        check_writable(tmp_path / name, Picture(pixels), 4, GIB)
    cure = r"--memory \d+, or choose .png, .jpg, .tif or .ppm, which are written piece"
    for name, channels, scale in (("bmp", 3, 4), ("webp", 3, 4), ("gif", 1, 12)):
        picture = Picture(pixels[..., :channels])
        with pytest.raises(UserError, match=f"a.{name}: .*{cure}"):
            check_writable(tmp_path / f"a.{name}", picture, scale, GIB)
    check_writable(tmp_path / "a.bmp", Picture(pixels), 4, 2 * GIB)


@pytest.mark.parametrize("suffix", ["tif", "png", "jpg", "ppm"])
def test_what_is_written_in_bands_is_not_held(tmp_path, suffix):
    program = (
        "import sys; from pathlib import Path; import numpy as np\n"
        "from srcnn_theano.data.images import Picture, write_bands\n"
        "band = np.zeros((200, 6000, 3), 'uint16' if sys.argv[2] else 'uint8')\n"
        "like = Picture(np.broadcast_to(band[:1, :1], (5000, 6000, 3)))\n"
        "status = Path('/proc/self/status')\n"
        "peak = lambda: status.read_text().split('VmHWM:')[1].split()[0]\n"
        "write_bands(sys.argv[3], like, 1, [Picture(band)])\n"
        "before = int(peak())\n"
        "write_bands(sys.argv[1], like, 1, (Picture(band) for _ in range(25)))\n"
        "print(int(peak()) - before)\n"
    )
    deep = "16" if suffix == "tif" else ""
    names = [tmp_path / f"a.{suffix}", deep, tmp_path / f"b.{suffix}"]
    answer = subprocess.run(
        [sys.executable, "-c", program, *names],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    whole = 5000 * 6000 * 3 * (2 if deep else 1)
    assert int(answer.stdout) * 1024 < whole / 3
    with Image.open(tmp_path / f"a.{suffix}") as image:
        assert image.size == (6000, 5000)


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "RGBA", "LA", "1", "CMYK"])
def test_strips_are_read_as_the_whole(tmp_path, mode, monkeypatch):
    values = np.random.RandomState(5).randint(0, 256, (70, 31, 3), dtype=np.uint8)
    path = tmp_path / "a.tif"
    Image.fromarray(values).convert(mode).save(path)
    before = read_picture(path)
    monkeypatch.setattr("srcnn_theano.data.images.reading._STRIP_BYTES", 400)
    after = read_picture(path)
    np.testing.assert_array_equal(before.pixels, after.pixels)
    with Image.open(path) as image:
        expected = np.asarray(
            image.convert("RGB" if before.pixels.shape[2] > 1 else "L")
        )
    np.testing.assert_array_equal(after.pixels.squeeze(), expected)
