"""How long all rows take on many workers: a model, with steps timed on this machine.

    python -m benchmarks.many_machines --data DIR --vgg FILE --out PAGE.md

Each worker takes a run at a time, with one thread. A worker that is free takes the next
run whose network is there. A run costs what `srcnn_theano.runs.costs` expects, and a
minute to start.
"""

from __future__ import annotations

import argparse
import heapq
from pathlib import Path
from typing import Mapping, NamedTuple, Sequence

from srcnn_theano.environment import processor
from srcnn_theano.files import write_text
from srcnn_theano.runs.costs import kind, seconds_of, step_costs
from srcnn_theano.runs.plan import Planned, in_order, make_plan
from srcnn_theano.tables import markdown_table

WORKERS = (1, 4, 16, 64, 256)
SEEDS = range(5)
_START = 60.0  # seconds: imports, compilation with an empty cache, sub-images


class Job(NamedTuple):
    """A run in the model: its name, its seconds, and the run that goes before it."""

    name: str
    seconds: float
    after: str = ""


def makespan(jobs: Sequence[Job], n_workers: int) -> float:
    """Seconds until all jobs are done, each begun as early as it can be, in order.

    A job whose network is not there yet lets those behind it go first.
    """
    free = [0.0] * n_workers  # when each worker has nothing to do any more
    heapq.heapify(free)
    waiting, done = list(jobs), {}  # type: list[Job], dict[str, float]
    while waiting:
        now = heapq.heappop(free)
        ready = [job for job in waiting if done.get(job.after or job.name, 0) <= now]
        known = {job.name for job in waiting}
        ready = [job for job in ready if job.after not in known]
        if not ready:  # until the next network is there
            later = [done[j.after] for j in waiting if j.after in done]
            heapq.heappush(free, min(time for time in later if time > now))
            continue
        job = ready[0]
        waiting.remove(job)
        done[job.name] = now + job.seconds
        heapq.heappush(free, done[job.name])
    return max(done.values(), default=0.0)


def table(jobs: Sequence[Job]) -> str:
    """Hours by number of workers, cheap runs first and dear ones first."""
    alone = sum(job.seconds for job in jobs)
    dear = sorted(jobs, key=lambda job: (bool(job.after), -job.seconds))
    rows = []
    for n_workers in WORKERS:
        cheap_first, dear_first = (makespan(j, n_workers) for j in (jobs, dear))
        best = min(cheap_first, dear_first)
        rows.append(
            [
                str(n_workers),
                f"{cheap_first / 3600:.2f}",
                f"{dear_first / 3600:.2f}",
                f"{alone / best:.1f}",
                f"{alone / best / n_workers:.0%}",
            ]
        )
    header = ["workers", "hours, cheap first", "hours, dear first", "times as fast"]
    return markdown_table("rrrrr", [*header, "busy"], rows)


def jobs_of(planned: Sequence[Planned], seconds: Mapping[str, float]) -> list[Job]:
    """The runs as jobs of the model, in the order that `reproduce` takes them."""
    return [
        Job(plan.name, seconds[plan.name] + _START, plan.after)
        for plan in in_order(planned, dict(seconds))
    ]


def main() -> None:
    """Time the steps of all rows and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--vgg", required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    planned = make_plan(
        "all", options.data, Path("no runs"), options.vgg, list(SEEDS), anew=True
    )
    costs = step_costs(planned, options.data, options.vgg, threads=1, anew=True)
    seconds = seconds_of(planned, costs, options.data)
    jobs = jobs_of(planned, seconds)
    longest = max(jobs, key=lambda job: job.seconds)
    kinds = []
    for name, step in sorted(costs.items()):
        of_kind = [
            p for p in planned if p.run.experiment.trains and kind(p.run) == name
        ]
        hours = sum(seconds[plan.name] for plan in of_kind) / 3600
        cells = [name, f"{1000 * step.seconds:.2f}", str(len(of_kind)), f"{hours:.1f}"]
        kinds.append(cells)
    write_text(
        options.out,
        "# All rows on many machines, on paper\n\n"
        f"Written by `python -m benchmarks.many_machines`: {len(jobs)} runs, all rows "
        f"with {len(SEEDS)} seeds. Steps were timed with one thread on "
        f"{processor()}; the rest is a model ({Path(__file__).name} says which).\n\n"
        + table(jobs)
        + f"\n\nThe longest run, {longest.name}, takes {longest.seconds / 3600:.2f} "
        "hours. No number of workers is faster; it stops to pay where the sum "
        "of all runs, divided by the workers, is less.\n\n"
        + markdown_table("lrrr", ["steps of", "ms", "runs", "hours"], kinds)
        + "\n",
    )


if __name__ == "__main__":
    main()
