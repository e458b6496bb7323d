"""The report on made-up records: every figure in its place, nothing claimed beyond."""

import os
import re
import subprocess
import sys

from srcnn_theano.report import report


def test_tables_have_figures_in_pixels_and_in_vgg_space(perceptual, tmp_path):
    report.write_report(tmp_path / "out", perceptual)
    text = (tmp_path / "out" / "report.md").read_text()
    tables = text[text.index("## VGG loss") : text.index("## Networks for pictures")]
    tables = re.sub("<details>.*?</details>", "", tables, flags=re.DOTALL)
    # Set, mean, published, ours, and nothing of seeds; the same in VGG space.
    measured = [table_line(tables, "vgg_mse_programmed", n) for n in range(3)]
    assert [cells[1:] for cells in measured] == [
        ["Set14", "`batch100`", "16.77", "**35.22**", "", "", "", "", "34.22"],
        ["20.22", "**41.02**", "", "", "", ""],
        ["26.25 / 0.8125", "24.25 / 0.7031", "50", measured[2][-1]],
    ]
    measured = [table_line(tables, "fsrcnn_vgg_programmed", n) for n in range(2)]
    assert measured[0][3:] == ["-", "**35.22**", "", "", "", "", "34.22"]
    assert measured[1][1:3] == ["20.49", "**41.02**"]
    not_run = [table_line(tables, "vgg_only_programmed", n) for n in range(3)]
    assert not_run[0][3:] == ["15.93", "not run", *[""] * 5]
    assert not_run[1][1:] == ["20.00", *[""] * 5]
    assert not_run[2][1:] == ["", "", "20", ""]
    space = next(line for line in tables.splitlines() if "VGG space, `mean`" in line)
    assert space.startswith("| VGG loss + SRCNN loss (50 epochs), as programmed:")
    assert "| 41.00 | 41.01 | 41.02 | 41.03 | 41.00 |" in space


def table_line(text, name, number=0):
    """The cells of a row in the first, second ... table that it stands in."""
    lines = [line for line in text.splitlines() if f"`{name}` |" in line[:99]]
    return [cell.strip() for cell in lines[number].strip("|").split("|")]


def test_markdown_table_has_every_figure_in_its_column(written):
    text = (written / "report.md").read_text()
    text = text[: text.index("Settings and versions")]
    assert table_line(text, "table1_adam_programmed")[1:] == [
        "Set14",
        "`batch20`",
        *("35.08", "**35.21**", "", "", "", ""),
        "34.21",
    ]
    assert table_line(text, "table1_adam_programmed", 1)[1:] == [
        "26.25 / 0.8125",
        "24.25 / 0.7031",
        "50",
        "37.82 (37.80 to 37.84)",  # of 38 - 8 / epoch, epochs 41 to 50
    ]
    assert table_line(text, "table1_bn_l2_programmed")[2:5] == [
        "`batch20`",
        "14.0",
        "not run",
    ]
    assert "Mind: 3 of 50 epochs were run." in text
    assert "Mind: 2 of 100 epochs were run." in text
    assert "`srcnn-theano train table1_adam_programmed --data DIR`" in text


def test_tables_have_medians_over_seeds_and_verdicts(seeds, tmp_path):
    report.write_report(tmp_path / "out", seeds)
    text = (tmp_path / "out" / "report.md").read_text()
    text = text[: text.index("Settings and versions")]
    assert table_line(text, "table1_adam_programmed")[3:9] == (
        ["35.08", "**35.25**", "35.00-35.50 (3)", "35.50", "35.50", "reproduced"]
    )
    assert table_line(text, "table1_adam_described")[3:9] == (
        ["35.08", "**33.00**", "(1)", "33.25", "33.25", "explained"]
    )


def test_every_aggregation_is_listed_once(written):
    text = (written / "report.md").read_text()
    text = text[text.index("Every way to average") :]
    adam = next(line for line in text.splitlines() if line.startswith("| Adam, "))
    cells = [cell.strip() for cell in adam.strip("|").split("|")]
    set5, set14 = cells[1:5], cells[5:]
    assert set5 == ["36.40", "36.41", "36.42", "36.43"]
    assert set14 == ["35.20", "**35.21**", "35.22", "35.23"]


def test_html_is_one_file_with_the_same_figures(written):
    text = (written / "report.html").read_text()
    assert "26.25 / 0.8125" in text and "not run" in text
    sources = re.findall(r'(?:src|href)="([^"]{0,30})', text)
    assert sources and all(s.startswith(("data:image/", "#")) for s in sources)
    rest = re.sub(r"base64,[^\"]*", "", text)
    # The names of a library and of SVG, which nothing asks for.
    assert set(re.findall(r"https?://[\w./]+", rest)) == {
        "https://github.com/leeoniya/uPlot",
        "http://www.w3.org/2000/svg",
    }
    assert "@import" not in text and "url(" not in text
    assert "--data</span> DIR" in text  # how to get the image strips


def test_the_same_records_give_the_same_report(written, runs, tmp_path):
    report.write_report(tmp_path / "again", runs)
    for path in written.iterdir():
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes()


def test_list_and_report_import_no_theano(tmp_path):
    """Nor need they a compiler, as long as there are no strips to draw."""
    code = (
        "import sys\n"
        "from srcnn_theano import cli\n"
        "assert cli.main(['experiments']) == 0\n"
        f"assert cli.main(['report', '--out', {str(tmp_path)!r}]) == 0\n"
        "assert not {'theano', 'aesara'} & set(sys.modules)\n"
    )
    variables = dict(os.environ, PATH="/nowhere", THEANO_FLAGS="cxx=")
    variables.pop("SRCNN_DATA", None)
    subprocess.run([sys.executable, "-c", code], check=True, env=variables)
    assert (tmp_path / "report.html").is_file()
