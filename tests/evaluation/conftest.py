"""An image file on which all tests of scores may work."""

import numpy as np
import pytest
from PIL import Image


@pytest.fixture(scope="module")
def picture(tmp_path_factory):
    rng = np.random.RandomState(0)
    rows, cols = np.mgrid[:50, :62]
    waves = [
        np.sin(rows / a + c) * np.cos(cols / b) for a, b, c in rng.rand(3, 3) * 9 + 3
    ]
    pixels = np.uint8(128 + 60 * np.stack(waves, 2) + rng.randint(0, 60, (50, 62, 1)))
    path = tmp_path_factory.mktemp("pictures") / "waves.png"
    Image.fromarray(pixels).save(str(path))
    return path
