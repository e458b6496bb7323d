"""What more work and more cores cost: large pictures, many small ones, 64 cores.

    python -m benchmarks.scale --figures benchmarks/figures.json --out PAGE.md

Pictures of 0.1 to 100 megapixels go through the shipped network for x2, and 2,000 small
ones through the command `srcnn-theano upscale`, whose memory and pace are looked at
while it works. What 64 cores would do is a model, of one and two threads as the figures
of `python -m benchmarks` have them; nobody has measured it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Mapping, NamedTuple, Sequence

import numpy as np

from benchmarks.machine import command, machine, measured_by
from srcnn_theano.data.images import Picture, write_picture
from srcnn_theano.errors import UserError
from srcnn_theano.files import check_target, read_json, write_json, write_text
from srcnn_theano.ranges import LARGEST_COUNT, above_0, whole
from srcnn_theano.tables import markdown_table

SCALE = 2
MEGAPIXELS = (0.1, 0.3, 1, 3, 10, 30, 100)  # of the enlarged picture
N_SMALL, SMALL = 2000, (48, 64)
CORES = (1, 2, 4, 16, 64)
_SECONDS_BETWEEN_LOOKS = 0.2


def random_picture(rows: int, cols: int) -> Picture:
    """An RGB picture of 8 bits that no codec makes small."""
    pixels = np.random.RandomState(rows).randint(0, 256, (rows, cols, 3))
    return Picture(pixels.astype("uint8"))


# --- Large pictures ---


def per_pixel(megapixels: Sequence[float]) -> list[dict[str, float]]:
    """Seconds per megapixel of the result, by its size; the first run is left out."""
    from srcnn_theano.inference import Upscaler, build_predictor
    from srcnn_theano.weights import load_weights, weights_for_scale

    predictor = build_predictor(load_weights(weights_for_scale(SCALE)))
    upscaler = Upscaler(predictor, SCALE)
    upscaler(random_picture(64, 64))
    rows = []
    for amount in megapixels:
        side = int(round((1e6 * amount) ** 0.5)) // SCALE
        picture = random_picture(side, side)
        clock, cpu, done = time.perf_counter(), time.process_time(), 0.0
        for band in upscaler.bands(picture):  # as they are written: one at a time
            done += band.pixels[..., 0].size / 1e6
        seconds, cpu = time.perf_counter() - clock, time.process_time() - cpu
        rows.append(
            {
                "megapixels": done,
                "seconds_per_megapixel": seconds / done,
                "cpu_seconds_per_megapixel": cpu / done,
            }
        )
    return rows


# --- Many small pictures ---


class Look(NamedTuple):
    """At a command that works: when, how many pictures are there, memory in MiB."""

    seconds: float
    pictures: int
    mib: float


def soak(n_pictures: int) -> list[Look]:
    """Enlarge many small pictures by one command, and look at it while it works."""
    with tempfile.TemporaryDirectory() as name:
        small, large = Path(name, "small"), Path(name, "large")
        small.mkdir()
        picture = random_picture(*SMALL)
        for number in range(n_pictures):
            write_picture(small / f"{number:05d}.png", picture)
        command = [sys.executable, "-m", "srcnn_theano", "upscale", str(small)]
        command += ["--scale", str(SCALE), "--out", str(large)]
        started, looks = time.perf_counter(), []
        silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, **silent)  # type: ignore[call-overload]
        while process.poll() is None:
            time.sleep(_SECONDS_BETWEEN_LOOKS)
            done, mib = len(list(large.glob("*.png"))), _resident_mib(process.pid)
            if done and mib:
                looks.append(Look(time.perf_counter() - started, done, mib))
        if process.returncode or len(list(large.glob("*.png"))) != n_pictures:
            raise UserError("srcnn-theano upscale has not enlarged all small pictures")
        return looks


def _resident_mib(pid: int) -> float:
    """0 for a process that has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    lines = [line for line in status.splitlines() if line.startswith("VmRSS")]
    return int(lines[0].split()[1]) / 1024 if lines else 0.0


def quarters(looks: Sequence[Look]) -> list[dict[str, float]]:
    """Pace and largest memory in each quarter of the pictures.

    Looks before the first picture was there do not count, nor does the pause until the
    command has ended. A quarter that fewer than two looks fall into has no pace.
    """
    if not looks:
        raise UserError("--small: too few pictures to look at while they are enlarged")
    rows, most = [], looks[-1].pictures
    for quarter in range(4):
        low, high = most * quarter / 4, most * (quarter + 1) / 4
        those = [look for look in looks if low <= look.pictures <= high]
        if len(those) < 2 or those[0].pictures == those[-1].pictures:
            continue
        last = next(look for look in those if look.pictures == those[-1].pictures)
        pace = (last.seconds - those[0].seconds) / (last.pictures - those[0].pictures)
        mib = max(look.mib for look in those)
        rows.append({"quarter": quarter + 1, "ms": 1e3 * pace, "mib": mib})
    return rows


