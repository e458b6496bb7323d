import hashlib

import numpy as np
import pytest
from PIL import Image

from srcnn_theano import files
from srcnn_theano.data import datasets


def _write_image(path, rows=40, cols=48, seed=0):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.RandomState(seed).randint(0, 256, (rows, cols, 3))
    Image.fromarray(pixels.astype(np.uint8)).save(str(path))
    return path


def _facts(path):
    with Image.open(path) as image:
        return {
            "bytes": path.stat().st_size,
            "sha256": files.sha256(path),
            "mode": image.mode,
            "size": list(image.size),
            "pixels": hashlib.sha256(image.convert("RGB").tobytes()).hexdigest(),
        }


@pytest.fixture
def facts():
    """A function (path) that gives what a manifest says of an image."""
    return _facts


@pytest.fixture
def write_image():
    """A function (path, rows, cols, seed) that writes a random image."""
    return _write_image


@pytest.fixture
def small_sets(tmp_path, monkeypatch):
    """A data folder with two images in each set, and a manifest to match."""
    folder = tmp_path / "data"
    manifest = {}
    for i, name in enumerate(datasets.SETS):
        manifest[name] = {}
        for file_name in ("t1.bmp", "t10.bmp", "t2.bmp"):
            path = _write_image(folder / name / file_name, seed=10 * i + len(file_name))
            manifest[name][file_name] = _facts(path)
    monkeypatch.setattr(datasets, "manifest", lambda: manifest)
    return folder
