import errno
import hashlib
import json
import math
import os
import socket
import stat
import tempfile
from pathlib import Path

import numpy as np
import pytest

from srcnn_theano import files, scratch
from srcnn_theano.data.images import Picture, write_picture
from srcnn_theano.errors import UserError
from srcnn_theano.files import (
    DiskFull,
    atomic_path,
    read_json,
    require_file,
    sha256,
    write_json,
    write_text,
)
from srcnn_theano.hdf5 import read_arrays, write_arrays
from srcnn_theano.report.report import write_report

DISK_ERRORS = [errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "result.txt"
    path.write_text("old")
    return path


def untouched(path):
    assert path.read_text() == "old"
    assert [p.name for p in path.parent.iterdir()] == [path.name]


def test_new_content_replaces_the_old_in_one_step(path):
    with atomic_path(path) as temporary:
        assert temporary.parent == path.parent
        assert temporary.suffix == ".txt"
        temporary.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert [p.name for p in path.parent.iterdir()] == ["result.txt"]


def test_missing_folders_are_made(tmp_path):
    write_text(tmp_path / "a" / "b" / "c.txt", "text")
    assert (tmp_path / "a" / "b" / "c.txt").read_text() == "text"


@pytest.mark.parametrize("exception", [ValueError, KeyboardInterrupt, SystemExit])
def test_exception_leaves_the_old_file_and_no_other(path, exception):
    with pytest.raises(exception):
        with atomic_path(path) as temporary:
            temporary.write_text("half")
            raise exception
    untouched(path)


def test_permissions_are_those_of_an_ordinary_file(path):
    before = os.umask(0o027)
    try:
        write_text(path, "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_folder_that_is_a_file(path):
    target = path / "result.txt"
    with pytest.raises(UserError, match="cannot be written") as error:
        write_text(target, "new")
    assert str(target) in str(error.value)
    untouched(path)


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_folder_that_cannot_be_written(path, monkeypatch, code):
    def refuse(*args, **kwargs):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    with pytest.raises(UserError, match=os.strerror(code)) as error:
        write_text(path, "new")
    assert str(path) in str(error.value)
    untouched(path)


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere"
)
def test_folder_without_write_permission(path):
    path.parent.chmod(0o500)
    try:
        with pytest.raises(UserError, match="cannot be written"):
            write_text(path, "new")
    finally:
        path.parent.chmod(0o700)
    untouched(path)


@pytest.mark.parametrize("code", DISK_ERRORS)
@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_disk_full_at_the_end(path, monkeypatch, call, code):
    def refuse(*args):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os if call == "fsync" else Path, call, refuse)
    with pytest.raises(UserError, match="free some space") as error:
        write_text(path, "new")
    assert str(path) in str(error.value)
    untouched(path)


def test_other_errors_of_the_system_are_not_taken_for_a_full_disk(path):
    with pytest.raises(FileNotFoundError):
        with atomic_path(path):
            (path.parent / "none").open()
    untouched(path)


def test_disk_full_while_text_is_written(path, full_disk):
    with full_disk():
        with pytest.raises(UserError, match="result.txt: cannot be written"):
            write_text(path, "new" * 10000)
    untouched(path)


@pytest.mark.parametrize("size", [2500, 30000])
def test_disk_full_while_arrays_are_written(path, full_disk, size):
    arrays = {"a": np.ones(size), "b": np.ones(500), "c": np.ones(3)}
    with full_disk():
        with pytest.raises(UserError, match="result.txt: cannot be written"):
            write_arrays(path, {"format": "test"}, arrays)
    untouched(path)


def test_json_is_indented_and_ends_its_last_line(path):
    value = {"psnr": 32.39, "name": "naïve", "rows": [1, None, True]}
    write_json(path, value)
    text = path.read_text(encoding="utf-8")
    assert json.loads(text) == value
    assert '\n  "psnr": 32.39' in text and "naïve" in text and text.endswith("}\n")


def test_json_that_cannot_be_read(tmp_path):
    with pytest.raises(
        UserError, match="gone.json: missing or unreadable .No such file"
    ):
        read_json(tmp_path / "gone.json")
    (tmp_path / "half.json").write_text('{"psnr": ')
    with pytest.raises(UserError, match="half.json: not readable as JSON"):
        read_json(tmp_path / "half.json")


def test_sha256_of_a_file_larger_than_a_block(tmp_path):
    content = os.urandom(1 << 20) + b"x"
    (tmp_path / "large").write_bytes(content)
    assert sha256(tmp_path / "large") == hashlib.sha256(content).hexdigest()
    (tmp_path / "empty").write_bytes(b"")
    assert sha256(tmp_path / "empty") == (
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )


