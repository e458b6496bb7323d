"""What is measured, in which order, and against whom."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Sequence

import numpy as np
from tqdm import tqdm

from benchmarks import enlarging, first_use, sgemm, sides
from benchmarks.machine import command, machine
from benchmarks.marks import evaluate
from benchmarks.sides import Contender
from benchmarks.table import markdown
from benchmarks.work import (
    CPU_JOBS,
    GPU_JOBS,
    SCALE,
    WORKS,
    Work,
    multiply_adds,
)
from srcnn_theano import environment
from srcnn_theano.errors import UserError
from srcnn_theano.files import json_text, write_json

# Sides that compute the same have the same results; beyond this, no comparison.
RELATIVE_DIFFERENCE = 1e-4

# On the CPU, the rate of the machine is measured beside the first, and what a second
# thread brings beside all of these; on a graphics card its rate beside every job.
LIMITED = ("srcnn-20", "srcnn-100")
SCALED = (*LIMITED, "fsrcnn-20", "vgg-100")
BATCH_SIZES = (20, 50, 100, 200, 500)
PICTURE_SIZES = ((64, 100), (250, 250), (500, 500), (1000, 1500))  # before enlarging
GROWTHS = ("samples", "srcnn-pictures", "fsrcnn-pictures")
FIRST_USE, COMMANDS = "first-use", "commands"
NAMES = tuple(WORKS) + GROWTHS + (COMMANDS, FIRST_USE)
# By device: what is measured unless `only` says otherwise, and against whom.
JOBS = {
    "cpu": CPU_JOBS + GROWTHS + (COMMANDS, FIRST_USE),
    "xla": CPU_JOBS + (FIRST_USE,),
    "gpu": GPU_JOBS + (FIRST_USE,),
}
RIVALS = {"cpu": ("torch",), "xla": ("jax",), "gpu": ("torch", "jax")}


def run_bench(
    against: Sequence[str] | None = None,
    threads: int | None = None,
    only: Sequence[str] | None = None,
    as_json: bool = False,
    out: str | Path | None = None,
    opencv: Path | None = None,
) -> None:
    """Time the jobs on every side, print tables, and write the figures.

    Parameters
    ----------
    against : sequence of 'torch', 'jax' and 'onnxruntime', or None
        Sides beside ours; empty for ours alone; None is `RIVALS`. Through XLA, ours on
        the CPU by C code and oneDNN is always there.
    threads : int or None
        None is one thread and then as many as there are cores; for a graphics card, as
        many as there are cores.
    only : sequence of `NAMES`, or None
        None is `JOBS`.
    as_json : bool
        Print JSON instead of tables.
    out : path or None
        File for the JSON.
    opencv : path or None
        FSRCNN_x2.pb, for OpenCV's dnn_superres as a whole command.

    Raises
    ------
    UserError
        A side is not installed or unknown, a job is unknown. After everything has been
        written: a side does not compute what ours computes, or ours fails.
    """
    from srcnn_theano.backend import default_device

    device = default_device()
    against = RIVALS[device] if against is None else against
    rivals = [side for name in against for side in _variants(name, device)]
    names = JOBS[device] if only is None else _chosen(only)
    cores = environment.usable_cores()
    if threads is not None and not 1 <= threads <= cores:
        raise UserError(f"--threads {threads}: it can be 1 to {cores} here")
    passes = [threads or cores]
    if threads is None and device != "gpu":
        passes = sorted({1, cores})
    report: dict[str, Any] = dict(device=device, machine=machine(), command=command())
    report.update(passes={}, growths={}, commands={}, first_use={})
    for n in passes:
        jobs = [WORKS[name] for name in names if name in WORKS]
        compared = report["passes"][str(n)] = {}
        for work in tqdm(jobs, desc=f"{n} thread(s)", disable=None):
            contenders = _contenders(work, rivals, device, n, cores)
            compared[work.name] = _compare(work, contenders)
            _keep(report, out)
    _measure_the_rest(report, names, passes[-1], out, opencv)
    _keep(report, out)
    print(json_text(report) if as_json else markdown(report))
    _refuse(report)


def _measure_the_rest(report, names, threads, out, opencv):
    """What is no job of several sides by turns."""
    for name in names:
        if name in GROWTHS:
            report["growths"][name] = _grow(name, report["device"], threads)
            _keep(report, out)
    if COMMANDS in names:
        report["commands"] = enlarging.side_by_side(sys.executable, opencv)
        _keep(report, out)
    if FIRST_USE in names:
        report["first_use"] = first_use.measure(report["device"])


def _keep(report, out):
    """Write what has been measured so far: the whole takes many minutes."""
    report["marks"] = evaluate(report)
    if out is not None:
        write_json(out, report)


def _variants(name, device):
    if name == "torch":
        from benchmarks.torch_side import VARIANTS
    elif name == "jax":
        from benchmarks.jax_side import VARIANTS
    elif name == "onnxruntime":
        from benchmarks.onnxruntime_side import VARIANTS
    else:
        raise UserError(f"--against {name}: it can be torch, jax, onnxruntime or none")
    if find_spec(name) is None:
        raise UserError(
            f"--against {name}: {name} is not installed in this environment; pip "
            f"install {name}, or use --against none"
        )
    return [(name, variant) for variant in VARIANTS[device]]


def _chosen(only):
    unknown = sorted(set(only) - set(NAMES))
    if unknown:
        raise UserError(
            "--only {}: no such job; there are {}".format(
                ",".join(unknown), ", ".join(NAMES)
            )
        )
    return list(only)


# --- The sides of a job ---


def _contenders(work, rivals, device, threads, cores):
    contenders = [Contender("ours", "ours", "", work, threads, device)]
    for side, variant in rivals:
        if side == "onnxruntime" and work.kind != "image":
            continue  # a network that is exported only predicts
        label = side + " " + variant
        contenders.append(Contender(label, side, variant, work, threads, device))
    if device != "cpu" and environment.find_compiler().path:
        contenders.append(Contender("ours cpu", "ours", "", work, threads))
    if device == "gpu" or device == "cpu" and work.name in LIMITED:
        for variant in sgemm.VARIANTS[device]:
            label = "sgemm " + variant
            contenders.append(Contender(label, "sgemm", variant, work, threads, device))
    if device == "cpu" and work.name in SCALED and threads == cores > 1:
        contenders.append(Contender("ours, 1 thread", "ours", "", work, 1))
    return contenders


def _compare(work, contenders):
    """Figures of all sides on one job; those of other results are left out."""
    job = {
        "title": work.title,
        "kind": work.kind,
        "multiply_adds": multiply_adds(work),
        "sides": {},
        "left_out": {},
    }
    started, job["left_out"] = sides.start(contenders)
    try:
        if not started or started[0].contender is not contenders[0]:
            return job
        agreeing = []
        for side in started:
            reason = _difference(started[0], side)
            if reason:
                job["left_out"][side.contender.label] = reason
            else:
                agreeing.append(side)
        sides.take_turns(agreeing, work.title)
        job["sides"] = _side_by_side(agreeing, job["multiply_adds"])
    finally:
        sides.close(started)
    return job


def _difference(ours, other):
    """Why two sides cannot be compared; empty if their first results agree."""
    if other.contender.side == "sgemm":
        return ""
    pairs = zip(np.array(ours.first), np.array(other.first))
    distances = [np.linalg.norm(b - a) / np.linalg.norm(a) for a, b in pairs]
    worst = np.max(distances)  # NaN where one is
    if worst <= RELATIVE_DIFFERENCE:
        return ""
    n_runs = len(ours.first)
    return f"not compared: results differ from ours by {worst:.1e} after {n_runs} runs"


def _side_by_side(agreeing, job_multiply_adds):
    """Figures by label; the first side is what the others are measured by."""
    by_label = {}
    ours = np.array(agreeing[0].seconds)
    for side in agreeing:
        seconds, its_figures = np.array(side.seconds), sides.figures(side)
        count = job_multiply_adds
        if side.contender.side == "sgemm":
            count = sgemm.multiply_adds(side.contender.variant)
            share = (job_multiply_adds / ours) / (count / seconds)
            its_figures["our_share"] = sides.spread(share)
        else:
            its_figures["times_ours"] = sides.spread(seconds / ours)
        # A multiplication and an addition are two operations.
        its_figures["GFLOP_per_s"] = 2e-9 * count / float(np.median(seconds))
        by_label[side.contender.label] = its_figures
    return by_label


# --- More of the same work ---


def _grow(name, device, threads):
    """Our cost by the amount of work: per sample, or per pixel of the output."""
    if name == "samples":
        title, unit = "SRCNN 9-1-5 RGB step, by batch size", "sample"
        works = [WORKS["srcnn-20"]._replace(batch_size=size) for size in BATCH_SIZES]
        amounts = {f"{size}": size for size in BATCH_SIZES}
    else:
        network = name.split("-")[0]
        title = f"{network.upper()} x4 Y, RGB pictures in tiles"
        unit = "megapixel"
        works = [
            Work(name, title, "picture", network, 1, 1, size) for size in PICTURE_SIZES
        ]
        megapixels = [SCALE**2 * rows * cols / 1e6 for rows, cols in PICTURE_SIZES]
        amounts = {f"{amount:.1f}": amount for amount in megapixels}
    contenders = [
        Contender(label, "ours", "", work, threads, device)
        for label, work in zip(amounts, works)
    ]
    growth = {"title": title, "unit": unit, "threads": threads, "amounts": {}}
    started, growth["left_out"] = sides.start(contenders)
    try:
        if not growth["left_out"]:
            sides.take_turns(started, title)
            growth["amounts"] = _per_unit(started, amounts)
    finally:
        sides.close(started)
    return growth


def _per_unit(started, amounts):
    """Figures by amount; the smallest is what the others are measured by."""
    by_amount, least = {}, None
    for side in started:
        amount = amounts[side.contender.label]
        cost = np.array(side.seconds) / amount
        least = cost if least is None else least
        its_figures = sides.figures(side)
        its_figures["ms_per_unit"] = 1e3 * float(np.median(cost))
        its_figures["times_smallest"] = sides.spread(cost / least)
        by_amount[side.contender.label] = its_figures
    return by_amount


# --- The end ---


def _refuse(report):
    """Raise when results differ or ours has failed, now that all is written."""
    reasons = []
    for jobs in report["passes"].values():
        for name, job in jobs.items():
            for label, reason in job["left_out"].items():
                if label == "ours" or reason.startswith("not compared"):
                    reasons.append(f"{name}, {label}: {reason}")
    for name, growth in report["growths"].items():
        reasons += [f"{name}, {r}" for r in growth["left_out"].values()]
    for name, use in report["first_use"].items():
        if "failed" in use:
            reasons.append("{}: {}".format(name, use["failed"]))
    if reasons:
        raise UserError("no comparison of\n  {}".format("\n  ".join(reasons)))
