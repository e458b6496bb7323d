"""The photographs that SciPy and matplotlib have."""

import sys

import numpy as np
import pytest

from srcnn_theano.data.photograph import DETAIL, SIDE, photograph
from srcnn_theano.errors import UserError


def test_the_parts_do_not_overlap_and_hold_the_squares(monkeypatch):
    photos = [photograph()]
    monkeypatch.setitem(sys.modules, "scipy.misc", None)  # as from SciPy 1.12 on
    photos.append(photograph())
    assert "scipy" in photos[0].name and "matplotlib" in photos[1].name
    for photo in photos:
        used = np.zeros(photo.pixels.shape[:2], int)
        used[photo.train] += 1
        used[photo.test] += 1
        assert photo.pixels.dtype == np.uint8 and (used == 1).all()
        rows, cols = photo.pixels[photo.test].shape[:2]
        squares = [(place, DETAIL) for place in photo.details]
        for (y, x), side in squares + [(photo.watched, SIDE)]:
            assert y >= 0 and x >= 0 and y + side <= rows and x + side <= cols


def test_no_photograph_at_all(monkeypatch):
    monkeypatch.setitem(sys.modules, "scipy.misc", None)
    monkeypatch.setattr("matplotlib.cbook.get_sample_data", lambda *a, **k: "gone.jpg")
    with pytest.raises(UserError, match="matplotlib"):
        photograph()