def test_arrays_come_back_as_they_were(tmp_path):
    rng = np.random.RandomState(0)
    arrays = {
        "matrix": rng.normal(size=(3, 4)).astype("float32"),
        "scalar": np.array(0.1),
        "one": np.array([7], "int64"),
        "none": np.zeros((0, 3), "float32"),
        "bytes": rng.randint(0, 256, (2, 3, 5, 5)).astype("uint8"),
    }
    write_arrays(tmp_path / "a.h5", {"version": 1, "text": "naïve"}, arrays)
    attributes, result = read_arrays(tmp_path / "a.h5", "", kinds="fiu")
    assert attributes == {"version": 1, "text": "naïve"}
    assert set(result) == set(arrays)
    for name, array in arrays.items():
        assert result[name].dtype == array.dtype
        np.testing.assert_array_equal(result[name], array)


def test_the_folders_are_written_to_the_disk_after_the_renaming(tmp_path, monkeypatch):
    target, synced = tmp_path / "new" / "newer" / "a.txt", []
    monkeypatch.setattr(
        files, "_flush", lambda path: synced.append((path, target.exists()))
    )
    files.write_text(target, "text")
    (file, early), *folders = synced
    assert file.suffix == ".txt" and not early
    assert folders == [
        (target.parent, True),
        (target.parent.parent, True),
        (tmp_path, True),
    ]


@pytest.fixture
def calls(monkeypatch):
    """What was renamed, and what was then written to the disk, by its descriptor."""
    monkeypatch.delenv("SRCNN_DATA", raising=False)
    seen, fsync, rename = [], os.fsync, Path.replace

    def synced(handle):
        fsync(handle)
        kind = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file"
        seen.append((kind, os.path.realpath(f"/proc/self/fd/{handle}")))

    def renamed(self, target):
        seen.append(("renamed", os.path.realpath(target)))
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    return seen


PICTURE = Picture(np.zeros((5, 4, 3), np.uint8))
WRITERS = {
    "text": lambda folder: write_text(folder / "a.txt", "text"),
    "JSON": lambda folder: write_json(folder / "a.json", {}),
    "arrays": lambda folder: write_arrays(folder / "a.h5", {}, {"a": np.ones(3)}),
    "a folder of pages": lambda folder: write_report(folder),
    "a picture": lambda folder: write_picture(folder / "a.png", PICTURE),
}


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="it asks /proc")
@pytest.mark.parametrize("writer", WRITERS)
def test_fsync_of_file_then_renaming_then_fsync_of_each_new_folder(
    tmp_path, calls, writer
):
    folder = tmp_path / "new" / "newer"
    WRITERS[writer](folder)
    names = [name for kind, name in calls if kind == "renamed"]
    assert sorted(names) == sorted(str(path) for path in folder.iterdir())
    for name in names:
        at = calls.index(("renamed", name))
        assert calls[at - 1][0] == "file" and calls[at + 1] == ("folder", str(folder))
    after = calls[calls.index(("renamed", names[0])) + 1 :]
    assert after[:3] == [
        ("folder", str(path)) for path in [folder, *folder.parents][:3]
    ]


def test_a_system_that_cannot_write_a_folder_to_the_disk_goes_on(tmp_path, monkeypatch):
    def fsync(handle):
        if Path(f"/proc/self/fd/{handle}").is_dir():
            raise OSError(errno.EINVAL, "no")

    monkeypatch.setattr(os, "fsync", fsync)
    files.write_text(tmp_path / "a.txt", "text")
    assert (tmp_path / "a.txt").read_text() == "text"


# --- What a killed process leaves ---

WRITER = """
import pathlib, sys, time
from srcnn_theano.files import atomic_path
with atomic_path(sys.argv[1]) as temporary:
    temporary.write_text("half")
    print("ready", flush=True)
    sys.stdin.read()
    temporary.write_text("whole")
print("done", flush=True)
"""


@pytest.mark.parametrize("name", ["a.png", "n" * 250 + ".h5", "." + "t" * 254])
def test_what_a_killed_writer_left_goes_what_a_living_writes_stays(
    tmp_path, name, ready_process
):
    foreign = tmp_path / f".a.{scratch._PREFIX}notes.txt"  # its name is another length
    foreign.touch()
    arguments = WRITER, tmp_path / name
    with ready_process(*arguments) as dead, ready_process(*arguments) as living:
        dead.kill()
        dead.wait()
        left = set(tmp_path.iterdir())
        assert len(left) == 3
        write_text(tmp_path / "b.txt", "text")
        (gone,) = left - set(tmp_path.iterdir())
        assert gone != foreign and gone.name.startswith(".")
        out, _ = living.communicate()
        assert (out, living.returncode) == ("done\n", 0)
    assert sorted(tmp_path.iterdir()) == sorted(
        [foreign, tmp_path / "b.txt", tmp_path / name]
    )
    assert (tmp_path / name).read_text() == "whole"


