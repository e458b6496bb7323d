"""Build what is released, and try the wheel by itself in fresh environments.

    pip install uv
    python scripts/release.py [--python 3.8 3.11] [--oldest] [--out dist]

From the last commit, not from the files as they lie here: a source distribution, and
from that the wheel. For each Python an environment that has nothing but the wheel and
its requirements, `demo`, `upscale`, `experiments` and `report` in an empty folder, with
caches of its own, and a look at what they made. With --oldest the requirements are the
oldest that pyproject.toml allows. The exit status is 1 if anything failed.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Sequence

ROOT = Path(__file__).resolve().parents[1]
PYTHONS = ("3.8", "3.9", "3.10", "3.11", "3.12")
# A wheel that is larger than that holds what nobody wants to download.
MOST_BYTES = 10_000_000
_OURS = ("PYTHON", "THEANO", "AESARA", "SRCNN")  # what variables begin with


class Failed(Exception):
    """What was wrong."""


# --- Building ---


def build(out: Path, root: Path = ROOT) -> Path:
    """Write the source distribution and the wheel of the last commit.

    Returns
    -------
    Path
        The wheel.

    Raises
    ------
    Failed
        The wheel is too large.
    """
    with tempfile.TemporaryDirectory() as scratch:
        archive = Path(scratch) / "commit.tar"
        _run(["git", "archive", "--output", str(archive), "HEAD"], root)
        shutil.unpack_archive(str(archive), scratch + "/commit")
        with contextlib.suppress(FileNotFoundError):
            for old in out.glob("srcnn_theano-*"):
                old.unlink()
        _run(["uv", "build", "--quiet", "--out-dir", str(out)], Path(scratch, "commit"))
    (wheel,) = out.glob("*.whl")
    (source,) = out.glob("*.tar.gz")
    for path in (source, wheel):
        print(f"{path.name}: {path.stat().st_size / 1e6:.1f} MB")
    if wheel.stat().st_size > MOST_BYTES:
        raise Failed(f"{wheel.name}: is larger than {MOST_BYTES / 1e6:.0f} MB")
    return wheel


# --- Trying ---


def try_wheel(wheel: Path, python: str, constraints: Path | None) -> None:
    """Install the wheel for a Python and look at what its commands make.

    Raises
    ------
    Failed
    """
    with tempfile.TemporaryDirectory(prefix=f"release-{python}-") as scratch:
        folder = Path(scratch)
        _run(["uv", "venv", "--quiet", "--python", python, "venv"], folder)
        install = ["uv", "pip", "install", "--quiet", "--python", "venv", str(wheel)]
        if constraints:
            install += ["--constraint", str(constraints)]
        _run(install, folder)
        work = folder / "work"
        work.mkdir()
        command = Path("..", "venv", "bin", "srcnn-theano")
        demo = json.loads(_run([command, "demo", "--json"], work))
        _check_demo(demo)
        larger = [
            "upscale",
            "srcnn_demo/low_res.png",
            "--scale",
            "2",
            "--out",
            "x2.png",
        ]
        _run([command, *larger], work)
        _check_larger(work / "srcnn_demo" / "low_res.png", work / "x2.png")
        rows = json.loads(_run([command, "experiments", "--json"], work))
        names = [row["name"] for row in rows if row.get("ours")]
        if not names:
            raise Failed("experiments: has no figures")
        _run([command, "report"], work)
        _check_report(work / "report", names)
    print(
        f"Python {python}: {demo['bicubic']['psnr']:.2f} dB bicubic, "
        f"{demo['srcnn']['psnr']:.2f} after {demo['seconds_of_training']:.0f} s of "
        f"training, {demo['shipped']['psnr']:.2f} shipped; "
        f"{len(names)} rows with figures"
    )


def _check_demo(demo: dict) -> None:
    if not demo["bicubic"]["psnr"] < demo["srcnn"]["psnr"]:
        raise Failed("demo: its network is no better than bicubic")
    # The network that the wheel ships, on the same pixels everywhere.
    if not demo["bicubic"]["psnr"] + 1.5 < demo["shipped"]["psnr"]:
        raise Failed("demo: the shipped network is not what it was")


def _check_larger(small: Path, large: Path) -> None:
    was, is_now = png_size(small), png_size(large)
    if is_now != (2 * was[0], 2 * was[1]):
        raise Failed(f"upscale: {was} became {is_now}")


def png_size(path: Path) -> tuple[int, int]:
    """Columns and rows of a PNG file."""
    columns, rows = struct.unpack(">II", path.read_bytes()[16:24])
    return columns, rows


def _check_report(folder: Path, names: Sequence[str]) -> None:
    page = (folder / "report.html").read_text(encoding="utf-8")
    lacking = [name for name in names if name not in page]
    if lacking:
        raise Failed(f"report: lacks {', '.join(lacking)}")


# --- Commands ---


def _run(words: Sequence[str | Path], folder: Path) -> str:
    """What a command prints; nothing of this checkout or its settings reaches it."""
    here = {k: v for k, v in os.environ.items() if not k.startswith(_OURS)}
    here["XDG_CACHE_HOME"] = str(folder / "cache")
    here["UV_CACHE_DIR"] = os.environ.get("UV_CACHE_DIR") or str(
        Path("~/.cache/uv").expanduser()
    )
    here["PATH"] = os.pathsep.join([here["PATH"], *_pyenv()])
    done = subprocess.run(
        [str(word) for word in words],
        cwd=str(folder),
        env=here,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines()[-15:]
        raise Failed("\n    ".join([" ".join(map(str, words)), *said]))
    return done.stdout


def _pyenv() -> list[str]:
    """Folders of the Pythons that pyenv has installed."""
    root = Path(os.environ.get("PYENV_ROOT") or "~/.pyenv").expanduser()
    return [str(path) for path in sorted(root.glob("versions/*/bin"))]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", nargs="+", default=PYTHONS, metavar="VERSION")
    parser.add_argument("--oldest", action="store_true")
    parser.add_argument("--out", type=Path, default=ROOT / "dist", metavar="DIR")
    options = parser.parse_args(arguments)
    if not shutil.which("uv"):
        parser.error("uv is not installed; `pip install uv` installs it")
    failed = 0
    try:
        wheel = build(options.out.resolve())
        constraints = None
        if options.oldest:
            constraints = wheel.with_name("oldest.txt")
            constraints.write_text(
                _run([sys.executable, ROOT / "scripts" / "oldest.py"], ROOT)
            )
    except Failed as error:
        print(error)
        return 1
    for python in options.python:
        started = time.monotonic()
        try:
            try_wheel(wheel, python, constraints)
        except Failed as error:
            print(f"Python {python}: FAILED: {error}")
            failed = 1
        print(f"    {time.monotonic() - started:.0f} s", flush=True)
    return failed


if __name__ == "__main__":
    sys.exit(main())
