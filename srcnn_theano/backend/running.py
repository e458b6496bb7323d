"""Running averages that a training function must move, and forgets easily."""

from __future__ import annotations

from typing import Any, Iterable

import numpy as np

from srcnn_theano.backend.examining import in_order
from srcnn_theano.backend.internals import Constant


def keep_running(output: Any, updates: Iterable[Any], is_train: Any) -> None:
    """Note at what a layer gives which shared variables move while it is trained.

    Parameters
    ----------
    output : symbolic variable that an op computes
    updates : (shared, expression) pairs
    is_train : symbolic scalar, 0 where they stay
    """
    output.owner.tag.running = tuple(shared for shared, _ in updates), is_train


def check_running(outputs: Any, updates: Any, givens: Any) -> None:
    """Refuse a training function that leaves running averages as they are.

    Parameters
    ----------
    outputs, updates, givens : as in theano.function
        Without updates nothing is trained, and all is well.

    Raises
    ------
    ValueError
        It names the averages.
    """
    pairs = list(updates.items()) if hasattr(updates, "items") else list(updates or ())
    if not pairs:
        return
    replaced = dict(givens.items() if hasattr(givens, "items") else givens or ())
    results = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    read = [getattr(result, "variable", result) for result in results]
    read += [new for _, new in pairs]
    moved = {shared for shared, _ in pairs}
    forgotten = [
        shared.name or "(no name)"
        for node in in_order(x for x in read if hasattr(x, "owner"))
        for shared in _running(node, replaced)
        if shared not in moved
    ]
    if forgotten:
        raise ValueError(
            f"no update moves {', '.join(forgotten)}: the network would be trained by "
            "the statistics of each minibatch and tested by averages that stay as they "
            "began; add model.updates (or those of the layer) to the updates, or give "
            "is_train the value 0"
        )


def _running(node, replaced):
    """The averages at a node that move for these givens."""
    averages, is_train = getattr(node.tag, "running", ((), None))
    is_train = replaced.get(is_train, is_train)
    if isinstance(is_train, Constant):
        is_train = is_train.data
    # What is symbolic may be anything when the function runs.
    stays = not hasattr(is_train, "owner") and not np.any(is_train)
    return () if stays else averages
