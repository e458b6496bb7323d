"""Timings side by side: two or more processes that take turns in one run.

Machines are noisy, so figures are medians over all turns, and ratios are taken turn by
turn; absolute times mean little elsewhere.
"""

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
from tqdm import tqdm

from srcnn_theano.bench.work import WORKS
from srcnn_theano.errors import UserError
from srcnn_theano.files import write_json

TURNS = 7
SECONDS_PER_TURN = 1.0
# Sides that compute the same have the same costs; after this, the comparison is off.
RELATIVE_DIFFERENCE = 1e-4


def run_bench(against=("torch",), threads=None, as_json=False, out=None):
    """Time every job on every side, print a table, and write the figures.

    Parameters
    ----------
    against : sequence of 'torch' and 'jax'
        Sides beside ours; empty for ours alone.
    threads : int or None
        None is all cores.
    as_json : bool
        Print JSON instead of a table.
    out : path or None
        File for the JSON.

    Raises
    ------
    UserError
        A side is not installed or unknown; or it does not compute what ours computes.
    """
    sides = [("ours", "")] + [side for name in against for side in _variants(name)]
    threads = threads or len(os.sched_getaffinity(0))
    report = {"threads": threads, "jobs": {}}
    for work in WORKS.values():
        report["jobs"][work.name] = _compare(work, sides, threads)
    if out is not None:
        write_json(out, report)
    print(json.dumps(report, indent=2) if as_json else _table(report))


def _variants(name):
    if name == "torch":
        from srcnn_theano.bench.torch_side import VARIANTS
    elif name == "jax":
        from srcnn_theano.bench.jax_side import VARIANTS
    else:
        raise UserError("--against {}: it can be torch, jax or none".format(name))
    if find_spec(name) is None:
        raise UserError(
            "--against {0}: {0} is not installed in this environment; pip install {0}, "
            "or use --against none".format(name)
        )
    return [(name, variant) for variant in VARIANTS]


class _Side:
    """A worker process."""

    def __init__(self, side, variant, work, threads):
        self.name = " ".join(filter(None, (side, variant)))
        # Threads that spin while they wait would slow down the other sides.
        environment = dict(
            os.environ, OMP_NUM_THREADS=str(threads), OMP_WAIT_POLICY="PASSIVE"
        )
        command = [sys.executable, "-m", "srcnn_theano.bench.worker"]
        self.process = subprocess.Popen(
            command + [side, variant, work.name, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            universal_newlines=True,
        )
        self.seconds = []

    def ask(self, command):
        self.process.stdin.write(command + "\n")
        self.process.stdin.flush()
        return self.answer()

    def answer(self):
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)
        raise UserError(
            "{} failed:\n{}".format(self.name, self.process.stderr.read()[-2000:])
        )

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def _compare(work, sides, threads):
    """Medians, ratios and memory of all sides on one job."""
    opened, skipped = [], {}
    try:
        for side, variant in sides:
            one = _Side(side, variant, work, threads)
            try:
                one.answer()
                one.first = one.ask("run 5")["values"]
                opened.append(one)
            except UserError as error:
                if side == "ours":
                    raise
                skipped[one.name] = str(error).splitlines()[-1]
                one.close()
        _same_result(work, opened)
        for _ in tqdm(range(TURNS), desc=work.title, leave=False, disable=None):
            for one in opened:
                one.seconds.append(_turn(one))
        return _figures(work, opened, skipped)
    finally:
        for one in opened:
            one.close()


def _turn(side):
    once = side.ask("run 1")["seconds"][0]
    count = max(3, int(SECONDS_PER_TURN / once))
    return float(np.median(side.ask("run {}".format(count))["seconds"]))


def _same_result(work, sides):
    ours = np.array(sides[0].first)
    for other in sides[1:]:
        worst = np.max(np.abs(np.array(other.first) / ours - 1))
        if not worst <= RELATIVE_DIFFERENCE:
            raise UserError(
                "{}: {} does not compute what we compute (results differ by {:.1e} "
                "after 5 steps); no comparison".format(work.title, other.name, worst)
            )


def _figures(work, sides, skipped):
    figures = {"title": work.title, "sides": {}, "skipped": skipped}
    ours = np.array(sides[0].seconds)
    for one in sides:
        ratios = np.array(one.seconds) / ours
        figures["sides"][one.name] = {
            "median_ms": 1e3 * float(np.median(one.seconds)),
            "times_as_slow_as_ours": float(np.median(ratios)),
            "from": float(ratios.min()),
            "to": float(ratios.max()),
            "peak_memory_MiB": one.ask("memory")["memory"],
        }
    return figures


def _table(report):
    """The report as a Markdown table."""
    lines = [
        "{} thread(s), medians of {} turns".format(report["threads"], TURNS),
        "",
        "| job | side | ms | times ours | spread | peak MiB |",
        "| --- | --- | ---: | ---: | --- | ---: |",
    ]
    row = "| {} | {} | {:.2f} | {:.2f} | {:.2f} to {:.2f} | {:.0f} |"
    for figures in report["jobs"].values():
        for name, side in figures["sides"].items():
            values = list(side.values())
            lines.append(row.format(figures["title"], name, *values))
        for name, why in figures["skipped"].items():
            lines.append(
                "| {} | {} | not run: {} | | | |".format(figures["title"], name, why)
            )
    return "\n".join(lines)
