"""What is found on the machine, and that each lack is one sentence with its cure.

Lacks are simulated: by patching what is asked, or by a fresh interpreter whose
surroundings lack the thing.
"""

import os
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path

import pytest

from srcnn_theano import environment
from srcnn_theano.backend import theano
from srcnn_theano.errors import UserError

# The library that these tests run with reads this variable.
FLAGS = environment.find_library().flag_variables[-1]


@pytest.fixture(autouse=True)
def no_settings_of_the_user(monkeypatch, tmp_path):
    for name in ("THEANO", "AESARA"):
        monkeypatch.delenv(name + "_FLAGS", raising=False)
        monkeypatch.setenv(name + "RC", str(tmp_path / "none"))


def script(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(0o755)
    return path


def in_fresh_python(code, **variables):
    """(exit status, standard output, standard error) of `code` in its own process."""
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env=dict(os.environ, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    return answer.returncode, answer.stdout.strip(), answer.stderr.strip()


# --- the user's flags ----------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "floatX=float64",
        " floatX = float64, device=cpu ,",
        r"blas__ldflags=-lblas -Wl\,-rpath\,/opt",
        "a='1,2',b=\"x y\",c=d=e,novalue",
        "floatX=float32,floatX=float64",
    ],
)
def test_flags_are_parsed_as_theano_does(text):

    expected = theano.configparser.parse_config_string(text, issue_warnings=False)
    assert environment._parse_flags(text, "THEANO_FLAGS") == expected


def test_theano_reads_back_what_was_escaped():

    flags = {"base_compiledir": "/a b,c/d#e'f\"g\\h", "floatX": "float32"}
    with environment.theano_flags(flags):
        read = theano.configparser.parse_config_string(os.environ[FLAGS])
    assert read == flags


def test_flags_with_an_open_quote_are_refused(monkeypatch):
    monkeypatch.setenv("THEANO_FLAGS", "floatX='float32")
    with pytest.raises(UserError, match="THEANO_FLAGS.*quotation"):
        environment.user_flag("floatX")


def test_theano_flags_leaves_no_trace(monkeypatch):
    with environment.theano_flags({"floatX": "float32"}):
        assert os.environ[FLAGS] == "floatX=float32"
    assert FLAGS not in os.environ
    monkeypatch.setenv(FLAGS, "floatX=float64")
    with environment.theano_flags({"floatX": "float32"}):
        assert environment.user_flag("floatX") == "float64"
    assert os.environ[FLAGS] == "floatX=float64"


def test_user_flag_takes_the_variable_then_the_last_file(monkeypatch, tmp_path):
    first, last = tmp_path / "first", tmp_path / "last"
    first.write_text(
        "[global]\nfloatX = float64\ncxx = /first\n[blas]\nldflags = -la\n"
    )
    last.write_text("[global]\ncxx = /last\n[blas]\nldflags = -l%b\n")
    monkeypatch.setenv("SRCNN_BACKEND", "theano")
    monkeypatch.setenv("THEANORC", os.pathsep.join([str(first), str(last)]))
    monkeypatch.setenv("THEANO_FLAGS", "cxx=")
    assert environment.user_flag("floatX") == "float64"
    assert environment.user_flag("blas__ldflags") == "-l%b"
    assert environment.user_flag("cxx") == ""
    assert environment.user_flag("base_compiledir") is None


def test_aesara_takes_its_own_variable_then_theanos_then_its_file(
    monkeypatch, tmp_path
):
    file = tmp_path / "aesararc"
    file.write_text("[global]\ncxx = /file\nfloatX = float16\nmode = Mode\n")
    monkeypatch.setenv("SRCNN_BACKEND", "aesara")
    monkeypatch.setenv("AESARARC", str(file))
    monkeypatch.setenv("THEANO_FLAGS", "cxx=/theano,floatX=float64")
    monkeypatch.setenv("AESARA_FLAGS", "cxx=/aesara")
    flags = [environment.user_flag(name) for name in ("cxx", "floatX", "mode")]
    assert flags == ["/aesara", "float64", "Mode"]
    with environment.theano_flags({"cxx": "/ours"}):
        read = os.environ["AESARA_FLAGS"]
    assert read == "cxx=/ours,cxx=/theano,floatX=float64,cxx=/aesara"
    monkeypatch.setenv("SRCNN_BACKEND", "theano")
    assert environment.user_flag("cxx") == "/theano"


@pytest.mark.parametrize("library", ["theano", "aesara"])
def test_a_broken_file_of_settings_is_named(library, monkeypatch, tmp_path):
    path = tmp_path / (library + "rc")
    path.write_text("floatX = float64\n")
    monkeypatch.setenv("SRCNN_BACKEND", library)
    monkeypatch.setenv(library.upper() + "RC", str(path))
    with pytest.raises(UserError, match=library + "rc: not a configuration file of"):
        environment.user_flag("floatX")


