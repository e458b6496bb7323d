"""The figures of docs/deconvolution.md, from the layers themselves.

    python scripts/draw_deconvolution.py [--out docs/images]

Every number in them is the output of `DeconvLayer`, `FullBorderDeconvLayer` or
Theano's conv2d.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any, Callable

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from srcnn_theano.backend import T, theano
from srcnn_theano.errors import UserError
from srcnn_theano.files import atomic_path
from srcnn_theano.layers.deconvolution import (
    DeconvLayer,
    FullBorderDeconvLayer,
    bilinear,
)
from srcnn_theano.layers.lengths import even_crop

OUT = Path(__file__).resolve().parents[1] / "docs" / "images"
Map = Callable[[np.ndarray], np.ndarray]
COLOURS = ("#e0760b", "#3d85c6", "#2fa36b")


def upsample(
    x: np.ndarray, W: np.ndarray, stride: int, crop: Any = 0, layer: Any = DeconvLayer
) -> np.ndarray:
    """A layer's output for a single map: x (rows, cols), W (rows, cols)."""
    x, W = (np.asarray(a, "float32")[np.newaxis, np.newaxis] for a in (x, W))
    built = layer(None, T.constant(x), x.shape, W.shape, stride=stride, crop=crop, W=W)
    return theano.function([], built.output)()[0, 0]


def convolve(x: np.ndarray, W: np.ndarray, stride: int) -> np.ndarray:
    """Theano's correlation of one map, `valid`."""
    x, W = (np.asarray(a, "float32")[np.newaxis, np.newaxis] for a in (x, W))
    y = T.nnet.conv2d(
        T.constant(x), T.constant(W), subsample=(stride, stride), filter_flip=False
    )
    return theano.function([], y)()[0, 0]


def matrix_of(function: Map, shape: tuple[int, int]) -> np.ndarray:
    """A linear function of a map as a matrix: its columns answer unit maps."""
    columns = []
    for i in range(np.prod(shape)):
        unit = np.zeros(np.prod(shape))
        unit[i] = 1
        columns.append(function(unit.reshape(shape)).ravel())
    return np.stack(columns, axis=1)


def stamps() -> Figure:
    """Three pixels, the filter, each stamp by itself, their sum, the crop."""
    x = np.zeros((3, 3))
    pixels = ((0, 0, 1.0), (1, 1, 0.7), (1, 2, 0.45))
    for row, col, value in pixels:
        x[row, col] = value
    W = _letter()
    figure = _figure(12, 2.75)
    panels = figure.subplots(1, 6, gridspec_kw={"width_ratios": (1, 1, 2, 2, 2, 2)})
    _show(panels[0], x, "input, 3x3", numbers=True)
    _show(panels[1], W, "filter, 9x9", limits=(0, 1))
    total = upsample(x, W, 4)
    for axes, (row, col, value), colour in zip(panels[2:], pixels, COLOURS):
        single = np.zeros((3, 3))
        single[row, col] = value
        title = f"{value:g} at ({row}, {col})"
        _show(axes, upsample(single, W, 4), title, limits=(0, 1))
        _frame(axes, 4 * row, 4 * col, 9, colour)
    _show(panels[5], total, "their sum, 17x17", limits=(0, 1))
    for (row, col, _), colour in zip(pixels, COLOURS):
        _frame(panels[5], 4 * row, 4 * col, 9, colour)
    before, after = even_crop(9 - 4)
    _frame(panels[5], before, before, 17 - before - after, "black", "--")
    assert upsample(x, W, 4, (before, after)).shape == (12, 12)
    return figure


def _letter():
    """A filter in which up and down, left and right can be told apart."""
    W = np.full((9, 9), 0.12)
    W[1:8, 2:4] = 1
    W[1:3, 2:7] = 1
    W[4:6, 2:6] = 1
    return W


def matrices() -> Figure:
    """A convolution of stride 2 as a matrix, its transpose, and the full border's."""
    taps, n = np.array([[1.0, 2.0, 3.0, 4.0, 5.0]]), 4
    long = 2 * (n - 1) + 5
    convolution = matrix_of(lambda x: convolve(x, taps, 2), (1, long))
    deconvolution = matrix_of(lambda x: upsample(x, taps, 2), (1, n))
    assert (deconvolution == convolution.T).all()
    wide = np.arange(1.0, long - n + 2)[np.newaxis]
    naive = matrix_of(
        lambda x: upsample(x, wide, 2, layer=FullBorderDeconvLayer), (1, n)
    )
    figure = _figure(12, 4.1)
    panels = figure.subplots(1, 3, gridspec_kw={"width_ratios": (11, 4, 4)})
    titles = (
        "convolution, 5 weights, stride 2\n11 pixels in, 4 out",
        "DeconvLayer: its transpose\n4 in, 11 out",
        "full border, 8 weights\n4 in, 11 out",
    )
    for axes, matrix, title in zip(panels, (convolution, deconvolution, naive), titles):
        _show(axes, matrix, title, numbers=True)
    return figure


