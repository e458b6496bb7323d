"""What came out: the list of experiments with their figures, and the report.

Everything is made from the records in results/ (or of a folder of runs), so that a
figure can be followed to its settings, data and protocol.
"""

import json
import os
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional

import numpy as np

from srcnn_theano import __version__
from srcnn_theano.data.datasets import find_data_dir
from srcnn_theano.data.patches import SCALES, Recipe
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.protocols import (
    PROTOCOLS,
    Protocol,
    make_protocol,
)
from srcnn_theano.evaluation.sub_images import AGGREGATIONS
from srcnn_theano.experiments import EXPERIMENTS, snapshots
from srcnn_theano.experiments.records import Experiment
from srcnn_theano.files import write_text
from srcnn_theano.inference import build_predictor
from srcnn_theano.record import command
from srcnn_theano.report.document import (
    Details,
    Heading,
    Items,
    Paragraph,
    Pictures,
    Table,
    to_html,
    to_markdown,
)
from srcnn_theano.report.figures import Crop, Curve, Panel, draw_curves, write_strip
from srcnn_theano.report.trade import cost_in_words, trade_section
from srcnn_theano.shipped import results_dir, weights_dir
from srcnn_theano.training.history import read_history
from srcnn_theano.weights import load_weights

_TEST_SETS = ("Set5", "Set14")

_TABLES = {
    "table1": "Table 1: three experiments",
    "table2": "Table 2: Set5 and Set14",
    "fsrcnn": "FSRCNN, section 5.1.2",
    "fsrcnn-deconv": "FSRCNN: upsampling",
    "fsrcnn-training": "FSRCNN: training",
    "fsrcnn-layers": "FSRCNN: layers",
    "vgg": "VGG loss, section 5.1.3",
    "fsrcnn-vgg": "FSRCNN and VGG loss, 5.1.4",
    "models": "Networks for pictures",
}
# Those with figures in the space of VGG16.
_PERCEPTUAL = ("vgg", "fsrcnn-vgg")
_VGG_SPACE = (
    "PSNR in VGG space is 10 log10(255^2 / d), where d is the squared difference of "
    "output and target at relu2_2, averaged over the 128 maps; rows with `sum` add the "
    "maps up instead, which makes 10 log10(128) = 21.07 dB less. Both were worked out "
    "from the printed figures."
)
_ABOUT = {
    "table1": "Optimizers, L2 norm, batch normalization. The caption says that "
    "RMSProp with L2 norm provided the best PSNR; its own table has Adam higher. Rows "
    "without a published figure are ours and ask why a printed figure is what it is.",
    "table2": "The report sets its figures beside 30.48 dB on Set5 and 27.49 dB on "
    "Set14, calls these Johnson's, and puts the jump down to '2nd order optimization "
    "algorithms'. Adam and RMSProp are of first order, and those two figures are of "
    "another protocol: the published ones of the SRCNN authors' own 9-5-5 network, for "
    "luma, whole images and sharp originals, as `standard` has it. Look at what plain "
    "bicubic scores under both protocols.",
    "fsrcnn": "8x8 in, 33x33 out, RGB. The report sets its figures beside those of the "
    "FSRCNN paper, which are for luma, whole images and x3. At a constant rate the "
    "PSNR swings from epoch to epoch (last column); the last epoch counts, not the "
    "best.",
    "fsrcnn-deconv": "Section 5.1.2, item 3: the report got no decent reconstructions "
    "from AbstractConv2d_gradInputs before 200 epochs, and fast but poor ones from a "
    "convolution with a full border. docs/deconvolution.md tells what is behind it.",
    "fsrcnn-training": "Section 5.1.2, items 4 and 5, which give no figures: what was "
    "better than what, in words. Each row differs from the first one in one thing, and "
    "is trained for 40 epochs.",
    "fsrcnn-layers": "Section 5.1.2, items 1 and 2, likewise; `fsrcnn_base` above is "
    "FSRCNN without skip connections after as many epochs. For the concise network, "
    "which the report does not give, half of every count of FSRCNN was taken.",
    "vgg": "Adam at 0.0001, minibatches of 100, VGG16 fed with RGB in [0, 1]. The "
    "first four rows are of the 'initial version of upsampled images', as "
    "`course-initial` reconstructs it, the last two of the corrected one: the jump "
    "between them is one of data. "
    + _VGG_SPACE
    + " The report says that something, it leaves out what, 'after 50 epochs was down "
    "to 1.83'; 1.83 is d at 45.51 dB, which its table has after 20 epochs.",
    "fsrcnn-vgg": "The report sets a PSNR of pixels above two of VGG space, 'on a "
    "different scale'. That these add the maps up, and are of targets that are not "
    "blurred, fits them and is no more than that. " + _VGG_SPACE,
    "models": "Not in the report: trained on sharp targets under `standard`, for "
    "pictures. 'Published' is what the authors' own network scores.",
}

