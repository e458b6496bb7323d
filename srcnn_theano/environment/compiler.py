"""The C++ compiler and Python's headers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

from srcnn_theano.environment.device import default_device
from srcnn_theano.environment.flags import user_flag
from srcnn_theano.environment.library import find_library
from srcnn_theano.errors import UserError


class Compiler(NamedTuple):
    """The C++ compiler Theano will run, and what it says its version is."""

    path: str
    version: str


def find_compiler() -> Compiler:
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
    here = str(Path(sys.prefix, "bin"))
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
    return Compiler(path, _version(path))


def c_code_is_off() -> str:
    """What to say where C code is needed and the flag ``cxx=`` turns it off."""
    return (
        f"C code is switched off by cxx= in {find_library().places_of_flags}; "
        "convolutions need it: take the flag out, or use --device xla"
    )


def _version(path: str) -> str:
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


def check_headers() -> None:
    """Refuse a Python without Python.h: what Theano generates includes it."""
    folders = {sysconfig.get_path("include"), sysconfig.get_config_var("INCLUDEPY")}
    if not any(Path(str(folder), "Python.h").exists() for folder in folders):
        raise UserError(
            "{}: no Python.h, which every function compiled by Theano includes; "
            "install Python's headers (Debian, Ubuntu: `apt-get install python3-dev`; "
            "Fedora: `dnf install python3-devel`)".format(sysconfig.get_path("include"))
        )
