"""Copy the records and networks of runs into results/ and weights/ of this checkout.

    python scripts/publish_results.py RUNS [NAME...] [--unfinished]

Without names, of all finished experiments in the folder RUNS. A row that trains gives
results/NAME/{experiment.json, history.csv, results.json}, weights/NAME.h5 and, saying
how the network came about, weights/NAME.json; so does a row that measures the network
of another row after an earlier epoch, but for the history. Other rows that measure give
results alone, and so do a run from another seed, NAME-seedN, and rows of the grid and
of the slips, which nobody enlarges pictures with. The tables of the documents follow.
An unfinished run is refused; with --unfinished its record, its checkpoint and the
networks that it has kept go to results/NAME/, so that it can go on elsewhere (copy the
folder to RUNS/NAME there and train NAME with --runs RUNS --resume).
"""

import argparse
import json
import re
import shutil
import sys
from pathlib import Path

from srcnn_theano.errors import UserError
from srcnn_theano.experiments import EXPERIMENTS, find_experiment
from srcnn_theano.files import atomic_path, read_json, sha256, write_json
from srcnn_theano.record import command
from srcnn_theano.runs.run import network_file
from srcnn_theano.training.history import read_history
from srcnn_theano.weights import load_weights

ROOT = Path(__file__).resolve().parents[1]
_PATH = re.compile(r"/[A-Za-z_][\w.+-]*/[\w.+-]+")


def publish(runs_dir, name, root=ROOT, unfinished=False):
    """Copy what belongs to one experiment.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    UserError
        The run is unfinished (and `unfinished` is false) or has not been started; its
        figures are of another network than lies beside them; it was run with other
        settings than the row's; its record holds a path of this machine.
    """
    experiment = find_experiment(_row_of(name))
    run_dir, into = Path(runs_dir) / name, root / "results" / name
    record = read_json(run_dir / "experiment.json")
    # Records once held the command as it was typed, with the folders of the machine.
    record["command"] = command(
        experiment.changed(
            n_epochs=record["experiment"]["n_epochs"],
            seed=record["experiment"]["seed"],
        )
    )
    _refuse_paths(run_dir / "experiment.json", record)
    changed = set(experiment.differences(record["experiment"])) - {"seed"}
    if changed:
        raise UserError(f"{run_dir}: run with another {', '.join(sorted(changed))}")
    reason = _why_unfinished(experiment, run_dir, record)
    if reason and not unfinished:
        raise UserError(
            f"{run_dir}: {reason}; go on with --resume, or publish it with --unfinished"
        )
    files = [into / "experiment.json"]
    write_json(files[0], record)
    copied = ["history.csv"] if experiment.trains else []
    copied += _to_go_on_with(run_dir) if reason else ["results.json"]
    for file_name in copied:
        files.append(into / file_name)
        _copy(run_dir / file_name, files[-1])
    network = network_file(experiment, Path(runs_dir))
    is_its_own = experiment.trains or network.name != "weights.h5"
    is_its_own &= experiment.row.table not in ("grid", "slips")
    if is_its_own and not reason and name == experiment.name:
        files += _publish_weights(run_dir, network, root / "weights", record)
    return files


def _to_go_on_with(run_dir):
    """The state of an unfinished run, and the networks that it has kept."""
    return [
        "checkpoint.h5",
        *sorted(path.name for path in run_dir.glob("weights-*.h5")),
    ]


def _row_of(folder):
    """The name of the row that a run folder is of."""
    return re.sub(r"-seed\d+$", "", folder)


def _why_unfinished(experiment, run_dir, record):
    """A clause, or None if the run is finished and its figures are of its network."""
    suffix = run_dir.name[len(experiment.name) :]
    network = network_file(experiment, run_dir.parent, suffix)
    if experiment.trains:
        network = run_dir / "weights.h5"
        n_epochs = len(_read_history(run_dir / "history.csv"))
        planned = record["experiment"]["n_epochs"]
        if n_epochs < planned:
            return f"unfinished, {n_epochs} of {planned} epochs"
    if not network.is_file() or not (run_dir / "results.json").is_file():
        return "unfinished, not measured yet"
    if read_json(run_dir / "results.json")["weights_sha256"] != sha256(network):
        return f"the figures are of another network than {network}"
    return None


def _publish_weights(run_dir, network, folder, record):
    name = record["experiment"]["name"]
    published, sidecar = folder / (name + ".h5"), folder / (name + ".json")
    load_weights(network)  # refuses a damaged file
    _copy(network, published)
    results = read_json(run_dir / "results.json")
    experiment = record["experiment"]
    write_json(
        sidecar,
        {
            "experiment": experiment["name"],
            "command": record["command"],
            "protocol": record["protocol"],
            "scale": experiment["scale"],
            "n_epochs": experiment["n_epochs"],
            "seed": experiment["seed"],
            "sha256": sha256(published),
            "versions": record["versions"],
            "data": record["data"],
            "results": _summary(results),
        },
    )
    return [published, sidecar]


def _summary(results):
    """Mean PSNR and SSIM under the protocols on images; PSNR on sub-images."""
    summary = {
        protocol: {
            test_set: {key: means[-1][key] for key in means[-1] if key != "image"}
            for test_set, means in images["scores"].items()
        }
        for protocol, images in results["images"].items()
    }
    protocol = results["protocol"]["name"]
    if protocol not in summary:  # one on sub-images
        summary[protocol] = {
            test_set: scores["ours"]
            for test_set, scores in results["sub_images"].items()
        }
    return summary


def _refuse_paths(path, value):
    found = _PATH.search(json.dumps(value).replace("\\/", "/"))
    if found:
        raise UserError(
            f"{path}: holds a path of this machine ({found.group()}); take it out first"
        )


def _read_history(path):
    return read_history(path) if path.is_file() else []


def _copy(source, target):
    if not source.is_file():
        raise UserError(f"{source}: missing; has the experiment been run?")
    with atomic_path(target) as temporary:
        shutil.copyfile(str(source), str(temporary))


def main(arguments=None):
    from write_figures import write_figures  # beside this script

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", metavar="RUNS")
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--unfinished", action="store_true")
    options = parser.parse_args(arguments)
    names = options.names or [
        path.parent.name
        for path in sorted(Path(options.runs).glob("*/results.json"))
        if _row_of(path.parent.name) in EXPERIMENTS
    ]
    try:
        if not names:
            raise UserError(f"{options.runs}: no finished run in it")
        for name in names:
            for path in publish(options.runs, name, unfinished=options.unfinished):
                print(path.relative_to(ROOT))
        for path in write_figures():
            print(path.relative_to(ROOT))
    except UserError as error:
        print(f"publish_results: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
