"""What Theano needs of a machine, looked at before Theano is imported.

"Theano" is one of two libraries here: Theano-PyMC, or Aesara, which it became. Either
reads its settings once, when it is imported, and with NumPy 1.22 or newer that import
fails in Theano-PyMC unless it is told where a BLAS is. So this module looks first:
Python, NumPy, the compiler, Python's headers, the BLAS, the compile cache. Whatever is
missing becomes one sentence with its cure (`UserError`), and what is found becomes the
library's flags. A flag that the user set, in THEANO_FLAGS or .theanorc for Theano-PyMC,
in THEANO_FLAGS, AESARA_FLAGS or .aesararc for Aesara, is the user's, and stays.
"""

import configparser
import contextlib
import ctypes
import glob
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Dict, NamedTuple, Tuple

from srcnn_theano.errors import UserError

_CGROUP = Path("/sys/fs/cgroup")

_AESARA_COMPILEDIR = (
    "aesara_%(short_platform)s-%(processor)s-%(python_version)s-%(python_bitwidth)s"
)


class Compiler(NamedTuple):
    """The C++ compiler Theano will run, and what it says its version is."""

    path: str
    version: str


class Blas(NamedTuple):
    """The matrix-product library: Theano's link flags, the file, who chose it."""

    ldflags: str
    library: str
    origin: str

    @property
    def description(self):
        """One line for people."""
        return "{} ({})".format(self.library or self.ldflags or "none", self.origin)


class Library(NamedTuple):
    """What compiles symbolic graphs, and what it runs with.

    Attributes
    ----------
    module : str, as it is imported and as SRCNN_BACKEND names it
    distribution, version : str, as pip knows it
    last_python : (int, int)
    too_new_numpy : (int, int), the first NumPy that it does not run with
    """

    module: str
    distribution: str
    version: str
    last_python: Tuple[int, int]
    too_new_numpy: Tuple[int, int]

    @property
    def description(self):
        """Its name for people."""
        return f"{self.distribution} {self.version}"

    @property
    def flag_variables(self):
        """Where the user's flags stand in the environment; the last counts most."""
        return tuple(dict.fromkeys(["THEANO_FLAGS", self.module.upper() + "_FLAGS"]))

    @property
    def places_of_flags(self):
        """The same and the configuration file, for people."""
        return "{} or .{}rc".format(", ".join(self.flag_variables), self.module)


LIBRARIES = {
    "theano": Library("theano", "Theano-PyMC", "1.1.2", (3, 11), (1, 24)),
    "aesara": Library("aesara", "Aesara", "2.9.4", (3, 12), (2, 0)),
}


class Settings(NamedTuple):
    """What was found, and the flags that follow from it."""

    library: Library
    compiler: Compiler
    blas: Blas
    flags: Dict[str, str]


# --- Theano-PyMC or Aesara -----------------------------------------------------------


def find_library():
    """The library that SRCNN_BACKEND names, else the one that this Python runs.

    Returns
    -------
    Library

    Raises
    ------
    UserError
        SRCNN_BACKEND names neither.
    """
    default = "aesara" if sys.version_info >= (3, 12) else "theano"
    name = os.environ.get("SRCNN_BACKEND") or default
    if name not in LIBRARIES:
        raise UserError(
            f"SRCNN_BACKEND={name}: no such backend; it is 'theano' (Theano-PyMC) or "
            f"'aesara', or unset for {default!r} here"
        )
    return LIBRARIES[name]


# --- the device ----------------------------------------------------------------------

DEVICES = ("cpu", "xla", "gpu")


def default_device():
    """Where functions run by default: what SRCNN_DEVICE says, else ``cpu``.

    Raises
    ------
    UserError
        It says something else than `DEVICES`.
    """
    device = os.environ.get("SRCNN_DEVICE") or "cpu"
    if device not in DEVICES:
        raise UserError(
            "SRCNN_DEVICE={}: no such device; use one of {}".format(
                device, ", ".join(DEVICES)
            )
        )
    return device


# --- the user's own settings ---------------------------------------------------------


def user_flag(name):
    """The user's value of a Theano flag, or None.

    Parameters
    ----------
    name : str
        As Theano spells it: "floatX", "blas__ldflags".

    Returns
    -------
    str or None
        From THEANO_FLAGS, else from the files of THEANORC (~/.theanorc), as in Theano.
        With Aesara from AESARA_FLAGS, else from THEANO_FLAGS, else from the files of
        AESARARC (~/.aesararc).

    Raises
    ------
    UserError
        Flags or a file that cannot be parsed.
    """
    library = find_library()
    flags = {}
    for variable in library.flag_variables:
        flags.update(_parse_flags(os.environ.get(variable, ""), variable))
    section, _, option = name.rpartition("__")
    file = _configuration(library.module)
    return flags.get(name, file.get(section or "global", option, fallback=None))


