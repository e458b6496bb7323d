"""A BLAS is looked for in order, and linked from folders of any name."""

import os
import shutil
import subprocess
import sys

import numpy
import pytest

from srcnn_theano import environment
from srcnn_theano.backend import theano
from srcnn_theano.environment import blas
from srcnn_theano.errors import UserError


@pytest.fixture
def no_blas(monkeypatch, tmp_path):
    """A machine whose Python, system and SciPy have no BLAS; yields its prefix."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    monkeypatch.setitem(blas._PLACES, "the system's", lambda: [])
    monkeypatch.setitem(blas._PLACES, "in SciPy's wheel", lambda: [])
    return tmp_path


def test_without_a_blas(no_blas):
    with pytest.raises(UserError, match="no BLAS.*pip install"):
        environment.find_blas()


def test_the_users_blas_is_taken(monkeypatch):
    monkeypatch.setenv("THEANO_FLAGS", "blas__ldflags=-lmine")
    assert environment.find_blas().ldflags == "-lmine"


def test_condas_blas_comes_before_the_systems(a_blas, no_blas, monkeypatch):
    monkeypatch.setitem(blas._PLACES, "the system's", lambda: [str(a_blas)])
    assert environment.find_blas().origin == "the system's"
    (no_blas / "conda-meta").mkdir()
    (no_blas / "lib").mkdir()
    (no_blas / "lib" / "libmkl_rt.so").write_text("not a library")
    link = no_blas / "lib" / "libopenblas.so.0"
    link.symlink_to(a_blas)
    expected = ("-l:libopenblas.so.0", str(link), "conda's")
    assert environment.find_blas() == expected


def test_a_library_without_sgemm_is_passed_over(no_blas, monkeypatch):
    monkeypatch.setitem(blas._PLACES, "the system's", lambda: ["libm.so.6"])
    with pytest.raises(UserError, match="no BLAS"):
        environment.find_blas()


def test_threaded_builds_of_the_system_come_first(monkeypatch):
    listing = b"""\
4 libs found in cache `/etc/ld.so.cache'
\tlibopenblas64.so.0 (libc6,x86-64) => /usr/lib64/libopenblas64.so.0
\tlibopenblas.so.0 (libc6,x86-64) => /usr/lib64/libopenblas.so.0
\tlibopenblasp.so.0 (libc6,x86-64) => /usr/lib64/libopenblasp.so.0
\tlibopenblaso.so (libc6,x86-64) => /usr/lib64/libopenblaso.so
"""
    answer = subprocess.CompletedProcess([], 0, stdout=listing)
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: answer)
    monkeypatch.setattr(shutil, "which", lambda *_, **__: "/sbin/ldconfig")
    assert blas._system_libraries() == [
        "/usr/lib64/libopenblaso.so",
        "/usr/lib64/libopenblasp.so.0",
        "/usr/lib64/libopenblas.so.0",
    ]


def test_linking_works_from_a_folder_with_an_awkward_name(
    a_blas, tmp_path, monkeypatch
):
    monkeypatch.delenv("LIBRARY_PATH", raising=False)
    (tmp_path / "a b,c#d").symlink_to(a_blas.parent)
    library = tmp_path / "a b,c#d" / a_blas.name
    flag = "-l:" + a_blas.name
    environment.use_blas(environment.Blas(flag, str(library), "here"))
    compiler = theano.link.c.cmodule.GCC_compiler
    code = 'extern "C" void sgemm_(); void f() { sgemm_(); }'
    flags = ["-shared", "-fPIC", flag]
    assert compiler.try_compile_tmp(code, flags=flags, try_run=False)
    monkeypatch.setenv("LIBRARY_PATH", "")
    assert not compiler.try_compile_tmp(code, flags=flags, try_run=False)


def better_kernels(**variables):
    """What `better_kernels` says in a process of its own with these variables."""
    code = (
        "from srcnn_theano import environment as e; "
        "print(e.better_kernels(e.find_blas()))"
    )
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **variables},
        stdout=subprocess.PIPE,
        check=True,
    ).stdout.decode()


def test_kernels_for_an_old_processor_are_told(a_blas):
    features = numpy.core._multiarray_umath.__cpu_features__
    if "openblas" not in a_blas.name or not features["AVX2"]:
        pytest.skip("no OpenBLAS, or no AVX2 here")
    best = "SkylakeX" if features["AVX512_SKX"] else "Haswell"
    assert better_kernels(OPENBLAS_CORETYPE="Prescott") == best + "\n"
    assert better_kernels(OPENBLAS_CORETYPE=best) == "\n"


def test_other_libraries_have_no_kernels_to_choose():
    assert environment.better_kernels(environment.Blas("", "libm.so.6", "here")) == ""
    assert environment.better_kernels(environment.Blas("-lmine", "", "yours")) == ""