# What the image strips show: networks of one scale and a detail that bicubic blurs.
_STRIPS = tuple(
    ((name,), crop)
    for name, crop in (
        ("srcnn_x3", Crop("Set5", "butterfly_GT.bmp", 72, 72, 96)),
        ("fsrcnn_x3", Crop("Set5", "butterfly_GT.bmp", 72, 72, 96)),
        ("fsrcnn_x3", Crop("Set14", "zebra.bmp", 120, 240, 96)),
        ("fsrcnn_x2", Crop("Set14", "comic.bmp", 36, 84, 96)),
        ("fsrcnn_x4", Crop("Set14", "ppt3.bmp", 72, 84, 96)),
        ("table1_adam", Crop("Set14", "ppt3.bmp", 72, 84, 96)),
        ("fsrcnn_gradinputs", Crop("Set14", "ppt3.bmp", 72, 84, 96)),
        ("fsrcnn_full_border", Crop("Set14", "ppt3.bmp", 72, 84, 96)),
    )
)
# By MSE, VGG loss, and both; with the initial data and the corrected ones.
_COST_STRIPS = tuple(
    (names, crop)
    for names in (
        ("table1_adam", "vgg_only", "vgg_mse", "vgg_improved"),
        ("fsrcnn_relu", "fsrcnn_vgg", "fsrcnn_vgg_mse"),
    )
    for crop in (
        Crop("Set5", "butterfly_GT.bmp", 84, 84, 60),
        Crop("Set14", "zebra.bmp", 144, 252, 60),
    )
)
_BY_COST = (
    "The networks of the tables above, so more than the cost differs: `vgg_only` and "
    "`vgg_mse` were trained on the data of `course-initial`, and of the FSRCNN "
    "networks the first one on blurred targets, the others on sharp ones. relu2_2 is "
    "the distance of the whole image from the original, as in the section above. What "
    "was seen on the networks that come along: VGG16 in the cost does not look better. "
    "On the data of `course-initial` it gives dull colours and low contrast, as the "
    "report says, too. `vgg_improved` looks as MSE does, a little softer, with fewer "
    "coloured fringes. FSRCNN shows a checkerboard in all colours by VGG16 alone; with "
    "MSE its edges are sharper than bicubic's, under a fine checkerboard."
)
_N_MAPS = 128  # of relu2_2
_NEAR = 6  # dB below bicubic; what stays farther off is not drawn enlarged


class Row(NamedTuple):
    """An experiment and what is recorded of it."""

    experiment: Experiment  # as listed now
    folder: Optional[Path]  # of its records
    record: Dict[str, Any]  # experiment.json, or empty
    history: List[Dict[str, str]]  # of the training, one entry per epoch
    results: Optional[Dict[str, Any]]  # results.json
    planned_epochs: int

    @property
    def n_epochs(self):
        """Epochs that the network was trained for."""
        if self.results is None:
            return len(self.history)
        return self.results["n_epochs"]

    @property
    def status(self):
        if self.results is not None:
            return "done"
        trained_here = self.history and self.experiment.trains
        return "unfinished" if trained_here else "not run"


