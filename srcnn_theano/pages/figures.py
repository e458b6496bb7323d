"""The pictures of the pages: curves, image strips, sheets of filters."""

from typing import List, NamedTuple, Optional, Tuple

import numpy as np

from srcnn_theano.data.degradation import from_float
from srcnn_theano.data.images import Picture, read_rgb, write_picture
from srcnn_theano.data.patches import degrade, make_recipe
from srcnn_theano.files import atomic_path
from srcnn_theano.inference import restore

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
    label: str
    x: List[float]
    y: List[float]


class Panel(NamedTuple):
    """Curves in one pair of axes, with bicubic as a horizontal line."""

    title: str
    curves: List[Curve]
    bicubic: Optional[float]
    limits: Optional[Tuple[float, float]] = None  # of y
    axes: Tuple[str, str] = ("iterations", "PSNR in dB")


def draw_curves(path, panels):
    """Draw panels side by side as an SVG file whose text suits light and dark pages."""
    labels = sorted({curve.label for panel in panels for curve in panel.curves})
    _draw(path, panels, labels, _draw_panel)


class Points(NamedTuple):
    """A group of points; an empty name is not written."""

    label: str
    x: List[float]
    y: List[float]
    names: List[str]


class Scatter(NamedTuple):
    """Groups of points in one pair of axes."""

    title: str
    groups: List[Points]
    axes: Tuple[str, str]


def draw_scatter(path, panels):
    """Draw points, each with its name beside it, like `draw_curves`."""
    labels = dict.fromkeys(group.label for panel in panels for group in panel.groups)
    labels.pop("bicubic", None)  # grey
    _draw(path, panels, list(labels), _draw_scatter)


def _draw(path, panels, labels, draw_panel):
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
        every = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, panel in zip(every, panels):
            draw_panel(axes, panel, colours)
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


def _draw_scatter(axes, panel, colours):
    for group in panel.groups:
        colour = colours.get(group.label, _BICUBIC)
        axes.scatter(group.x, group.y, s=26, color=colour, label=group.label)
        for x, y, name in zip(group.x, group.y, group.names):
            axes.annotate(name, (x, y), (4, 4), textcoords="offset points", fontsize=8)
    axes.margins(x=0.15, y=0.1)
    axes.set_title(panel.title)
    axes.set_xlabel(panel.axes[0])
    axes.set_ylabel(panel.axes[1])
    axes.yaxis.set_major_formatter("{x:,.10g}")
    axes.grid(color=_BICUBIC, alpha=0.25, linewidth=0.7)


def _draw_legend(figure):
    """One for all panels, below them."""
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


class Crop(NamedTuple):
    """A square of an image; row, column and side are multiples of 12."""

    test_set: str
    image: str
    row: int
    col: int
    size: int


def write_strip(folder, name, image_path, crop, scale, networks):
    """Write a crop in several versions as `name`-*.png.

    In colour, degraded like under `standard-rgb`; a network for Y leaves the chroma to
    bicubic. Pixels are repeated, so that one can see them.

    Parameters
    ----------
    folder : Path
    name : str
    image_path : path
    crop : Crop
    scale : int
    networks : dict of str to inference.Predictor
        By the word that stands for * in the name of the file.

    Returns
    -------
    list of str
        Names of the files: low resolution, bicubic, each of the networks, original.
    """
    recipe = make_recipe("standard-rgb", scale)
    degraded = degrade(read_rgb(image_path), recipe)
    versions = {"low": degraded.low_res, "bicubic": degraded.enlarged}
    for version, network in networks.items():
        versions[version] = restore(network, degraded)
    versions["original"] = degraded.high_res
    files = []
    for version, image in versions.items():
        step = scale if version == "low" else 1
        row, col, size = (n // step for n in (crop.row, crop.col, crop.size))
        pixels = from_float(np.clip(image[row : row + size, col : col + size], 0, 1))
        files.append(f"{name}-{version}.png")
        write_picture(folder / files[-1], Picture(_magnified(pixels, 3 * step)))
    return files


def write_filters(path, filters, columns):
    """Write RGB filters as a sheet of squares, the strongest first.

    0 is grey, and black and white are the largest absolute value of all; pixels are
    repeated to squares of about 52, and between the filters the page shows through.

    Parameters
    ----------
    path : Path of a PNG file
    filters : float array, (n, 3, rows, cols)
    columns : int
    """
    norms = np.sqrt((filters**2).sum((1, 2, 3)))
    shown = 0.5 + 0.5 * filters[np.argsort(-norms, kind="stable")] / abs(filters).max()
    zoom = max(1, round(52 / filters.shape[2]))
    cell = [zoom * n + 4 for n in filters.shape[2:]]
    lines = -(-len(filters) // columns)
    sheet = np.zeros((lines * cell[0], columns * cell[1], 3), np.uint8)
    alpha = np.zeros(sheet.shape[:2], np.uint8)
    for i, one in enumerate(shown):
        row, col = (n * side for n, side in zip(divmod(i, columns), cell))
        place = np.s_[row : row + cell[0] - 4, col : col + cell[1] - 4]
        sheet[place] = _magnified(from_float(one.transpose(1, 2, 0)), zoom)
        alpha[place] = 255
    write_picture(path, Picture(sheet, alpha))


def _magnified(pixels, times):
    return pixels.repeat(times, axis=0).repeat(times, axis=1)
