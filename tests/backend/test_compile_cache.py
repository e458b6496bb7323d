"""Processes that start beside others that compile delete nothing of theirs."""

import contextlib
import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from srcnn_theano import environment, scratch
from srcnn_theano.backend import compile_cache
from srcnn_theano.backend.internals import cmodule
from srcnn_theano.errors import UserError

KEY = ((1,), "a graph")

# Starts again and again, as far as the compiled modules are concerned.
READER = """
from srcnn_theano.backend import theano
from srcnn_theano.backend.internals import cmodule
print("ready", flush=True)
while True:
    cmodule.ModuleCache(theano.config.compiledir)
"""

# Compiles or loads a function, and says of its modules that they are of more use.
WRITER = """
import os, sys
from srcnn_theano.backend import T, theano
from srcnn_theano.backend.internals import cmodule, get_module_cache
x = T.matrix("x")
function = theano.function([x], T.dot(T.tanh(x) * 3, x))
cache = get_module_cache(theano.config.compiledir)
for number in range(int(sys.argv[1])):
    for data in list(cache.module_hash_to_key_data.values()):
        with cmodule.lock_ctx():
            data.add_key(((1,), (os.getpid(), number, "x" * 20000)))
            assert os.path.exists(data.get_entry()), "deleted by somebody"
print(function([[1]]), cache.stats[2])
"""


@pytest.fixture
def process(ready_process):
    """A function of code and a folder: a process whose compile folder that is."""

    def start(code, folder):
        flags = os.environ.get("THEANO_FLAGS", "") + f",base_compiledir={folder}"
        return ready_process(code, THEANO_FLAGS=flags, TMPDIR=str(folder))

    return start


def write(folder, n_times):
    flags = os.environ.get("THEANO_FLAGS", "") + f",base_compiledir={folder}"
    return subprocess.run(
        [sys.executable, "-c", WRITER, str(n_times)],
        env=dict(os.environ, THEANO_FLAGS=flags, TMPDIR=str(folder)),
        capture_output=True,
        text=True,
    )


def check_writers(process, folder, n_writers, n_times):
    """Of these, one after another beside a reader, only the first has to compile."""
    with process(READER, folder):
        answers = [write(folder, n_times) for _ in range(n_writers)]
    assert [answer.returncode for answer in answers] == [0] * n_writers, answers
    compiled = [int(answer.stdout.split()[-1]) for answer in answers]
    assert compiled[0] > 0 and compiled[1:] == [0] * (n_writers - 1)


def test_processes_compile_beside_a_process_that_keeps_starting(process, tmp_path):
    check_writers(process, tmp_path, n_writers=5, n_times=10)


@pytest.mark.slow
def test_processes_compile_for_long_beside_a_process_that_keeps_starting(
    process, tmp_path
):
    check_writers(process, tmp_path, n_writers=30, n_times=1000)


def test_an_empty_folder_of_theanos_own_module_is_about_to_be_filled(tmp_path):
    for name in ("cutils_ext", "lazylinker_ext", "tmp1"):
        (tmp_path / name).mkdir()
    cmodule.ModuleCache(str(tmp_path))
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["cutils_ext", "lazylinker_ext"]


# --- One module ---


@pytest.fixture
def module(tmp_path):
    """The folder of a module of which no more is needed than that it is there."""
    folder = tmp_path / "tmp1"
    folder.mkdir()
    (folder / "m1.so").touch()
    data(folder).save_pkl()
    return folder


def data(folder, *keys):
    return cmodule.KeyData(
        {KEY, *keys}, "hash", str(folder / "key.pkl"), str(folder / "m1.so")
    )


class Peeking:
    """A part of a key that reads the file while it is being written."""

    def __init__(self, path, seen):
        self.path, self.seen = path, seen

    def __reduce__(self):
        self.seen.append(pickle.loads(self.path.read_bytes()).keys)
        return str, ("peeked",)


def test_a_reader_sees_the_file_of_before_or_the_new_one(module):
    seen = []
    data(module, ((1,), Peeking(module / "key.pkl", seen))).save_pkl()
    assert seen == [{KEY}]
    keys = pickle.loads((module / "key.pkl").read_bytes()).keys
    assert keys == {KEY, ((1,), "peeked")}
    assert {path.name for path in module.iterdir()} == {"key.pkl", "m1.so"}


def test_a_module_that_seemed_broken_is_looked_at_again(module, monkeypatch):
    (module / "key.pkl").write_bytes(b"")

    @contextlib.contextmanager
    def others_write_until_the_lock_is_free():
        data(module).save_pkl()
        yield

    monkeypatch.setattr(cmodule, "lock_ctx", others_write_until_the_lock_is_free)
    cmodule.ModuleCache(str(module.parent))
    assert KEY in cmodule.ModuleCache(str(module.parent)).entry_from_key


