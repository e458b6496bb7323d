"""The whole job in small, without a data set: degrade, train, restore, compare.

A photograph that comes with a dependency is cut in two. A fresh SRCNN trains for some
seconds on sub-images of one part; the other part, which it never sees, is reduced,
restored, scored against bicubic and shown.
"""

import itertools
import json
import sys
import time
import warnings
from pathlib import Path
from typing import NamedTuple, Tuple

import numpy as np
from tqdm import tqdm

from srcnn_theano.data.degradation import imresize, mod_crop, rgb_to_y, to_float
from srcnn_theano.data.images import Picture, read_rgb, write_picture
from srcnn_theano.data.patches import central, make_pairs, make_recipe
from srcnn_theano.errors import UserError
from srcnn_theano.evaluation.protocols import make_protocol, score
from srcnn_theano.files import atomic_path, write_json, write_text
from srcnn_theano.inference import Predictor, Upscaler
from srcnn_theano.upscale import load_upscaler

SCALE = 3
OPTIONS = {"channels": 1}  # luma: a third of the work of RGB
BATCH_SIZE = 8
LEARNING_RATE = 5e-4
WARM_UP = 30  # steps
N_POINTS = 30  # of the curve, at most
SIDE = 192  # of the square whose PSNR the curve shows
DETAIL = 96  # side of the squares that the comparison shows magnified


class Photograph(NamedTuple):
    """A picture and how it is divided; all positions are (row, column) in pixels."""

    name: str
    pixels: np.ndarray  # uint8 (rows, cols, 3)
    train: Tuple[slice, slice]
    test: Tuple[slice, slice]
    watched: Tuple[int, int]  # of the curve's square, within the test part
    details: Tuple[Tuple[int, int], ...]  # of the magnified squares, likewise


def photograph():
    """A photograph that the installed dependencies bring along.

    Raises
    ------
    UserError
        Neither SciPy nor matplotlib has one.
    """
    try:
        from scipy.misc import face

        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            pixels = face()
    except (ImportError, OSError):  # from SciPy 1.12 on it is a download
        return _portrait()
    return Photograph(
        "raccoon (scipy.misc.face)",
        pixels,
        train=(slice(None), slice(0, 512)),
        test=(slice(None), slice(512, 1024)),
        watched=(240, 120),
        details=((303, 0), (282, 159)),
    )


def _portrait():
    from matplotlib import cbook

    try:
        path = cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)
        pixels = read_rgb(path)
    except (OSError, UserError) as error:
        raise UserError(
            f"the demo's photograph is in neither SciPy nor matplotlib here ({error}); "
            "reinstall matplotlib"
        ) from error
    return Photograph(
        "Grace Hopper (matplotlib's sample data)",
        pixels,
        train=(slice(300, 600), slice(None)),
        test=(slice(0, 300), slice(None)),
        watched=(75, 150),
        details=((150, 171), (21, 204)),
    )


class Trial:
    """A picture, its reduced version, and scores of attempts to restore it.

    Scores are of the `standard` protocol (luma, border of `SCALE` pixels left out, peak
    255) except that the reduced picture is RGB of 8 bits, as a file would be.

    Parameters
    ----------
    original : uint8 array, (rows, cols, 3)
    """

    def __init__(self, original):
        self.original = mod_crop(original, SCALE)
        self.low_res = imresize(self.original, 1 / SCALE)
        self.bicubic = imresize(self.low_res, SCALE)

    def score(self, restored):
        """PSNR in dB and SSIM of a uint8 array of the original's shape."""
        luma = (rgb_to_y(to_float(image)) for image in (restored, self.original))
        return score(*luma, make_protocol("standard", SCALE))


class Point(NamedTuple):
    """A point of the curve."""

    seconds: float
    step: int
    psnr: float  # dB, of the watched square