def _parse_flags(text, variable):
    # Theano's own rule: comma-separated, with the shell's quotes and backslashes.
    words = shlex.shlex(text, posix=True)
    words.whitespace = ","
    words.whitespace_split = True
    try:
        pairs = [word.strip().split("=", 1) for word in words]
    except ValueError as error:
        raise UserError(
            f"{variable}={text!r}: cannot be parsed ({error}); write "
            "name=value,name=value and put a backslash before a comma inside a value"
        ) from error
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def _configuration(module):
    parser = configparser.ConfigParser(interpolation=None)
    files = os.environ.get(module.upper() + "RC", f"~/.{module}rc")
    for path in files.split(os.pathsep):
        try:
            parser.read(os.path.expanduser(path))
        except configparser.Error as error:
            raise UserError(
                "{}: not a configuration file of {} ({}); correct or remove it".format(
                    path, module.capitalize(), str(error).replace("\n", " ")
                )
            ) from error
    return parser


# --- Python and NumPy ----------------------------------------------------------------


def check_python(version=None):
    """Refuse a Python that the library does not run on, or neither of them."""
    version = version or sys.version_info
    here = "Python {}.{}".format(*version[:2])
    if not (3, 8) <= tuple(version[:2]) <= (3, 12):
        raise UserError(
            f"{here}: srcnn-theano runs on 3.8 to 3.12 only, as Theano-PyMC (to 3.11) "
            "and Aesara do; make a virtual environment with one of these, e.g. "
            "`python3.11 -m venv .venv`, and install srcnn-theano there"
        )
    library = find_library()
    if tuple(version[:2]) > library.last_python:
        raise UserError(
            "{}: SRCNN_BACKEND={}, but {} runs on 3.8 to {}.{} only; unset "
            "SRCNN_BACKEND".format(
                here, library.module, library.description, *library.last_python
            )
        )


def check_numpy(version=None):
    """Refuse a NumPy whose removed names (np.complex, ...) the library still uses."""
    if version is None:
        version = _numpy_version()
    library = find_library()
    if tuple(int(part) for part in version.split(".")[:2]) >= library.too_new_numpy:
        raise UserError(
            "NumPy {} is too new for {}, which needs one before {}.{}; put it right "
            "with `pip install {}`".format(
                version, library.description, *library.too_new_numpy, _numpy_pins()
            )
        )


def _numpy_version():
    try:
        import numpy
    except ImportError as error:
        raise UserError(
            f"NumPy cannot be imported ({error}); put it right with `pip install "
            f"{_numpy_pins()}`"
        ) from error
    return numpy.__version__


def _numpy_pins():
    if sys.version_info >= (3, 12):
        return "'numpy==1.26.4' 'scipy>=1.12,<1.13'"
    if sys.version_info >= (3, 11):
        return "'numpy==1.23.5' 'scipy>=1.9.2,<1.12'"
    return "'numpy>=1.21,<1.22' 'scipy>=1.7.2,<1.8'"


# --- the compiler --------------------------------------------------------------------


def find_compiler():
    """The user's `cxx`, else g++ on PATH or beside this Python.

    Returns
    -------
    Compiler
        With an empty path when the user switched C code off (`cxx=`), or there is none
        and SRCNN_DEVICE says that functions go through XLA, which needs none.

    Raises
    ------
    UserError
        No compiler, or one that does not run.
    """
    wanted = user_flag("cxx")
    if wanted == "":
        return Compiler("", "")
    # A conda environment that is used without being activated is not on PATH.
    here = os.path.join(sys.prefix, "bin")
    search = os.pathsep.join([os.environ.get("PATH", os.defpath), here])
    path = shutil.which(wanted or "g++", path=search)
    if path is None and not wanted and default_device() != "cpu":
        return Compiler("", "")
    if path is None:
        raise UserError(
            "{}: no such C++ compiler, and Theano compiles every function with one; "
            "install it (Debian, Ubuntu: `apt-get install g++`; Fedora: `dnf install "
            "gcc-c++`; conda: `conda install -c conda-forge gxx`)".format(
                wanted or "g++"
            )
        )
    return Compiler(path, _compiler_version(path))


