"""Which figures in results/ are of networks that are not in weights/."""

from __future__ import annotations

from typing import Iterator, Mapping

from srcnn_theano.files import sha256
from srcnn_theano.report.rows import Row
from srcnn_theano.tables import markdown_table
from srcnn_theano.weights import shipped_weights


def not_shipped(rows: Mapping[str, Row]) -> dict[str, list[int]]:
    """Rows whose figures are of networks that are not shipped, and the seeds of these.

    Networks are known by their checksums. A row whose records cannot be read has none.
    """
    shipped = {sha256(path) for path in shipped_weights().values()}
    missing: dict[str, list[int]] = {}
    for name, row in rows.items():
        for seed, checksum in _measured(row):
            if checksum not in shipped:
                missing.setdefault(name, []).append(seed)
    return missing


def _measured(row: Row) -> Iterator[tuple[int, str]]:
    """The seed and the checksum of each network that results are of."""
    if row.results is not None:
        yield row.experiment.training.seed, row.results["weights_sha256"]
    for seed in row.seeds:
        if seed.results is not None and seed.seed != row.experiment.training.seed:
            yield seed.seed, seed.results["weights_sha256"]


def not_shipped_table(rows: Mapping[str, Row]) -> str:
    """These rows with the commands that train and measure them again, in Markdown."""
    lines = []
    for name, seeds in not_shipped(rows).items():
        experiment = rows[name].experiment
        own = seeds == [experiment.training.seed]
        options = "" if own else f" --seeds {','.join(map(str, seeds))}"
        names = dict.fromkeys((experiment.trained_by, name))
        commands = " and ".join(f"`srcnn-theano train {one}{options}`" for one in names)
        epoch = f"{experiment.measure.n_epochs} of `{experiment.trained_by}`"
        lines.append([f"`{name}`", epoch, ", ".join(map(str, seeds)), commands])
    header = ["row", "network after epoch", "seeds", "trained and measured again by"]
    return markdown_table("llll", header, lines)
