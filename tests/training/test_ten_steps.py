"""Both backends, Theano-PyMC and Aesara, train to the same parameters."""

import runpy
from pathlib import Path

import numpy as np
import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "recorded" / "model_steps.py"
RECORDED = SCRIPT.with_suffix(".npz")


@pytest.mark.parametrize("name", ["srcnn", "fsrcnn"])
def test_ten_steps_equal_those_recorded(name):
    steps = runpy.run_path(str(SCRIPT))["ten_steps"](name)
    with np.load(str(RECORDED)) as arrays:
        recorded = {x: arrays[x] for x in arrays if x.startswith(name + "/")}
    assert {name + "/" + what for what in steps} == set(recorded)
    for what, values in steps.items():
        expected = recorded[f"{name}/{what}"]
        np.testing.assert_allclose(values, expected, rtol=0, atol=1e-5, err_msg=what)
    assert steps["cost"][9] < steps["cost"][0]
