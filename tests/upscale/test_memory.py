"""Pictures within the memory that is allowed, and refusals of those that are not."""

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from srcnn_theano.data.images import GIB, Picture, check_writable, png, read_picture
from srcnn_theano.errors import UserError
from srcnn_theano.inference import Upscaler
from srcnn_theano.upscale import upscale
from srcnn_theano.upscale.plan import Job


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


WIDE = """
import sys; from pathlib import Path; import numpy as np
from srcnn_theano.data.images import png, tiles, Picture, write_bands
from srcnn_theano.inference import Upscaler
tiles._BAND_BYTES = 8 << 20
png.usable_cores = lambda: 2
class Repeat:
    channels, factor, halo, upscales = 3, 4, 4, True
    def __call__(self, x):
        x = x[:, :, 4:-4, 4:-4]
        return x.repeat(4, axis=2).repeat(4, axis=3)
status = Path('/proc/self/status')
peak = lambda: int(status.read_text().split('VmHWM:')[1].split()[0])
upscaler = Upscaler(Repeat(), 4)
for cols in (20, 8000):
    pixels = np.zeros((200, cols, 3), 'uint8')
    like = Picture(pixels, pixels[..., 0] + 9 if sys.argv[2] else None)
    before = peak()
    write_bands(sys.argv[1], like, 4, upscaler.bands(like))
print(1024 * (peak() - before), upscaler.band_bytes(like))
"""


@pytest.mark.parametrize("suffix, alpha", [("png", ""), ("ppm", ""), ("tif", "alpha")])
def test_wide_pictures_are_made_of_lower_rows_of_tiles(tmp_path, suffix, alpha):
    path = tmp_path / f"a.{suffix}"
    answer = subprocess.run(
        [sys.executable, "-c", WIDE, path, alpha],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    peak, band = map(int, answer.stdout.split())
    assert band < 8 << 20
    # Whole rows of tiles, 768 pixels high, are 74 and 98 MB here.
    assert peak < 2 * band + (40 << 20)
    with Image.open(path) as image:
        assert image.size == (32000, 800)


def test_the_row_of_tiles_counts_by_its_width(tmp_path):
    """Views: pictures of any width that take no memory here."""
    network = SimpleNamespace(channels=3, factor=4, halo=4, upscales=True)
    upscaler = Upscaler(network, 4)
    for shape in ((400, 40000), (40000, 400), (4000, 6000), (12, 500000)):
        like = Picture(np.broadcast_to(np.zeros((1, 1, 3), "uint8"), (*shape, 3)))
        band = upscaler.band_bytes(like)
        for name in ("a.png", "a.ppm", "a.tif"):
            check_writable(tmp_path / name, like, 4, GIB, band)
    like = Picture(np.broadcast_to(np.zeros((1, 1, 3), "uint8"), (12, 2000000, 3)))
    band = upscaler.band_bytes(like)
    with pytest.raises(UserError, match="a.ppm: 8000000x48 .* --memory 2, or cut it"):
        check_writable(tmp_path / "a.ppm", like, 4, GIB, band)
    check_writable(tmp_path / "a.ppm", like, 4, 2 * GIB, band)


def test_fewer_threads_compress_long_rows(monkeypatch):
    monkeypatch.setattr(png, "usable_cores", lambda: 64)
    assert png.workers(36000) == (32, 128 << 20)
    n_workers, n_bytes = png.workers(480000)
    assert n_workers == 13 and n_bytes == 13 * 20 * 480000
    assert png.workers(10**8) == (1, 2 * 10**9)
    monkeypatch.setattr(png, "usable_cores", lambda: 2)
    assert png.workers(480000)[0] == 2


@pytest.mark.parametrize("mode", ["L", "P", "RGB", "RGBA", "LA", "1", "CMYK"])
def test_strips_are_read_as_the_whole(tmp_path, mode, monkeypatch):
    values = np.random.RandomState(5).randint(0, 256, (70, 31, 3), dtype=np.uint8)
    path = tmp_path / "a.tif"
    Image.fromarray(values).convert(mode).save(path)
    before = read_picture(path)
    monkeypatch.setattr("srcnn_theano.data.images.values._STRIP_BYTES", 400)
    after = read_picture(path)
    np.testing.assert_array_equal(before.pixels, after.pixels)
    with Image.open(path) as image:
        expected = np.asarray(
            image.convert("RGB" if before.pixels.shape[2] > 1 else "L")
        )
    np.testing.assert_array_equal(after.pixels.squeeze(), expected)


def test_only_what_is_known_to_be_small_is_read_ahead(monkeypatch):
    sizes = {"small": 5, "unknown": None, "large": 40_000_000, "last": 30_000_000}
    monkeypatch.setattr(upscale, "n_pixels", lambda path: sizes[path.stem])
    ahead = []
    reader = SimpleNamespace(submit=lambda read, source: ahead.append(source.stem))
    jobs = [Job(Path(name), Path("out")) for name in sizes]
    assert len(list(upscale._Pictures(reader, jobs, GIB))) == 4
    assert ahead == ["small", "last"]
