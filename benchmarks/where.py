"""Where the time of a step or a picture goes, by the nodes of its graph.

    python -m benchmarks.where --out benchmarks/where.md

Theano's profiler adds up what each node takes, in a process for each job and number of
threads. It looks at the clock twice per node, so that a step of many small nodes takes
a little longer than by itself.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path
from typing import Any, Callable, Iterator, Mapping, Sequence

from tqdm import tqdm

from benchmarks import work as common
from benchmarks.machine import command, machine, measured_by
from benchmarks.work import WORKS, Work, by_layer, multiply_adds
from srcnn_theano.environment import usable_cores
from srcnn_theano.errors import UserError
from srcnn_theano.files import check_target, write_json, write_text
from srcnn_theano.tables import markdown_table

JOBS = ("srcnn-20", "srcnn-100", "fsrcnn-20", "fsrcnn-100", "vgg-100", "fsrcnn-image")
_WARM_UP, _SECONDS, _N_ROWS = 20, 3.0, 10
_DIRECTIONS = {
    "forward": "forward",
    "to_filters": "gradient to the filters",
    "to_images": "gradient to the images",
}


# --- One job, in a process of its own ---


def profile(work: Work) -> dict[str, Any]:
    """Milliseconds of the job, and of each kind of its nodes, by (layer, what)."""
    from srcnn_theano.backend import theano

    with theano.config.change_flags(profile=True):
        job, function = _job(work)
    theano.compile.profiling._atexit_print_list.clear()  # it would print everything
    for _ in range(_WARM_UP):
        job()
    times = function.profile.apply_time
    times.clear()
    started, n_times = time.perf_counter(), 0
    while time.perf_counter() - started < _SECONDS:
        job()
        n_times += 1
    whole = 1e3 * (time.perf_counter() - started) / n_times
    parts: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0])
    for key, seconds in times.items():
        node = key[1] if isinstance(key, tuple) else key
        part = parts[_label(function.maker.fgraph, node)]
        part[0] += 1e3 * seconds / n_times
        part[1] += 1
    rest = whole - sum(ms for ms, _ in parts.values())
    rows = [[layer, what, ms, n] for (layer, what), (ms, n) in parts.items()]
    return {"ms": whole, "parts": rows + [["", "between the nodes", rest, 1]]}


def _job(work: Work) -> tuple[Callable[[], Any], Any]:
    """What is to be timed, and the compiled function that it calls."""
    from benchmarks import ours

    if work.kind == "image":
        network, image = ours.predictor(work), common.image(work)
        return lambda: network(image), network._predict
    step = ours.training_step(work, "float32")
    batches = itertools.cycle(range(step.pairs.n_batches))
    return lambda: step.function(next(batches)), step.function


def _label(fgraph: Any, node: Any) -> tuple[str, str]:
    kind = type(node.op).__name__
    if kind != "Convolution":
        what = getattr(node.op, "what_name", "").replace("_", " ")
        return "", {"Maps": what, "Elemwise": "element by element"}.get(kind, "others")
    direction = node.op.direction_name
    if direction == "to_filters":
        layer = _whose_update(fgraph, node)
    else:
        layer = _layer(node.inputs[1]) or _layer(node.inputs[0])
    if layer == "deconv":  # what is a gradient elsewhere makes its images
        direction = {"to_images": "forward", "forward": "to_images"}.get(
            direction, direction
        )
    return layer, _DIRECTIONS[direction]


def _layer(variable: Any) -> str:
    """The layer whose filters it is, or a view of them; '' for anything else."""
    while variable.owner and len(variable.owner.inputs) == 1:
        (variable,) = variable.owner.inputs
    name = variable.name or ""
    return name[:-2] if name.endswith(".W") else ""


def _whose_update(fgraph: Any, node: Any) -> str:
    """The layer whose filters are moved by what a node gives."""
    updates = fgraph.update_mapping.items()
    moved = {fgraph.outputs[new]: fgraph.inputs[old] for new, old in updates}
    waiting, seen = list(node.outputs), set()
    while waiting:
        variable = waiting.pop()
        if variable in moved and _layer(moved[variable]):
            return _layer(moved[variable])
        for client, _ in fgraph.clients[variable]:
            if client != "output" and client not in seen:
                seen.add(client)
                waiting += client.outputs
    return ""


# --- All of them ---


def measure(jobs: Sequence[str], threads: Sequence[int]) -> dict[str, Any]:
    """What `profile` gives, by job and number of threads."""
    figures: dict[str, Any] = {}
    pairs = [(job, n) for job in jobs for n in threads]
    for job, n in tqdm(pairs, desc="Profiling", disable=None):
        words = [sys.executable, "-m", "benchmarks.where", "--job", job]
        done = subprocess.run(
            words,
            env={**os.environ, "OMP_NUM_THREADS": str(n)},
            stdout=subprocess.PIPE,
            text=True,
        )
        if done.returncode:
            raise UserError(f"{job} with {n} threads: the profile failed (see above)")
        figures.setdefault(job, {})[str(n)] = json.loads(done.stdout)
    return figures


def page(figures: Mapping[str, Any]) -> str:
    """The figures as Markdown."""
    parts = [
        "# Where the time goes",
        measured_by(figures["command"], figures["machine"]),
        "Milliseconds of all nodes of a kind in a step or a picture, the slowest "
        "first; those of convolutions with what is fused into them: biases, "
        "activations and masks. The clock is looked at twice per node, and threads "
        "that wait for each other have good and bad minutes: the whole is not that of "
        "the benchmark.",
    ]
    for name, by_threads in figures["jobs"].items():
        few, many = min(by_threads, key=int), max(by_threads, key=int)
        head = ["layer", "what", f"ms, {few} thread", f"ms, {many} threads", "times"]
        parts += [
            f"## {WORKS[name].title}",
            markdown_table(
                "llrrrr",
                head + [f"GFLOP/s, {many} threads"],
                list(_rows(WORKS[name], by_threads[few], by_threads[many])),
            ),
        ]
    return "\n\n".join(parts)


def _rows(work: Work, few: Mapping, many: Mapping) -> Iterator[list[str]]:
    counts = by_layer(work)
    alone = {(layer, what): ms for layer, what, ms, _ in few["parts"]}
    parts = sorted(many["parts"], key=lambda part: -part[2])
    for layer, what, ms, n in parts[:_N_ROWS]:
        count = n * counts[layer] if layer else 0
        yield [layer, what, *_times(alone.pop((layer, what), 0.0), ms, count)]
    rest = sum(part[2] for part in parts[_N_ROWS:])
    yield ["", "all else", *_times(sum(alone.values()), rest, 0)]
    yield ["", "**all of it**", *_times(few["ms"], many["ms"], multiply_adds(work))]


def _times(before: float, ms: float, count: int) -> list[str]:
    ratio = f"{before / ms:.2f}" if ms else ""
    rate = f"{2e-6 * count / ms:.0f}" if count else ""
    return [f"{before:.2f}", f"{ms:.2f}", ratio, rate]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and write the page and its figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--out", type=Path, help="page (.md), its figures beside (.json)"
    )
    parser.add_argument("--only", default=",".join(JOBS), metavar="JOB,...")
    parser.add_argument("--job", choices=JOBS, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.job:
        print(json.dumps(profile(WORKS[options.job])))
        return 0
    try:
        if options.out is None or options.out.suffix != ".md":
            raise UserError("--out: name the page that is to be written, PAGE.md")
        names = options.only.split(",")
        unknown = sorted(set(names) - set(JOBS))
        if unknown:
            raise UserError(
                f"--only: no job '{', '.join(unknown)}'; there are {', '.join(JOBS)}"
            )
        beside = options.out.with_suffix(".json")
        for path in (options.out, beside):
            check_target(path)
        figures = {"command": command("benchmarks.where"), "machine": machine()}
        figures["jobs"] = measure(names, sorted({1, usable_cores()}))
        write_json(beside, figures)
        write_text(options.out, page(figures) + "\n")
    except UserError as error:
        print(f"benchmarks.where: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
