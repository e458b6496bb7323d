"""What a better PSNR costs in the features of VGG16, and the other way round."""

from srcnn_theano.report.document import Heading, Paragraph, Pictures, Table
from srcnn_theano.report.figures import Points, Scatter, draw_scatter

_TEST_SETS = ("Set5", "Set14")
_SCALE = 4  # of the drawing; few networks have another one
_FAR = 6  # dB below bicubic; what is farther off is not drawn
_NAMED = 4  # points of a larger group have no names

_ABOUT = (
    "A perceptual loss is expected to lower the PSNR and to bring the features of "
    "VGG16 closer. Each network that this project has trained, on whole images under "
    "`standard-rgb` (RGB, sharp original; a network for Y leaves the chroma to "
    "bicubic): PSNR and SSIM, and the mean squared difference from the original at "
    "relu2_2 of VGG16, whose input is preprocessed as its weights expect it ({}). The "
    "less of that, the closer. Means over the images of a set. Most of the report's "
    "networks were trained to give back blurred images, which these figures hold "
    "against them."
)


def cost_in_words(settings):
    """What a training minimises, from the settings of its experiment, as in 'MSE'."""
    parts = []
    for name, weight in (
        ("VGG", settings.get("vgg_weight", 0.0)),
        (_PIXELS[settings["cost"]], settings.get("pixel_weight", 1.0)),
    ):
        if weight:
            parts.append(name if weight == 1 else f"{weight:g} {name}")
    return " + ".join(parts)


_PIXELS = {"mse": "MSE", "mse_per_channel": "MSE of each channel"}


def trade_section(rows, out_dir):
    """Blocks of the report: a scatter plot and a table of PSNR against relu2_2.

    Parameters
    ----------
    rows : dict of str to report.Row
    out_dir : Path
    """
    heading = Heading(2, "PSNR against features of VGG16")
    measured = [
        row for row in rows.values() if row.results and "relu2_2" in row.results
    ]
    if not measured:
        return [
            heading,
            Paragraph(
                "No network has been measured in VGG16 yet: `srcnn-theano train` does "
                "it where it finds VGG16."
            ),
        ]
    about = Paragraph(_ABOUT.format(_inputs(measured)))
    header = ["network", "cost", "scale"]
    for name in _TEST_SETS:
        header += [name + " PSNR", "SSIM", "relu2_2"]
    table = Table("llr" + "rrr" * len(_TEST_SETS), header, _lines(measured))
    return [heading, about] + _drawing(measured, out_dir) + [table]


def _inputs(rows):
    """The ways in which VGG16 was fed: one, unless different copies of it were used."""
    copies = sorted(
        {(row.results["relu2_2"]["preprocessing"], _copy(row)) for row in rows}
    )
    text = ", ".join("`{}`, SHA-256 {}...".format(*copy) for copy in copies)
    if len(copies) > 1:
        text = "different copies, which cannot be compared: " + text
    return text


def _copy(row):
    return row.results["relu2_2"]["source_sha256"][:8]


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
    for test_set in _TEST_SETS:
        psnr, ssim, distance = _figures(row, test_set, whose)
        cells += [
            f"{psnr:.2f}",
            f"{ssim:.4f}",
            f"{distance:,.0f}",
        ]
    return cells


def _figures(row, test_set, whose=""):
    """Mean PSNR, SSIM and distance; `whose` is 'bicubic_' for those of bicubic."""
    images = row.results["images"]["standard-rgb"]["scores"][test_set][-1]
    features = row.results["relu2_2"]["scores"][test_set][-1]
    return images[whose + "psnr"], images[whose + "ssim"], features[whose + "relu2_2"]


def _drawing(rows, out_dir):
    rows = [row for row in rows if row.experiment.training.scale == _SCALE]
    if not rows:
        return []
    axes = ("PSNR in dB", "difference at relu2_2, in thousands")
    panels = [
        Scatter(f"{name} x{_SCALE}", _groups(rows, name), axes) for name in _TEST_SETS
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
    found = {"bicubic": [(plain, distance / 1000, "")]}
    for row in rows:
        psnr, _, distance = _figures(row, test_set)
        if psnr > plain - _FAR:
            point = (psnr, distance / 1000, row.experiment.name)
            found.setdefault(_kind(row.experiment), []).append(point)
    groups = []
    for label, points in found.items():
        x, y, names = map(list, zip(*points))
        if len(points) > _NAMED:
            names = [""] * len(points)
        groups.append(Points(label, x, y, names))
    return groups


def _kind(experiment):
    if experiment.row.table == "models":
        return "MSE, for pictures"
    network = "SRCNN" if experiment.training.model == "srcnn" else "FSRCNN"
    cost = (
        "MSE"
        if not experiment.training.vgg_weight
        else cost_in_words(experiment.flat())
    )
    return f"{cost}, {network}"