def run_demo(out_dir, seed=0, seconds=15.0, as_json=False, progress=True):
    """Train, restore, score, draw, and print a table.

    Ctrl-C during the training ends the training: what has been learnt is scored.

    Parameters
    ----------
    out_dir : path
        Gets the pictures, ``comparison.png``, ``history.csv``, ``results.json`` and the
        trained ``weights.h5``.
    seed : int
        Of the first filters and the order of the sub-images. The figures also depend on
        how many steps the machine makes.
    seconds : float
        Length of the training.
    as_json : bool
        Print the figures as JSON, not as a table.
    progress : bool
        Show a progress bar on stderr.

    Returns
    -------
    dict
        The contents of ``results.json``.
    """
    started = time.perf_counter()
    out_dir = Path(out_dir)
    photo = photograph()
    trial = Trial(photo.pixels[photo.test])
    # Written first: a folder that cannot be written stops the demo before the work.
    write_picture(out_dir / "original.png", Picture(trial.original))
    write_picture(out_dir / "low_res.png", Picture(trial.low_res))
    write_picture(out_dir / "bicubic.png", Picture(trial.bicubic))

    if progress:
        print("compiling (the first time takes a while) ...", file=sys.stderr)
    training = Training(photo, seed)
    curve = training.run(seconds, progress)
    images = {"bicubic": trial.bicubic, "srcnn": _restored(training.upscaler, trial)}
    shipped = _shipped_upscaler()
    if shipped is not None:
        images["shipped"] = _restored(shipped, trial)
    scores = {name: trial.score(image) for name, image in images.items()}

    results = {
        "photograph": photo.name,
        "protocol": f"x{SCALE}, luma of BT.601, 8-bit RGB reduced by MATLAB's bicubic, "
        f"border of {SCALE} pixels left out, peak 255",
        "seed": seed,
        "steps": curve[-1].step,
        "seconds_of_training": round(curve[-1].seconds, 2),
        "seconds_to_first_step": round(training.first_step - started, 2),
    }
    for name, (psnr, ssim) in scores.items():
        results[name] = {"psnr": round(psnr, 4), "ssim": round(ssim, 5)}
        write_picture(out_dir / (name + ".png"), Picture(images[name]))
    training.save(out_dir / "weights.h5")
    write_text(out_dir / "history.csv", _csv(curve))
    draw(
        out_dir / "comparison.png",
        photo,
        trial,
        images,
        scores,
        curve,
        training.watched_bicubic,
    )
    results["seconds"] = round(time.perf_counter() - started, 2)
    write_json(out_dir / "results.json", results)
    print(json.dumps(results, indent=2) if as_json else _report(results, out_dir))
    return results


class Training:
    """A fresh SRCNN and the compiled functions that train and watch it.

    Parameters
    ----------
    photo : Photograph
    seed : int

    Attributes
    ----------
    upscaler : Upscaler with the network as it is at the moment
    watched : Trial of the square that the curve shows
    watched_bicubic : float, PSNR of bicubic there
    n_steps : int, steps done
    time_gone : float, share of the time for training, 0 to 1
    first_step : float
        When the first step was done (`time.perf_counter`).
    """

    def __init__(self, photo, seed):
        from srcnn_theano.backend import T, theano
        from srcnn_theano.models.srcnn import SRCNN
        from srcnn_theano.training.costs import mse
        from srcnn_theano.training.functions import (
            SharedPairs,
            training_function,
        )
        from srcnn_theano.training.updates import adam

        self.seed = seed
        self.n_steps = 0
        self.time_gone = 0.0
        rows, cols = photo.watched
        self.watched = Trial(
            photo.pixels[photo.test][rows : rows + SIDE, cols : cols + SIDE]
        )
        self.watched_bicubic = self.watched.score(self.watched.bicubic)[0]
        rng = np.random.RandomState(seed)
        y = T.tensor4("y")
        self.model = SRCNN(rng, T.tensor4("x"), (None, 1, None, None), **OPTIONS)
        self.model.set_values(start_as_identity(self.model.get_values()))
        pairs = make_pairs(photo.pixels[photo.train], make_recipe("standard", SCALE))
        self.pairs = SharedPairs(
            pairs.low_res, central(pairs.high_res, self.model.margin), BATCH_SIZE
        )
        self.learning_rate = theano.shared(
            np.asarray(LEARNING_RATE, theano.config.floatX), name="learning_rate"
        )
        cost = mse(self.model.output, y)
        updates = adam(cost, self.model.params, self.learning_rate)
        self.step = training_function(self.model, y, cost, updates, self.pairs)
        self.upscaler = Upscaler(Predictor(self.model), SCALE)

    def run(self, seconds, progress=True):
        """Train until the time is up or Ctrl-C comes; returns the list of Point."""
        started = time.perf_counter()
        curve = [self._point(started)]
        with _Bar(seconds, self.watched_bicubic, progress) as bar:
            try:
                for _ in self._steps():
                    elapsed = time.perf_counter() - started
                    if elapsed >= seconds:
                        break
                    if elapsed >= self._next_point(curve, seconds):
                        curve.append(self._point(started))
                        bar.show(curve[-1])
                    self.time_gone = elapsed / seconds
            except KeyboardInterrupt:
                if not self.n_steps:
                    raise
                bar.write("stopped; what has been learnt is scored", file=sys.stderr)
            curve.append(self._point(started))
            bar.show(curve[-1])
        return curve

    def _steps(self):
        """One training step after the other, through new orders of the sub-images."""
        for epoch in itertools.count():
            self.pairs.shuffle(np.random.RandomState([self.seed, epoch]))
            for index in range(self.pairs.n_batches):
                self._set_rate()
                self.step(index)
                self.n_steps += 1
                if self.n_steps == 1:
                    self.first_step = time.perf_counter()
                yield

    def _point(self, started):
        begun = time.perf_counter()
        psnr = self.watched.score(_restored(self.upscaler, self.watched))[0]
        self._seconds_per_point = time.perf_counter() - begun
        return Point(round(begun - started, 3), self.n_steps, round(psnr, 4))

    def _next_point(self, curve, seconds):
        """Seconds at which a point is due: all take a tenth of the time at most."""
        return curve[-1].seconds + max(seconds / N_POINTS, 10 * self._seconds_per_point)

    def _set_rate(self):
        """Up to the full rate, as Adam's first steps are as large as all others, and
        in the second half of the time down to 0, so that the last steps settle."""
        share = min(1.0, (self.n_steps + 1) / WARM_UP, 2 * (1 - self.time_gone))
        self.learning_rate.set_value(
            np.asarray(LEARNING_RATE * share, self.learning_rate.dtype)
        )

    def save(self, path):
        """Write the network as it is, for ``srcnn-theano upscale --weights``."""
        from srcnn_theano.weights import Weights, save_weights

        about = {"experiment": "demo", "protocol": "standard", "scale": SCALE}
        save_weights(path, Weights("srcnn", OPTIONS, self.model.get_values(), about))


