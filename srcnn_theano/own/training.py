"""``srcnn-theano train --pictures``: a network trained on a folder of pictures.

::

    RUNS/NAME/training.json    settings and pictures
              history.csv      a row per epoch
              checkpoint.h5    everything that moves, after the last finished epoch
              weights.h5       the network, once all epochs are done
              curve.svg        PSNR on the validation part while it learned
              comparison.png   details of the validation part, beside bicubic
              results.json     figures of each picture of the validation part
"""

from __future__ import annotations

import hashlib
import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Sequence

import numpy as np

from srcnn_theano.data.patches import SCALES, Degraded, Pairs, degrade
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.images import gain_text, gains
from srcnn_theano.evaluation.protocols import Protocol, make_protocol, score
from srcnn_theano.experiments import find_experiment
from srcnn_theano.files import check_target_folder, read_json, sha256, write_json
from srcnn_theano.inference import Predictor, build_model, build_predictor, restore
from srcnn_theano.own.comparison import Judged, draw_comparison
from srcnn_theano.own.pictures import cut, judged, split
from srcnn_theano.pages.charts import Curve, Panel, draw_curves
from srcnn_theano.runs.lock import locked
from srcnn_theano.runs.run import training_recipe
from srcnn_theano.tables import text_lines
from srcnn_theano.training.history import read_history
from srcnn_theano.training.settings import Training
from srcnn_theano.weights import (
    PICTURE_MODELS,
    Weights,
    load_weights,
    picture_row,
    save_weights,
    weights_for_scale,
)

if TYPE_CHECKING:
    from srcnn_theano.training.trainer import Trainer

# A training has so many epochs, and more of them where they are short.
EPOCHS, LEAST_STEPS = 30, 6000


class Own(NamedTuple):
    """What is settled before a training on pictures of one's own.

    Attributes
    ----------
    training : Training
    n_epochs : int
    folder : Path of the run
    identity : str
        Of settings, pictures and length.
    facts : dict
        The same for people.
    """

    training: Training
    n_epochs: int
    folder: Path
    identity: str
    facts: dict[str, Any]

    def weights(self, values: dict[str, np.ndarray], n_epochs: int) -> Weights:
        """The network with these values, with where it comes from."""
        about = {
            "protocol": self.training.protocol,
            "scale": self.training.scale,
            "n_epochs": n_epochs,
            "identity": self.identity,
        }
        return Weights(self.training.model, self.training.options, values, about)


def train_on_pictures(
    folder: Path,
    scale: int | None,
    runs_dir: Path,
    model: str | None = None,
    n_epochs: int | None = None,
    seed: int | None = None,
    resume: bool = False,
) -> None:
    """Train a network on a folder of pictures, and leave all in a run folder.

    Parameters
    ----------
    folder : Path
    scale : int or None
        2, 3 or 4; None is refused.
    runs_dir : Path
        Gets a folder of the name of the model, the scale and the pictures' folder.
    model : str or None
        One of `PICTURE_MODELS`; it is trained as the package's own network is.
    n_epochs : int or None
        None: as many as the number of sub-images asks for.
    seed : int or None
    resume : bool

    Raises
    ------
    UserError
        An option that does not fit; pictures that do not do; the folder holds a run
        already and `resume` is false.
    """
    name = model or PICTURE_MODELS[0]
    scale = _checked_scale(scale, name)
    row = picture_row(name, scale)
    training = find_experiment(row).training._replace(seed=seed or 0)
    run_dir = runs_dir / f"{row}_{folder.resolve().name}"
    check_target_folder(run_dir)
    with locked(run_dir):
        if not resume and (run_dir / "checkpoint.h5").exists():
            raise UserError(
                f"{run_dir}: holds a training already; use --resume to go on with it, "
                "or another --runs folder"
            )
        train, validation = split(folder, scale, runs_dir)
        pairs = cut(train, training_recipe(training), training.seed)
        shas = _shas(folder, train + validation)
        own = _settled(training, pairs, shas, run_dir, n_epochs)
        print(
            f"{len(train)} pictures to learn from, {len(validation)} to be judged by; "
            f"{len(pairs.low_res)} sub-images, {own.n_epochs} epochs"
        )
        _carry_out(own, pairs, validation, resume)


