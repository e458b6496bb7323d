"""Where oneDNN is, which pip installs beside Python."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import NamedTuple


class OneDNN(NamedTuple):
    """The library's file, and the folder that holds ``oneapi/dnnl/dnnl.h``."""

    library: Path
    include: Path


def find() -> OneDNN:
    """oneDNN in the folders of this Python.

    Raises
    ------
    FileNotFoundError
        The library or its headers are missing.
    """
    libraries = sorted(Path(sys.prefix, "lib").glob("libdnnl.so*"))
    include = Path(sys.prefix, "include")
    if not libraries or not (include / "oneapi" / "dnnl" / "dnnl.h").exists():
        raise FileNotFoundError(f"no libdnnl.so with its headers under {sys.prefix}")
    return OneDNN(libraries[0], include)