class _Bar(tqdm):
    """Seconds gone, steps made, PSNR reached beside bicubic's."""

    def __init__(self, seconds, bicubic, progress):
        super().__init__(
            total=seconds,
            desc="training",
            bar_format="{desc} |{bar:30}| {n:.0f} of {total:.0f} s{postfix}",
            disable=not progress,
        )
        self.bicubic = bicubic

    def show(self, point):
        text = "{} steps, {:.2f} dB, bicubic {:.2f} dB"
        self.set_postfix_str(
            text.format(point.step, point.psnr, self.bicubic), refresh=False
        )
        self.update(min(point.seconds, self.total) - self.n)


def start_as_identity(values):
    """Initial values with which SRCNN hands its input through.

    The first map of each layer copies the first one before it (a filter that is 1 in
    the middle and 0 elsewhere); the last layer adds nothing from the other maps, which
    keep their random filters. So the network starts as bicubic, and the seconds go into
    what bicubic lacks.
    """
    values = {name: value.copy() for name, value in values.items()}
    values["conv3.W"][:] = 0
    for layer in ("conv1", "conv2", "conv3"):
        W = values[layer + ".W"]
        W[0] = 0
        W[0, 0, W.shape[2] // 2, W.shape[3] // 2] = 1
    return values


def _restored(upscaler, trial):
    return upscaler(Picture(trial.low_res)).pixels


def _shipped_upscaler():
    try:
        return load_upscaler(SCALE)
    except UserError as error:
        print(f"note: {error}", file=sys.stderr)
        return None


def _csv(curve):
    lines = [",".join(Point._fields)]
    lines += [",".join(str(value) for value in point) for point in curve]
    return "\n".join(lines) + "\n"


# What is shown and said

_TITLES = {
    "bicubic": "bicubic",
    "srcnn": "SRCNN, {:.0f} s of training",
    "shipped": "FSRCNN, shipped weights",
}


def _titles(seconds):
    return {name: title.format(seconds) for name, title in _TITLES.items()}


def _report(results, out_dir):
    """The table and what to try next, as text."""
    bicubic = results["bicubic"]["psnr"]
    lines = [
        "",
        "{}: trained on one part, measured on the other".format(results["photograph"]),
        results["protocol"],
        "",
        "{:<32} {:>8} {:>8} {:>7}".format("", "PSNR/dB", "SSIM", "gain"),
    ]
    for name, title in _titles(results["seconds_of_training"]).items():
        if name in results:
            psnr, ssim = results[name]["psnr"], results[name]["ssim"]
            gain = "" if name == "bicubic" else f"{psnr - bicubic:+.2f}"
            row = f"{title:<32} {psnr:8.2f} {ssim:8.4f} {gain:>7}"
            lines.append(row.rstrip())
    lines += [
        "",
        "first step after {seconds_to_first_step:.1f} s, {steps} steps, "
        "{seconds:.1f} s in all".format(**results),
        "side by side: {}".format(out_dir / "comparison.png"),
        "",
        "Try next",
    ]
    upscale = f"upscale YOUR.jpg --scale {SCALE} --out big.png"
    commands = [
        (upscale, "a picture of yours"),
        (
            "{} --weights {}".format(upscale, out_dir / "weights.h5"),
            "by what was just trained",
        ),
        ("experiments", "the report's tables, row by row"),
        ("doctor", "what this machine has and lacks"),
    ]
    if "shipped" not in results:
        del commands[0]
    width = max(len(command) for command, _ in commands)
    for command, purpose in commands:
        lines.append("  srcnn-theano {:<{}}  {}".format(command, width, purpose))
    return "\n".join(lines)


def draw(path, photo, trial, images, scores, curve, watched_bicubic):
    """Write the comparison: the photograph, the curve and magnified details.

    Parameters
    ----------
    path : path of a PNG file
    photo : Photograph
    trial : Trial of the test part
    images, scores : dict by name, in the order of the columns
        uint8 (rows, cols, 3); PSNR in dB and SSIM.
    curve : list of Point
    watched_bicubic : float
        PSNR of bicubic on the square that the curve is of.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    titles = _titles(curve[-1].seconds)
    coarse = trial.low_res.repeat(SCALE, axis=0).repeat(SCALE, axis=1)
    columns = [(f"low resolution, 1/{SCALE}", coarse)]
    for name, image in images.items():
        numbers = "{:.2f} dB, SSIM {:.4f}".format(*scores[name])
        columns.append((f"{titles[name]}\n{numbers}", image))
    columns.append(("original", trial.original))

    n_rows, n_columns = len(photo.details), len(columns)
    figure = Figure(figsize=(3 * n_columns, 5.4 + 3 * n_rows), dpi=100)
    FigureCanvasAgg(figure)
    figure.subplots_adjust(left=0.01, right=0.99, top=0.955, bottom=0.01)
    top, bottom = figure.add_gridspec(
        2, 1, height_ratios=(4.2, 3 * n_rows), hspace=0.21
    )
    left, right = top.subgridspec(1, 2, width_ratios=(2, n_columns - 2.2), wspace=0.12)
    _draw_photograph(figure.add_subplot(left), photo)
    _draw_curve(figure.add_subplot(right), curve, watched_bicubic)
    grid = bottom.subgridspec(n_rows, n_columns, wspace=0.03, hspace=0.03)
    for row, (y, x) in enumerate(photo.details):
        for column, (title, image) in enumerate(columns):
            axes = figure.add_subplot(grid[row, column])
            axes.imshow(image[y : y + DETAIL, x : x + DETAIL], interpolation="nearest")
            axes.set_xticks([])
            axes.set_yticks([])
            for spine in axes.spines.values():
                spine.set(color=_FRAMES[row], linewidth=2)
            if row == 0:
                axes.set_title(title, fontsize=12)
    with atomic_path(path) as temporary:
        figure.savefig(str(temporary), format="png")


_FRAMES = ("#00c2e0", "#ffc400")  # of the magnified squares
_CURVE, _LINE = "#d1495b", "#555555"


def _draw_photograph(axes, photo):
    from matplotlib.patches import Rectangle

    axes.imshow(photo.pixels)
    axes.set_axis_off()
    for part, text in ((photo.train, "trained here"), (photo.test, "restored here")):
        y, x, height, width = _box(part, photo.pixels.shape)
        if part == photo.train:
            veil = Rectangle((x, y), width, height, color="white", alpha=0.35, lw=0)
            axes.add_patch(veil)
        axes.text(
            x + width / 2,
            y + height - 24,
            text,
            ha="center",
            fontsize=13,
            bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none"},
        )
    top, left = _box(photo.test, photo.pixels.shape)[:2]
    squares = [(photo.watched, SIDE, ":", _CURVE)]
    squares += [(y_x, DETAIL, "-", c) for y_x, c in zip(photo.details, _FRAMES)]
    for (y, x), side, style, colour in squares:
        axes.add_patch(
            Rectangle(
                (left + x, top + y),
                side,
                side,
                fill=False,
                edgecolor=colour,
                linestyle=style,
                linewidth=2,
            )
        )


def _box(part, shape):
    """(top, left, height, width) of a pair of slices."""
    spans = [span.indices(length)[:2] for span, length in zip(part, shape)]
    (top, bottom), (left, right) = spans
    return top, left, bottom - top, right - left


def _draw_curve(axes, curve, bicubic):
    seconds = [point.seconds for point in curve]
    psnr = [point.psnr for point in curve]
    axes.plot(seconds, psnr, color=_CURVE, lw=2.5, marker="o", ms=4, label="SRCNN")
    axes.axhline(bicubic, color=_LINE, lw=2, ls="--", label="bicubic")
    axes.fill_between(seconds, bicubic, psnr, color=_CURVE, alpha=0.12, lw=0)
    axes.text(
        0.98,
        0.12,
        f"{psnr[-1] - bicubic:+.2f} dB after {curve[-1].step} steps",
        transform=axes.transAxes,
        ha="right",
        fontsize=15,
        color=_CURVE,
    )
    axes.set_xlabel("seconds of training")
    axes.set_ylabel("PSNR of luma / dB")
    axes.set_title("the dotted square while the network learns", fontsize=13)
    axes.grid(alpha=0.3)
    axes.legend(loc="center right", frameon=False, fontsize=12)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
