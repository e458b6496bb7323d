"""Numbers within a range, as types for argparse."""

from __future__ import annotations

import argparse
from typing import Callable

# NumPy's generators take no other seeds.
LARGEST_SEED = 2**32 - 1
# Beside the seed, NumPy's generator of an epoch's order takes its number.
LARGEST_COUNT = 10**9
# GiB that a program may take for a picture, where it is not told another number.
MEMORY = 1.0


def whole(least: int, most: int) -> Callable[[str], int]:
    """A type of argparse: a whole number from `least` to `most`."""

    def parse(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number from {least} to {most}"
            )
        return number

    return parse


def count(text: str) -> int:
    """A type of argparse: how many of something, 1 at least."""
    return whole(1, LARGEST_COUNT)(text)


def seed(text: str) -> int:
    """A type of argparse: a seed that NumPy takes."""
    return whole(0, LARGEST_SEED)(text)


def above_0(what: str) -> Callable[[str], float]:
    """A type of argparse: a number more than 0, of seconds or GiB or the like."""

    def parse(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = 0.0
        if not 0 < number <= LARGEST_COUNT:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a number of {what} above 0, up to {LARGEST_COUNT}"
            )
        return number

    return parse


def duration(text: str) -> float:
    """A type of argparse: seconds, more than 0."""
    return above_0("seconds")(text)
