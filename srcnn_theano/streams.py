"""Standard output and standard error, which may be closed, full, or read by nobody.

What is said there never ends work: a command that makes files makes them all, whoever
listens.
"""

from __future__ import annotations

import argparse
import contextlib
import errno
import os
import sys
import unicodedata
from typing import Any, Iterator, NoReturn, TextIO

from srcnn_theano.errors import did_you_mean


class Tolerant:
    """A text stream that never raises an OSError.

    Parameters
    ----------
    stream : text stream or None
        None is what Python has in the place of a standard stream that is closed.
    lines_only : bool
        Write only lines and tabs, other control characters with escapes.

    Attributes
    ----------
    error : OSError or None
        The first that came up; what is written after it is lost.
    """

    def __init__(self, stream: TextIO | None, lines_only: bool = False) -> None:
        self.stream = stream
        self.lines_only = lines_only
        self.error: OSError | None = None
        if stream is None or stream.closed:
            self.error = OSError(errno.EBADF, os.strerror(errno.EBADF))

    def write(self, text: str) -> int:
        length = len(text)
        if self.lines_only:
            text = printable(text, kept="\n\t")
        if self.stream is not None and self.error is None:
            try:
                self.stream.write(text)
            except UnicodeEncodeError as error:  # a file's name, say
                coding = error.encoding
                self.write(text.encode(coding, "backslashreplace").decode(coding))
            except OSError as error:
                self._lose(error)
        return length

    def flush(self) -> None:
        if self.stream is not None and self.error is None:
            try:
                self.stream.flush()
            except OSError as error:
                self._lose(error)

    def isatty(self) -> bool:
        """Whether it is a terminal; what cannot be written to is none."""
        return self.stream is not None and self.error is None and self.stream.isatty()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.stream, name)

    def _lose(self, error: OSError) -> None:
        """Let what the stream still holds go, or Python complains of it at its end."""
        self.error = error
        with contextlib.suppress(OSError, ValueError, AttributeError):
            number = self.stream.fileno()  # type: ignore[union-attr]
            if number in (1, 2):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, number)
                os.close(nowhere)


def printable(text: str, kept: str = "") -> str:
    """`text` with escapes in place of characters that do not stay in their places.

    Names of files may hold what moves a terminal's cursor, turns the direction of
    writing or starts a line that looks like a message; and bytes that are no text.

    Parameters
    ----------
    text : str
    kept : str
        Characters to leave as they are.
    """
    return "".join(
        char
        if char in kept or _stays_in_place(char)
        else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def _stays_in_place(char: str) -> bool:
    return (
        unicodedata.category(char) not in _MOVING_CATEGORIES
        and unicodedata.bidirectional(char) not in _TURNS
    )


# Control characters, surrogates, ends of lines and of paragraphs.
_MOVING_CATEGORIES = ("Cc", "Cs", "Zl", "Zp")
_TURNS = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def say(text: str) -> None:
    """Write a line to standard error, if somebody is there to read it."""
    stream = Tolerant(sys.stderr)
    stream.write(printable(text) + "\n")
    stream.flush()


class Parser(argparse.ArgumentParser):
    """One that shows what it refuses with escapes, and the choice that was meant."""

    def error(self, message: str) -> NoReturn:
        super().error(printable(message))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            error.message += did_you_mean(str(value), map(str, action.choices or ()))
            raise


@contextlib.contextmanager
def tolerant_output() -> Iterator[Tolerant]:
    """Have `print` never end the work inside the block.

    Yields
    ------
    Tolerant
        Its `error` says after the block whether all was written.
    """
    _open_closed_streams()
    output = Tolerant(sys.stdout, lines_only=True)
    with contextlib.redirect_stdout(output):
        try:
            yield output
        finally:
            output.flush()


def _open_closed_streams() -> None:
    """Nothing in the place of closed standard streams.

    Else the next file that is opened gets the number of one of them, and whatever a
    library in C says is written into that file.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # The lowest free number is this one: those below it are open.
            os.open(os.devnull, os.O_RDWR)
