"""How many pictures a PPM or PGM file holds."""

import pytest

from srcnn_theano.data.images import read_picture

ONE_BIT = b"P4 9 2\n" + bytes(4)
GREY = b"P5\n# of two rows\n3 2\n255\n" + bytes(6)
COLOUR = b"P6 3 2 255\n" + b"P6 4 4 255\n"[:9].ljust(18, b"\0")
DEEP = b"P6\n3 2 65535\n" + bytes(36)
PLAIN = b"P2 3 2 255\n" + b"0 " * 6


@pytest.mark.parametrize(
    "pictures",
    [
        [ONE_BIT],
        [GREY],
        [COLOUR],  # whose values begin as another would
        [PLAIN],
        [GREY, b"no picture"],
        [ONE_BIT, ONE_BIT],
        [COLOUR, COLOUR],
        [DEEP, GREY, b"\n", COLOUR],
    ],
)
def test_further_pictures_are_told(tmp_path, pictures):
    path = tmp_path / "a.ppm"
    path.write_bytes(b"".join(pictures))
    n = sum(picture[:1] == b"P" for picture in pictures)
    told = (f"the first of {n} images is taken",) if n > 1 else ()
    assert read_picture(path).notes == told
