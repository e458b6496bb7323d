"""Ops whose C code lies in files of this folder."""

from __future__ import annotations

from typing import Any

from srcnn_theano.backend.internals import ExternalCOp, NoPythonOp

__all__ = ["CodedOp"]

# What ExternalCOp reads out of the files.
_CODE = ("func_codes", "code_sections")


class CodedOp(ExternalCOp, NoPythonOp):
    """An ExternalCOp whose pickles leave the code out.

    Theano keeps a pickle of each op beside a compiled module, one for each function
    that has it, and every process reads them all when it begins: with a hundred
    kilobytes of code in each, that came to a second and 300 MB.
    """

    def __getstate__(self) -> dict[str, Any]:
        return {
            name: self.__dict__[name] for name in self.__dict__ if name not in _CODE
        }

    def __getattr__(self, name: str) -> Any:
        # Of a pickled op, whose code is read when it is asked for.
        if name in _CODE and "func_files" in self.__dict__:
            self.__dict__.update(func_codes=[], code_sections={})  # Aesara adds to them
            self.load_c_code(self.func_files)
            return self.__dict__[name]
        raise AttributeError(f"{type(self).__name__} has no {name}")
