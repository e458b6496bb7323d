"""Measure networks in the features of VGG16 that were measured before it was there.

    python scripts/measure_again.py RUNS [NAME...] [--data DIR] [--vgg FILE]

RUNS is a folder of runs, or results/, whose networks are in weights/. Nothing is
trained, and the other figures stay as they are: results.json of each network gets what
a run with VGG16 writes as "relu2_2". Without names, of all networks in RUNS that have
not got it from this VGG16; what is interrupted can be started again.
"""

import argparse
import sys
from pathlib import Path

from srcnn_theano.data.datasets import find_data_dir
from srcnn_theano.errors import UserError
from srcnn_theano.experiments import EXPERIMENTS, find_experiment
from srcnn_theano.files import read_json, sha256, write_json
from srcnn_theano.runs.lock import locked
from srcnn_theano.runs.measuring import measure_features
from srcnn_theano.runs.run import network_file
from srcnn_theano.shipped import weights_dir
from srcnn_theano.vgg16_weights import find_vgg16, load_vgg16

_AT_ONCE = 8  # networks; original and bicubic are looked at once for all of them


def measure_again(runs_dir, names, data_dir, vgg):
    """Add "relu2_2" to the results of networks.

    Parameters
    ----------
    runs_dir : Path
    names : list of str
        Rows that train; empty for all that lack it.
    data_dir : Path
    vgg : VGG16Weights

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    UserError
        No such row, or one that trains nothing; it has no results, or its network is
        not there; nothing is left to be measured. Before anything is measured.
    """
    from srcnn_theano.evaluation.images import feature_function
    from srcnn_theano.inference import build_predictor
    from srcnn_theano.weights import load_weights

    names = names or _lacking(runs_dir, vgg)
    if not names:
        raise UserError(f"{runs_dir}: no network lacks its distance")
    files = {name: _network_file(runs_dir, name) for name in names}
    features, written = feature_function(vgg), []
    for scale, some in _portions(names):
        networks = {name: build_predictor(load_weights(files[name])) for name in some}
        for name, found in measure_features(
            networks, scale, data_dir, vgg, features
        ).items():
            written.append(_results_file(runs_dir, name))
            with locked(written[-1].parent):
                write_json(written[-1], dict(read_json(written[-1]), relu2_2=found))
            print(written[-1])
    return written


def _lacking(runs_dir, vgg):
    names = []
    for name, experiment in EXPERIMENTS.items():
        path = _results_file(runs_dir, name)
        if experiment.trains and path.is_file():
            found = read_json(path).get("relu2_2", {})
            if found.get("source_sha256") != vgg.source_sha256:
                names.append(name)
    return names


def _portions(names):
    """A few names of one scale at a time."""
    for scale in sorted({EXPERIMENTS[name].training.scale for name in names}):
        of_scale = [name for name in names if EXPERIMENTS[name].training.scale == scale]
        for start in range(0, len(of_scale), _AT_ONCE):
            yield scale, of_scale[start : start + _AT_ONCE]


def _network_file(runs_dir, name):
    """The network that the results of a row are of."""
    experiment = find_experiment(name)
    if not experiment.trains:
        raise UserError(
            f"{name}: has no network of its own; measure {experiment.trained_by}"
        )
    wanted = read_json(_results_file(runs_dir, name))["weights_sha256"]
    places = network_file(experiment, runs_dir), weights_dir() / (name + ".h5")
    for path in places:
        if path.is_file() and sha256(path) == wanted:
            return path
    raise UserError(
        "{}: the network of its results is neither {} nor {}; train it again".format(
            name, *places
        )
    )


def _results_file(runs_dir, name):
    return runs_dir / name / "results.json"


def main(arguments=None):
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", metavar="RUNS", type=Path)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--data", metavar="DIR")
    parser.add_argument("--vgg", metavar="FILE")
    options = parser.parse_args(arguments)
    try:
        data_dir = find_data_dir(options.data)
        vgg = load_vgg16(find_vgg16(options.vgg))
        measure_again(options.runs, options.names, data_dir, vgg)
    except UserError as error:
        print(f"measure_again: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
