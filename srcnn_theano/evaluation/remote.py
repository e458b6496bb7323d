"""Images scored by the workers of a cluster: ``evaluate --scheduler ADDRESS``."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Mapping, Sequence

from srcnn_theano.cluster.pictures import on_cluster
from srcnn_theano.evaluation.images import Score, score_files, with_mean
from srcnn_theano.evaluation.protocols import Protocol, make_protocol
from srcnn_theano.inference import build_predictor
from srcnn_theano.progress import Bar
from srcnn_theano.weights import load_weights


def score_on_cluster(
    address: str,
    paths: Mapping[str, Sequence[Path]],
    protocol: Protocol,
    network: Path,
    failed: list[str],
) -> dict[str, list[Score]]:
    """As `images.score_files`, for each of several folders.

    Parameters
    ----------
    address : str
        Of the scheduler.
    paths : dict of str to sequence of paths
        The images of each folder.
    protocol : Protocol
    network : path
        A weight file.
    failed : list of str
        Where a sentence on each image goes that cannot be scored.

    Raises
    ------
    UserError
        As `cluster.client.connected`.
    """
    images = [(path, path) for named in paths.values() for path in named]
    settings = {"protocol": protocol.name, "scale": protocol.recipe.scale}
    answers = dict(
        Bar(
            on_cluster(address, __name__, images, network, settings),
            total=len(images),
            desc=protocol.name,
            unit="image",
            disable=None,
        )
    )
    failed += [answers[n].error for n in sorted(answers) if answers[n].error]
    scores, n_before = {}, 0
    for folder, named in paths.items():
        values = [answers[n_before + n].value for n in range(len(named))]
        scores[folder] = with_mean([Score(*value) for value in values if value])
        n_before += len(named)
    return scores


def prepare(network: Path, settings: Mapping[str, Any]) -> Callable[[Path, Path], Any]:
    """What scores an image, on a worker."""
    protocol = make_protocol(settings["protocol"], settings["scale"])
    predictor = build_predictor(load_weights(network), network)

    def scores(source: Path, target: Path) -> Score:
        return score_files([source], protocol, predictor)[0]

    return scores
