"""Theano imported by fresh interpreters whose surroundings lack something."""

import os
import subprocess
import sys

from srcnn_theano import environment

IMPORT = "from srcnn_theano.backend import theano, T, settings; "


def in_fresh_python(code, **variables):
    """(exit status, standard output, standard error) of `code` in its own process."""
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env=dict(os.environ, **variables),
        capture_output=True,
        text=True,
    )
    return answer.returncode, answer.stdout.strip(), answer.stderr.strip()


def test_import_is_silent_and_says_what_it_found():
    code = IMPORT + (
        "import os; assert not any('_FLAGS' in name for name in os.environ)\n"
        "print(theano.config.floatX, theano.config.blas__ldflags, settings.blas.origin)"
    )
    status, out, err = in_fresh_python(code)
    blas = environment.find_blas()
    assert (status, err) == (0, "")
    assert out == f"float32 {blas.ldflags} {blas.origin}"


def test_the_users_flags_win(tmp_path):
    (tmp_path / "rc").write_text("[global]\nfloatX = float64\n")
    code = IMPORT + "print(theano.config.floatX, theano.config.allow_gc)"
    flags = {"THEANO_FLAGS": "allow_gc=False"}
    flags[environment.find_library().module.upper() + "RC"] = str(tmp_path / "rc")
    assert in_fresh_python(code, **flags)[1] == "float64 False"
    flags["THEANO_FLAGS"] = "floatX=float32,allow_gc=True"
    assert in_fresh_python(code, **flags)[1] == "float32 True"


def test_import_without_a_compiler_is_one_sentence(tmp_path):
    code = f"import sys; sys.prefix = {str(tmp_path)!r}; {IMPORT}"
    status, _, err = in_fresh_python(code, PATH=str(tmp_path), SRCNN_DEVICE="cpu")
    assert status == 1
    assert err.splitlines()[-1].startswith(
        "srcnn_theano.errors.UserError: g++: no such"
    )
    assert in_fresh_python(code, PATH=str(tmp_path), THEANO_FLAGS="cxx=")[0] == 0


def test_a_setting_theano_refuses_is_told():
    status, _, err = in_fresh_python(IMPORT, THEANO_FLAGS="on_opt_error=never")
    assert status == 1
    last = err.splitlines()[-1]
    library = environment.find_library().description
    assert f"UserError: {library} cannot be imported (ValueError: " in last
    assert "never" in last


def test_a_library_that_is_not_there_is_told_with_the_command_that_helps():
    code = "import sys; sys.modules['aesara'] = None; " + IMPORT
    status, _, err = in_fresh_python(code, SRCNN_BACKEND="aesara")
    assert status == 1
    last = err.splitlines()[-1]
    assert "UserError: Aesara 2.9.4 cannot be imported (" in last
    assert last.endswith("`pip install Aesara==2.9.4`")


def test_one_variable_sets_the_threads_of_the_blas(a_blas):
    code = IMPORT + (
        "import ctypes; b = ctypes.CDLL(settings.blas.library)\n"
        "print(getattr(b, 'openblas_get_num_threads', lambda: 1)())"
    )
    assert in_fresh_python(code, OMP_NUM_THREADS="1")[1] == "1"


def test_dot_goes_through_the_blas():
    code = IMPORT + (
        "x = T.fmatrix(); f = theano.function([x], T.dot(x, x))\n"
        "print(*[type(node.op).__name__ for node in f.maker.fgraph.toposort()])\n"
        "print(f([[1, 2], [3, 4]]).tolist())"
    )
    status, out, _ = in_fresh_python(code)
    assert (status, out) == (0, "Dot22\n[[7.0, 10.0], [15.0, 22.0]]")


def test_without_c_code_a_training_is_refused_in_a_sentence():
    status, _, said = in_fresh_python(
        "from srcnn_theano.backend import compile_function\ncompile_function([], [])",
        THEANO_FLAGS="cxx=",
        SRCNN_DEVICE="cpu",
    )
    assert status == 1 and "C code is switched off by cxx= in THEANO_FLAGS" in said
