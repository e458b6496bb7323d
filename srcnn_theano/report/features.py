"""What a better PSNR costs in the features of VGG16, and the other way round."""

from __future__ import annotations

from typing import Any, Mapping

from srcnn_theano.data.datasets import TEST_SETS
from srcnn_theano.pages.document import Block, Heading, Paragraph, Table
from srcnn_theano.report.rows import Row
from srcnn_theano.report.sections import section, title
from srcnn_theano.report.words import cost_in_words


def in_features(rows: Mapping[str, Row]) -> list[Row]:
    """The rows whose networks have been measured in VGG16."""
    return [row for row in rows.values() if row.results and "relu2_2" in row.results]


def features_section(rows: Mapping[str, Row]) -> list[Block]:
    """A table of PSNR against relu2_2."""
    measured = in_features(rows)
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
    return section("features", inputs=_inputs(measured), figures=[table])


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
        psnr, ssim, distance = scores_of(row, test_set, whose)
        cells += [f"{psnr:.2f}", f"{ssim:.4f}", f"{distance:,.0f}"]
    return cells


def scores_of(row: Row, test_set: str, whose: str = "") -> tuple[float, float, float]:
    """Mean PSNR, SSIM and distance; `whose` is 'bicubic_' for those of bicubic."""
    results: Any = row.results
    images = results["images"]["standard-rgb"]["scores"][test_set][-1]
    features = results["relu2_2"]["scores"][test_set][-1]
    return images[whose + "psnr"], images[whose + "ssim"], features[whose + "relu2_2"]