# --- Theano-PyMC or Aesara -----------------------------------------------------------


@pytest.mark.parametrize(
    "version, library",
    [((3, 8, 18), "theano"), ((3, 11, 7), "theano"), ((3, 12, 1), "aesara")],
)
def test_each_python_has_its_library(version, library, monkeypatch):
    monkeypatch.delenv("SRCNN_BACKEND", raising=False)
    monkeypatch.setattr(sys, "version_info", version)
    assert environment.find_library().module == library
    monkeypatch.setenv("SRCNN_BACKEND", "aesara")
    assert environment.find_library().description == "Aesara 2.9.4"


def test_an_unknown_backend_is_refused(monkeypatch):
    monkeypatch.setenv("SRCNN_BACKEND", "pytensor")
    with pytest.raises(UserError, match="=pytensor: no such .*'theano'.*'aesara'"):
        environment.find_library()


# --- Python, NumPy, compiler, headers ------------------------------------------------


@pytest.mark.parametrize("version", [(2, 7, 18), (3, 7, 16), (3, 13, 0), (4, 0, 0)])
def test_other_pythons_are_refused(version):
    with pytest.raises(
        UserError, match=r"Python {}\.{}: .*3\.8 to 3\.12".format(*version)
    ):
        environment.check_python(version)


def test_a_python_that_the_named_library_does_not_run_on_is_refused(monkeypatch):
    monkeypatch.setenv("SRCNN_BACKEND", "theano")
    message = r"Python 3\.12: .* Theano-PyMC 1\.1\.2 runs on 3\.8 to 3\.11 .*unset"
    with pytest.raises(UserError, match=message):
        environment.check_python((3, 12, 1))


@pytest.mark.parametrize(
    "library, minor", [("theano", m) for m in range(8, 12)] + [("aesara", 12)]
)
def test_pythons_that_will_do(library, minor, monkeypatch):
    monkeypatch.setenv("SRCNN_BACKEND", library)
    environment.check_python((3, minor, 0))


@pytest.mark.parametrize(
    "library, version",
    [("theano", "1.24.0"), ("theano", "1.26.4"), ("theano", "2.0.0rc1")]
    + [("aesara", "2.0.0rc1")],
)
def test_a_new_numpy_is_refused_with_the_command_that_helps(
    library, version, monkeypatch
):
    monkeypatch.setenv("SRCNN_BACKEND", library)
    with pytest.raises(UserError, match=f"NumPy {version}.*pip install 'numpy"):
        environment.check_numpy(version)


@pytest.mark.parametrize(
    "library, version",
    [("theano", "1.21.6"), ("theano", "1.23.5"), ("aesara", "1.26.4")],
)
def test_numpys_that_will_do(library, version, monkeypatch):
    monkeypatch.setenv("SRCNN_BACKEND", library)
    environment.check_numpy(version)


