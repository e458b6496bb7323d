"""Progress bars, which never end the work that they show."""

from __future__ import annotations

import sys
import time
from typing import Any

from tqdm import tqdm

from srcnn_theano.streams import Tolerant, printable

# In a log: no two lines of a bar within a second, and some sign of life in between.
_LEAST_SECONDS, _MOST_SECONDS = 1, 600
_PART_SECONDS = 60  # the same for the bar of a part of the work


class Bar(tqdm):
    """A bar of tqdm on standard error, whatever becomes of that.

    Where standard error is no terminal, a bar is a line at each tenth of the work and
    at its end, and a bar that would vanish at its end is a line a minute.

    Parameters
    ----------
    as of tqdm, without `file`; ``disable=None`` shows the bar on a terminal only
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        stream = Tolerant(sys.stderr)
        self._in_lines = not stream.isatty()
        self._told, self._told_at = settings.get("initial", 0), time.monotonic()
        settings["desc"] = printable(settings.get("desc") or "") or None
        self._of_a_part = not settings.get("leave", True)
        super().__init__(*arguments, file=stream, **settings)

    def display(self, msg: str | None = None, pos: int | None = None) -> bool:
        """Draw the bar anew, or write a line if it is time for one."""
        if not self._in_lines:
            return super().display(msg, pos)
        if msg is None and self._is_due():
            self._write_line()
        return False  # nothing that could be wiped out again

    def clear(self, *arguments: Any, **settings: Any) -> None:
        """Wipe the bar out, if it is a bar."""
        if not self._in_lines:
            super().clear(*arguments, **settings)

    def close(self) -> None:
        """End the bar; it tells how far it came."""
        if self._in_lines and not self.disable:
            if self.n != self._told and not self._of_a_part:
                self._write_line()
            self.leave = False
        super().close()

    def _is_due(self) -> bool:
        since = time.monotonic() - self._told_at
        if self._of_a_part:
            return since >= _PART_SECONDS
        if since < _LEAST_SECONDS:
            return False
        return since >= _MOST_SECONDS or self._tenth(self.n) > self._tenth(self._told)

    def _tenth(self, done: float) -> int:
        return int(10 * done / self.total) if self.total else 0

    def _write_line(self) -> None:
        self._told, self._told_at = self.n, time.monotonic()
        self.fp.write(f"{self}\n")


def say_above(text: str) -> None:
    """Write a line to standard error, above the bars that are shown there."""
    Bar.write(printable(text), file=Tolerant(sys.stderr))
