"""One side of a comparison in a process of its own: answers commands on stdin.

``run N`` does the job N times and answers with its numbers and the seconds that each
took; ``memory`` answers with the peak resident memory in MiB.
"""

import json
import resource
import sys
import time


def main(side, variant, name, threads):
    from importlib import import_module

    from srcnn_theano.bench.work import WORKS

    if side == "torch":
        import torch

        torch.set_num_threads(int(threads))
    module = {"ours": "ours", "torch": "torch_side", "jax": "jax_side"}[side]
    make_job = import_module("srcnn_theano.bench." + module).make_job
    job = make_job(WORKS[name], variant)
    _answer({"ready": True})
    for line in sys.stdin:
        command, _, count = line.strip().partition(" ")
        if command == "run":
            _answer(_timed(job, int(count)))
        else:
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            _answer({"memory": peak / 1024.0})


def _timed(job, count):
    values, seconds = [], []
    for _ in range(count):
        started = time.perf_counter()
        values.append(job())
        seconds.append(time.perf_counter() - started)
    return {"values": values, "seconds": seconds}


def _answer(value):
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
