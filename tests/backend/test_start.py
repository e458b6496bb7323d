"""What a process does before its first function: as little as can be."""

import json
import subprocess
import sys

import numpy as np
import pytest

from srcnn_theano.backend import processor
from srcnn_theano.backend.internals import IS_AESARA, cmodule
from srcnn_theano.backend.library import T, theano


@pytest.mark.skipif(IS_AESARA, reason="Aesara insists on scipy.signal")
def test_unused_modules_are_imported_when_they_are_asked_for():
    program = (
        "import srcnn_theano.backend, json, scipy, sys\n"
        "heavy = ('scipy.stats', 'scipy.signal', 'setuptools', 'pkg_resources')\n"
        "print(json.dumps([m for m in sys.modules if m in heavy]))\n"
        "print(scipy.stats.chi2.sf(3.0, 2))\n"
        "import scipy.signal, scipy.stats\n"
        "print(scipy.signal.convolve([1, 2], [3]).tolist(), scipy.stats.__name__)\n"
        "print(scipy.stats is sys.modules['scipy.stats'])\n"
    )
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    loaded, chi2, others, same = answer.stdout.splitlines()
    assert json.loads(loaded) == []
    assert float(chi2) == pytest.approx(0.22313016014842982)  # exp(-3 / 2)
    assert (others, same) == ("[3, 6] scipy.stats", "True")


@pytest.fixture
def compile_folder(tmp_path, monkeypatch):
    """An empty one, and no answer in memory."""
    monkeypatch.setattr(cmodule.GCC_compiler, "march_flags", None)
    monkeypatch.setattr(processor, "_folder", lambda: tmp_path)
    return tmp_path


def test_the_processor_is_looked_at_once(compile_folder, monkeypatch):
    first = processor.compile_args()
    assert len(list(compile_folder.iterdir())) == 1
    asked = []
    monkeypatch.setattr(cmodule, "try_march_flag", asked.append)
    cmodule.GCC_compiler.march_flags = None
    assert processor.compile_args() == first
    assert asked == []


def test_another_compiler_is_asked_anew(compile_folder):
    processor.compile_args()
    (path,) = compile_folder.iterdir()
    with theano.config.change_flags(gcc__cxxflags="-O1"):
        assert path.name != f"processor-{processor._identity()}.json"


def test_a_damaged_answer_is_asked_for_again(compile_folder):
    first = processor.compile_args()
    (path,) = compile_folder.iterdir()
    for text in ("{", '"-march=native"', "[1, 2]"):
        path.write_text(text)
        cmodule.GCC_compiler.march_flags = None
        assert processor.compile_args() == first
        assert json.loads(path.read_text()) == cmodule.GCC_compiler.march_flags


def test_a_loop_of_scan_compiles_and_has_a_gradient():
    x, a = T.vector("x"), T.scalar("a")
    sums, updates = theano.scan(
        lambda new, before, a: a * before + new,
        sequences=x,
        outputs_info=T.zeros_like(a),
        non_sequences=a,
    )
    function = theano.function([x, a], [sums, T.grad(sums[-1], a)], updates=updates)
    result, gradient = function(np.arange(4, dtype="float32"), np.float32(2))
    np.testing.assert_array_equal(result, [0, 1, 4, 11])
    assert gradient == 2 + 2 * 2  # of a^3 0 + a^2 1 + a 2 + 3


def test_what_readers_of_theano_look_for_is_there():
    x = T.vector("x")
    outputs = [T.nnet.sigmoid(x), T.nnet.softplus(x)]
    values = np.array([-2, 0, 1], "float32")
    sigmoid, softplus = theano.function([x], outputs)(values)
    np.testing.assert_allclose(sigmoid, 1 / (1 + np.exp(-values)), rtol=1e-5)
    np.testing.assert_allclose(softplus, np.log1p(np.exp(values)), rtol=1e-5)