def test_without_a_compiler(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("SRCNN_DEVICE", "cpu")
    with pytest.raises(UserError, match=r"g\+\+: no such.*apt-get install g\+\+"):
        environment.find_compiler()
    # XLA needs none; one that is named must be there all the same.
    monkeypatch.setenv("SRCNN_DEVICE", "xla")
    assert environment.find_compiler() == ("", "")
    assert environment.prepare().flags["cxx"] == ""
    monkeypatch.setenv("THEANO_FLAGS", "cxx=other")
    with pytest.raises(UserError, match="other: no such C"):
        environment.find_compiler()


def test_the_users_compiler_is_taken(monkeypatch, tmp_path):
    mine = script(tmp_path / "my++", "echo my++ 1.2\necho more\n")
    monkeypatch.setenv("THEANO_FLAGS", f"cxx={mine}")
    assert environment.find_compiler() == (str(mine), "my++ 1.2")
    monkeypatch.setenv("THEANO_FLAGS", "cxx={}".format(tmp_path / "other"))
    with pytest.raises(UserError, match="other: no such C"):
        environment.find_compiler()


def test_no_compiler_at_the_users_wish(monkeypatch):
    monkeypatch.setenv("THEANO_FLAGS", "cxx=")
    assert environment.find_compiler().path == ""


def test_a_compiler_beside_python_is_found(monkeypatch, tmp_path):
    (tmp_path / "bin").mkdir()
    ours = script(tmp_path / "bin" / "g++", "echo g++ 12\n")
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert environment.find_compiler() == (str(ours), "g++ 12")


def test_a_compiler_that_fails_is_refused(monkeypatch, tmp_path):
    script(tmp_path / "g++", "echo no licence; exit 1\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match="--version` fails with 'no licence'"):
        environment.find_compiler()


def test_without_headers(monkeypatch, tmp_path):
    environment.check_headers()
    monkeypatch.setattr(sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_config_var", lambda name: str(tmp_path))
    with pytest.raises(UserError, match=r"no Python\.h.*python3-dev"):
        environment.check_headers()


# --- BLAS ----------------------------------------------------------------------------


@pytest.fixture
def a_blas():
    """Any real BLAS of this machine."""
    library = environment.find_blas().library
    if not library:
        pytest.skip("the BLAS comes from the user's flags")
    return Path(library)


@pytest.fixture
def no_blas(monkeypatch, tmp_path):
    """A machine whose Python, system and SciPy have no BLAS; yields its prefix."""
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    monkeypatch.setitem(environment._BLAS_PLACES, "the system's", lambda: [])
    monkeypatch.setitem(environment._BLAS_PLACES, "in SciPy's wheel", lambda: [])
    return tmp_path


def test_without_a_blas(no_blas):
    with pytest.raises(UserError, match="no BLAS.*pip install"):
        environment.find_blas()


def test_the_users_blas_is_taken(monkeypatch):
    monkeypatch.setenv("THEANO_FLAGS", "blas__ldflags=-lmine")
    assert environment.find_blas().ldflags == "-lmine"


def test_condas_blas_comes_before_the_systems(a_blas, no_blas, monkeypatch):
    monkeypatch.setitem(environment._BLAS_PLACES, "the system's", lambda: [str(a_blas)])
    assert environment.find_blas().origin == "the system's"
    (no_blas / "conda-meta").mkdir()
    (no_blas / "lib").mkdir()
    (no_blas / "lib" / "libmkl_rt.so").write_text("not a library")
    link = no_blas / "lib" / "libopenblas.so.0"
    link.symlink_to(a_blas)
    expected = ("-l:libopenblas.so.0", str(link), "conda's")
    assert environment.find_blas() == expected


def test_a_library_without_sgemm_is_passed_over(no_blas, monkeypatch):
    monkeypatch.setitem(environment._BLAS_PLACES, "the system's", lambda: ["libm.so.6"])
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
    monkeypatch.setattr(environment.shutil, "which", lambda *_, **__: "/sbin/ldconfig")
    assert environment._system_libraries() == [
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


# --- threads, compile cache ----------------------------------------------------------


@pytest.mark.parametrize(
    "files, cores",
    [
        ({}, sys.maxsize),
        ({"cpu.max": "max 100000"}, sys.maxsize),
        ({"cpu.max": "150000 100000"}, 2),
        (
            {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"},
            sys.maxsize,
        ),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 3),
    ],
)
def test_quota_of_a_container(files, cores, monkeypatch, tmp_path):
    (tmp_path / "cpu").mkdir()
    for name, text in files.items():
        (tmp_path / name).write_text(text + "\n")
    monkeypatch.setattr(environment, "_CGROUP", tmp_path)
    assert environment._core_quota() == cores


def test_threads_are_limited_by_a_quota_only(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(environment, "_core_quota", lambda: sys.maxsize)
    environment.limit_threads()
    assert "OMP_NUM_THREADS" not in os.environ
    monkeypatch.setattr(environment, "_core_quota", lambda: 1)
    # Set through monkeypatch first, so that the test's end takes it away again.
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    environment.limit_threads()
    assert os.environ["OMP_NUM_THREADS"] == "7"
    del os.environ["OMP_NUM_THREADS"]
    environment.limit_threads()
    assert os.environ["OMP_NUM_THREADS"] == "1"


def test_theanos_own_compile_folder_is_left_alone(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert environment.find_compile_folder() is None


def test_without_a_home_a_private_folder_is_used(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", os.devnull)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    folder = Path(environment.find_compile_folder())
    assert folder.parent == tmp_path and folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)  # anybody could have put code there
    with pytest.raises(UserError, match="base_compiledir=FOLDER"):
        environment.find_compile_folder()
    monkeypatch.setenv("THEANO_FLAGS", "base_compiledir=/mine")
    assert environment.find_compile_folder() is None


# --- fresh interpreters --------------------------------------------------------------

IMPORT = "from srcnn_theano.backend import theano, T, settings; "


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
    flags["THEANO_FLAGS"] = "floatX=float16,allow_gc=True"
    assert in_fresh_python(code, **flags)[1] == "float16 True"


def test_import_without_a_compiler_is_one_sentence(tmp_path):
    code = f"import sys; sys.prefix = {str(tmp_path)!r}; {IMPORT}"
    status, _, err = in_fresh_python(code, PATH=str(tmp_path), SRCNN_DEVICE="cpu")
    assert status == 1
    assert err.splitlines()[-1].startswith(
        "srcnn_theano.errors.UserError: g++: no such"
    )
    assert in_fresh_python(code, PATH=str(tmp_path), THEANO_FLAGS="cxx=")[0] == 0


def test_a_setting_theano_refuses_is_told():
    status, _, err = in_fresh_python(IMPORT, THEANO_FLAGS="floatX=float8")
    assert status == 1
    last = err.splitlines()[-1]
    library = environment.find_library().description
    assert f"UserError: {library} cannot be imported (ValueError: " in last
    assert "float8" in last


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