def _compiler_version(path):
    try:
        answer = subprocess.run(
            [path, "--version"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except OSError as error:
        raise UserError(
            f"{path}: cannot be run ({error.strerror}); install a working g++"
        ) from error
    if answer.returncode != 0:
        raise UserError(
            f"{path}: `--version` fails with {answer.stdout.strip()!r}; install a "
            "working g++"
        )
    return answer.stdout.splitlines()[0] if answer.stdout else "unknown"


def check_headers():
    """Refuse a Python without Python.h: what Theano generates includes it."""
    folders = {sysconfig.get_path("include"), sysconfig.get_config_var("INCLUDEPY")}
    if not any(os.path.exists(os.path.join(str(d), "Python.h")) for d in folders):
        raise UserError(
            "{}: no Python.h, which every function compiled by Theano includes; "
            "install Python's headers (Debian, Ubuntu: `apt-get install python3-dev`; "
            "Fedora: `dnf install python3-devel`)".format(sysconfig.get_path("include"))
        )


# --- the BLAS ------------------------------------------------------------------------


def find_blas():
    """The first usable BLAS: the user's, conda's, the system's OpenBLAS, SciPy's.

    The library is named to the linker by its file name alone (`-l:FILE`). It is found
    when a module is linked because `use_blas` puts its folder into LIBRARY_PATH, and
    when a module is loaded because the process holds the library already. Neither
    -L nor -rpath is needed then, so that any folder name will do (Theano splits its
    flags at blanks) and compiled modules outlive the virtual environment.

    Raises
    ------
    UserError
        None was found.
    """
    ldflags = user_flag("blas__ldflags")
    if ldflags is not None:
        return Blas(ldflags, "", "from " + find_library().places_of_flags)
    for origin, look in _BLAS_PLACES.items():
        for library in look():
            if _has_sgemm(library):
                flag = "-l:" + os.path.basename(library)
                return Blas(flag, library, origin)
    raise UserError(
        "no BLAS for Theano to link with; install one (SciPy's wheel brings OpenBLAS: "
        f"`pip install --force-reinstall {_numpy_pins()}`; Debian, Ubuntu: `apt-get "
        "install libopenblas0`; conda: `conda install -c conda-forge libopenblas`) or "
        "name yours with THEANO_FLAGS=blas__ldflags=-lNAME"
    )


def _conda_libraries():
    for prefix in {sys.prefix: None, sys.base_prefix: None}:
        if os.path.isdir(os.path.join(prefix, "conda-meta")):
            for name in ("libmkl_rt", "libopenblas", "libblas"):
                yield from sorted(_files(os.path.join(prefix, "lib"), name + ".so*"))


def _system_libraries():
    ldconfig = shutil.which("ldconfig", path="/sbin:/usr/sbin:/bin:/usr/bin")
    if ldconfig is None:
        return []
    known = subprocess.run(
        [ldconfig, "-p"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ).stdout.decode(errors="replace")
    # Fedora's plain libopenblas is the single-threaded build: o (OpenMP) and p
    # (pthreads) come first. Debian's plain one is threaded, and the only one.
    found = re.findall(r"^\s*(libopenblas[op]?)\.so\S* .*=> (\S+)$", known, re.M)
    order = ["libopenblaso", "libopenblasp", "libopenblas"]
    return [path for _, path in sorted(found, key=lambda pair: order.index(pair[0]))]


def _scipy_libraries():
    try:
        # Older wheels' OpenBLAS finds its libgfortran only when SciPy itself loads it.
        import scipy.linalg
    except ImportError:
        return []
    site_packages = os.path.dirname(os.path.dirname(scipy.__file__))
    # NumPy's wheel has an OpenBLAS too, but one with 64-bit integers.
    return _files(os.path.join(site_packages, "scipy.libs"), "libopenblas*.so*")


_BLAS_PLACES = {
    "conda's": _conda_libraries,
    "the system's": _system_libraries,
    "in SciPy's wheel": _scipy_libraries,
}


def _files(folder, pattern):
    return glob.glob(os.path.join(glob.escape(folder), pattern))


def _has_sgemm(library):
    try:
        return hasattr(ctypes.CDLL(library), "sgemm_")
    except OSError:
        return False


def use_blas(blas):
    """Let compilers and the loader of this process find `blas`."""
    if blas.library:
        folders = [os.path.dirname(blas.library), os.environ.get("LIBRARY_PATH")]
        os.environ["LIBRARY_PATH"] = os.pathsep.join(filter(None, folders))
        ctypes.CDLL(blas.library)
    if "mkl" in blas.library:
        # MKL's own thread pool beside libgomp's would run twice as many threads.
        os.environ.setdefault("MKL_THREADING_LAYER", "GNU")


# --- threads -------------------------------------------------------------------------


def usable_cores():
    """Cores that this process may use: its CPU affinity, or less under a quota."""
    if hasattr(os, "sched_getaffinity"):
        cores = len(os.sched_getaffinity(0))
    else:
        cores = os.cpu_count() or 1
    return max(1, min(cores, _core_quota()))


def _core_quota():
    # Containers limit CPU time, not the cores that are seen: cgroup 2, then 1.
    with contextlib.suppress(OSError, ValueError):
        quota, period = (_CGROUP / "cpu.max").read_text().split()
        return -(-int(quota) // int(period))
    with contextlib.suppress(OSError, ValueError):
        quota = int((_CGROUP / "cpu/cpu.cfs_quota_us").read_text())
        if quota > 0:
            return -(-quota // int((_CGROUP / "cpu/cpu.cfs_period_us").read_text()))
    return sys.maxsize


def limit_threads():
    """Give OMP_NUM_THREADS a value where the libraries would start too many threads.

    It is the one knob: oneDNN (libgomp) reads it, and so do every build of OpenBLAS
    and MKL unless OPENBLAS_NUM_THREADS or MKL_NUM_THREADS is set. All of them know the
    CPU affinity and none of them a container's quota.
    """
    if _core_quota() < sys.maxsize:
        os.environ.setdefault("OMP_NUM_THREADS", str(usable_cores()))


# --- Theano's flags ------------------------------------------------------------------


def find_compile_folder():
    """None where the library's own choice will do, else a private folder.

    That is ~/.theano or ~/.aesara.
    """
    for name in ("compiledir", "base_compiledir"):
        if user_flag(name) is not None:
            return None
    home = Path(os.environ.get("HOME") or os.path.expanduser("~"))
    usual = "." + find_library().module
    if _writable(home / usual):
        return None
    user = os.getuid() if hasattr(os, "getuid") else "user"
    folder = Path(tempfile.gettempdir()) / f"srcnn_theano-{user}"
    if not _writable(folder) or not _private(folder):
        raise UserError(
            f"{folder}: cannot be used for compiled functions, nor can ~/{usual}; name "
            "a folder of yours with THEANO_FLAGS=base_compiledir=FOLDER"
        )
    return str(folder)


def _writable(folder):
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=str(folder)):
            return True
    except OSError:
        return False


def accelerators():
    """Names and memories of NVIDIA's graphics cards, as their driver tells them."""
    command = ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"]
    try:
        answer = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    names = answer.stdout.decode(errors="replace").splitlines()
    return names if answer.returncode == 0 else []


def _private(folder):
    # Compiled code is loaded from here: nobody else may have put it there.
    status = os.lstat(str(folder))
    ours = not hasattr(os, "getuid") or status.st_uid == os.getuid()
    return stat.S_ISDIR(status.st_mode) and ours and not status.st_mode & 0o022


def prepare():
    """Look at everything, set the process up, and say what Theano should be told.

    Returns
    -------
    Settings
        Its `flags` hold only what the user left open.

    Raises
    ------
    UserError
        The first thing that is missing, and its cure.
    """
    check_python()
    check_numpy()
    library = find_library()
    compiler = find_compiler()
    limit_threads()  # before a BLAS is loaded: it reads the variable only then
    if compiler.path:
        check_headers()
        blas = find_blas()
    else:
        blas = Blas(user_flag("blas__ldflags") or "", "", "unused: no compiler")
    flags = {"floatX": "float32", "blas__ldflags": blas.ldflags}
    if not compiler.path:
        flags["cxx"] = ""
    compile_folder = find_compile_folder()
    if compile_folder:
        flags["base_compiledir"] = compile_folder
    if library.module == "aesara":
        # Its modules are called as Theano's are and are others: a base_compiledir in
        # THEANO_FLAGS is for both.
        flags["compiledir_format"] = _AESARA_COMPILEDIR
    if compiler.path and not shutil.which("g++"):
        # Theano runs "g++ -v" by itself, whatever `cxx` says.
        folders = [os.environ.get("PATH", os.defpath), os.path.dirname(compiler.path)]
        os.environ["PATH"] = os.pathsep.join(folders)
    use_blas(blas)
    flags = {name: flags[name] for name in flags if user_flag(name) is None}
    return Settings(library, compiler, blas, flags)


@contextlib.contextmanager
def theano_flags(flags):
    """Have the library read `flags` inside the block, and leave no trace after it.

    It reads one variable, THEANO_FLAGS or AESARA_FLAGS, and of two values for a flag
    the last: so the user's come after these.
    """
    variables = find_library().flag_variables
    before = os.environ.get(variables[-1])
    ours = [f"{name}={_escape(value)}" for name, value in flags.items()]
    users = [os.environ.get(variable, "") for variable in variables]
    os.environ[variables[-1]] = ",".join(filter(None, ours + users))
    try:
        yield
    finally:
        if before is None:
            del os.environ[variables[-1]]
        else:
            os.environ[variables[-1]] = before


def _escape(value):
    return re.sub(r"([\\,'\"#])", r"\\\1", value)
