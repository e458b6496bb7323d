"""Commands that write a folder refuse a path where no folder can be."""

import pytest

from srcnn_theano import cli


@pytest.mark.parametrize(
    "command",
    [
        ["demo"],
        ["compare-deconv", "--quick"],
        ["compare-deconv"],
        ["graph", "srcnn"],
        ["look", "none.png"],
        ["report"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("below", ["", "/a/b"])
def test_commands_refuse_a_file_where_their_folder_should_be(
    command, below, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "taken").write_text("mine")
    assert cli.main([*command, "--out", f"taken{below}"]) == 2
    told = capsys.readouterr().err
    which = "taken" if below else "it"
    assert f"taken{below}: cannot be the folder for the results ({which} is a" in told
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
