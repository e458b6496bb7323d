"""The marks that were set before anything was measured, and whether they are met."""

from __future__ import annotations

from functools import partial
from typing import Any, NamedTuple

from benchmarks.work import CPU_JOBS, GPU_JOBS


class Mark(NamedTuple):
    """A line of the table of marks.

    Attributes
    ----------
    job : str
        Name of a job, of a growth, of a first use or of a picture to be enlarged.
    measure : str, a key of `_MEASURES`
    value : float
        What is to be reached: at least, or, where less is better, at most.
    """

    job: str
    measure: str
    value: float


CPU_MARKS = (
    Mark("srcnn-20", "speed", 1.4),
    Mark("srcnn-100", "speed", 1.4),
    Mark("fsrcnn-20", "speed", 2.5),
    Mark("fsrcnn-100", "speed", 2.5),
    Mark("vgg-100", "speed", 1.3),
    Mark("srcnn-image", "speed", 1.5),
    Mark("fsrcnn-image", "speed", 4.0),
    Mark("a.png", "whole", 1.5),
    Mark("b.jpg", "whole", 1.5),
    Mark("srcnn-20", "share", 0.65),
    Mark("srcnn-100", "share", 0.65),
    Mark("srcnn-20", "memory", 1.0),
    Mark("srcnn-100", "memory", 1.0),
    Mark("srcnn-20", "threads", 1.7),
    Mark("srcnn-100", "threads", 1.7),
    Mark("fsrcnn-20", "threads", 1.7),
    Mark("vgg-100", "threads", 1.7),
    # "Flat" is within a tenth.
    Mark("samples", "growth", 1.1),
    Mark("srcnn-pictures", "growth", 1.1),
    Mark("fsrcnn-pictures", "growth", 1.1),
    Mark("step", "first", 15.0),
    Mark("upscale", "first", 8.0),
    Mark("demo", "first", 35.0),
)
# The linker may cost a tenth of what the same step takes that was written by hand.
XLA_MARKS = tuple(Mark(job, "jax", 0.909) for job in CPU_JOBS)
XLA_MARKS += (Mark("step", "first", 5.0),)
GPU_MARKS = tuple(
    Mark(job, measure, value)
    for measure, value in (("eager", 1.5), ("compile", 1.0), ("jax", 0.95))
    for job in GPU_JOBS
)
MARKS = {"cpu": CPU_MARKS, "xla": XLA_MARKS, "gpu": GPU_MARKS}
AT_MOST = ("memory", "growth", "first")


def evaluate(report: dict[str, Any]) -> list[dict[str, Any]]:
    """The marks of all that a report has measured, and whether they are met.

    Parameters
    ----------
    report : dict, as `runner.run_bench` makes it
        Jobs are looked at with the largest number of threads.

    Returns
    -------
    list of dict
        The fields of `Mark`; `title`, of what was measured; `against`, which side, or
        which amount of work; `measured`, a spread (median, from, to), or None without
        rivals or after a failure; `met`, then None, too.
    """
    jobs = {}
    for n in sorted(report["passes"], key=int):
        jobs.update(report["passes"][n])
    measured = {**jobs, **report["growths"], **report["first_use"]}
    measured.update(report.get("commands", {}))
    marks = MARKS[report.get("device", "cpu")]
    return [
        _evaluated(mark, measured[mark.job]) for mark in marks if mark.job in measured
    ]


def _evaluated(mark, figures):
    against, measured = _MEASURES[mark.measure](figures) or ("", None)
    met = None
    if measured is not None:
        median = measured["median"]
        met = median <= mark.value if mark.measure in AT_MOST else median >= mark.value
    return dict(
        mark._asdict(),
        title=figures["title"],
        against=against,
        measured=measured,
        met=met,
    )


# Each takes the figures of a job and gives (against whom, spread), or None.


def _speed(job):
    """Times as fast as the fastest variant of PyTorch, or onnxruntime."""
    return _fastest({**_of(job, "torch"), **_of(job, "onnxruntime")})


def _whole(command):
    """Times as fast as the fastest command of others that enlarges a picture."""
    return _fastest({k: v for k, v in command["sides"].items() if k != "srcnn-theano"})


def _fastest(sides):
    ratios = {k: v["times_ours"] for k, v in sides.items()}
    if ratios:
        best = min(ratios, key=lambda label: ratios[label]["median"])
        return best, ratios[best]


def _share(job):
    """Share of the fastest product of large matrices that the machine has shown."""
    rates = _of(job, "sgemm")
    if rates:
        best = max(rates, key=lambda label: rates[label]["GFLOP_per_s"])
        return best, rates[best]["our_share"]


def _memory(job):
    """Peak memory over that of the PyTorch variant that needs least."""
    peaks = {k: v["peak_memory_MiB"] for k, v in _of(job, "torch").items()}
    if peaks:
        least = min(peaks, key=peaks.get)
        return least, _exactly(job["sides"]["ours"]["peak_memory_MiB"] / peaks[least])


def _times(label, job):
    """Times as fast as the side of this label."""
    if label in job["sides"]:
        return label, job["sides"][label]["times_ours"]


def _growth(growth):
    """Cost per sample or pixel of more work where it is largest, over the least's."""
    ratios = {k: v["times_smallest"] for k, v in growth["amounts"].items()}
    least, *others = ratios or [""]
    if others:
        worst = max(others, key=lambda label: ratios[label]["median"])
        return f"{worst} against {least}", ratios[worst]


def _first(use):
    """Seconds from the command to the result, with an empty compile folder."""
    if "seconds" in use:
        return "", _exactly(use["seconds"])


_MEASURES = {
    "speed": _speed,
    "whole": _whole,
    "share": _share,
    "memory": _memory,
    "threads": partial(_times, "ours, 1 thread"),
    "jax": partial(_times, "jax jit"),
    "eager": partial(_times, "torch eager"),
    "compile": partial(_times, "torch compile"),
    "growth": _growth,
    "first": _first,
}


def _of(job, kind):
    return {k: v for k, v in job["sides"].items() if k.split()[0] == kind}


def _exactly(value):
    return {"median": value, "from": value, "to": value}
