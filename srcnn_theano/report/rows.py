"""What is recorded of each experiment: its settings, its training, its figures.

The records are those of a folder of runs, and the ones that come with the package
(results/), so that a figure can be followed to its settings, data and protocol.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Mapping, NamedTuple

from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.protocols import Protocol, make_protocol
from srcnn_theano.experiments import EXPERIMENTS, snapshots
from srcnn_theano.experiments.records import Experiment
from srcnn_theano.files import is_there, require_folder
from srcnn_theano.record import read_record, read_results
from srcnn_theano.shipped import results_dir
from srcnn_theano.streams import say
from srcnn_theano.training.history import read_history

# Tables with figures in the space of VGG16.
PERCEPTUAL = ("vgg", "fsrcnn-vgg")
# Columns of a history that are shown.
_SHOWN = ("set5_psnr", "seconds")


class Seed(NamedTuple):
    """What is recorded of one seed of a row.

    Attributes
    ----------
    seed : int
    history : list of dict
        Of as many epochs of the network's training as the row measures. Empty for a row
        with options of its own for the test, as that of `Row`.
    results : dict or None
        results.json, where the row was measured with this seed.
    """

    seed: int
    history: list[dict[str, str]]
    results: dict[str, Any] | None


class Row(NamedTuple):
    """An experiment and what is recorded of it.

    Attributes
    ----------
    experiment : Experiment
        As it is listed now.
    folder : Path or None
        Of the records.
    record : dict
        experiment.json, or empty.
    history : list of dict
        An entry per epoch of the network's training. Empty for a row that measures the
        network with other options than the row which trains it, as the statistics of
        batch normalization: that history is of another measure.
    results : dict or None
        results.json.
    planned_epochs : int
        How long the network is to be trained.
    seeds : list of Seed
        Every finished training of the row, its own seed and others.
    is_readable : bool
        Whether its records could be read; if not, it is as if there were none.
    """

    experiment: Experiment
    folder: Path | None
    record: dict[str, Any]
    history: list[dict[str, str]]
    results: dict[str, Any] | None
    planned_epochs: int
    seeds: list[Seed]
    is_readable: bool = True

    @property
    def n_epochs(self) -> int:
        """Epochs that the network was trained for."""
        if self.results is None:
            return len(self.history)
        return self.results["n_epochs"]

    @property
    def status(self) -> str:
        """'done', 'unfinished', 'not run' or 'unreadable'."""
        if not self.is_readable:
            return "unreadable"
        if self.results is not None:
            return "done"
        trained_here = self.history and self.experiment.trains
        return "unfinished" if trained_here else "not run"


# --- Reading the records ---


def load_rows(runs_dir: Path | None = None) -> dict[str, Row]:
    """Every experiment with its records.

    Parameters
    ----------
    runs_dir : Path or None
        Its results win over those that come with the package. Records that cannot be
        read are named on stderr.

    Returns
    -------
    dict of str to Row

    Raises
    ------
    UserError
        `runs_dir` is no folder.
    """
    if runs_dir is not None:
        require_folder(runs_dir, "--runs ", "name the folder that holds the runs")
    rows = {}
    for name, experiment in EXPERIMENTS.items():
        folder = _find(runs_dir, name)
        n_epochs = _planned_epochs(experiment)
        try:
            rows[name] = _row(experiment, folder, n_epochs, runs_dir)
        except UserError as error:
            say(f"srcnn-theano: {error}")
            rows[name] = Row(experiment, folder, {}, [], None, n_epochs, [], False)
    return rows


def _row(
    experiment: Experiment, folder: Path | None, n_epochs: int, runs_dir: Path | None
) -> Row:
    record: dict[str, Any] = {}
    results = None
    if folder is not None:
        record = read_record(folder / "experiment.json")
        if is_there(folder / "results.json"):
            results = read_results(folder / "results.json", experiment)
    history = _read_history(folder, experiment)
    done = results["n_epochs"] if results is not None and experiment.trains else 0
    if len(history) < done:
        raise UserError(
            f"{folder}: its history.csv has {len(history)} epochs, its results.json is "
            f"of {done}; use another copy of them"
        )
    seeds = _seeds(runs_dir, experiment)
    return Row(experiment, folder, record, history, results, n_epochs, seeds)


def of_table(rows: dict[str, Row], table: str) -> list[Row]:
    """The rows of one table, in its order."""
    return [row for row in rows.values() if row.experiment.row.table == table]


def protocol_of(experiment: Experiment) -> Protocol:
    """The protocol that a row is trained and measured under."""
    return make_protocol(experiment.training.protocol, experiment.training.scale)


def _planned_epochs(experiment):
    if experiment.measure.n_epochs in snapshots(experiment.trained_by):
        return experiment.measure.n_epochs
    return EXPERIMENTS[experiment.trained_by].measure.n_epochs


def _find(runs_dir, name):
    """The folder of an experiment's records: with results, else with a history.

    What is there and is none will be told when it is read.
    """
    folders = [d / name for d in (runs_dir, results_dir()) if d is not None]
    for file_name in ("results.json", "history.csv"):
        for folder in folders:
            if is_there(folder / file_name) or is_there(folder) > folder.is_dir():
                return folder
    return None


def _read_history(folder, experiment):
    trained = EXPERIMENTS[experiment.trained_by]
    if folder is None or experiment.options != trained.options:
        return []
    # The history of a row that only measures is that of the training beside it.
    path = folder.parent / trained.name / "history.csv"
    try:
        history = read_history(path) if is_there(path) else []
        if history and not set(_SHOWN) <= set(history[0]):
            raise UserError(f"{path}: lacks one of the columns {', '.join(_SHOWN)}")
        return history
    except UserError:
        if experiment.trains:
            raise
        return []  # it is named with the row that trains


def _seeds(runs_dir, experiment):
    """The finished trainings of a row; of two of a seed, that in `runs_dir` counts."""
    trained, n_epochs = EXPERIMENTS[experiment.trained_by], experiment.measure.n_epochs
    if experiment.options != trained.options:
        return _measured_seeds(runs_dir, experiment)
    seeds = {}
    for number, folder in _folders(runs_dir, trained):
        path = folder / "history.csv"
        if not path.is_file():
            continue
        try:
            history = read_history(path)[:n_epochs]
        except UserError:
            if folder.name == trained.name:
                continue  # it is named as that of the row
            raise
        if len(history) == n_epochs:
            suffix = folder.name[len(trained.name) :]
            results = folder.parent / (experiment.name + suffix) / "results.json"
            seeds[number] = Seed(
                number,
                history,
                read_results(results, experiment) if results.is_file() else None,
            )
    return [seeds[number] for number in sorted(seeds)]


def _measured_seeds(runs_dir, experiment):
    """The seeds of a row with options of its own for the test: by results alone."""
    seeds = {}
    for number, folder in _folders(runs_dir, experiment):
        path = folder / "results.json"
        results = read_results(path, experiment) if path.is_file() else None
        if results and results["n_epochs"] == experiment.measure.n_epochs:
            seeds[number] = Seed(number, [], results)
    return [seeds[number] for number in sorted(seeds)]


def _folders(runs_dir, experiment):
    """Seeds of a row and the folders that its records would be in."""
    name = experiment.name
    for parent in [d for d in (results_dir(), runs_dir) if d is not None]:
        for folder in (parent / name, *parent.glob(f"{name}-seed*")):
            number = folder.name[len(f"{name}-seed") :] or str(experiment.training.seed)
            if number.isdecimal():
                yield int(number), folder


# --- Figures ---


class Figures(NamedTuple):
    """A row's figures: PSNR in dB under two protocols and in VGG space, and SSIM."""

    ours: float
    bicubic: float
    standard: dict[str, float]  # psnr, ssim, bicubic_psnr, bicubic_ssim: a mean score
    vgg: float | None = None


