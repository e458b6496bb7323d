"""A run: one experiment trained from the data to a weight file, in a folder of its own.

::

    RUNS/NAME/experiment.json   settings, versions, flags, checksums, command
              history.csv       a row per epoch
              checkpoint.h5     everything that moves, after the last finished epoch
              weights.h5        the trained network, once all epochs are done
              weights-20.h5     the network after epoch 20, where a row asks for it
              results.json      figures under the row's protocol and `standard`
"""

import hashlib
import json
import os
import platform
from pathlib import Path

import numpy as np

from srcnn_theano.environment import accelerators
from srcnn_theano.errors import UserError
from srcnn_theano.experiments import EXPERIMENTS
from srcnn_theano.files import sha256, write_json
from srcnn_theano.training.settings import Training


def run_experiment(
    experiment, data_dir, runs_dir, n_epochs=None, resume=False, vgg=None
):
    """Train one experiment, measure the network, leave all in the run folder.

    Parameters
    ----------
    experiment : Experiment
        A row with `weights_of` is only measured; that row must have been run.
    data_dir : Path of the folder with T91, Set5 and Set14
    runs_dir : Path
    n_epochs : int or None
        Another number of epochs than the experiment's.
    resume : bool
        Go on from the checkpoint in the run folder.
    vgg : path or None
        VGG16, see `vgg16_weights.find_vgg16`. Perceptual rows need it; the others are
        measured by it where it is found.

    Returns
    -------
    Path
        The run folder.

    Raises
    ------
    UserError
        The folder holds a run already and `resume` is false; the data are missing; the
        cost is no longer finite; the row that `weights_of` names has not been run; a
        perceptual row lacks VGG16.
    """
    run_dir = Path(runs_dir) / experiment.name
    if n_epochs is not None:
        experiment = experiment._replace(n_epochs=n_epochs)
    network = weights_file(experiment, Path(runs_dir))
    if experiment.weights_of is None:
        _refuse_to_overwrite(run_dir, resume)
    elif not network.exists():
        raise UserError(
            f"{experiment.name}: measures the network of {experiment.weights_of}; "
            "train that first"
        )
    vgg = _load_vgg(experiment, vgg)
    write_json(run_dir / "experiment.json", record(experiment, data_dir, vgg))
    if experiment.weights_of is None:
        _train(experiment, data_dir, run_dir, resume, vgg)
    write_json(run_dir / "results.json", measure(experiment, network, data_dir, vgg))
    return run_dir


def _load_vgg(experiment, path):
    """VGG16; None where nobody names a file and the row can do without."""
    from srcnn_theano.vgg16_weights import find_vgg16, load_vgg16

    try:
        found = find_vgg16(path)
    except UserError:
        if path or os.environ.get("SRCNN_VGG16") or _is_perceptual(experiment):
            raise
        return None
    return load_vgg16(found)


def _is_perceptual(experiment):
    """Whether the row's cost or its figures need VGG16."""
    return bool(experiment.vgg_weight or experiment.published_vgg)


def weights_file(experiment, runs_dir):
    """Where the network that a row measures is, or will be."""
    if experiment.weights_of is None:
        return runs_dir / experiment.name / "weights.h5"
    trained = EXPERIMENTS.get(experiment.weights_of)
    at_end = trained is None or experiment.n_epochs not in trained.snapshots
    name = "weights.h5" if at_end else _snapshot_name(experiment.n_epochs)
    return runs_dir / experiment.weights_of / name


def _snapshot_name(epoch):
    return f"weights-{epoch}.h5"


def reproduce_table(table, data_dir, runs_dir, vgg=None):
    """Train and measure every row of a table that has no result in `runs_dir` yet.

    Networks that its rows share with other tables are trained first. Interrupted runs
    go on from their checkpoints.

    Parameters
    ----------
    table : str
        As in `Experiment`.
    data_dir, runs_dir : Path
    vgg : path or None
        As in `run_experiment`.
    """
    rows = [row for row in EXPERIMENTS.values() if row.table == table]
    for row in rows:
        _load_vgg(row, vgg)  # what is missing shows before hours of training
    shared = {row.weights_of for row in rows} - {None} - {row.name for row in rows}
    for experiment in [EXPERIMENTS[name] for name in sorted(shared)] + rows:
        if _is_done(experiment, Path(runs_dir) / experiment.name / "results.json"):
            print(f"{experiment.name}: done")
            continue
        print(f"{experiment.name}: {experiment.n_epochs} epochs")
        run_experiment(experiment, data_dir, runs_dir, resume=True, vgg=vgg)


def _is_done(experiment, results_file):
    if not results_file.exists():
        return False
    results = json.loads(results_file.read_text(encoding="utf-8"))
    return results["n_epochs"] >= experiment.n_epochs


def _refuse_to_overwrite(run_dir, resume):
    if (run_dir / "checkpoint.h5").exists() and not resume:
        raise UserError(
            f"{run_dir}: holds a run already; use --resume to go on with it, or "
            "another --runs folder"
        )


