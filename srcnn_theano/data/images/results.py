"""Which pictures are results of ``srcnn-theano upscale``, by the records it keeps.

A record is a hidden file in the folder of results with a line of JSON for each picture
written: its name from there, and what the file was then.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any, Callable

from srcnn_theano.errors import UserError
from srcnn_theano.files import kind_at, parse_json

NAME = ".srcnn-theano.jsonl"
_MOST_BYTES = 1 << 28


def results_in(*folders: Path) -> Callable[[Path], bool]:
    """What tells whether a file is a result that the record of a folder lists.

    Another file of its name, put there since, is none.
    """
    made = {
        os.path.realpath(folder / name): line.get("result_is")
        for folder in folders
        for name, line in lines_of(folder / NAME).items()
    }

    def is_one(path: Path) -> bool:
        state = made.get(os.path.realpath(path)) if made else None
        return state is not None and state == state_of(path)

    return is_one


def lines_of(record: Path) -> dict[str, dict[str, Any]]:
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


def state_of(path: Path) -> list[int]:
    """Bytes and time of the last change: other content has others."""
    with contextlib.suppress(OSError):
        status = path.stat()
        return [status.st_size, status.st_mtime_ns]
    return []