def row_figures(row: Row) -> Figures | None:
    """The figures of a row on its own test set; None if it has not been run."""
    training, measure, results = (
        row.experiment.training,
        row.experiment.measure,
        row.results,
    )
    if results is None:
        return None
    standard = mean_scores(results, "standard", measure.test_set)
    if measure.aggregation == "image":
        own = mean_scores(results, training.protocol, measure.test_set)
        return Figures(own["psnr"], own["bicubic_psnr"], standard)
    scores = results["sub_images"][measure.test_set]
    return Figures(
        scores["ours"][measure.aggregation],
        scores["bicubic"][measure.aggregation],
        standard,
        results["vgg"][measure.test_set][measure.aggregation]
        if "vgg" in results
        else None,
    )


def mean_scores(
    results: Mapping[str, Any], protocol: str, test_set: str
) -> dict[str, Any]:
    """A network's and bicubic's means over the whole images of a set."""
    return results["images"][protocol]["scores"][test_set][-1]


# --- What speaks against them ---


def caveats(rows: dict[str, Row], row: Row) -> list[str]:
    """What keeps a row's figures from being those of the experiment as listed."""
    if not row.is_readable:
        return ["its records cannot be read"]
    reasons = []
    if row.status != "not run" and row.n_epochs != row.planned_epochs:
        reasons.append(f"{row.n_epochs} of {row.planned_epochs} epochs were run")
    if row.results is None:
        return reasons
    recorded = row.record.get("experiment", {})
    changed = row.experiment.differences(recorded)
    if changed:
        reasons.append(f"run with another {', '.join(changed)} than listed")
    for name, of in (
        ("experiment.json", recorded.get("name")),
        ("results.json", row.results.get("experiment")),
    ):
        if of != row.experiment.name:
            reasons.append(f"its {name} is of {of or 'no row that it names'}")
    if row.results["protocol"]["hash"] != protocol_of(row.experiment).hash:
        reasons.append("measured under another protocol than today's of that name")
    trained = rows[row.experiment.trained_by].results
    if (
        trained
        and trained["n_epochs"] == row.results["n_epochs"]
        and trained["weights_sha256"] != row.results["weights_sha256"]
    ):
        reasons.append(
            f"measured on another network than that of {row.experiment.trained_by}"
        )
    return reasons
