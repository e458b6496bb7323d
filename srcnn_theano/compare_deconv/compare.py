"""Deconvolution by gradInputs beside the naive full border: `compare-deconv`.

The variants of FSRCNN that section 5.1.2 of the report names, and one that avoids
checkerboards, differ in their last layer only. They are trained alike, or found
trained, and measured alike.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

from srcnn_theano.compare_deconv.figures import text_table
from srcnn_theano.compare_deconv.measuring import measure
from srcnn_theano.compare_deconv.page import write_page
from srcnn_theano.compare_deconv.trained import (
    VARIANTS,
    Trainers,
    find_or_train,
    full_run,
    photograph_material,
    quick_run,
    sets_material,
    train_row,
)
from srcnn_theano.data.datasets import find_data_dir
from srcnn_theano.errors import UserError
from srcnn_theano.files import check_target_folder, json_text, write_json
from srcnn_theano.runs.run import Run
from srcnn_theano.streams import say


def compare_deconv(
    out_dir: str | Path,
    runs_dir: str | Path,
    data: str | Path | None = None,
    quick: bool = False,
    n_epochs: int | None = None,
    seed: int = 0,
    as_json: bool = False,
) -> dict[str, Any]:
    """Train or find the variants, measure them, print a table and write a page.

    Training can be interrupted: the same command goes on after the last finished epoch.

    Parameters
    ----------
    out_dir : path
        Gets ``deconvolution.html``, the pictures in it and ``results.json``.
    runs_dir : path
        Runs are looked for, and left, here.
    data : path or None
        Folder with T91 and Set5; None for what SRCNN_DATA names.
    quick : bool
        Train on the photograph of the demo and not on T91, some hundred steps.
    n_epochs : int or None
        Another number of epochs than the rows'.
    seed : int
    as_json : bool
        Print the figures as JSON.

    Returns
    -------
    dict
        The contents of ``results.json``.
    """
    if n_epochs is not None and n_epochs < 1:
        raise UserError(f"--epochs {n_epochs}: must be at least 1")
    out_dir, runs_dir = Path(out_dir), Path(runs_dir)
    check_target_folder(out_dir)
    if quick:
        material, make = photograph_material(out_dir), quick_run
        trainers = Trainers(material)
        train: Callable[[Run], None] = trainers.train
    else:
        data_dir = _data_dir(data)
        material, make = sets_material(data_dir), full_run
        trainers = Trainers(material)
        train = train_row(data_dir)
    trained = {}
    for name, title in VARIANTS.items():
        run = make(name, n_epochs, seed, runs_dir)
        say(f"{title}: {run.experiment.measure.n_epochs} epochs")
        trained[name] = find_or_train(title, run, train)
    say("measuring")
    results, spectra, networks = measure(trained, material, trainers)
    write_json(out_dir / "results.json", results)
    write_page(out_dir, results, trained, material, spectra, networks)
    print(json_text(results) if as_json else text_table(results, out_dir))
    return results


def _data_dir(data):
    try:
        return find_data_dir(data)
    except UserError as error:
        raise UserError(f"{error}; --quick does without") from error