def load_rows(runs_dir=None):
    """Every experiment with its records.

    Parameters
    ----------
    runs_dir : Path or None
        Wins over the results that come with the package where it has results.

    Returns
    -------
    dict of str to Row

    Raises
    ------
    UserError
        `runs_dir` is no folder, or a record cannot be read.
    """
    if runs_dir is not None and not Path(runs_dir).is_dir():
        raise UserError(f"--runs {runs_dir}: no such folder")
    rows = {}
    for name, experiment in EXPERIMENTS.items():
        folder = _find(runs_dir, name)
        # The history of a row that only measures is that of the training beside it.
        trained = experiment.trained_by
        rows[name] = Row(
            experiment,
            folder,
            _read_json(folder, "experiment.json") or {},
            _read_history(folder and folder.parent / trained / "history.csv"),
            _read_json(folder, "results.json"),
            _planned_epochs(experiment),
        )
    return rows


def _planned_epochs(experiment):
    trained, n_epochs = EXPERIMENTS[experiment.trained_by], experiment.measure.n_epochs
    of_snapshot = n_epochs in snapshots(experiment.trained_by)
    return n_epochs if of_snapshot else trained.measure.n_epochs


def _find(runs_dir, name):
    """The folder of an experiment's records: with results, else with a history."""
    parents = [Path(d) for d in (runs_dir, results_dir()) if d is not None]
    for file_name in ("results.json", "history.csv"):
        for parent in parents:
            if (parent / name / file_name).is_file():
                return parent / name
    return None


def _read_json(folder, name):
    if folder is None or not (folder / name).is_file():
        return None
    try:
        return json.loads((folder / name).read_text(encoding="utf-8"))
    except ValueError as error:
        raise UserError(f"{folder / name}: not readable as JSON ({error})") from error


def _read_history(path):
    return read_history(path) if path is not None and path.is_file() else []


# Figures


class Figures(NamedTuple):
    """What a row says: PSNR in dB under two protocols and in VGG space, and SSIM."""

    ours: float
    bicubic: float
    standard: Dict[str, float]  # psnr, ssim, bicubic_psnr, bicubic_ssim: a mean score
    vgg: Optional[float] = None


def row_figures(row):
    """The figures of a row that has been run, on its own test set."""
    experiment, results = row.experiment, row.results
    standard = _mean_scores(results, "standard", experiment.measure.test_set)
    if experiment.measure.aggregation == "image":
        own = _mean_scores(
            results, experiment.training.protocol, experiment.measure.test_set
        )
        return Figures(own["psnr"], own["bicubic_psnr"], standard)
    scores = results["sub_images"][experiment.measure.test_set]
    return Figures(
        scores["ours"][experiment.measure.aggregation],
        scores["bicubic"][experiment.measure.aggregation],
        standard,
        _vgg_psnr(row),
    )


def _vgg_psnr(row):
    """PSNR in VGG space as the row's printed figure counts the maps, or None."""
    if "vgg" not in row.results:
        return None
    experiment = row.experiment
    psnr = row.results["vgg"][experiment.measure.test_set][
        experiment.measure.aggregation
    ]
    summed = experiment.measure.vgg_maps == "sum"
    return psnr - 10 * np.log10(_N_MAPS) if summed else psnr


def _mean_scores(results, protocol, test_set):
    return results["images"][protocol]["scores"][test_set][-1]


def _protocol(experiment):
    return make_protocol(experiment.training.protocol, experiment.training.scale)


def caveats(rows, row):
    """What keeps a row's figures from being those of the experiment as listed."""
    said = []
    if row.status != "not run" and row.n_epochs != row.planned_epochs:
        said.append(f"{row.n_epochs} of {row.planned_epochs} epochs were run")
    if row.results is None:
        return said
    changed = row.experiment.differences(row.record.get("experiment", {}))
    if changed:
        said.append("run with another {} than listed".format(", ".join(changed)))
    if row.results["protocol"]["hash"] != _protocol(row.experiment).hash:
        said.append("measured under another protocol than today's of that name")
    trained = rows[row.experiment.trained_by].results
    if (
        trained
        and trained["n_epochs"] == row.results["n_epochs"]
        and trained["weights_sha256"] != row.results["weights_sha256"]
    ):
        said.append(
            f"measured on another network than that of {row.experiment.trained_by}"
        )
    return said


