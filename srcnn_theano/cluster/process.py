"""A function of ours applied to some pictures, in a process of a worker.

    python -m srcnn_theano.cluster.process MODULE NETWORK SETTINGS OUT SOURCE TARGET...

A line of JSON for each picture goes to the file OUT when the picture is done.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import sys
from pathlib import Path
from typing import Any, Callable

from srcnn_theano.errors import UserError


def main(module: str, network: str, settings: str, out: str, *names: str) -> None:
    apply = importlib.import_module(module).prepare(Path(network), json.loads(settings))
    with Path(out).open("a", encoding="utf-8") as answers:
        for source, target in zip(names[::2], names[1::2]):
            answers.write(json.dumps(_answer(apply, Path(source), Path(target))) + "\n")
            answers.flush()


def _answer(apply: Callable[[Path, Path], Any], source: Path, target: Path) -> list:
    """As `pictures.Answer`."""
    value, error = None, ""
    with contextlib.redirect_stderr(io.StringIO()) as said:
        try:
            value = apply(source, target)
        except UserError as refused:
            error = str(refused)
        except MemoryError:
            error = (
                f"{source}: too large for the memory that is left; cut it into pieces"
            )
    return [value, None, error, said.getvalue()]


if __name__ == "__main__":
    main(*sys.argv[1:])
