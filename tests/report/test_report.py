"""The report on made-up records: every figure in its place, nothing claimed beyond."""

import json
import re
from pathlib import Path

import pytest
from PIL import Image

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
from srcnn_theano.report.figures import Crop
from srcnn_theano.weights import save_weights

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


def feature_scores(distance):
    def score(image, distance):
        return {"image": image, "relu2_2": distance, "bicubic_relu2_2": distance + 500}

    return [score("one.bmp", 7.0), score("mean", distance)]


def add_features(results, experiment):
    """What a run measures with VGG16."""
    if experiment.row.published_vgg:
        by_mean = {how: 41.0 + 0.01 * i for i, how in enumerate(AGGREGATIONS)}
        results["vgg"] = {"source_sha256": "a" * 64, "Set5": by_mean, "Set14": by_mean}
    results["images"]["standard-rgb"] = {
        "hash": make_protocol("standard-rgb", experiment.training.scale).hash,
        "scores": {"Set5": image_scores(26.75), "Set14": image_scores(24.25)},
    }
    results["relu2_2"] = {
        "preprocessing": "caffe",
        "source_sha256": "a" * 64,
        "scores": {"Set5": feature_scores(11234.4), "Set14": feature_scores(15678.6)},
    }


def write_run(runs, name, n_epochs, finished=True, sha="0" * 64, features=False):
    """A run folder as `runs.carry_out` leaves it, with made-up figures."""
    experiment = EXPERIMENTS[name]
    folder = runs / name
    folder.mkdir(parents=True)
    if experiment.trains:
        lines = ["epoch,iteration,learning_rate,cost,train_psnr,set5_psnr,seconds"]
        for epoch in range(1, n_epochs + 1):
            psnr = 38 - 8 / epoch
            lines.append(f"{epoch},{1104 * epoch},0.001,0.01,20,{psnr},60")
        (folder / "history.csv").write_text("\n".join(lines) + "\n")
    if not finished:
        return folder
    protocol = make_protocol(experiment.training.protocol, experiment.training.scale)
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
                "hash": make_protocol("standard", experiment.training.scale).hash,
                "scores": {"Set5": image_scores(28.75), "Set14": image_scores(26.25)},
            }
        },
    }
    if features:
        add_features(results, experiment)
    record = {
        "experiment": dict(experiment.flat(), n_epochs=n_epochs),
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


FSRCNN_VGG_EPOCHS = EXPERIMENTS["fsrcnn_vgg"].measure.n_epochs


@pytest.fixture
def perceptual(runs):
    """Besides, rows of both conventions in VGG space, and networks measured in it."""
    write_run(runs, "vgg_mse", 50, features=True)
    write_run(runs, "vgg_improved", 40, features=True)
    write_run(runs, "fsrcnn_vgg", FSRCNN_VGG_EPOCHS, features=True)
    write_run(runs, "srcnn_x2", 250, features=True)
    return runs


def test_list_has_figures_in_vgg_space(perceptual, capsys):
    report.print_experiments(perceptual)
    text = capsys.readouterr().out
    # batch100 is the third, 41.02; the older figures add 128 maps up: 21.07 dB less.
    assert list_line(text, "vgg_mse")[1:] == (
        "course-initial x4 Set14 batch100 16.77 35.22 34.22 20.22 19.95 50".split()
    )
    assert list_line(text, "vgg_improved")[1:] == (
        "course x4 Set14 batch100 34.23 35.22 34.22 46.75 41.02 40".split()
    )
    assert list_line(text, "fsrcnn_vgg")[1:] == (
        "course x4 Set14 batch100 - 35.22 34.22 20.49 19.95".split()
        + [str(FSRCNN_VGG_EPOCHS)]
    )
    assert list_line(text, "vgg_only")[5:] == "15.93 not run 20.00 20".split()
    assert list_line(text, "fsrcnn_mse")[5:] == "31.75 not run - 100".split()
    assert max(map(len, text.splitlines())) <= 120
    headings = [line.split()[-3:] for line in text.splitlines() if "under its" in line]
    assert [" ".join(words) for words in headings] == [
        "protocol under standard",
        "in VGG space",
        "protocol under standard",
    ]


def test_list_as_json_has_figures_in_vgg_space(perceptual, capsys):
    report.print_experiments(perceptual, as_json=True)
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["vgg_mse"]["published_vgg"] == 20.22
    assert rows["vgg_mse"]["vgg"] == pytest.approx(41.02 - 21.0721, abs=1e-4)
    assert rows["vgg_improved"]["vgg"] == pytest.approx(41.02)
    assert rows["table1_adam"]["vgg"] is None


def test_tables_have_figures_in_pixels_and_in_vgg_space(perceptual, tmp_path):
    report.write_report(tmp_path / "out", perceptual)
    text = (tmp_path / "out" / "report.md").read_text()
    tables = text[text.index("## VGG loss") : text.index("## Networks for pictures")]
    tables = re.sub("<details>.*?</details>", "", tables, flags=re.DOTALL)
    assert table_line(tables, "vgg_mse")[2:-1] == [
        "`batch100`",
        "16.77",
        "**35.22**",
        "+18.45",
        "34.22",
        "20.22",
        "**19.95**",
        "-0.27",
        "`sum`",
        "26.25 / 0.8125",
        "24.25 / 0.7031",
        "50",
    ]
    assert table_line(tables, "vgg_improved")[7:11] == [
        "46.75",
        "**41.02**",
        "-5.73",
        "`mean`",
    ]
    assert table_line(tables, "fsrcnn_vgg")[3:11] == [
        "-",
        "**35.22**",
        "",
        "34.22",
        "20.49",
        "**19.95**",
        "-0.54",
        "`sum`",
    ]
    not_run = ["15.93", "not run", "", "", "20.00", "", "", "`sum`", "", "", "20", ""]
    assert table_line(tables, "vgg_only")[3:] == not_run
    not_run = ["31.75", "not run", "", "", "-", "", "", "", "", "", "100", ""]
    assert table_line(tables, "fsrcnn_mse")[3:] == not_run
    assert "10 log10(128) = 21.07 dB less" in tables
    space = next(line for line in tables.splitlines() if "VGG space, `mean`" in line)
    assert space.startswith("| VGG loss + SRCNN loss (50 epochs):")
    assert "| 41.00 | 41.01 | 41.02 | 41.03 | 41.00 |" in space
    # Rows of different data have curves of their own.
    svg = (tmp_path / "out" / "curves-vgg.svg").read_text()
    assert ">Set5, course-initial</text>" in svg and ">Set5, course</text>" in svg


def test_every_network_s_distance_in_vgg16_stands_beside_its_psnr(perceptual, tmp_path):
    report.write_report(tmp_path / "out", perceptual)
    text = (tmp_path / "out" / "report.md").read_text()
    section = text[text.index("## PSNR against features of VGG16") :]
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section[: section.index("\n## ", 5)].splitlines()
        if line.startswith("|")
    ][2:]
    bicubic = "24.75 0.7031 11,734 22.25 0.7031 16,179".split()
    ours = "26.75 0.8125 11,234 24.25 0.8125 15,679".split()
    assert lines == [
        ["bicubic", "", "x2"] + bicubic,
        ["`srcnn_x2`", "MSE", "x2"] + ours,
        ["bicubic", "", "x4"] + bicubic,
        ["`vgg_mse`", "VGG + MSE", "x4"] + ours,
        ["`vgg_improved`", "VGG + MSE", "x4"] + ours,
        ["`fsrcnn_vgg`", "VGG", "x4"] + ours,
    ]
    assert "`caffe`, SHA-256 aaaaaaaa..." in section
    svg = (tmp_path / "out" / "trade.svg").read_text()
    for words in (
        "vgg_improved",
        "fsrcnn_vgg",
        "bicubic",
        "VGG + MSE, SRCNN",
        "VGG, FSRCNN",
        "Set14 x4",
    ):
        assert f">{words}</text>" in svg
    assert "srcnn_x2" not in svg  # another scale