# The list on the terminal


def print_experiments(runs_dir=None, as_json=False):
    """Print every experiment with its protocol, published figure and ours."""
    rows = load_rows(runs_dir)
    if as_json:
        print(json.dumps([_as_dict(rows, row) for row in rows.values()], indent=2))
        return
    line = "{:<27} {:<17} {:<5} {:<8} {:>9} {:>10} {:>7}   {:>7} {:>7}  {:>9}".format
    print("PSNR in dB; bicubic tells what a figure is worth under a protocol.\n")
    columns = ["protocol", "set", "mean", "published", "ours", "bicubic"]
    above = None
    for table, title in _TABLES.items():
        beside, pair = "under standard", ("ours", "bicubic")
        if table in _PERCEPTUAL:
            beside, pair = "in VGG space", ("printed", "ours")
        if beside != above:
            print("{:>89}   {:>15}".format("under its protocol", beside))
            above = beside
        print(line(title, *columns, *pair, "epochs"))
        for row in _of_table(rows, table):
            print(line(*_list_cells(row)))
        print()
    print("Notes, curves and pictures: srcnn-theano report --data DIR")


def _list_cells(row):
    experiment = row.experiment
    cells = [
        "  " + experiment.name,
        f"{experiment.training.protocol} x{experiment.training.scale}",
        experiment.measure.test_set,
        experiment.measure.aggregation,
        _as_printed(experiment, "published"),
    ]
    perceptual = experiment.row.table in _PERCEPTUAL
    if row.results is None:
        printed = _as_printed(experiment, "published_vgg") if perceptual else ""
        return cells + [row.status, "", printed, "", _epochs(row)]
    figures = row_figures(row)
    cells += [_decibels(figures.ours), _decibels(figures.bicubic)]
    if perceptual:
        printed = _as_printed(experiment, "published_vgg")
        cells += [printed, _decibels(figures.vgg)]
    else:
        standard = figures.standard
        cells += [_decibels(standard[name]) for name in ("psnr", "bicubic_psnr")]
    return cells + [_epochs(row)]


def _as_dict(rows, row):
    experiment = row.experiment
    settings = experiment.flat()
    summary = {
        name: settings[name]
        for name in (
            "name",
            "table",
            "row",
            "protocol",
            "scale",
            "test_set",
            "aggregation",
            "published",
            "published_vgg",
        )
    }
    summary.update(
        status=row.status,
        n_epochs=row.n_epochs,
        planned_epochs=row.planned_epochs,
        caveats=caveats(rows, row),
    )
    if row.results is not None:
        summary.update(row_figures(row)._asdict())
    return summary


def _of_table(rows, table):
    return [row for row in rows.values() if row.experiment.row.table == table]


def _as_printed(experiment, field):
    """A published figure; those of the first two tables are not all of two digits."""
    published = getattr(experiment.row, field)
    if published is None:
        return "-"
    as_it_is = experiment.row.table in ("table1", "table2")
    return str(published) if as_it_is else f"{published:.2f}"


def _decibels(psnr):
    return "" if psnr is None else f"{psnr:.2f}"


def _epochs(row):
    if row.status == "not run" or row.n_epochs == row.planned_epochs:
        return str(row.planned_epochs)
    return f"{row.n_epochs} of {row.planned_epochs}"


# The report