def phases() -> Figure:
    """Where input pixels come to lie, by resizing and by the stamps of a 9x9 filter."""
    figure = _figure(12, 4.6)
    panels = figure.subplots(3, 1)
    for axes, scale in zip(panels, (2, 3, 4)):
        n = 4
        by_resizing = [(i + 0.5) * scale - 0.5 for i in range(n)]
        crop = even_crop(9 - scale)
        for i in range(n):
            unit = np.zeros((1, n))
            unit[0, i] = 1
            # A filter that is 1 in its middle only shows where the middle comes to lie.
            middle = (np.arange(9) == 4).astype(float)[np.newaxis]
            out = upsample(unit, middle, scale, ((0, 0), crop))
            axes.plot(out[0].argmax(), 0.32, "v", color=COLOURS[0], ms=9)
            axes.plot(by_resizing[i], -0.32, "^", color=COLOURS[1], ms=9)
        _pixels(axes, scale * n)
        label = "x{}, crop {} and {}".format(scale, *crop)
        axes.text(-0.9, 0, label, ha="right", va="center", fontsize=11)
        axes.set_xlim(-4.4, 16)
    panels[0].plot([], [], "v", color=COLOURS[0], label="middle of the stamp")
    panels[0].plot([], [], "^", color=COLOURS[1], label="where resizing puts the pixel")
    panels[0].legend(loc="center right", frameon=False, fontsize=11)
    return figure


def _pixels(axes, n):
    for i in range(n):
        axes.add_patch(
            Rectangle((i - 0.5, -0.18), 1, 0.36, fill=False, edgecolor="#8a929b")
        )
        axes.text(i, 0, str(i), ha="center", va="center", fontsize=8)
    axes.set_ylim(-0.6, 0.6)
    axes.set_axis_off()


def overlaps() -> Figure:
    """Flat input through filters of ones, of tents, and through the full border."""
    flat = np.ones((8, 8))
    cases = [
        ("8x8 of ones, stride 4", np.ones((8, 8)), DeconvLayer, 1, 2),
        ("9x9 of ones, stride 4", np.ones((9, 9)), DeconvLayer, 2, 2),
        ("9x9 from `bilinear`, stride 4", _tents(), DeconvLayer, 2, 2),
        ("26x26 of ones, full border", np.ones((26, 26)), FullBorderDeconvLayer, 0, 0),
    ]
    figure = _figure(12, 3.5)
    for axes, (title, W, layer, before, after) in zip(figure.subplots(1, 4), cases):
        out = upsample(flat, W, 4, (before, after), layer)
        assert out.shape == (33, 33)
        _show(axes, out, title.replace("`", ""), limits=(0, out.max()))
        inside = out[8:-8, 8:-8]
        axes.set_xlabel(
            f"inside {inside.min():.3g} to {inside.max():.3g}\ncorner {out[0, 0]:.3g}"
        )
    return figure


def _tents():
    W = bilinear(np.random.RandomState(0), (1, 1, 9, 9), 4)[0, 0]
    return W / W.max()


def _figure(width, height):
    figure = Figure(figsize=(width, height), dpi=90)
    FigureCanvasAgg(figure)
    return figure


def _show(axes, values, title, numbers=False, limits=(None, None)):
    axes.imshow(values, cmap="Greys", vmin=limits[0], vmax=limits[1])
    axes.set_title(title, fontsize=10)
    axes.set_xticks([])
    axes.set_yticks([])
    if numbers:
        middle = values.max() / 2
        for (row, col), value in np.ndenumerate(values):
            if value:
                colour = "white" if value > middle else "black"
                text = f"{value:g}"
                axes.text(col, row, text, ha="center", va="center", color=colour)


def _frame(axes, row, col, side, colour, style="-"):
    axes.add_patch(
        Rectangle(
            (col - 0.5, row - 0.5),
            side,
            side,
            fill=False,
            edgecolor=colour,
            linestyle=style,
            linewidth=1.8,
        )
    )


FIGURES = {
    "deconv-stamps": stamps,
    "deconv-matrices": matrices,
    "deconv-phases": phases,
    "deconv-overlaps": overlaps,
}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", metavar="DIR", type=Path, default=OUT)
    options = parser.parse_args()
    try:
        for name, draw in FIGURES.items():
            path = options.out / (name + ".png")
            with atomic_path(path) as temporary:
                draw().savefig(str(temporary), bbox_inches="tight", pad_inches=0.1)
            print(path)
    except UserError as error:
        print(f"draw_deconvolution: error: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
