"""Whole commands that enlarge a picture: ours, OpenCV's dnn_superres, onnxruntime.

    python -m benchmarks.enlarging --opencv-python PYTHON --pb FSRCNN_x2.pb
    python -m benchmarks.enlarging --networks --out benchmarks/networks.json

The second compares the networks that the package ships instead.
Each command starts from the shell, reads a picture, enlarges it twice by FSRCNN and
writes it. The commands take turns, so that a machine that is busy slows all of them
alike, and the ratios of neighbouring runs are what counts. Memory is the peak of the
process as the system tells it at its end (the figure of ``/usr/bin/time -v``).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any, Callable, NamedTuple, Sequence

import numpy as np

from benchmarks.machine import command, machine
from srcnn_theano.data.images import Picture, read_picture, write_picture
from srcnn_theano.data.photograph import photograph
from srcnn_theano.files import write_json
from srcnn_theano.tables import markdown_table
from srcnn_theano.weights import shipped_models, weights_for_scale

SCALE = 2
_SIZES = {"a.png": "1.2 megapixels (PNG)", "b.jpg": "12 megapixels (JPEG)"}
_OPENCV = """
import sys, cv2
network = cv2.dnn_superres.DnnSuperResImpl_create()
network.readModel(sys.argv[3])
network.setModel("fsrcnn", 2)
cv2.imwrite(sys.argv[2], network.upsample(cv2.imread(sys.argv[1])))
"""
_ONNXRUNTIME = """
import sys
import numpy as np, onnxruntime
from PIL import Image
network = onnxruntime.InferenceSession(sys.argv[3])
image = Image.open(sys.argv[1]).convert("YCbCr")
large = image.resize([2 * n for n in image.size], Image.Resampling.BICUBIC)
y = 16 / 255 + 219 / 255 * np.float32(image)[..., 0] / 255
(y,) = network.run(["y"], {"x": y[None, None]})
y = np.uint8(np.rint(((255 * y[0, 0] - 16) * 255 / 219).clip(0, 255)))
large = Image.merge("YCbCr", [Image.fromarray(y), *large.split()[1:]])
quality = {"quality": 95} if sys.argv[2].endswith("jpg") else {}
large.convert("RGB").save(sys.argv[2], **quality)
"""


class Run(NamedTuple):
    """A process that has ended."""

    seconds: float
    cpu_seconds: float
    peak_mib: float
    ok: bool


def run(command: Sequence[str]) -> Run:
    """Run a command to its end."""
    started = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    return Run(
        time.perf_counter() - started,
        usage.ru_utime + usage.ru_stime,
        usage.ru_maxrss / 1024,
        status == 0,
    )


def picture_files(folder: Path) -> dict[str, Path]:
    """Pictures of 1.2 and 12 megapixels, made of the photograph that SciPy brings."""
    tile = photograph().pixels
    files = {}
    for name, rows, cols in (("a.png", 960, 1280), ("b.jpg", 3000, 4000)):
        repeats = -(-rows // tile.shape[0]), -(-cols // tile.shape[1]), 1
        mirrored = np.concatenate([tile, tile[:, ::-1]], axis=1)
        pixels = np.tile(mirrored, repeats)[:rows, :cols]
        files[name] = folder / name
        write_picture(files[name], Picture(np.ascontiguousarray(pixels)))
    return files


def sides(options: argparse.Namespace, folder: Path) -> dict[str, Callable]:
    """Commands by name: functions of the files to read and to write."""
    made: dict[str, Callable] = {"srcnn-theano": partial(_ours, None)}
    if options.networks:
        for model in shipped_models()[1:]:
            made[f"--model {model}"] = partial(_ours, model)
        return made
    if options.opencv_python and options.pb:
        made["OpenCV dnn_superres"] = lambda source, target: [
            *[options.opencv_python, "-c", _OPENCV, source, target, str(options.pb)]
        ]
    try:
        import onnxruntime  # noqa: F401 (is it there?)

        from srcnn_theano.convert.onnx import export
    except ImportError:
        return made
    network = folder / "network.onnx"
    export(weights_for_scale(SCALE), network)
    made["onnxruntime, ten lines"] = lambda source, target: [
        *[sys.executable, "-c", _ONNXRUNTIME, source, target, str(network)]
    ]
    return made


def _ours(model: str | None, source: str, target: str) -> list[str]:
    command = [sys.executable, "-m", "srcnn_theano", "upscale", source]
    command += ["--model", model] if model else []
    return [*command, "--scale", str(SCALE), "--out", target]


def side_by_side(opencv_python: str, pb: Path | None, runs: int = 5) -> dict[str, Any]:
    """Figures by picture, as `benchmarks.marks` reads them."""
    options = argparse.Namespace(
        opencv_python=opencv_python, pb=pb, runs=runs, networks=False
    )
    pictures: dict[str, Any] = {}
    for row in measure(options):
        title = f"upscale x{SCALE}, {_SIZES[row['picture']]}, whole command"
        of_picture = pictures.setdefault(row["picture"], {"title": title, "sides": {}})
        least, most = row["spread"]
        of_picture["sides"][row["side"]] = {
            "median_ms": 1e3 * row["seconds"],
            "cpu_ms": 1e3 * row["cpu_seconds"],
            "peak_memory_MiB": row["peak_mib"],
            "times_ours": {"median": row["times_ours"], "from": least, "to": most},
        }
    return pictures


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Rows of the table: for each picture and side its medians."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        commands = sides(options, folder)
        for picture, source in picture_files(folder).items():
            target = folder / ("large" + source.suffix)
            runs: dict[str, list[Run]] = {side: [] for side in commands}
            for number in range(options.runs + 1):
                for side, command in commands.items():
                    done = run([str(word) for word in command(source, target)])
                    if not done.ok:
                        sys.exit(f"{side}: failed on {picture}")
                    if number:  # the first fills the caches
                        runs[side].append(done)
            ours = runs["srcnn-theano"]
            for side, of_side in runs.items():
                rows.append(_row(picture, side, of_side, ours))
    return rows


def _row(
    picture: str, side: str, runs: Sequence[Run], ours: Sequence[Run]
) -> dict[str, Any]:
    ratios = [run.seconds / our.seconds for run, our in zip(runs, ours)]
    return {
        "picture": picture,
        "side": side,
        "seconds": statistics.median(run.seconds for run in runs),
        "cpu_seconds": statistics.median(run.cpu_seconds for run in runs),
        "times_ours": statistics.median(ratios),
        "spread": [min(ratios), max(ratios)],
        "peak_mib": max(run.peak_mib for run in runs),
    }


def memory_rows() -> list[dict[str, Any]]:
    """Peaks of our command where they are highest: 12 megapixels x4, 200 x2."""
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photo = read_picture(picture_files(folder)["b.jpg"])
        ramp = np.linspace(0, 255, photo.pixels.shape[1]).astype("uint8")
        alpha = np.tile(ramp, (photo.pixels.shape[0], 1))
        write_picture(folder / "rgba.png", photo._replace(alpha=alpha))
        flat = np.zeros((10000, 20000, 1), "uint8")
        write_picture(folder / "grey.png", Picture(flat))
        for source, scale, target in (
            ("b.jpg", 4, "large.jpg"),
            ("b.jpg", 4, "large.png"),
            ("rgba.png", 4, "large.png"),
            ("grey.png", 2, "large.png"),
        ):
            command = [sys.executable, "-m", "srcnn_theano", "upscale"]
            command += [str(folder / source), "--scale", str(scale)]
            done = run([*command, "--out", str(folder / target)])
            rows.append(
                {
                    "source": source,
                    "scale": scale,
                    "target": target,
                    "seconds": done.seconds,
                    "peak_mib": done.peak_mib,
                    "ok": done.ok,
                }
            )
    return rows


def tables(figures: dict[str, list[dict[str, Any]]]) -> str:
    """The figures as Markdown."""
    speed = [
        [
            row["picture"],
            row["side"],
            f"{row['seconds']:.2f}",
            f"{row['cpu_seconds']:.2f}",
            f"{row['times_ours']:.2f}",
            "{:.2f} to {:.2f}".format(*row["spread"]),
            f"{row['peak_mib']:.0f}",
        ]
        for row in figures["speed"]
    ]
    header = ["picture x2", "command", "s", "CPU s", "times ours", "spread", "peak MiB"]
    text = markdown_table("llrrrlr", header, speed)
    memory = [
        [row["source"], f"x{row['scale']}", row["target"], f"{row['seconds']:.0f}"]
        + [f"{row['peak_mib']:.0f}" if row["ok"] else "failed"]
        for row in figures.get("memory", [])
    ]
    if memory:
        header = ["picture", "scale", "written as", "s", "peak MiB"]
        text += "\n\n" + markdown_table("llrrr", header, memory)
    return text


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--opencv-python", help="one with opencv-contrib-python")
    parser.add_argument("--pb", type=Path, help="FSRCNN_x2.pb, which OpenCV takes")
    parser.add_argument(
        "--networks", action="store_true", help="compare our networks instead"
    )
    parser.add_argument("--memory", action="store_true", help="large pictures, too")
    parser.add_argument("--out", type=Path, help="file for the figures (JSON)")
    options = parser.parse_args(arguments)
    told = {"command": command("benchmarks.enlarging"), "machine": machine()}
    figures = {"speed": measure(options)}
    if options.memory:
        figures["memory"] = memory_rows()
    if options.out:
        write_json(options.out, {**told, **figures})
    print(tables(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