def write_report(out_dir, runs_dir=None, data_dir=None):
    """Write report.md, the pictures it shows, and report.html, which holds them.

    Parameters
    ----------
    out_dir : Path
    runs_dir : Path or None
        As in `load_rows`.
    data_dir : str, Path or None
        Folder with the image sets, for the image strips; by default what the variable
        SRCNN_DATA names. Without one the report has no strips.
    """
    if data_dir or os.environ.get("SRCNN_DATA"):
        data_dir = find_data_dir(data_dir)
    rows = load_rows(runs_dir)
    out_dir = Path(out_dir)
    blocks = _opening(rows, runs_dir)
    for table, title in _TABLES.items():
        blocks += [Heading(2, title), Paragraph(_ABOUT[table])]
        blocks += _table_section(rows, table, out_dir)
    blocks += trade_section(rows, out_dir)
    blocks += _strips_section(rows, out_dir, data_dir)
    blocks += _protocols_section()
    write_text(out_dir / "report.md", to_markdown(blocks))
    write_text(out_dir / "report.html", to_html(blocks, out_dir))
    print(f"{out_dir}/report.html and {out_dir}/report.md are written")


def _opening(rows, runs_dir):
    done = [row for row in rows.values() if row.status == "done"]
    shorter = [row for row in done if row.n_epochs != row.planned_epochs]
    source = "the results that come with the package"
    if runs_dir is not None:
        source = "a folder of runs and, for what it lacks, " + source
    count = f"{len(done)} of {len(rows)} rows have been run"
    if shorter:
        count += f", {len(shorter)} of them for another number of epochs than listed"
    return [
        Heading(1, "SRCNN: the report's figures and ours"),
        Paragraph(
            f"Made by `srcnn-theano report` (version {__version__}) from {source}. "
            f"{count}."
        ),
        Paragraph(
            "A PSNR says nothing without the protocol that it was measured under: the "
            "same network, and even plain bicubic, differ by many dB from one protocol "
            "to the next. So every row has five figures:"
        ),
        Items(
            [
                "**published**: as printed in the report (for the networks for "
                "pictures: by the authors of SRCNN and FSRCNN);",
                "**ours**: what this project's network scores under the protocol of "
                "the row, as reconstructed from the printed figures (the code behind "
                "the report is lost; docs/protocols.md tells the evidence), with the "
                "difference to the published one;",
                "**bicubic**: what plain bicubic scores under the same protocol, which "
                "says what the other two are worth;",
                "**ours** and **bicubic** under `standard`: PSNR and SSIM of the same "
                "network and of bicubic as the literature measures them.",
            ]
        ),
    ]


def _table_section(rows, table, out_dir):
    of_table = _of_table(rows, table)
    blocks = [_main_table(of_table)]
    blocks.append(Items([_note(rows, row) for row in of_table]))
    blocks += _curves(of_table, table, out_dir)
    blocks += _aggregations(of_table)
    blocks += [_image_scores(row) for row in of_table if _shows_images(row)]
    blocks.append(_settings(of_table))
    return blocks


def _main_table(rows):
    header = ["", "set", "mean", "published", "ours", "difference", "bicubic"]
    if rows[0].experiment.row.table in _PERCEPTUAL:
        header += ["published in VGG space", "ours", "difference", "maps"]
    header += ["ours under `standard`", "bicubic under `standard`", "epochs"]
    header += ["Set5 `patch`, last 10 epochs: median (range)"]
    align = "lll" + "r" * (len(header) - 3)
    return Table(align, header, [_main_cells(row) for row in rows])


def _main_cells(row):
    experiment = row.experiment
    cells = [
        f"{_title(experiment)} `{experiment.name}`",
        experiment.measure.test_set,
        f"`{experiment.measure.aggregation}`",
    ]
    figures = row.results and row_figures(row)
    ours = figures and figures.ours
    cells += _against(experiment, "published", ours, row.status)
    cells.append(_decibels(figures and figures.bicubic))
    if experiment.row.table in _PERCEPTUAL:
        cells += _against(experiment, "published_vgg", figures and figures.vgg)
        has_one = experiment.row.published_vgg is not None
        cells.append(f"`{experiment.measure.vgg_maps}`" if has_one else "")
    if figures is None:
        return cells + ["", "", _epochs(row), ""]
    return cells + [
        "{psnr:.2f} / {ssim:.4f}".format(**figures.standard),
        "{bicubic_psnr:.2f} / {bicubic_ssim:.4f}".format(**figures.standard),
        _epochs(row),
        _last_epochs(row),
    ]


