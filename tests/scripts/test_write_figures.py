"""The tables of the documents are those of the records."""

import importlib.util
import json
import shutil
from pathlib import Path

import pytest

from srcnn_theano.report.rows import load_rows

SCRIPT = Path(__file__).parents[2] / "scripts" / "write_figures.py"


@pytest.fixture(scope="module")
def write_figures():
    spec = importlib.util.spec_from_file_location("write_figures", str(SCRIPT))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_documents_have_the_figures_of_the_records(write_figures, capsys):
    assert write_figures.main(["--check"]) == 0, capsys.readouterr().out


def test_parts_are_written_anew_and_the_rest_stays(write_figures, tmp_path):
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- x -->\nold\n<!-- end of x -->\nb\n")
    text = write_figures.written(page, {"x": lambda rows: f"{len(rows)} rows"}, [1, 2])
    assert text == "a\n<!-- x -->\n2 rows\n<!-- end of x -->\nb\n"
    with pytest.raises(ValueError, match="lacks the marks of 'y'"):
        write_figures.written(page, {"y": str}, [])


def test_a_difference_is_told_and_mended(write_figures, tmp_path, monkeypatch, capsys):
    for name in write_figures.PARTS:
        page = tmp_path / name
        page.parent.mkdir(exist_ok=True)
        text = (SCRIPT.parents[1] / name).read_text(encoding="utf-8")
        page.write_text(text.replace("| near", "| far"), encoding="utf-8")
    changed = write_figures.write_figures(tmp_path, check=True)
    assert changed == [tmp_path / "docs" / name for name in ("results.md", "tried.md")]
    assert "| far" in changed[0].read_text(encoding="utf-8")
    write_figures.write_figures(tmp_path)
    assert write_figures.write_figures(tmp_path, check=True) == []
    monkeypatch.setattr(write_figures, "write_figures", lambda check: changed)
    assert write_figures.main(["--check"]) == 1
    assert "results.md: differs from results/" in capsys.readouterr().out


def test_records_that_contradict_each_other_fail(
    write_figures, tmp_path, monkeypatch, capsys
):
    """A figure that is changed in results.json alone, though tables read the other."""
    from srcnn_theano.report import rows
    from srcnn_theano.report.agreement import contradictions

    assert contradictions(load_rows()) == []
    name = "table1_adam_programmed"
    shutil.copytree(rows.results_dir() / name, tmp_path / name)
    path = tmp_path / name / "results.json"
    results = json.loads(path.read_text(encoding="utf-8"))
    monkeypatch.setattr(rows, "results_dir", lambda: tmp_path)
    monkeypatch.setattr(write_figures, "write_figures", lambda check: [])
    assert write_figures.main(["--check"]) == 0
    for at, column in (
        (results["sub_images"]["Set14"]["ours"], "set14_batch20 of epoch 50"),
        (results["rule"]["best_validation"]["sub_images"]["set14"], "of epoch 35"),
    ):
        at["batch20"] += 0.1
        path.write_text(json.dumps(results), encoding="utf-8")
        assert write_figures.main(["--check"]) == 1
        said = capsys.readouterr().out
        assert f"{name}, seed 0: results.json and history.csv differ" in said
        assert column in said
        at["batch20"] -= 0.1


def test_readme_counts_every_printed_figure(write_figures):
    """25 figures are printed, and each is counted once as either kind."""
    from srcnn_theano.report.verdicts import KINDS, counts

    rows = load_rows()
    assert [sum(counts(rows, kind).values()) for kind in KINDS] == [25, 25]
    readme = (SCRIPT.parents[1] / "README.md").read_text(encoding="utf-8")
    assert "<!-- counts -->" in readme[: readme.index("![")]  # in its first lines
