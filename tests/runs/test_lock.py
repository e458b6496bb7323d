"""One process at a time works in a run folder, and no other's network is measured."""

import errno
import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest

from srcnn_theano.errors import UserError
from srcnn_theano.runs import lock
from srcnn_theano.runs.lock import locked

TINY_COMMAND = Path(__file__).parent / "tiny_command.py"
HOLD = (
    "import sys, time; from pathlib import Path\n"
    "from srcnn_theano.runs.lock import locked\n"
    "with locked(Path(sys.argv[1])): print('locked', flush=True); time.sleep(600)\n"
)


@pytest.fixture
def holder(tmp_path):
    """A process that works in the folder `run`."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "runs" / "tiny")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline() == "locked\n"
    yield process
    process.kill()
    process.wait()


def test_the_second_training_names_the_first_and_ends(tmp_path, holder):
    done = subprocess.run(
        [sys.executable, str(TINY_COMMAND), "train", "tiny"],
        cwd=str(tmp_path),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    owner = f"process {holder.pid} on {socket.gethostname()}"
    assert line.startswith("srcnn-theano: error: runs") and owner in line
    assert [path.name for path in (tmp_path / "runs" / "tiny").iterdir()] == [".lock"]


def test_what_a_killed_process_leaves_is_taken_over(tmp_path, holder):
    folder = tmp_path / "runs" / "tiny"
    with pytest.raises(UserError, match=f"process {holder.pid}"):
        with locked(folder):
            pass
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait()
    assert (folder / ".lock").exists()
    with locked(folder):
        assert (folder / ".lock").read_text().startswith(f"process {os.getpid()} on")
    assert not (folder / ".lock").exists()


def test_on_a_full_disk_the_lock_holds_and_names_nobody(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    # In that module alone: other threads of the tests write, too.
    monkeypatch.setattr(lock, "os", SimpleNamespace(**{**vars(os), "write": full}))
    with locked(tmp_path):
        with pytest.raises(UserError, match="works in this folder .it has just begun"):
            with locked(tmp_path):
                pass


def test_a_folder_that_stays_empty_is_removed(tmp_path):
    with locked(tmp_path / "runs" / "tiny"):
        pass
    assert list(tmp_path.iterdir()) == []
    with locked(tmp_path / "runs" / "tiny"):
        (tmp_path / "runs" / "file").touch()
    assert list((tmp_path / "runs").iterdir()) == [tmp_path / "runs" / "file"]


def test_two_trainings_at_once_leave_one_whole_run(tmp_path):
    words = [sys.executable, str(TINY_COMMAND), "train", "tiny", "--seed"]
    started = []
    for seed in "12":
        started.append(
            subprocess.Popen(
                [*words, seed], cwd=str(tmp_path), stderr=subprocess.PIPE, text=True
            )
        )
        time.sleep(0.1)
    errors = [process.communicate()[1] for process in started]
    statuses = [process.returncode for process in started]
    assert sorted(statuses) == [0, 2]
    assert re.search(
        "another process works|holds a run already", errors[statuses.index(2)]
    )