def _against(experiment, field, ours, missing=""):
    """Published, ours and the difference; `missing` is said where there is no ours."""
    published = getattr(experiment.row, field)
    cells = [_as_printed(experiment, field), missing, ""]
    if ours is not None:
        cells[1] = f"**{ours:.2f}**"
        if published is not None:
            cells[2] = f"{ours - published:+.2f}"
    return cells


def _last_epochs(row):
    last = [float(e["set5_psnr"]) for e in row.history[: row.n_epochs][-10:]]
    if not last:
        return ""
    return f"{np.median(last):.2f} ({min(last):.2f} to {max(last):.2f})"


def _title(experiment):
    if experiment.row.table == "models":  # three of the same name
        return f"{experiment.row.title}, x{experiment.training.scale}"
    return experiment.row.title


def _note(rows, row):
    experiment = row.experiment
    protocol = _protocol(experiment)
    text = (
        f"**{_title(experiment)}**. {experiment.row.notes} Protocol `{protocol.name}` "
        f"x{experiment.training.scale} (`{protocol.hash}`)."
    )
    if row.history and experiment.trains:
        minutes = sum(float(epoch["seconds"]) for epoch in row.history) / 60
        text += " Trained for {} epochs, {:,} iterations, in {:.0f} minutes.".format(
            row.n_epochs, int(row.history[-1]["iteration"]), minutes
        )
    said = caveats(rows, row)
    if said:
        text += " **Mind: {}.**".format("; ".join(said))
    return text + f" `{command(experiment)}`"


def _curves(rows, table, out_dir):
    trained = {}  # by training, the row that looks at most of its epochs
    for row in rows:
        name = row.experiment.trained_by
        if row.history and row.n_epochs >= getattr(trained.get(name), "n_epochs", 0):
            trained[name] = row
    if table == "table2" or not trained:  # the curve stands in table 1
        return []
    if table == "models":  # each scale has its own bicubic
        panels = [
            Panel(
                _title(row.experiment),
                [_curve(row)._replace(label="network")],
                _validation_bicubic(row),
            )
            for row in trained.values()
        ]
    else:
        panels = []
        for title, rows_of_data in _by_data(trained.values()).items():
            panels += _far_and_near(title, rows_of_data)
    name = f"curves-{table}.svg"
    draw_curves(out_dir / name, panels)
    caption = (
        "Set5 after each epoch of training, on sub-images under the row's protocol, "
        "mean of their PSNR."
    )
    if any(panel.bicubic is not None for panel in panels):
        caption += " The dashed line is what plain bicubic scores."
    return [Pictures([("PSNR against iterations", name)], caption)]


def _curve(row):
    history = row.history[: row.n_epochs]
    return Curve(
        _title(row.experiment),
        [int(epoch["iteration"]) for epoch in history],
        [float(epoch["set5_psnr"]) for epoch in history],
    )


def _by_data(rows):
    """The rows by what their curves can be compared on, if that is not one for all."""
    groups = {}
    for row in rows:
        experiment = row.experiment
        changes = ["{} {}".format(*knob) for knob in experiment.training.recipe.items()]
        name = ", ".join(["Set5", experiment.training.protocol] + changes)
        groups.setdefault(name, []).append(row)
    return groups if len(groups) > 1 else {"Set5": list(rows)}


def _far_and_near(title, rows):
    """All curves in one panel, and those near bicubic in another one, enlarged."""
    curves = [_curve(row) for row in rows]
    bicubic = next(filter(None, map(_validation_bicubic, rows)), None)
    panels = [Panel(title, curves, bicubic)]
    near = [c for c in curves if bicubic and max(c.y) > bicubic - _NEAR]
    if 0 < len(near) < len(curves):
        top = max([bicubic] + [max(c.y) for c in near])
        limits = (bicubic - _NEAR, top + 0.5)
        panels.append(Panel(title + ", close to bicubic", near, bicubic, limits))
    return panels


