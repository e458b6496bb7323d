"""A place that cannot be written is told before any work is done for it."""

import pytest

from srcnn_theano.cli import main
from srcnn_theano.errors import UserError
from srcnn_theano.files import check_target, check_target_folder


@pytest.mark.parametrize("check", [check_target, check_target_folder])
def test_a_place_that_cannot_be_written_is_told_before_the_work(check, tmp_path):
    # Nobody can make a file there, not even root.
    with pytest.raises(UserError, match="^/proc/new/out: cannot be written"):
        check("/proc/new/out")
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file/new/out: cannot be "):
        check(tmp_path / "file" / "new" / "out")
    check(tmp_path / "new" / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


UNWRITABLE = [
    "reproduce table1 --cost --runs",
    "train table1_sgd_programmed --runs",
    "data get --from a --data",
    "report --out",
    "compare-deconv --quick --out",
    "demo --out",
    "graph srcnn --out",
    "train --pictures a --scale 2 --runs",
]


@pytest.mark.parametrize("words", UNWRITABLE)
def test_commands_refuse_a_folder_that_cannot_be_written(
    words, tmp_path, monkeypatch, capsys
):
    """Before anything is read, trained or timed: there is nothing that could be."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SRCNN_DATA", raising=False)
    (tmp_path / "a").mkdir()
    words = [*words.split(), "/proc/new"]
    if words[0] in ("reproduce", "train") and "--pictures" not in words:
        words += ["--data", "a"]
    assert main(words) == 2
    assert "/proc/new" in capsys.readouterr().err