@pytest.mark.parametrize("broken", ["key.pkl", "m1.so"])
def test_a_broken_module_is_deleted(module, broken):
    (module / "key.pkl").write_bytes(b"")
    (module / broken).unlink()
    if broken == "key.pkl":
        (module / broken).write_bytes(b"")
    cmodule.ModuleCache(str(module.parent))
    assert not module.exists()


def test_a_module_that_was_deleted_by_others_is_forgotten(module):
    by_key, by_hash = [cmodule.ModuleCache(str(module.parent)) for _ in range(2)]
    assert KEY in by_key.entry_from_key
    shutil.rmtree(module)
    assert by_key._get_from_key(KEY) is None
    assert by_hash._get_from_hash("hash", ((1,), "another graph")) is None
    assert not by_key.entry_from_key and not by_hash.module_hash_to_key_data
    data(module).save_pkl()  # of one who has it in memory: nothing to do
    by_key.check_key(KEY, str(module / "key.pkl"))
    assert not module.exists()


def test_a_folder_that_vanishes_while_it_is_read_is_passed_over(module, monkeypatch):
    monkeypatch.setattr(cmodule.os, "listdir", delete_first(module, os.listdir))
    assert cmodule.ModuleCache(str(module.parent)).entry_from_key == {}


def delete_first(folder, listdir):
    def deleting(path):
        if Path(path) == folder:
            shutil.rmtree(folder)
        return listdir(path)

    return deleting


# --- Errors ---


@pytest.mark.parametrize(
    "error, message",
    [
        (OSError(28, "No space left on device"), "No space left"),
        (OSError(122, "Disk quota exceeded"), "quota"),
        (
            Exception("Compilation failed: x.s: No space left on device"),
            "No space left",
        ),
        (TimeoutError("lock"), "another process has held its lock"),
    ],
)
def test_errors_of_the_folder_say_what_to_do(module, error, message, monkeypatch):
    def fail(*arguments):
        try:
            raise error
        finally:
            raise UnboundLocalError("location")  # as Theano's clean-up does

    monkeypatch.setattr(compile_cache, "_module_from_key", fail)
    cache = cmodule.ModuleCache(str(module.parent))
    with pytest.raises(UserError, match=f"{message}.*base_compiledir=FOLDER"):
        cache.module_from_key(KEY)


def test_other_errors_stay_as_they_are(module, monkeypatch):
    def fail(*arguments):
        raise ValueError("of the graph")

    monkeypatch.setattr(compile_cache, "_module_from_key", fail)
    with pytest.raises(ValueError, match="of the graph"):
        cmodule.ModuleCache(str(module.parent)).module_from_key(KEY)


def test_a_full_disk_is_said_in_a_sentence(tmp_path):
    assert write(tmp_path, 0).returncode == 0  # what the library needs to start
    code = WRITER.replace("tanh", "cosh").replace("x = T", FULL + "x = T", 1)
    flags = os.environ.get("THEANO_FLAGS", "") + f",base_compiledir={tmp_path}"
    answer = subprocess.run(
        [sys.executable, "-c", code, "0"],
        env=dict(os.environ, THEANO_FLAGS=flags, TMPDIR=str(tmp_path)),
        capture_output=True,
        text=True,
    )
    assert "UserError" in answer.stderr and "cannot be kept there" in answer.stderr


# The disk fills up after the library has been imported.
FULL = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
"""


def test_others_are_waited_for_an_hour():
    assert environment.prepare().flags["compile__timeout"] == "3600"


# --- What a killed process leaves ---

HOLDER = """
import time
from srcnn_theano.scratch import scratch_folder
with scratch_folder():
    print("ready", flush=True)
    time.sleep(600)
"""


def test_folders_of_killed_processes_are_removed_those_of_living_ones_stay(
    process, tmp_path, monkeypatch
):
    monkeypatch.setattr(scratch.tempfile, "tempdir", str(tmp_path))

    def folders():
        return list(tmp_path.glob(scratch._PREFIX + "*"))

    with process(HOLDER, tmp_path) as holder:
        scratch.remove_stale()
        (folder,) = folders()
        (folder / "part.s").touch()
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        assert folders() == [folder]
        with scratch.scratch_folder() as living:
            scratch.remove_stale(tmp_path)
            assert folders() == [living]
    assert folders() == []


def test_reports_of_failed_compilations_are_kept_for_a_day(tmp_path, monkeypatch):
    monkeypatch.setattr(scratch.tempfile, "tempdir", str(tmp_path))
    new, old = (tmp_path / f"theano_compilation_error_{name}" for name in "no")
    other = tmp_path / "other"
    for path in (new, old, other):
        path.touch()
    for path in (old, other):
        os.utime(path, (0, time.time() - 25 * 3600))
    scratch.remove_stale()
    assert new.exists() and other.exists() and not old.exists()
