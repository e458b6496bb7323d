import runpy
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "draw_deconvolution.py"


@pytest.fixture(scope="module")
def script():
    return runpy.run_path(str(SCRIPT))


def test_matrices_are_of_the_layers(script):
    """The columns of a deconvolution of stride 2 hold the filter, 2 rows apart."""
    taps = np.array([[1.0, 2.0, 3.0]])
    matrix = script["matrix_of"](lambda x: script["upsample"](x, taps, 2), (1, 2))
    assert matrix.T.tolist() == [[1, 2, 3, 0, 0], [0, 0, 1, 2, 3]]
    convolution = script["matrix_of"](lambda x: script["convolve"](x, taps, 2), (1, 5))
    assert (convolution == matrix.T).all()


@pytest.mark.parametrize("name", ["deconv-matrices", "deconv-overlaps"])
def test_figures_can_be_drawn(script, name, tmp_path):
    path = tmp_path / (name + ".png")
    script["FIGURES"][name]().savefig(str(path), bbox_inches="tight")
    assert 5000 < path.stat().st_size < 120000
