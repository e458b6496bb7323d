"""All rows of a table, or of all tables, from nothing: `srcnn-theano reproduce`."""

from __future__ import annotations

from typing import Sequence

from srcnn_theano.cluster.client import slots
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
        Do nothing but time the steps, anew, and say it.
    scheduler : str or None
        The address of a cluster that does it, see `cluster.run_on_cluster`.

    Returns
    -------
    dict of str to str
        Why runs failed, or were left out, by their names.
    """
    for place, where in (
        ("results", "results/ (same training, seed, data and code; --anew repeats)"),
        ("runs", f"{settings.runs_dir}"),
    ):
        names = [plan.name for plan in planned if plan.proved == place]
        if names:
            print(f"done already, in {where}: {len(names)}: {', '.join(names)}")
    failed = {plan.name: plan.lacks for plan in planned if plan.lacks}
    for reason in sorted(set(failed.values())):
        names = [name for name in failed if failed[name] == reason]
        print(f"left out, because {reason}: {len(names)}: {', '.join(names)}")
    left = [plan for plan in planned if not (plan.proved or plan.lacks)]
    if not left:
        print("nothing is left to do")
        return failed
    n_slots = None if scheduler is None else slots(scheduler)
    threads = settings.threads if n_slots is None else 1
    vgg, data_dir = settings.vgg, settings.data_dir
    costs = step_costs(left, data_dir, vgg, threads, anew=only_cost)
    seconds = seconds_of(left, costs, data_dir)
    print(_table(left, costs, seconds))
    print(_sum(left, costs, seconds, settings, n_slots))
    if only_cost:
        return failed
    ordered = in_order(left, seconds)
    if scheduler is not None:
        return {**failed, **run_on_cluster(ordered, settings, scheduler)}
    return {**failed, **run_all(ordered, settings, seconds)}


def _table(
    left: Sequence[Planned], costs: dict[str, StepCost], seconds: dict[str, float]
) -> str:
    """A line for each kind of steps, whose runs and hours add up to those of the last.

    What measures the network of another row has a line of its own.
    """
    cells = [["steps of", "runs", "steps/s", "GiB", "hours"]]
    for name, step in costs.items():
        of_kind = [p for p in left if p.run.experiment.trains and kind(p.run) == name]
        speed, memory = f"{1 / step.seconds:.3g}", f"{step.gib:.1f}"
        cells.append([name, str(len(of_kind)), speed, memory, _hours(of_kind, seconds)])
    measured = [plan for plan in left if not plan.run.experiment.trains]
    if measured:
        count = str(len(measured))
        cells.append(["none, only measured", count, "", "", _hours(measured, seconds)])
    cells.append(["all, after another", str(len(left)), "", "", _hours(left, seconds)])
    return "\n".join(text_lines("lrrrr", cells))


def _hours(planned: Sequence[Planned], seconds: dict[str, float]) -> str:
    return f"{sum(seconds[plan.name] for plan in planned) / 3600:.1f}"


def _sum(
    left: Sequence[Planned],
    costs: dict[str, StepCost],
    seconds: dict[str, float],
    settings: Settings,
    n_slots: int | None,
) -> str:
    """What all of it takes, on this machine or on so many threads of a cluster."""
    at_once = settings.at_once if n_slots is None else n_slots
    # No number of jobs is faster than the longest.
    times = list(seconds.values())
    hours = max(sum(times) / at_once, max(times)) / 3600
    runs = f"{len(left)} run{'s' if len(left) > 1 else ''}"
    end = "Ctrl-C ends it at any moment, and the same command goes on."
    if n_slots is not None:
        return (
            f"{runs}, {n_slots} at a time on the cluster: about {hours:.1f} hours, if "
            f"its workers are as fast as this machine with one thread. {end}"
        )
    known = (costs.get(kind(plan.run), StepCost(0.0, 0.0)).gib for plan in left)
    memory = sum(sorted(known, reverse=True)[: settings.jobs])
    n_threads = f"{settings.threads} thread{'s' if settings.threads > 1 else ''}"
    return (
        f"{runs}, {settings.jobs} at a time with {n_threads} each: about {hours:.1f} "
        f"hours and {memory:.1f} GiB. {end}"
    )
