"""What each result was made from and by, so that ``--resume`` knows what is done.

A hidden file in the folder of results has a line of JSON for each picture written. A
result counts as done if it still is the file that was written, of the same source file,
by the same network with the same options.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any, Callable, Mapping

from srcnn_theano.errors import UserError
from srcnn_theano.files import kind_at, parse_json
from srcnn_theano.upscale.plan import Job

NAME = ".srcnn-theano.jsonl"
_MOST_BYTES = 1 << 28


class Made:
    """The record of a folder of results.

    Parameters
    ----------
    folder : path
        Results in folders below it belong to it, too.
    maker : dict
        The network and the options, as JSON would have them.
    """

    def __init__(self, folder: Path, maker: Mapping[str, Any]) -> None:
        self._folder = folder
        self._path = folder / NAME
        self._maker = dict(maker)
        self._lines = _lines_of(self._path)

    def is_done(self, job: Job) -> bool:
        """Whether the result is there, and what this run would make."""
        line = self._lines.get(self._name(job.target))
        return line is not None and line == self._line(job)

    def add(self, job: Job) -> None:
        """Note that a result has been written. Without a note it is made again."""
        text = json.dumps(self._line(job)) + "\n"
        with contextlib.suppress(OSError):
            with self._path.open("ab+") as stream:
                if stream.tell():
                    stream.seek(-1, os.SEEK_END)
                    if stream.read(1) != b"\n":  # a line that was cut off
                        text = "\n" + text
                stream.write(text.encode("ascii"))

    def _line(self, job: Job) -> dict[str, Any]:
        return {
            "result": self._name(job.target),
            "result_is": _state(job.target),
            "source_is": _state(job.source),
            "maker": self._maker,
        }

    def _name(self, target: Path) -> str:
        return os.path.relpath(target, self._folder)


def results_in(folder: Path) -> Callable[[Path], bool]:
    """What tells whether a file is a result that the record of a folder lists.

    Another file of its name, put there since, is none.
    """
    made = {
        os.path.realpath(folder / name): line.get("result_is")
        for name, line in _lines_of(folder / NAME).items()
    }

    def is_one(path: Path) -> bool:
        state = made.get(os.path.realpath(path))
        return state is not None and state == _state(path)

    return is_one


def _lines_of(record: Path) -> dict[str, dict[str, Any]]:
    """The lines of a record by the names of results; of none if it cannot be read."""
    lines: dict[str, dict[str, Any]] = {}
    with contextlib.suppress(OSError, UserError):
        if kind_at(record) != "a file" or record.stat().st_size > _MOST_BYTES:
            return lines
        for text in record.read_text("ascii", "replace").splitlines():
            with contextlib.suppress(ValueError, KeyError, TypeError):
                line = parse_json(text)
                lines[str(line["result"])] = line
    return lines


def _state(path: Path) -> list[int]:
    """Bytes and time of the last change: other content has others."""
    with contextlib.suppress(OSError):
        status = path.stat()
        return [status.st_size, status.st_mtime_ns]
    return []
