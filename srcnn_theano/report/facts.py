"""What the page and the documents tell, as data: printed figures, slips, sentences."""

from __future__ import annotations

from typing import Mapping, NamedTuple

from srcnn_theano.evaluation.rule import Spread, spread
from srcnn_theano.experiments.slips import SLIPS, Slip
from srcnn_theano.report.looked import resting
from srcnn_theano.report.rows import Row, row_figures
from srcnn_theano.report.verdicts import (
    KINDS,
    PRINTED,
    BySeeds,
    best_validation_of,
    by_seeds,
    counts,
)
from srcnn_theano.report.words import as_printed

# Tables of the report, and what they are called.
TITLES = {
    "table1": "Table 1",
    "table2": "Table 2 (Adam)",
    "fsrcnn": "FSRCNN (section 5.1.2)",
    "vgg": "VGG16 in the cost (section 5.1.3)",
    "fsrcnn-vgg": "FSRCNN, VGG16 in the cost (section 5.1.4)",
}


# What the inventors of SRCNN print, beside which Table 2 sets its own.
INVENTORS = {"Set5": 30.48, "Set14": 27.49}


def lead_in_words(rows: Mapping[str, Row]) -> str:
    """By how many decibels the report's Table 2 is above the inventors, as '6 to 8'."""
    leads = sorted(
        round((rows[_table2(name)].experiment.row.published or 0.0) - inventors)
        for name, inventors in INVENTORS.items()
    )
    return " to ".join(dict.fromkeys(map(str, leads)))


def printed_in_table2(rows: Mapping[str, Row]) -> dict[str, str]:
    """The report's figures of Table 2, by the set."""
    return {
        name: as_printed(rows[_table2(name)].experiment, "published")
        for name in INVENTORS
    }


def _table2(test_set: str) -> str:
    return f"table2_{test_set.lower()}_programmed"


class Printed(NamedTuple):
    """A figure that the report prints, beside ours.

    Attributes
    ----------
    table : str
        One of `TITLES`.
    stem : str
        The names of its rows, less their last word.
    field : 'published' or 'published_vgg'
    title : str
    printed : str
    rows : dict of str to Row
        By `verdicts.KINDS`.
    ours : dict of str to BySeeds or None
        By the same; None of a row that has not been run.
    """

    table: str
    stem: str
    field: str
    title: str
    printed: str
    rows: dict[str, Row]
    ours: dict[str, BySeeds | None]

    @property
    def test_set(self) -> str:
        return self.rows["programmed"].experiment.measure.test_set


def printed_figures(rows: Mapping[str, Row]) -> list[Printed]:
    """Every printed figure, in the order of the report's tables."""
    figures = []
    for table in TITLES:
        for name, row in rows.items():
            twin = rows.get(name.replace("_programmed", "_described"))
            if row.experiment.row.table == table and twin not in (None, row):
                figures += _figures_of(rows, row, twin)
    return figures


def _figures_of(rows: Mapping[str, Row], row: Row, twin: Row) -> list[Printed]:
    experiment, pair = row.experiment, dict(zip(KINDS, (row, twin)))
    title = experiment.row.title.replace(", as programmed", "").replace(" first", "")
    return [
        Printed(
            experiment.row.table,
            experiment.name[: -len("_programmed")],
            field,
            title + (", VGG space" if field == "published_vgg" else ""),
            as_printed(experiment, field),
            pair,
            {kind: by_seeds(rows, one, field) for kind, one in pair.items()},
        )
        for field in PRINTED
        if getattr(experiment.row, field) is not None
    ]


# --- What each slip is worth ---


class Worth(NamedTuple):
    """A row as described and the same with a slip; None where it has not been run.

    Attributes
    ----------
    described, slipped : Spread or None
        Of the seeds that both have.
    of_all : Spread or None
        Of all seeds of the row as described.
    """

    title: str
    figure: str
    described: Spread | None
    slipped: Spread | None
    of_all: Spread | None
    row: str

    @property
    def difference(self) -> float | None:
        """In dB."""
        if self.described is None or self.slipped is None:
            return None
        return self.slipped.median - self.described.median


def slips(rows: Mapping[str, Row]) -> list[Worth]:
    """What each slip of the program is worth by itself."""
    worth = [one for slip in SLIPS for one in _worth(rows, slip)]
    return [*worth, _worth_of_decibels(rows, "table1_adam_described")]


def _worth(rows: Mapping[str, Row], slip: Slip) -> list[Worth]:
    experiment = slip.row
    fields = {"published": f"Set14, `{experiment.measure.aggregation}`"}
    if experiment.measure.vgg_maps is not None:
        fields["published_vgg"] = "Set14, VGG space"
    without, slipped = rows[slip.without], rows[experiment.name]
    both = [{one.seed for one in row.seeds} for row in (without, slipped)]
    common = both[0] & both[1] if all(both) else None
    return [
        Worth(
            experiment.row.title,
            figure,
            _over(rows, without, field, common),
            _over(rows, slipped, field, common),
            _over(rows, without, field),
            experiment.name,
        )
        for field, figure in fields.items()
    ]


