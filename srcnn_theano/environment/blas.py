"""The library of matrix products that compiled functions link with."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterable, Iterator, NamedTuple

from srcnn_theano.environment.device import has_instructions
from srcnn_theano.environment.flags import user_flag
from srcnn_theano.environment.library import find_library
from srcnn_theano.environment.python import numpy_pins
from srcnn_theano.errors import UserError


class Blas(NamedTuple):
    """The matrix-product library: Theano's link flags, the file, who chose it."""

    ldflags: str
    library: str
    origin: str

    @property
    def description(self) -> str:
        """One line for people."""
        return "{} ({})".format(self.library or self.ldflags or "none", self.origin)


def find_blas() -> Blas:
    """The first usable BLAS: the user's, conda's, the system's OpenBLAS, SciPy's.

    The library is named to the linker by its file name alone (`-l:FILE`). It is found
    when a module is linked because `use_blas` puts its folder into LIBRARY_PATH, and
    when a module is loaded because the process holds the library already. Neither
    -L nor -rpath is needed then, so that any folder name will do (Theano splits its
    flags at blanks) and compiled modules outlive the virtual environment.

    Raises
    ------
    UserError
        There is none.
    """
    ldflags = user_flag("blas__ldflags")
    if ldflags is not None:
        return Blas(ldflags, "", "from " + find_library().places_of_flags)
    for origin, look in _PLACES.items():
        for library in look():
            if _has_sgemm(library):
                return Blas("-l:" + Path(library).name, library, origin)
    raise UserError(
        "no BLAS for Theano to link with; install one (SciPy's wheel brings OpenBLAS: "
        f"`pip install --force-reinstall {numpy_pins()}`; Debian, Ubuntu: `apt-get "
        "install libopenblas0`; conda: `conda install -c conda-forge libopenblas`) or "
        "name yours with THEANO_FLAGS=blas__ldflags=-lNAME"
    )


def _conda_libraries() -> Iterator[str]:
    for prefix in {sys.prefix: None, sys.base_prefix: None}:
        if Path(prefix, "conda-meta").is_dir():
            for name in ("libmkl_rt", "libopenblas", "libblas"):
                yield from map(str, sorted(Path(prefix, "lib").glob(name + ".so*")))


def _system_libraries() -> list[str]:
    ldconfig = shutil.which("ldconfig", path="/sbin:/usr/sbin:/bin:/usr/bin")
    if ldconfig is None:
        return []
    known = subprocess.run(
        [ldconfig, "-p"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ).stdout.decode(errors="replace")
    # Fedora's plain libopenblas is the single-threaded build: o (OpenMP) and p
    # (pthreads) come first. Debian's plain one is threaded, and the only one.
    pairs = re.findall(r"^\s*(libopenblas[op]?)\.so\S* .*=> (\S+)$", known, re.M)
    order = ["libopenblaso", "libopenblasp", "libopenblas"]
    return [path for _, path in sorted(pairs, key=lambda pair: order.index(pair[0]))]


def _scipy_libraries() -> Iterable[str]:
    try:
        # Older wheels' OpenBLAS finds its libgfortran only when SciPy itself loads it.
        import scipy.linalg
    except ImportError:
        return []
    # NumPy's wheel has an OpenBLAS too, but one with 64-bit integers.
    site_packages = Path(scipy.__file__).parents[1]
    return map(str, (site_packages / "scipy.libs").glob("libopenblas*.so*"))


_PLACES = {
    "conda's": _conda_libraries,
    "the system's": _system_libraries,
    "in SciPy's wheel": _scipy_libraries,
}


def _has_sgemm(library: str) -> bool:
    try:
        return hasattr(ctypes.CDLL(library), "sgemm_")
    except OSError:
        return False


def better_kernels(blas: Blas) -> str:
    """What OPENBLAS_CORETYPE should be where OpenBLAS does not know the processor.

    It then computes as for the oldest that it has code for, a Prescott without AVX. ""
    where it knows the processor, where that has no AVX2, and for other libraries.
    """
    if not blas.library or _kernels(blas.library) != "Prescott":
        return ""
    if has_instructions("avx512f", "avx512vl", "avx512bw", "avx512dq"):
        return "SkylakeX"
    return "Haswell" if has_instructions("avx2", "fma") else ""


def _kernels(library: str) -> str:
    """The processor that an OpenBLAS computes for, as it calls it."""
    try:
        name = ctypes.CDLL(library).openblas_get_corename
    except (OSError, AttributeError):
        return ""
    name.restype = ctypes.c_char_p
    return name().decode(errors="replace")


def use_blas(blas: Blas) -> None:
    """Let compilers and the loader of this process find `blas`."""
    if blas.library:
        folders = [str(Path(blas.library).parent), os.environ.get("LIBRARY_PATH")]
        os.environ["LIBRARY_PATH"] = os.pathsep.join(filter(None, folders))
        ctypes.CDLL(blas.library)
    if "mkl" in blas.library:
        # MKL's own thread pool beside libgomp's would run twice as many threads.
        os.environ.setdefault("MKL_THREADING_LAYER", "GNU")