def _checked_scale(scale: int | None, name: str) -> int:
    """The scale, if there is such a network of that name."""
    if scale is None:
        raise UserError(
            "--scale: is missing; with --pictures, say with it how many times larger "
            "the network is to make pictures, 2, 3 or 4"
        )
    if scale not in SCALES or name not in PICTURE_MODELS:
        raise UserError(
            f"--model {name} --scale {scale}: with --pictures these must be one of "
            f"{', '.join(PICTURE_MODELS)}, and 2, 3 or 4"
        )
    return scale


def _shas(folder: Path, paths: Sequence[Path]) -> dict[str, str]:
    return {str(path.relative_to(folder)): sha256(path) for path in paths}


def _settled(
    training: Training,
    pairs: Pairs,
    shas: dict[str, str],
    run_dir: Path,
    n_epochs: int | None,
) -> Own:
    n_steps = len(pairs.low_res) // training.batch_size
    if not n_steps:
        raise UserError(
            f"the pictures give {len(pairs.low_res)} sub-images, fewer than the "
            f"{training.batch_size} of a minibatch; add pictures, or larger ones"
        )
    n_epochs = n_epochs or max(EPOCHS, -(-LEAST_STEPS // n_steps))
    training = training._replace(decay_rule="cosine", decay_epochs=n_epochs)
    hashed = json.dumps([training.identity, *shas.values()])
    identity = hashlib.sha256(hashed.encode("ascii")).hexdigest()
    facts = {
        "identity": identity,
        "seed": training.seed,
        "epochs": n_epochs,
        "pictures": shas,
    }
    return Own(training, n_epochs, run_dir, identity, facts)


def _check_facts(own: Own) -> None:
    """Refuse to go on with a run of other settings, and say of which.

    What cannot be told here the checkpoint's identity tells.
    """
    path = own.folder / "training.json"
    if not ((own.folder / "checkpoint.h5").exists() and path.exists()):
        return
    facts = read_json(path)
    if not isinstance(facts, dict) or facts.get("identity") == own.identity:
        return
    differ = [
        f"--{name} {facts[name]} and not {own.facts[name]}"
        for name in ("seed", "epochs")
        if isinstance(facts.get(name), int) and facts[name] != own.facts[name]
    ]
    before, now = facts.get("pictures"), own.facts["pictures"]
    if isinstance(before, dict) and before != now:
        counts = {
            "added": len(now.keys() - before.keys()),
            "gone": len(before.keys() - now.keys()),
            "changed": sum(before[name] != now[name] for name in before.keys() & now),
        }
        told = ", ".join(f"{n} {what}" for what, n in counts.items() if n)
        differ.append(f"other pictures ({told} since)")
    if differ:
        raise UserError(
            f"{own.folder}: its training is of {', '.join(differ)}; --resume with what "
            "it was begun with, or choose another --runs folder"
        )


def _carry_out(
    own: Own, pairs: Pairs, validation: Sequence[Path], resume: bool
) -> None:
    if resume:
        _check_facts(own)
    from srcnn_theano.training.step import build_step
    from srcnn_theano.training.trainer import Trainer

    protocol = make_protocol("standard", own.training.scale)
    images = [judged(path) for path in validation]
    step = build_step(own.training, pairs)
    values = step.model.get_values()
    # The training graph has its sizes built in.
    copy = build_model(own.weights(values, 0))
    network = Predictor(copy)
    examples = [degrade(image, protocol.recipe) for image in images]

    def validate() -> dict[str, float]:
        copy.set_values(step.model.get_values())
        psnr = [_scores(part, network, protocol)[0] for part in examples]
        return {"validation_psnr": float(np.mean(psnr))}

    trainer = Trainer(
        step,
        own.training.seed,
        validate=validate,
        run_dir=own.folder,
        identity=own.identity,
        decay_rule=own.training.decay_rule,
        decay_epochs=own.n_epochs,
    )
    if resume:
        trainer.resume()
    write_json(own.folder / "training.json", own.facts)
    trainer.run(own.n_epochs)
    copy.set_values(step.model.get_values())
    _leave(own, trainer, validation, images, network, protocol)


def _scores(
    part: Degraded, network: Predictor, protocol: Protocol
) -> tuple[float, float]:
    return score(restore(network, part, is_luma=True), part.high_res, protocol)


def _leave(
    own: Own,
    trainer: Trainer,
    paths: Sequence[Path],
    images: Sequence[np.ndarray],
    network: Predictor,
    protocol: Protocol,
) -> None:
    """Write the network, its figures, the curve and the comparison; say where."""
    scale, file = own.training.scale, own.folder / "weights.h5"
    save_weights(file, own.weights(trainer.step.model.get_values(), trainer.epoch))
    shipped = load_weights(weights_for_scale(scale, own.training.model))
    figures = _figures(paths, images, (network, build_predictor(shipped)), protocol)
    write_json(
        own.folder / "results.json",
        {
            "model": own.training.model,
            "scale": scale,
            "n_epochs": trainer.epoch,
            "protocol": {"name": protocol.name, "hash": protocol.hash},
            "scores": figures,
        },
    )
    history = read_history(own.folder / "history.csv")
    curve = Curve(
        own.training.model,
        [float(row["iteration"]) for row in history],
        [float(row["validation_psnr"]) for row in history],
    )
    bicubic = figures[-1]["bicubic_psnr"]
    panel = Panel(f"Validation part, x{scale}", [curve], bicubic)
    draw_curves(own.folder / "curve.svg", [panel])
    shown = [
        Judged(f["image"], image, f["psnr"], f["bicubic_psnr"])
        for f, image in zip(figures, images)
    ]
    draw_comparison(own.folder / "comparison.png", shown, network, scale)
    rows = [["picture", "PSNR/dB", "bicubic", "gain", "package's"]]
    better = gains([(f["psnr"], f["bicubic_psnr"]) for f in figures])
    for f, gain in zip(figures, better):
        psnr, bicubic, packages = (
            f"{f[key]:.2f}" for key in ("psnr", "bicubic_psnr", "shipped_psnr")
        )
        rows.append([f["image"], psnr, bicubic, gain_text(gain), packages])
    print("\n".join(text_lines("lrrrr", rows)))
    print(f"{file}: the network; curve.svg and comparison.png lie beside it")
    quoted = shlex.quote(str(file))
    print(f"srcnn-theano upscale IN --scale {scale} --weights {quoted} --out OUT")


def _figures(
    paths: Sequence[Path],
    images: Sequence[np.ndarray],
    networks: tuple[Predictor, Predictor],
    protocol: Protocol,
) -> list[dict[str, Any]]:
    """PSNR and SSIM of the network, of the package's own for such pictures and of
    bicubic: of each picture, and their mean."""
    sides = ("", "shipped_", "bicubic_")
    keys = [side + measure for side in sides for measure in ("psnr", "ssim")]
    figures: list[dict[str, Any]] = []
    for path, image in zip(paths, images):
        part = degrade(image, protocol.recipe)
        ours, shipped = (_scores(part, network, protocol) for network in networks)
        bicubic = score(part.enlarged, part.high_res, protocol)
        scores = dict(zip(keys, ours + shipped + bicubic))
        figures.append({"image": path.name, **scores})
    means = {key: float(np.mean([f[key] for f in figures])) for key in keys}
    return [*figures, {"image": "mean", **means}]
