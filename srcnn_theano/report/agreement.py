"""Whether results.json and history.csv, which tell some figures twice, agree."""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Sequence

from srcnn_theano.data.datasets import TEST_SETS
from srcnn_theano.report.rows import Row

_ENOUGH = 0.005  # dB; figures are shown with two digits


def contradictions(rows: Mapping[str, Row]) -> list[str]:
    """A line for each training whose two records have other figures of an epoch.

    Tables take a figure from one of them: a change of the other would not show.
    """
    lines = []
    for name, row in rows.items():
        for seed in row.seeds:
            parts = list(_differences(seed.history, seed.results or {}))
            if parts and seed.history:
                lines.append(
                    f"{name}, seed {seed.seed}: results.json and history.csv differ: "
                    f"{'; '.join(parts)}"
                )
    return lines


def _differences(
    history: Sequence[Mapping[str, str]], results: Mapping[str, Any]
) -> Iterator[str]:
    for epoch, column, value in _told(results):
        if not 1 <= epoch <= len(history):
            yield f"epoch {epoch} of {len(history)}"
            return
        recorded = history[epoch - 1].get(column)
        if recorded and not _agree(float(recorded), float(value)):
            yield f"{column} of epoch {epoch} is {float(value):.4f} and {recorded}"


def _agree(one: float, other: float) -> bool:
    return one == other or abs(one - other) < _ENOUGH or one != one and other != other


def _told(results: Mapping[str, Any]) -> Iterator[tuple[int, str, float]]:
    """Epochs, columns of a history and figures, as results.json has them."""
    of_sets = results.get("sub_images", {})
    for name in set(TEST_SETS) & set(of_sets):
        yield from _of_set(results["n_epochs"], name, of_sets[name]["ours"])
    for block in results.get("rule", {}).values():
        for name, figures in block.get("sub_images", {}).items():
            yield from _of_set(block["epoch"], name, figures)


def _of_set(
    epoch: int, name: str, figures: Mapping[str, float]
) -> Iterator[tuple[int, str, float]]:
    for how, value in figures.items():
        yield epoch, f"{name.lower()}_{'psnr' if how == 'patch' else how}", value
