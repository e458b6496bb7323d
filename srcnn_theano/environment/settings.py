"""Everything that is looked at before Theano is imported, in its order."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NamedTuple

from srcnn_theano.environment.blas import Blas, find_blas, use_blas
from srcnn_theano.environment.compile_folder import find_compile_folder
from srcnn_theano.environment.compiler import Compiler, check_headers, find_compiler
from srcnn_theano.environment.flags import check_values, user_flag
from srcnn_theano.environment.library import Library, find_library
from srcnn_theano.environment.python import check_numpy, check_python
from srcnn_theano.environment.threads import limit_threads

_AESARA_COMPILEDIR = (
    "aesara_%(short_platform)s-%(processor)s-%(python_version)s-%(python_bitwidth)s"
)


class Settings(NamedTuple):
    """What the machine has, and the flags that follow from it."""

    library: Library
    compiler: Compiler
    blas: Blas
    flags: dict[str, str]


def prepare() -> Settings:
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
    check_values()
    compiler = find_compiler()
    limit_threads()  # before a BLAS is loaded: it reads the variable only then
    if compiler.path:
        check_headers()
        blas = find_blas()
    else:
        blas = Blas(user_flag("blas__ldflags") or "", "", "unused: no compiler")
    flags = {"floatX": "float32", "blas__ldflags": blas.ldflags}
    # Seconds to wait while another process compiles; the libraries give up after 120.
    flags["compile__timeout"] = "3600"
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
        folders = [os.environ.get("PATH", os.defpath), str(Path(compiler.path).parent)]
        os.environ["PATH"] = os.pathsep.join(folders)
    use_blas(blas)
    flags = {name: flags[name] for name in flags if user_flag(name) is None}
    return Settings(library, compiler, blas, flags)
