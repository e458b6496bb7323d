"""The library's flags: those that the user set, and how to hand on more of them."""

from __future__ import annotations

import configparser
import contextlib
import os
import re
import shlex
from pathlib import Path
from typing import Iterator, Mapping

from srcnn_theano.environment.library import find_library
from srcnn_theano.errors import UserError


def user_flag(name: str) -> str | None:
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
    flags: dict[str, str] = {}
    for variable in library.flag_variables:
        flags.update(parse_flags(os.environ.get(variable, ""), variable))
    section, _, option = name.rpartition("__")
    files = _configuration(library.module)
    return flags.get(name, files.get(section or "global", option, fallback=None))


def parse_flags(text: str, variable: str) -> dict[str, str]:
    """Flags by name from the text of an environment variable.

    The rule is Theano's own: flags are separated by commas, with the shell's quotes and
    backslashes.

    Raises
    ------
    UserError
        A quote is open or a backslash stands at the end; the message names `variable`.
    """
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


def _configuration(module: str) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    files = os.environ.get(module.upper() + "RC", f"~/.{module}rc")
    for path in files.split(os.pathsep):
        try:
            parser.read(expanded(path))
        except configparser.Error as error:
            raise UserError(
                "{}: not a configuration file of {} ({}); correct or remove it".format(
                    path, module.capitalize(), str(error).replace("\n", " ")
                )
            ) from error
    return parser


def expanded(path: str) -> Path:
    """The path with the user's home in the place of ``~``, where the user has one."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


@contextlib.contextmanager
def theano_flags(flags: Mapping[str, str]) -> Iterator[None]:
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


def _escape(value: str) -> str:
    return re.sub(r"([\\,'\"#])", r"\\\1", value)
