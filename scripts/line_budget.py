"""Lines of each room beside its budget, which stands in the map of CONTRIBUTING.md.

    python scripts/line_budget.py

Exits with 1 where a room has more lines than its budget. Whoever needs more raises the
number in the map, in the same change, and so says that the lines are worth it.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Iterator

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "srcnn_theano"
CODE = {".py", ".c", ".cpp", ".css", ".h", ".html", ".js"}
_ROW = re.compile(r"^\| `([\w/]+?)/?` \| (\d+) \|", re.M)


def budgets() -> dict[str, int]:
    """Lines that each room may have, in the order of the map.

    Keys are the names of modules and folders of the package, and of folders beside it.
    """
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    return {name: int(lines) for name, lines in _ROW.findall(text)}


def code_files(room: str) -> Iterator[Path]:
    """The files of a room that hold code, in order."""
    places = [PACKAGE / room, PACKAGE / (room + ".py")]
    if not any(place.exists() for place in places):
        places = [ROOT / room]
    for place in places:
        files = sorted(place.rglob("*")) if place.is_dir() else [place]
        yield from (path for path in files if path.is_file() and path.suffix in CODE)


def count_lines(room: str) -> int:
    """Lines of all files of a room that hold code."""
    return sum(len(path.read_text("utf-8").splitlines()) for path in code_files(room))


def main() -> int:
    """Print a line for each room; returns the exit status."""
    over = 0
    for room, budget in budgets().items():
        lines = count_lines(room)
        over += lines > budget
        print(f"{room:<16} {lines:>6} of {budget:>6}{'  over' * (lines > budget)}")
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
