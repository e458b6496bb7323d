"""Pickles that build what a table allows, and run nothing else."""

from __future__ import annotations

import pickle
from typing import Any, ClassVar, Mapping


class ForbiddenPickleError(Exception):
    """A pickle wants to call something that its reader does not allow."""


class RestrictedUnpickler(pickle.Unpickler):
    """A pickle may run anything; a subclass lists what its files may call.

    Attributes
    ----------
    may_be_called : mapping of (module, name) to the object that is used for it
    """

    may_be_called: ClassVar[Mapping[tuple[str, str], Any]]

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.may_be_called:
            raise ForbiddenPickleError(f"{module}.{name}")
        return self.may_be_called[module, name]
