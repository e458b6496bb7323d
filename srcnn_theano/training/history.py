"""The history of a training: a CSV file with a row per epoch."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Mapping, Sequence

from srcnn_theano.errors import UserError
from srcnn_theano.files import write_text


def write_history(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Write rows, dicts with the same keys, in one step."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, stream.getvalue())


def read_history(path: Path) -> list[dict[str, str]]:
    """The rows of a history file, one for each epoch.

    Raises
    ------
    UserError
        There is no such file.
    """
    try:
        with path.open(newline="") as stream:
            return [dict(row) for row in csv.DictReader(stream)]
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); delete the run folder to "
            "start anew"
        ) from error