def test_distances_by_different_copies_of_vgg16_are_not_compared(perceptual, tmp_path):
    path = perceptual / "vgg_mse" / "results.json"
    results = json.loads(path.read_text())
    results["relu2_2"]["source_sha256"] = "b" * 64
    path.write_text(json.dumps(results))
    report.write_report(tmp_path / "out", perceptual)
    text = (tmp_path / "out" / "report.md").read_text()
    assert "different copies, which cannot be compared: `caffe`, SHA-256 aaaa" in text


def test_without_vgg16_the_report_says_that_nothing_was_measured(written):
    assert (
        "No network has been measured in VGG16 yet"
        in (written / "report.md").read_text()
    )
    assert not (written / "trade.svg").exists()


def test_strips_by_cost_need_every_network(
    perceptual, tmp_path, monkeypatch, repeating
):
    """Two of three are there, and then all."""
    image = tmp_path / "data" / "Set5" / "butterfly_GT.bmp"
    for name in ("T91", "Set5", "Set14"):
        (tmp_path / "data" / name).mkdir(parents=True)
    Image.new("RGB", (96, 84), (200, 100, 50)).save(str(image))
    crop = Crop("Set5", image.name, 12, 24, 48)
    names = ("fsrcnn_relu", "fsrcnn_vgg", "fsrcnn_vgg_mse")
    monkeypatch.setattr(report, "_STRIPS", ())
    monkeypatch.setattr(report, "_COST_STRIPS", ((names, crop),))
    monkeypatch.setattr(report, "find_data_dir", Path)

    def trained(name):
        folder = perceptual / name
        if not folder.exists():
            write_run(perceptual, name, EXPERIMENTS[name].measure.n_epochs)
        save_weights(folder / "weights.h5", repeating(3, 4))
        path = folder / "results.json"
        path.write_text(path.read_text().replace("one.bmp", image.name))

    def written(out):
        report.write_report(out, perceptual, tmp_path / "data")
        return (out / "report.md").read_text()

    trained(names[0])
    trained(names[1])
    assert "### By cost" not in written(tmp_path / "two")
    trained(names[2])
    text = written(tmp_path / "three")
    strip = text[text.index("### By cost") :]
    assert (
        "| low resolution | bicubic, 25.75 dB | MSE: `fsrcnn_relu`, 27.75 dB "
        "| VGG: `fsrcnn_vgg`, 27.75 dB, relu2\\_2 7 "
        "| VGG + MSE: `fsrcnn_vgg_mse`, 27.75 dB "
        "| original |"
    ) in strip
    shown = re.findall(r"\((strip-.*?png)\)", strip)
    stem = "strip-fsrcnn_vgg_mse-butterfly_GT-"
    versions = ("low", "bicubic") + names + ("original",)
    assert shown == [stem + version + ".png" for version in versions]
    assert all((tmp_path / "three" / name).is_file() for name in shown)


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
    (line,) = [line for line in text.splitlines() if f"`{name}` |" in line[:99]]
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
    text = to_html(BLOCKS, Path())
    assert "<script" not in text and "<i>" not in text
    assert "a &lt; b &amp; &quot;c&quot; | &lt;script&gt; x_y*z" in text
    assert "<code>&lt;i&gt;</code> <strong>bold</strong>" in text


def test_markdown_escapes_all_text():
    text = to_markdown(BLOCKS)
    assert text.startswith('# a &lt; b &amp; "c" \\| &lt;script&gt; x\\_y\\*z\n')
    assert "`<i>` **bold**" in text
    assert "<script" not in text
    assert "| `x` | 1\\|2 |" in text
