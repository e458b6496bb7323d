"""The parts of large pictures, and the memory that a row of them takes."""

import numpy as np
import pytest

from srcnn_theano.data.images import Picture, rows_of_tiles, tiles
from srcnn_theano.inference import Upscaler

MIB = 1 << 20


@pytest.mark.parametrize("factor", [1, 2, 3, 4])
def test_ordinary_pictures_are_cut_into_squares(factor):
    side = 192 * factor
    for pixel_bytes, size in [(1, (9000, 40000)), (3, (12000, 24000)), (8, (99, 9999))]:
        rows = rows_of_tiles(size, pixel_bytes, 192, factor)
        first = rows[0][0]
        assert first == (slice(0, min(side, size[0])), slice(0, side))
        assert len(rows) == -(-size[0] // side) and len(rows[0]) == -(-size[1] // side)
    assert rows_of_tiles((99, 999), 8, None, factor) == [
        [(slice(0, 99), slice(0, 999))]
    ]


@pytest.mark.parametrize("factor, scale", [(1, 2), (1, 4), (2, 2), (3, 3), (4, 4)])
@pytest.mark.parametrize("pixel_bytes", [1, 3, 6, 8])
@pytest.mark.parametrize("cols", [20000, 40000, 300000])
def test_rows_of_wide_pictures_are_lower(factor, scale, pixel_bytes, cols):
    size = 400 * scale, cols * scale
    rows = rows_of_tiles(size, pixel_bytes, 192, factor)
    for row in rows:
        height = row[0][0].stop - row[0][0].start
        least = 8 * factor * size[1] * pixel_bytes
        assert height * size[1] * pixel_bytes <= max(96 * MIB, least)
        # As many pixels of the input in a tile as usual, or fewer.
        for tile in row:
            assert {part.start % factor for part in tile} == {0}
            assert np.prod([p.stop - p.start for p in tile]) <= (192 * factor) ** 2
    # One beside the other, without a gap.
    for spans, length in (([r[0][0] for r in rows], 0), ([t[1] for t in rows[0]], 1)):
        assert [part.start for part in spans[1:]] == [part.stop for part in spans[:-1]]
        assert spans[0].start == 0 and spans[-1].stop == size[length]


class Repeat:
    """A network that gives each pixel of its input three times, less its halo."""

    channels, factor, halo, upscales = 3, 3, 4, True

    def __call__(self, x):
        return x[:, :, 4:-4, 4:-4].repeat(3, axis=2).repeat(3, axis=3)


@pytest.mark.parametrize("alpha", [False, True])
def test_lower_tiles_of_wide_pictures_make_the_same_picture(alpha, monkeypatch):
    pixels = np.random.RandomState(0).randint(0, 256, (21, 300, 4)).astype("uint8")
    opacity = np.maximum(pixels[..., 3], 200) if alpha else None
    source = Picture(pixels[..., :3], opacity)
    upscaler = Upscaler(Repeat(), 3, tile=40)
    expected, heights = (
        upscaler(source),
        [len(b.pixels) for b in upscaler.bands(source)],
    )
    assert heights == [63] and upscaler.n_tiles(source) == 8
    assert upscaler.band_bytes(source) == 63 * 900 * (3 + alpha)
    monkeypatch.setattr(tiles, "_BAND_BYTES", 1)
    result, heights = upscaler(source), [len(b.pixels) for b in upscaler.bands(source)]
    # Of eight rows, and 40 * 40 / 8 columns.
    assert heights == [24, 24, 15] and upscaler.n_tiles(source) == 3 * 2
    assert upscaler.band_bytes(source) == 24 * 900 * (3 + alpha)
    np.testing.assert_array_equal(result.pixels, expected.pixels)
    if alpha:
        np.testing.assert_array_equal(result.alpha, expected.alpha)
