"""g++ with a precompiled header and ahead of time gives what Theano alone gives."""

import concurrent.futures
import copy
import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from srcnn_theano.backend import T, compilation, internals, maps, onednn, theano

FORWARD = "forward", ((0, 0), (0, 0)), (1, 1)

FUNCTION = """
import numpy as np
from srcnn_theano.backend import T, compilation, theano
x = T.matrix("x")
started = []
compile_, compilation._compile = compilation._compile, None
compilation._compile = lambda command: started.append(command) or compile_(command)
compilation.environment.usable_cores = lambda: 2
function = theano.function([x], [T.tanh(x).sum(axis=0), T.dot(x, x.T) * 3 + x[0, 0]])
first, second = function(np.eye(3, dtype="float32"))
assert np.allclose(first, np.tanh(1)), first
assert np.allclose(second, 3 * np.eye(3) + 1), second
print(len(started), sum("-include" in " ".join(c) for c in started))
"""


def run(code, folder):
    flags = os.environ.get("THEANO_FLAGS", "") + f",base_compiledir={folder}"
    return subprocess.run(
        [sys.executable, "-c", code],
        env=dict(os.environ, THEANO_FLAGS=flags, TMPDIR=str(folder)),
        capture_output=True,
        text=True,
    )


def test_function_from_an_empty_cache(tmp_path):
    answer = run(FUNCTION, tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert int(answer.stdout.split()[0]) >= 4  # modules compiled ahead
    assert len(list(tmp_path.glob("headers-*.h.gch"))) == 1
    assert not list(tmp_path.glob("srcnn_theano-*"))  # no scratch is left
    again = run(FUNCTION, tmp_path)
    assert again.returncode == 0, again.stderr
    assert again.stdout.split()[0] == "0"  # all is in Theano's cache


def test_functions_of_two_threads_leave_the_flags_as_they_were():
    limit = theano.config.traceback__limit
    assert limit > 0
    here, there, never = (threading.Event() for _ in range(3))

    class Meets(internals.GlobalOptimizer):
        """Stays in the optimiser until the other thread is in it, or half a second."""

        def __init__(self, mine, others):
            self.mine, self.others = mine, others

        def apply(self, fgraph):
            self.mine.set()
            self.others.wait(0.5)

    def compiled(mine, others):
        x = T.scalar("x")
        mode = theano.compile.Mode(linker="py", optimizer=Meets(mine, others))
        assert theano.function([x], x + 1, mode=mode)(1) == 2

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        first = pool.submit(compiled, here, there)
        here.wait(60)
        second = pool.submit(compiled, there, never)
        first.result(), second.result()
    assert theano.config.traceback__limit == limit


def test_headers_that_do_not_compile_are_done_without(monkeypatch, tmp_path):
    monkeypatch.setattr(compilation, "HEADERS", ["<there_is_no_such_header.h>"])
    monkeypatch.setattr(
        compilation, "_precompiled", compilation._precompiled.__wrapped__
    )
    command = [theano.config.cxx, "-shared", "-o", "module.so", "mod.cpp"]
    assert compilation._with_header(command) == command


def test_errors_of_the_compiler_still_come_from_theano():
    class Wrong(internals.COp):
        __props__ = ()

        def make_node(self, x):
            return internals.Apply(self, [x], [x.type()])

        def c_code(self, node, name, inputs, outputs, sub):
            return "this is not C;"

        def perform(self, node, inputs, outputs):
            outputs[0][0] = np.array(inputs[0])

    x = theano.tensor.vector()
    with pytest.raises(Exception, match="Compilation failed"):
        theano.function([x], Wrong()(x))


def test_small_constants_are_folded_without_the_compiler(monkeypatch):
    def refuse(*arguments):
        raise AssertionError("a module was asked for")

    monkeypatch.setattr(compilation.CLinker, "cthunk_factory", refuse)
    T = theano.tensor
    numbers = T.stack([T.constant(3), T.constant(4)])[1:] * T.constant([[2], [5]])
    graph, _ = theano.compile.function.types.std_fgraph([], [theano.Out(numbers)])
    theano.compile.get_default_mode().optimizer(graph)
    assert graph.outputs[0].data.tolist() == [[8], [20]]


@pytest.mark.parametrize("op", [maps.Maps("add"), onednn.Convolution(*FORWARD)])
def test_a_change_of_any_source_of_an_op_is_compiled_anew(op):
    version = op.c_code_cache_version()
    assert len(op.func_codes) >= 2  # headers and the op itself
    for i, code in enumerate(op.func_codes):
        changed = copy.copy(op)
        changed.func_codes = list(op.func_codes)
        changed.func_codes[i] = code + "\n"
        assert changed.c_code_cache_version() != version
