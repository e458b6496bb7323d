"""A picture through a network: loaded, enlarged and written."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

from srcnn_theano.data.images import Picture, check_writable, fitted, write_bands
from srcnn_theano.data.patches import SCALES
from srcnn_theano.errors import UserError
from srcnn_theano.inference import Upscaler, build_predictor
from srcnn_theano.progress import Bar
from srcnn_theano.streams import say
from srcnn_theano.upscale.plan import Job
from srcnn_theano.weights import load_for_scale


def load_upscaler(
    scale: int,
    weights: str | Path | None = None,
    model: str | None = None,
    tta: bool = False,
) -> Upscaler:
    """Load a network and compile it for upscaling.

    Parameters
    ----------
    scale : 2, 3 or 4
    weights : path or None
        A weight file; None for a network that the package has for this scale. An SRCNN
        trained for another scale is used all the same, with a line on stderr.
    model : str or None
        Which of `weights.shipped_models`; None for the first.
    tta : bool

    Raises
    ------
    UserError
        Another scale, or as `weights.load_for_scale`.
    """
    check_scale(scale)
    scale = int(scale)  # 2.0 is 2
    path, loaded = load_for_scale(scale, weights, model)
    return Upscaler(build_predictor(loaded, path), scale, tta)


def check_scale(scale: int) -> None:
    """Refuse a scale for which there are no networks."""
    if scale not in SCALES:
        raise UserError(
            f"--scale {scale}: the scale must be 2, 3 or 4; for larger ones, upscale "
            "the result again"
        )


def _say(job: Job, note: str) -> None:
    say(f"{job.source}: {note}")


def upscale_picture(
    upscaler: Upscaler,
    read: Callable[[], Picture],
    job: Job,
    progress: bool,
    leave: bool,
    quality: int | None = None,
    most_memory: int | None = None,
    tell: Callable[[Job, str], None] = _say,
) -> None:
    """Enlarge a picture, and write it in the format of the target's suffix.

    Parameters
    ----------
    upscaler : Upscaler
    read : function () -> Picture
    job : Job
    progress, leave : bool
        Show a progress bar of the tiles; leave it there at the end.
    quality : int or None
        As in `data.images.write_picture`.
    most_memory : int or None
        As in `data.images.check_writable`.
    tell : function of (job, note)
        Told what the result does not hold of the file; without one, stderr is.

    Raises
    ------
    UserError
        The picture cannot be read; its format cannot hold it, or it cannot be written.
    """
    picture = fitted(job.target, read(), upscaler.scale)
    scale, band_bytes = upscaler.scale, upscaler.band_bytes(picture)
    check_writable(job.target, picture, scale, most_memory, band_bytes)
    with Bar(
        total=upscaler.n_tiles(picture),
        desc=job.source.name,
        unit="tile",
        leave=leave,
        disable=not progress,
    ) as bar:
        bands = upscaler.bands(picture, on_tile=bar.update)
        write_bands(job.target, picture, scale, bands, quality)
    for note in picture.notes:
        tell(job, note)