def test_a_sweep_leaves_what_is_no_file_and_what_is_of_others(tmp_path, monkeypatch):
    names = [f".{i}.{scratch._PREFIX}abcdefgh.png" for i in range(4)]
    pipe, link, theirs, ours = (tmp_path / name for name in names)
    os.mkfifo(pipe)
    link.symlink_to(__file__)
    theirs.touch()
    with monkeypatch.context() as patch:
        patch.setattr(os, "getuid", lambda: -1)
        scratch.remove_stale(tmp_path)
    assert theirs.exists()
    theirs.rename(ours)
    scratch.remove_stale(tmp_path)
    assert sorted(tmp_path.iterdir()) == [pipe, link]


def test_a_file_that_was_swept_while_new_is_made_anew(tmp_path, monkeypatch):
    """A process may sweep between the making of a file and its lock."""
    make, swept = tempfile.mkstemp, []

    def make_and_sweep(**options):
        handle, name = make(**options)
        if not swept:
            swept.append(name)
            scratch.remove_stale(tmp_path)
            assert not Path(name).exists()
        return handle, name

    monkeypatch.setattr(tempfile, "mkstemp", make_and_sweep)
    write_text(tmp_path / "a.txt", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"] and swept


# --- What lies at a path ---


def test_names_as_long_as_the_file_system_allows(tmp_path):
    for length in (242, 254, 255):
        for name in ("n" * (length - 4) + ".txt", "n." + "t" * (length - 2)):
            write_text(tmp_path / name, "text")
            assert (tmp_path / name).read_text() == "text"
    umlauts = tmp_path / ("ä" * 125 + ".txt")
    write_text(umlauts, "text")
    assert umlauts.read_text() == "text" and len(list(tmp_path.iterdir())) == 7
    with pytest.raises(UserError, match="cannot be looked at .File name too long"):
        write_text(tmp_path / ("n" * 256), "text")


def test_what_is_no_file_is_never_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "null").symlink_to("/dev/null")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
        before = sorted(tmp_path.iterdir())
        for name, reason in [
            ("pipe", "it is a named pipe"),
            ("folder", "it is a folder"),
            ("loop", "symbolic links"),
            ("null", "it is a device"),
            ("socket", "it is a socket"),
        ]:
            with pytest.raises(UserError, match=f"{name}: cannot be .*{reason}"):
                write_text(tmp_path / name, "text")
            with pytest.raises(UserError, match=f"{name}: (is a|cannot be looked at)"):
                require_file(tmp_path / name)
        assert sorted(tmp_path.iterdir()) == before
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_told_apart(path, code):
    with pytest.raises(DiskFull, match=os.strerror(code)):
        with atomic_path(path):
            raise OSError(code, os.strerror(code))
    untouched(path)


def test_names_that_are_not_utf_8_in_json(path):
    write_json(path, {"name": os.fsdecode(b"\xff.png")})
    assert os.fsencode(read_json(path)["name"]) == b"\xff.png"


def test_json_has_no_infinite_number(tmp_path):
    value = {"a": [math.inf, -math.inf, (math.nan, 1.5)], "b": "Infinity"}
    files.write_json(tmp_path / "a.json", value)
    for text in (files.json_text(value), (tmp_path / "a.json").read_text()):
        assert json.loads(text, parse_constant=lambda name: 1 / 0) == {
            "a": ["inf", "-inf", ["nan", 1.5]],
            "b": "Infinity",
        }


def test_json_text_is_ascii():
    assert files.json_text({"name": "n\u00e9\x9b\udcff"}).isascii()


def test_what_is_no_folder_is_said(tmp_path):
    files.require_folder(tmp_path)
    with pytest.raises(UserError, match="--runs /dev/null: is a device; name it"):
        files.require_folder("/dev/null", "--runs ", "name it")
    with pytest.raises(UserError, match="no such folder; name a folder"):
        files.require_folder(tmp_path / "a")


def test_a_broken_link_is_there(tmp_path):
    (tmp_path / "link").symlink_to("nowhere")
    (tmp_path / "file").write_text("")
    assert files.is_there(tmp_path / "link") and files.is_there(tmp_path / "file")
    assert files.is_there(tmp_path / ("n" * 300))
    assert not files.is_there(tmp_path / "a")
    assert not files.is_there(tmp_path / "file" / "a")
