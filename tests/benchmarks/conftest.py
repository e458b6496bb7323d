import sys
from pathlib import Path

import pytest

# The benchmarks lie beside the package and are not installed with it.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from benchmarks.work import Work  # noqa: E402


def _mini(network, kind, channels, batch_size, length, perceptual=False):
    name = "-".join(["mini", network, kind] + ["vgg"] * perceptual)
    size = (length, length + 1)
    return Work(
        name, name.title(), kind, network, channels, batch_size, size, perceptual
    )


@pytest.fixture(scope="session")
def minis():
    """Small jobs of every kind, by name; rows and columns differ."""
    works = (
        _mini("srcnn", "step", 3, 2, 15),
        _mini("fsrcnn", "step", 3, 2, 4),
        _mini("srcnn", "step", 3, 1, 16, perceptual=True),
        _mini("srcnn", "image", 1, 1, 17),
        _mini("fsrcnn", "image", 1, 1, 16),
    )
    return {work.name: work for work in works}
