"""The demo's picture: the photograph, the curve and magnified details."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Sequence

from srcnn_theano.data.photograph import DETAIL, SIDE, Photograph
from srcnn_theano.demo.learning import Point
from srcnn_theano.demo.trial import SCALE, Attempt, Trial
from srcnn_theano.files import atomic_path

_FRAMES = ("#00c2e0", "#ffc400")  # of the magnified squares
_CURVE, _LINE = "#d1495b", "#555555"


def draw(
    path: Path,
    photo: Photograph,
    trial: Trial,
    attempts: Sequence[Attempt],
    curve: Sequence[Point],
    watched_bicubic: float,
) -> None:
    """Write the comparison: the photograph, the curve and magnified details.

    Parameters
    ----------
    path : path of a PNG file
    photo : Photograph
    trial : Trial of the test part
    attempts : sequence of Attempt
        In the order of the columns.
    curve : list of Point
    watched_bicubic : float
        PSNR of bicubic on the square that the curve is of.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    coarse = trial.low_res.repeat(SCALE, axis=0).repeat(SCALE, axis=1)
    columns = [(f"low resolution, 1/{SCALE}", coarse)]
    for attempt in attempts:
        numbers = f"{attempt.psnr:.2f} dB, SSIM {attempt.ssim:.4f}"
        columns.append((f"{attempt.title}\n{numbers}", attempt.pixels))
    columns.append(("original", trial.original))

    n_rows, n_columns = len(photo.details), len(columns)
    figure = Figure(figsize=(3 * n_columns, 5.4 + 3 * n_rows), dpi=100)
    FigureCanvasAgg(figure)
    figure.subplots_adjust(left=0.01, right=0.99, top=0.955, bottom=0.01)
    parts = figure.add_gridspec(2, 1, height_ratios=(4.2, 3 * n_rows), hspace=0.21)
    top = parts[0].subgridspec(1, 2, width_ratios=(2, n_columns - 2.2), wspace=0.12)
    _draw_photograph(figure.add_subplot(top[0]), photo)
    _draw_curve(figure.add_subplot(top[1]), curve, watched_bicubic)
    grid = parts[1].subgridspec(n_rows, n_columns, wspace=0.03, hspace=0.03)
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


def _draw_photograph(axes: Any, photo: Photograph) -> None:
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


def _box(
    part: tuple[slice, slice], shape: tuple[int, ...]
) -> tuple[int, int, int, int]:
    """(top, left, height, width) of a pair of slices."""
    spans = [span.indices(length)[:2] for span, length in zip(part, shape)]
    (top, bottom), (left, right) = spans
    return top, left, bottom - top, right - left


def _draw_curve(axes: Any, curve: Sequence[Point], bicubic: float) -> None:
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
