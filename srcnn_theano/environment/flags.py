"""The library's flags: those that the user set, and how to hand on more of them."""

from __future__ import annotations

import configparser
import contextlib
import difflib
import os
import re
import shlex
from pathlib import Path
from typing import Collection, Iterator, Mapping

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
    for variable, flags in _in_variables():
        if name in flags:
            return flags[name]
    section, _, option = name.rpartition("__")
    files = _configuration(find_library().module)
    return files.get(section or "global", option, fallback=None)


def _in_variables() -> Iterator[tuple[str, dict[str, str]]]:
    """The variables and the flags that are set there; the first one counts most."""
    for variable in reversed(find_library().flag_variables):
        yield variable, parse_flags(os.environ.get(variable, ""), variable)


# --- Flags that functions cannot be compiled with ---

# Convolutions are ops without code in Python, which an optimiser puts in the place of
# Theano's abstract ones.
_WORKING = {
    "mode": ("Mode", "FAST_RUN", "NanGuardMode"),
    "optimizer": ("o4", "o3", "o2", "o1", "fast_run", "fast_compile", "unsafe"),
    "linker": ("cvm", "vm", "cvm_nogc", "vm_nogc", "c|py", "c|py_nogc"),
    "floatX": ("float32", "float64"),
    "device": ("cpu",),
}


def check_values() -> None:
    """Refuse values that nothing can be compiled with.

    Raises
    ------
    UserError
        It names the variable, or the file and the line.
    """
    for name, working in _WORKING.items():
        value = user_flag(name)
        if value is not None and value not in working:
            raise UserError(
                f"{_place(name)}: {name}={value}: nothing can be compiled with that "
                f"here; leave it out, or use one of {', '.join(working)}"
            )


def check_names(known: Collection[str]) -> None:
    """Refuse flags of names that the library has not.

    Sections of a configuration file that it knows nothing of are left alone: such files
    are older than the library.

    Parameters
    ----------
    known : collection of str

    Raises
    ------
    UserError
        It names the variable, or the file and the line.
    """
    for variable, flags in _in_variables():
        for name in flags:
            if name not in known:
                raise _no_such_flag(variable, name, known)
    # Names in files may be of any case.
    names = {name.lower() for name in known}
    sections = {name.rpartition("__")[0] for name in known} - {""}
    files = _configuration(find_library().module)
    for section in files.sections():
        if section == "global" or section in sections:
            prefix = "" if section == "global" else section + "__"
            for option in files[section]:
                if prefix.lower() + option not in names:
                    place = _place(prefix + option)
                    raise _no_such_flag(place, prefix + option, known)


def _no_such_flag(place: str, name: str, known: Collection[str]) -> UserError:
    near = difflib.get_close_matches(name, known, 1)
    cure = f"is {near[0]} meant?" if near else "leave it out"
    return UserError(f"{place}: {name!r} is no flag of {find_library().module}; {cure}")


def _place(name: str) -> str:
    """The variable where a flag is set, or the file and the line."""
    for variable, flags in _in_variables():
        if name in flags:
            return variable
    section, _, option = name.rpartition("__")
    for path in reversed(_files(find_library().module)):
        lines = []
        with contextlib.suppress(OSError):
            lines = expanded(path).read_text(encoding="utf-8").splitlines()
        place, current = "", ""
        for number, line in enumerate(lines, start=1):
            heading = re.match(r"\[(.*)\]", line)
            if heading:
                current = heading.group(1)
            words = re.match(r"([^=:]*)[=:]", line)
            if words and words.group(1).strip().lower() == option.lower():
                if current == (section or "global"):
                    place = f"{path}, line {number}"
        if place:
            return place
    return find_library().places_of_flags


# --- Reading ---


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
    for path in _files(module):
        try:
            parser.read(expanded(path))
        except (configparser.Error, UnicodeDecodeError) as error:
            raise UserError(
                "{}: not a configuration file of {} ({}); correct or remove it".format(
                    path, module.capitalize(), str(error).replace("\n", " ")
                )
            ) from error
    return parser


def _files(module: str) -> list[str]:
    """The configuration files; the last one counts most."""
    files = os.environ.get(module.upper() + "RC", f"~/.{module}rc")
    return files.split(os.pathsep)


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