def _over(
    rows: Mapping[str, Row], row: Row, field: str, wanted: set[int] | None = None
) -> Spread | None:
    """A row's figure over its seeds, or those wanted."""
    seeds = [one for one in row.seeds if wanted is None or one.seed in wanted]
    of_row = by_seeds(rows, row._replace(seeds=seeds), field)
    return of_row and of_row.ours


def _worth_of_decibels(rows: Mapping[str, Row], name: str) -> Worth:
    """The same networks: the PSNR of all errors, and the mean of minibatches' PSNR."""
    kept = [
        block["sub_images"]["set14"]
        for block in map(best_validation_of, rows[name].seeds)
        if "sub_images" in block
    ]
    of_errors = spread([one["global"] for one in kept])
    return Worth(
        "A mean of decibels over minibatches, not of errors",
        "Set14, `global` and `batch20`",
        of_errors,
        spread([one["batch20"] for one in kept]),
        of_errors,
        name,
    )


# --- The sentences that matter ---


def bicubic_of(rows: Mapping[str, Row], row: Row) -> float | None:
    """What plain bicubic scores where a row's figure is of pixels; None if not known.

    A row that has not been measured by itself has the network, and so the data, of the
    row that trains it.
    """
    figures = row_figures(row)
    if figures is not None:
        return figures.bicubic
    results = rows[row.experiment.trained_by].results
    measure = row.experiment.measure
    if results is None or measure.aggregation == "image":
        return None
    scores = results["sub_images"][measure.test_set]["bicubic"]
    return scores.get(measure.aggregation)


def sentences(rows: Mapping[str, Row]) -> list[str]:
    """What came out, in three sentences or in those that the records allow.

    **Bold** and `code` are marked as in Markdown.
    """
    parts = (_of_the_measure(rows), _of_the_program(rows), _of_the_networks(rows))
    return [part for part in parts if part]


def _of_the_measure(rows: Mapping[str, Row]) -> str:
    row = rows[_table2("Set5")]
    results = rows[row.experiment.trained_by].results
    plain = bicubic_of(rows, row)
    later = bicubic_of_later(rows).get("Set5")
    if results is None or plain is None:
        return ""
    score = results["images"]["standard"]["scores"]["Set5"][-1]["bicubic_psnr"]
    unearned = round(plain, 2) - round(score, 2)  # of the figures as they are shown
    published = row.experiment.row.published
    all_of_it = published is not None and plain >= published
    lead = "The lead is in the yardstick" if all_of_it else "The yardstick is another"
    return (
        f"**{lead}.** Enlarging without any network scores "
        f"**{plain:.2f} dB** on Set5 in the report's way of measuring and "
        f"**{score:.2f} dB** in everybody else's: {unearned:.2f} dB that no network "
        "has earned."
        + _of_the_later_version(later)
        + f" The report printed {as_printed(row.experiment, 'published')} dB "
        "and set it beside a figure of the other measure."
    )


def bicubic_of_later(rows: Mapping[str, Row]) -> dict[str, float]:
    """What bicubic scores by the program's later version, by the set, if known."""
    row = rows["table1_adam_later_programmed"]
    if row.results is None:
        return {}
    scores, how = row.results["sub_images"], row.experiment.measure.aggregation
    return {name: scores[name]["bicubic"][how] for name in INVENTORS}


def _of_the_later_version(later: float | None) -> str:
    if later is None:
        return ""
    return (
        f" ({later:.2f} dB in the program's later version, which sorts the files and "
        "compares with the middle of each target.)"
    )


def _of_the_program(rows: Mapping[str, Row]) -> str:
    close, run, n_figures = {}, {}, 0
    for kind in KINDS:
        counted = counts(rows, kind)
        n_figures = sum(counted.values())
        close[kind] = counted["reproduced"] + counted["near"]
        run[kind] = n_figures - counted["not run"]
    if not run["programmed"]:
        return ""
    text = (
        "**The program was not the text.** Run as the report's program ran, "
        f"**{close['programmed']} of {run['programmed']}** printed figures lie within "
        "half a decibel of the range of our trainings, "
        f"{resting(rows).close} of them by a choice that looked at the print"
    )
    if run["described"]:
        text += (
            "; run as its words say and done right, "
            f"**{close['described']} of {run['described']}**"
        )
        text += " that have been run" * (run["described"] < n_figures)
    return text + "."


def _of_the_networks(rows: Mapping[str, Row]) -> str:
    row = rows["fsrcnn_x3"]
    if row.results is None:
        return ""
    score = row.results["images"]["standard"]["scores"]["Set5"][-1]
    gains = score["psnr"] > score["bicubic_psnr"]
    return (
        f"**Done right, the networks {'work' if gains else 'gain nothing'}.** In "
        "everybody's measure, FSRCNN as trained "
        f"here enlarges Set5 three times with **{score['psnr']:.2f} dB**. Without a "
        f"network it is {score['bicubic_psnr']:.2f} dB, and its inventors printed "
        f"{as_printed(row.experiment, 'published')}."
    )
