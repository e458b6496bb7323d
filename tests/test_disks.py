"""Full, filling and read-only disks, and places where no file can be, for each command.

Each command runs in a process with a mount table of its own, in which three small disks
are mounted; as root or, where the system lets every user have such a table, as anybody.
What trains and compiles has the stand-ins of test_fuzz_commands.
"""

import ctypes
import io
import os
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from srcnn_theano.scratch import _PREFIX as SCRATCH
from srcnn_theano.weights import save_weights

fuzz = SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("fuzz.py"))))
HERE = Path(__file__).stem

# --- The disks, in the worker ---

# Of <sched.h> and <sys/mount.h>.
NEW_MOUNTS, NEW_USER, PRIVATE, READ_ONLY, AGAIN = 0x20000, 0x10000000, 0x44000, 1, 32
# What is left on each disk, in bytes.
LEFT = {"full": 0, "filling": 48 << 10, "readonly": 1 << 20}


def mount_disks():
    """Mount the disks of `LEFT` in the folder, for this process alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    user, group = os.getuid(), os.getgid()

    def call(function, *arguments):
        if function(*arguments):
            raise OSError(ctypes.get_errno(), "no mounts here")

    call(libc.unshare, NEW_MOUNTS | (NEW_USER if user else 0))
    if user:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        Path("/proc/self/gid_map").write_text(f"0 {group} 1")
    call(libc.mount, None, b"/", None, PRIVATE, None)
    for name, left in LEFT.items():
        disk = os.fsencode(name)
        call(libc.mount, b"none", disk, b"tmpfs", 0, b"size=1m")
        shutil.copytree("in", f"{name}/in")
        shutil.copytree("runs", f"{name}/runs")
        with Path(name, "filler").open("wb", buffering=0) as stream:
            with pytest.raises(OSError, match="No space"):
                while True:
                    stream.write(bytes(4096))
            stream.truncate(max(0, stream.tell() - left))
        if name == "readonly":
            call(libc.mount, None, disk, None, AGAIN | READ_ONLY, None)


def files_here():
    paths = (path for path in Path().rglob("*") if path.is_file())
    return {path: path.stat().st_mtime_ns for path in paths}


def command(arguments):
    """The command, on the disks; 99 for files that it should not have left so."""
    from test_fuzz_commands import command as run

    mount_disks()
    before = files_here()
    status = 1
    try:
        status = run(arguments)
    except SystemExit as end:
        status = end.code
    written = [path for path, at in files_here().items() if before.get(path) != at]
    half = [path for path in written if SCRATCH in path.name or not is_whole(path)]
    if half or (status == 0 and arguments[0] in MAKERS and not written):
        print(f"\nleft {half}, written {written}, status {status}")
        return 99
    return status


def is_whole(path):
    if path.suffix in (".png", ".jpg", ".tif"):
        try:
            Image.open(io.BytesIO(path.read_bytes())).load()
        except OSError:
            return False
    return path.stat().st_size > 0 or path.name in (".lock", "log.txt")


def can_mount():
    code = "import test_disks; test_disks.LEFT.clear(); test_disks.mount_disks()"
    run = subprocess.run([sys.executable, "-c", code], cwd=str(Path(__file__).parent))
    return run.returncode == 0


# --- Commands ---

MAKERS = {"upscale", "convert", "report", "look", "graph", "demo"}
PLACES = ["full", "full/sub", "filling", "filling/sub", "readonly", "readonly/sub"]
PLACES += ["/dev/full", "/dev/null", "/dev/stdout", "/proc", "/sys/x", "/proc/self/mem"]
PLACES += ["in/a.png/x", "missing/../x"]


def commands_to(place):
    """Command lines that write to a place, or read there, as text."""
    for suffix in ("", "/b.png", "/b.tif", "/b.jpg"):
        yield f"upscale in/a.png --scale 2 --out {place}{suffix}"
    yield f"upscale in --scale 2 --out {place}"
    yield f"upscale in --scale 2 --out {place} --resume"
    for suffix in ("/x.onnx", "", "/x.h5"):
        yield f"convert small.h5 {place}{suffix}"
    yield f"report --runs runs --out {place}"
    yield f"report --runs {place} --out written"
    yield f"experiments --runs {place}"
    yield f"evaluate {place} --scale 2"
    yield f"look in/a.png --out {place}"
    yield f"look {place} --out written"
    yield f"graph srcnn --out {place}"
    yield f"demo --out {place}"
    yield f"demo --json --out {place}"
    for rest in ("", " --resume", " --seeds 0,1"):
        row = "train table1_adam_described --data in --epochs 1"
        yield f"{row} --runs {place}{rest}"
    yield f"train --pictures in --scale 3 --epochs 1 --runs {place}"
    yield f"compare-deconv --quick --epochs 1 --out {place} --runs {place}"
    yield f"data get --from in --data {place}"
    yield f"data prepare --data {place}"
    yield f"data check --data {place}"
    yield f"reproduce table1 --cost --data {place} --runs {place}"
    yield f"reproduce table1 --only *adam_described --data in --runs {place}"


def complaint(words, answer):
    if "Traceback" in answer.message:
        return "a traceback"
    usual = (0, 1, 2) if words[0] == "data" else (0, 2)
    if answer.status not in usual:
        return f"status {answer.status}"
    if answer.status == 2 and "error: " not in answer.message:
        return "no message"
    return ""


def check_commands(folder, monkeypatch, weights, lines):
    if not can_mount():
        pytest.skip("the system lets nobody mount here")
    monkeypatch.chdir(folder)
    monkeypatch.delenv("SRCNN_DATA", raising=False)
    for name in (*LEFT, "in", "runs"):
        Path(name).mkdir()
    rng = np.random.RandomState(0)
    for name in "abcde":
        pixels = rng.randint(0, 256, (40, 50, 3)).astype("uint8")
        Image.fromarray(pixels).save(f"in/{name}.png")
    save_weights("small.h5", weights)
    modules = ["srcnn_theano.upscale.upscale", "srcnn_theano.evaluation.evaluate"]
    modules += ["srcnn_theano.backend", "srcnn_theano.demo.demo", "matplotlib.pyplot"]
    modules += ["srcnn_theano.report.report", "test_fuzz_commands"]
    words = [line.split() for line in lines]
    answers = fuzz.outcomes(
        words,
        modules,
        30,
        function=f"{HERE}:command",
        kind=lambda words: f"disks: {words[0]}",
    )
    wrong = []
    for one, answer in zip(words, answers):
        if complaint(one, answer):
            wrong.append(f"{complaint(one, answer)}: {one} {answer.message[-1500:]}")
    assert not wrong, "\n".join(wrong)


LINES = [line for place in PLACES for line in commands_to(place)]


def test_some_disks(tmp_path, monkeypatch, passing_on):
    check_commands(tmp_path, monkeypatch, passing_on(1), LINES[::29])


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_all_disks(tmp_path, monkeypatch, passing_on):
    check_commands(tmp_path, monkeypatch, passing_on(1), LINES)