def _train(experiment, data_dir, run_dir, resume, vgg):
    from srcnn_theano.data.cache import prepare

    recipe = training_recipe(experiment)
    train_set, set5 = (prepare(data_dir, name, recipe) for name in ("T91", "Set5"))
    trainer, model = build_trainer(experiment, train_set, {"set5": set5}, run_dir, vgg)
    if resume:
        trainer.resume()
    trainer.run(experiment.n_epochs)
    save_network(run_dir / "weights.h5", experiment, model, trainer.epoch)


def measure(experiment, weights_file, data_dir, vgg=None):
    """Figures of a trained network: under its row's protocol, and under `standard`.

    Returns
    -------
    dict
        ``{"n_epochs": trained, "sub_images": {set: {"ours": {aggregation: dB},
        "bicubic": ...}}, "images": {protocol: {"scores": {set: [one for each image ...,
        mean]}}}}``; the sub-images are cut by the recipe of the row's protocol.
        Perceptual rows have ``{"vgg": {set: {aggregation: dB}}}`` besides, and every
        network that the row itself trains, with VGG16, what `measure_features` gives as
        ``"relu2_2"``.
    """
    from srcnn_theano.data.cache import prepare
    from srcnn_theano.data.datasets import image_paths
    from srcnn_theano.evaluation.images import feature_function, score_files
    from srcnn_theano.evaluation.protocols import make_protocol
    from srcnn_theano.evaluation.sub_images import score_features, score_network
    from srcnn_theano.inference import build_predictor
    from srcnn_theano.weights import load_weights

    # A row may look at the network of another row with other options (batch norm).
    weights = load_weights(weights_file)._replace(options=experiment.options)
    protocol = experiment_protocol(experiment)
    results = {
        "experiment": experiment.name,
        "n_epochs": weights.about["n_epochs"],
        "weights_sha256": sha256(weights_file),
        "protocol": {"name": protocol.name, "hash": protocol.hash},
        "sub_images": {},
        "images": {},
    }
    perceptual = _is_perceptual(experiment)
    if perceptual:
        results["vgg"] = {"source_sha256": vgg.source_sha256}
    recipe = training_recipe(experiment)
    for name in ("Set5", "Set14"):
        enlarged = pairs = prepare(data_dir, name, recipe)
        if not recipe.enlarged:
            enlarged = prepare(data_dir, name, recipe._replace(enlarged=True))
        results["sub_images"][name] = score_network(
            weights, pairs, enlarged, protocol, experiment.batch_size
        )
        if perceptual:
            results["vgg"][name] = score_features(
                weights, pairs, protocol, vgg.values, experiment.vgg_input
            )
    network = build_predictor(weights)
    for name in ("standard", "standard-rgb"):
        whole = make_protocol(name, experiment.scale)
        results["images"][name] = {
            "hash": whole.hash,
            "scores": {
                test_set: [
                    score._asdict()
                    for score in score_files(
                        image_paths(data_dir, test_set), whole, network
                    )
                ]
                for test_set in ("Set5", "Set14")
            },
        }
    if vgg is not None and experiment.weights_of is None:
        networks, features = {"network": network}, feature_function(vgg)
        found = measure_features(networks, experiment.scale, data_dir, vgg, features)
        results["relu2_2"] = found["network"]
    return results


def measure_features(networks, scale, data_dir, vgg, features):
    """Distances of networks of one scale from the originals in the features of VGG16.

    Parameters
    ----------
    networks : dict of str to inference.Predictor
    scale : int
    data_dir : Path
    vgg : VGG16Weights
    features : function made by `evaluation.images.feature_function` of it

    Returns
    -------
    dict of str to dict
        ``{"hash": of standard-rgb, "preprocessing": ..., "source_sha256": of VGG16,
        "scores": {set: [one for each image ..., mean]}}`` for each network.
    """
    from srcnn_theano.data.datasets import image_paths
    from srcnn_theano.evaluation.images import feature_distances
    from srcnn_theano.evaluation.protocols import make_protocol

    whole = make_protocol("standard-rgb", scale)
    found = {
        name: {
            "hash": whole.hash,
            "preprocessing": vgg.preprocessing,
            "source_sha256": vgg.source_sha256,
            "scores": {},
        }
        for name in networks
    }
    for test_set in ("Set5", "Set14"):
        paths = image_paths(data_dir, test_set)
        every = feature_distances(paths, whole, networks, features)
        for name, distances in every.items():
            found[name]["scores"][test_set] = [one._asdict() for one in distances]
    return found


def training_of(experiment):
    """The record of how an experiment is trained."""
    return Training(**{name: getattr(experiment, name) for name in Training._fields})


