"""Curves as SVG files whose text suits light and dark pages."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple, Sequence

from srcnn_theano.files import atomic_path

# Colours that can be told apart, on white and on black.
_COLOURS = ("#3d85c6", "#e0760b", "#2fa36b", "#a765cf", "#d94a5e", "#17a2ad", "#a8823a")
_BICUBIC = "#8a929b"
# Stands for the colour of the text, which the page around decides.
_TEXT = "#010203"
_TEXT_STYLE = (
    "<style>svg { color: #1f2328 } "
    "@media (prefers-color-scheme: dark) { svg { color: #e3e7ec } }</style>"
)


class Curve(NamedTuple):
    """A line through points."""

    label: str
    x: Sequence[float]
    y: Sequence[float]


class Panel(NamedTuple):
    """Curves in one pair of axes, with bicubic as a horizontal line."""

    title: str
    curves: list[Curve]
    bicubic: float | None
    limits: tuple[float, float] | None = None  # of y
    axes: tuple[str, str] = ("iterations", "PSNR in dB")


def draw_curves(path: Path, panels: Sequence[Panel]) -> None:
    """Draw panels of curves side by side."""
    labels = sorted({curve.label for panel in panels for curve in panel.curves})
    _draw(path, panels, labels)


def _draw(path, panels, labels):
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    colours = {label: _COLOURS[i % len(_COLOURS)] for i, label in enumerate(labels)}
    style = {
        "svg.fonttype": "none",
        "svg.hashsalt": path.stem,  # the same figures give the same file
        "font.size": 10,
        "text.color": _TEXT,
        "axes.labelcolor": _TEXT,
        "axes.edgecolor": _BICUBIC,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlesize": 11,
        "axes.titlelocation": "left",
        "xtick.color": _TEXT,
        "ytick.color": _TEXT,
        "legend.frameon": False,
    }
    with rc_context(style), atomic_path(path) as temporary:
        figure = Figure(figsize=(10.5, 4.8))
        FigureCanvasSVG(figure)
        places = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, panel in zip(places, panels):
            _draw_panel(axes, panel, colours)
        _draw_legend(figure)
        figure.savefig(
            str(temporary), format="svg", transparent=True, metadata={"Date": None}
        )
        svg = temporary.read_text(encoding="utf-8").replace(_TEXT, "currentColor")
        temporary.write_text(
            svg.replace("<defs>", _TEXT_STYLE + "<defs>", 1), encoding="utf-8"
        )


def _draw_panel(axes, panel, colours):
    for curve in panel.curves:
        axes.plot(
            curve.x,
            curve.y,
            color=colours[curve.label],
            label=curve.label,
            linewidth=1.6,
            marker="o" if len(curve.y) < 10 else None,
            markersize=4,
        )
    if panel.bicubic is not None:
        axes.axhline(
            panel.bicubic,
            color=_BICUBIC,
            label="bicubic",
            linestyle="--",
            linewidth=1.4,
        )
    if panel.limits is not None:
        axes.set_ylim(*panel.limits)
    axes.set_xlim(left=0)
    axes.set_title(panel.title)
    axes.set_xlabel(panel.axes[0])
    axes.set_ylabel(panel.axes[1])
    counts = all(isinstance(x, int) for curve in panel.curves for x in curve.x)
    axes.xaxis.set_major_formatter("{x:,.10g}")
    axes.xaxis.set_major_locator(_few_ticks(integer=counts))
    axes.grid(color=_BICUBIC, alpha=0.25, linewidth=0.7)


def _draw_legend(figure):
    """A legend for all panels, below them."""
    handles = {}
    for axes in figure.axes:
        for handle, label in zip(*axes.get_legend_handles_labels()):
            handles.setdefault(label, handle)
    n_lines = -(-len(handles) // 2)
    figure.legend(list(handles.values()), list(handles), loc="lower left", ncol=2)
    gap = 0.18 if len(figure.axes) < 3 else 0.27
    figure.subplots_adjust(0.06, 0.15 + 0.05 * n_lines, 0.99, 0.93, wspace=gap)


def _few_ticks(integer):
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(5, integer=integer)
