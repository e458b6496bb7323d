"""Theano-PyMC or Aesara: which of them compiles symbolic graphs here."""

from __future__ import annotations

import os
import sys
from typing import NamedTuple

from srcnn_theano.errors import UserError


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
    last_python: tuple[int, int]
    too_new_numpy: tuple[int, int]

    @property
    def description(self) -> str:
        """Its name for people."""
        return f"{self.distribution} {self.version}"

    @property
    def flag_variables(self) -> tuple[str, ...]:
        """Where the user's flags stand in the environment; the last counts most."""
        return tuple(dict.fromkeys(["THEANO_FLAGS", self.module.upper() + "_FLAGS"]))

    @property
    def places_of_flags(self) -> str:
        """The same and the configuration file, for people."""
        return "{} or .{}rc".format(", ".join(self.flag_variables), self.module)


LIBRARIES = {
    "theano": Library("theano", "Theano-PyMC", "1.1.2", (3, 11), (1, 24)),
    "aesara": Library("aesara", "Aesara", "2.9.4", (3, 12), (2, 0)),
}


def find_library() -> Library:
    """The library that SRCNN_BACKEND names, else the one that this Python runs.

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