def build_trainer(experiment, train_set, validation_sets, run_dir, vgg=None):
    """Compile what an experiment needs and return its (Trainer, Model).

    Parameters
    ----------
    experiment : Experiment
    train_set : Pairs, made by the experiment's `training_recipe`
    validation_sets : dict of str to Pairs
        Each gives the history a column: the mean PSNR of its sub-images.
    run_dir : Path
    vgg : VGG16Weights or None
        For costs that need it.
    """
    from srcnn_theano.evaluation.metrics import aggregate
    from srcnn_theano.evaluation.sub_images import sub_image_errors
    from srcnn_theano.models import model_for_pairs
    from srcnn_theano.training.functions import error_function
    from srcnn_theano.training.step import build_step
    from srcnn_theano.training.trainer import Trainer

    step = build_step(training_of(experiment), train_set, vgg)
    model = step.model

    # The training graph has its batch size built in.
    validate_model = model_for_pairs(
        experiment.model,
        experiment.options,
        train_set,
        np.random.RandomState(0),
    )
    errors = error_function(validate_model)

    def validate():
        validate_model.set_values(model.get_values())
        psnr = {}
        for name, pairs_of_set in validation_sets.items():
            mse = sub_image_errors(
                errors, pairs_of_set, model.margin, experiment.batch_size
            )
            psnr[name + "_psnr"] = aggregate(mse, "patch")
        return psnr

    def keep(epoch):
        if epoch in experiment.snapshots:
            save_network(
                Path(run_dir) / _snapshot_name(epoch), experiment, model, epoch
            )

    trainer = Trainer(
        step,
        experiment.seed,
        experiment.decay,
        validate,
        run_dir,
        identity(experiment),
        keep,
    )
    return trainer, model


def training_recipe(experiment):
    """How the sub-images are made that a row is trained and measured on."""
    from srcnn_theano.models import model_class

    recipe = experiment_protocol(experiment).recipe
    upscales = model_class(experiment.model).upscales
    return recipe._replace(enlarged=not upscales, **experiment.recipe)


def experiment_protocol(experiment):
    """The protocol that a row is trained and measured under, at its scale."""
    from srcnn_theano.evaluation.protocols import make_protocol

    return make_protocol(experiment.protocol, experiment.scale)


def identity(experiment):
    """Hash of all settings that a training depends on, except its length."""
    settings = experiment._asdict()
    for unrelated in (
        "table",
        "row",
        "published",
        "vgg_maps",
        "test_set",
        "notes",
        "n_epochs",
    ):
        del settings[unrelated]
    text = json.dumps(settings, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def command(experiment):
    """The command line that does this experiment again, on any machine."""
    listed = EXPERIMENTS.get(experiment.name, experiment)
    words = ["srcnn-theano train", experiment.name, "--data DIR"]
    if experiment.n_epochs != listed.n_epochs:
        words.append(f"--epochs {experiment.n_epochs}")
    if experiment.seed != listed.seed:
        words.append(f"--seed {experiment.seed}")
    if _is_perceptual(experiment):
        words.append("--vgg FILE")
    return " ".join(words)


def record(experiment, data_dir, vgg=None):
    """What a figure needs beside it: settings, versions, flags, checksums, command."""
    import h5py
    import PIL
    import scipy

    import srcnn_theano
    from srcnn_theano.backend import default_device, settings, theano
    from srcnn_theano.data.datasets import image_paths

    protocol, recipe = experiment_protocol(experiment), training_recipe(experiment)
    data = {
        name: _sha256_of_set(image_paths(data_dir, name))
        for name in ("T91", "Set5", "Set14")
    }
    if _is_perceptual(experiment):
        data["VGG16"] = vgg.source_sha256
    found = {
        "experiment": experiment._asdict(),
        "protocol": {"name": protocol.name, "hash": protocol.hash},
        "recipe": dict(recipe._asdict(), hash=recipe.hash),
        "command": command(experiment),
        "versions": {
            "srcnn_theano": srcnn_theano.__version__,
            "python": platform.python_version(),
            settings.library.module: theano.__version__,
            "numpy": np.__version__,
            "scipy": scipy.__version__,
            "pillow": PIL.__version__,
            "h5py": h5py.__version__,
        },
        "device": default_device(),
        "theano_flags": {
            name: str(getattr(theano.config, name))
            for name in ("floatX", "optimizer", "linker", "gcc__cxxflags")
        },
        "data": data,
    }
    if found["device"] != "cpu":
        import jax

        found["versions"]["jax"] = jax.__version__
    if found["device"] == "gpu":
        found["accelerators"] = accelerators()
    return found


def _sha256_of_set(paths):
    """One checksum of a set: that of its files' checksums, in order of their names."""
    sums = "".join(sha256(path) for path in paths)
    return hashlib.sha256(sums.encode("ascii")).hexdigest()


def save_network(path, experiment, model, n_epochs):
    """Write the trained network with where it comes from."""
    from srcnn_theano.weights import Weights, save_weights

    about = {
        "experiment": experiment.name,
        "protocol": experiment.protocol,
        "scale": experiment.scale,
        "n_epochs": n_epochs,
    }
    save_weights(
        path, Weights(experiment.model, experiment.options, model.get_values(), about)
    )
