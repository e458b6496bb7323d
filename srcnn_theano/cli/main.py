"""The command line: a small function for each command, with its options beside it.

Nothing heavy is imported before a sub-command runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import Any, Iterator, Sequence

from srcnn_theano import __version__, environment
from srcnn_theano.cli import pictures, reproduction, teaching  # noqa: F401 (register)
from srcnn_theano.cli.options import COMMANDS, SHOW_DEFAULT
from srcnn_theano.errors import UserError
from srcnn_theano.streams import Parser, say, tolerant_output


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status: 0, 2 (bad input), 130 (Ctrl-C).

    Whoever reads the output may go (head, less): that is no error. An output that
    cannot be written is one for a command that only prints; the others have done their
    work, and say that its summary was lost.
    """
    makes_files = False
    with tolerant_output() as output, _ended_in_order():
        try:
            options = _parser().parse_args(arguments)
            makes_files = options.command not in _ONLY_PRINT
            makes_files &= getattr(options, "action", "") != "check"
            status = _status(options)
        except SystemExit as end:
            output.flush()
            if end.code or output.error is None:
                raise
            status = 0
    if output.error is None or isinstance(output.error, BrokenPipeError):
        return status
    message = f"standard output: cannot be written ({output.error.strerror}); "
    if makes_files:
        say(f"srcnn-theano: {message}only what was to be printed is lost")
        return status
    say(f"srcnn-theano: error: {message}send it to another place")
    return status or 2


@contextlib.contextmanager
def _ended_in_order() -> Iterator[None]:
    """Have SIGTERM and SIGHUP end the work as an exception does, not at once.

    So temporary files go, and so do processes that were started for it.
    """

    def end(number: int, frame: Any) -> None:
        raise SystemExit(128 + number)

    before = {}
    with contextlib.suppress(ValueError):  # signals are for the main thread alone
        for number in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is signal.SIG_DFL:  # nohup ignores one
                before[number] = signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_ONLY_PRINT = ("evaluate", "experiments", "doctor")


def _status(options: argparse.Namespace) -> int:
    """Run a command; the exit status that becomes of it."""
    if getattr(options, "device", None):
        # Whatever compiles functions looks there, in this process and those it starts.
        os.environ["SRCNN_DEVICE"] = options.device
    try:
        return _run(options) or 0
    except UserError as error:
        say(f"srcnn-theano: error: {error}")
        return 2
    except MemoryError:
        say(f"srcnn-theano: error: {options.command}: memory full; take less at once")
        return 2
    except KeyboardInterrupt:
        say("srcnn-theano: interrupted" + _what_is_left(options))
        return 130


def _what_is_left(options: argparse.Namespace) -> str:
    """What becomes of the work of a command that Ctrl-C has ended."""
    name, inputs = options.command, getattr(options, "inputs", [])
    if name == "compare-deconv" or name == "reproduce" and not options.cost:
        return "; the same command goes on"
    if len(inputs) == 1 and not Path(inputs[0]).is_dir():
        return "; nothing was written"
    return "; with --resume it goes on" if hasattr(options, "resume") else ""


def _run(options: argparse.Namespace) -> int | None:
    try:
        return COMMANDS[options.command].run(options)
    except ModuleNotFoundError as error:
        if (error.name or "srcnn_theano").startswith("srcnn_theano"):
            raise
        environment.check_python()  # nothing can be installed for some
        raise UserError(
            f"{error.name}: not installed for {sys.executable}; `pip install "
            "srcnn-theano`, or `pip install .` in a checkout, installs all that is "
            "needed"
        ) from error


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="srcnn-theano",
        description="Super-resolution by SRCNN in Theano: upscale pictures, train, and "
        "reproduce a report's tables under protocols that are spelled out.",
        epilog="The benchmarks against PyTorch and JAX are run by `python -m "
        "benchmarks` in a checkout.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command"
    )
    commands.required = True
    for name, command in COMMANDS.items():
        sub = commands.add_parser(name, help=command.help, description=command.help)
        for names, settings in command.options:
            if settings.get("default") not in (None, "", []):
                settings = dict(settings, help=settings["help"] + SHOW_DEFAULT)
            sub.add_argument(*names, **settings)
    return parser
