"""The history of a training: a CSV file with a row per epoch."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from reprlib import repr as _short
from typing import Mapping, Sequence

import numpy as np

from srcnn_theano.errors import UserError
from srcnn_theano.files import is_there, require_file, write_text

# With these begins every row; numbers of any name may follow.
FIRST_COLUMNS = ("epoch", "iteration", "learning_rate", "cost")


def history_text(rows: Sequence[Mapping[str, str]]) -> str:
    """The text of a history file: rows, dicts with the same keys."""
    stream = io.StringIO()
    writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return stream.getvalue()


def write_history(path: Path, rows: Sequence[Mapping[str, str]]) -> None:
    """Write rows, dicts with the same keys, in one step."""
    write_text(path, history_text(rows))


def read_history(path: Path) -> list[dict[str, str]]:
    """The rows of a history file, one for each epoch.

    Raises
    ------
    UserError
        There is no such file, or `parse_history` refuses what it holds.
    """
    try:
        if is_there(path):
            require_file(path)
        return parse_history(Path(path).read_bytes().decode("utf-8"))
    except OSError as error:
        raise UserError(
            f"{path}: cannot be read ({error.strerror}); delete the run folder to "
            "start anew"
        ) from error
    except ValueError as error:
        raise UserError(
            f"{path}: damaged ({error}); use another copy, or delete the run folder to "
            "start anew"
        ) from error


def as_numbers(rows: Sequence[Mapping[str, str]]) -> dict[str, np.ndarray]:
    """A history as one array for each column, (epochs,).

    Parameters
    ----------
    rows : sequence of dict
        As `read_history` gives them, and as they stand in `Trainer.history`.

    Returns
    -------
    dict of str to array
        Integers for ``epoch`` and ``iteration``, floats for all others.
    """
    columns = {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}
    return {
        name: np.array(cells, int if name in FIRST_COLUMNS[:2] else float)
        for name, cells in columns.items()
    }


def parse_history(text: str) -> list[dict[str, str]]:
    """The rows of the text of a history file.

    Raises
    ------
    ValueError
        It is not whole, or its epochs are not 1, 2, 3, ... with as many iterations
        each; a cell is no number.
    """
    if not text.endswith("\n"):
        raise ValueError("its last line is not whole")
    lines = [line.split(",") for line in text[:-1].split("\n")]
    names = lines[0]
    if tuple(names[:4]) != FIRST_COLUMNS or len(set(names)) < len(names):
        raise ValueError(f"its columns are {_short(names)}")
    rows = []
    for epoch, cells in enumerate(lines[1:], start=1):
        if len(cells) != len(names) or not all(map(_is_number, cells)):
            raise ValueError(f"line {epoch + 1} is no row of {len(names)} numbers")
        rows.append(dict(zip(names, cells)))
        if cells[0] != str(epoch):
            raise ValueError(f"line {epoch + 1} is of epoch {_short(cells[0])}")
        if not cells[1].isdigit() or int(cells[1]) != epoch * int(lines[1][1]):
            raise ValueError(f"line {epoch + 1} has {_short(cells[1])} iterations")
    return rows


def _is_number(cell: str) -> bool:
    try:
        return len(cell) < 40 and math.isfinite(float(cell))
    except ValueError:
        return False
