"""Progress bars, which never end the work that they show."""

from __future__ import annotations

import sys
from typing import Any

from tqdm import tqdm

from srcnn_theano.streams import Tolerant, printable


class Bar(tqdm):
    """A bar of tqdm on standard error, whatever becomes of that.

    Parameters
    ----------
    as of tqdm, without `file`; ``disable=None`` shows the bar on a terminal only
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        settings["desc"] = printable(settings.get("desc") or "") or None
        super().__init__(*arguments, file=Tolerant(sys.stderr), **settings)


def say_above(text: str) -> None:
    """Write a line to standard error, above the bars that are shown there."""
    Bar.write(printable(text), file=Tolerant(sys.stderr))
