"""Pickles, read by a machine that knows values and records, and runs nothing.

Python's own unpickler builds what the file says, with the file's numbers: NumPy's types
in impossible states, tables of 4 GB for one index, keys whose hash takes years. Here a
pickle's operations work on plain values; what it calls is looked up in a table of
functions of ours, which make records.
"""

from __future__ import annotations

import pickletools
from typing import Any, Callable, Mapping

MOST_OPERATIONS = 200000
_MOST_BITS = 80  # PyTorch's magic number has 77

_VALUES = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: dict[str, Callable[[], Any]] = {
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
    "EMPTY_TUPLE": tuple,
}
_TEXT = ("STRING", "BINSTRING", "SHORT_BINSTRING")
_UNICODE = ("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8")
_BYTES = ("BINBYTES", "SHORT_BINBYTES", "BINBYTES8")
_INTS = ("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4")
_CONSTANTS = frozenset(_TEXT + _UNICODE + _BYTES + _INTS + ("FLOAT", "BINFLOAT"))
_PUTS = ("PUT", "BINPUT", "LONG_BINPUT")
_GETS = ("GET", "BINGET", "LONG_BINGET")
_NOTHING_TO_DO = ("PROTO", "FRAME")


class ForbiddenPickleError(Exception):
    """A pickle wants to call something that its reader does not allow."""


class Built:
    """What a pickle may give a state after it was made; by default that is dropped."""

    def build(self, state: Any) -> None:
        pass


class Call:
    """A name in a pickle that stands for a function of ours."""

    def __init__(self, function: Callable[..., Any]):
        self.function = function


def load(
    stream: Any,
    may_be_called: Mapping[tuple[str, str], Any],
    persistent: Callable[[Any], Any] | None = None,
) -> Any:
    """The value of the pickle that begins here.

    Parameters
    ----------
    stream : bounds.BoundedStream
        Stands behind the pickle afterwards.
    may_be_called : mapping of (module, name) to what that stands for
        A `Call`, or any value, which cannot be called.
    persistent : function of an identity, optional
        Gives the value that the pickle names by an identity.

    Raises
    ------
    ForbiddenPickleError
        It names something that is not in the table.
    Exception
        It is damaged.
    """
    machine = _Machine(may_be_called, persistent)
    for i, (operation, argument, _) in enumerate(pickletools.genops(stream)):
        if i >= MOST_OPERATIONS:
            raise ValueError(f"a pickle of more than {MOST_OPERATIONS} operations")
        if operation.name == "STOP":
            break
        machine.do(operation.name, argument)
    return machine.stack.pop()


class _Machine:
    """The stack and the memo of a pickle."""

    def __init__(
        self,
        may_be_called: Mapping[tuple[str, str], Any],
        persistent: Callable[[Any], Any] | None,
    ):
        self.may_be_called = may_be_called
        self.persistent = persistent
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def do(self, name: str, argument: Any) -> None:
        stack = self.stack
        if name in _CONSTANTS:
            if type(argument) is int and argument.bit_length() > _MOST_BITS:
                raise ValueError("an integer that is no size of anything")
            stack.append(argument)
        elif name in _VALUES:
            stack.append(_VALUES[name])
        elif name in _EMPTY:
            stack.append(_EMPTY[name]())
        elif name in _PUTS:
            self.memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            self.memo[len(self.memo)] = stack[-1]
        elif name in _GETS:
            stack.append(self.memo[argument])
        elif name == "MARK":
            self.marks.append(stack)
            self.stack = []
        elif name not in _NOTHING_TO_DO:
            getattr(self, "do_" + name.lower(), self._refuse)(argument)

    def _refuse(self, argument: Any) -> None:
        raise ForbiddenPickleError("an object of Python's")

    def _marked(self) -> list[Any]:
        """What was put on the stack since the last mark."""
        marked, self.stack = self.stack, self.marks.pop()
        return marked

    # --- Names and calls ---

    def do_global(self, argument: str) -> None:
        module, name = argument.split(" ", 1)
        self._find(module, name)

    def do_stack_global(self, _: None) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self._find(module, name)

    def _find(self, module: Any, name: Any) -> None:
        if type(module) is not str or type(name) is not str:
            raise ValueError("a name that is no text")
        if (module, name) not in self.may_be_called:
            raise ForbiddenPickleError(f"{module}.{name}")
        self.stack.append(self.may_be_called[module, name])

    def do_reduce(self, _: None) -> None:
        arguments, call = self.stack.pop(), self.stack.pop()
        if not isinstance(call, Call) or type(arguments) is not tuple:
            raise ValueError("it calls what is no function")
        self.stack.append(call.function(*arguments))

    def do_build(self, _: None) -> None:
        state = self.stack.pop()
        if isinstance(self.stack[-1], Built):
            self.stack[-1].build(state)
        elif type(self.stack[-1]) is not dict:  # attributes of an ordered dictionary
            raise ValueError("a state for what has none")

    def do_binpersid(self, _: None) -> None:
        if self.persistent is None:
            raise ForbiddenPickleError("a reference to something outside")
        self.stack.append(self.persistent(self.stack.pop()))

    # --- Lists, tuples and dictionaries ---

    def do_append(self, _: None) -> None:
        value = self.stack.pop()
        self._extend([value])

    def do_appends(self, _: None) -> None:
        self._extend(self._marked())

    def _extend(self, values: list[Any]) -> None:
        if type(self.stack[-1]) is not list:
            raise ValueError("it appends to what is no list")
        self.stack[-1].extend(values)

    def do_setitem(self, _: None) -> None:
        value, key = self.stack.pop(), self.stack.pop()
        self._set([key, value])

    def do_setitems(self, _: None) -> None:
        self._set(self._marked())

    def do_dict(self, _: None) -> None:
        values = self._marked()
        self.stack.append({})
        self._set(values)

    def _set(self, values: list[Any]) -> None:
        """Sets items of the dictionary on the stack: key, value, key, value ..."""
        target = self.stack[-1]
        if type(target) is not dict or len(values) % 2:
            raise ValueError("it sets items of what is no dictionary")
        for key, value in zip(values[::2], values[1::2]):
            if type(key) not in (str, int, bytes):
                raise ValueError("a key that is no name")
            target[key] = value

    def do_list(self, _: None) -> None:
        values = self._marked()
        self.stack.append(values)

    def do_tuple(self, _: None) -> None:
        values = self._marked()
        self.stack.append(tuple(values))

    def do_tuple1(self, _: None) -> None:
        self.stack[-1:] = [tuple(self.stack[-1:])]

    def do_tuple2(self, _: None) -> None:
        self.stack[-2:] = [tuple(self.stack[-2:])]

    def do_tuple3(self, _: None) -> None:
        self.stack[-3:] = [tuple(self.stack[-3:])]

    def do_pop(self, _: None) -> None:
        if self.stack:
            self.stack.pop()
        else:
            self.stack = self.marks.pop()

    def do_pop_mark(self, _: None) -> None:
        self._marked()

    def do_dup(self, _: None) -> None:
        self.stack.append(self.stack[-1])


def new_dict(*pairs: Any) -> dict[Any, Any]:
    """An empty dictionary, or one of pairs as Python 2 pickled ordered ones."""
    result: dict[Any, Any] = {}
    if pairs and type(pairs[0]) is not list:
        raise ValueError("an ordered dictionary of what is no list")
    for key, value in pairs[0] if pairs else ():
        if type(key) not in (str, int, bytes):
            raise ValueError("a key that is no name")
        result[key] = value
    return result
