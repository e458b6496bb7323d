"""What a better PSNR costs in the features of VGG16, and the other way round."""

from __future__ import annotations

from pathlib import Path

from srcnn_theano.data.datasets import TEST_SETS
from srcnn_theano.pages.charts import Points, Scatter, draw_scatter
from srcnn_theano.pages.document import Block, Heading, Paragraph, Pictures, Table
from srcnn_theano.report.rows import Row
from srcnn_theano.report.sections import section, title
from srcnn_theano.report.words import cost_in_words

_SCALE = 4  # of the drawing; few networks have another one
_FAR = 6  # dB below bicubic; what is farther off is not drawn
_NAMED = 4  # points of a larger group have no names


def features_section(rows: dict[str, Row], out_dir: Path) -> list[Block]:
    """A scatter plot and a table of PSNR against relu2_2.

    Parameters
    ----------
    rows : dict of str to Row
    out_dir : Path
        Gets the plot.
    """
    measured = [
        row for row in rows.values() if row.results and "relu2_2" in row.results
    ]
    if not measured:
        missing = Paragraph(
            "No network has been measured in VGG16 yet: `srcnn-theano train` does it "
            "where it finds VGG16."
        )
        return [Heading(2, title("features")), missing]
    header = ["network", "cost", "scale"]
    for name in TEST_SETS:
        header += [name + " PSNR", "SSIM", "relu2_2"]
    table = Table("llr" + "rrr" * len(TEST_SETS), header, _lines(measured))
    figures = [*_drawing(measured, out_dir), table]
    return section("features", inputs=_inputs(measured), figures=figures)


def _inputs(rows):
    """How VGG16 was fed, by each of its copies that were used."""
    copies = {
        (results["preprocessing"], results["source_sha256"][:8])
        for results in (row.results["relu2_2"] for row in rows)
    }
    text = ", ".join(f"`{fed}`, SHA-256 {copy}..." for fed, copy in sorted(copies))
    if len(copies) > 1:
        text = "different copies, which cannot be compared: " + text
    return text


# --- The table ---


def _lines(rows):
    lines = []
    for scale in sorted({row.experiment.training.scale for row in rows}):
        of_scale = [row for row in rows if row.experiment.training.scale == scale]
        lines.append(_line("bicubic", "", of_scale[0], "bicubic_"))
        for row in of_scale:
            experiment = row.experiment
            cost = cost_in_words(experiment.flat())
            lines.append(_line(f"`{experiment.name}`", cost, row, ""))
    return lines


def _line(name, cost, row, whose):
    cells = [name, cost, f"x{row.experiment.training.scale}"]
    for test_set in TEST_SETS:
        psnr, ssim, distance = _figures(row, test_set, whose)
        cells += [f"{psnr:.2f}", f"{ssim:.4f}", f"{distance:,.0f}"]
    return cells


def _figures(row, test_set, whose=""):
    """Mean PSNR, SSIM and distance; `whose` is 'bicubic_' for those of bicubic."""
    images = row.results["images"]["standard-rgb"]["scores"][test_set][-1]
    features = row.results["relu2_2"]["scores"][test_set][-1]
    return images[whose + "psnr"], images[whose + "ssim"], features[whose + "relu2_2"]


# --- The drawing ---


def _drawing(rows, out_dir):
    rows = [row for row in rows if row.experiment.training.scale == _SCALE]
    if not rows:
        return []
    axes = ("PSNR in dB", "difference at relu2_2, in thousands")
    panels = [
        Scatter(f"{name} x{_SCALE}", _groups(rows, name), axes) for name in TEST_SETS
    ]
    draw_scatter(out_dir / "trade.svg", panels)
    caption = (
        f"Networks for x{_SCALE}, `standard-rgb`; better is to the right and below. "
        f"Networks more than {_FAR} dB below bicubic stand in the table only."
    )
    return [Pictures([("distance at relu2_2 against PSNR", "trade.svg")], caption)]


def _groups(rows, test_set):
    """The points of a panel, those of one kind of network together."""
    plain, _, distance = _figures(rows[0], test_set, "bicubic_")
    kinds = {"bicubic": [(plain, distance / 1000, "")]}
    for row in rows:
        psnr, _, distance = _figures(row, test_set)
        if psnr > plain - _FAR:
            point = (psnr, distance / 1000, row.experiment.name)
            kinds.setdefault(_kind(row.experiment), []).append(point)
    groups = []
    for label, points in kinds.items():
        x, y, names = map(list, zip(*points))
        if len(points) > _NAMED:
            names = [""] * len(points)
        groups.append(Points(label, x, y, names))
    return groups


def _kind(experiment):
    if experiment.row.table == "models":
        return "MSE, for pictures"
    training = experiment.training
    network = "SRCNN" if training.model == "srcnn" else "FSRCNN"
    cost = cost_in_words(experiment.flat()) if training.vgg_weight else "MSE"
    return f"{cost}, {network}"
