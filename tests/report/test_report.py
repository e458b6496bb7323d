"""The report on made-up records: every figure in its place, nothing claimed beyond."""

import json
import re
from pathlib import Path

import pytest

from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.protocols import make_protocol
from srcnn_theano.experiments import EXPERIMENTS
from srcnn_theano.report import report
from srcnn_theano.report.document import (
    Details,
    Heading,
    Paragraph,
    Table,
    to_html,
    to_markdown,
)

AGGREGATIONS = ("patch", "batch20", "batch100", "global")


def sub_image_scores(base):
    """Figures that tell where they stand: base, base + 0.01, ..."""
    return {
        "n": 2488,
        "ours": {how: base + 0.01 * i for i, how in enumerate(AGGREGATIONS)},
        "bicubic": {how: base - 1 + 0.01 * i for i, how in enumerate(AGGREGATIONS)},
    }


def image_scores(psnr):
    def score(image, psnr):
        return {
            "image": image,
            "psnr": psnr,
            "ssim": 0.8125,
            "bicubic_psnr": psnr - 2,
            "bicubic_ssim": 0.7031,
        }

    return [score("one.bmp", psnr - 1), score("two.bmp", psnr + 1), score("mean", psnr)]


def write_run(runs, name, n_epochs, finished=True, sha="0" * 64):
    """A run folder as `runs.run_experiment` leaves it, with made-up figures."""
    experiment = EXPERIMENTS[name]
    folder = runs / name
    folder.mkdir(parents=True)
    if experiment.weights_of is None:
        lines = ["epoch,iteration,learning_rate,cost,train_psnr,set5_psnr,seconds"]
        for epoch in range(1, n_epochs + 1):
            psnr = 38 - 8 / epoch
            lines.append("{},{},0.001,0.01,20,{},60".format(epoch, 1104 * epoch, psnr))
        (folder / "history.csv").write_text("\n".join(lines) + "\n")
    if not finished:
        return folder
    protocol = make_protocol(experiment.protocol, experiment.scale)
    results = {
        "experiment": name,
        "weights_sha256": sha,
        "protocol": {"name": protocol.name, "hash": protocol.hash},
        "n_epochs": n_epochs,
        "sub_images": {
            "Set5": sub_image_scores(36.4),
            "Set14": sub_image_scores(35.2),
        },
        "images": {
            "standard": {
                "hash": make_protocol("standard", experiment.scale).hash,
                "scores": {"Set5": image_scores(28.75), "Set14": image_scores(26.25)},
            }
        },
    }
    record = {
        "experiment": dict(experiment._asdict(), n_epochs=n_epochs),
        "versions": {"theano": "1.1.2"},
    }
    (folder / "results.json").write_text(json.dumps(results))
    (folder / "experiment.json").write_text(json.dumps(record))
    return folder


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Adam finished, SGD shortened, RMSProp unfinished, one network for pictures."""
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    monkeypatch.setattr(report, "results_dir", lambda: nothing)
    monkeypatch.setattr(report, "weights_dir", lambda: nothing)
    monkeypatch.delenv("SRCNN_DATA", raising=False)
    runs = tmp_path / "runs"
    write_run(runs, "table1_adam", 40)
    write_run(runs, "table1_sgd", 3)
    write_run(runs, "table1_rmsprop", 2, finished=False)
    write_run(runs, "table2_set5", 40)
    write_run(runs, "srcnn_x3", 250)
    return runs


def list_line(text, name):
    (line,) = [line for line in text.splitlines() if line.split()[:1] == [name]]
    return line.split()


def test_list_has_every_figure_in_its_column(runs, capsys):
    report.print_experiments(runs)
    text = capsys.readouterr().out
    assert list_line(text, "table1_adam")[1:] == (
        "course x4 Set14 patch 35.08 35.20 34.20 26.25 24.25 40".split()
    )
    # batch100 is the third: 35.2 + 0.02.
    assert list_line(text, "table1_sgd")[1:] == (
        "course x4 Set14 batch100 6.51 35.22 34.22 26.25 24.25 3 of 20".split()
    )
    assert list_line(text, "table2_set5")[1:] == (
        "course x4 Set5 patch 36.5 36.40 35.40 28.75 26.75 40".split()
    )
    assert list_line(text, "srcnn_x3")[1:] == (
        "standard x3 Set5 image 32.39 28.75 26.75 28.75 26.75 250".split()
    )
    assert list_line(text, "table1_bn_l2")[5:] == "14.0 not run 10".split()
    assert list_line(text, "table1_rmsprop")[5:] == "34.05 unfinished 2 of 40".split()
    assert list_line(text, "table1_sgd_unclipped")[5:] == "- not run 20".split()
    assert max(map(len, text.splitlines())) <= 120


def test_list_as_json(runs, capsys):
    report.print_experiments(runs, as_json=True)
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == list(EXPERIMENTS)
    assert rows["table1_adam"]["ours"] == pytest.approx(35.2)
    assert rows["table1_adam"]["bicubic"] == pytest.approx(34.2)
    assert rows["table1_adam"]["standard"]["bicubic_ssim"] == 0.7031
    assert rows["table1_adam"]["caveats"] == []
    assert rows["table1_sgd"]["caveats"] == ["3 of 20 epochs were run"]
    assert "ours" not in rows["table1_bn_l2"]
    assert rows["table1_bn_l2"]["status"] == "not run"


def test_runs_win_over_what_comes_with_the_package(runs, tmp_path, monkeypatch):
    shipped = tmp_path / "shipped"
    monkeypatch.setattr(report, "results_dir", lambda: shipped)
    write_run(shipped, "table1_adam", 39)
    write_run(shipped, "table1_rmsprop", 40)
    rows = report.load_rows(runs)
    assert rows["table1_adam"].n_epochs == 40
    # The run has no results yet, the package has.
    assert rows["table1_rmsprop"].status == "done"
    assert rows["table1_rmsprop"].n_epochs == 40
    assert report.load_rows()["table1_adam"].n_epochs == 39


def test_a_row_on_another_network_than_it_names_says_so(runs):
    (runs / "table2_set5" / "results.json").unlink()
    (runs / "table2_set5" / "experiment.json").unlink()
    (runs / "table2_set5").rmdir()
    write_run(runs, "table2_set5", 40, sha="1" * 64)
    rows = report.load_rows(runs)
    assert report.caveats(rows, rows["table2_set5"]) == [
        "measured on another network than that of table1_adam"
    ]


def test_settings_that_have_changed_since_are_named(runs):
    path = runs / "table1_adam" / "experiment.json"
    record = json.loads(path.read_text())
    record["experiment"]["learning_rate"] = 0.5
    path.write_text(json.dumps(record))
    rows = report.load_rows(runs)
    assert report.caveats(rows, rows["table1_adam"]) == [
        "run with another learning_rate than listed"
    ]


def test_unreadable_records_and_folders_are_named(runs, tmp_path):
    (runs / "table1_adam" / "results.json").write_text("{")
    with pytest.raises(UserError, match="table1_adam/results.json"):
        report.load_rows(runs)
    with pytest.raises(UserError, match="nowhere: no such folder"):
        report.load_rows(tmp_path / "nowhere")


@pytest.fixture
def written(runs, tmp_path):
    out = tmp_path / "out"
    report.write_report(out, runs)
    return out


def table_line(text, name):
    (line,) = [line for line in text.splitlines() if "`{}` |".format(name) in line[:99]]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_markdown_table_has_every_figure_in_its_column(written):
    text = (written / "report.md").read_text()
    text = text[: text.index("Settings and versions")]
    assert table_line(text, "table1_adam")[1:] == [
        "Set14",
        "`patch`",
        "35.08",
        "**35.20**",
        "+0.12",
        "34.20",
        "26.25 / 0.8125",
        "24.25 / 0.7031",
        "40",
        "37.77 (37.74 to 37.80)",  # of 38 - 8 / epoch, epochs 31 to 40
    ]
    assert table_line(text, "table1_bn_l2")[2:5] == [
        "`batch20`",
        "14.0",
        "not run",
    ]
    assert "Mind: 3 of 20 epochs were run." in text
    assert "Mind: 2 of 40 epochs were run." in text
    assert "`srcnn-theano train table1_adam --data DIR`" in text


def test_every_aggregation_is_listed_once(written):
    text = (written / "report.md").read_text()
    text = text[text.index("Every way to average") :]
    adam = next(line for line in text.splitlines() if line.startswith("| Adam "))
    cells = [cell.strip() for cell in adam.strip("|").split("|")]
    set5, set14 = cells[1:5], cells[5:]
    assert set5 == ["36.40", "36.41", "36.42", "36.43"]
    assert set14 == ["**35.20**", "35.21", "35.22", "35.23"]


def test_html_is_one_file_with_the_same_figures(written):
    text = (written / "report.html").read_text()
    assert "+0.12" in text and "26.25 / 0.8125" in text and "not run" in text
    sources = re.findall(r'(?:src|href)="([^"]{0,30})', text)
    assert sources and all(s.startswith("data:image/") for s in sources)
    assert "http" not in re.sub(r"base64,[^\"]*", "", text)
    assert "<script" not in text and "@import" not in text and "url(" not in text
    assert "--data DIR" in text  # how to get the image strips


def test_curves_are_drawn_for_light_and_dark_pages(written):
    svg = (written / "curves-table1.svg").read_text()
    assert "currentColor" in svg and "prefers-color-scheme: dark" in svg
    assert ">Adam</text>" in svg and ">bicubic</text>" in svg
    assert ">RMSProp, without L2 norm</text>" in svg  # unfinished, but it has a history


def test_the_same_records_give_the_same_report(written, runs, tmp_path):
    report.write_report(tmp_path / "again", runs)
    for path in written.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


HOSTILE = 'a < b & "c" | <script> x_y*z'
BLOCKS = [
    Heading(1, HOSTILE),
    Paragraph(HOSTILE + " `<i>` **bold**"),
    Details(HOSTILE, [Table("lr", [HOSTILE, "b"], [["`x`", "1|2"]])]),
]


def test_html_escapes_all_text():
    text = to_html(BLOCKS, Path("."))
    assert "<script" not in text and "<i>" not in text
    assert "a &lt; b &amp; &quot;c&quot; | &lt;script&gt; x_y*z" in text
    assert "<code>&lt;i&gt;</code> <strong>bold</strong>" in text


def test_markdown_escapes_all_text():
    text = to_markdown(BLOCKS)
    assert text.startswith('# a &lt; b &amp; "c" \\| &lt;script&gt; x\\_y\\*z\n')
    assert "`<i>` **bold**" in text
    assert "<script" not in text
    assert "| `x` | 1\\|2 |" in text
