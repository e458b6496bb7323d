"""An SRCNN that learns from the photograph for some seconds, and its curve."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Iterator, NamedTuple

import numpy as np

from srcnn_theano.data.patches import make_pairs, make_recipe
from srcnn_theano.data.photograph import SIDE, Photograph
from srcnn_theano.demo.trial import SCALE, Trial
from srcnn_theano.inference import Predictor, Upscaler
from srcnn_theano.progress import Bar, say_above
from srcnn_theano.training.settings import Training
from srcnn_theano.weights import Weights, save_weights

WARM_UP = 30  # steps
N_POINTS = 30  # of the curve, at most


class Point(NamedTuple):
    """A point of the curve."""

    seconds: float
    step: int
    psnr: float  # dB, of the watched square


def settings(seed: int) -> Training:
    """How the network is trained: on luma, which is a third of the work of RGB."""
    return Training(
        model="srcnn",
        options={"channels": 1},
        protocol="standard",
        scale=SCALE,
        learning_rate=5e-4,
        batch_size=8,
        seed=seed,
    )


class Learning:
    """A fresh SRCNN and the compiled functions that train and watch it.

    Parameters
    ----------
    photo : Photograph
    seed : int

    Attributes
    ----------
    model : SRCNN
    trainer : Trainer
    upscaler : Upscaler with the network as it is at the moment
    watched : Trial of the square that the curve shows
    watched_bicubic : float, PSNR of bicubic there
    n_steps : int, steps done
    time_gone : float, share of the time for training, 0 to 1
    first_step : float
        When the first step was done (`time.perf_counter`).
    """

    def __init__(self, photo: Photograph, seed: int) -> None:
        from srcnn_theano.backend import T
        from srcnn_theano.models.srcnn import SRCNN
        from srcnn_theano.training.step import step_of
        from srcnn_theano.training.trainer import Trainer

        self.settings = settings(seed)
        self.n_steps = 0
        self.time_gone = 0.0
        rows, cols = photo.watched
        self.watched = Trial(
            photo.pixels[photo.test][rows : rows + SIDE, cols : cols + SIDE]
        )
        self.watched_bicubic = self.watched.score(self.watched.bicubic)[0]
        # Pictures of any size go through it, so that no size is known.
        self.model = SRCNN(
            np.random.RandomState(seed),
            T.tensor4("x"),
            (None, 1, None, None),
            **self.settings.options,
        )
        self.model.set_values(start_as_identity(self.model.get_values()))
        recipe = make_recipe(self.settings.protocol, SCALE)
        pairs = make_pairs(photo.pixels[photo.train], recipe)
        self.trainer = Trainer(step_of(self.model, self.settings, pairs), seed)
        self.upscaler = Upscaler(Predictor(self.model), SCALE)

    def run(self, seconds: float, progress: bool = True) -> list[Point]:
        """Train until the time is up or Ctrl-C comes; returns the curve."""
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
                say_above("stopped; the network is scored as it is")
            curve.append(self._point(started))
            bar.show(curve[-1])
        return curve

    def _steps(self) -> Iterator[None]:
        """Train epoch after epoch; yields after each step."""
        while True:
            self._set_rate()
            for _ in self.trainer.steps(one_by_one=True):
                self.n_steps += 1
                if self.n_steps == 1:
                    self.first_step = time.perf_counter()
                yield
                self._set_rate()

    def _point(self, started: float) -> Point:
        begun = time.perf_counter()
        psnr = self.watched.score(self.watched.restored(self.upscaler))[0]
        self._seconds_per_point = time.perf_counter() - begun
        return Point(round(begun - started, 3), self.n_steps, round(psnr, 4))

    def _next_point(self, curve: list[Point], seconds: float) -> float:
        """Seconds at which a point is due: all take a tenth of the time at most."""
        return curve[-1].seconds + max(seconds / N_POINTS, 10 * self._seconds_per_point)

    def _set_rate(self) -> None:
        """Up to the full rate, as Adam's first steps are as large as all others, and
        in the second half of the time down to 0, so that the last steps settle."""
        share = min(1.0, (self.n_steps + 1) / WARM_UP, 2 * (1 - self.time_gone))
        rate = self.trainer.step.learning_rate
        rate.set_value(np.asarray(self.settings.learning_rate * share, rate.dtype))

    def save(self, path: Path) -> None:
        """Write the network as it is, for ``srcnn-theano upscale --weights``."""
        about = {"experiment": "demo", "protocol": "standard", "scale": SCALE}
        values = self.model.get_values()
        save_weights(path, Weights("srcnn", self.settings.options, values, about))


class _Bar(Bar):
    """Seconds gone, steps done, PSNR reached beside bicubic's."""

    def __init__(self, seconds: float, bicubic: float, progress: bool) -> None:
        super().__init__(
            total=seconds,
            desc="training",
            bar_format="{desc} |{bar:30}| {n:.0f} of {total:.0f} s{postfix}",
            disable=not progress,
        )
        self.bicubic = bicubic

    def show(self, point: Point) -> None:
        self.set_postfix_str(
            f"{point.step} steps; on a detail {point.psnr:.2f} dB, bicubic "
            f"{self.bicubic:.2f} dB",
            refresh=False,
        )
        self.update(min(point.seconds, self.total) - self.n)


def start_as_identity(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Initial values with which SRCNN hands its input through.

    The first map of each layer copies the first map before it (a filter that is 1 in
    the middle and 0 elsewhere); the last layer adds nothing from the other maps, which
    keep their random filters. So the network starts as bicubic, and the seconds go into
    the detail that bicubic lacks.
    """
    values = {name: value.copy() for name, value in values.items()}
    values["conv3.W"][:] = 0
    for layer in ("conv1", "conv2", "conv3"):
        W = values[layer + ".W"]
        W[0] = 0
        W[0, 0, W.shape[2] // 2, W.shape[3] // 2] = 1
    return values
