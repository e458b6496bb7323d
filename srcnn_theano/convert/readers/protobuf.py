"""Messages of Google's Protocol Buffers, field by field, within bounds.

A message is a row of fields: number, kind and value, which may be a message again.
What a number stands for is said in a .proto file, and here by who reads the message.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Iterator

import numpy as np

_MOST_FIELDS = 1000000


class Message:
    """A message that counts the fields that are read of it, and of those within it.

    Parameters
    ----------
    content : memoryview
    left : iterator
        One item is taken for each field; shared by a message and all within it.
    """

    def __init__(self, content: memoryview, left: Iterator[int]):
        self.content = content
        self._left = left

    @classmethod
    def in_file(cls, path: Path) -> Message:
        """The message that is a whole file, which is mapped into memory, not read."""
        content: Any = np.memmap(path, np.uint8, "r")
        return cls(memoryview(content), iter(range(_MOST_FIELDS)))

    def fields(self) -> Iterator[tuple[int, Any]]:
        """(number, value) of each field; a value is an int or a Message.

        Raises
        ------
        ValueError
            The message is damaged, or has more fields than any file of weights.
        """
        content, at = self.content, 0
        value: Any
        while at < len(content):
            if next(self._left, None) is None:
                raise ValueError(f"more than {_MOST_FIELDS} fields")
            key, at = _varint(content, at)
            number, kind = key >> 3, key & 7
            if kind == 0:
                value, at = _varint(content, at)
            elif kind in (1, 2, 5):
                length = {1: 8, 5: 4}.get(kind)
                if length is None:
                    length, at = _varint(content, at)
                if at + length > len(content):
                    raise ValueError("it ends within a field")
                value = Message(content[at : at + length], self._left)
                at += length
            else:
                raise ValueError(f"a field of kind {kind}")
            yield number, value

    def text(self) -> str:
        """The content as text."""
        return bytes(self.content).decode()

    def numbers(self, dtype: str) -> np.ndarray:
        """The content as numbers, side by side."""
        return np.frombuffer(self.content, dtype)


def integers(value: Any) -> list[int]:
    """The integers in a field: a number, or several packed into a message."""
    if isinstance(value, int):
        return [value]
    integers, at = [], 0
    while at < len(value.content):
        n, at = _varint(value.content, at)
        integers.append(n)
    return integers


def _varint(content: memoryview, at: int) -> tuple[int, int]:
    """An integer of seven bits a byte, the lowest first; and where it ends."""
    value = 0
    for i in range(10):
        byte = content[at + i]
        value |= (byte & 127) << 7 * i
        if byte < 128:
            return value, at + i + 1
    raise ValueError("an integer of more than ten bytes")
