"""Theano's import without what takes half of its time and is never used here."""

from __future__ import annotations

import contextlib
import importlib
import sys
from types import ModuleType
from typing import Any, Iterator


@contextlib.contextmanager
def lean_imports(library: str) -> Iterator[None]:
    """Put off or leave out, inside the block, what is imported and not called.

    - ``scipy.stats``, for the chi-squared distribution, is imported when something of
      it is asked for.
    - ``scipy.signal`` is for convolutions in Python, which Theano has for DebugMode and
      SciPy has left since 1.8. (Aesara insists on it.)
    - Setuptools puts itself in the place of the standard library's distutils, of which
      Theano wants two functions; it is kept out of the way.

    Parameters
    ----------
    library : 'theano' or 'aesara'
    """
    import scipy

    places: dict[str, ModuleType | None] = {"scipy.stats": _later("scipy.stats")}
    if library == "theano":
        places["scipy.signal"] = None
    places = {name: place for name, place in places.items() if name not in sys.modules}
    sys.modules.update(places)  # type: ignore[arg-type]  # None: cannot be imported
    if "scipy.stats" in places:
        scipy.stats = places["scipy.stats"]
    try:
        with _standard_distutils():
            yield
    finally:
        for name, place in places.items():
            if sys.modules.get(name) is place:
                # Who imports it from now on gets the module itself.
                del sys.modules[name]


def _later(name: str) -> ModuleType:
    """A module that is imported when one of its attributes is asked for."""
    module = ModuleType(name)

    def attribute(attribute_name: str) -> Any:
        if attribute_name.startswith("__"):  # the import system asks for these
            raise AttributeError(attribute_name)
        if sys.modules.get(name) is module:
            del sys.modules[name]
        return getattr(importlib.import_module(name), attribute_name)

    module.__dict__["__getattr__"] = attribute
    return module


@contextlib.contextmanager
def _standard_distutils() -> Iterator[None]:
    hack = sys.modules.get("_distutils_hack")
    if hack is None or sys.version_info >= (3, 12):  # which has no other
        yield
        return
    finder = hack.DISTUTILS_FINDER
    was_there = finder in sys.meta_path
    if was_there:
        sys.meta_path.remove(finder)
    try:
        yield
    finally:
        if was_there:
            sys.meta_path.insert(0, finder)
