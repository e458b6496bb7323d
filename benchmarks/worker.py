"""One side of a comparison in a process of its own: answers commands on stdin.

``run N`` does the job N times and answers with numbers from its results and the seconds
that each took, on the clock and of the processor; ``memory`` answers with the peak
memory in MiB: of the graphics card where the job runs on one, else the resident one.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from importlib import import_module

import numpy as np

from benchmarks.work import Work, on_gpu

_MODULES = {
    "ours": "ours",
    "torch": "torch_side",
    "jax": "jax_side",
    "onnxruntime": "onnxruntime_side",
    "sgemm": "sgemm",
}
N_NUMBERS = 1000


def main(side: str, variant: str, work: str, threads: str) -> None:
    """Make the job, then obey until stdin ends.

    Parameters
    ----------
    side, variant : str
    work : str
        The fields of a `Work` as a JSON object.
    threads : str
    """
    _limit_threads(side, int(threads))
    module = import_module("benchmarks." + _MODULES[side])
    fields = json.loads(work)
    job = module.make_job(Work(**dict(fields, size=tuple(fields["size"]))), variant)
    for line in sys.stdin:
        command, _, count = line.strip().partition(" ")
        answer = _timed(job, int(count)) if command == "run" else _memory(module)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _limit_threads(side, threads):
    """Limit the threads of sides that do not heed OMP_NUM_THREADS."""
    through_xla = os.environ.get("SRCNN_DEVICE", "cpu") != "cpu"
    if side == "torch":
        import torch

        torch.set_num_threads(threads)
    if side == "jax" or side == "ours" and through_xla:
        # XLA starts a thread for each core that it may use.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def _timed(job, count):
    answer = {"values": [], "seconds": [], "cpu_seconds": []}
    for _ in range(count):
        cpu, clock = time.process_time(), time.perf_counter()
        result = job()
        answer["seconds"].append(time.perf_counter() - clock)
        answer["cpu_seconds"].append(time.process_time() - cpu)
        answer["values"].append(_numbers(result))
    return answer


def _numbers(result):
    """Some numbers of an array, evenly spread."""
    flat = np.ravel(result)
    return [float(value) for value in flat[:: -(-flat.size // N_NUMBERS)]]


def _memory(module):
    if on_gpu():
        return {"memory": module.peak_memory() / 2.0**20}
    return {"memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024.0}


if __name__ == "__main__":
    main(*sys.argv[1:])
