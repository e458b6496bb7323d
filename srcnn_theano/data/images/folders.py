"""Which files of a folder are pictures, and what is passed over."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Callable, Iterable, NamedTuple

from srcnn_theano.data.images.picture import IMAGE_SUFFIXES


class Found(NamedTuple):
    """What lies in a folder and below it, each sorted by path."""

    pictures: list[Path]  # files with the suffix of a picture
    others: list[Path]  # other files
    linked: list[Path]  # links to folders, which are not followed
    unreadable: list[str]  # folders that cannot be looked into, each with the reason

    def passed_over(self, folder: Path) -> list[str]:
        """A line for each kind of thing that is no picture to take, for people."""
        lines = []
        if self.others:
            suffixes = Counter(
                path.suffix.lower() or "no suffix" for path in self.others
            )
            kinds = ", ".join(f"{n} {name}" for name, n in sorted(suffixes.items()))
            lines.append(f"{folder}: passed over what is no picture to read: {kinds}")
        lines += [
            f"{path}: a link to a folder, passed over; name it to have it searched"
            for path in self.linked
        ]
        return lines


def pictures_below(
    folder: Path, is_left_out: Callable[[Path], bool] = lambda path: False
) -> Found:
    """Search a folder to all depths. Hidden files and folders do not count.

    Parameters
    ----------
    folder : path
    is_left_out : function of a path
        Whether a folder below is not looked into.
    """
    found = Found([], [], [], [])

    def unreadable(error: OSError) -> None:
        found.unreadable.append(
            f"{error.filename}: cannot be looked into ({error.strerror})"
        )

    for root, folders, names in os.walk(folder, onerror=unreadable):
        visible = [Path(root, name) for name in _visible(folders)]
        visible = [path for path in visible if not is_left_out(path)]
        found.linked.extend(path for path in visible if path.is_symlink())
        folders[:] = [path.name for path in visible if not path.is_symlink()]
        for path in (Path(root, name) for name in _visible(names)):
            is_picture = path.suffix.lower() in IMAGE_SUFFIXES
            (found.pictures if is_picture else found.others).append(path)
    return found


def _visible(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if not name.startswith("."))
