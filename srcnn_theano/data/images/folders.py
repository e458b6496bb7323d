"""Which files of a folder are pictures, and what is passed over."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Callable, Iterable, NamedTuple

from srcnn_theano.data.images.picture import IMAGE_SUFFIXES
from srcnn_theano.data.images.results import results_in


class Found(NamedTuple):
    """What lies in a folder and below it, each sorted by path."""

    pictures: list[Path]  # files with the suffix of a picture
    others: list[Path]  # other files
    linked: list[Path]  # links to folders, which are not followed
    unreadable: list[str]  # folders that cannot be looked into, each with the reason
    results: list[Path]  # what `upscale` has put beside pictures

    def passed_over(self, folder: Path, takes_files: bool = False) -> list[str]:
        """A line for each kind of thing that is no picture to take, for people."""
        kinds = {}
        if self.others:
            suffixes = Counter(
                path.suffix.lower() or "no suffix" for path in self.others
            )
            numbers = ", ".join(f"{n} {name}" for name, n in sorted(suffixes.items()))
            kinds[f"by their names: {numbers}"] = "tried"
        if self.results:
            n = f"{len(self.results)} result{'s' if len(self.results) > 1 else ''}"
            kinds[f"{n} of `srcnn-theano upscale` beside the pictures"] = "taken"
        lines = [
            f"{folder}: passed over {kind}"
            + (f"; name a file to have it {done}" if takes_files else "")
            for kind, done in kinds.items()
        ]
        lines += [
            f"{path}: a link to a folder, passed over; name it to have it searched"
            for path in self.linked
        ]
        return lines


def pictures_below(
    folder: Path, is_left_out: Callable[[Path], bool] = lambda path: False
) -> Found:
    """Search a folder to all depths. Hidden files and folders do not count.

    Results of ``srcnn-theano upscale`` count if nothing else is there.

    Parameters
    ----------
    folder : path
    is_left_out : function of a path
        Whether a folder below is not looked into.
    """
    found = Found([], [], [], [], [])
    searched = list(Path(os.path.realpath(folder)).parents)

    def unreadable(error: OSError) -> None:
        found.unreadable.append(
            f"{error.filename}: cannot be looked into ({error.strerror})"
        )

    for root, folders, names in os.walk(folder, onerror=unreadable):
        searched.append(Path(root))
        visible = [Path(root, name) for name in _visible(folders)]
        visible = [path for path in visible if not is_left_out(path)]
        found.linked.extend(path for path in visible if path.is_symlink())
        folders[:] = [path.name for path in visible if not path.is_symlink()]
        for path in (Path(root, name) for name in _visible(names)):
            is_picture = path.suffix.lower() in IMAGE_SUFFIXES
            (found.pictures if is_picture else found.others).append(path)
    is_result = results_in(*searched)
    results = list(filter(is_result, found.pictures))
    listed = set(results)
    pictures = [path for path in found.pictures if path not in listed]
    return found._replace(pictures=pictures, results=results) if pictures else found


def _visible(names: Iterable[str]) -> list[str]:
    return sorted(name for name in names if not name.startswith("."))