def _validation_bicubic(row):
    """What bicubic scores on that which the curve is of; None before it is measured."""
    return row.results and row.results["sub_images"]["Set5"]["bicubic"]["patch"]


def _aggregations(rows):
    measured = [
        row
        for row in rows
        if row.results and row.experiment.measure.aggregation != "image"
    ]
    if not measured:
        return []
    header = [""] + [f"{name} `{how}`" for name in _TEST_SETS for how in AGGREGATIONS]
    lines, bicubic = [], []
    for row in measured:
        lines.append(_aggregation_cells(row.experiment.row.title, row, "ours"))
        if "vgg" in row.results:
            lines.append(_vgg_aggregation_cells(row))
        plain = _aggregation_cells("bicubic", row, "bicubic")
        if plain not in bicubic:
            bicubic.append(plain)
    return [
        Heading(3, "Every way to average"),
        Paragraph(
            "The same sub-images, averaged in four ways: the mean of the PSNR of each "
            "(`patch`), the mean of the PSNR of minibatches of 20 or 100 in file "
            "order, and the PSNR of the mean error of all (`global`). The row's own "
            "figure is in bold."
        ),
        Table("l" + "r" * (len(header) - 1), header, lines + bicubic),
    ]


def _aggregation_cells(title, row, whose):
    cells = [title]
    for name in _TEST_SETS:
        scores = row.results["sub_images"][name][whose]
        for how in AGGREGATIONS:
            own = (
                row.experiment.measure.test_set,
                row.experiment.measure.aggregation,
            ) == (name, how)
            text = "**{:.2f}**" if own and whose == "ours" else "{:.2f}"
            cells.append(text.format(scores[how]) if how in scores else "")
    return cells


def _vgg_aggregation_cells(row):
    cells = [row.experiment.row.title + ": VGG space, `mean` of the maps"]
    for name in _TEST_SETS:
        scores = row.results["vgg"][name]
        cells += [_decibels(scores.get(how)) for how in AGGREGATIONS]
    return cells


def _shows_images(row):
    return row.experiment.measure.aggregation == "image" and row.results is not None


def _image_scores(row):
    protocol = make_protocol("standard", row.experiment.training.scale)
    lines = []
    for name in _TEST_SETS:
        for score in row.results["images"]["standard"]["scores"][name]:
            mark = "**{}**" if score["image"] == "mean" else "{}"
            values = [
                name,
                score["image"],
                "{psnr:.2f}".format(**score),
                "{ssim:.4f}".format(**score),
                "{bicubic_psnr:.2f}".format(**score),
                "{bicubic_ssim:.4f}".format(**score),
                "{:+.2f}".format(score["psnr"] - score["bicubic_psnr"]),
            ]
            lines.append([mark.format(value) for value in values])
    header = ["set", "image", "PSNR", "SSIM", "bicubic", "SSIM", "gain"]
    return Details(
        f"`{row.experiment.name}`: every image",
        [Paragraph(protocol.describe() + "."), Table("llrrrrr", header, lines)],
    )


def _settings(rows):
    """How each row is trained, and what it was run with."""
    header = [
        "",
        "cost",
        "update",
        "rate",
        "decay",
        "batch",
        "L2",
        "options",
        "seed",
        "run with",
    ]
    lines = []
    for row in rows:
        # What was run, else what would be.
        settings = dict(row.experiment.flat(), **row.record.get("experiment", {}))
        rates = "".join(
            f", {layer} x{factor:g}"
            for layer, factor in settings["layer_rates"].items()
        )
        options = settings["options"].items()
        versions = row.record.get("versions", {})
        lines.append(
            [
                "`{}`".format(settings["name"]),
                cost_in_words(settings),
                settings["update"],
                "{:g}{}".format(settings["learning_rate"], rates),
                "{:g}".format(settings["decay"]),
                str(settings["batch_size"]),
                "{:g}".format(settings["L2_reg"]),
                ", ".join("{}: {}".format(*option) for option in options),
                str(settings["seed"]),
                ", ".join("{} {}".format(*version) for version in versions.items()),
            ]
        )
    return Details("Settings and versions", [Table("llllrrrlrl", header, lines)])


