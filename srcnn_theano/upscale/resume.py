"""What each result was made from and by, so that ``--resume`` knows what is done.

A hidden file in the folder of results has a line of JSON for each picture written. A
result counts as done if it still is the file that was written, of the same source file,
by the same network with the same options. Another file may have the size and the time
of a source: its checksum tells.
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any, Mapping

from srcnn_theano.data.images import results
from srcnn_theano.files import sha256
from srcnn_theano.upscale.plan import Job


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
        self._path = folder / results.NAME
        self._maker = dict(maker)
        self._lines = results.lines_of(self._path)

    def is_done(self, job: Job) -> bool:
        """Whether the result is there, and what this run would make."""
        line = self._lines.get(self._name(job.target), {})
        checksum = line.get("source_sha256")
        if line != {**self._line(job), "source_sha256": checksum}:
            return False  # and nothing has been read
        with contextlib.suppress(OSError):
            return sha256(job.source) == checksum
        return False

    def add(self, job: Job) -> None:
        """Note that a result has been written. Without a note it is made again."""
        with contextlib.suppress(OSError):
            line = {**self._line(job), "source_sha256": sha256(job.source)}
            text = json.dumps(line) + "\n"
            with self._path.open("ab+") as stream:
                if stream.tell():
                    stream.seek(-1, os.SEEK_END)
                    if stream.read(1) != b"\n":  # a line that was cut off
                        text = "\n" + text
                stream.write(text.encode("ascii"))

    def _line(self, job: Job) -> dict[str, Any]:
        return {
            "result": self._name(job.target),
            "result_is": results.state_of(job.target),
            "source_is": results.state_of(job.source),
            "maker": self._maker,
        }

    def _name(self, target: Path) -> str:
        return os.path.relpath(target, self._folder)