# --- More cores, on paper ---


def on_cores(one: float, two: float, cores: int) -> float:
    """Times as fast as one thread, by Amdahl's law through one and two threads.

    Of the time of one thread, ``2 (one - two)`` shrinks with the threads and the rest
    does not. Two threads that take no longer than half of one leave no rest.
    """
    shared = min(one, max(0.0, 2 * (one - two)))
    return one / (one - shared + shared / cores)


def model(report: Any) -> dict[str, list[float]]:
    """Times as fast as one thread on `CORES`, by the title of each job of a report.

    Of all cores the report has one and two, in turns within one run, for some jobs.

    Raises
    ------
    UserError
        The report is not one of `python -m benchmarks` with one and with two threads.
    """
    try:
        jobs = report["passes"]["2"].values()
        times = {
            job["title"]: job["sides"]["ours, 1 thread"]["times_ours"]["median"]
            for job in jobs
            if "ours, 1 thread" in job["sides"]
        }
        return {
            title: [on_cores(times_as_fast, 1, n) for n in CORES]
            for title, times_as_fast in times.items()
        }
    except (KeyError, TypeError, AttributeError) as error:
        raise UserError(
            "--figures: no report of `python -m benchmarks` with one and two threads "
            f"({type(error).__name__}: {error}); measure that first"
        ) from error


# --- The page ---


def page(figures: Mapping[str, Any]) -> str:
    """The figures as Markdown."""
    sizes = [
        [f"{row['megapixels']:.1f}", f"{row['seconds_per_megapixel']:.3f}"]
        + [f"{row['cpu_seconds_per_megapixel']:.3f}"]
        for row in figures["per_pixel"]
    ]
    small = [
        [str(row["quarter"]), f"{row['ms']:.0f}", f"{row['mib']:.0f}"]
        for row in figures["quarters"]
    ]
    cores = [
        [title, *(f"{ratio:.1f}" for ratio in curve)]
        for title, curve in figures["model"].items()
    ]
    head = ["job", *(f"{n} cores" if n > 1 else "1 core" for n in CORES)]
    return "\n\n".join(
        [
            "# More work, and more cores",
            measured_by(figures["command"], figures["machine"]),
            f"Pictures enlarged x{SCALE} by the shipped network, by the result's size:",
            markdown_table(
                "rrr", ["megapixels", "s per megapixel", "CPU s per megapixel"], sizes
            ),
            "{:,} pictures of {}x{} pixels by one command, by quarters:".format(
                figures["n_small"], SMALL[1], SMALL[0]
            ),
            markdown_table("rrr", ["quarter", "ms per picture", "MiB at most"], small),
            "Times as fast as one thread: measured with 1 and 2, and beyond a model "
            "of what the second thread brought (Amdahl's law, no limit of memory):",
            markdown_table("l" + "r" * len(CORES), head, cores),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, and write the page and its figures."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--figures", type=Path, required=True, help="of benchmarks")
    parser.add_argument("--out", type=Path, required=True, help="page (.md, .json)")
    parser.add_argument(
        "--small", type=whole(8, LARGEST_COUNT), default=N_SMALL, metavar="N"
    )
    parser.add_argument(
        "--most", type=above_0("megapixels"), default=MEGAPIXELS[-1], metavar="MP"
    )
    options = parser.parse_args(arguments)
    try:
        if options.out.suffix != ".md":
            raise UserError("--out: name the page that is to be written, PAGE.md")
        beside = options.out.with_suffix(".json")
        for path in (options.out, beside):
            check_target(path)
        sizes = [n for n in MEGAPIXELS if n <= options.most]
        if not sizes:
            raise UserError(f"--most: the least is {MEGAPIXELS[0]} megapixels")
        curves = model(read_json(options.figures))
        figures = {
            "command": command("benchmarks.scale"),
            "machine": machine(),
            "per_pixel": per_pixel(sizes),
            "n_small": options.small,
            "quarters": quarters(soak(options.small)),
            "model": curves,
        }
        write_json(beside, figures)
        write_text(options.out, page(figures) + "\n")
    except UserError as error:
        print(f"benchmarks.scale: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