def _strips_section(rows, out_dir, data_dir):
    heading = Heading(2, "Low resolution, bicubic, network, original")
    if data_dir is None:
        return [
            heading,
            Paragraph(
                "The pictures need the image sets, which do not come with the package: "
                "`srcnn-theano report --data DIR`."
            ),
        ]
    networks = {}
    for name in sorted({name for names, _ in _STRIPS + _COST_STRIPS for name in names}):
        weights = _weights(rows[name])
        if weights is not None and rows[name].results is not None:
            networks[name] = build_predictor(weights)
    if not networks:
        return [heading, Paragraph("No network has been trained yet.")]
    one, several = (
        [
            _strip([rows[name] for name in names], networks, crop, out_dir, data_dir)
            for names, crop in strips
            if networks.keys() >= set(names)
        ]
        for strips in (_STRIPS, _COST_STRIPS)
    )
    if several:
        several = [Heading(3, "By cost"), Paragraph(_BY_COST)] + several
    return [heading] + one + several


def _strip(rows, networks, crop, out_dir, data_dir):
    names, scale = (
        [row.experiment.name for row in rows],
        rows[0].experiment.training.scale,
    )
    files = write_strip(
        out_dir,
        f"strip-{names[-1]}-{Path(crop.image).stem}",
        Path(data_dir) / crop.test_set / crop.image,
        crop,
        scale,
        {name: networks[name] for name in names},
    )
    scores = [_of_image(row.results["images"]["standard"], crop) for row in rows]
    labels = ["low resolution", "bicubic, {bicubic_psnr:.2f} dB".format(**scores[0])]
    for row, score in zip(rows, scores):
        label = "`{}`, {:.2f} dB".format(row.experiment.name, score["psnr"])
        if len(rows) > 1:
            label = f"{cost_in_words(row.experiment.flat())}: {label}"
            if "relu2_2" in row.results:
                distance = _of_image(row.results["relu2_2"], crop)["relu2_2"]
                label += f", relu2_2 {distance:,.0f}"
        labels.append(label)
    caption = "{}, {}, x{}: a detail of {} pixels. PSNR of the whole image, `standard`."
    return Pictures(
        list(zip(labels + ["original"], files)),
        caption.format(crop.test_set, crop.image, scale, crop.size),
    )


def _of_image(results, crop):
    scores = results["scores"][crop.test_set]
    return next(score for score in scores if score["image"] == crop.image)


def _weights(row):
    """The trained network of a row: that of its run, else the one that comes along."""
    name = row.experiment.name
    places = [weights_dir() / (name + ".h5")]
    if row.folder is not None:
        places.insert(0, row.folder / "weights.h5")
    for path in places:
        if path.is_file():
            return load_weights(path)
    return None


def _protocols_section():
    protocols = [make_protocol(name) for name in PROTOCOLS]
    lines = []
    for knob in list(Recipe._fields[1:]) + list(Protocol._fields[2:]):
        holders = [p if knob in Protocol._fields else p.recipe for p in protocols]
        lines.append([knob] + [_plain(getattr(holder, knob)) for holder in holders])
    for scale in SCALES:
        hashes = [make_protocol(name, scale).hash for name in PROTOCOLS]
        lines.append([f"hash at x{scale}"] + [f"`{h}`" for h in hashes])
    return [
        Heading(2, "Protocols"),
        Paragraph(
            "Every choice that changes a number, at x4. The hash names them all; with "
            "another one a figure cannot be compared. The margin that `valid` cuts off "
            "is that of the network, 6 pixels for 9-1-5. How `course` was "
            "reconstructed, and how sure that is, tells docs/protocols.md."
        ),
        Table("l" * (len(protocols) + 1), [""] + list(PROTOCOLS), lines),
    ]


def _plain(value):
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
