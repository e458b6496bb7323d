"""All rows of a table, or of all tables, from nothing: `srcnn-theano reproduce`."""

from __future__ import annotations

from typing import Sequence

from srcnn_theano.runs.cluster import run_on_cluster
from srcnn_theano.runs.costs import StepCost, kind, seconds_of, step_costs
from srcnn_theano.runs.plan import Planned, in_order
from srcnn_theano.runs.side_by_side import Settings, run_all
from srcnn_theano.tables import text_lines


def reproduce(
    planned: Sequence[Planned],
    settings: Settings,
    only_cost: bool = False,
    scheduler: str | None = None,
) -> dict[str, str]:
    """Say what is proved and what the rest costs, and do it.

    Parameters
    ----------
    planned : sequence of Planned, see `plan.make_plan`
    settings : Settings
    only_cost : bool
        Do nothing but say it.
    scheduler : str or None
        The address of a cluster that does it, see `cluster.run_on_cluster`.

    Returns
    -------
    dict of str to str
        Why runs failed, by their names.
    """
    for place, where in (
        ("results", "results/ (same training, seed, data and code; --anew repeats)"),
        ("runs", f"{settings.runs_dir}"),
    ):
        names = [plan.name for plan in planned if plan.proved == place]
        if names:
            print(f"done already, in {where}: {len(names)}: {', '.join(names)}")
    left = [plan for plan in planned if not plan.proved]
    if not left:
        print("nothing is left to do")
        return {}
    costs = step_costs(left, settings.data_dir, settings.vgg, settings.threads)
    seconds = seconds_of(left, costs, settings.data_dir)
    print(_cost(left, costs, seconds, settings))
    if only_cost:
        return {}
    ordered = in_order(left, seconds)
    if scheduler is not None:
        return run_on_cluster(ordered, settings, scheduler)
    return run_all(ordered, settings, seconds)


def _cost(
    left: Sequence[Planned],
    costs: dict[str, StepCost],
    seconds: dict[str, float],
    settings: Settings,
) -> str:
    """A table of the kinds of steps, and the sum below it."""
    cells = [["steps of", "runs", "steps/s", "GiB", "hours"]]
    for name, step in costs.items():
        of_kind = [p for p in left if p.run.experiment.trains and kind(p.run) == name]
        hours = sum(seconds[plan.name] for plan in of_kind) / 3600
        cells.append(
            [name, str(len(of_kind)), f"{1 / step.seconds:.0f}", f"{step.gib:.1f}"]
            + [f"{hours:.1f}"]
        )
    lines = text_lines("lrrrr", cells)
    hours = sum(seconds.values()) / 3600 / settings.jobs
    most = sorted((step.gib for step in costs.values()), reverse=True)
    memory = sum(most[: settings.jobs])
    lines.append(
        f"{len(left)} runs, {settings.jobs} at a time with {settings.threads} threads "
        f"each: about {hours:.1f} hours and {memory:.1f} GiB. Ctrl-C ends it at any "
        "moment, and the same command goes on."
    )
    return "\n".join(lines)
